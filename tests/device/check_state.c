// SPDX-License-Identifier: GPL-2.0-only
/*
 * The group "dmabuf" of a device in sysfs: what it says of the state, and that
 * each counter follows what it counts, and nothing else.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dvt_import.h"
#include "dvt_param.h"
#include "dvt_show.h"

#define BAR 2
#define PAGE 4096UL
#define LEN DVT_MIB
#define RW (PROT_READ | PROT_WRITE)

static bool has_group(const char *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/dmabuf", bdf);
	return !access(path, F_OK);
}

START_TEST(group_is_there_while_the_device_is_bound)
{
	const char *bdf = dvt_bdf("DVP_BDF_FLR");
	bool bound, unbound;
	char text[32];
	int ret;

	if (!bdf)
		dvt_skip("no device for DVP_BDF_FLR");
	bound = has_group(bdf);
	ck_assert_int_eq(dvl_sysfs_read(bdf, "dmabuf/format", text,
					sizeof(text)), 0);
	ck_assert_str_eq(text, "2");
	ret = dvl_sysfs_unbind(bdf);
	unbound = has_group(bdf);
	dvt_bind(bdf, DVL_DRIVER);
	ck_assert_int_eq(ret, 0);
	ck_assert(bound && !unbound && has_group(bdf));
}
END_TEST

START_TEST(state_follows_the_device)
{
	struct dvt_counters before;
	struct dvl_device dev;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvl_device_close(&dev);
	dvt_assert_state(dev.bdf, "closed");
	dvt_open(&dev, dvt_bdf("DVP_BDF"));
	dvt_assert_state(dev.bdf, "usable");
	dvt_counters_take(&before, dvt_bdf("DVP_BDF"));
	dvt_memory_off(&dev);
	dvt_assert_blocked(dev.bdf, "decode_off");
	dvt_assert_delta(&before, DVT_BLOCKS, 1);
	dvt_assert_delta(&before, DVT_RESTORES, 0);
	dvt_memory_on(&dev);
	dvt_assert_state(dev.bdf, "usable");
	dvt_assert_delta(&before, DVT_BLOCKS, 1);
	dvt_assert_delta(&before, DVT_RESTORES, 1);
	dvl_device_close(&dev);
	dvt_assert_state(dev.bdf, "closed");
}
END_TEST

START_TEST(state_names_each_cause_in_force)
{
	struct dvl_device dev;
	char text[128];

	dvt_open_or_skip(&dev, "DVP_BDF_FLR");
	dvt_memory_off(&dev);
	ck_assert_int_eq(dvl_feature(dev.fd,
				     VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
				     VFIO_DEVICE_FEATURE_SET, NULL, 0), 0);
	/* It may be asleep by then, and one that sleeps is not asked more. */
	ck_assert_int_eq(dvl_sysfs_read(dev.bdf, "dmabuf/causes", text,
					sizeof(text)), 0);
	ck_assert_ptr_ne(strstr(text, "low_power"), NULL);
	ck_assert_ptr_ne(strpbrk(text, " "), NULL);
	ck_assert_int_eq(dvl_feature(dev.fd,
				     VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
				     VFIO_DEVICE_FEATURE_SET, NULL, 0), 0);
	dvt_assert_blocked(dev.bdf, "decode_off");
}
END_TEST

START_TEST(exports_count_while_they_live)
{
	struct dvt_counters before;
	struct dvl_device dev;
	int fd, again;
	void *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_counters_take(&before, dvt_bdf("DVP_BDF"));
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	again = dup(fd);
	dvt_assert_delta(&before, DVT_EXPORTS_LIVE, 1);
	close(fd);
	map = dvt_map(again, LEN, PROT_READ);
	close(again);
	dvt_assert_delta(&before, DVT_EXPORTS_LIVE, 1);
	ck_assert_int_eq(munmap(map, LEN), 0);
	dvt_assert_delta(&before, DVT_EXPORTS_LIVE, 0);
	dvt_assert_delta(&before, DVT_EXPORTS_TOTAL, 1);
	dvt_assert_delta(&before, DVT_REVOKES, 0);
}
END_TEST

START_TEST(refused_exports_do_not_count)
{
	struct rlimit limit, none;
	struct dvt_counters before;
	struct dvl_device dev;
	int ret;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_counters_take(&before, dvt_bdf("DVP_BDF"));
	ck_assert_int_eq(dvl_export_one(dev.fd, BAR, 1, LEN, O_RDWR), -EINVAL);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ret = dvl_export_one(dev.fd, BAR, 0, LEN, O_RDWR);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(ret, -EMFILE);
	dvt_assert_delta(&before, DVT_EXPORTS_LIVE, 0);
	dvt_assert_delta(&before, DVT_EXPORTS_TOTAL, 0);
}
END_TEST

START_TEST(bar_mappings_count_as_mappings_alone)
{
	struct dvt_counters before;
	struct dvl_device dev;
	void *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_counters_take(&before, dvt_bdf("DVP_BDF"));
	map = dvl_region_mmap(&dev, BAR, 0, LEN, PROT_READ);
	ck_assert_ptr_ne(map, MAP_FAILED);
	dvt_assert_delta(&before, DVT_MAPPINGS_LIVE, 1);
	ck_assert_int_eq(munmap(map, LEN), 0);
	dvt_assert_delta(&before, DVT_MAPPINGS_LIVE, 0);
	dvt_assert_delta(&before, DVT_MAPPINGS_TOTAL, 1);
	dvt_assert_delta(&before, DVT_EXPORTS_LIVE, 0);
	dvt_assert_delta(&before, DVT_EXPORTS_TOTAL, 0);
}
END_TEST

/* Of a buffer that may have huge entries, or of one with small ones only. */
START_TEST(mappings_count_through_split_move_and_unmap)
{
	struct dvt_counters before;
	struct dvl_device dev;
	uint8_t *map;
	void *moved;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export_huge(&dev, BAR, 0, LEN, O_RDWR);
	if (_i && dvl_memattr(dev.fd, fd, DMABUF_VFIO_PCI_MEMATTR_WC))
		dvt_skip("no write-combining here");
	dvt_counters_take(&before, dvt_bdf("DVP_BDF"));
	map = dvt_map(fd, LEN, RW);
	dvt_assert_delta(&before, DVT_MAPPINGS_LIVE, 1);
	ck_assert_int_eq(munmap(map + LEN / 2, PAGE), 0);
	dvt_assert_delta(&before, DVT_MAPPINGS_LIVE, 2);
	ck_assert_int_eq(mprotect(map, PAGE, PROT_READ), 0);
	dvt_assert_delta(&before, DVT_MAPPINGS_LIVE, 3);
	moved = mremap(map, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		       map + LEN / 2);
	ck_assert_ptr_eq(moved, map + LEN / 2);
	dvt_assert_delta(&before, DVT_MAPPINGS_LIVE, 3);
	ck_assert_int_ge(dvt_read32(moved), 0);
	ck_assert_int_eq(munmap(map, LEN), 0);
	dvt_assert_delta(&before, DVT_MAPPINGS_LIVE, 0);
	close(fd);
	dvt_assert_no_leak(dev.bdf);
}
END_TEST

static int hold_until_told(int sock, void *arg)
{
	char byte = 0;

	(void)arg;
	return write(sock, &byte, 1) == 1 && read(sock, &byte, 1) == 1 ? 0 : 1;
}

START_TEST(mappings_count_in_every_process)
{
	struct dvt_counters before;
	struct dvt_child child;
	struct dvl_device dev;
	char byte = 0;
	void *map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export_huge(&dev, BAR, 0, LEN, O_RDWR);
	if (_i && dvl_memattr(dev.fd, fd, DMABUF_VFIO_PCI_MEMATTR_WC))
		dvt_skip("no write-combining here");
	map = dvt_map(fd, LEN, RW);
	ck_assert_int_ge(dvt_read32(map), 0);
	dvt_counters_take(&before, dvt_bdf("DVP_BDF"));
	dvt_child_fork(&child, 0, hold_until_told, NULL);
	ck_assert_int_eq(read(child.sock, &byte, 1), 1);
	dvt_assert_delta(&before, DVT_MAPPINGS_LIVE, 1);
	dvt_assert_delta(&before, DVT_MAPPINGS_TOTAL, 1);
	ck_assert_int_eq(write(child.sock, &byte, 1), 1);
	dvt_child_stop(&child);
	dvt_assert_delta(&before, DVT_MAPPINGS_LIVE, 0);
}
END_TEST

START_TEST(refused_mappings_do_not_count)
{
	struct dvt_counters before;
	struct dvl_device dev;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	dvt_counters_take(&before, dvt_bdf("DVP_BDF"));
	ck_assert_ptr_eq(mmap(NULL, LEN, PROT_READ, MAP_PRIVATE, fd, 0),
			 MAP_FAILED);
	ck_assert_ptr_eq(mmap(NULL, 2 * LEN, PROT_READ, MAP_SHARED, fd, 0),
			 MAP_FAILED);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	ck_assert_ptr_eq(mmap(NULL, LEN, PROT_READ, MAP_SHARED, fd, 0),
			 MAP_FAILED);
	dvt_assert_delta(&before, DVT_MAPPINGS_LIVE, 0);
	dvt_assert_delta(&before, DVT_MAPPINGS_TOTAL, 0);
}
END_TEST

START_TEST(faults_are_told_from_refusals_and_outlive_the_buffer)
{
	struct dvt_counters before;
	struct dvl_device dev;
	void *map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_counters_take(&before, dvt_bdf("DVP_BDF"));
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	map = dvt_map(fd, LEN, RW);
	dvt_assert_delta(&before, DVT_FAULTS, 0);
	ck_assert_int_ge(dvt_read32(map), 0);
	dvt_assert_delta(&before, DVT_FAULTS, 1);
	dvt_assert_delta(&before, DVT_REFUSED, 0);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	dvt_assert_delta(&before, DVT_REVOKES, 1);
	ck_assert_int_eq(dvt_read32(map), DVT_SIGBUS);
	ck_assert_int_eq(dvt_read32(map), DVT_SIGBUS);
	dvt_assert_delta(&before, DVT_REFUSED, 2);
	ck_assert_int_eq(munmap(map, LEN), 0);
	close(fd);
	dvt_assert_delta(&before, DVT_FAULTS, 1);
	dvt_assert_delta(&before, DVT_REFUSED, 2);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), -EBADF);
	dvt_assert_delta(&before, DVT_REVOKES, 1);
}
END_TEST

START_TEST(imports_count_while_they_are_mapped)
{
	struct dvt_counters before;
	struct dvt_import import;

	dvt_import_or_skip(&import, DVT_BY_US);
	dvt_counters_take(&before, dvt_bdf("DVP_BDF"));
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd), 0);
	dvt_assert_delta(&before, DVT_IMPORTS_LIVE, 0);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL), 0);
	dvt_assert_delta(&before, DVT_IMPORTS_LIVE, 1);
	dvt_memory_off(&import.dev);
	dvt_assert_delta(&before, DVT_IMPORTS_LIVE, 0);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL),
			 -ENODEV);
	dvt_assert_delta(&before, DVT_IMPORTS_TOTAL, 1);
	dvt_assert_delta(&before, DVT_IMPORTS_LIVE, 0);
}
END_TEST

/* Holds a buffer, mappings of both kinds and the device, and gets killed. */
static int hold_everything(int sock, void *arg)
{
	struct dvl_device dev;
	char byte = 0;
	int fd;

	if (dvl_device_open(&dev, arg))
		return 1;
	fd = dvl_export_one(dev.fd, BAR, 0, LEN, O_RDWR);
	if (mmap(NULL, LEN, RW, MAP_SHARED, fd, 0) == MAP_FAILED ||
	    dvl_region_mmap(&dev, BAR, 0, LEN, RW) == MAP_FAILED)
		return 1;
	return write(sock, &byte, 1) == 1 && read(sock, &byte, 1) == 1 ? 0 : 1;
}

START_TEST(nothing_is_live_after_a_holder_was_killed)
{
	struct dvt_counters before;
	struct dvt_child child;
	struct dvl_device dev;
	char byte;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvl_device_close(&dev);
	dvt_counters_take(&before, dvt_bdf("DVP_BDF"));
	dvt_child_fork(&child, 0, hold_everything, (void *)dvt_bdf("DVP_BDF"));
	ck_assert_int_eq(read(child.sock, &byte, 1), 1);
	dvt_assert_delta(&before, DVT_EXPORTS_LIVE, 1);
	dvt_assert_delta(&before, DVT_MAPPINGS_LIVE, 2);
	dvt_child_kill(&child);
	dvt_assert_no_leak(dvt_bdf("DVP_BDF"));
	dvt_assert_state(dvt_bdf("DVP_BDF"), "closed");
}
END_TEST

START_TEST(close_revokes_what_is_left_and_leaks_show)
{
	struct dvt_counters before;
	struct dvl_device dev;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_counters_take(&before, dvt_bdf("DVP_BDF"));
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	dvl_device_close(&dev);
	dvt_assert_delta(&before, DVT_REVOKES, 1);
	dvt_assert_delta(&before, DVT_EXPORTS_LIVE, 1);
	close(fd);
	dvt_assert_no_leak(dvt_bdf("DVP_BDF"));
}
END_TEST

DVT_MAIN_PARAM("state",
	       { group_is_there_while_the_device_is_bound },
	       { state_follows_the_device },
	       { state_names_each_cause_in_force },
	       { exports_count_while_they_live },
	       { refused_exports_do_not_count },
	       { bar_mappings_count_as_mappings_alone },
	       { mappings_count_through_split_move_and_unmap, 2 },
	       { mappings_count_in_every_process, 2 },
	       { refused_mappings_do_not_count },
	       { faults_are_told_from_refusals_and_outlive_the_buffer },
	       { imports_count_while_they_are_mapped },
	       { nothing_is_live_after_a_holder_was_killed },
	       { close_revokes_what_is_left_and_leaks_show })
