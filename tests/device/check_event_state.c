// SPDX-License-Identifier: GPL-2.0-only
/*
 * EVENT and STATE: the state and the causes that a buffer reports, and the count that
 * its eventfd gets for each change.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/udmabuf.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dvt_config.h"
#include "dvt_v2.h"

/* A device with power states and a function level reset. */
#define ROLE "DVP_BDF_FLR"
#define BAR 4
#define LEN 0x1000
#define PAUSE_US 10000
#define CLOSED_FD 900

#define USABLE DMABUF_VFIO_PCI_STATE_USABLE
#define BLOCKED DMABUF_VFIO_PCI_STATE_BLOCKED
#define REVOKED DMABUF_VFIO_PCI_STATE_REVOKED
#define DECODE_OFF DMABUF_VFIO_PCI_CAUSE_DECODE_OFF
#define SLEEP DMABUF_VFIO_PCI_CAUSE_SLEEP
#define LOW_POWER DMABUF_VFIO_PCI_CAUSE_LOW_POWER

static int new_event(void)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	ck_assert_int_ge(event, 0);
	return event;
}

/* The count of the eventfd since the last call. */
static uint64_t told(int event)
{
	eventfd_t count;

	if (!eventfd_read(event, &count))
		return count;
	ck_assert_int_eq(errno, EAGAIN);
	return 0;
}

/**
 * struct lent - a buffer with an eventfd
 * @dev: the device, open
 * @fd: the buffer
 * @event: its eventfd
 */
struct lent {
	struct dvl_device dev;
	int fd;
	int event;
};

static void lend(struct lent *lent)
{
	lent->fd = dvt_export(&lent->dev, BAR, 0, LEN, O_RDWR);
	lent->event = new_event();
	ck_assert_int_eq(dvt_event(&lent->dev, lent->fd, lent->event), 0);
}

#define lend_or_skip(lent)						\
	do {								\
		dvt_open_or_skip(&(lent)->dev, ROLE);			\
		lend(lent);						\
	} while (0)

/*
 * Calls that change the state of a buffer
 */

static void decode_off(struct lent *lent)
{
	dvt_memory_off(&lent->dev);
}

static void decode_on(struct lent *lent)
{
	dvt_memory_on(&lent->dev);
}

static void power_state(struct lent *lent, uint8_t state)
{
	static const struct dvt_span byte = { 0, 1 };

	ck_assert_int_eq(dvt_span_write(&lent->dev, dvt_pm_ctrl(&lent->dev),
					&byte, PCI_PM_CTRL_STATE_MASK, state), 0);
}

static void to_d3hot(struct lent *lent)
{
	power_state(lent, 3);
}

static void to_d0(struct lent *lent)
{
	power_state(lent, 0);
}

static void set_feature(struct lent *lent, uint32_t feature)
{
	ck_assert_int_eq(dvl_feature(lent->dev.fd, feature,
				     VFIO_DEVICE_FEATURE_SET, NULL, 0), 0);
}

static void low_power_entry(struct lent *lent)
{
	set_feature(lent, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY);
}

static void low_power_exit(struct lent *lent)
{
	set_feature(lent, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
}

static void reset(struct lent *lent)
{
	ck_assert_int_eq(dvl_device_reset(&lent->dev), 0);
}

static void take_back(struct lent *lent)
{
	ck_assert_int_eq(dvl_revoke(lent->dev.fd, lent->fd), 0);
}

/**
 * struct change - a call that changes the state of a buffer, and the call back
 * @happen: the call
 * @state: the state afterwards
 * @causes: the causes that must be among those in force
 * @most: the most changes that there can have been
 * @undo: makes the buffer usable again, or NULL
 */
static const struct change {
	void (*happen)(struct lent *lent);
	uint32_t state;
	uint32_t causes;
	unsigned int most;
	void (*undo)(struct lent *lent);
} changes[] = {
	{ decode_off, BLOCKED, DECODE_OFF, 1, decode_on },
	{ to_d3hot, BLOCKED, SLEEP, 1, to_d0 },
	{ low_power_entry, BLOCKED, LOW_POWER, 1, low_power_exit },
	{ reset, USABLE, 0, 2, NULL },
	{ take_back, REVOKED, 0, 1, NULL },
};

START_TEST(new_buffer_is_usable)
{
	struct dmabuf_vfio_pci_state state;
	struct lent lent;

	lend_or_skip(&lent);
	ck_assert_int_eq(dvt_state(&lent.dev, lent.fd, &state), 0);
	ck_assert_int_eq(state.dmabuf_fd, lent.fd);
	ck_assert_uint_eq(state.state, USABLE);
	ck_assert_uint_eq(state.causes, 0);
	ck_assert_uint_eq(state.reserved, 0);
	ck_assert_uint_eq(told(lent.event), 0);
}
END_TEST

START_TEST(info_has_the_bit)
{
	struct lent lent;

	lend_or_skip(&lent);
	ck_assert(dvt_caps(&lent.dev) & DMABUF_VFIO_PCI_CAP_EVENT);
}
END_TEST

START_TEST(state_names_the_cause)
{
	const struct change *change = &changes[_i];
	struct dmabuf_vfio_pci_state state;
	struct lent lent;

	lend_or_skip(&lent);
	change->happen(&lent);
	ck_assert_int_eq(dvt_state(&lent.dev, lent.fd, &state), 0);
	ck_assert_uint_eq(state.state, change->state);
	ck_assert_uint_eq(state.causes & change->causes, change->causes);
	ck_assert_int_eq(!state.causes, !change->causes);
	if (change->undo) {
		change->undo(&lent);
		dvt_assert_buffer_usable(&lent.dev, lent.fd);
	}
}
END_TEST

START_TEST(each_change_is_told)
{
	const struct change *change = &changes[_i];
	struct lent lent;
	uint64_t count;

	lend_or_skip(&lent);
	change->happen(&lent);
	count = told(lent.event);
	ck_assert_uint_ge(count, 1);
	ck_assert_uint_le(count, change->most);
	if (change->undo) {
		change->undo(&lent);
		ck_assert_uint_eq(told(lent.event), 1);
	}
}
END_TEST

START_TEST(each_cause_ends_by_itself)
{
	struct dmabuf_vfio_pci_state state;
	struct lent lent;

	lend_or_skip(&lent);
	decode_off(&lent);
	ck_assert_uint_eq(told(lent.event), 1);
	low_power_entry(&lent);
	ck_assert_int_eq(dvt_state(&lent.dev, lent.fd, &state), 0);
	ck_assert_uint_eq(state.state, BLOCKED);
	ck_assert(state.causes & LOW_POWER);
	low_power_exit(&lent);
	dvt_assert_buffer(&lent.dev, lent.fd, BLOCKED, DECODE_OFF);
	/* Another cause is not another state. */
	ck_assert_uint_eq(told(lent.event), 0);
	decode_on(&lent);
	dvt_assert_buffer_usable(&lent.dev, lent.fd);
	ck_assert_uint_eq(told(lent.event), 1);
}
END_TEST

START_TEST(buffer_exported_without_memory_is_blocked)
{
	struct lent lent;

	dvt_open_or_skip(&lent.dev, ROLE);
	decode_off(&lent);
	lend(&lent);
	dvt_assert_buffer(&lent.dev, lent.fd, BLOCKED, DECODE_OFF);
	decode_on(&lent);
	ck_assert_uint_eq(told(lent.event), 1);
	dvt_assert_buffer_usable(&lent.dev, lent.fd);
}
END_TEST

START_TEST(revoked_buffer_has_no_causes_whatever_happens)
{
	struct lent lent;

	lend_or_skip(&lent);
	if (_i)
		decode_off(&lent);
	told(lent.event);
	take_back(&lent);
	ck_assert_uint_eq(told(lent.event), 1);
	dvt_assert_buffer(&lent.dev, lent.fd, REVOKED, 0);
	decode_off(&lent);
	dvt_assert_buffer(&lent.dev, lent.fd, REVOKED, 0);
	decode_on(&lent);
	reset(&lent);
	dvt_assert_buffer(&lent.dev, lent.fd, REVOKED, 0);
	ck_assert_uint_eq(told(lent.event), 0);
}
END_TEST

START_TEST(event_on_a_revoked_buffer_gives_ebadfd)
{
	struct lent lent;
	int event = new_event();

	lend_or_skip(&lent);
	take_back(&lent);
	ck_assert_int_eq(dvt_event(&lent.dev, lent.fd, event), -EBADFD);
	ck_assert_int_eq(dvt_event(&lent.dev, lent.fd, -1), -EBADFD);
}
END_TEST

START_TEST(write_that_changes_nothing_is_not_told)
{
	static const struct dvt_span word = { -1, 2 };
	struct lent lent;
	int i;

	lend_or_skip(&lent);
	for (i = 0; i < 2; i++)
		ck_assert_int_eq(dvt_span_write(&lent.dev, PCI_COMMAND + 1,
						&word,
						PCI_COMMAND_INTX_DISABLE >> 8,
						i ? 0 : PCI_COMMAND_INTX_DISABLE >> 8),
				 0);
	dvt_memory_on(&lent.dev);
	to_d0(&lent);
	ck_assert_uint_eq(told(lent.event), 0);
	dvt_assert_buffer_usable(&lent.dev, lent.fd);
}
END_TEST

/* STATE needs the device, which is closed: only the eventfd reports this change. */
START_TEST(last_close_is_told)
{
	struct pollfd poll_fd = { .events = POLLIN };
	struct dmabuf_vfio_pci_state state;
	struct lent lent;

	lend_or_skip(&lent);
	dvl_device_close(&lent.dev);
	poll_fd.fd = lent.event;
	ck_assert_int_eq(poll(&poll_fd, 1, -1), 1);
	ck_assert_uint_eq(told(lent.event), 1);

	dvt_open(&lent.dev, dvt_bdf(ROLE));
	ck_assert_int_eq(dvt_state(&lent.dev, lent.fd, &state), -ENODEV);
	ck_assert_int_eq(dvt_event(&lent.dev, lent.fd, lent.event), -ENODEV);
	ck_assert_int_eq(dvt_event(&lent.dev, lent.fd, -1), -ENODEV);
	decode_off(&lent);
	ck_assert_uint_eq(told(lent.event), 0);
}
END_TEST

/**
 * struct watcher - a thread that sleeps until the eventfd tells, and then asks
 * @lent: the buffer, with an eventfd that blocks
 * @event: the eventfd
 * @seen: the state that it saw last
 * @nr_told: how many changes it was told
 */
struct watcher {
	struct lent *lent;
	int event;
	atomic_uint seen;
	atomic_ulong nr_told;
};

static void *watch(void *arg)
{
	struct watcher *watcher = arg;
	struct dmabuf_vfio_pci_state state;
	eventfd_t count;

	do {
		if (eventfd_read(watcher->event, &count) ||
		    dvt_state(&watcher->lent->dev, watcher->lent->fd, &state))
			return NULL;
		watcher->nr_told += count;
		watcher->seen = state.state;
	} while (state.state != REVOKED);
	return watcher;
}

static void wait_seen(struct watcher *watcher, uint32_t state)
{
	while (watcher->seen != state)
		usleep(PAUSE_US);
}

/* A watcher that misses the last change sleeps until Check's timeout. */
START_TEST(last_state_is_never_untold)
{
	enum { NR_ROUNDS = 100 };
	struct watcher watcher = { .seen = USABLE };
	struct lent lent;
	pthread_t thread;
	void *done;
	int i;

	dvt_open_or_skip(&lent.dev, ROLE);
	lend(&lent);
	watcher.lent = &lent;
	watcher.event = eventfd(0, EFD_CLOEXEC);
	ck_assert_int_eq(dvt_event(&lent.dev, lent.fd, watcher.event), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, watch, &watcher), 0);
	for (i = 0; i < NR_ROUNDS; i++) {
		decode_off(&lent);
		if (i % 10 == 0)
			wait_seen(&watcher, BLOCKED);
		decode_on(&lent);
		if (i % 10 == 5)
			wait_seen(&watcher, USABLE);
	}
	take_back(&lent);
	ck_assert_int_eq(pthread_join(thread, &done), 0);
	ck_assert_ptr_nonnull(done);
	ck_assert_uint_le(watcher.nr_told, 2 * NR_ROUNDS + 1);
}
END_TEST

START_TEST(new_eventfd_replaces_the_old_one)
{
	struct lent lent;
	int event = new_event();

	lend_or_skip(&lent);
	ck_assert_int_eq(dvt_event(&lent.dev, lent.fd, event), 0);
	decode_off(&lent);
	ck_assert_uint_eq(told(lent.event), 0);
	ck_assert_uint_eq(told(event), 1);
	ck_assert_int_eq(dvt_event(&lent.dev, lent.fd, lent.event), 0);
	decode_on(&lent);
	ck_assert_uint_eq(told(lent.event), 1);
	ck_assert_uint_eq(told(event), 0);
}
END_TEST

START_TEST(eventfd_that_is_taken_away_hears_nothing)
{
	struct lent lent;

	lend_or_skip(&lent);
	ck_assert_int_eq(dvt_event(&lent.dev, lent.fd, -1), 0);
	decode_off(&lent);
	decode_on(&lent);
	/* There is none to take away any more. */
	ck_assert_int_eq(dvt_event(&lent.dev, lent.fd, -1), 0);
	take_back(&lent);
	ck_assert_uint_eq(told(lent.event), 0);
}
END_TEST

START_TEST(driver_keeps_an_eventfd_that_the_lender_has_closed)
{
	struct lent lent;
	int borrowed;

	lend_or_skip(&lent);
	borrowed = dup(lent.event);
	close(lent.event);
	decode_off(&lent);
	ck_assert_uint_eq(told(borrowed), 1);
}
END_TEST

/* The buffer's own reference to the eventfd goes with the buffer. */
START_TEST(eventfd_and_buffer_can_be_closed_in_any_order)
{
	struct dvt_traces before;
	struct lent lent;
	int fds[2];

	dvt_open_or_skip(&lent.dev, ROLE);
	dvt_traces_take(&before);
	lend(&lent);
	fds[0] = _i ? lent.event : lent.fd;
	fds[1] = _i ? lent.fd : lent.event;
	ck_assert_int_eq(close(fds[0]), 0);
	decode_off(&lent);
	decode_on(&lent);
	ck_assert_int_eq(close(fds[1]), 0);
	decode_off(&lent);
	dvt_traces_assert_same(&before);
}
END_TEST

START_TEST(revoke_tells_of_the_one_buffer_alone)
{
	struct lent lent, other;

	lend_or_skip(&lent);
	other = lent;
	lend(&other);
	take_back(&lent);
	ck_assert_uint_eq(told(lent.event), 1);
	ck_assert_uint_eq(told(other.event), 0);
	decode_off(&lent);
	ck_assert_uint_eq(told(lent.event), 0);
	ck_assert_uint_eq(told(other.event), 1);
}
END_TEST

/* Two buffers may have the same eventfd. */
START_TEST(shared_eventfd_adds_up)
{
	struct lent lent;
	int fd;

	lend_or_skip(&lent);
	fd = dvt_export(&lent.dev, BAR, 0, LEN, O_RDWR);
	ck_assert_int_eq(dvt_event(&lent.dev, fd, lent.event), 0);
	decode_off(&lent);
	ck_assert_uint_eq(told(lent.event), 2);
}
END_TEST

static void wait_until_suspended(const char *bdf)
{
	char status[32];

	do {
		usleep(PAUSE_US);
		ck_assert_int_eq(dvl_sysfs_read(bdf, "power/runtime_status",
						status, sizeof(status)), 0);
	} while (strcmp(status, "suspended"));
}

/* A wake-up ends low power without a call into the driver. */
START_TEST(unannounced_return_is_told_when_somebody_asks)
{
	struct vfio_device_low_power_entry_with_wakeup entry;
	eventfd_t count;
	struct lent lent;
	int wakeup = eventfd(0, EFD_CLOEXEC);

	lend_or_skip(&lent);
	entry = (struct vfio_device_low_power_entry_with_wakeup){
		.wakeup_eventfd = wakeup,
	};
	ck_assert_int_eq(dvl_feature(lent.dev.fd,
				     VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
				     VFIO_DEVICE_FEATURE_SET, &entry,
				     sizeof(entry)), 0);
	wait_until_suspended(lent.dev.bdf);
	ck_assert_uint_eq(told(lent.event), 1);
	ck_assert_int_eq(dvl_sysfs_write(lent.dev.bdf, "power/control", "on"), 0);
	ck_assert_int_eq(eventfd_read(wakeup, &count), 0);
	dvt_assert_buffer_usable(&lent.dev, lent.fd);
	ck_assert_uint_eq(told(lent.event), 1);
	ck_assert_int_eq(dvl_sysfs_write(lent.dev.bdf, "power/control", "auto"), 0);
}
END_TEST

/*
 * Bad input
 */

/* A dma-buf of memory; -1 where the kernel makes none. */
static int foreign_buffer(void)
{
	struct udmabuf_create req = { .size = LEN };
	int control, fd;

	control = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	if (control < 0)
		return -1;
	req.memfd = memfd_create("dvt", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	ck_assert_int_eq(ftruncate(req.memfd, LEN), 0);
	ck_assert_int_eq(fcntl(req.memfd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	fd = ioctl(control, UDMABUF_CREATE, &req);
	ck_assert_msg(fd >= 0, "UDMABUF_CREATE: %m");
	close(control);
	return fd;
}

static int open_path(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd = open(path, O_PATH | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static void assert_refused(const struct lent *lent, int fd, int error)
{
	struct dmabuf_vfio_pci_state state;

	ck_assert_int_eq(dvt_state(&lent->dev, fd, &state), error);
	ck_assert_int_eq(dvt_event(&lent->dev, fd, lent->event), error);
	ck_assert_int_eq(dvt_event(&lent->dev, fd, -1), error);
}

START_TEST(bad_buffer_descriptors_are_told_apart)
{
	struct lent lent;
	int foreign;

	lend_or_skip(&lent);
	assert_refused(&lent, -1, -EBADF);
	assert_refused(&lent, CLOSED_FD, -EBADF);
	assert_refused(&lent, open_path(lent.fd), -EBADF);
	assert_refused(&lent, lent.event, -EINVAL);
	assert_refused(&lent, lent.dev.fd, -EINVAL);
	assert_refused(&lent, memfd_create("dvt", MFD_CLOEXEC), -EINVAL);
	foreign = foreign_buffer();
	if (foreign >= 0)
		assert_refused(&lent, foreign, -ENODEV);
	dvt_assert_buffer_usable(&lent.dev, lent.fd);
}
END_TEST

START_TEST(buffer_of_another_device_gives_enodev)
{
	struct dvl_device other;
	struct lent lent;

	lend_or_skip(&lent);
	dvt_open_or_skip(&other, "DVP_BDF");
	assert_refused(&lent, dvt_export(&other, 2, 0, LEN, O_RDWR), -ENODEV);
}
END_TEST

START_TEST(bad_eventfd_is_refused_and_the_old_one_stays)
{
	struct lent lent;

	lend_or_skip(&lent);
	ck_assert_int_eq(dvt_event(&lent.dev, lent.fd, CLOSED_FD), -EBADF);
	ck_assert_int_eq(dvt_event(&lent.dev, lent.fd, -2), -EBADF);
	ck_assert_int_eq(dvt_event(&lent.dev, lent.fd, INT32_MIN), -EBADF);
	ck_assert_int_eq(dvt_event(&lent.dev, lent.fd, open_path(lent.event)),
			 -EBADF);
	ck_assert_int_eq(dvt_event(&lent.dev, lent.fd, lent.fd), -EINVAL);
	ck_assert_int_eq(dvt_event(&lent.dev, lent.fd,
				   memfd_create("dvt", MFD_CLOEXEC)), -EINVAL);
	decode_off(&lent);
	ck_assert_uint_eq(told(lent.event), 1);
}
END_TEST

START_TEST(wrong_operation_or_size_gives_einval)
{
	static const struct {
		uint32_t feature;
		uint32_t right;
		uint32_t wrong;
		size_t size;
	} rows[] = {
		{ DMABUF_VFIO_PCI_FEATURE_EVENT, VFIO_DEVICE_FEATURE_SET,
		  VFIO_DEVICE_FEATURE_GET, sizeof(struct dmabuf_vfio_pci_event) },
		{ DMABUF_VFIO_PCI_FEATURE_STATE, VFIO_DEVICE_FEATURE_GET,
		  VFIO_DEVICE_FEATURE_SET, sizeof(struct dmabuf_vfio_pci_state) },
	};
	union {
		struct dmabuf_vfio_pci_event event;
		struct dmabuf_vfio_pci_state state;
	} payload = {};
	uint32_t feature = rows[_i].feature;
	struct lent lent;

	lend_or_skip(&lent);
	payload.event.dmabuf_fd = lent.fd;
	payload.event.event_fd = -1;
	ck_assert_int_eq(dvl_feature(lent.dev.fd, feature, rows[_i].wrong,
				     &payload, rows[_i].size), -EINVAL);
	ck_assert_int_eq(dvl_feature(lent.dev.fd, feature, rows[_i].right,
				     &payload, rows[_i].size - 1), -EINVAL);
	ck_assert_int_eq(dvl_feature(lent.dev.fd, feature,
				     rows[_i].right | VFIO_DEVICE_FEATURE_PROBE,
				     NULL, 0), 0);
	ck_assert_int_eq(dvl_feature(lent.dev.fd, feature,
				     rows[_i].wrong | VFIO_DEVICE_FEATURE_PROBE,
				     NULL, 0), -EINVAL);
	decode_off(&lent);
	ck_assert_uint_eq(told(lent.event), 1);
}
END_TEST

DVT_MAIN("event_state",
	 { new_buffer_is_usable },
	 { info_has_the_bit },
	 { state_names_the_cause, DVT_ARRAY_SIZE(changes) },
	 { each_change_is_told, DVT_ARRAY_SIZE(changes) },
	 { each_cause_ends_by_itself },
	 { buffer_exported_without_memory_is_blocked },
	 { revoked_buffer_has_no_causes_whatever_happens, 2 },
	 { event_on_a_revoked_buffer_gives_ebadfd },
	 { write_that_changes_nothing_is_not_told },
	 { last_close_is_told },
	 { last_state_is_never_untold },
	 { new_eventfd_replaces_the_old_one },
	 { eventfd_that_is_taken_away_hears_nothing },
	 { driver_keeps_an_eventfd_that_the_lender_has_closed },
	 { eventfd_and_buffer_can_be_closed_in_any_order, 2 },
	 { revoke_tells_of_the_one_buffer_alone },
	 { shared_eventfd_adds_up },
	 { unannounced_return_is_told_when_somebody_asks },
	 { bad_buffer_descriptors_are_told_apart },
	 { buffer_of_another_device_gives_enodev },
	 { bad_eventfd_is_refused_and_the_old_one_stays },
	 { wrong_operation_or_size_gives_einval, 2 })
