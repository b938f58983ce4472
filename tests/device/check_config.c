// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config writes that take memory away and bring it back, in every width that
 * reaches the registers.
 */
#include <errno.h>
#include <linux/pci_regs.h>

#include "dvt_config.h"
#include "dvt_witness.h"

START_TEST(memory_off_pauses_and_on_resumes)
{
	const struct dvt_span *span = &dvt_command_spans[_i];
	struct dvl_device dev;
	struct dvt_witness w;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_witness_start(&w, &dev, 2, 0, 4 * DVT_MIB);
	ck_assert_int_eq(dvt_span_write(&dev, PCI_COMMAND, span,
					PCI_COMMAND_MEMORY, 0), 0);
	dvt_witness_assert_paused(&w);
	ck_assert_int_eq(dvt_span_write(&dev, PCI_COMMAND, span,
					PCI_COMMAND_MEMORY, PCI_COMMAND_MEMORY), 0);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

/* All that cover the low byte of the PM capability's control register. */
static const struct dvt_span pm_spans[] = {
	{ 0, 1 }, { 0, 2 }, { 0, 4 }, { -4, 8 }, { -1, 2 }, { -1, 3 },
};

static void set_power_state(const struct dvl_device *dev, uint8_t state)
{
	static const struct dvt_span byte = { 0, 1 };

	ck_assert_int_eq(dvt_span_write(dev, dvt_pm_ctrl(dev), &byte,
					PCI_PM_CTRL_STATE_MASK, state), 0);
}

START_TEST(d3hot_pauses_and_d0_resumes)
{
	const struct dvt_span *span = &pm_spans[_i];
	struct dvl_device dev;
	struct dvt_witness w;

	dvt_open_or_skip(&dev, "DVP_BDF_FLR");
	dvt_witness_start(&w, &dev, 4, 0, 0x1000);
	ck_assert_int_eq(dvt_span_write(&dev, dvt_pm_ctrl(&dev), span,
					PCI_PM_CTRL_STATE_MASK, 3), 0);
	dvt_witness_assert_paused(&w);
	ck_assert_int_eq(dvt_span_write(&dev, dvt_pm_ctrl(&dev), span,
					PCI_PM_CTRL_STATE_MASK, 0), 0);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

/*
 * On the way to D0 the core restores a COMMAND from before, and still goes by
 * what the user wrote last: it refuses reads through the device, too.
 */
START_TEST(memory_off_in_d3hot_outlasts_it)
{
	struct dvl_device dev;
	struct dvt_witness w;
	uint32_t word;

	dvt_open_or_skip(&dev, "DVP_BDF_FLR");
	dvt_witness_start(&w, &dev, 4, 0, 0x1000);
	set_power_state(&dev, 3);
	dvt_memory_off(&dev);
	dvt_witness_assert_paused(&w);
	set_power_state(&dev, 0);
	ck_assert_int_eq(dvl_region_read(&dev, 4, 0, &word, 4), -EIO);
	dvt_witness_assert_paused(&w);
	dvt_memory_on(&dev);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(d3hot_with_memory_off_needs_both_to_end)
{
	struct dvl_device dev;
	struct dvt_witness w;

	dvt_open_or_skip(&dev, "DVP_BDF_FLR");
	dvt_witness_start(&w, &dev, 4, 0, 0x1000);
	dvt_memory_off(&dev);
	set_power_state(&dev, 3);
	dvt_memory_on(&dev);
	dvt_witness_assert_paused(&w);
	set_power_state(&dev, 0);
	dvt_memory_on(&dev);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(reset_ends_d3hot)
{
	struct dvl_device dev;
	struct dvt_witness w;
	uint8_t state;

	dvt_open_or_skip(&dev, "DVP_BDF_FLR");
	dvt_witness_start(&w, &dev, 4, 0, 0x1000);
	set_power_state(&dev, 3);
	dvt_witness_assert_paused(&w);
	ck_assert_int_eq(dvl_device_reset(&dev), 0);
	ck_assert_int_eq(dvl_config_read(&dev, dvt_pm_ctrl(&dev), &state, 1), 0);
	ck_assert_uint_eq(state & PCI_PM_CTRL_STATE_MASK, 0);
	ck_assert(dvt_memory_is_on(&dev));
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(d1_that_the_device_lacks_leaves_the_buffer_usable)
{
	struct dvl_device dev;
	struct dvt_witness w;
	uint16_t pmc;

	dvt_open_or_skip(&dev, "DVP_BDF_FLR");
	ck_assert_int_eq(dvl_config_read(&dev, dvt_pm_ctrl(&dev) - 2, &pmc, 2), 0);
	if (pmc & PCI_PM_CAP_D1)
		dvt_skip("the device has D1");
	dvt_witness_start(&w, &dev, 4, 0, 0x1000);
	set_power_state(&dev, 1);
	dvt_witness_assert_usable(&w);
	set_power_state(&dev, 0);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(export_in_d3hot_starts_paused)
{
	struct dvl_device dev;
	uint32_t *map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF_FLR");
	set_power_state(&dev, 3);
	fd = dvt_export(&dev, 4, 0, 0x1000, O_RDWR);
	map = dvt_map(fd, 0x1000, PROT_READ | PROT_WRITE);
	dvt_assert_sigbus(map);
	set_power_state(&dev, 0);
	dvt_assert_usable(map);
}
END_TEST

START_TEST(revoked_while_paused_stays_dead)
{
	struct dvl_device dev;
	struct dvt_witness w;
	int log = dvt_log_mark();

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_witness_start(&w, &dev, 2, 0, DVT_MIB);
	dvt_memory_off(&dev);
	dvt_memory_off(&dev);
	ck_assert_int_eq(dvl_revoke(dev.fd, w.fd), 0);
	dvt_memory_off(&dev);
	dvt_witness_assert_dead(&w);
	dvt_memory_on(&dev);
	dvt_witness_assert_dead(&w);
	ck_assert(!dvt_log_has(log, "WARNING"));
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(only_the_device_that_was_written_to_pauses)
{
	struct dvl_device dev, other;
	struct dvt_witness w, v;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_open_or_skip(&other, "DVP_BDF_1G");
	dvt_witness_start(&w, &dev, 2, 0, DVT_MIB);
	dvt_witness_start(&v, &other, 2, 0, DVT_MIB);
	dvt_memory_off(&dev);
	dvt_witness_assert_paused(&w);
	dvt_witness_assert_usable(&v);
	dvt_memory_on(&dev);
	dvt_witness_stop(&v);
	dvt_witness_stop(&w);
}
END_TEST

DVT_MAIN("config",
	 { memory_off_pauses_and_on_resumes, DVT_NR_COMMAND_SPANS },
	 { d3hot_pauses_and_d0_resumes, DVT_ARRAY_SIZE(pm_spans) },
	 { memory_off_in_d3hot_outlasts_it },
	 { d3hot_with_memory_off_needs_both_to_end },
	 { reset_ends_d3hot },
	 { d1_that_the_device_lacks_leaves_the_buffer_usable },
	 { export_in_d3hot_starts_paused },
	 { revoked_while_paused_stays_dead },
	 { only_the_device_that_was_written_to_pauses })
