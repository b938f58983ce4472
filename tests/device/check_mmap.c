// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments of mmap() on a buffer, and what later calls may make of the
 * mapping: protection, growth, dumps, pinned pages.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "dvt.h"

#define BAR 2
#define PAGE 4096UL
#define NR_PAGES 16UL
#define LEN (NR_PAGES * PAGE)
#define RW (PROT_READ | PROT_WRITE)

/* 0 or a negative errno; what it maps stays until the test's end. */
static int try_map(int fd, uint64_t off, size_t len, int prot, int flags)
{
	void *addr = mmap(NULL, len, prot, flags, fd, off);

	return addr == MAP_FAILED ? -errno : 0;
}

START_TEST(private_mapping_gives_einval)
{
	struct dvl_device dev;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	ck_assert_int_eq(try_map(fd, 0, LEN, PROT_READ, MAP_PRIVATE), -EINVAL);
	ck_assert_int_eq(try_map(fd, 0, LEN, RW, MAP_PRIVATE), -EINVAL);
	ck_assert_int_eq(try_map(fd, 0, LEN, PROT_NONE, MAP_PRIVATE), -EINVAL);
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDONLY);
	ck_assert_int_eq(try_map(fd, 0, LEN, PROT_READ, MAP_PRIVATE), -EINVAL);
}
END_TEST

static const struct {
	uint64_t off;
	size_t len;
} beyond[] = {
	{ 0, LEN + 1 }, { 0, LEN + PAGE }, { PAGE, LEN }, { LEN, PAGE },
	{ LEN - PAGE, 2 * PAGE }, { LEN + PAGE, PAGE }, { 1UL << 40, PAGE },
	{ 1UL << 62, PAGE }, { 0, 64 * DVT_MIB },
};

START_TEST(mapping_beyond_the_size_gives_einval)
{
	struct dvl_device dev;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	ck_assert_int_eq(try_map(fd, beyond[_i].off, beyond[_i].len, RW,
				 MAP_SHARED), -EINVAL);
}
END_TEST

START_TEST(every_page_offset_maps_the_page_that_it_names)
{
	struct dvl_device dev;
	unsigned long page;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 32 * PAGE, LEN, O_RDWR);
	for (page = 0; page < NR_PAGES; page++)
		dvt_poke32(&dev, BAR, (32 + page) * PAGE, 0x7000 + page);
	for (page = 0; page < NR_PAGES; page++) {
		uint8_t *map = dvt_map_from(fd, page * PAGE,
					    (NR_PAGES - page) * PAGE, RW);

		ck_assert_int_eq(dvt_read32(map), 0x7000 + page);
		ck_assert_int_eq(dvt_read32(map + (NR_PAGES - page - 1) * PAGE),
				 0x7000 + NR_PAGES - 1);
	}
}
END_TEST

START_TEST(length_is_rounded_up_to_a_page)
{
	struct dvl_device dev;
	uint8_t *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvt_map(dvt_export(&dev, BAR, 0, PAGE, O_RDWR), 1, RW);
	dvt_assert_usable(map + PAGE - 4);
}
END_TEST

START_TEST(read_only_buffer_maps_for_reading)
{
	struct dvl_device dev;
	uint8_t *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvt_map(dvt_export(&dev, BAR, 0, LEN, O_RDONLY), LEN, PROT_READ);
	dvt_poke32(&dev, BAR, PAGE, 0x0b5e55ed);
	ck_assert_int_eq(dvt_read32(map + PAGE), 0x0b5e55ed);
	ck_assert_int_eq(dvt_write32(map + PAGE, 0), DVT_SIGSEGV);
	ck_assert_uint_eq(dvt_peek32(&dev, BAR, PAGE), 0x0b5e55ed);
}
END_TEST

START_TEST(read_only_buffer_refuses_prot_write)
{
	struct dvl_device dev;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDONLY);
	ck_assert_int_eq(try_map(fd, 0, LEN, RW, MAP_SHARED), -EACCES);
	ck_assert_int_eq(try_map(fd, 0, LEN, PROT_WRITE, MAP_SHARED), -EACCES);
}
END_TEST

START_TEST(read_only_mapping_cannot_be_made_writable)
{
	struct dvl_device dev;
	struct dvt_child child;
	uint8_t *map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDONLY);
	map = dvt_map(fd, LEN, PROT_READ);
	ck_assert_int_eq(mprotect(map, LEN, RW), -1);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_int_ge(dvt_read32(map), 0);
	ck_assert_int_eq(mprotect(map + PAGE, PAGE, PROT_WRITE), -1);
	ck_assert_int_eq(errno, EACCES);

	dvt_child_start(&child, DVT_NOBODY);
	ck_assert_int_eq(dvt_child_protect(&child, (uintptr_t)map, LEN, RW),
			 -EACCES);
	dvt_child_give(&child, fd);
	ck_assert_int_eq(dvt_child_map(&child, LEN, 0, RW), -EACCES);
	ck_assert_int_gt(dvt_child_map(&child, LEN, 0, PROT_READ), 0);
	dvt_child_stop(&child);
}
END_TEST

START_TEST(read_only_descriptor_cannot_be_opened_again_for_writing)
{
	struct dvl_device dev;
	char path[64];

	dvt_open_or_skip(&dev, "DVP_BDF");
	snprintf(path, sizeof(path), "/proc/self/fd/%d",
		 dvt_export(&dev, BAR, 0, LEN, O_RDONLY));
	ck_assert_int_eq(open(path, O_RDWR), -1);
	ck_assert_int_eq(open(path, O_RDONLY), -1);
}
END_TEST

START_TEST(writable_mapping_changes_its_protection_freely)
{
	struct dvl_device dev;
	uint8_t *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvt_map(dvt_export(&dev, BAR, 0, LEN, O_RDWR), LEN, PROT_READ);
	ck_assert_int_eq(dvt_write32(map, 1), DVT_SIGSEGV);
	ck_assert_int_eq(mprotect(map, LEN, RW), 0);
	dvt_assert_usable(map);
	ck_assert_int_eq(mprotect(map + PAGE, PAGE, PROT_NONE), 0);
	ck_assert_int_eq(dvt_read32(map + PAGE), DVT_SIGSEGV);
	dvt_assert_usable(map + 2 * PAGE);
	ck_assert_int_eq(mprotect(map + PAGE, PAGE, RW), 0);
	dvt_assert_usable(map + PAGE);
}
END_TEST

START_TEST(mapping_never_grows)
{
	struct dvl_device dev;
	uint8_t *map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	map = dvt_map(fd, 4 * PAGE, RW);
	ck_assert_ptr_eq(mremap(map, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE),
			 MAP_FAILED);
	ck_assert(errno == EFAULT || errno == EINVAL);
	ck_assert_ptr_eq(mremap(map, 4 * PAGE, 8 * PAGE, 0), MAP_FAILED);
	/* A length of 0 asks for a second mapping of shared pages. */
	ck_assert_ptr_eq(mremap(map, 0, 8 * PAGE, MREMAP_MAYMOVE), MAP_FAILED);
	dvt_assert_usable(map + 3 * PAGE);
}
END_TEST

START_TEST(mapping_stays_out_of_core_dumps)
{
	struct dvl_device dev;
	uint8_t *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvt_map(dvt_export(&dev, BAR, 0, LEN, O_RDWR), LEN, RW);
	ck_assert_int_eq(madvise(map, LEN, MADV_DODUMP), -1);
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

START_TEST(another_process_cannot_read_through_the_mapping)
{
	uint8_t word[4];
	struct iovec local = { word, sizeof(word) }, remote = { NULL, 4 };
	struct dvl_device dev;
	uint8_t *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvt_map(dvt_export(&dev, BAR, 0, LEN, O_RDWR), LEN, RW);
	dvt_assert_usable(map);
	remote.iov_base = map;
	ck_assert_int_eq(process_vm_readv(getpid(), &local, 1, &remote, 1, 0),
			 -1);
	ck_assert_int_eq(errno, EFAULT);
	ck_assert_int_eq(process_vm_writev(getpid(), &local, 1, &remote, 1, 0),
			 -1);
	ck_assert_int_eq(errno, EFAULT);
}
END_TEST

START_TEST(pages_cannot_be_pinned_into_a_pipe)
{
	struct iovec iov = { NULL, PAGE };
	struct dvl_device dev;
	uint8_t *map;
	int ends[2];

	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvt_map(dvt_export(&dev, BAR, 0, LEN, O_RDWR), LEN, RW);
	dvt_assert_usable(map);
	iov.iov_base = map;
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(vmsplice(ends[1], &iov, 1, 0), -1);
	ck_assert_int_eq(errno, EFAULT);
}
END_TEST

START_TEST(populating_a_mapping_is_harmless)
{
	struct dvl_device dev;
	void *map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	map = mmap(NULL, LEN, RW, MAP_SHARED | MAP_POPULATE, fd, 0);
	ck_assert_ptr_ne(map, MAP_FAILED);
	dvt_assert_usable(map);
}
END_TEST

START_TEST(revoked_buffer_gives_enodev)
{
	struct dvl_device dev;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	ck_assert_int_eq(try_map(fd, 0, LEN, RW, MAP_SHARED), -ENODEV);
	ck_assert_int_eq(try_map(fd, PAGE, PAGE, PROT_READ, MAP_SHARED),
			 -ENODEV);
}
END_TEST

START_TEST(buffer_of_a_closed_device_gives_enodev)
{
	struct dvl_device dev;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	dvl_device_close(&dev);
	ck_assert_int_eq(try_map(fd, 0, LEN, RW, MAP_SHARED), -ENODEV);
	/* A new open of the device is not the one that exported it. */
	dvt_open(&dev, dvt_bdf("DVP_BDF"));
	ck_assert_int_eq(try_map(fd, 0, LEN, RW, MAP_SHARED), -ENODEV);
}
END_TEST

START_TEST(blocked_buffer_can_be_mapped)
{
	struct dvl_device dev;
	uint8_t *map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	dvt_memory_off(&dev);
	map = dvt_map(fd, LEN, RW);
	dvt_assert_sigbus(map);
	dvt_memory_on(&dev);
	dvt_assert_usable(map);
}
END_TEST

DVT_MAIN("mmap",
	 { private_mapping_gives_einval },
	 { mapping_beyond_the_size_gives_einval, DVT_ARRAY_SIZE(beyond) },
	 { every_page_offset_maps_the_page_that_it_names },
	 { length_is_rounded_up_to_a_page },
	 { read_only_buffer_maps_for_reading },
	 { read_only_buffer_refuses_prot_write },
	 { read_only_mapping_cannot_be_made_writable },
	 { read_only_descriptor_cannot_be_opened_again_for_writing },
	 { writable_mapping_changes_its_protection_freely },
	 { mapping_never_grows },
	 { mapping_stays_out_of_core_dumps },
	 { another_process_cannot_read_through_the_mapping },
	 { pages_cannot_be_pinned_into_a_pipe },
	 { populating_a_mapping_is_harmless },
	 { revoked_buffer_gives_enodev },
	 { buffer_of_a_closed_device_gives_enodev },
	 { blocked_buffer_can_be_mapped })
