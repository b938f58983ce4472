// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of access: decoding off and on again, with buffers that nobody maps
 * and with mapped ones; and the revocation of one buffer among many.
 */
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"

#define NR_MOST 1024
#define NR_ROUNDS 20

/* Buffers of a page each; their mappings lie in slots of their own. */
struct buffers {
	const struct bench_device *device;
	unsigned int nr;
	int fds[NR_MOST];
	char *maps[NR_MOST];
};

static void make_buffers(struct buffers *buffers,
			 const struct bench_device *device, unsigned int nr)
{
	struct bench_request *req = bench_request(1);
	unsigned int i;

	buffers->device = device;
	buffers->nr = nr;
	for (i = 0; i < nr; i++) {
		req->ranges[0].offset = i * BENCH_PAGE;
		buffers->fds[i] = bench_export(device, req);
	}
	free(req);
}

/* Of vfio-pci it is the BAR that is mapped, through the device's descriptor. */
static void map_pieces(struct buffers *buffers,
		       const struct bench_device *device, unsigned int nr,
		       char *room)
{
	unsigned int i;
	int piece;

	buffers->device = device;
	buffers->nr = nr;
	for (i = 0; i < nr; i++) {
		piece = bench_piece(device, i * BENCH_PAGE, BENCH_PAGE);
		buffers->fds[i] = piece;
		buffers->maps[i] = bench_map(device, piece, i * BENCH_PAGE,
					     BENCH_PAGE, room + i * BENCH_SLOT);
	}
}

static void touch(const struct buffers *buffers)
{
	unsigned int i;

	for (i = 0; i < buffers->nr; i++)
		(void)*(const volatile char *)buffers->maps[i];
}

static void drop_pieces(struct buffers *buffers)
{
	unsigned int i;

	for (i = 0; i < buffers->nr; i++) {
		bench_unmap(buffers->maps[i], BENCH_PAGE);
		bench_close_piece(buffers->device, buffers->fds[i]);
	}
}

static uint64_t off_and_on(const struct bench_device *device, uint16_t command)
{
	uint16_t off = command & ~PCI_COMMAND_MEMORY;
	uint64_t where = device->config + PCI_COMMAND;
	int fd = device->dev.fd;
	uint64_t cost;

	cost = bench_clock();
	bench_must(pwrite(fd, &off, sizeof(off), where));
	bench_must(pwrite(fd, &command, sizeof(command), where));
	return bench_clock() - cost;
}

static void measure(const struct bench_side *side, const char *kind,
		    unsigned int nr, const struct buffers *mapped)
{
	uint64_t least = UINT64_MAX;
	uint16_t command;
	char figure[32];
	int i;

	bench_must(dvl_config_read(&side->dev.dev, PCI_COMMAND, &command, 2));
	command |= PCI_COMMAND_MEMORY;
	for (i = 0; i < NR_ROUNDS; i++) {
		if (mapped)
			touch(mapped);
		bench_keep_least(&least, off_and_on(&side->dev, command));
	}
	snprintf(figure, sizeof(figure), "decode_%s_%u", kind, nr);
	bench_print(figure, side->name, least);

	if (!bench_profile_begin(figure, side))
		return;
	for (i = 0; i < BENCH_PROFILE_ROUNDS; i++) {
		if (mapped)
			touch(mapped);
		bench_mark_begin();
		off_and_on(&side->dev, command);
		bench_mark_end();
	}
	bench_profile_end();
}

static void measure_unmapped(const struct bench_side *side, unsigned int nr)
{
	struct buffers *buffers = calloc(1, sizeof(*buffers));
	unsigned int i;

	if (!buffers)
		bench_die("no memory");
	make_buffers(buffers, &side->dev, nr);
	measure(side, "unmapped", nr, NULL);
	for (i = 0; i < nr; i++)
		bench_must(close(buffers->fds[i]));
	free(buffers);
}

static void measure_mapped(const struct bench_side *side, unsigned int nr,
			   char *room)
{
	struct buffers *buffers = calloc(1, sizeof(*buffers));

	if (!buffers)
		bench_die("no memory");
	map_pieces(buffers, &side->dev, nr, room);
	measure(side, "mapped", nr, buffers);
	drop_pieces(buffers);
	free(buffers);
}

void bench_decode(const struct bench_side *side)
{
	char *room = bench_room(NR_MOST * BENCH_SLOT);
	static const unsigned int nr[] = { 1, 64, 1024 };
	size_t i;

	measure_unmapped(side, 0);
	for (i = 0; i < sizeof(nr) / sizeof(nr[0]); i++) {
		if (side->exports)
			measure_unmapped(side, nr[i]);
		measure_mapped(side, nr[i], room);
	}
}

static void measure_revoke(const struct bench_side *side, const char *figure,
			   char *room)
{
	struct {
		struct vfio_device_feature call;
		struct vfio_device_feature_dma_buf_revoke payload;
	} req = { .call = { .argsz = sizeof(req),
			    .flags = VFIO_DEVICE_FEATURE_SET |
				     DMABUF_VFIO_PCI_FEATURE_REVOKE } };
	uint64_t least = UINT64_MAX, cost;
	struct buffers one;
	int i;

	for (i = 0; i < NR_ROUNDS; i++) {
		map_pieces(&one, &side->dev, 1, room);
		touch(&one);
		req.payload.dmabuf_fd = one.fds[0];
		cost = bench_clock();
		bench_must(ioctl(side->dev.dev.fd, VFIO_DEVICE_FEATURE, &req));
		bench_keep_least(&least, bench_clock() - cost);
		drop_pieces(&one);
	}
	bench_print(figure, side->name, least);
}

void bench_revoke(const struct bench_side *side)
{
	char *room = bench_room(NR_MOST * BENCH_SLOT);
	static struct buffers others;

	if (!side->dev.ours)
		return;
	measure_revoke(side, "revoke_alone", room);
	map_pieces(&others, &side->dev, NR_MOST - 1, room + BENCH_SLOT);
	touch(&others);
	measure_revoke(side, "revoke_among", room);
	drop_pieces(&others);
}
