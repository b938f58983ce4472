// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a mapping: split, moved, doubled, inherited, handed to another
 * user, and left behind by the descriptor, the exporter or the device. In each
 * shape it must reach the right bytes, and a revocation must reach it.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "dvt.h"

#define BAR 2
#define PAGE 4096UL
#define NR_PAGES 16UL
#define LEN (NR_PAGES * PAGE)
#define RW (PROT_READ | PROT_WRITE)

/* An export of the BAR's start, each page with its number in the first word. */
static int export_numbered(const struct dvl_device *dev)
{
	unsigned long page;

	for (page = 0; page < NR_PAGES; page++)
		dvt_poke32(dev, BAR, page * PAGE, 0xa000 + page);
	return dvt_export(dev, BAR, 0, LEN, O_RDWR);
}

/* Pages from @first on are @nr pages of the buffer, from page @number on. */
static void assert_numbered(uint8_t *first, unsigned long nr,
			    unsigned long number)
{
	unsigned long page;

	for (page = 0; page < nr; page++)
		ck_assert_int_eq(dvt_read32(first + page * PAGE),
				 0xa000 + number + page);
}

static void assert_all_sigbus(uint8_t *first, unsigned long nr)
{
	unsigned long page;

	for (page = 0; page < nr; page++)
		ck_assert_int_eq(dvt_read32(first + page * PAGE), DVT_SIGBUS);
}

START_TEST(hole_in_a_mapping_leaves_the_rest)
{
	struct dvl_device dev;
	uint8_t *map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = export_numbered(&dev);
	map = dvt_map(fd, LEN, RW);
	/* One half touched, so that the hole cuts through both kinds. */
	assert_numbered(map, NR_PAGES / 2, 0);
	ck_assert_int_eq(munmap(map + 6 * PAGE, 4 * PAGE), 0);
	ck_assert_int_eq(dvt_read32(map + 6 * PAGE), DVT_SIGSEGV);
	ck_assert_int_eq(dvt_read32(map + 9 * PAGE), DVT_SIGSEGV);
	assert_numbered(map, 6, 0);
	assert_numbered(map + 10 * PAGE, 6, 10);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	assert_all_sigbus(map, 6);
	assert_all_sigbus(map + 10 * PAGE, 6);
}
END_TEST

START_TEST(moved_mapping_keeps_its_pages)
{
	struct dvl_device dev;
	uint8_t *map, *target, *moved;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = export_numbered(&dev);
	map = dvt_map(fd, LEN, RW);
	if (_i)
		assert_numbered(map, NR_PAGES, 0);
	target = mmap(NULL, LEN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	moved = mremap(map, LEN, LEN, MREMAP_MAYMOVE | MREMAP_FIXED, target);
	ck_assert_ptr_eq(moved, target);
	ck_assert_int_eq(dvt_read32(map), DVT_SIGSEGV);
	assert_numbered(moved, NR_PAGES, 0);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	assert_all_sigbus(moved, NR_PAGES);
}
END_TEST

START_TEST(moved_part_of_a_mapping_keeps_its_pages)
{
	struct dvl_device dev;
	uint8_t *map, *target, *moved;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = export_numbered(&dev);
	map = dvt_map(fd, LEN, RW);
	if (_i)
		assert_numbered(map, NR_PAGES, 0);
	target = mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	moved = mremap(map + 5 * PAGE, 4 * PAGE, 4 * PAGE,
		       MREMAP_MAYMOVE | MREMAP_FIXED, target);
	ck_assert_ptr_eq(moved, target);
	assert_numbered(moved, 4, 5);
	assert_numbered(map, 5, 0);
	assert_numbered(map + 9 * PAGE, 7, 9);
	ck_assert_int_eq(dvt_read32(map + 5 * PAGE), DVT_SIGSEGV);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	assert_all_sigbus(moved, 4);
	assert_all_sigbus(map, 5);
}
END_TEST

START_TEST(shrunk_mapping_keeps_its_start)
{
	struct dvl_device dev;
	uint8_t *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvt_map(export_numbered(&dev), LEN, RW);
	ck_assert_ptr_eq(mremap(map, LEN, 4 * PAGE, 0), map);
	assert_numbered(map, 4, 0);
	ck_assert_int_eq(dvt_read32(map + 4 * PAGE), DVT_SIGSEGV);
}
END_TEST

START_TEST(two_mappings_see_one_buffer)
{
	struct dvl_device dev;
	uint8_t *all, *part;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = export_numbered(&dev);
	all = dvt_map(fd, LEN, RW);
	part = dvt_map_from(fd, 3 * PAGE, 2 * PAGE, RW);
	ck_assert_int_eq(dvt_write32(part + 8, 0x2222), 0);
	ck_assert_int_eq(dvt_read32(all + 3 * PAGE + 8), 0x2222);
	ck_assert_int_eq(dvt_write32(all + 4 * PAGE + 8, 0x3333), 0);
	ck_assert_int_eq(dvt_read32(part + PAGE + 8), 0x3333);
	ck_assert_int_eq(munmap(all, LEN), 0);
	dvt_assert_usable(part);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	assert_all_sigbus(part, 2);
}
END_TEST

START_TEST(two_buffers_over_one_range_see_the_same_memory)
{
	struct dvl_device dev;
	uint8_t *one, *two;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = export_numbered(&dev);
	one = dvt_map(fd, LEN, RW);
	two = dvt_map(dvt_export(&dev, BAR, 0, LEN, O_RDWR), LEN, RW);
	ck_assert_int_eq(dvt_write32(one + 64, 0x11223344), 0);
	ck_assert_int_eq(dvt_read32(two + 64), 0x11223344);
}
END_TEST

START_TEST(forked_child_has_the_mapping)
{
	struct dvt_child child;
	struct dvl_device dev;
	uint8_t *map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = export_numbered(&dev);
	map = dvt_map(fd, LEN, RW);
	if (_i)
		assert_numbered(map, NR_PAGES, 0);
	dvt_child_start(&child, DVT_NOBODY);
	ck_assert_int_eq(dvt_child_read32(&child, (uintptr_t)map + 5 * PAGE),
			 0xa005);
	ck_assert_int_eq(dvt_child_write32(&child, (uintptr_t)map + 5 * PAGE,
					   0x50505), 0);
	ck_assert_int_eq(dvt_read32(map + 5 * PAGE), 0x50505);
	ck_assert_uint_eq(dvt_peek32(&dev, BAR, 5 * PAGE), 0x50505);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	ck_assert_int_eq(dvt_child_read32(&child, (uintptr_t)map + 5 * PAGE),
			 DVT_SIGBUS);
	ck_assert_int_eq(dvt_child_read32(&child, (uintptr_t)map + 6 * PAGE),
			 DVT_SIGBUS);
	dvt_assert_sigbus(map + 5 * PAGE);
	dvt_child_stop(&child);
}
END_TEST

START_TEST(unmapping_in_a_child_leaves_the_parents_mapping)
{
	struct dvt_child child;
	struct dvl_device dev;
	uint8_t *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvt_map(export_numbered(&dev), LEN, RW);
	assert_numbered(map, NR_PAGES, 0);
	dvt_child_start(&child, DVT_NOBODY);
	ck_assert_int_eq(dvt_child_unmap(&child, (uintptr_t)map, LEN), 0);
	ck_assert_int_eq(dvt_child_read32(&child, (uintptr_t)map), DVT_SIGSEGV);
	assert_numbered(map, NR_PAGES, 0);
	dvt_child_stop(&child);
	assert_numbered(map, NR_PAGES, 0);
}
END_TEST

START_TEST(another_user_maps_what_it_was_given_and_no_more)
{
	struct dvt_child child;
	struct dvl_device dev;
	int64_t map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_child_start(&child, DVT_NOBODY);
	ck_assert_int_eq(dvt_child_uid(&child), DVT_NOBODY);
	fd = export_numbered(&dev);
	dvt_child_give(&child, fd);
	ck_assert_int_eq(dvt_child_nr_fds(&child), 2);
	map = dvt_child_map(&child, LEN, 0, RW);
	ck_assert_int_gt(map, 0);
	ck_assert_int_eq(dvt_child_read32(&child, map + 7 * PAGE), 0xa007);
	ck_assert_int_eq(dvt_child_write32(&child, map + 7 * PAGE, 0x77), 0);
	ck_assert_uint_eq(dvt_peek32(&dev, BAR, 7 * PAGE), 0x77);
	ck_assert_int_eq(dvt_child_map(&child, LEN + PAGE, 0, RW), -EINVAL);
	ck_assert_int_eq(dvt_child_map(&child, PAGE, LEN, RW), -EINVAL);
	dvt_child_stop(&child);
}
END_TEST

START_TEST(mapping_outlives_every_descriptor)
{
	struct dvt_child child;
	struct dvl_device dev;
	uint8_t *mine;
	int64_t map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_child_start(&child, DVT_NOBODY);
	fd = export_numbered(&dev);
	mine = dvt_map(fd, LEN, RW);
	dvt_child_give(&child, fd);
	map = dvt_child_map(&child, LEN, 0, RW);
	ck_assert_int_gt(map, 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(dvt_child_close_fd(&child), 0);
	ck_assert_int_eq(dvt_child_read32(&child, map + 2 * PAGE), 0xa002);
	assert_numbered(mine, NR_PAGES, 0);
	/* And is still reached when memory goes. */
	dvt_memory_off(&dev);
	ck_assert_int_eq(dvt_child_read32(&child, map + 2 * PAGE), DVT_SIGBUS);
	assert_all_sigbus(mine, NR_PAGES);
	dvt_memory_on(&dev);
	ck_assert_int_eq(dvt_child_read32(&child, map + 2 * PAGE), 0xa002);
	assert_numbered(mine, NR_PAGES, 0);
	dvt_child_stop(&child);
}
END_TEST

/* An exporter in a process of its own; runs until it is ended. */
static int exporter(int sock, void *bdf)
{
	struct dvl_device dev;
	char byte;
	int fd;

	if (dvl_device_open(&dev, bdf))
		return 1;
	fd = dvl_export_one(dev.fd, BAR, 0, LEN, O_RDWR);
	if (fd < 0 || dvl_send_fd(sock, fd))
		return 2;
	return read(sock, &byte, 1) ? 3 : 0;
}

START_TEST(exit_of_the_exporter_ends_all_access)
{
	struct dvt_child child;
	struct dvl_device dev;
	uint8_t *touched, *untouched;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvl_device_close(&dev);
	dvt_child_fork(&child, 0, exporter, (void *)dvt_bdf("DVP_BDF"));
	fd = dvl_recv_fd(child.sock);
	ck_assert_int_ge(fd, 0);
	touched = dvt_map(fd, LEN, RW);
	untouched = dvt_map(fd, LEN, RW);
	dvt_assert_usable(touched);
	if (_i)
		dvt_child_kill(&child);
	else
		dvt_child_stop(&child);
	assert_all_sigbus(touched, NR_PAGES);
	assert_all_sigbus(untouched, NR_PAGES);
	ck_assert_ptr_eq(mmap(NULL, LEN, RW, MAP_SHARED, fd, 0), MAP_FAILED);
	ck_assert_int_eq(errno, ENODEV);
	/* The device is free again. */
	dvt_open(&dev, dvt_bdf("DVP_BDF"));
	assert_all_sigbus(touched, NR_PAGES);
}
END_TEST

START_TEST(mapping_of_a_dead_process_leaves_no_trace)
{
	struct dvt_traces before;
	struct dvt_child child;
	struct dvl_device dev;
	int64_t map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_traces_take(&before);
	dvt_child_start(&child, DVT_NOBODY);
	fd = export_numbered(&dev);
	dvt_child_give(&child, fd);
	map = dvt_child_map(&child, LEN, 0, RW);
	ck_assert_int_gt(map, 0);
	ck_assert_int_eq(dvt_child_read32(&child, map), 0xa000);
	ck_assert_int_eq(close(fd), 0);
	dvt_child_kill(&child);
	dvt_traces_assert_same(&before);
}
END_TEST

DVT_MAIN("mmap_life",
	 { hole_in_a_mapping_leaves_the_rest },
	 { moved_mapping_keeps_its_pages, 2 },
	 { moved_part_of_a_mapping_keeps_its_pages, 2 },
	 { shrunk_mapping_keeps_its_start },
	 { two_mappings_see_one_buffer },
	 { two_buffers_over_one_range_see_the_same_memory },
	 { forked_child_has_the_mapping, 2 },
	 { unmapping_in_a_child_leaves_the_parents_mapping },
	 { another_user_maps_what_it_was_given_and_no_more },
	 { mapping_outlives_every_descriptor },
	 { exit_of_the_exporter_ends_all_access, 2 },
	 { mapping_of_a_dead_process_leaves_no_trace })
