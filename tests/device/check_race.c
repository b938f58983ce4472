// SPDX-License-Identifier: GPL-2.0-only
/*
 * Races. A thread touches a mapping without a pause while another takes the
 * memory away and brings it back: each touch finds what is in the memory, or
 * SIGBUS. Whatever a BAR answers whose decoding is off came through a mapping
 * that should have been gone. Runs are bounded by operations, not by time.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "dvt_config.h"
#include "dvt_hammer.h"

enum {
	NR_RESETS_BUS = 4,	/* each waits for a second or so */
	NR_RESETS_FLR = 15,
	NR_DECODE = 100,
	NR_FLIPPED = 400,
	NR_REVOKES = 60,
	NR_EXPORTS = 300,
};

/**
 * struct place - memory of a device
 * @role: the device
 * @bar: the BAR
 * @len: how much of it
 * @huge: exported for huge entries
 */
static const struct place {
	const char *role;
	unsigned int bar;
	size_t len;
	bool huge;
} places[] = {
	/* Room for huge entries, and none. */
	{ "DVP_BDF", 2, 4 * DVT_MIB, .huge = true },
	{ "DVP_BDF", 2, 64 * 1024 },
};

static void *map_pattern(const struct dvl_device *dev,
			 const struct place *place)
{
	int fd;

	dvt_pattern_fill(dev, place->bar, 0, place->len);
	fd = place->huge ?
	     dvt_export_huge(dev, place->bar, 0, place->len, O_RDWR) :
	     dvt_export(dev, place->bar, 0, place->len, O_RDWR);
	return dvt_map(fd, place->len, PROT_READ | PROT_WRITE);
}

START_TEST(touching_during_resets_finds_memory_or_sigbus)
{
	const struct place *place = &places[_i];
	struct dvt_hammer hammer;
	struct dvl_device dev;
	void *map;
	int i;

	dvt_open_or_skip(&dev, place->role);
	map = map_pattern(&dev, place);
	dvt_hammer_start(&hammer, map, place->len);
	for (i = 0; i < NR_RESETS_BUS; i++) {
		ck_assert_int_eq(dvl_device_reset(&dev), 0);
		dvt_hammer_wait_good(&hammer, 20);
	}
	dvt_hammer_stop(&hammer);
	ck_assert_uint_gt(hammer.nr_good, 0);
	ck_assert_uint_gt(hammer.nr_sigbus, 0);
}
END_TEST

START_TEST(touching_during_flr_finds_the_register_or_sigbus)
{
	struct dvt_hammer hammer;
	struct dvl_device dev;
	uint32_t features;
	uint8_t *map;
	int i;

	dvt_open_or_skip(&dev, "DVP_BDF_FLR");
	/* What the device offers, first half: a register that no reset changes. */
	dvt_poke32(&dev, 4, 0, 0);
	features = dvt_peek32(&dev, 4, 4);
	ck_assert_uint_ne(features, 0);
	map = dvt_map(dvt_export(&dev, 4, 0, 0x1000, O_RDWR), 0x1000,
		      PROT_READ);
	dvt_hammer_start_word(&hammer, map + 4, features);
	for (i = 0; i < NR_RESETS_FLR; i++) {
		ck_assert_int_eq(dvl_device_reset(&dev), 0);
		dvt_hammer_wait_good(&hammer, 20);
	}
	dvt_hammer_stop(&hammer);
	ck_assert_uint_gt(hammer.nr_sigbus, 0);
}
END_TEST

START_TEST(touching_while_decoding_goes_off_and_on_finds_memory_or_sigbus)
{
	const struct place *place = &places[_i];
	struct dvt_hammer hammer;
	struct dvl_device dev;
	void *map;
	int i;

	dvt_open_or_skip(&dev, place->role);
	map = map_pattern(&dev, place);
	dvt_hammer_start(&hammer, map, place->len);
	for (i = 0; i < NR_DECODE; i++) {
		dvt_memory_off(&dev);
		if (i % 8 == 0)
			dvt_hammer_wait_any(&hammer, 2);
		dvt_memory_on(&dev);
		if (i % 8 == 4)
			dvt_hammer_wait_good(&hammer, 2);
	}
	dvt_hammer_wait_good(&hammer, 20);
	dvt_hammer_stop(&hammer);
	ck_assert_uint_gt(hammer.nr_sigbus, 0);
}
END_TEST

/*
 * The double fetch: what a config write is foreseen to do, and what it does,
 * may come from two reads of the user's buffer.
 */

struct flipper {
	pthread_t thread;
	atomic_bool stop;
	_Atomic uint16_t command;
};

static void *flip(void *arg)
{
	struct flipper *flipper = arg;

	while (!atomic_load_explicit(&flipper->stop, memory_order_relaxed))
		atomic_fetch_xor_explicit(&flipper->command,
					  PCI_COMMAND_MEMORY,
					  memory_order_relaxed);
	return NULL;
}

START_TEST(config_write_that_is_flipped_meanwhile_leaves_no_stale_access)
{
	const struct place *place = &places[_i];
	int i, nr_on = 0, nr_off = 0;
	struct dvt_hammer hammer;
	struct flipper flipper;
	struct dvl_device dev;
	uint32_t *map, word;

	dvt_open_or_skip(&dev, place->role);
	map = map_pattern(&dev, place);
	flipper = (struct flipper){ .stop = false };
	ck_assert_int_eq(dvl_config_read(&dev, PCI_COMMAND, &word, 2), 0);
	atomic_store(&flipper.command, word);

	dvt_hammer_start(&hammer, map, place->len);
	ck_assert_int_eq(pthread_create(&flipper.thread, NULL, flip, &flipper),
			 0);
	/* Until both came: the flipping reached the core. */
	for (i = 0; i < NR_FLIPPED || !nr_on || !nr_off; i++) {
		ck_assert_int_eq(dvl_config_write(&dev, PCI_COMMAND,
						  (void *)&flipper.command, 2),
				 0);
		/* Only this thread writes: what it finds now must stand. */
		if (dvt_memory_is_on(&dev)) {
			nr_on++;
			ck_assert_int_eq(dvt_read32(map), DVT_PATTERN);
		} else {
			nr_off++;
			ck_assert_int_eq(dvt_read32(map), DVT_SIGBUS);
		}
	}
	atomic_store(&flipper.stop, true);
	pthread_join(flipper.thread, NULL);
	dvt_hammer_stop(&hammer);
}
END_TEST

/*
 * After REVOKE returns, no access that starts later reaches the device.
 */

struct revoked {
	void *map;
	atomic_bool revoked;
	atomic_bool late;	/* a read that began after the end succeeded */
};

static void *touch_until_revoked(void *arg)
{
	struct revoked *r = arg;
	bool over = false;

	while (!over) {
		over = atomic_load(&r->revoked);
		if (dvt_read32(r->map) != DVT_SIGBUS && over)
			atomic_store(&r->late, true);
	}
	return NULL;
}

START_TEST(nothing_is_read_after_revoke_has_returned)
{
	struct dvl_device dev;
	pthread_t thread;
	struct revoked r;
	int fd, i;

	dvt_open_or_skip(&dev, "DVP_BDF");
	for (i = 0; i < NR_REVOKES; i++) {
		fd = dvt_export(&dev, 2, 0, DVT_MIB, O_RDWR);
		r = (struct revoked){
			.map = dvt_map(fd, DVT_MIB, PROT_READ),
		};
		ck_assert_int_eq(pthread_create(&thread, NULL,
						touch_until_revoked, &r), 0);
		if (i % 2)
			sched_yield();
		ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
		atomic_store(&r.revoked, true);
		ck_assert_int_eq(pthread_join(thread, NULL), 0);
		ck_assert(!r.late);
		ck_assert_int_eq(munmap(r.map, DVT_MIB), 0);
		close(fd);
	}
}
END_TEST

/*
 * Births and deaths of buffers while the memory goes and comes.
 */

struct churn {
	pthread_t thread;
	const struct dvl_device *dev;
	atomic_bool stop;
	atomic_int nr_bad;
};

static bool pattern_or_sigbus(const void *addr)
{
	int64_t value = dvt_read32(addr);

	return value == DVT_PATTERN || value == DVT_SIGBUS;
}

static bool churn_once(const struct dvl_device *dev, int i)
{
	int fd = dvl_export_one(dev->fd, 2, 0, DVT_MIB, O_RDWR);
	bool good = fd >= 0;
	void *map;

	if (!good)
		return false;
	map = mmap(NULL, DVT_MIB, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return false;
	good = pattern_or_sigbus(map);
	if (i % 3 == 0)
		good &= dvl_revoke(dev->fd, fd) == 0;
	close(fd);
	good &= pattern_or_sigbus(map + DVT_MIB / 2);
	return munmap(map, DVT_MIB) == 0 && good;
}

static void *churn(void *arg)
{
	struct churn *c = arg;
	int i;

	for (i = 0; i < NR_EXPORTS; i++)
		if (!churn_once(c->dev, i))
			atomic_fetch_add(&c->nr_bad, 1);
	atomic_store(&c->stop, true);
	return NULL;
}

START_TEST(buffers_come_and_go_while_decoding_goes_off_and_on)
{
	struct dvt_traces before;
	struct dvl_device dev;
	struct churn c;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_pattern_fill(&dev, 2, 0, DVT_MIB);
	dvt_traces_take(&before);
	c = (struct churn){ .dev = &dev };
	ck_assert_int_eq(pthread_create(&c.thread, NULL, churn, &c), 0);
	while (!atomic_load(&c.stop)) {
		dvt_memory_off(&dev);
		dvt_memory_on(&dev);
	}
	ck_assert_int_eq(pthread_join(c.thread, NULL), 0);
	ck_assert_int_eq(c.nr_bad, 0);
	dvt_traces_assert_same(&before);
}
END_TEST

DVT_MAIN("race",
	 { touching_during_resets_finds_memory_or_sigbus,
	   DVT_ARRAY_SIZE(places) },
	 { touching_during_flr_finds_the_register_or_sigbus },
	 { touching_while_decoding_goes_off_and_on_finds_memory_or_sigbus,
	   DVT_ARRAY_SIZE(places) },
	 { config_write_that_is_flipped_meanwhile_leaves_no_stale_access,
	   DVT_ARRAY_SIZE(places) },
	 { nothing_is_read_after_revoke_has_returned },
	 { buffers_come_and_go_while_decoding_goes_off_and_on })
