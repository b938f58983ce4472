// SPDX-License-Identifier: GPL-2.0-only
/*
 * MEMATTR: which values are taken, and that mappings of either attribute work
 * and can be revoked. What reaches the page table entries is read back by
 * check_pte; which descriptors are refused is in check_badfd.
 */
#include <errno.h>
#include <unistd.h>

#include "dvt.h"

#define BAR 2
#define PAGE 4096UL
#define LEN (4 * DVT_MIB)
#define RW (PROT_READ | PROT_WRITE)

static bool has_wc(const struct dvl_device *dev)
{
	return dvt_caps(dev) & DMABUF_VFIO_PCI_CAP_MEMATTR_WC;
}

START_TEST(uncached_is_always_there)
{
	struct dvl_device dev;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	ck_assert_int_eq(dvl_memattr(dev.fd, fd, DMABUF_VFIO_PCI_MEMATTR_NC),
			 0);
	dvt_assert_usable(dvt_map(fd, LEN, RW));
}
END_TEST

START_TEST(write_combining_is_there_if_the_caps_say_so)
{
	struct dvl_device dev;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	ck_assert_int_eq(dvl_memattr(dev.fd, fd, DMABUF_VFIO_PCI_MEMATTR_WC),
			 has_wc(&dev) ? 0 : -EOPNOTSUPP);
	dvt_assert_usable(dvt_map(fd, LEN, RW));
}
END_TEST

START_TEST(other_values_give_einval)
{
	static const uint32_t values[] = { 2, 3, 0x100, 1U << 31, ~0U };
	struct dvt_traces before;
	struct dvl_device dev;
	int fd, log;
	size_t i;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	log = dvt_log_mark();
	dvt_traces_take(&before);
	for (i = 0; i < DVT_ARRAY_SIZE(values); i++)
		ck_assert_int_eq(dvl_memattr(dev.fd, fd, values[i]), -EINVAL);
	dvt_traces_assert_same(&before);
	dvt_log_assert_silent(log);
	dvt_assert_usable(dvt_map(fd, LEN, RW));
}
END_TEST

START_TEST(attribute_can_change_while_mappings_live)
{
	struct dvl_device dev;
	uint8_t *first, *second, *third;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	if (!has_wc(&dev))
		dvt_skip("no write-combining on this kernel");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	first = dvt_map(fd, LEN, RW);
	dvt_assert_usable(first);
	ck_assert_int_eq(dvl_memattr(dev.fd, fd, DMABUF_VFIO_PCI_MEMATTR_WC),
			 0);
	second = dvt_map(fd, LEN, RW);
	dvt_assert_usable(second);
	dvt_assert_usable(first + LEN - 4);
	ck_assert_int_eq(dvl_memattr(dev.fd, fd, DMABUF_VFIO_PCI_MEMATTR_NC),
			 0);
	third = dvt_map(fd, LEN, RW);
	dvt_assert_usable(third);
	dvt_assert_usable(second + LEN - 4);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	dvt_assert_sigbus(first);
	dvt_assert_sigbus(second);
	dvt_assert_sigbus(third);
}
END_TEST

START_TEST(write_combining_mapping_shows_the_right_pages)
{
	struct dvl_device dev;
	uint8_t *map;
	uint64_t off;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	if (!has_wc(&dev))
		dvt_skip("no write-combining on this kernel");
	fd = dvt_export(&dev, BAR, DVT_MIB, LEN, O_RDWR);
	ck_assert_int_eq(dvl_memattr(dev.fd, fd, DMABUF_VFIO_PCI_MEMATTR_WC),
			 0);
	map = dvt_map(fd, LEN, RW);
	for (off = 0; off < LEN; off += PAGE)
		dvt_poke32(&dev, BAR, DVT_MIB + off, 0xc0000000 + off);
	for (off = 0; off < LEN; off += PAGE)
		ck_assert_int_eq(dvt_read32(map + LEN - PAGE - off),
				 0xc0000000 + LEN - PAGE - off);
	for (off = 0; off < LEN; off += PAGE)
		ck_assert_int_eq(dvt_write32(map + off, 0xd0000000 + off), 0);
	/* A system call orders nothing; this empties the write buffers. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (off = 0; off < LEN; off += PAGE)
		ck_assert_uint_eq(dvt_peek32(&dev, BAR, DVT_MIB + off),
				  0xd0000000 + off);
}
END_TEST

START_TEST(write_combining_mapping_is_revoked_and_comes_back)
{
	struct dvt_child child;
	struct dvl_device dev;
	uint8_t *map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	if (!has_wc(&dev))
		dvt_skip("no write-combining on this kernel");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	ck_assert_int_eq(dvl_memattr(dev.fd, fd, DMABUF_VFIO_PCI_MEMATTR_WC),
			 0);
	map = dvt_map(fd, LEN, RW);
	dvt_assert_usable(map);
	dvt_child_start(&child, DVT_NOBODY);
	ck_assert_int_ge(dvt_child_read32(&child, (uintptr_t)map), 0);
	dvt_memory_off(&dev);
	dvt_assert_sigbus(map);
	dvt_assert_sigbus(map + LEN - 4);
	ck_assert_int_eq(dvt_child_read32(&child, (uintptr_t)map), DVT_SIGBUS);
	dvt_memory_on(&dev);
	dvt_assert_usable(map);
	dvt_assert_usable(map + LEN - 4);
	ck_assert_int_ge(dvt_child_read32(&child, (uintptr_t)map), 0);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	dvt_assert_sigbus(map);
	ck_assert_int_eq(dvt_child_read32(&child, (uintptr_t)map), DVT_SIGBUS);
	dvt_child_stop(&child);
}
END_TEST

START_TEST(attribute_can_be_set_while_memory_is_off)
{
	struct dvl_device dev;
	uint8_t *map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	dvt_memory_off(&dev);
	ck_assert_int_eq(dvl_memattr(dev.fd, fd, DMABUF_VFIO_PCI_MEMATTR_WC),
			 has_wc(&dev) ? 0 : -EOPNOTSUPP);
	map = dvt_map(fd, LEN, RW);
	dvt_memory_on(&dev);
	dvt_assert_usable(map);
}
END_TEST

START_TEST(read_only_buffer_takes_an_attribute)
{
	struct dvl_device dev;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDONLY);
	ck_assert_int_eq(dvl_memattr(dev.fd, fd, DMABUF_VFIO_PCI_MEMATTR_WC),
			 has_wc(&dev) ? 0 : -EOPNOTSUPP);
	ck_assert_int_ge(dvt_read32(dvt_map(fd, LEN, PROT_READ)), 0);
}
END_TEST

DVT_MAIN("memattr",
	 { uncached_is_always_there },
	 { write_combining_is_there_if_the_caps_say_so },
	 { other_values_give_einval },
	 { attribute_can_change_while_mappings_live },
	 { write_combining_mapping_shows_the_right_pages },
	 { write_combining_mapping_is_revoked_and_comes_back },
	 { attribute_can_be_set_while_memory_is_off },
	 { read_only_buffer_takes_an_attribute })
