// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page table entries of mappings: which frames, which size, and that no slot
 * of 2 MiB mixes sizes. Read back by the test module.
 */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "dvt_importer.h"
#include "dvt_place.h"

#define BAR 2
#define PAGE 0x1000UL

static bool has_huge(const struct dvl_device *dev)
{
	return dvt_caps(dev) & DMABUF_VFIO_PCI_CAP_HUGE;
}

START_TEST(huge_bit_is_on_where_the_kernel_has_huge_pfn_maps)
{
	unsigned int major, minor;
	struct utsname uts;
	struct dvl_device dev;

	dvt_open_or_skip(&dev, "DVP_BDF");
	uname(&uts);
	ck_assert_int_eq(sscanf(uts.release, "%u.%u", &major, &minor), 2);
	ck_assert_int_eq(has_huge(&dev),
			 major > 6 || (major == 6 && minor >= 12));
}
END_TEST

/*
 * Size of the entries
 */

START_TEST(congruent_mapping_has_large_entries_where_the_kernel_can)
{
	static const char * const roles[] = { "DVP_BDF", "DVP_BDF_1G" };
	struct dvl_device dev;
	size_t len, off;
	int importer;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, roles[_i]);
	len = dvt_bar_len(&dev, BAR);
	map = dvt_map_at(dvt_export_huge(&dev, BAR, 0, len, O_RDWR), 0, len,
			 PROT_READ | PROT_WRITE, 1UL << 30, 0);
	dvt_touch_slots(map, len);
	for (off = 0; off < len; off += DVT_HUGE) {
		/* Entries of 1 GiB are for BAR mappings alone. */
		dvt_assert_level(importer, map + off,
				 has_huge(&dev) ? DVP_PTE_2M : DVP_PTE_4K);
	}
	dvt_assert_frames(importer, map, 2 * DVT_HUGE, dvt_bar_addr(dev.bdf, BAR));
	dvt_assert_frames(importer, map + len - DVT_HUGE, DVT_HUGE,
			  dvt_bar_addr(dev.bdf, BAR) + len - DVT_HUGE);
}
END_TEST

/* By both features; whatever the address. */
START_TEST(buffer_without_the_flag_has_small_entries)
{
	const size_t len = 2 * DVT_HUGE;
	struct vfio_region_dma_range range = { .length = len };
	struct dvl_device dev;
	int importer, fd;
	size_t off;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvl_export_by(dev.fd, _i ? DMABUF_VFIO_PCI_FEATURE_EXPORT :
					VFIO_DEVICE_FEATURE_DMA_BUF,
			   BAR, &range, 1, O_RDWR);
	ck_assert_int_ge(fd, 0);
	map = dvt_map_at(fd, 0, len, PROT_READ | PROT_WRITE, DVT_HUGE, 0);
	dvt_touch_slots(map, len);
	for (off = 0; off < len; off += PAGE)
		dvt_assert_level(importer, map + off, DVP_PTE_4K);
	dvt_assert_frames(importer, map, len, dvt_bar_addr(dev.bdf, BAR));
}
END_TEST

START_TEST(bar_mapping_has_large_entries_where_the_kernel_can)
{
	struct vfio_region_info info;
	struct dvl_device dev;
	unsigned int level;
	int importer;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	level = has_huge(&dev) ? DVP_PTE_2M : DVP_PTE_4K;
	ck_assert_int_eq(dvl_region_info(&dev, BAR, &info), 0);
	map = dvt_map_at(dev.fd, info.offset, 3 * DVT_HUGE, PROT_READ, DVT_HUGE,
			 0);
	dvt_touch_slots(map, 3 * DVT_HUGE);
	dvt_assert_level(importer, map, level);
	dvt_assert_level(importer, map + DVT_HUGE, level);
	dvt_assert_frames(importer, map, 3 * DVT_HUGE, dvt_bar_addr(dev.bdf, BAR));
}
END_TEST

START_TEST(mapping_off_congruence_has_small_entries)
{
	const size_t len = 4 * DVT_HUGE;
	struct dvl_device dev;
	int importer;
	size_t off;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvt_map_at(dvt_export_huge(&dev, BAR, 0, len, O_RDWR), 0, len,
			 PROT_READ | PROT_WRITE, DVT_HUGE, PAGE);
	dvt_touch_slots(map, len);
	for (off = 0; off < len; off += PAGE)
		dvt_assert_level(importer, map + off, DVP_PTE_4K);
	dvt_assert_frames(importer, map, len, dvt_bar_addr(dev.bdf, BAR));
}
END_TEST

/* The frame that a request of several ranges leads to. */
static uint64_t frame_of(const struct vfio_region_dma_range *ranges, size_t off)
{
	while (off >= ranges->length)
		off -= ranges++->length;
	return ranges->offset + off;
}

/*
 * In a buffer of one extent, whole slots get a large entry, the others small ones;
 * a buffer of several has small ones only. In each slot all entries are of one
 * size, whichever page came first.
 */
static void assert_no_slot_mixes(int importer, const char *map, size_t len,
				 const struct vfio_region_dma_range *ranges,
				 uint64_t phys)
{
	struct dvp_importer_pte pte, first = { 0 };
	size_t off;

	for (off = 0; off < len; off += PAGE) {
		dvt_pte(importer, map + off, &pte);
		if (!off || !((uintptr_t)(map + off) & (DVT_HUGE - 1)))
			first = pte;
		ck_assert_msg(pte.level == first.level,
			      "page %#zx: level %u beside level %u", off,
			      pte.level, first.level);
		ck_assert_msg(pte.pfn * PAGE == phys + frame_of(ranges, off),
			      "page %#zx leads to %#llx", off, pte.pfn * PAGE);
	}
}

/**
 * struct cut - a buffer of several ranges, and where it is mapped
 * @ranges: the ranges
 * @nr: how many
 * @shift: what the address is, modulo 2 MiB
 * @large: a slot that must be large where the kernel can, -1 for small ones only
 */
static const struct cut {
	struct vfio_region_dma_range ranges[4];
	unsigned int nr;
	size_t shift;
	int large;
} cuts[] = {
	/* From the middle of a slot to the middle of another. */
	{ { { 0x100000, 0x600000 } }, 1, 0x100000, 1 },
	/* One page past a border to one page before one. */
	{ { { 0x1000, 0x7fe000 } }, 1, 0x1000, 1 },
	/* Two whole slots, swapped. */
	{ { { 0x200000, 0x200000 }, { 0, 0x200000 } }, 2, 0, -1 },
	/* A slot of two extents between whole ones. */
	{ { { 0, 0x200000 }, { 0x400000, 0x100000 }, { 0x800000, 0x100000 },
	    { 0xa00000, 0x200000 } }, 4, 0, -1 },
	/* Adjacent ranges whose border is in the middle of a slot. */
	{ { { 0, 0x300000 }, { 0x300000, 0x300000 } }, 2, 0, 1 },
	/* The same slot again and again, off congruence. */
	{ { { 0, 0x200000 }, { 0, 0x200000 }, { 0, 0x200000 } }, 3, 0x3000, -1 },
};

START_TEST(no_slot_mixes_sizes)
{
	const struct cut *cut = &cuts[_i];
	struct dvl_device dev;
	size_t len = 0, slot;
	int importer, fd;
	unsigned int i;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	for (i = 0; i < cut->nr; i++)
		len += cut->ranges[i].length;
	fd = dvl_export_flags(dev.fd, BAR, cut->ranges, cut->nr, O_RDWR,
			      DMABUF_VFIO_PCI_EXPORT_HUGE);
	ck_assert_int_ge(fd, 0);
	map = dvt_map_at(fd, 0, len, PROT_READ | PROT_WRITE, DVT_HUGE,
			 cut->shift);
	dvt_touch_slots(map, len);
	assert_no_slot_mixes(importer, map, len, cut->ranges,
			     dvt_bar_addr(dev.bdf, BAR));
	slot = cut->large > 0 ? cut->large * DVT_HUGE - cut->shift : 0;
	dvt_assert_level(importer, map + slot,
			 cut->large >= 0 && has_huge(&dev) ? DVP_PTE_2M :
							     DVP_PTE_4K);
}
END_TEST

START_TEST(protecting_a_part_of_a_large_entry_makes_it_small)
{
	struct dvp_importer_pte pte;
	struct dvl_device dev;
	int importer;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvt_map_at(dvt_export_huge(&dev, BAR, 0, 2 * DVT_HUGE, O_RDWR), 0,
			 2 * DVT_HUGE, PROT_READ | PROT_WRITE, DVT_HUGE, 0);
	dvt_touch_slots(map, 2 * DVT_HUGE);
	ck_assert_int_eq(mprotect(map, DVT_MIB, PROT_READ), 0);
	ck_assert_int_ge(dvt_read32(map), 0);
	dvt_assert_usable(map + DVT_MIB);
	/* Its slot is as it was, but it came into a new VMA with the rest. */
	ck_assert_int_ge(dvt_read32(map + DVT_HUGE), 0);

	dvt_pte(importer, map, &pte);
	ck_assert_uint_eq(pte.level, DVP_PTE_4K);
	ck_assert(!(pte.flags & DVP_PTE_WRITABLE));
	dvt_pte(importer, map + DVT_MIB, &pte);
	ck_assert_uint_eq(pte.level, DVP_PTE_4K);
	ck_assert(pte.flags & DVP_PTE_WRITABLE);
	dvt_assert_level(importer, map + DVT_HUGE,
			 has_huge(&dev) ? DVP_PTE_2M : DVP_PTE_4K);
	dvt_assert_frames(importer, map, 2 * DVT_HUGE, dvt_bar_addr(dev.bdf, BAR));
}
END_TEST

START_TEST(unmapping_a_part_of_a_large_entry_leaves_the_rest)
{
	struct dvl_device dev;
	int importer;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvt_map_at(dvt_export_huge(&dev, BAR, 0, DVT_HUGE, O_RDWR), 0,
			 DVT_HUGE, PROT_READ | PROT_WRITE, DVT_HUGE, 0);
	dvt_assert_usable(map);
	ck_assert_int_eq(munmap(map, PAGE), 0);
	ck_assert_int_eq(dvt_read32(map), DVT_SIGSEGV);
	dvt_assert_usable(map + PAGE);
	dvt_assert_level(importer, map + PAGE, DVP_PTE_4K);
	dvt_assert_frames(importer, map + PAGE, DVT_HUGE - PAGE,
			  dvt_bar_addr(dev.bdf, BAR) + PAGE);
}
END_TEST

START_TEST(entries_of_a_read_only_mapping_are_read_only)
{
	struct dvp_importer_pte pte;
	struct dvl_device dev;
	int importer, fd;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export_huge(&dev, BAR, 0, DVT_HUGE, _i ? O_RDWR : O_RDONLY);
	map = dvt_map_at(fd, 0, DVT_HUGE, PROT_READ, DVT_HUGE, 0);
	ck_assert_int_ge(dvt_read32(map), 0);
	dvt_pte(importer, map, &pte);
	ck_assert_uint_ne(pte.level, DVP_PTE_NONE);
	ck_assert(!(pte.flags & DVP_PTE_WRITABLE));
	ck_assert(pte.flags & DVP_PTE_USER);
	ck_assert_int_eq(dvt_write32(map, 0), DVT_SIGSEGV);
}
END_TEST

START_TEST(revoke_leaves_no_entry_of_any_size)
{
	struct dvl_device dev;
	int importer, fd;
	size_t off;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export_huge(&dev, BAR, 0, 4 * DVT_HUGE, O_RDWR);
	map = dvt_map_at(fd, 0, 4 * DVT_HUGE, PROT_READ, DVT_HUGE,
			 _i ? PAGE : 0);
	dvt_touch_slots(map, 4 * DVT_HUGE);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	for (off = 0; off < 4 * DVT_HUGE; off += PAGE)
		dvt_assert_level(importer, map + off, DVP_PTE_NONE);
}
END_TEST

DVT_MAIN("pte",
	 { huge_bit_is_on_where_the_kernel_has_huge_pfn_maps },
	 { congruent_mapping_has_large_entries_where_the_kernel_can, 2 },
	 { buffer_without_the_flag_has_small_entries, 2 },
	 { bar_mapping_has_large_entries_where_the_kernel_can },
	 { mapping_off_congruence_has_small_entries },
	 { no_slot_mixes_sizes, DVT_ARRAY_SIZE(cuts) },
	 { protecting_a_part_of_a_large_entry_makes_it_small },
	 { unmapping_a_part_of_a_large_entry_leaves_the_rest },
	 { entries_of_a_read_only_mapping_are_read_only, 2 },
	 { revoke_leaves_no_entry_of_any_size, 2 })
