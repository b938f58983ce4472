// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge entries beside seams. A buffer of several ranges is one row of bytes, and
 * pieces of the BAR lie side by side in it that do not in the BAR. A fault that
 * looks at how its address and the frame are aligned, and not at where the range
 * ends, lends what was not exported. Drafts of mmap for vfio-pci's dma-bufs did;
 * no released kernel has that mmap.
 */
#include <unistd.h>

#include "dvt_defect.h"
#include "dvt_place.h"

#define ROLE "DVP_BDF"
#define BAR 2
#define PAGE 4096UL

/* All begin and end where an entry of 2 MiB would go on. */
static const struct vfio_region_dma_range ranges[] = {
	{ .offset = 4 * DVT_MIB, .length = 2 * DVT_MIB + PAGE },
	{ .offset = 8 * DVT_MIB + PAGE, .length = 4 * DVT_MIB - 2 * PAGE },
	{ .offset = 16 * DVT_MIB - PAGE, .length = 2 * PAGE },
	{ .offset = 20 * DVT_MIB - PAGE, .length = 2 * DVT_MIB },
	{ .offset = 24 * DVT_MIB, .length = 4 * DVT_MIB },
	{ .offset = 24 * DVT_MIB, .length = 2 * DVT_MIB - PAGE },
};

static size_t total(void)
{
	size_t i, len = 0;

	for (i = 0; i < DVT_ARRAY_SIZE(ranges); i++)
		len += ranges[i].length;
	return len;
}

/* Where in the BAR a byte of the buffer is. */
static uint64_t place(uint64_t off)
{
	size_t i;

	for (i = 0; off >= ranges[i].length; i++)
		off -= ranges[i].length;
	return ranges[i].offset + off;
}

/* Each page of the BAR says which it is. */
static void number_pages(const struct dvl_device *dev)
{
	uint64_t len = dvt_bar_len(dev, BAR), off;

	for (off = 0; off < len; off += PAGE)
		dvt_poke32(dev, BAR, off, off / PAGE);
}

/* Every page, those first whose faults could take others along. */
static void assert_pages(const char *map, size_t first, size_t step)
{
	size_t len = total(), nr = len / PAGE, i, page;

	for (i = 0; i < nr; i++) {
		page = (first + i * step) % nr;
		ck_assert_int_eq(dvt_read32(map + page * PAGE),
				 place(page * PAGE) / PAGE);
	}
}

/* How the mapping lies to entries of 2 MiB, and a page to begin with. */
static const struct row {
	size_t shift;
	size_t first;
	size_t step;
} rows[] = {
	{ 0, 0, 1 },
	{ 0, 600, 1 },
	{ PAGE, 0, 1 },
	{ DVT_HUGE - PAGE, 513, 1 },
	/* To and fro: the step has no divisor with the number of pages. */
	{ 0, 0, 509 },
	{ DVT_MIB, 1023, 509 },
};

enum { NR_ROWS = DVT_ARRAY_SIZE(rows) };

START_TEST(no_entry_reaches_over_a_seam)
{
	const struct row *row = &rows[_i];
	struct dvl_device dev;
	char *map;
	int fd;

	dvt_ours_or_skip("mmap of dma-bufs");
	dvt_open_or_skip(&dev, ROLE);
	ck_assert_uint_ge(dvt_bar_len(&dev, BAR), 28 * DVT_MIB);
	number_pages(&dev);
	fd = dvl_export_flags(dev.fd, BAR, ranges, DVT_ARRAY_SIZE(ranges),
			      O_RDWR, DMABUF_VFIO_PCI_EXPORT_HUGE);
	ck_assert_int_ge(fd, 0);
	map = dvt_map_at(fd, 0, total(), PROT_READ | PROT_WRITE, DVT_HUGE,
			 row->shift);
	assert_pages(map, row->first, row->step);

	/* Entries that were taken away come back in the right places. */
	dvt_memory_off(&dev);
	ck_assert_int_eq(dvt_read32(map), DVT_SIGBUS);
	dvt_memory_on(&dev);
	assert_pages(map, row->first + 1, row->step);
	close(fd);
}
END_TEST

DVT_MAIN("defect: seams", { no_entry_reaches_over_a_seam, NR_ROWS })
