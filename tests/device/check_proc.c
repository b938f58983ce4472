// SPDX-License-Identifier: GPL-2.0-only
/*
 * What /proc says about buffers and their mappings, to people and to tools.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dvt.h"

#define BAR 2

/**
 * struct region - a mapping, as /proc/self/smaps has it
 * @perms: "rw-s" and the like
 * @offset: of the mapping in its file
 * @name: of what is mapped
 * @flags: the VmFlags line, with a space on both sides of each flag
 */
struct region {
	char perms[8];
	unsigned long offset;
	char name[256];
	char flags[520];
};

static void find_region(const void *addr, struct region *region)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	bool found = false;
	char line[512];

	ck_assert_ptr_nonnull(smaps);
	*region = (struct region){ .perms = "" };
	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
			if (found)
				break;
			found = start == (uintptr_t)addr;
			if (found)
				sscanf(line, "%*s %7s %lx %*s %*s %255[^\n]",
				       region->perms, &region->offset,
				       region->name);
		} else if (found && !strncmp(line, "VmFlags:", 8)) {
			line[strcspn(line, "\n")] = '\0';
			snprintf(region->flags, sizeof(region->flags), "%s ",
				 line + 8);
		}
	}
	fclose(smaps);
	ck_assert_msg(found, "no mapping starts at %p", addr);
}

static void assert_flag(const struct region *region, const char *flag,
			bool expected)
{
	char word[8];

	snprintf(word, sizeof(word), " %s ", flag);
	ck_assert_msg(!!strstr(region->flags, word) == expected,
		      "%s: flag %s is %smissing: %s", region->name, flag,
		      expected ? "" : "not ", region->flags);
}

/* Every mapping of device memory has these: VM_IO, no growth, no core dump. */
static void assert_device_memory(const struct region *region)
{
	assert_flag(region, "io", true);
	assert_flag(region, "de", true);
	assert_flag(region, "dd", true);
}

/*
 * vfio_iommu_type1 follows page tables of VM_PFNMAP VMAs: a borrower could map
 * the buffer for DMA by its own device, and keep that after a revocation.
 */
static void assert_mixed(const struct region *region)
{
	assert_flag(region, "pf", false);
	assert_flag(region, "mm", true);
}

static void assert_pfnmap(const struct region *region)
{
	assert_flag(region, "pf", true);
	assert_flag(region, "mm", false);
}

static void assert_names(const char *name, const char *bdf, unsigned int bar)
{
	char text[16];

	snprintf(text, sizeof(text), "BAR%u", bar);
	if (!strcasestr(name, text))
		snprintf(text, sizeof(text), "BAR %u", bar);
	ck_assert_msg(strcasestr(name, text), "no BAR %u in %s", bar, name);
	ck_assert_msg(strstr(name, bdf), "no %s in %s", bdf, name);
}

START_TEST(mapping_of_a_buffer_is_device_memory)
{
	struct dvl_device dev;
	struct region region;
	void *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvt_map(dvt_export(&dev, BAR, 0, DVT_MIB, O_RDWR), DVT_MIB,
		      PROT_READ | PROT_WRITE);
	if (_i)
		dvt_assert_usable(map);
	find_region(map, &region);
	ck_assert_str_eq(region.perms, "rw-s");
	ck_assert_uint_eq(region.offset, 0);
	ck_assert_msg(strstr(region.name, "dmabuf"), "%s", region.name);
	assert_device_memory(&region);
	assert_mixed(&region);
	assert_flag(&region, "sh", true);
	assert_flag(&region, "wr", true);
	assert_flag(&region, "mw", true);
}
END_TEST

/* Entries of 2 MiB need VM_PFNMAP. Without them, HUGE changes nothing. */
START_TEST(mapping_of_a_huge_buffer_is_a_pfnmap_if_huge_works)
{
	struct vfio_region_dma_range range = { .length = 4 * DVT_MIB };
	struct dvl_device dev;
	struct region region;
	void *map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvl_export_flags(dev.fd, BAR, &range, 1, O_RDWR,
			      DMABUF_VFIO_PCI_EXPORT_HUGE);
	ck_assert_int_ge(fd, 0);
	map = dvt_map(fd, range.length, PROT_READ | PROT_WRITE);
	if (_i)
		dvt_assert_usable(map);
	find_region(map, &region);
	assert_device_memory(&region);
	if (dvt_caps(&dev) & DMABUF_VFIO_PCI_CAP_HUGE)
		assert_pfnmap(&region);
	else
		assert_mixed(&region);
}
END_TEST

START_TEST(mapping_of_a_read_only_buffer_cannot_become_writable)
{
	struct dvl_device dev;
	struct region region;
	void *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvt_map(dvt_export(&dev, BAR, 0, DVT_MIB, O_RDONLY), DVT_MIB,
		      PROT_READ);
	find_region(map, &region);
	/* mmap() clears VM_SHARED without the write mode; VM_MAYSHARE stays. */
	ck_assert_msg(!strncmp(region.perms, "r--", 3), "%s", region.perms);
	assert_flag(&region, "ms", true);
	assert_flag(&region, "mw", false);
	assert_flag(&region, "wr", false);
	assert_device_memory(&region);
	assert_mixed(&region);
}
END_TEST

START_TEST(mapping_of_a_part_tells_its_offset)
{
	struct dvl_device dev;
	struct region region;
	void *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvt_map_from(dvt_export(&dev, BAR, 0, DVT_MIB, O_RDWR), 0x3000,
			   0x1000, PROT_READ);
	find_region(map, &region);
	ck_assert_uint_eq(region.offset, 0x3000);
	ck_assert_str_eq(region.perms, "r--s");
}
END_TEST

START_TEST(bar_mapping_names_the_device_and_the_bar)
{
	struct dvl_device dev;
	struct region region;
	void *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvl_region_mmap(&dev, BAR, 0, DVT_MIB, PROT_READ | PROT_WRITE);
	ck_assert_ptr_ne(map, MAP_FAILED);
	if (_i)
		dvt_assert_usable(map);
	find_region(map, &region);
	assert_names(region.name, dev.bdf, BAR);
	ck_assert_str_eq(region.perms, "rw-s");
	assert_device_memory(&region);
	assert_pfnmap(&region);
}
END_TEST

START_TEST(bar_mappings_of_two_bars_are_told_apart)
{
	struct dvl_device dev;
	struct region region;
	void *map[2];

	dvt_open_or_skip(&dev, "DVP_BDF_DISPLAY");
	map[0] = dvl_region_mmap(&dev, 0, 0, 0x1000, PROT_READ);
	map[1] = dvl_region_mmap(&dev, 2, 0, 0x1000, PROT_READ);
	ck_assert_ptr_ne(map[0], MAP_FAILED);
	ck_assert_ptr_ne(map[1], MAP_FAILED);
	find_region(map[0], &region);
	assert_names(region.name, dev.bdf, 0);
	find_region(map[1], &region);
	assert_names(region.name, dev.bdf, 2);
}
END_TEST

/* The line "key:\tvalue" of a descriptor, "" if there is none. */
static void fdinfo(int fd, const char *key, char *value, size_t size)
{
	char path[64], line[512];
	size_t len = strlen(key);
	FILE *file;

	*value = '\0';
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, key, len) && line[len] == ':')
			snprintf(value, size, "%s",
				 line + len + 1 + strspn(line + len + 1, " \t"));
	}
	fclose(file);
}

START_TEST(fdinfo_tells_size_and_exporter)
{
	struct dvl_device dev;
	char value[256];
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, DVT_MIB, 3 * DVT_MIB, O_RDWR);
	fdinfo(fd, "size", value, sizeof(value));
	ck_assert_uint_eq(strtoul(value, NULL, 0), 3 * DVT_MIB);
	fdinfo(fd, "exp_name", value, sizeof(value));
	ck_assert_str_eq(value, DVL_DRIVER);
}
END_TEST

START_TEST(fdinfo_tells_the_open_flags)
{
	static const struct { uint32_t flags; unsigned long mode; } rows[] = {
		{ O_RDONLY, O_RDONLY },
		{ O_WRONLY, O_WRONLY },
		{ O_RDWR, O_RDWR },
		{ O_RDWR | O_NONBLOCK, O_RDWR },
	};
	struct dvl_device dev;
	unsigned long flags;
	char value[256];
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, 0x1000, rows[_i].flags);
	fdinfo(fd, "flags", value, sizeof(value));
	flags = strtoul(value, NULL, 8);
	ck_assert_uint_eq(flags & O_ACCMODE, rows[_i].mode);
	ck_assert_uint_eq(flags & O_NONBLOCK, rows[_i].flags & O_NONBLOCK);
}
END_TEST

START_TEST(revoked_mapping_stays_visible)
{
	struct dvl_device dev;
	struct region region;
	void *map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, DVT_MIB, O_RDWR);
	map = dvt_map(fd, DVT_MIB, PROT_READ | PROT_WRITE);
	dvt_assert_usable(map);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	find_region(map, &region);
	ck_assert_msg(strstr(region.name, "dmabuf"), "%s", region.name);
	assert_device_memory(&region);
	assert_mixed(&region);
}
END_TEST

DVT_MAIN("proc",
	 { mapping_of_a_buffer_is_device_memory, 2 },
	 { mapping_of_a_huge_buffer_is_a_pfnmap_if_huge_works, 2 },
	 { mapping_of_a_read_only_buffer_cannot_become_writable },
	 { mapping_of_a_part_tells_its_offset },
	 { bar_mapping_names_the_device_and_the_bar, 2 },
	 { bar_mappings_of_two_bars_are_told_apart },
	 { fdinfo_tells_size_and_exporter },
	 { fdinfo_tells_the_open_flags, 4 },
	 { revoked_mapping_stays_visible })
