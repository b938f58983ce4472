// SPDX-License-Identifier: GPL-2.0-only
/*
 * What keeps what alive: buffers, mappings, descriptors, devices, the module.
 * They end in every order, and at the end nothing is left.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dvt_module.h"
#include "dvt_witness.h"

#define BAR 2
#define LEN DVT_MIB

enum { NR_MANY = 400 };

START_TEST(many_exports_leave_no_trace)
{
	struct dvt_traces before;
	struct dvl_device dev;
	void *map;
	int fd, i;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_traces_take(&before);
	for (i = 0; i < NR_MANY; i++) {
		fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
		map = dvt_map(fd, LEN, PROT_READ | PROT_WRITE);
		ck_assert_int_ge(dvt_read32(map), 0);
		if (i % 2)
			ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
		if (i % 3)
			close(fd);
		ck_assert_int_eq(munmap(map, LEN), 0);
		if (!(i % 3))
			close(fd);
	}
	dvt_traces_assert_same(&before);
}
END_TEST

START_TEST(many_bar_mappings_leave_no_trace)
{
	struct dvt_traces before;
	struct dvl_device dev;
	void *map;
	int i;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvl_device_close(&dev);
	dvt_traces_take(&before);
	dvt_open(&dev, dvt_bdf("DVP_BDF"));
	for (i = 0; i < NR_MANY; i++) {
		map = dvl_region_mmap(&dev, BAR, 0, LEN, PROT_READ);
		ck_assert_ptr_ne(map, MAP_FAILED);
		ck_assert_int_ge(dvt_read32(map), 0);
		ck_assert_int_eq(munmap(map, LEN), 0);
	}
	dvl_device_close(&dev);
	dvt_traces_assert_same(&before);
}
END_TEST

START_TEST(many_buffers_at_once_end_with_the_device)
{
	struct dvt_traces before;
	struct dvl_device dev;
	void *map[NR_MANY];
	int fd[NR_MANY], i;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_traces_take(&before);
	for (i = 0; i < NR_MANY; i++) {
		fd[i] = dvt_export(&dev, BAR, i * 0x1000, 0x2000, O_RDWR);
		map[i] = dvt_map(fd[i], 0x2000, PROT_READ);
		ck_assert_int_ge(dvt_read32(map[i]), 0);
	}
	dvt_memory_off(&dev);
	for (i = 0; i < NR_MANY; i++)
		ck_assert_int_eq(dvt_read32(map[i]), DVT_SIGBUS);
	dvt_memory_on(&dev);
	for (i = 0; i < NR_MANY; i++)
		ck_assert_int_ge(dvt_read32(map[i]), 0);

	/* Not in the order in which they came. */
	for (i = NR_MANY - 1; i >= 0; i -= 2)
		close(fd[i]);
	for (i = 0; i < NR_MANY; i += 2)
		close(fd[i]);
	for (i = 0; i < NR_MANY; i++)
		ck_assert_int_eq(munmap(map[i], 0x2000), 0);
	dvt_traces_assert_same(&before);
}
END_TEST

START_TEST(open_and_close_of_the_device_leaves_no_trace)
{
	struct dvt_traces before;
	struct dvl_device dev;
	int fd;

	if (!dvt_bdf("DVP_BDF_FLR"))
		dvt_skip("no device for DVP_BDF_FLR");
	dvt_open(&dev, dvt_bdf("DVP_BDF_FLR"));
	dvl_device_close(&dev);
	dvt_traces_take(&before);
	dvt_open(&dev, dvt_bdf("DVP_BDF_FLR"));
	fd = dvt_export(&dev, 4, 0, 0x1000, O_RDWR);
	dvl_device_close(&dev);
	close(fd);
	dvt_traces_assert_same(&before);
}
END_TEST

START_TEST(mapping_outlives_buffer_and_device)
{
	struct dvt_traces before;
	struct dvl_device dev;
	void *map;
	int fd;

	dvt_traces_take(&before);
	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	map = dvt_map(fd, LEN, PROT_READ | PROT_WRITE);
	close(fd);
	dvt_assert_usable(map);
	dvl_device_close(&dev);
	dvt_assert_sigbus(map);
	ck_assert_int_eq(munmap(map, LEN), 0);
	dvt_traces_assert_same(&before);
}
END_TEST

START_TEST(buffer_in_flight_on_a_socket_is_revoked_too)
{
	struct dvl_device dev;
	int pair[2], fd;
	void *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	map = dvt_map(fd, LEN, PROT_READ);
	ck_assert_int_eq(dvl_send_fd(pair[0], fd), 0);
	close(fd);
	dvl_device_close(&dev);
	fd = dvl_recv_fd(pair[1]);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(dvt_read32(map), DVT_SIGBUS);
	ck_assert_ptr_eq(mmap(NULL, LEN, PROT_READ, MAP_SHARED, fd, 0),
			 MAP_FAILED);
	ck_assert_int_eq(errno, ENODEV);
}
END_TEST

/*
 * A descriptor opened with O_PATH keeps the dentry, but not the file.
 */

static int open_path(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_PATH | O_CLOEXEC);
}

/* All that goes through the list of buffers. */
static void walk_buffers(const struct dvl_device *dev)
{
	dvt_memory_off(dev);
	dvt_memory_on(dev);
	ck_assert_int_eq(dvl_device_reset(dev), 0);
}

START_TEST(path_descriptor_outlives_the_buffer)
{
	struct dvt_traces before;
	struct dvl_device dev;
	int log = dvt_log_mark();
	int fd, path;

	dvt_traces_take(&before);
	dvt_open_or_skip(&dev, "DVP_BDF_FLR");
	fd = dvt_export(&dev, 4, 0, 0x1000, O_RDWR);
	path = open_path(fd);
	ck_assert_int_ge(path, 0);
	ck_assert_int_eq(dvl_revoke(dev.fd, path), -EBADF);

	/* The file goes, the dentry stays, and is still on the list. */
	close(fd);
	ck_assert_int_eq(dvl_revoke(dev.fd, path), -EBADF);
	walk_buffers(&dev);
	if (_i) {
		close(path);
		walk_buffers(&dev);
		dvl_device_close(&dev);
	} else {
		dvl_device_close(&dev);
		close(path);
	}
	dvt_traces_assert_same(&before);
	ck_assert(!dvt_log_has(log, "WARNING"));
	close(log);
}
END_TEST

START_TEST(path_descriptor_outlives_mapping_buffer_and_device)
{
	struct dvt_traces before;
	struct dvl_device dev;
	int fd, path;
	void *map;

	dvt_traces_take(&before);
	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	path = open_path(fd);
	ck_assert_int_ge(path, 0);
	map = dvt_map(fd, LEN, PROT_READ | PROT_WRITE);
	dvt_assert_usable(map);
	close(fd);
	walk_buffers(&dev);
	dvt_assert_usable(map);
	ck_assert_int_eq(munmap(map, LEN), 0);
	walk_buffers(&dev);
	dvl_device_close(&dev);
	dvt_open(&dev, dvt_bdf("DVP_BDF"));
	walk_buffers(&dev);
	dvl_device_close(&dev);
	close(path);
	dvt_traces_assert_same(&before);
}
END_TEST

/* Which of its parts keep a buffer, after the device was closed. */
enum { KEEP_FD, KEEP_MAPPING, KEEP_PATH, NR_KEEP };

START_TEST(module_stays_while_a_buffer_lives)
{
	struct dvl_device dev;
	int fd, path;
	void *map;

	if (!getenv("DVP_MODULES"))
		dvt_skip("DVP_MODULES does not tell where the module is");
	dvt_open_or_skip(&dev, "DVP_BDF");
	ck_assert_int_eq(dvt_module_unload(), -EAGAIN);
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	path = open_path(fd);
	map = dvt_map(fd, LEN, PROT_READ);
	dvl_device_close(&dev);
	ck_assert_int_eq(dvt_module_unload(), -EAGAIN);

	if (_i != KEEP_FD)
		close(fd);
	if (_i != KEEP_MAPPING)
		munmap(map, LEN);
	if (_i != KEEP_PATH)
		close(path);
	ck_assert_int_eq(dvt_module_unload(), -EAGAIN);

	if (_i == KEEP_FD)
		close(fd);
	if (_i == KEEP_MAPPING) {
		ck_assert_int_eq(dvt_read32(map), DVT_SIGBUS);
		munmap(map, LEN);
	}
	if (_i == KEEP_PATH)
		close(path);
	dvt_module_reload(dvt_bdf("DVP_BDF"));
}
END_TEST

START_TEST(module_that_was_loaded_again_works)
{
	struct dvl_device dev;
	struct dvt_witness w;

	if (!getenv("DVP_MODULES"))
		dvt_skip("DVP_MODULES does not tell where the module is");
	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_witness_start(&w, &dev, BAR, 0, LEN);
	dvt_witness_stop(&w);
	dvl_device_close(&dev);
	dvt_module_reload(dvt_bdf("DVP_BDF"));

	dvt_open(&dev, dvt_bdf("DVP_BDF"));
	dvt_witness_start(&w, &dev, BAR, 0, LEN);
	dvt_memory_off(&dev);
	dvt_witness_assert_paused(&w);
	dvt_memory_on(&dev);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

DVT_MAIN("lifetime",
	 { many_exports_leave_no_trace },
	 { many_bar_mappings_leave_no_trace },
	 { many_buffers_at_once_end_with_the_device },
	 { open_and_close_of_the_device_leaves_no_trace },
	 { mapping_outlives_buffer_and_device },
	 { buffer_in_flight_on_a_socket_is_revoked_too },
	 { path_descriptor_outlives_the_buffer, 2 },
	 { path_descriptor_outlives_mapping_buffer_and_device },
	 { module_stays_while_a_buffer_lives, NR_KEEP },
	 { module_that_was_loaded_again_works })
