// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap() of a BAR through the device's descriptor: what plain vfio-pci gives
 * for every argument, with revocation like any buffer, and a name in the maps.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dvt.h"

#define BAR 2
#define PAGE 4096UL
#define LEN (4 * DVT_MIB)
#define RW (PROT_READ | PROT_WRITE)
#define REGION(index) ((uint64_t)(index) << 40)

/**
 * struct mmap_row - arguments of an mmap() of the device's descriptor
 * @off: offset in the descriptor, but for the region
 * @len: length in bytes
 * @prot: protection
 * @flags: MAP_SHARED and so on
 */
static const struct mmap_row {
	uint64_t off;
	size_t len;
	int prot, flags;
} rows[] = {
	{ 0, PAGE, RW, MAP_SHARED },
	{ 0, PAGE, PROT_READ, MAP_SHARED },
	{ 0, PAGE, PROT_WRITE, MAP_SHARED },
	{ 0, PAGE, PROT_NONE, MAP_SHARED },
	{ 0, PAGE, RW | PROT_EXEC, MAP_SHARED },
	{ 0, PAGE, RW, MAP_PRIVATE },
	{ 0, PAGE, PROT_READ, MAP_PRIVATE },
	{ 0, PAGE, PROT_NONE, MAP_PRIVATE },
	{ 0, PAGE, RW, MAP_SHARED_VALIDATE },
	{ 0, PAGE, RW, MAP_SHARED | MAP_POPULATE },
	{ 0, PAGE, RW, MAP_SHARED | MAP_LOCKED },
	{ 0, 0, RW, MAP_SHARED },
	{ 0, 1, RW, MAP_SHARED },
	{ 0, 256, RW, MAP_SHARED },
	{ 0, 2 * PAGE, RW, MAP_SHARED },
	{ 0, 16 * PAGE, RW, MAP_SHARED },
	{ 0, DVT_MIB, RW, MAP_SHARED },
	{ 0, 16 * DVT_MIB, RW, MAP_SHARED },
	{ 0, 16 * DVT_MIB + PAGE, RW, MAP_SHARED },
	{ 0, 64 * DVT_MIB, RW, MAP_SHARED },
	{ 0, 64 * DVT_MIB + 1, RW, MAP_SHARED },
	{ 0, 64 * DVT_MIB + PAGE, RW, MAP_SHARED },
	{ 0, 1UL << 40, RW, MAP_SHARED },
	{ 0, (1UL << 40) + PAGE, RW, MAP_SHARED },
	{ 1, PAGE, RW, MAP_SHARED },
	{ PAGE, PAGE, RW, MAP_SHARED },
	{ PAGE, 64 * DVT_MIB, RW, MAP_SHARED },
	{ 64 * DVT_MIB - PAGE, PAGE, RW, MAP_SHARED },
	{ 64 * DVT_MIB - PAGE, 2 * PAGE, RW, MAP_SHARED },
	{ 64 * DVT_MIB, PAGE, RW, MAP_SHARED },
	{ (1UL << 40) - PAGE, PAGE, RW, MAP_SHARED },
	{ (1UL << 40) - PAGE, 2 * PAGE, RW, MAP_SHARED },
};

/* BARs, ROM, config, VGA, and what comes after. */
static const uint64_t regions[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 100, 1 << 20 };

#define NR_RESULTS (DVT_ARRAY_SIZE(regions) * DVT_ARRAY_SIZE(rows))

static const char * const roles[] = {
	"DVP_BDF", "DVP_BDF_FLR", "DVP_BDF_EDU", "DVP_BDF_DISPLAY",
	"DVP_BDF_IO",
};

/* Never asserts: the caller must first put the driver back. */
static void ask_all(const struct dvl_device *dev, int *results)
{
	const struct mmap_row *row;
	size_t i, j;
	void *addr;

	for (i = 0; i < DVT_ARRAY_SIZE(regions); i++) {
		for (j = 0; j < DVT_ARRAY_SIZE(rows); j++) {
			row = &rows[j];
			addr = mmap(NULL, row->len, row->prot, row->flags,
				    dev->fd, REGION(regions[i]) + row->off);
			*results++ = addr == MAP_FAILED ? errno : 0;
			if (addr != MAP_FAILED)
				munmap(addr, row->len);
		}
	}
}

static int ask_under(const char *bdf, const char *driver, int *results)
{
	struct dvl_device dev;
	int ret;

	ret = dvl_sysfs_bind(bdf, driver);
	if (!ret)
		ret = dvl_device_open(&dev, bdf);
	if (ret)
		return ret;
	ask_all(&dev, results);
	dvl_device_close(&dev);
	return 0;
}

START_TEST(every_argument_gives_what_vfio_pci_gives)
{
	const char *bdf = dvt_bdf(roles[_i]);
	int plain[NR_RESULTS], ours[NR_RESULTS], nr_good = 0;
	struct dvl_device dev;
	int plain_ret, ours_ret;
	size_t i;

	/* Waits until the test before has let go of the device. */
	dvt_open_or_skip(&dev, roles[_i]);
	dvl_device_close(&dev);
	plain_ret = ask_under(bdf, "vfio-pci", plain);
	ours_ret = ask_under(bdf, DVL_DRIVER, ours);
	ck_assert_int_eq(plain_ret, 0);
	ck_assert_int_eq(ours_ret, 0);
	for (i = 0; i < NR_RESULTS; i++) {
		const struct mmap_row *row = &rows[i % DVT_ARRAY_SIZE(rows)];

		nr_good += !plain[i];
		ck_assert_msg(ours[i] == plain[i],
			      "%s region %lu off %#lx len %#zx prot %d flags %#x: %s, vfio-pci: %s",
			      roles[_i], regions[i / DVT_ARRAY_SIZE(rows)],
			      row->off, row->len, row->prot, row->flags,
			      strerror(ours[i]), strerror(plain[i]));
	}
	ck_assert_int_gt(nr_good, 0);
}
END_TEST

START_TEST(mapping_shows_the_bar)
{
	struct dvl_device dev;
	uint8_t *map, *part;

	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvl_region_mmap(&dev, BAR, 0, LEN, RW);
	part = dvl_region_mmap(&dev, BAR, DVT_MIB + PAGE, PAGE, RW);
	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_ptr_ne(part, MAP_FAILED);
	dvt_poke32(&dev, BAR, DVT_MIB + PAGE + 16, 0xcafe);
	ck_assert_int_eq(dvt_read32(map + DVT_MIB + PAGE + 16), 0xcafe);
	ck_assert_int_eq(dvt_read32(part + 16), 0xcafe);
	ck_assert_int_eq(dvt_write32(part + 16, 0xbabe), 0);
	ck_assert_uint_eq(dvt_peek32(&dev, BAR, DVT_MIB + PAGE + 16), 0xbabe);
}
END_TEST

START_TEST(mapping_and_buffer_of_a_range_see_the_same_memory)
{
	struct dvl_device dev;
	uint8_t *bar, *buf;

	dvt_open_or_skip(&dev, "DVP_BDF");
	bar = dvl_region_mmap(&dev, BAR, 0, LEN, RW);
	ck_assert_ptr_ne(bar, MAP_FAILED);
	buf = dvt_map(dvt_export(&dev, BAR, 2 * PAGE, PAGE, O_RDWR), PAGE, RW);
	ck_assert_int_eq(dvt_write32(buf, 0xb0f), 0);
	ck_assert_int_eq(dvt_read32(bar + 2 * PAGE), 0xb0f);
	ck_assert_int_eq(dvt_write32(bar + 2 * PAGE, 0xba2), 0);
	ck_assert_int_eq(dvt_read32(buf), 0xba2);
}
END_TEST

/* The line of /proc/self/maps that an address lies in. */
static void maps_line(const void *addr, char *line, size_t size)
{
	FILE *file = fopen("/proc/self/maps", "r");
	unsigned long start, end;

	ck_assert_ptr_nonnull(file);
	while (fgets(line, size, file))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 &&
		    (uintptr_t)addr >= start && (uintptr_t)addr < end)
			break;
	fclose(file);
}

START_TEST(maps_name_the_device_and_the_bar)
{
	static const unsigned int bars[] = { 0, BAR };
	struct dvl_device dev;
	char line[1024], name[64];
	uint8_t *map;
	size_t i;

	dvt_open_or_skip(&dev, "DVP_BDF");
	for (i = 0; i < DVT_ARRAY_SIZE(bars); i++) {
		map = dvl_region_mmap(&dev, bars[i], 0, PAGE, RW);
		ck_assert_ptr_ne(map, MAP_FAILED);
		maps_line(map, line, sizeof(line));
		snprintf(name, sizeof(name), "/dmabuf:%s/bar%u", dev.bdf,
			 bars[i]);
		ck_assert_msg(strstr(line, name), "no %s in %s", name, line);
	}
}
END_TEST

START_TEST(mapping_takes_no_descriptor)
{
	struct dvl_device dev;
	int nr_fds;

	dvt_open_or_skip(&dev, "DVP_BDF");
	nr_fds = dvt_nr_fds();
	ck_assert_ptr_ne(dvl_region_mmap(&dev, BAR, 0, LEN, RW), MAP_FAILED);
	ck_assert_int_eq(dvt_nr_fds(), nr_fds);
}
END_TEST

START_TEST(mapping_is_revoked_while_memory_is_off)
{
	struct dvl_device dev;
	uint8_t *map, *fresh;

	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvl_region_mmap(&dev, BAR, 0, LEN, RW);
	fresh = dvl_region_mmap(&dev, BAR, PAGE, LEN, RW);
	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_ptr_ne(fresh, MAP_FAILED);
	dvt_assert_usable(map);
	dvt_memory_off(&dev);
	dvt_assert_sigbus(map);
	dvt_assert_sigbus(fresh + LEN - 4);
	dvt_memory_on(&dev);
	dvt_assert_usable(map);
	dvt_assert_usable(fresh + LEN - 4);
}
END_TEST

START_TEST(mapping_made_while_memory_is_off_comes_to_life)
{
	struct dvl_device dev;
	uint8_t *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_memory_off(&dev);
	map = dvl_region_mmap(&dev, BAR, 0, LEN, RW);
	ck_assert_ptr_ne(map, MAP_FAILED);
	dvt_assert_sigbus(map);
	dvt_memory_on(&dev);
	dvt_assert_usable(map);
}
END_TEST

START_TEST(mapping_survives_a_reset)
{
	struct dvl_device dev;
	struct dvt_child child;
	uint8_t *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvl_region_mmap(&dev, BAR, 0, LEN, RW);
	ck_assert_ptr_ne(map, MAP_FAILED);
	dvt_assert_usable(map);
	dvt_child_start(&child, DVT_NOBODY);
	ck_assert_int_eq(dvl_device_reset(&dev), 0);
	dvt_memory_on(&dev);
	dvt_assert_usable(map);
	ck_assert_int_eq(dvt_child_write32(&child, (uintptr_t)map, 0x7e5e7),
			 0);
	ck_assert_int_eq(dvt_read32(map), 0x7e5e7);
	dvt_child_stop(&child);
}
END_TEST

START_TEST(mapping_keeps_the_device_open)
{
	struct dvl_device dev, again;
	struct dvt_traces before;
	uint8_t *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvl_device_close(&dev);
	dvt_traces_take(&before);
	dvt_open(&dev, dvt_bdf("DVP_BDF"));
	map = dvl_region_mmap(&dev, BAR, 0, LEN, RW);
	ck_assert_ptr_ne(map, MAP_FAILED);
	dvt_assert_usable(map);
	dvl_device_close(&dev);
	dvt_assert_usable(map);
	dvt_assert_usable(map + LEN - 4);
	ck_assert_int_eq(dvl_device_open(&again, dvt_bdf("DVP_BDF")), -EBUSY);
	/* A part of the mapping is enough. */
	ck_assert_int_eq(munmap(map, LEN - PAGE), 0);
	dvt_assert_usable(map + LEN - PAGE);
	ck_assert_int_eq(dvl_device_open(&again, dvt_bdf("DVP_BDF")), -EBUSY);
	ck_assert_int_eq(munmap(map + LEN - PAGE, PAGE), 0);
	ck_assert_int_eq(dvl_device_open(&again, dvt_bdf("DVP_BDF")), 0);
	dvl_device_close(&again);
	dvt_traces_assert_same(&before);
}
END_TEST

START_TEST(forked_mapping_keeps_the_device_open)
{
	struct dvl_device dev, again;
	struct dvt_child child;
	uint8_t *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvl_region_mmap(&dev, BAR, 0, LEN, RW);
	ck_assert_ptr_ne(map, MAP_FAILED);
	dvt_child_start(&child, DVT_NOBODY);
	ck_assert_int_eq(munmap(map, LEN), 0);
	dvl_device_close(&dev);
	ck_assert_int_eq(dvt_child_write32(&child, (uintptr_t)map, 0xf02c), 0);
	ck_assert_int_eq(dvt_child_read32(&child, (uintptr_t)map), 0xf02c);
	ck_assert_int_eq(dvl_device_open(&again, dvt_bdf("DVP_BDF")), -EBUSY);
	dvt_child_kill(&child);
	dvt_open(&again, dvt_bdf("DVP_BDF"));
}
END_TEST

/* All mappings of a BAR share one; it goes with the last close of the device. */
START_TEST(mappings_of_a_bar_make_one_buffer)
{
	struct dvt_traces before, now;
	struct dvl_device dev;
	int i;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvl_device_close(&dev);
	dvt_traces_take(&before);
	dvt_open(&dev, dvt_bdf("DVP_BDF"));
	for (i = 0; i < 3; i++)
		ck_assert_ptr_ne(dvl_region_mmap(&dev, BAR, i * PAGE, LEN, RW),
				 MAP_FAILED);
	dvt_traces_take(&now);
	if (before.nr_dmabufs >= 0)
		ck_assert_int_eq(now.nr_dmabufs, before.nr_dmabufs + 1);
}
END_TEST

START_TEST(mappings_come_and_go_without_a_trace)
{
	struct dvt_traces before;
	struct dvl_device dev;
	uint8_t *map;
	int i, log;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvl_device_close(&dev);
	log = dvt_log_mark();
	dvt_traces_take(&before);
	dvt_open(&dev, dvt_bdf("DVP_BDF"));
	for (i = 0; i < 100; i++) {
		map = dvl_region_mmap(&dev, BAR, i * PAGE, LEN, RW);
		ck_assert_ptr_ne(map, MAP_FAILED);
		dvt_assert_usable(map);
		ck_assert_int_eq(munmap(map, LEN), 0);
		map = dvl_region_mmap(&dev, BAR, 64 * DVT_MIB, PAGE, RW);
		ck_assert_ptr_eq(map, MAP_FAILED);
	}
	/* The buffer behind the mappings of a BAR lives until the last close. */
	dvl_device_close(&dev);
	dvt_traces_assert_same(&before);
	dvt_log_assert_silent(log);
}
END_TEST

DVT_MAIN("barmmap",
	 { every_argument_gives_what_vfio_pci_gives, DVT_ARRAY_SIZE(roles) },
	 { mapping_shows_the_bar },
	 { mapping_and_buffer_of_a_range_see_the_same_memory },
	 { maps_name_the_device_and_the_bar },
	 { mapping_takes_no_descriptor },
	 { mapping_is_revoked_while_memory_is_off },
	 { mapping_made_while_memory_is_off_comes_to_life },
	 { mapping_survives_a_reset },
	 { mapping_keeps_the_device_open },
	 { forked_mapping_keeps_the_device_open },
	 { mappings_of_a_bar_make_one_buffer },
	 { mappings_come_and_go_without_a_trace })
