// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that end access return, and the kernel recovers from a link error, while other
 * processes contend for a buffer's reservation lock or add fences by IMPORT_SYNC_FILE in
 * a loop, or hold the lock.
 */
#include <errno.h>
#include <glob.h>
#include <linux/dma-buf.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dvt_call.h"
#include "dvt_import.h"
#include "dvt_monitor.h"
#include "dvt_param.h"

#define RW (PROT_READ | PROT_WRITE)
#define PAUSE_US 5000
/* Longer than a test may take. */
#define LONG_MS 600000
/* How long a fence lasts that is followed by another. */
#define SHORT_MS 20
/* QEMU's name of the root port above DVP_BDF. */
#define PORT "port10"

enum { NR_LOOPERS = 3, NR_BEFORE = 20 };

/**
 * struct looper - a process that imports fences in a loop
 * @child: the process
 * @nr: iterations so far, in memory that is shared with it
 * @peer: importer of another buffer that makes new fences, or NULL
 */
struct looper {
	struct dvt_child child;
	atomic_ulong *nr;
	struct dvt_peer *peer;
};

static int export_fence(int fd)
{
	struct dma_buf_export_sync_file arg = { .flags = DMA_BUF_SYNC_RW };

	return ioctl(fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &arg) ? -errno : arg.fd;
}

static int import_fence(int fd, int fence)
{
	struct dma_buf_import_sync_file arg = {
		.flags = DMA_BUF_SYNC_RW, .fd = fence,
	};

	return ioctl(fd, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &arg) ? -errno : 0;
}

/* Copies the fences of one buffer to the other, which may be the same. */
static int carry_fence(int from, int to)
{
	int fence = export_fence(from), ret;

	if (fence < 0)
		return fence;
	ret = import_fence(to, fence);
	close(fence);
	return ret;
}

/* Signalled fences: contention for the lock only. */
static int loop(int sock, void *arg)
{
	struct looper *looper = arg;
	int fd = dvl_recv_fd(sock);

	while (!carry_fence(fd, fd))
		++*looper->nr;
	return 1;
}

/* The next fence comes before the last one has signalled. */
static int loop_with_new_fences(int sock, void *arg)
{
	struct looper *looper = arg;
	int fd = dvl_recv_fd(sock), own = dvl_recv_fd(sock);

	looper->peer->fd = dvl_recv_fd(sock);
	while (!dvt_peer_fence_write(looper->peer, SHORT_MS) &&
	       !carry_fence(own, fd)) {
		++*looper->nr;
		usleep(PAUSE_US);
	}
	return 1;
}

static atomic_ulong *shared_counter(void)
{
	void *page = mmap(NULL, 4096, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(page, MAP_FAILED);
	return page;
}

static void wait_looping(const struct looper *looper)
{
	unsigned long start = *looper->nr;

	while (*looper->nr < start + NR_BEFORE)
		usleep(PAUSE_US);
}

static void loopers_start(struct looper *loopers, int fd)
{
	int i;

	for (i = 0; i < NR_LOOPERS; i++) {
		loopers[i].nr = shared_counter();
		dvt_child_fork(&loopers[i].child, DVT_NOBODY, loop, &loopers[i]);
		ck_assert_int_eq(dvl_send_fd(loopers[i].child.sock, fd), 0);
	}
	for (i = 0; i < NR_LOOPERS; i++)
		wait_looping(&loopers[i]);
}

static void loopers_kill(struct looper *loopers)
{
	int i;

	for (i = 0; i < NR_LOOPERS; i++)
		dvt_child_kill(&loopers[i].child);
}

/* Starts a looper that makes new fences on another buffer. */
static void fencer_start(struct looper *looper, struct dvt_peer *peer,
			 const struct dvt_import *import)
{
	int own = dvt_export(&import->dev, DVT_IMPORT_BAR, 0, DVT_MIB, O_RDWR);

	dvt_peer_open(peer, import->peer.bdf);
	ck_assert_int_eq(dvt_peer_attach(peer, own), 0);
	looper->nr = shared_counter();
	looper->peer = peer;
	dvt_child_fork(&looper->child, 0, loop_with_new_fences, looper);
	ck_assert_int_eq(dvl_send_fd(looper->child.sock, import->fd), 0);
	ck_assert_int_eq(dvl_send_fd(looper->child.sock, own), 0);
	ck_assert_int_eq(dvl_send_fd(looper->child.sock, peer->fd), 0);
	close(own);
	wait_looping(looper);
}

START_TEST(call_ends_while_others_contend_for_the_lock)
{
	struct looper loopers[NR_LOOPERS];
	struct dvt_import import;
	struct dvt_call call;
	void *map;

	dvt_import_busy_or_skip(&import, map, DVP_PEER_UNMAPS, 0);
	dvt_assert_usable(map);
	loopers_start(loopers, import.fd);
	dvt_call_start(&call, _i, &import.dev, import.fd);
	ck_assert_int_eq(dvt_call_end(&call), 0);
	dvt_peer_assert_state(&import.peer, 0, 1);
	if (_i != DVT_CALL_RESET)
		dvt_assert_sigbus(map);
	/* The contention did not end before the call. */
	wait_looping(&loopers[0]);
	loopers_kill(loopers);
}
END_TEST

START_TEST(importer_maps_and_unmaps_while_others_contend_for_the_lock)
{
	struct looper loopers[NR_LOOPERS];
	struct dvt_import import;
	void *map;
	int i;

	dvt_import_busy_or_skip(&import, map, DVP_PEER_UNMAPS, 0);
	loopers_start(loopers, import.fd);
	for (i = 0; i < 10; i++) {
		dvt_memory_off(&import.dev);
		ck_assert_uint_eq(dvt_peer_state(&import.peer).mapped, 0);
		dvt_assert_sigbus(map);
		dvt_memory_on(&import.dev);
		ck_assert_int_eq(dvt_peer_map(&import.peer,
					      DVP_PEER_BIDIRECTIONAL), 0);
	}
	ck_assert_int_eq(dvl_revoke(import.dev.fd, import.fd), 0);
	dvt_peer_assert_state(&import.peer, 0, 11);
	loopers_kill(loopers);
}
END_TEST

START_TEST(call_ends_while_new_fences_keep_coming)
{
	struct looper looper;
	struct dvt_import import;
	struct dvt_peer peer;
	struct dvt_call call;
	void *map;

	dvt_import_busy_or_skip(&import, map, DVP_PEER_UNMAPS, 0);
	fencer_start(&looper, &peer, &import);
	dvt_call_start(&call, _i, &import.dev, import.fd);
	ck_assert_int_eq(dvt_call_end(&call), 0);
	dvt_peer_assert_state(&import.peer, 0, 1);
	if (_i != DVT_CALL_RESET)
		dvt_assert_sigbus(map);
	wait_looping(&looper);
	dvt_child_kill(&looper.child);
	dvt_peer_close(&peer);
}
END_TEST

/* A fence may never signal. A task that waits for it can be killed. */
START_TEST(call_that_may_wait_for_a_fence_can_be_killed)
{
	struct dvt_import import;
	struct dvt_peer peer;
	struct dvt_call call;
	void *map, *other;
	int own, fd;

	dvt_import_busy_or_skip(&import, map, DVP_PEER_UNMAPS, 0);
	own = dvt_export(&import.dev, DVT_IMPORT_BAR, 0, DVT_MIB, O_RDWR);
	dvt_peer_open(&peer, import.peer.bdf);
	ck_assert_int_eq(dvt_peer_attach(&peer, own), 0);
	ck_assert_int_eq(dvt_peer_fence_write(&peer, LONG_MS), 0);
	ck_assert_int_eq(carry_fence(own, import.fd), 0);
	dvt_call_start(&call, DVT_CALL_REVOKE, &import.dev, import.fd);
	while (dvt_read32(map) != DVT_SIGBUS)
		usleep(PAUSE_US);
	dvt_peer_wait_notified(&import.peer, 1);

	fd = dvt_export(&import.dev, DVT_IMPORT_BAR, 0, DVT_MIB, O_RDWR);
	other = dvt_map(fd, DVT_MIB, RW);
	dvt_assert_usable(other);
	ck_assert_int_eq(dvl_revoke(import.dev.fd, fd), 0);
	dvt_assert_sigbus(other);
	dvt_child_kill(&call.child);
	/* Another REVOKE may wait for what the killed one has left. */
	dvt_peer_close(&peer);
	ck_assert_int_eq(dvl_revoke(import.dev.fd, import.fd), -EBADFD);
}
END_TEST

/*
 * Recovery from a link error calls drivers one after the other, and an importer may
 * hold the lock until its own callback.
 */

static bool kernel_handles_errors(void)
{
	glob_t ports;
	int ret = glob("/sys/bus/pci_express/drivers/aer/*:pcie*", 0, NULL,
		       &ports);

	globfree(&ports);
	return !ret;
}

#define errors_or_skip(mon)						\
	do {								\
		if (!kernel_handles_errors())				\
			dvt_skip("the kernel does not handle errors of ports"); \
		dvt_monitor_or_skip(mon);				\
	} while (0)

static void inject_and_recover(struct dvt_monitor *mon)
{
	int log = dvt_log_mark();

	dvt_monitor_ask(mon, "human-monitor-command",
			"\"command-line\": \"pcie_aer_inject_error " PORT " DLP\"");
	while (!dvt_log_has(log, "device recovery successful"))
		usleep(PAUSE_US);
}

static int keep_locked(int sock, void *arg)
{
	struct dvt_peer *peer = arg;

	peer->fd = dvl_recv_fd(sock);
	return peer->fd < 0 || dvt_peer_lock(peer, LONG_MS);
}

START_TEST(recovery_does_not_wait_for_who_has_the_lock)
{
	struct dvt_child locker;
	struct dvt_import import;
	struct dvt_monitor mon;
	struct dvt_peer peer;
	void *map;

	dvt_import_busy_or_skip(&import, map, DVP_PEER_UNMAPS, 0);
	dvt_assert_usable(map);
	errors_or_skip(&mon);
	dvt_peer_open(&peer, import.peer.bdf);
	ck_assert_int_eq(dvt_peer_attach(&peer, import.fd), 0);
	dvt_child_fork(&locker, 0, keep_locked, &peer);
	ck_assert_int_eq(dvl_send_fd(locker.sock, peer.fd), 0);
	while (!dvt_peer_state(&peer).locked)
		usleep(PAUSE_US);

	inject_and_recover(&mon);
	ck_assert_uint_eq(dvt_peer_state(&peer).locked, 1);
	dvt_assert_sigbus(map);
	/* The importer is told once the lock is free. */
	dvt_child_kill(&locker);
	dvt_peer_wait_notified(&import.peer, 1);
	dvt_peer_assert_state(&import.peer, 0, 1);
	dvt_memory_on(&import.dev);
	ck_assert_int_eq(dvl_device_reset(&import.dev), 0);
	dvt_memory_on(&import.dev);
	dvt_assert_usable(map);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL), 0);
	dvt_import_assert_leads_to(&import, 0, 0);
	dvt_monitor_close(&mon);
}
END_TEST

START_TEST(recovery_ends_while_others_contend_for_the_lock)
{
	struct looper loopers[NR_LOOPERS];
	struct dvt_import import;
	struct dvt_monitor mon;
	void *map;

	dvt_import_busy_or_skip(&import, map, DVP_PEER_UNMAPS, 0);
	errors_or_skip(&mon);
	loopers_start(loopers, import.fd);
	inject_and_recover(&mon);
	dvt_assert_sigbus(map);
	dvt_peer_wait_notified(&import.peer, 1);
	loopers_kill(loopers);
	dvt_memory_on(&import.dev);
	dvt_assert_usable(map);
	dvt_monitor_close(&mon);
}
END_TEST

DVT_MAIN_PARAM("import_fence_loop",
	       { call_ends_while_others_contend_for_the_lock, DVT_NR_CALLS },
	       { importer_maps_and_unmaps_while_others_contend_for_the_lock },
	       { call_ends_while_new_fences_keep_coming, DVT_NR_CALLS },
	       { call_that_may_wait_for_a_fence_can_be_killed },
	       { recovery_does_not_wait_for_who_has_the_lock },
	       { recovery_ends_while_others_contend_for_the_lock })
