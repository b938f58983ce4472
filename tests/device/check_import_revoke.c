// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of an import, by all that ends memory: the importer is told once, has
 * let go when the call returns, gets no new mapping until memory is back, and
 * what it does with the old one is stopped. The kernel's own exporter is held
 * to the same, but for who else is told: see check_import_kernel.c.
 */
#include <errno.h>
#include <linux/pci_regs.h>

#include "dvt_config.h"
#include "dvt_import.h"
#include "dvt_param.h"

#define MAPPED_BY_IMPORTER(import)					\
	dvt_peer_map(&(import)->peer, DVP_PEER_BIDIRECTIONAL)

/*
 * Ways to end memory, and to bring it back where that is another call.
 */

static void end_by_revoke(struct dvt_import *import)
{
	ck_assert_int_eq(dvl_revoke(import->dev.fd, import->fd), 0);
}

static void end_by_close(struct dvt_import *import)
{
	/* Who has it next must not meet the importer. */
	dvt_import_reopen(import);
}

static void end_by_memory_off(struct dvt_import *import)
{
	dvt_memory_off(&import->dev);
}

static void back_by_memory_on(struct dvt_import *import)
{
	dvt_memory_on(&import->dev);
}

static void end_by_reset(struct dvt_import *import)
{
	ck_assert_int_eq(dvl_device_reset(&import->dev), 0);
}

static void end_by_hot_reset(struct dvt_import *import)
{
	ck_assert_int_eq(dvl_device_hot_reset(&import->dev, &import->dev.group,
					      1), 0);
}

static void end_by_sysfs_reset(struct dvt_import *import)
{
	ck_assert_int_eq(dvl_sysfs_write(import->dev.bdf, "reset", "1"), 0);
}

static void set_bits(struct dvt_import *import, unsigned int reg,
		     uint16_t mask, uint16_t bits)
{
	uint16_t value;

	ck_assert_int_eq(dvl_config_read(&import->dev, reg, &value, 2), 0);
	value = (value & ~mask) | bits;
	ck_assert_int_eq(dvl_config_write(&import->dev, reg, &value, 2), 0);
}

static void end_by_flr(struct dvt_import *import)
{
	int cap = dvl_config_find_cap(&import->dev, PCI_CAP_ID_EXP);

	ck_assert_int_gt(cap, 0);
	set_bits(import, cap + PCI_EXP_DEVCTL, 0, PCI_EXP_DEVCTL_BCR_FLR);
}

static void end_by_d3hot(struct dvt_import *import)
{
	set_bits(import, dvt_pm_ctrl(&import->dev), PCI_PM_CTRL_STATE_MASK, 3);
}

static void back_by_d0(struct dvt_import *import)
{
	set_bits(import, dvt_pm_ctrl(&import->dev), PCI_PM_CTRL_STATE_MASK, 0);
	/* What the device forgot on its way. */
	dvt_memory_on(&import->dev);
}

static void low_power(struct dvt_import *import, uint32_t feature)
{
	ck_assert_int_eq(dvl_feature(import->dev.fd, feature,
				     VFIO_DEVICE_FEATURE_SET, NULL, 0), 0);
}

static void end_by_low_power(struct dvt_import *import)
{
	low_power(import, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY);
}

static void back_by_exit(struct dvt_import *import)
{
	low_power(import, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
}

/* When the buffer is usable again. */
enum back { AT_ONCE, LATER, NEVER };

/**
 * struct cause - what ends memory
 * @by: whose buffer
 * @flr: of the device with FLR, power management and registers, instead of
 *	the one with plain memory
 * @end: does it
 * @back: when the buffer is usable again
 * @restore: makes it so, for LATER
 */
static const struct cause {
	enum dvt_exported_by by;
	bool flr;
	void (*end)(struct dvt_import *import);
	enum back back;
	void (*restore)(struct dvt_import *import);
} causes[] = {
	{ DVT_BY_US, false, end_by_revoke, NEVER },
	{ DVT_BY_US, false, end_by_close, NEVER },
	{ DVT_BY_US, false, end_by_memory_off, LATER, back_by_memory_on },
	{ DVT_BY_US, false, end_by_reset, AT_ONCE },
	{ DVT_BY_US, false, end_by_hot_reset, AT_ONCE },
	{ DVT_BY_US, false, end_by_sysfs_reset, AT_ONCE },
	{ DVT_BY_US, false, end_by_low_power, LATER, back_by_exit },
	{ DVT_BY_US, true, end_by_flr, AT_ONCE },
	{ DVT_BY_US, true, end_by_d3hot, LATER, back_by_d0 },
	{ DVT_BY_US, true, end_by_low_power, LATER, back_by_exit },
	/* Behind ours, and ours with FLR before them: see the numbers below. */
	{ DVT_BY_KERNEL, false, end_by_close, NEVER },
	{ DVT_BY_KERNEL, false, end_by_memory_off, LATER, back_by_memory_on },
	{ DVT_BY_KERNEL, false, end_by_hot_reset, AT_ONCE },
};

enum {
	NR_CAUSES = DVT_ARRAY_SIZE(causes),
	NR_KERNEL_CAUSES = 3,
	NR_OUR_CAUSES = NR_CAUSES - NR_KERNEL_CAUSES,
	NR_FLR_CAUSES = 3,
	/* Of devices whose BAR is memory, which contents can be compared of. */
	NR_MEMORY_CAUSES = NR_CAUSES - NR_FLR_CAUSES,
};

/* NULL, or why the test must be skipped; else a buffer that is attached. */
static const char *start(struct dvt_import *import, const struct cause *cause)
{
	const char *why = dvt_import_open(import, cause->by);

	if (why)
		return why;
	if (cause->flr) {
		if (!dvt_bdf("DVP_BDF_FLR"))
			return "no device for DVP_BDF_FLR";
		dvt_open(&import->dev, dvt_bdf("DVP_BDF_FLR"));
		import->fd = dvt_export(&import->dev, 4, 0, 0x1000, O_RDWR);
	} else {
		import->fd = dvt_export(&import->dev, DVT_IMPORT_BAR, 0,
					DVT_IMPORT_LEN, O_RDWR);
	}
	ck_assert_int_eq(dvt_peer_attach(&import->peer, import->fd), 0);
	return NULL;
}

#define start_or_skip(import, cause)					\
	do {								\
		const char *why_ = start(import, cause);		\
									\
		if (why_)						\
			dvt_skip("%s", why_);				\
	} while (0)

START_TEST(importer_is_told_once_and_has_let_go_when_the_call_returns)
{
	const struct cause *cause = &causes[_i];
	struct dvt_import import;

	start_or_skip(&import, cause);
	ck_assert_int_eq(MAPPED_BY_IMPORTER(&import), 0);
	dvt_peer_assert_state(&import.peer, 1, 0);
	cause->end(&import);
	/* The kernel's exporter also tells that memory is back. */
	dvt_peer_assert_state(&import.peer, 0,
			      cause->by == DVT_BY_KERNEL &&
			      cause->back == AT_ONCE ? 2 : 1);
}
END_TEST

START_TEST(nobody_is_told_that_memory_is_back)
{
	const struct cause *cause = &causes[_i];
	struct dvt_import import;

	start_or_skip(&import, cause);
	ck_assert_int_eq(MAPPED_BY_IMPORTER(&import), 0);
	cause->end(&import);
	if (cause->restore)
		cause->restore(&import);
	dvt_peer_assert_state(&import.peer, 0, 1);
}
END_TEST

START_TEST(importer_without_a_mapping_is_not_told)
{
	const struct cause *cause = &causes[_i];
	struct dvt_import import;

	start_or_skip(&import, cause);
	ck_assert_int_eq(MAPPED_BY_IMPORTER(&import), 0);
	ck_assert_int_eq(dvt_peer_unmap(&import.peer), 0);
	cause->end(&import);
	if (cause->restore)
		cause->restore(&import);
	dvt_peer_assert_state(&import.peer, 0, 0);
}
END_TEST

START_TEST(map_gives_enodev_until_memory_is_back)
{
	const struct cause *cause = &causes[_i];
	struct dvt_import import;
	int round;

	start_or_skip(&import, cause);
	ck_assert_int_eq(MAPPED_BY_IMPORTER(&import), 0);
	for (round = 0; round < 2; round++) {
		cause->end(&import);
		if (cause->back != AT_ONCE)
			ck_assert_int_eq(MAPPED_BY_IMPORTER(&import), -ENODEV);
		if (cause->back == NEVER)
			return;
		if (cause->restore)
			cause->restore(&import);
		ck_assert_int_eq(MAPPED_BY_IMPORTER(&import), 0);
		if (!cause->flr)
			dvt_import_assert_leads_to(&import, DVT_MIB, DVT_MIB);
	}
}
END_TEST

START_TEST(dma_by_the_old_mapping_is_stopped)
{
	bool is_ours = _i < NR_OUR_CAUSES - NR_FLR_CAUSES;
	const struct cause *cause = &causes[is_ours ? _i : _i + NR_FLR_CAUSES];
	struct dvt_import import;

	ck_assert(!cause->flr);
	if (!dvt_machine_translates())
		dvt_skip("no IOMMU stands between the devices");
	start_or_skip(&import, cause);
	ck_assert_int_eq(MAPPED_BY_IMPORTER(&import), 0);
	dvt_import_assert_leads_to(&import, 0, 0);
	cause->end(&import);
	if (cause->restore)
		cause->restore(&import);
	dvt_import_assert_stopped(&import);
}
END_TEST

START_TEST(all_importers_of_all_buffers_are_told)
{
	const struct cause *cause = &causes[_i];
	struct dvt_import import;
	struct dvt_peer same, other;
	int fd;

	start_or_skip(&import, cause);
	fd = dvt_export(&import.dev, cause->flr ? 4 : DVT_IMPORT_BAR, 0, 0x1000,
			O_RDWR);
	dvt_peer_open(&same, dvt_bdf("DVP_BDF_PEER"));
	dvt_peer_open(&other, dvt_bdf("DVP_BDF_PEER"));
	dvt_peer_import(&same, import.fd);
	dvt_peer_import(&other, fd);
	ck_assert_int_eq(MAPPED_BY_IMPORTER(&import), 0);

	cause->end(&import);
	ck_assert_uint_eq(dvt_peer_state(&import.peer).mapped, 0);
	ck_assert_uint_eq(dvt_peer_state(&same).mapped, 0);
	/* Revoking is about one buffer, all else about the device. */
	ck_assert_uint_eq(dvt_peer_state(&other).mapped,
			  cause->end == end_by_revoke);
	ck_assert_uint_eq(dvt_peer_state(&other).notified > 0,
			  cause->end != end_by_revoke);
}
END_TEST

START_TEST(end_for_good_after_an_end_for_now_is_not_told_twice)
{
	struct dvt_import import;

	start_or_skip(&import, &causes[0]);
	ck_assert_int_eq(MAPPED_BY_IMPORTER(&import), 0);
	dvt_memory_off(&import.dev);
	ck_assert_int_eq(dvl_revoke(import.dev.fd, import.fd), 0);
	dvt_memory_on(&import.dev);
	ck_assert_int_eq(dvl_device_reset(&import.dev), 0);
	dvl_device_close(&import.dev);
	dvt_peer_assert_state(&import.peer, 0, 1);
	ck_assert_int_eq(MAPPED_BY_IMPORTER(&import), -ENODEV);
	ck_assert_int_eq(dvt_peer_detach(&import.peer), 0);
}
END_TEST

DVT_MAIN_PARAM("import_revoke",
	       { importer_is_told_once_and_has_let_go_when_the_call_returns,
		 NR_CAUSES },
	       { nobody_is_told_that_memory_is_back, NR_OUR_CAUSES },
	       { importer_without_a_mapping_is_not_told, NR_OUR_CAUSES },
	       { map_gives_enodev_until_memory_is_back, NR_CAUSES },
	       { dma_by_the_old_mapping_is_stopped, NR_MEMORY_CAUSES },
	       { all_importers_of_all_buffers_are_told, NR_CAUSES },
	       { end_for_good_after_an_end_for_now_is_not_told_twice })
