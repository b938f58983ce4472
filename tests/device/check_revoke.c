// SPDX-License-Identifier: GPL-2.0-only
/*
 * REVOKE: when the call returns, nobody reaches the device through the buffer,
 * and nobody ever will again. What else there is stays as it was.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dvt.h"

#define BAR 2
#define PAGE 4096UL
#define LEN (4 * DVT_MIB)
#define RW (PROT_READ | PROT_WRITE)

static void assert_gone(uint8_t *map)
{
	dvt_assert_sigbus(map);
	dvt_assert_sigbus(map + LEN / 2);
	dvt_assert_sigbus(map + LEN - 4);
}

START_TEST(revoked_mapping_raises_sigbus)
{
	struct dvl_device dev;
	uint8_t *map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	map = dvt_map(fd, LEN, RW);
	/* Once touched, and once not yet faulted. */
	if (_i) {
		dvt_assert_usable(map);
		dvt_assert_usable(map + LEN / 2);
	}
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	assert_gone(map);
}
END_TEST

START_TEST(revoked_mapping_of_another_process_raises_sigbus)
{
	struct dvt_child child;
	struct dvl_device dev;
	int64_t map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_child_start(&child, DVT_NOBODY);
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	dvt_child_give(&child, fd);
	map = dvt_child_map(&child, LEN, 0, RW);
	ck_assert_int_gt(map, 0);
	if (_i) {
		ck_assert_int_eq(dvt_child_write32(&child, map, 5), 0);
		ck_assert_int_eq(dvt_child_read32(&child, map), 5);
	}
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	ck_assert_int_eq(dvt_child_read32(&child, map), DVT_SIGBUS);
	ck_assert_int_eq(dvt_child_write32(&child, map, 6), DVT_SIGBUS);
	ck_assert_int_eq(dvt_child_read32(&child, map + LEN - 4), DVT_SIGBUS);
	ck_assert_int_eq(dvt_child_map(&child, LEN, 0, RW), -ENODEV);
	dvt_child_stop(&child);
}
END_TEST

START_TEST(write_after_revoke_does_not_arrive)
{
	struct dvl_device dev;
	uint8_t *map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	map = dvt_map(fd, LEN, RW);
	ck_assert_int_eq(dvt_write32(map + 12, 0xb4), 0);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	ck_assert_int_eq(dvt_write32(map + 12, 0xaf), DVT_SIGBUS);
	ck_assert_uint_eq(dvt_peek32(&dev, BAR, 12), 0xb4);
}
END_TEST

START_TEST(all_mappings_of_a_buffer_go_at_once)
{
	uint8_t *maps[32];
	struct dvl_device dev;
	size_t i;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	for (i = 0; i < DVT_ARRAY_SIZE(maps); i++) {
		maps[i] = dvt_map_from(fd, i * PAGE, LEN / 2, RW);
		dvt_assert_usable(maps[i]);
	}
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	for (i = 0; i < DVT_ARRAY_SIZE(maps); i++)
		dvt_assert_sigbus(maps[i]);
}
END_TEST

START_TEST(any_descriptor_of_the_buffer_will_do)
{
	struct dvl_device dev;
	uint8_t *map;
	int fd, copy;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	map = dvt_map(fd, LEN, RW);
	copy = dup(fd);
	ck_assert_int_eq(dvl_revoke(dev.fd, copy), 0);
	assert_gone(map);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), -EBADFD);
}
END_TEST

START_TEST(read_only_buffer_can_be_revoked)
{
	struct dvl_device dev;
	uint8_t *map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDONLY);
	map = dvt_map(fd, LEN, PROT_READ);
	ck_assert_int_ge(dvt_read32(map), 0);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	ck_assert_int_eq(dvt_read32(map), DVT_SIGBUS);
}
END_TEST

START_TEST(blocked_buffer_can_be_revoked)
{
	struct dvl_device dev;
	uint8_t *map;
	int fd, log;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	map = dvt_map(fd, LEN, RW);
	dvt_assert_usable(map);
	dvt_memory_off(&dev);
	assert_gone(map);
	log = dvt_log_mark();
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), -EBADFD);
	dvt_memory_on(&dev);
	assert_gone(map);
	dvt_log_assert_silent(log);
}
END_TEST

/* Steps of a buffer's life; each of these words is one order of them. */
static const char * const orders[] = {
	"-r+", "-+r", "r-+", "r-r+r", "-r-+r", "--r++", "-+-r+-+",
};

START_TEST(pausing_and_revoking_in_any_order_is_silent)
{
	const char *step;
	struct dvl_device dev;
	bool revoked = false;
	uint8_t *map;
	int fd, log;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	map = dvt_map(fd, LEN, RW);
	dvt_assert_usable(map);
	log = dvt_log_mark();
	for (step = orders[_i]; *step; step++) {
		if (*step == '-') {
			dvt_memory_off(&dev);
		} else if (*step == '+') {
			dvt_memory_on(&dev);
		} else {
			ck_assert_int_eq(dvl_revoke(dev.fd, fd),
					 revoked ? -EBADFD : 0);
			revoked = true;
		}
		if (revoked || *step == '-')
			assert_gone(map);
		else
			dvt_assert_usable(map);
	}
	dvt_log_assert_silent(log);
}
END_TEST

START_TEST(revoking_twice_gives_ebadfd_and_no_log_line)
{
	struct dvl_device dev;
	int fd, log, i;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	log = dvt_log_mark();
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(dvl_revoke(dev.fd, fd), -EBADFD);
	dvt_log_assert_silent(log);
}
END_TEST

START_TEST(revoked_is_for_ever)
{
	struct dvl_device dev;
	uint8_t *map;
	int fd, log;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	map = dvt_map(fd, LEN, RW);
	dvt_assert_usable(map);
	log = dvt_log_mark();
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	dvt_memory_off(&dev);
	assert_gone(map);
	dvt_memory_on(&dev);
	assert_gone(map);
	dvt_log_assert_silent(log);
	dvl_device_close(&dev);
	assert_gone(map);
	dvt_open(&dev, dvt_bdf("DVP_BDF"));
	assert_gone(map);
	ck_assert_ptr_eq(mmap(NULL, LEN, RW, MAP_SHARED, fd, 0), MAP_FAILED);
	ck_assert_int_eq(errno, ENODEV);
}
END_TEST

START_TEST(same_range_can_be_exported_again_at_once)
{
	struct dvl_device dev;
	uint8_t *old, *map;
	int fd, i;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	old = dvt_map(fd, LEN, RW);
	ck_assert_int_eq(dvt_write32(old, 0x0bad), 0);
	for (i = 0; i < 10; i++) {
		ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
		fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
		map = dvt_map(fd, LEN, RW);
		ck_assert_int_eq(dvt_read32(map), 0x0bad);
		dvt_assert_usable(map + LEN - 4);
		assert_gone(old);
	}
}
END_TEST

START_TEST(other_buffers_over_the_range_are_not_touched)
{
	struct dvl_device dev;
	uint8_t *same, *part, *bar, *gone;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	gone = dvt_map(fd, LEN, RW);
	same = dvt_map(dvt_export(&dev, BAR, 0, LEN, O_RDWR), LEN, RW);
	part = dvt_map(dvt_export(&dev, BAR, PAGE, PAGE, O_RDWR), PAGE, RW);
	bar = dvl_region_mmap(&dev, BAR, 0, LEN, RW);
	ck_assert_ptr_ne(bar, MAP_FAILED);
	dvt_assert_usable(gone);
	dvt_assert_usable(same);
	dvt_assert_usable(part);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	assert_gone(gone);
	dvt_assert_usable(same);
	dvt_assert_usable(same + LEN - 4);
	dvt_assert_usable(part);
	dvt_assert_usable(bar);
}
END_TEST

START_TEST(revoked_and_closed_buffer_leaves_no_trace)
{
	struct dvt_traces before;
	struct dvl_device dev;
	uint8_t *map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_traces_take(&before);
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	map = dvt_map(fd, LEN, RW);
	dvt_assert_usable(map);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	close(fd);
	assert_gone(map);
	ck_assert_int_eq(munmap(map, LEN), 0);
	dvt_traces_assert_same(&before);
}
END_TEST

START_TEST(revoked_buffer_can_outlive_the_device)
{
	struct dvt_traces before;
	struct dvl_device dev;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvl_device_close(&dev);
	dvt_traces_take(&before);
	dvt_open(&dev, dvt_bdf("DVP_BDF"));
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	if (_i)
		ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	dvl_device_close(&dev);
	ck_assert_int_eq(close(fd), 0);
	dvt_traces_assert_same(&before);
}
END_TEST

DVT_MAIN("revoke",
	 { revoked_mapping_raises_sigbus, 2 },
	 { revoked_mapping_of_another_process_raises_sigbus, 2 },
	 { write_after_revoke_does_not_arrive },
	 { all_mappings_of_a_buffer_go_at_once },
	 { any_descriptor_of_the_buffer_will_do },
	 { read_only_buffer_can_be_revoked },
	 { blocked_buffer_can_be_revoked },
	 { pausing_and_revoking_in_any_order_is_silent,
	   DVT_ARRAY_SIZE(orders) },
	 { revoking_twice_gives_ebadfd_and_no_log_line },
	 { revoked_is_for_ever },
	 { same_range_can_be_exported_again_at_once },
	 { other_buffers_over_the_range_are_not_touched },
	 { revoked_and_closed_buffer_leaves_no_trace },
	 { revoked_buffer_can_outlive_the_device, 2 })
