// SPDX-License-Identifier: GPL-2.0-only
/*
 * The computer sleeps, by suspend to idle: the kernel stops everybody and puts each
 * device to sleep, without a word to its user, who finds all as it was. The kernel's
 * own test of it (Documentation/power/basic-pm-debugging.rst) turns back where only
 * the processors are left to idle, as nothing in the machine could wake them.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dvt_config.h"
#include "dvt_import.h"
#include "dvt_module.h"
#include "dvt_witness.h"

#define STATE "/sys/power/state"
#define TURN "/sys/power/pm_test"
#define DELAY "/sys/module/suspend/parameters/pm_test_delay"
/* How long it sleeps. */
#define SECONDS "1"

/* Power states in PCI_PM_CTRL */
enum { AWAKE = 0, ASLEEP = 3 };

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		ret = -errno;
	close(fd);
	return ret;
}

/* NULL, or why this computer cannot. */
static const char *sleep_lack(void)
{
	char states[64] = "";
	FILE *file = fopen(STATE, "r");

	if (!file)
		return "this kernel cannot suspend";
	if (!fgets(states, sizeof(states), file))
		states[0] = '\0';
	fclose(file);
	if (!strstr(states, "freeze"))
		return "this kernel knows no suspend to idle";
	return access(TURN, W_OK) || access(DELAY, W_OK) ?
	       "this kernel has no test of suspend" : NULL;
}

#define can_sleep_or_skip()						\
	do {								\
		const char *why_ = sleep_lack();			\
									\
		if (why_)						\
			dvt_skip("%s", why_);				\
	} while (0)

/* The write returns when the computer is awake again. */
static void sleep_and_wake(void)
{
	int log = dvt_log_mark();

	ck_assert_int_eq(write_file(DELAY, SECONDS), 0);
	ck_assert_int_eq(write_file(TURN, "platform"), 0);
	ck_assert_int_eq(write_file(STATE, "freeze"), 0);
	ck_assert(dvt_log_has(log, "PM: suspend entry (s2idle)"));
	ck_assert(dvt_log_has(log, "suspend debug: Waiting for " SECONDS));
	ck_assert(dvt_log_has(log, "PM: suspend exit"));
	close(log);
}

/**
 * struct row - a device, and a piece of a BAR whose first word is memory
 * @role: which
 * @bar: the BAR
 * @len: how much of it
 */
static const struct row {
	const char *role;
	unsigned int bar;
	size_t len;
} rows[] = {
	/* The second has power management, so it does go to D3hot. */
	{ "DVP_BDF", 2, DVT_MIB },
	{ "DVP_BDF_FLR", 4, 0x1000 },
};

enum { NR_ROWS = DVT_ARRAY_SIZE(rows) };

START_TEST(mappings_work_after_suspend)
{
	const struct row *row = &rows[_i];
	struct dvl_device dev;
	struct dvt_witness w;
	int i;

	can_sleep_or_skip();
	dvt_open_or_skip(&dev, row->role);
	dvt_witness_start(&w, &dev, row->bar, 0, row->len);
	for (i = 0; i < 2; i++) {
		sleep_and_wake();
		dvt_witness_assert_usable(&w);
	}
	dvt_witness_rearm(&w);
	dvt_witness_assert_usable(&w);

	/* All that ends them still does. */
	dvt_memory_off(&dev);
	dvt_witness_assert_paused(&w);
	dvt_memory_on(&dev);
	dvt_witness_assert_usable(&w);
	ck_assert_int_eq(dvl_revoke(dev.fd, w.fd), 0);
	dvt_witness_assert_dead(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(bar_mapping_works_after_suspend)
{
	const struct row *row = &rows[_i];
	struct dvl_device dev;
	void *map;

	can_sleep_or_skip();
	dvt_open_or_skip(&dev, row->role);
	map = dvl_region_mmap(&dev, row->bar, 0, row->len,
			      PROT_READ | PROT_WRITE);
	ck_assert_ptr_ne(map, MAP_FAILED);
	dvt_assert_usable(map);
	sleep_and_wake();
	dvt_assert_usable(map);
}
END_TEST

START_TEST(memory_that_is_off_stays_off_through_suspend)
{
	const struct row *row = &rows[_i];
	struct dvl_device dev;
	struct dvt_witness w;

	can_sleep_or_skip();
	dvt_open_or_skip(&dev, row->role);
	dvt_witness_start(&w, &dev, row->bar, 0, row->len);
	dvt_memory_off(&dev);
	sleep_and_wake();
	ck_assert(!dvt_memory_is_on(&dev));
	dvt_witness_assert_paused(&w);
	dvt_memory_on(&dev);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

static void set_power(const struct dvl_device *dev, uint16_t state)
{
	unsigned int reg = dvt_pm_ctrl(dev);
	uint16_t control;

	ck_assert_int_eq(dvl_config_read(dev, reg, &control, 2), 0);
	control = (control & ~PCI_PM_CTRL_STATE_MASK) | state;
	ck_assert_int_eq(dvl_config_write(dev, reg, &control, 2), 0);
}

static uint16_t power(const struct dvl_device *dev)
{
	uint16_t control;

	ck_assert_int_eq(dvl_config_read(dev, dvt_pm_ctrl(dev), &control, 2),
			 0);
	return control & PCI_PM_CTRL_STATE_MASK;
}

/* The kernel wakes all devices, also one that slept by its user's wish. */
START_TEST(device_that_slept_is_as_it_says_after_suspend)
{
	const struct row *row = &rows[1];
	struct dvl_device dev;
	struct dvt_witness w;

	can_sleep_or_skip();
	dvt_open_or_skip(&dev, row->role);
	dvt_witness_start(&w, &dev, row->bar, 0, row->len);
	set_power(&dev, ASLEEP);
	dvt_witness_assert_paused(&w);
	sleep_and_wake();
	if (power(&dev) == AWAKE)
		dvt_witness_assert_usable(&w);
	else
		dvt_witness_assert_paused(&w);
	set_power(&dev, AWAKE);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(low_power_lasts_through_suspend)
{
	const struct row *row = &rows[1];
	struct dvl_device dev;
	struct dvt_witness w;

	can_sleep_or_skip();
	dvt_open_or_skip(&dev, row->role);
	dvt_witness_start(&w, &dev, row->bar, 0, row->len);
	if (dvl_feature(dev.fd, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
			VFIO_DEVICE_FEATURE_SET, NULL, 0))
		dvt_skip("no low-power features here");
	dvt_witness_assert_paused(&w);
	sleep_and_wake();
	dvt_witness_assert_paused(&w);
	ck_assert_int_eq(dvl_feature(dev.fd,
				     VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
				     VFIO_DEVICE_FEATURE_SET, NULL, 0), 0);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(import_works_after_suspend)
{
	struct dvt_import import;

	can_sleep_or_skip();
	dvt_import_or_skip(&import, DVT_BY_US);
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd), 0);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL),
			 0);
	dvt_import_assert_leads_to(&import, 0, 0);
	sleep_and_wake();
	dvt_peer_assert_state(&import.peer, 1, 0);
	dvt_import_assert_leads_to(&import, 0, 0);
	ck_assert_int_eq(dvl_revoke(import.dev.fd, import.fd), 0);
	dvt_peer_assert_state(&import.peer, 0, 1);
}
END_TEST

START_TEST(module_can_go_after_suspend)
{
	struct dvl_device dev;
	struct dvt_witness w;

	can_sleep_or_skip();
	if (!getenv("DVP_MODULES"))
		dvt_skip("DVP_MODULES does not tell where the module is");
	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_witness_start(&w, &dev, 2, 0, DVT_MIB);
	sleep_and_wake();
	dvl_device_close(&dev);
	dvt_witness_assert_dead(&w);
	dvt_witness_stop(&w);
	dvt_module_reload(dvt_bdf("DVP_BDF"));
}
END_TEST

DVT_MAIN("suspend",
	 { mappings_work_after_suspend, NR_ROWS },
	 { bar_mapping_works_after_suspend, NR_ROWS },
	 { memory_that_is_off_stays_off_through_suspend, NR_ROWS },
	 { device_that_slept_is_as_it_says_after_suspend },
	 { low_power_lasts_through_suspend },
	 { import_works_after_suspend },
	 { module_can_go_after_suspend })
