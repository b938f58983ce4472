// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers of several ranges: the importer's entries follow the buffer's order,
 * and DMA to the n-th range reaches the n-th range. What the kernel's own
 * exporter does for the same ranges is held to the same claims.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dvt_import.h"
#include "dvt_param.h"
#include "dvt_place.h"

#define PAGE 4096
#define NR_MANY 10000
#define ENTRY_LIMIT 0x100000000ULL

static void export_ranges(struct dvt_import *import,
			  const struct vfio_region_dma_range *ranges,
			  unsigned int nr)
{
	import->fd = dvl_export(import->dev.fd, DVT_IMPORT_BAR, ranges, nr,
				O_RDWR);
	ck_assert_msg(import->fd >= 0, "export of %u ranges: %s", nr,
		      strerror(-import->fd));
}

static uint64_t sum(const struct vfio_region_dma_range *ranges,
		    unsigned int nr)
{
	uint64_t size = 0;

	while (nr--)
		size += ranges++->length;
	return size;
}

/* On the page grid, below 4 GiB, and together as long as the buffer. */
static unsigned int assert_entries(const struct dvt_import *import,
				   uint64_t size)
{
	struct dvp_peer_entry *entries;
	unsigned int nr = dvt_peer_entries(&import->peer, &entries), i;

	for (i = 0; i < nr; i++) {
		ck_assert_uint_gt(entries[i].len, 0);
		ck_assert_uint_lt(entries[i].len, ENTRY_LIMIT);
		ck_assert_uint_eq(entries[i].addr % PAGE, 0);
		ck_assert_uint_eq(entries[i].len % PAGE, 0);
		ck_assert_uint_ge(size, entries[i].len);
		size -= entries[i].len;
	}
	ck_assert_uint_eq(size, 0);
	free(entries);
	return nr;
}

/*
 * Where devices see addresses as they are, each byte of the buffer can be
 * looked up: entry for entry, range for range.
 */
static void assert_addresses(const struct dvt_import *import,
			     const struct vfio_region_dma_range *ranges,
			     unsigned int nr)
{
	uint64_t bar = dvt_bar_addr(import->dev.bdf, DVT_IMPORT_BAR);
	struct dvp_peer_entry *entries, *entry;
	uint64_t done = 0;
	unsigned int i;

	if (dvt_machine_translates())
		return;
	dvt_peer_entries(&import->peer, &entries);
	entry = entries;
	for (i = 0; i < nr; i++) {
		ck_assert_msg(entry->addr + done == bar + ranges[i].offset,
			      "range %u is at %#llx, not %#llx", i,
			      entry->addr + done, bar + ranges[i].offset);
		done += ranges[i].length;
		while (done && done >= entry->len)
			done -= entry++->len;
	}
	free(entries);
}

/* DMA to the first page of range i of a buffer reaches it. */
static void assert_range(const struct dvt_import *import,
			 const struct vfio_region_dma_range *ranges,
			 unsigned int i)
{
	dvt_import_assert_leads_to(import, sum(ranges, i), ranges[i].offset);
}

/**
 * struct layout - ranges, in MiB
 * @nr: how many
 * @nr_merged: how many are left when neighbours are merged
 * @ranges: start and length
 */
static const struct layout {
	unsigned int nr, nr_merged;
	struct { unsigned int start, len; } ranges[4];
} layouts[] = {
	{ 1, 1, { { 2, 1 } } },
	{ 2, 1, { { 1, 1 }, { 2, 3 } } },		/* neighbours */
	{ 2, 2, { { 2, 1 }, { 1, 1 } } },		/* the other way round */
	{ 2, 2, { { 1, 1 }, { 3, 1 } } },		/* a gap */
	{ 4, 4, { { 6, 1 }, { 0, 1 }, { 4, 2 }, { 1, 1 } } },
	{ 3, 3, { { 0, 4 }, { 2, 4 }, { 2, 1 } } },	/* they overlap */
	{ 4, 3, { { 8, 1 }, { 9, 1 }, { 0, 1 }, { 9, 1 } } },
};

/*
 * The kernel's exporter maps one range through an IOMMU and no more: it has
 * all of them start at the same address of the importer.
 */
static bool maps_several(const struct dvt_import *import)
{
	return import->by == DVT_BY_US || !dvt_machine_translates();
}

static void assert_not_mapped(const struct dvt_import *import)
{
	ck_assert_int_eq(dvt_peer_attach(&import->peer, import->fd), 0);
	ck_assert_int_eq(dvt_peer_map(&import->peer, DVP_PEER_BIDIRECTIONAL),
			 -EADDRINUSE);
}

START_TEST(dma_to_each_range_reaches_it)
{
	const struct layout *layout = &layouts[_i / DVT_NR_EXPORTERS];
	struct vfio_region_dma_range ranges[4];
	struct dvt_import import;
	unsigned int i, nr;

	dvt_import_open_or_skip(&import, _i % DVT_NR_EXPORTERS);
	for (i = 0; i < layout->nr; i++)
		ranges[i] = (struct vfio_region_dma_range){
			.offset = layout->ranges[i].start * DVT_MIB,
			.length = layout->ranges[i].len * DVT_MIB,
		};
	export_ranges(&import, ranges, layout->nr);
	if (layout->nr > 1 && !maps_several(&import)) {
		assert_not_mapped(&import);
		return;
	}
	dvt_peer_import(&import.peer, import.fd);

	nr = assert_entries(&import, sum(ranges, layout->nr));
	/* The kernel's exporter leaves neighbours as they are. */
	ck_assert_uint_eq(nr, import.by == DVT_BY_US ? layout->nr_merged :
						       layout->nr);
	assert_addresses(&import, ranges, layout->nr);
	for (i = 0; i < layout->nr; i++)
		assert_range(&import, ranges, i);
}
END_TEST

/*
 * Single pages, none behind its neighbour. A page comes again seven times at the
 * most, which is what the kernel's checks of the DMA API put up with.
 */
static struct vfio_region_dma_range *
export_many(struct dvt_import *import)
{
	uint64_t nr_pages = dvt_bar_len(&import->dev, DVT_IMPORT_BAR) / PAGE;
	struct vfio_region_dma_range *ranges;
	unsigned int i;

	ranges = calloc(NR_MANY, sizeof(*ranges));
	ck_assert_ptr_nonnull(ranges);
	for (i = 0; i < NR_MANY; i++) {
		ranges[i].offset = i * 7919UL % nr_pages * PAGE;
		ranges[i].length = PAGE;
	}
	export_ranges(import, ranges, NR_MANY);
	return ranges;
}

START_TEST(each_of_ten_thousand_ranges_is_reached)
{
	static const unsigned int looked_at[] = { 0, 1, 4999, 9998, 9999 };
	struct vfio_region_dma_range *ranges;
	struct dvt_import import;
	unsigned int i;

	dvt_import_open_or_skip(&import, _i);
	ranges = export_many(&import);
	if (!maps_several(&import)) {
		assert_not_mapped(&import);
		return;
	}
	dvt_peer_import(&import.peer, import.fd);
	assert_entries(&import, (uint64_t)NR_MANY * PAGE);
	assert_addresses(&import, ranges, NR_MANY);
	for (i = 0; i < DVT_ARRAY_SIZE(looked_at); i++)
		assert_range(&import, ranges, looked_at[i]);
}
END_TEST

START_TEST(ten_thousand_ranges_are_taken_back_and_mapped_again)
{
	struct vfio_region_dma_range *ranges;
	struct dvt_import import;

	dvt_import_open_or_skip(&import, DVT_BY_US);
	ranges = export_many(&import);
	dvt_peer_import(&import.peer, import.fd);
	dvt_memory_off(&import.dev);
	dvt_peer_assert_state(&import.peer, 0, 1);
	dvt_memory_on(&import.dev);
	dvt_import_assert_stopped(&import);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL), 0);
	assert_range(&import, ranges, NR_MANY - 1);
}
END_TEST

DVT_MAIN_PARAM("import_ranges",
	       { dma_to_each_range_reaches_it,
		 DVT_ARRAY_SIZE(layouts) * DVT_NR_EXPORTERS },
	       { each_of_ten_thousand_ranges_is_reached, DVT_NR_EXPORTERS },
	       { ten_thousand_ranges_are_taken_back_and_mapped_again })
