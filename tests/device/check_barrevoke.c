// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of a BAR made through the device's descriptor are revoked and
 * restored by power states and hot resets as buffers are. Memory decoding is
 * in check_barmmap, what is read during resets in check_during.
 */
#include <linux/pci_regs.h>

#include "dvt_config.h"
#include "dvt_importer.h"

#define RW (PROT_READ | PROT_WRITE)

/* The select register of the virtio common configuration keeps what is written. */
#define ROLE "DVP_BDF_FLR"
#define BAR 4
#define LEN 0x1000

static int set_power_state(const struct dvl_device *dev, uint8_t state)
{
	static const struct dvt_span byte = { 0, 1 };

	return dvt_span_write(dev, dvt_pm_ctrl(dev), &byte,
			      PCI_PM_CTRL_STATE_MASK, state);
}

static int to_d3hot(const struct dvl_device *dev)
{
	return set_power_state(dev, 3);
}

static int to_d0(const struct dvl_device *dev)
{
	return set_power_state(dev, 0);
}

static int enter_low_power(const struct dvl_device *dev)
{
	return dvl_feature(dev->fd, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
			   VFIO_DEVICE_FEATURE_SET, NULL, 0);
}

static int leave_low_power(const struct dvl_device *dev)
{
	return dvl_feature(dev->fd, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
			   VFIO_DEVICE_FEATURE_SET, NULL, 0);
}

/**
 * struct pause - something that takes memory away until it is undone
 * @begin: does it
 * @end: undoes it
 */
static const struct pause {
	int (*begin)(const struct dvl_device *dev);
	int (*end)(const struct dvl_device *dev);
} pauses[] = {
	{ to_d3hot, to_d0 },
	{ enter_low_power, leave_low_power },
};

START_TEST(bar_mapping_is_revoked_while_the_device_sleeps)
{
	const struct pause *pause = &pauses[_i];
	uint8_t *map, *fresh, *late;
	struct dvt_child child;
	struct dvl_device dev;

	dvt_open_or_skip(&dev, ROLE);
	map = dvl_region_mmap(&dev, BAR, 0, LEN, RW);
	ck_assert_ptr_ne(map, MAP_FAILED);
	fresh = dvl_region_mmap(&dev, BAR, 0, LEN, RW);
	ck_assert_ptr_ne(fresh, MAP_FAILED);
	dvt_assert_usable(map);
	dvt_child_start(&child, DVT_NOBODY);
	ck_assert_int_ge(dvt_child_read32(&child, (uintptr_t)map), 0);

	ck_assert_int_eq(pause->begin(&dev), 0);
	dvt_assert_sigbus(map);
	dvt_assert_sigbus(fresh);
	ck_assert_int_eq(dvt_child_read32(&child, (uintptr_t)map), DVT_SIGBUS);
	late = dvl_region_mmap(&dev, BAR, 0, LEN, RW);
	ck_assert_ptr_ne(late, MAP_FAILED);
	dvt_assert_sigbus(late);

	ck_assert_int_eq(pause->end(&dev), 0);
	dvt_assert_usable(map);
	dvt_assert_usable(fresh);
	dvt_assert_usable(late);
	ck_assert_int_ge(dvt_child_read32(&child, (uintptr_t)map), 0);
	dvt_child_stop(&child);
}
END_TEST

/* Of the device itself, and of its sibling under plain vfio-pci. */
static const char * const resetters[] = { "DVP_BDF_PAIR0", "DVP_BDF_PAIR1" };

START_TEST(bar_mapping_is_revoked_and_restored_by_a_hot_reset)
{
	struct dvl_device dev, by;
	uint8_t *map, *fresh;
	int importer;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF_PAIR0");
	by = dev;
	if (_i) {
		if (!dvt_bdf(resetters[_i]))
			dvt_skip("no device for %s", resetters[_i]);
		dvt_open_in(&by, dvt_bdf(resetters[_i]), &dev);
	}
	map = dvl_region_mmap(&dev, 2, 0, DVT_MIB, RW);
	ck_assert_ptr_ne(map, MAP_FAILED);
	fresh = dvl_region_mmap(&dev, 2, 0, DVT_MIB, RW);
	ck_assert_ptr_ne(fresh, MAP_FAILED);
	dvt_assert_usable(map);
	ck_assert_uint_ne(dvt_pte_level(importer, map), DVP_PTE_NONE);

	ck_assert_int_eq(dvl_device_hot_reset(&by, &by.group, 1), 0);
	ck_assert_uint_eq(dvt_pte_level(importer, map), DVP_PTE_NONE);
	dvt_assert_usable(map);
	dvt_assert_usable(fresh);
}
END_TEST

DVT_MAIN("barrevoke",
	 { bar_mapping_is_revoked_while_the_device_sleeps,
	   DVT_ARRAY_SIZE(pauses) },
	 { bar_mapping_is_revoked_and_restored_by_a_hot_reset,
	   DVT_ARRAY_SIZE(resetters) })
