// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all tests rely on: the machine itself. An emulator may send an access to
 * the wrong device while the memory map changes, and then whatever test happens to
 * run is to blame.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "dvt.h"

enum { NR_CHANGES = 100 };

/* The register of QEMU's edu that gives back the complement of what it is given. */
#define EDU_LIVENESS 4

/**
 * struct asker - a thread that uses a register
 * @reg: the register
 * @thread: the thread
 * @stop: tells it to stop
 * @nr_good: right answers
 * @nr_wrong: other answers
 */
struct asker {
	volatile uint32_t *reg;
	pthread_t thread;
	atomic_bool stop;
	atomic_ulong nr_good;
	atomic_ulong nr_wrong;
};

static void *ask(void *data)
{
	struct asker *asker = data;
	uint32_t value;

	for (value = 1; !atomic_load(&asker->stop); value++) {
		*asker->reg = value;
		atomic_fetch_add(*asker->reg == ~value ? &asker->nr_good :
							 &asker->nr_wrong, 1);
	}
	return NULL;
}

START_TEST(registers_answer_while_bars_of_another_device_come_and_go)
{
	struct dvl_device edu, other;
	struct asker asker = { 0 };
	unsigned long before;
	uint8_t *bar;
	int i;

	dvt_open_or_skip(&other, "DVP_BDF_DISPLAY");
	dvt_open_or_skip(&edu, "DVP_BDF_EDU");
	bar = dvt_map(dvt_export(&edu, 0, 0, 0x1000, O_RDWR), 0x1000,
		      PROT_READ | PROT_WRITE);
	asker.reg = (uint32_t *)(bar + EDU_LIVENESS);
	ck_assert_int_eq(pthread_create(&asker.thread, NULL, ask, &asker), 0);
	for (i = 0; i < NR_CHANGES; i++) {
		before = atomic_load(&asker.nr_good);
		dvt_memory_off(&other);
		dvt_memory_on(&other);
		/* As many answers as changes, whoever is scheduled. */
		while (atomic_load(&asker.nr_good) == before &&
		       !atomic_load(&asker.nr_wrong))
			;
	}
	atomic_store(&asker.stop, true);
	ck_assert_int_eq(pthread_join(asker.thread, NULL), 0);
	ck_assert_uint_eq(asker.nr_wrong, 0);
	ck_assert_uint_ge(asker.nr_good, NR_CHANGES);
}
END_TEST

DVT_MAIN("machine", { registers_answer_while_bars_of_another_device_come_and_go })
