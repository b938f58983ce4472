// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config writes that change nothing for memory: they leave it on, or fail, or
 * come from where they cannot be read.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <pthread.h>

#include "dvt_config.h"
#include "dvt_hammer.h"
#include "dvt_witness.h"

/*
 * At full speed, while a thread touches.
 */

enum { NR_INNOCENT = 300, NR_CROSSED = 500 };

static void assert_never_sigbus(const struct dvl_device *dev, unsigned int reg,
				const struct dvt_span *span, uint8_t mask,
				struct dvt_hammer *hammer)
{
	int i;

	for (i = 0; i < NR_INNOCENT; i++)
		ck_assert_int_eq(dvt_span_write(dev, reg, span, mask,
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
	struct dvt_span span;
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
	static const struct dvt_span word = { 0, 2 };
	struct dvt_hammer hammer;
	struct dvl_device dev;
	void *map;

	dvt_open_or_skip(&dev, "DVP_BDF_FLR");
	dvt_poke32(&dev, 4, 0, DVT_PATTERN);
	map = dvt_map(dvt_export(&dev, 4, 0, 0x1000, O_RDWR), 0x1000,
		      PROT_READ);
	dvt_hammer_start(&hammer, map, 0x1000);
	/* D0 over D0; a mask of 0 writes back what is there. */
	assert_never_sigbus(&dev, dvt_pm_ctrl(&dev), &word, 0, &hammer);
}
END_TEST

/*
 * Buffers that a config write cannot, or should not, be read from.
 */

START_TEST(write_from_a_bad_address_changes_nothing)
{
	const struct dvt_span *span = &dvt_command_spans[_i];
	struct dvl_device dev;
	struct dvt_witness w;
	void *bad;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_witness_start(&w, &dev, 2, 0, DVT_MIB);
	bad = mmap(NULL, 0x1000, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(bad, MAP_FAILED);
	ck_assert_int_eq(dvl_config_write(&dev, PCI_COMMAND + span->off, bad,
					  span->len), -EFAULT);
	ck_assert(dvt_memory_is_on(&dev));
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
	ck_assert(dvt_memory_is_on(&dev));
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
	if (dvt_memory_is_on(&dev))
		dvt_witness_assert_usable(&w);
	else
		dvt_witness_assert_paused(&w);
	dvt_memory_on(&dev);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

/**
 * struct crossed - a device that is written to out of another one's buffer
 * @dev: the device
 * @from: a mapping of the other one's buffer, which holds what is written
 * @go: both begin here
 * @nr_other: writes that came to neither success nor EFAULT
 */
struct crossed {
	struct dvl_device dev;
	void *from;
	pthread_barrier_t *go;
	pthread_t thread;
	unsigned int nr_other;
};

static void *write_crossed(void *arg)
{
	struct crossed *side = arg;
	int i, ret;

	pthread_barrier_wait(side->go);
	for (i = 0; i < NR_CROSSED; i++) {
		ret = dvl_config_write(&side->dev, PCI_COMMAND, side->from, 2);
		side->nr_other += ret && ret != -EFAULT;
	}
	return NULL;
}

static void cross(const struct crossed *side, struct crossed *other)
{
	uint16_t command;

	other->from = dvt_map(dvt_export(&side->dev, 2, 0, 0x1000, O_RDWR),
			      0x1000, PROT_READ | PROT_WRITE);
	ck_assert_int_eq(dvl_config_read(&other->dev, PCI_COMMAND, &command,
					 2), 0);
	*(volatile uint16_t *)other->from = command;
}

/* Each waits for the end of the other's transition, if it waits at all. */
START_TEST(writes_out_of_each_others_buffers_return)
{
	struct crossed sides[2] = {};
	pthread_barrier_t go;
	int i;

	dvt_open_or_skip(&sides[0].dev, "DVP_BDF");
	dvt_open_or_skip(&sides[1].dev, "DVP_BDF_1G");
	cross(&sides[0], &sides[1]);
	cross(&sides[1], &sides[0]);
	ck_assert_int_eq(pthread_barrier_init(&go, NULL, 2), 0);
	for (i = 0; i < 2; i++) {
		sides[i].go = &go;
		ck_assert_int_eq(pthread_create(&sides[i].thread, NULL,
						write_crossed, &sides[i]), 0);
	}
	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(pthread_join(sides[i].thread, NULL), 0);
		ck_assert_uint_eq(sides[i].nr_other, 0);
		ck_assert(dvt_memory_is_on(&sides[i].dev));
	}
}
END_TEST

DVT_MAIN("innocent",
	 { innocent_command_write_never_raises_sigbus,
	   DVT_ARRAY_SIZE(innocents) },
	 { innocent_power_write_never_raises_sigbus },
	 { write_from_a_bad_address_changes_nothing,
	   DVT_NR_COMMAND_SPANS },
	 { write_that_becomes_unreadable_before_command_changes_nothing },
	 { write_out_of_the_buffer_itself_returns, 2 },
	 { writes_out_of_each_others_buffers_return })
