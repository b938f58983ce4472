// SPDX-License-Identifier: GPL-2.0-only
/*
 * A descriptor opened with O_PATH keeps the dentry of a dma-buf, and with it the
 * buffer, but not the file. The exporter of vfio-pci (7.3: vfio_pci_dmabuf.c)
 * reaches its buffers by dmabuf->file: it looks into a file that was freed, and
 * when the device is closed it leaves the buffer on its list, where it keeps the
 * device from being unbound for as long as somebody likes.
 */
#include <linux/membarrier.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dvt_defect.h"

#define ROLE "DVP_BDF"
#define BAR 2
#define PAUSE_US 10000
enum { NR_LOOKS = 20 };

static int open_path(int fd)
{
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ret = open(path, O_PATH | O_CLOEXEC);
	ck_assert_int_ge(ret, 0);
	return ret;
}

static int unbinder(int sock, void *arg)
{
	(void)sock;
	return dvl_sysfs_unbind(arg) ? 1 : 0;
}

/* Until the child is done, or the kernel says that it waits for a user. */
static bool waits_for_a_user(const struct dvt_child *child, int log)
{
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		ck_assert_int_eq(waitid(P_PID, child->pid, &info,
					WEXITED | WNOHANG | WNOWAIT), 0);
		if (info.si_pid)
			return false;
		if (dvt_log_has(log, "blocked until released by user"))
			return true;
		usleep(PAUSE_US);
	}
}

START_TEST(path_descriptor_does_not_hold_up_unbind)
{
	char *bdf = (char *)dvt_bdf(ROLE), driver[64];
	int log = dvt_log_mark(), fd, path;
	struct dvt_child child;
	struct dvl_device dev;
	bool shown;

	dvt_open_or_skip(&dev, ROLE);
	ck_assert_int_eq(dvl_sysfs_driver(bdf, driver, sizeof(driver)), 0);
	fd = dvt_export(&dev, BAR, 0, DVT_MIB, O_RDWR);
	path = open_path(fd);

	/* Nothing is opened in between: it could become the file that was. */
	close(fd);
	dvl_device_close(&dev);
	dvt_child_fork(&child, 0, unbinder, bdf);
	shown = waits_for_a_user(&child, log);
	close(path);
	dvt_child_stop(&child);
	dvt_bind(bdf, driver);
	close(log);
	dvt_judge_defect(shown, true);
}
END_TEST

/* The memory of the file is given back when nobody can be looking at it. */
static void wait_until_freed(void)
{
	ck_assert_int_eq(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0),
			 0);
	/* What frees it may have been put off behind that. */
	sleep(1);
}

START_TEST(file_that_was_freed_is_not_looked_at)
{
	int log = dvt_log_mark(), fd, path, i;
	struct dvl_device dev;
	bool shown;

	/* Memory of files is watched only with CONFIG_SLUB_RCU_DEBUG. */
	if (!dvt_kernel_has("slab_free_after_rcu_debug"))
		dvt_skip("this kernel does not watch the memory of files");
	dvt_open_or_skip(&dev, ROLE);
	fd = dvt_export(&dev, BAR, 0, DVT_MIB, O_RDWR);
	path = open_path(fd);
	close(fd);
	wait_until_freed();
	for (i = 0; i < NR_LOOKS; i++) {
		dvt_memory_off(&dev);
		dvt_memory_on(&dev);
	}
	shown = dvt_log_has(log, "KASAN: ");
	close(path);
	close(log);
	dvt_judge_defect(shown, true);
}
END_TEST

DVT_MAIN("defect: path descriptors",
	 { path_descriptor_does_not_hold_up_unbind },
	 { file_that_was_freed_is_not_looked_at })
