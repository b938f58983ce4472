// SPDX-License-Identifier: GPL-2.0-only
/*
 * The low-power features of VFIO: entry, entry with wake-up, exit, and what
 * happens in between.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "dvt_witness.h"

#define STATUS_PAUSE_US 10000

/* The select register of the virtio common configuration keeps what is written. */
#define ROLE "DVP_BDF_FLR"
#define BAR 4
#define LEN 0x1000

static int set_feature(const struct dvl_device *dev, uint32_t feature)
{
	return dvl_feature(dev->fd, feature, VFIO_DEVICE_FEATURE_SET, NULL, 0);
}

static int enter(const struct dvl_device *dev)
{
	return set_feature(dev, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY);
}

static int enter_with_wakeup(const struct dvl_device *dev, int eventfd)
{
	struct vfio_device_low_power_entry_with_wakeup entry = {
		.wakeup_eventfd = eventfd,
	};

	return dvl_feature(dev->fd,
			   VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
			   VFIO_DEVICE_FEATURE_SET, &entry, sizeof(entry));
}

static int leave(const struct dvl_device *dev)
{
	return set_feature(dev, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
}

static bool has_low_power(const struct dvl_device *dev)
{
	return !dvl_feature(dev->fd, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
			    VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_PROBE,
			    NULL, 0);
}

/*
 * The kernel suspends an idle device a moment after the ioctl. If it never
 * does, Check's timeout is the judge.
 */
static void wait_until_suspended(const char *bdf)
{
	char status[32];

	for (;;) {
		ck_assert_int_eq(dvl_sysfs_read(bdf, "power/runtime_status",
						status, sizeof(status)), 0);
		if (!strcmp(status, "suspended"))
			return;
		usleep(STATUS_PAUSE_US);
	}
}

static void host_wakes(const char *bdf)
{
	ck_assert_int_eq(dvl_sysfs_write(bdf, "power/control", "on"), 0);
	ck_assert_int_eq(dvl_sysfs_write(bdf, "power/control", "auto"), 0);
}

#define start_or_skip(dev, w)						\
	do {								\
		dvt_open_or_skip(dev, ROLE);				\
		if (!has_low_power(dev))				\
			dvt_skip("no low-power features here");		\
		dvt_witness_start(w, dev, BAR, 0, LEN);			\
	} while (0)

START_TEST(low_power_pauses_and_exit_resumes)
{
	struct dvl_device dev;
	struct dvt_witness w;

	start_or_skip(&dev, &w);
	ck_assert_int_eq(enter(&dev), 0);
	dvt_witness_assert_paused(&w);
	ck_assert_int_eq(leave(&dev), 0);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(low_power_of_a_device_without_pm_pauses_too)
{
	struct dvl_device dev;
	struct dvt_witness w;

	dvt_open_or_skip(&dev, "DVP_BDF");
	if (!has_low_power(&dev))
		dvt_skip("no low-power features here");
	dvt_witness_start(&w, &dev, 2, 0, DVT_MIB);
	ck_assert_int_eq(enter(&dev), 0);
	dvt_witness_assert_paused(&w);
	ck_assert_int_eq(leave(&dev), 0);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(low_power_with_wakeup_pauses_and_exit_resumes)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct dvl_device dev;
	struct dvt_witness w;

	start_or_skip(&dev, &w);
	ck_assert_int_eq(enter_with_wakeup(&dev, event), 0);
	dvt_witness_assert_paused(&w);
	ck_assert_int_eq(leave(&dev), 0);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(wake_up_by_the_host_resumes)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct dvl_device dev;
	struct dvt_witness w;
	eventfd_t count;

	start_or_skip(&dev, &w);
	ck_assert_int_eq(enter_with_wakeup(&dev, event), 0);
	wait_until_suspended(dev.bdf);
	dvt_witness_assert_paused(&w);
	host_wakes(dev.bdf);
	ck_assert_int_eq(eventfd_read(event, &count), 0);
	dvt_witness_assert_usable(&w);

	/* Already out: a second exit is harmless. */
	ck_assert_int_eq(leave(&dev), 0);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(wake_up_by_the_host_without_wakeup_stays_paused)
{
	struct dvl_device dev;
	struct dvt_witness w;

	start_or_skip(&dev, &w);
	ck_assert_int_eq(enter(&dev), 0);
	wait_until_suspended(dev.bdf);
	host_wakes(dev.bdf);
	dvt_witness_assert_paused(&w);
	ck_assert_int_eq(leave(&dev), 0);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(memory_on_written_in_low_power_does_not_resume)
{
	struct dvl_device dev;
	struct dvt_witness w;

	start_or_skip(&dev, &w);
	ck_assert_int_eq(enter(&dev), 0);
	dvt_memory_on(&dev);
	dvt_witness_assert_paused(&w);
	dvt_memory_off(&dev);
	dvt_memory_on(&dev);
	dvt_witness_assert_paused(&w);
	ck_assert_int_eq(leave(&dev), 0);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(memory_off_written_in_low_power_outlasts_it)
{
	struct dvl_device dev;
	struct dvt_witness w;

	start_or_skip(&dev, &w);
	ck_assert_int_eq(enter(&dev), 0);
	dvt_memory_off(&dev);
	ck_assert_int_eq(leave(&dev), 0);
	dvt_witness_assert_paused(&w);
	dvt_memory_on(&dev);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(reset_in_low_power_does_not_resume)
{
	struct dvl_device dev;
	struct dvt_witness w;

	start_or_skip(&dev, &w);
	ck_assert_int_eq(enter(&dev), 0);
	ck_assert_int_eq(dvl_device_reset(&dev), 0);
	dvt_witness_assert_paused(&w);
	ck_assert_int_eq(leave(&dev), 0);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(second_entry_is_refused_and_stays_paused)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct dvl_device dev;
	struct dvt_witness w;

	start_or_skip(&dev, &w);
	ck_assert_int_eq(enter(&dev), 0);
	ck_assert_int_eq(enter(&dev), -EINVAL);
	dvt_witness_assert_paused(&w);
	ck_assert_int_eq(enter_with_wakeup(&dev, event), -EINVAL);
	dvt_witness_assert_paused(&w);
	ck_assert_int_eq(leave(&dev), 0);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(entry_that_fails_leaves_the_buffer_usable)
{
	struct dvl_device dev;
	struct dvt_witness w;

	start_or_skip(&dev, &w);
	ck_assert_int_lt(enter_with_wakeup(&dev, -1), 0);
	dvt_witness_assert_usable(&w);
	/* A dma-buf is no eventfd. */
	ck_assert_int_lt(enter_with_wakeup(&dev, w.fd), 0);
	dvt_witness_assert_usable(&w);
	ck_assert_int_eq(dvl_feature(dev.fd,
				     VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
				     VFIO_DEVICE_FEATURE_GET, NULL, 0),
			 -EINVAL);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(probing_the_features_leaves_the_buffer_usable)
{
	static const uint32_t features[] = {
		VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
		VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
		VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
	};
	struct dvl_device dev;
	struct dvt_witness w;
	size_t i;

	start_or_skip(&dev, &w);
	for (i = 0; i < DVT_ARRAY_SIZE(features); i++) {
		ck_assert_int_eq(dvl_feature(dev.fd, features[i],
					     VFIO_DEVICE_FEATURE_PROBE |
					     VFIO_DEVICE_FEATURE_SET, NULL, 0),
				 0);
		dvt_witness_assert_usable(&w);
	}
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(exit_without_entry_leaves_the_buffer_usable)
{
	struct dvl_device dev;
	struct dvt_witness w;

	start_or_skip(&dev, &w);
	ck_assert_int_eq(leave(&dev), 0);
	dvt_witness_assert_usable(&w);

	/* Nor does it end what it did not begin. */
	dvt_memory_off(&dev);
	ck_assert_int_eq(leave(&dev), 0);
	dvt_witness_assert_paused(&w);
	dvt_memory_on(&dev);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(export_in_low_power_starts_paused)
{
	struct dvl_device dev;
	uint32_t *map;
	int fd;

	dvt_open_or_skip(&dev, ROLE);
	if (!has_low_power(&dev))
		dvt_skip("no low-power features here");
	ck_assert_int_eq(enter(&dev), 0);
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	map = dvt_map(fd, LEN, PROT_READ | PROT_WRITE);
	dvt_assert_sigbus(map);
	ck_assert_int_eq(leave(&dev), 0);
	dvt_assert_usable(map);
}
END_TEST

START_TEST(low_power_ends_with_the_last_close)
{
	struct dvl_device dev;
	struct dvt_witness w, v;

	start_or_skip(&dev, &w);
	ck_assert_int_eq(enter(&dev), 0);
	dvl_device_close(&dev);
	dvt_witness_assert_dead(&w);

	dvt_open_or_skip(&dev, ROLE);
	dvt_witness_start(&v, &dev, BAR, 0, LEN);
	dvt_witness_assert_usable(&v);
	dvt_witness_assert_dead(&w);
	dvt_witness_stop(&v);
	dvt_witness_stop(&w);
}
END_TEST

/* Binding one device must not keep another, bound just before, from sleep. */
START_TEST(devices_that_nobody_uses_sleep)
{
	static const char * const roles[] = { "DVP_BDF", ROLE };
	size_t i;

	for (i = 0; i < DVT_ARRAY_SIZE(roles); i++) {
		if (!dvt_bdf(roles[i]))
			dvt_skip("no device for %s", roles[i]);
		ck_assert_int_eq(dvl_sysfs_unbind(dvt_bdf(roles[i])), 0);
	}
	for (i = 0; i < DVT_ARRAY_SIZE(roles); i++)
		dvt_bind(dvt_bdf(roles[i]), DVL_DRIVER);
	for (i = 0; i < DVT_ARRAY_SIZE(roles); i++)
		wait_until_suspended(dvt_bdf(roles[i]));
}
END_TEST

DVT_MAIN("power",
	 { low_power_pauses_and_exit_resumes },
	 { low_power_of_a_device_without_pm_pauses_too },
	 { low_power_with_wakeup_pauses_and_exit_resumes },
	 { wake_up_by_the_host_resumes },
	 { wake_up_by_the_host_without_wakeup_stays_paused },
	 { memory_on_written_in_low_power_does_not_resume },
	 { memory_off_written_in_low_power_outlasts_it },
	 { reset_in_low_power_does_not_resume },
	 { second_entry_is_refused_and_stays_paused },
	 { entry_that_fails_leaves_the_buffer_usable },
	 { probing_the_features_leaves_the_buffer_usable },
	 { exit_without_entry_leaves_the_buffer_usable },
	 { export_in_low_power_starts_paused },
	 { low_power_ends_with_the_last_close },
	 { devices_that_nobody_uses_sleep })
