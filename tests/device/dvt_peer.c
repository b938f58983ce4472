// SPDX-License-Identifier: GPL-2.0-only
/* Importing devices; see dvt_peer.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dvt_importer.h"
#include "dvt_peer.h"

/* The node appears a moment after the device is bound. */
#define NODE_TRIES 200
#define NODE_PAUSE_US 10000
#define STATE_PAUSE_US 1000

/**
 * dvt_peer_open() - make an importer of a device
 * @peer: filled in
 * @bdf: the device's address
 *
 * Loads the test module and binds the device to it, if need be; the device
 * stays bound. Several importers can use one device.
 */
void dvt_peer_open(struct dvt_peer *peer, const char *bdf)
{
	int importer = dvt_importer_open(), fd = -1, tries;
	char path[64];

	ck_assert_msg(importer >= 0, "no test module: %s", strerror(-importer));
	close(importer);
	dvt_bind(bdf, DVP_PEER_DRIVER);
	snprintf(path, sizeof(path), DVP_PEER_DEVICE "%s", bdf);
	for (tries = 0; fd < 0 && tries < NODE_TRIES; tries++) {
		if (tries)
			usleep(NODE_PAUSE_US);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	ck_assert_msg(fd >= 0, "cannot open %s: %m", path);
	/* The address may be what this peer held before. */
	memmove(peer->bdf, bdf, strlen(bdf) + 1);
	peer->fd = fd;
}

/**
 * dvt_peer_close() - let go of everything
 * @peer: the importer
 */
void dvt_peer_close(struct dvt_peer *peer)
{
	ck_assert_int_eq(close(peer->fd), 0);
	peer->fd = -1;
}

static int peer_ioctl(const struct dvt_peer *peer, unsigned long cmd,
		      unsigned long arg)
{
	return ioctl(peer->fd, cmd, arg) ? -errno : 0;
}

static int attach(const struct dvt_peer *peer,
		  struct dvp_peer_attach_arg arg)
{
	return peer_ioctl(peer, DVP_PEER_ATTACH, (unsigned long)&arg);
}

/**
 * dvt_peer_attach() - attach as importers should
 * @peer: the importer
 * @fd: the dma-buf
 *
 * Return: 0 or a negative errno.
 */
int dvt_peer_attach(const struct dvt_peer *peer, int fd)
{
	return dvt_peer_attach_kind(peer, fd, DVP_PEER_DYNAMIC);
}

/**
 * dvt_peer_attach_kind() - attach in some way
 * @peer: the importer
 * @fd: the dma-buf
 * @kind: DVP_PEER_DYNAMIC and so on
 *
 * Return: 0 or a negative errno.
 */
int dvt_peer_attach_kind(const struct dvt_peer *peer, int fd,
			 unsigned int kind)
{
	return attach(peer, (struct dvp_peer_attach_arg){
		.dmabuf_fd = fd, .kind = kind });
}

/**
 * dvt_peer_attach_slow() - attach, and be in no hurry to let go
 * @peer: the importer
 * @fd: the dma-buf
 * @reaction: DVP_PEER_LATE or DVP_PEER_NEVER
 * @delay_ms: how late
 *
 * Return: 0 or a negative errno.
 */
int dvt_peer_attach_slow(const struct dvt_peer *peer, int fd,
			 unsigned int reaction, unsigned int delay_ms)
{
	return attach(peer, (struct dvp_peer_attach_arg){
		.dmabuf_fd = fd, .reaction = reaction, .delay_ms = delay_ms });
}

/**
 * dvt_peer_map() - map what the importer is attached to
 * @peer: the importer
 * @dir: DVP_PEER_BIDIRECTIONAL and so on
 *
 * Return: 0 or a negative errno.
 */
int dvt_peer_map(const struct dvt_peer *peer, unsigned int dir)
{
	return peer_ioctl(peer, DVP_PEER_MAP, dir);
}

/**
 * dvt_peer_unmap() - let go of the mapping
 * @peer: the importer
 *
 * Return: 0, or -ENOTCONN if there is none.
 */
int dvt_peer_unmap(const struct dvt_peer *peer)
{
	return peer_ioctl(peer, DVP_PEER_UNMAP, 0);
}

/**
 * dvt_peer_detach() - let go of the dma-buf, and of the mapping
 * @peer: the importer
 *
 * Return: 0, or -ENOTCONN if it is not attached.
 */
int dvt_peer_detach(const struct dvt_peer *peer)
{
	return peer_ioctl(peer, DVP_PEER_DETACH, 0);
}

/**
 * dvt_peer_fence() - say that DMA goes on for a while
 * @peer: the importer, attached
 * @delay_ms: how long
 *
 * Return: 0 or a negative errno.
 */
int dvt_peer_fence(const struct dvt_peer *peer, unsigned int delay_ms)
{
	return peer_ioctl(peer, DVP_PEER_FENCE, delay_ms);
}

/**
 * dvt_peer_mask() - give the device fewer address bits, until the close
 * @peer: the importer
 * @bits: how many
 *
 * Return: 0 or a negative errno.
 */
int dvt_peer_mask(const struct dvt_peer *peer, unsigned int bits)
{
	return peer_ioctl(peer, DVP_PEER_MASK, bits);
}

/**
 * dvt_peer_lock() - keep the buffer locked for a while
 * @peer: the importer, attached
 * @time_ms: how long, unless the caller is killed
 *
 * Return: 0 or a negative errno.
 */
int dvt_peer_lock(const struct dvt_peer *peer, unsigned int time_ms)
{
	return peer_ioctl(peer, DVP_PEER_LOCK, time_ms);
}

/**
 * dvt_peer_fence_write() - the same as dvt_peer_fence(), by a fence that others see
 * @peer: the importer, attached
 * @delay_ms: how long
 *
 * Return: 0 or a negative errno.
 */
int dvt_peer_fence_write(const struct dvt_peer *peer, unsigned int delay_ms)
{
	return peer_ioctl(peer, DVP_PEER_FENCE_WRITE, delay_ms);
}

/**
 * dvt_peer_watch() - count callbacks that come when memory is off already
 * @peer: the importer, not attached
 * @bdf: the device that exports
 *
 * Return: 0 or a negative errno.
 */
int dvt_peer_watch(const struct dvt_peer *peer, const char *bdf)
{
	unsigned int domain, bus, slot, function;
	struct dvp_peer_watch_arg arg;

	if (sscanf(bdf, "%x:%x:%x.%x", &domain, &bus, &slot, &function) != 4)
		return -EINVAL;
	arg = (struct dvp_peer_watch_arg){
		.domain = domain, .bus = bus, .devfn = slot << 3 | function,
	};
	return peer_ioctl(peer, DVP_PEER_WATCH, (unsigned long)&arg);
}

/**
 * dvt_peer_import() - attach and map as importers should
 * @peer: the importer
 * @fd: the dma-buf
 */
void dvt_peer_import(const struct dvt_peer *peer, int fd)
{
	int ret = dvt_peer_attach(peer, fd);

	ck_assert_msg(!ret, "attaching: %s", strerror(-ret));
	ret = dvt_peer_map(peer, DVP_PEER_BIDIRECTIONAL);
	ck_assert_msg(!ret, "mapping: %s", strerror(-ret));
}

/**
 * dvt_peer_state() - where an importer stands; never waits
 * @peer: the importer
 *
 * Return: its state.
 */
struct dvp_peer_state_arg dvt_peer_state(const struct dvt_peer *peer)
{
	struct dvp_peer_state_arg state;

	ck_assert_int_eq(peer_ioctl(peer, DVP_PEER_STATE,
				    (unsigned long)&state), 0);
	return state;
}

/**
 * dvt_peer_wait_notified() - wait until the importer was told to let go
 * @peer: the importer
 * @nr: how often, since it attached
 *
 * For ever, if it is not: Check's timeout is the judge then.
 */
void dvt_peer_wait_notified(const struct dvt_peer *peer, unsigned int nr)
{
	while (dvt_peer_state(peer).notified < nr)
		usleep(STATE_PAUSE_US);
}

/**
 * dvt_peer_entries() - the addresses of the last mapping
 * @peer: the importer
 * @entries: filled in; to be freed
 *
 * Return: how many.
 */
unsigned int dvt_peer_entries(const struct dvt_peer *peer,
			      struct dvp_peer_entry **entries)
{
	struct dvp_peer_entries_arg arg = {
		.nr = dvt_peer_state(peer).nr_entries,
	};

	ck_assert_uint_gt(arg.nr, 0);
	*entries = calloc(arg.nr, sizeof(**entries));
	ck_assert_ptr_nonnull(*entries);
	arg.entries = (uintptr_t)*entries;
	ck_assert_int_eq(peer_ioctl(peer, DVP_PEER_ENTRIES,
				    (unsigned long)&arg), 0);
	return arg.nr;
}

static void dma(const struct dvt_peer *peer, struct dvp_peer_dma_arg arg)
{
	int ret = peer_ioctl(peer, DVP_PEER_DMA, (unsigned long)&arg);

	ck_assert_msg(!ret, "DMA at %#llx, %#x bytes: %s", arg.offset, arg.len,
		      strerror(-ret));
}

/**
 * dvt_peer_write() - move bytes to a buffer by the device's engine
 * @peer: the importer, which has it mapped
 * @off: where in the buffer
 * @data: the bytes
 * @len: how many
 */
void dvt_peer_write(const struct dvt_peer *peer, uint64_t off,
		    const void *data, size_t len)
{
	dma(peer, (struct dvp_peer_dma_arg){
		.offset = off, .data = (uintptr_t)data, .len = len,
		.to_buffer = 1 });
}

/**
 * dvt_peer_read() - move bytes from a buffer by the device's engine
 * @peer: the importer, which has it mapped
 * @off: where in the buffer
 * @data: where the bytes go
 * @len: how many
 */
void dvt_peer_read(const struct dvt_peer *peer, uint64_t off, void *data,
		   size_t len)
{
	dma(peer, (struct dvp_peer_dma_arg){
		.offset = off, .data = (uintptr_t)data, .len = len });
}

/**
 * dvt_peer_write_stale() - move bytes to where the last mapping led
 * @peer: the importer, which need not have a mapping any more
 * @off: where in the buffer
 * @data: the bytes
 * @len: how many
 *
 * Only what stands in the way, not the engine, knows whether they get there.
 */
void dvt_peer_write_stale(const struct dvt_peer *peer, uint64_t off,
			  const void *data, size_t len)
{
	dma(peer, (struct dvp_peer_dma_arg){
		.offset = off, .data = (uintptr_t)data, .len = len,
		.to_buffer = 1, .flags = DVP_PEER_STALE });
}
