// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many page table entries a fault fills: the window around the address
 * that was touched, and nothing beyond the mapping.
 */
#include <string.h>

#include "dvt_importer.h"
#include "dvt_place.h"

#define BAR 2
#define PAGE 0x1000UL

START_TEST(one_touch_fills_the_slot)
{
	const size_t len = 3 * DVT_HUGE;
	struct dvl_device dev;
	int importer;
	size_t off;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	/* Slots end at map + 0x1ff000 and every 2 MiB from there. */
	map = dvt_map_at(dvt_export(&dev, BAR, 0, len, O_RDWR), 0, len,
			 PROT_READ | PROT_WRITE, DVT_HUGE, PAGE);
	ck_assert_int_ge(dvt_read32(map + 0x2ab000), 0);
	for (off = 0; off < len; off += PAGE) {
		bool filled = off >= 0x1ff000 && off < 0x3ff000;

		dvt_assert_level(importer, map + off,
				 filled ? DVP_PTE_4K : DVP_PTE_NONE);
	}
	dvt_assert_frames(importer, map + 0x1ff000, DVT_HUGE,
			  dvt_bar_addr(dev.bdf, BAR) + 0x1ff000);
}
END_TEST

START_TEST(one_touch_fills_nothing_outside_its_mapping)
{
	struct dvl_device dev;
	int importer, fd[2];
	size_t off;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	fd[0] = dvt_export(&dev, BAR, 0, 0x10000, O_RDWR);
	fd[1] = dvt_export(&dev, BAR, DVT_MIB, 0x10000, O_RDWR);
	/* Side by side in one slot; what follows has no access at all. */
	map = dvt_map_at(fd[0], 0, 0x10000, PROT_READ, DVT_HUGE, 0x8000);
	ck_assert_ptr_eq(mmap(map + 0x10000, 0x10000, PROT_READ,
			      MAP_SHARED | MAP_FIXED, fd[1], 0), map + 0x10000);
	ck_assert_int_ge(dvt_read32(map + 0x5000), 0);
	for (off = 0; off < 0x20000; off += PAGE)
		dvt_assert_level(importer, map + off,
				 off < 0x10000 ? DVP_PTE_4K : DVP_PTE_NONE);
	dvt_assert_level(importer, map + 0x20000, DVP_PTE_NONE);
	dvt_assert_level(importer, map - PAGE, DVP_PTE_NONE);
	ck_assert_int_eq(dvt_read32(map + 0x20000), DVT_SIGSEGV);

	ck_assert_int_ge(dvt_read32(map + 0x1f000), 0);
	dvt_assert_frames(importer, map, 0x10000, dvt_bar_addr(dev.bdf, BAR));
	dvt_assert_frames(importer, map + 0x10000, 0x10000,
			  dvt_bar_addr(dev.bdf, BAR) + DVT_MIB);
}
END_TEST

START_TEST(mapping_of_a_part_of_a_buffer_fills_that_part)
{
	struct dvl_device dev;
	int importer, fd;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, 4 * DVT_HUGE, O_RDWR);
	map = dvt_map_at(fd, 0x5000, 0x4000, PROT_READ, DVT_HUGE, 0x9000);
	ck_assert_int_ge(dvt_read32(map + 0x3000), 0);
	dvt_assert_frames(importer, map, 0x4000,
			  dvt_bar_addr(dev.bdf, BAR) + 0x5000);
	dvt_assert_level(importer, map + 0x4000, DVP_PTE_NONE);
}
END_TEST

DVT_MAIN("window",
	 { one_touch_fills_the_slot },
	 { one_touch_fills_nothing_outside_its_mapping },
	 { mapping_of_a_part_of_a_buffer_fills_that_part })
