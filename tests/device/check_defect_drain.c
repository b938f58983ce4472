// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory ends while importers use it. The exporter of vfio-pci waits for them
 * with the device's memory_lock held, so whoever touches a BAR meanwhile cannot
 * even be killed, and a hot reset is refused. Early versions (6.19) and drafts
 * counted what they waited for wrongly when memory ended twice, by a config write
 * and by the close; drafts looked at a device that was gone when a buffer was
 * revoked after that.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dvt_call.h"
#include "dvt_defect.h"
#include "dvt_import.h"
#include "dvt_param.h"

#define PAUSE_US 10000

/* The buffer is imported by one who reacts like that. */
#define import_or_skip(import, reaction)				\
	do {								\
		dvt_import_or_skip(import, dvt_in_tree() ?		\
				   DVT_BY_KERNEL : DVT_BY_US);		\
		ck_assert_int_eq(dvt_peer_attach_slow(&(import)->peer,	\
						      (import)->fd,	\
						      reaction, 0), 0);	\
		ck_assert_int_eq(dvt_peer_map(&(import)->peer,		\
					      DVP_PEER_BIDIRECTIONAL), 0); \
	} while (0)

/* Whether a task of the kernel's waits in a function of that name. */
static bool waits_in(const char *path, const char *function)
{
	char stack[4096];
	ssize_t len;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, stack, sizeof(stack) - 1);
	close(fd);
	stack[len > 0 ? len : 0] = '\0';
	return strstr(stack, function);
}

static int toucher(int sock, void *arg)
{
	(void)sock;
	return dvt_read32(arg) != DVT_SIGBUS;
}

/*
 * Until the child is done, or stands in the fault of vfio-pci. What it waits with there
 * is not among the functions that the kernel shows.
 */
static bool hangs(const struct dvt_child *child)
{
	siginfo_t info;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stack", child->pid);
	for (;;) {
		info.si_pid = 0;
		ck_assert_int_eq(waitid(P_PID, child->pid, &info,
					WEXITED | WNOHANG | WNOWAIT), 0);
		if (info.si_pid)
			return false;
		if (waits_in(path, "vfio_pci_mmap_huge_fault"))
			return true;
		usleep(PAUSE_US);
	}
}

START_TEST(fault_does_not_wait_for_an_importer)
{
	struct dvt_import import;
	struct dvt_child child;
	struct dvt_call call;
	bool shown;
	void *map;

	import_or_skip(&import, DVP_PEER_NEVER);
	map = dvl_region_mmap(&import.dev, DVT_IMPORT_BAR, 0, DVT_IMPORT_LEN,
			      PROT_READ);
	ck_assert_ptr_ne(map, MAP_FAILED);
	dvt_call_start(&call, DVT_CALL_MEMORY_OFF, &import.dev, import.fd);
	dvt_peer_wait_notified(&import.peer, 1);
	dvt_child_fork(&child, 0, toucher, map);
	shown = hangs(&child);
	ck_assert_int_eq(dvt_peer_unmap(&import.peer), 0);
	dvt_child_stop(&child);
	ck_assert_int_eq(dvt_call_end(&call), 0);
	dvt_judge_defect(shown, true);
}
END_TEST

/**
 * struct resetter - a thread that makes a hot reset
 * @dev: of which device
 * @tid: the thread, 0 before it has begun
 * @ended: @ret is there
 * @ret: what the reset returned
 */
struct resetter {
	const struct dvl_device *dev;
	volatile pid_t tid;
	volatile bool ended;
	int ret;
};

static void *hot_reset(void *arg)
{
	struct resetter *resetter = arg;

	resetter->tid = gettid();
	resetter->ret = dvl_device_hot_reset(resetter->dev,
					     &resetter->dev->group, 1);
	__sync_synchronize();
	resetter->ended = true;
	return NULL;
}

/* Until the reset has returned, or waits for the importer as well. */
static void wait_for(const struct resetter *resetter)
{
	char path[64];

	while (!resetter->ended) {
		snprintf(path, sizeof(path), "/proc/self/task/%d/stack",
			 resetter->tid);
		if (resetter->tid && waits_in(path, "dvp_drain"))
			return;
		usleep(PAUSE_US);
	}
}

START_TEST(hot_reset_is_not_refused_while_importers_let_go)
{
	struct resetter resetter = { 0 };
	struct dvt_import import;
	struct dvt_call call;
	pthread_t thread;

	import_or_skip(&import, DVP_PEER_NEVER);
	resetter.dev = &import.dev;
	dvt_call_start(&call, DVT_CALL_MEMORY_OFF, &import.dev, import.fd);
	dvt_peer_wait_notified(&import.peer, 1);
	ck_assert_int_eq(pthread_create(&thread, NULL, hot_reset, &resetter),
			 0);
	wait_for(&resetter);
	ck_assert_int_eq(dvt_peer_unmap(&import.peer), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(dvt_call_end(&call), 0);
	dvt_judge_defect(resetter.ret == -EBUSY, true);
	if (!dvt_in_tree())
		ck_assert_int_eq(resetter.ret, 0);
}
END_TEST

START_TEST(close_after_memory_was_switched_off_counts_right)
{
	struct dvt_import import;
	int log = dvt_log_mark();

	import_or_skip(&import, DVP_PEER_UNMAPS);
	dvt_memory_off(&import.dev);
	dvt_peer_assert_state(&import.peer, 0, 1);
	if (_i)
		close(import.fd);
	dvl_device_close(&import.dev);
	ck_assert_int_eq(dvt_peer_detach(&import.peer), 0);
	dvt_import_reopen(&import);
	dvt_judge_defect(dvt_log_has(log, "refcount_t: "), false);
	close(log);
}
END_TEST

START_TEST(revoke_after_the_close_gives_enodev)
{
	struct dvt_import import;

	dvt_ours_or_skip("revocation");
	import_or_skip(&import, DVP_PEER_UNMAPS);
	dvt_import_reopen(&import);
	ck_assert_int_eq(dvl_revoke(import.dev.fd, import.fd), -ENODEV);
	dvt_peer_assert_state(&import.peer, 0, 1);
	ck_assert_int_eq(dvl_revoke(import.dev.fd, import.fd), -ENODEV);
	close(import.fd);
}
END_TEST

DVT_MAIN_PARAM("defect: importers",
	       { fault_does_not_wait_for_an_importer },
	       { hot_reset_is_not_refused_while_importers_let_go },
	       { close_after_memory_was_switched_off_counts_right, 2 },
	       { revoke_after_the_close_gives_enodev })
