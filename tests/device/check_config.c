// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config writes: those that take memory away and bring it back, in every width
 * that reaches the registers, and those that change nothing for memory.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <unistd.h>

#include "dvt_hammer.h"
#include "dvt_witness.h"

/**
 * struct span - a write around a register
 * @off: where it starts, from the register
 * @len: how many bytes
 */
struct span {
	int off;
	unsigned int len;
};

/* Writes @bits of the byte @reg, within a span whose other bytes stay. */
static int span_write(const struct dvl_device *dev, unsigned int reg,
		      const struct span *span, uint8_t mask, uint8_t bits)
{
	uint8_t bytes[64];
	uint8_t *byte = &bytes[-span->off];
	int ret;

	ret = dvl_config_read(dev, reg + span->off, bytes, span->len);
	if (ret)
		return ret;
	*byte = (*byte & ~mask) | bits;
	return dvl_config_write(dev, reg + span->off, bytes, span->len);
}

/* All that cover the low byte of COMMAND. */
static const struct span command_spans[] = {
	{ 0, 1 }, { 0, 2 }, { 0, 4 }, { -4, 8 }, { -4, 64 },
	{ -1, 2 }, { -1, 3 }, { -2, 4 }, { -3, 7 }, { 0, 3 },
};

START_TEST(memory_off_pauses_and_on_resumes)
{
	const struct span *span = &command_spans[_i];
	struct dvl_device dev;
	struct dvt_witness w;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_witness_start(&w, &dev, 2, 0, 4 * DVT_MIB);
	ck_assert_int_eq(span_write(&dev, PCI_COMMAND, span,
				    PCI_COMMAND_MEMORY, 0), 0);
	dvt_witness_assert_paused(&w);
	ck_assert_int_eq(span_write(&dev, PCI_COMMAND, span,
				    PCI_COMMAND_MEMORY, PCI_COMMAND_MEMORY), 0);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

/* All that cover the low byte of the PM capability's control register. */
static const struct span pm_spans[] = {
	{ 0, 1 }, { 0, 2 }, { 0, 4 }, { -4, 8 }, { -1, 2 }, { -1, 3 },
};

static int pm_ctrl(const struct dvl_device *dev)
{
	int cap = dvl_config_find_cap(dev, PCI_CAP_ID_PM);

	ck_assert_int_gt(cap, 0);
	return cap + PCI_PM_CTRL;
}

static void set_power_state(const struct dvl_device *dev, uint8_t state)
{
	static const struct span byte = { 0, 1 };

	ck_assert_int_eq(span_write(dev, pm_ctrl(dev), &byte,
				    PCI_PM_CTRL_STATE_MASK, state), 0);
}

START_TEST(d3hot_pauses_and_d0_resumes)
{
	const struct span *span = &pm_spans[_i];
	struct dvl_device dev;
	struct dvt_witness w;

	dvt_open_or_skip(&dev, "DVP_BDF_FLR");
	dvt_witness_start(&w, &dev, 4, 0, 0x1000);
	ck_assert_int_eq(span_write(&dev, pm_ctrl(&dev), span,
				    PCI_PM_CTRL_STATE_MASK, 3), 0);
	dvt_witness_assert_paused(&w);
	ck_assert_int_eq(span_write(&dev, pm_ctrl(&dev), span,
				    PCI_PM_CTRL_STATE_MASK, 0), 0);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

static bool memory_is_on(const struct dvl_device *dev)
{
	uint16_t command;

	ck_assert_int_eq(dvl_config_read(dev, PCI_COMMAND, &command, 2), 0);
	return command & PCI_COMMAND_MEMORY;
}

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
	ck_assert_int_eq(dvl_config_read(&dev, pm_ctrl(&dev), &state, 1), 0);
	ck_assert_uint_eq(state & PCI_PM_CTRL_STATE_MASK, 0);
	ck_assert(memory_is_on(&dev));
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
	ck_assert_int_eq(dvl_config_read(&dev, pm_ctrl(&dev) - 2, &pmc, 2), 0);
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

/*
 * Writes that leave memory on, at full speed, while a thread touches.
 */

enum { NR_INNOCENT = 3000 };

static void assert_never_sigbus(const struct dvl_device *dev, unsigned int reg,
				const struct span *span, uint8_t mask,
				struct dvt_hammer *hammer)
{
	int i;

	for (i = 0; i < NR_INNOCENT; i++)
		ck_assert_int_eq(span_write(dev, reg, span, mask,
					    i % 2 ? mask : 0), 0);
	dvt_hammer_wait_good(hammer, 100);
	dvt_hammer_stop(hammer);
	ck_assert_uint_eq(hammer->nr_sigbus, 0);
}

/**
 * struct innocent - a bit of COMMAND that memory has nothing to do with
 * @reg: the byte that holds it
 * @mask: the bit in that byte
 * @span: the write
 */
static const struct innocent {
	unsigned int reg;
	uint8_t mask;
	struct span span;
} innocents[] = {
	{ PCI_COMMAND, PCI_COMMAND_MASTER, { 0, 1 } },
	{ PCI_COMMAND, PCI_COMMAND_MASTER, { 0, 2 } },
	{ PCI_COMMAND, PCI_COMMAND_MASTER, { 0, 4 } },
	{ PCI_COMMAND, PCI_COMMAND_MASTER, { -4, 8 } },
	{ PCI_COMMAND + 1, PCI_COMMAND_INTX_DISABLE >> 8, { 0, 1 } },
	{ PCI_COMMAND + 1, PCI_COMMAND_INTX_DISABLE >> 8, { -1, 2 } },
};

START_TEST(innocent_command_write_never_raises_sigbus)
{
	const struct innocent *row = &innocents[_i];
	struct dvt_hammer hammer;
	struct dvl_device dev;
	void *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_pattern_fill(&dev, 2, 0, DVT_MIB);
	map = dvt_map(dvt_export(&dev, 2, 0, DVT_MIB, O_RDWR), DVT_MIB,
		      PROT_READ);
	dvt_hammer_start(&hammer, map, DVT_MIB);
	assert_never_sigbus(&dev, row->reg, &row->span, row->mask, &hammer);
}
END_TEST

START_TEST(innocent_power_write_never_raises_sigbus)
{
	static const struct span word = { 0, 2 };
	struct dvt_hammer hammer;
	struct dvl_device dev;
	void *map;

	dvt_open_or_skip(&dev, "DVP_BDF_FLR");
	dvt_poke32(&dev, 4, 0, DVT_PATTERN);
	map = dvt_map(dvt_export(&dev, 4, 0, 0x1000, O_RDWR), 0x1000,
		      PROT_READ);
	dvt_hammer_start(&hammer, map, 0x1000);
	/* D0 over D0; a mask of 0 writes back what is there. */
	assert_never_sigbus(&dev, pm_ctrl(&dev), &word, 0, &hammer);
}
END_TEST

/*
 * Buffers that a config write cannot, or should not, be read from.
 */

START_TEST(write_from_a_bad_address_changes_nothing)
{
	const struct span *span = &command_spans[_i];
	struct dvl_device dev;
	struct dvt_witness w;
	void *bad;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_witness_start(&w, &dev, 2, 0, DVT_MIB);
	bad = mmap(NULL, 0x1000, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(bad, MAP_FAILED);
	ck_assert_int_eq(dvl_config_write(&dev, PCI_COMMAND + span->off, bad,
					  span->len), -EFAULT);
	ck_assert(memory_is_on(&dev));
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(write_that_becomes_unreadable_before_command_changes_nothing)
{
	struct dvl_device dev;
	struct dvt_witness w;
	uint8_t *pages;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_witness_start(&w, &dev, 2, 0, DVT_MIB);
	pages = mmap(NULL, 0x2000, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(pages, MAP_FAILED);
	ck_assert_int_eq(mprotect(pages + 0x1000, 0x1000, PROT_NONE), 0);
	ck_assert_int_ne(dvl_config_write(&dev, 0, pages + 0x1000 - 4, 8), 0);
	ck_assert(memory_is_on(&dev));
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(write_out_of_the_buffer_itself_returns)
{
	struct dvl_device dev;
	struct dvt_witness w;
	uint16_t command;
	int ret;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_witness_start(&w, &dev, 2, 0, DVT_MIB);
	ck_assert_int_eq(dvl_config_read(&dev, PCI_COMMAND, &command, 2), 0);
	if (_i)
		command &= ~PCI_COMMAND_MEMORY;
	*(volatile uint16_t *)w.here = command;

	/* The fault may be refused; a wait for itself would never end. */
	ret = dvl_config_write(&dev, PCI_COMMAND, w.here, 2);
	ck_assert(!ret || ret == -EFAULT);
	if (memory_is_on(&dev))
		dvt_witness_assert_usable(&w);
	else
		dvt_witness_assert_paused(&w);
	dvt_memory_on(&dev);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

DVT_MAIN("config",
	 { memory_off_pauses_and_on_resumes, DVT_ARRAY_SIZE(command_spans) },
	 { d3hot_pauses_and_d0_resumes, DVT_ARRAY_SIZE(pm_spans) },
	 { memory_off_in_d3hot_outlasts_it },
	 { d3hot_with_memory_off_needs_both_to_end },
	 { reset_ends_d3hot },
	 { d1_that_the_device_lacks_leaves_the_buffer_usable },
	 { export_in_d3hot_starts_paused },
	 { revoked_while_paused_stays_dead },
	 { only_the_device_that_was_written_to_pauses },
	 { innocent_command_write_never_raises_sigbus,
	   DVT_ARRAY_SIZE(innocents) },
	 { innocent_power_write_never_raises_sigbus },
	 { write_from_a_bad_address_changes_nothing,
	   DVT_ARRAY_SIZE(command_spans) },
	 { write_that_becomes_unreadable_before_command_changes_nothing },
	 { write_out_of_the_buffer_itself_returns, 2 })
