// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mapping shows the right page of the BAR at every page of the buffer,
 * whatever the ranges, the page offset and the address.
 *
 * Each page of the BAR gets a pattern of its own by the second path, and is
 * looked for through a mapping whose pages are touched in scattered order, so
 * that faults start anywhere. A second mapping then writes another pattern from
 * start to end, and the second path looks at what arrived, and that the pages
 * around the ranges are as they were.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dvt.h"

#define BAR 2
#define PAGE 4096UL
#define HUGE_LEN (2 * DVT_MIB)
#define GIANT_LEN (1024 * DVT_MIB)
#define RW (PROT_READ | PROT_WRITE)
#define MAX_RANGES 8
/* Above, only a part of each page is compared, a different one each time. */
#define MAX_WHOLE_PAGES 2048
/* Above, only one page in STRIDE is: a prime, so no place in a slot is left. */
#define MAX_EVERY_PAGE 65536
#define STRIDE 7

enum pattern { FILLED, WRITTEN, GUARD };

/**
 * struct shape - an export and a mapping of it
 * @name: what is special
 * @role: which device; NULL for DVP_BDF
 * @ranges: the export, ended by a length of 0
 * @map_off: start of the mapping in the buffer
 * @map_len: its length, 0 for all that follows
 * @skew: how far its address is from congruence with the device's
 */
struct shape {
	const char *name, *role;
	struct vfio_region_dma_range ranges[MAX_RANGES];
	uint64_t map_off, map_len, skew;
};

#define M DVT_MIB
static const struct shape shapes[] = {
	/* NR_WHOLE of these. */
	{ "whole BAR", NULL, { { 0, 64 * M } } },
	{ "whole BAR, a page off", NULL, { { 0, 64 * M } }, .skew = PAGE },
	{ "1 GiB BAR", "DVP_BDF_1G", { { 0, 1024 * M } } },
	{ "1 GiB BAR, a page off", "DVP_BDF_1G", { { 0, 1024 * M } },
	  .skew = PAGE },
	{ "second quarter", NULL, { { 16 * M, 16 * M } } },
	{ "second quarter, off", NULL, { { 16 * M, 16 * M } }, .skew = 1 * M },
	{ "one page in the middle", NULL, { { 7 * M + 5 * PAGE, PAGE } } },
	{ "the last page", NULL, { { 64 * M - PAGE, PAGE } } },
	{ "odd ends around whole slots", NULL,
	  { { 2 * M - PAGE, 4 * M + 2 * PAGE } } },
	{ "odd ends, off", NULL,
	  { { 2 * M - PAGE, 4 * M + 2 * PAGE } }, .skew = 3 * PAGE },
	{ "permuted", NULL,
	  { { 32 * M, 6 * M }, { 0, 6 * M }, { 16 * M, 6 * M } } },
	{ "permuted, off", NULL,
	  { { 32 * M, 6 * M }, { 0, 6 * M }, { 16 * M, 6 * M } },
	  .skew = 511 * PAGE },
	{ "overlapping", NULL, { { 0, 4 * M }, { 2 * M, 4 * M } } },
	{ "overlapping by all but a page", NULL,
	  { { 8 * M, 2 * M }, { 8 * M + PAGE, 2 * M } } },
	{ "repeated", NULL,
	  { { 4 * M, 2 * M }, { 4 * M, 2 * M }, { 4 * M, 2 * M } } },
	{ "one page repeated", NULL,
	  { { 9 * M, PAGE }, { 9 * M, PAGE }, { 9 * M, PAGE } } },
	{ "adjacent", NULL,
	  { { 0, M }, { M, M }, { 2 * M, 4 * M }, { 6 * M, PAGE } } },
	{ "adjacent, backwards", NULL,
	  { { 6 * M, PAGE }, { 2 * M, 4 * M }, { M, M }, { 0, M } } },
	{ "adjacent twice", NULL,
	  { { 0, M }, { M, M }, { 0, M }, { M, M } } },
	{ "seam in a slot, both sides congruent", NULL,
	  { { 0, M }, { 5 * M, 3 * M }, { 0, 2 * M } } },
	{ "seam in a slot, far side not congruent", NULL,
	  { { 0, M + 7 * PAGE }, { 20 * M, 5 * M } } },
	{ "seams a page apart", NULL,
	  { { 10 * M, 2 * M - PAGE }, { 0, PAGE }, { PAGE * 9, PAGE },
	    { 12 * M, 2 * M }, { 11 * M, PAGE } } },
	{ "from page 5 on", NULL, { { 8 * M, 8 * M } }, 5 * PAGE },
	{ "from page 5 on, off", NULL, { { 8 * M, 8 * M } }, 5 * PAGE,
	  .skew = 9 * PAGE },
	{ "from the second slot on", NULL, { { 8 * M, 8 * M } }, 2 * M },
	{ "from the middle of the second range", NULL,
	  { { 40 * M, M }, { 8 * M, 8 * M }, { 3 * M, M } }, 4 * M },
	{ "ends in the middle of a slot", NULL, { { 8 * M, 8 * M } }, M / 2,
	  3 * M },
	{ "one page of a large buffer", NULL,
	  { { 0, 32 * M }, { 40 * M, 8 * M } }, 32 * M, PAGE },
};

/* A word that tells its pattern, its page and its place there. */
static uint64_t pattern_word(enum pattern pattern, uint64_t page, uint64_t i)
{
	uint64_t x = (page << 16 | i << 4 | (pattern + 1)) *
		     0x9e3779b97f4a7c15UL;

	return x ^ x >> 29;
}

static void pattern_fill(uint64_t *words, enum pattern pattern, uint64_t page)
{
	uint64_t i;

	for (i = 0; i < PAGE / 8; i++)
		words[i] = pattern_word(pattern, page, i);
}

/**
 * struct run - a shape being judged
 * @dev: the device
 * @bar_off: offset of the BAR in the device's descriptor
 * @page_of: BAR page of each page of the mapping
 * @nr_pages: pages of the mapping
 * @used: for each page of the BAR, whether the export has it
 * @nr_bar_pages: pages of the BAR
 * @chunk: bytes compared in each page
 * @stride: pages of the BAR from one that is compared to the next
 */
struct run {
	struct dvl_device dev;
	uint64_t bar_off;
	uint32_t *page_of;
	uint64_t nr_pages;
	bool *used;
	uint64_t nr_bar_pages;
	size_t chunk;
	uint64_t stride;
};

/* Where in a page the compared bytes start. */
static size_t chunk_start(const struct run *run, uint64_t page)
{
	return page * run->chunk % PAGE;
}

static void bar_put(const struct run *run, enum pattern pattern, uint64_t page)
{
	size_t start = chunk_start(run, page);
	uint64_t words[PAGE / 8];
	ssize_t put;

	pattern_fill(words, pattern, page);
	put = pwrite(run->dev.fd, (char *)words + start, run->chunk,
		     run->bar_off + page * PAGE + start);
	ck_assert_int_eq(put, run->chunk);
}

static void bar_assert(const struct run *run, enum pattern pattern,
		       uint64_t page)
{
	size_t start = chunk_start(run, page);
	uint64_t words[PAGE / 8], got[PAGE / 8];
	ssize_t len;

	pattern_fill(words, pattern, page);
	len = pread(run->dev.fd, got, run->chunk,
		    run->bar_off + page * PAGE + start);
	ck_assert_int_eq(len, run->chunk);
	ck_assert_msg(!memcmp(got, (char *)words + start, run->chunk),
		      "page %lu of the BAR does not have pattern %d", page,
		      pattern);
}

/*
 * What the second path needs, and the guards around what is exported, of which
 * all is written and read by that path.
 */
static void run_begin(struct run *run, uint64_t nr_pages, uint64_t nr_exported)
{
	struct vfio_region_info info;

	ck_assert_int_eq(dvl_region_info(&run->dev, BAR, &info), 0);
	run->bar_off = info.offset;
	run->nr_bar_pages = info.size / PAGE;
	run->used = calloc(run->nr_bar_pages, sizeof(*run->used));
	run->nr_pages = nr_pages;
	run->page_of = calloc(nr_pages, sizeof(*run->page_of));
	run->chunk = nr_exported > MAX_WHOLE_PAGES ? 128 : PAGE;
	run->stride = nr_exported > MAX_EVERY_PAGE ? STRIDE : 1;
	ck_assert(run->used && run->page_of);
}

static bool is_guard(const struct run *run, uint64_t page)
{
	return !run->used[page] &&
	       ((page && run->used[page - 1]) ||
		(page + 1 < run->nr_bar_pages && run->used[page + 1]));
}

static void run_fill(const struct run *run)
{
	uint64_t page;

	for (page = 0; page < run->nr_bar_pages; page += run->stride) {
		if (run->used[page])
			bar_put(run, FILLED, page);
		else if (is_guard(run, page))
			bar_put(run, GUARD, page);
	}
}

/* A number without a factor in common with @nr: its multiples meet all. */
static uint64_t scatter_step(uint64_t nr)
{
	uint64_t step = nr * 5 / 8 | 1, a, b, rest;

	for (;; step += 2) {
		for (a = nr, b = step; b; a = b, b = rest)
			rest = a % b;
		if (a == 1)
			return step;
	}
}

static void run_read(const struct run *run, const uint8_t *map)
{
	uint64_t step = scatter_step(run->nr_pages), i;
	uint64_t words[PAGE / 8];

	for (i = 0; i < run->nr_pages; i++) {
		uint64_t page = i * step % run->nr_pages;
		size_t start = chunk_start(run, run->page_of[page]);

		if (run->page_of[page] % run->stride)
			continue;
		pattern_fill(words, FILLED, run->page_of[page]);
		ck_assert_msg(!memcmp(map + page * PAGE + start,
				      (char *)words + start, run->chunk),
			      "page %lu of the mapping is not page %u of the BAR",
			      page, run->page_of[page]);
	}
}

/* Pages that the export has but the mapping has not keep what they had. */
static void run_write(const struct run *run, uint8_t *map)
{
	bool *written = calloc(run->nr_bar_pages, sizeof(*written));
	uint64_t words[PAGE / 8], page;

	ck_assert_ptr_nonnull(written);
	for (page = 0; page < run->nr_pages; page++) {
		uint64_t bar_page = run->page_of[page];
		size_t start = chunk_start(run, bar_page);

		if (bar_page % run->stride)
			continue;
		pattern_fill(words, WRITTEN, bar_page);
		memcpy(map + page * PAGE + start, (char *)words + start,
		       run->chunk);
		written[bar_page] = true;
	}
	for (page = 0; page < run->nr_bar_pages; page += run->stride) {
		if (run->used[page])
			bar_assert(run, written[page] ? WRITTEN : FILLED,
				   page);
		else if (is_guard(run, page))
			bar_assert(run, GUARD, page);
	}
	free(written);
}

static uint64_t shape_size(const struct shape *shape)
{
	uint64_t size = 0;
	int i;

	for (i = 0; i < MAX_RANGES && shape->ranges[i].length; i++)
		size += shape->ranges[i].length;
	return size;
}

static uint32_t shape_nr_ranges(const struct shape *shape)
{
	uint32_t nr = 0;

	while (nr < MAX_RANGES && shape->ranges[nr].length)
		nr++;
	return nr;
}

/* The model: walks the ranges page by page, and knows nothing else. */
static void shape_lay_out(const struct shape *shape, struct run *run)
{
	uint64_t first = shape->map_off / PAGE, page = 0, i;
	uint32_t nr = shape_nr_ranges(shape), range;

	for (range = 0; range < nr; range++) {
		uint64_t start = shape->ranges[range].offset / PAGE;

		for (i = 0; i < shape->ranges[range].length / PAGE; i++) {
			run->used[start + i] = true;
			if (page >= first && page < first + run->nr_pages)
				run->page_of[page - first] = start + i;
			page++;
		}
	}
}

/* At an address that is @skew from being congruent with its first page. */
static uint8_t *map_at(int fd, uint64_t off, const struct shape *shape,
		       const struct run *run)
{
	uint64_t len = run->nr_pages * PAGE, want, addr;
	uint64_t grid = len >= GIANT_LEN ? GIANT_LEN : HUGE_LEN;
	void *area, *map;

	area = mmap(NULL, len + 2 * grid, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ck_assert_ptr_ne(area, MAP_FAILED);
	want = (run->page_of[0] * PAGE + shape->skew) % grid;
	addr = ((uintptr_t)area & ~(grid - 1)) + grid + want;
	ck_assert_int_eq(munmap(area, len + 2 * grid), 0);
	map = mmap((void *)addr, len, RW, MAP_SHARED | MAP_FIXED_NOREPLACE, fd,
		   off);
	ck_assert_msg(map == (void *)addr, "%s: mmap: %m", shape->name);
	return map;
}

static void shape_begin(const struct shape *shape, struct run *run)
{
	uint64_t size = shape_size(shape), len = shape->map_len;

	if (!len)
		len = size - shape->map_off;
	run_begin(run, len / PAGE, size / PAGE);
	shape_lay_out(shape, run);
	run_fill(run);
}

/* Each shape with small entries, and exported for huge ones. */
START_TEST(mapping_shows_the_right_pages)
{
	const struct shape *shape = &shapes[_i / 2];
	struct run run;
	int fd;

	dvt_open_or_skip(&run.dev, shape->role ? shape->role : "DVP_BDF");
	shape_begin(shape, &run);
	fd = dvl_export_flags(run.dev.fd, BAR, shape->ranges,
			      shape_nr_ranges(shape), O_RDWR,
			      _i & 1 ? DMABUF_VFIO_PCI_EXPORT_HUGE : 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_END), shape_size(shape));
	run_read(&run, map_at(fd, shape->map_off, shape, &run));
	run_write(&run, map_at(fd, shape->map_off, shape, &run));
}
END_TEST

/* The first shapes have the whole BAR; the device maps those, too. */
enum { NR_WHOLE = 4 };

START_TEST(mapping_through_the_device_shows_the_right_pages)
{
	const struct shape *shape = &shapes[_i];
	struct run run;

	dvt_open_or_skip(&run.dev, shape->role ? shape->role : "DVP_BDF");
	shape_begin(shape, &run);
	run_read(&run, map_at(run.dev.fd, run.bar_off, shape, &run));
	run_write(&run, map_at(run.dev.fd, run.bar_off, shape, &run));
}
END_TEST

/* On both sides of what the driver copies in different ways, and the whole BAR. */
static const uint64_t nr_shuffled[] = { 2, 16, 17, 64 * M / PAGE };

START_TEST(shuffled_pages_come_in_the_order_asked_for)
{
	static const struct shape plain = { "shuffled pages" };
	struct vfio_region_dma_range *ranges;
	struct run run;
	uint64_t i, step;
	int fd;

	dvt_open_or_skip(&run.dev, "DVP_BDF");
	run_begin(&run, nr_shuffled[_i], nr_shuffled[_i]);
	ranges = calloc(run.nr_pages, sizeof(*ranges));
	ck_assert_ptr_nonnull(ranges);
	step = scatter_step(run.nr_pages - 1);
	for (i = 0; i < run.nr_pages; i++) {
		/* The last page alone is where it was. */
		run.page_of[i] = i + 1 < run.nr_pages ?
				 i * step % (run.nr_pages - 1) : i;
		run.used[run.page_of[i]] = true;
		ranges[i].offset = run.page_of[i] * PAGE;
		ranges[i].length = PAGE;
	}
	run_fill(&run);
	fd = dvl_export(run.dev.fd, BAR, ranges, run.nr_pages, O_RDWR);
	ck_assert_int_ge(fd, 0);
	run_read(&run, map_at(fd, 0, &plain, &run));
	run_write(&run, map_at(fd, 0, &plain, &run));
}
END_TEST

START_TEST(plain_mmap_at_any_address_shows_the_right_pages)
{
	static const struct shape whole = { "whole", NULL, { { 0, 32 * M } } };
	struct run run;
	int fd;

	dvt_open_or_skip(&run.dev, "DVP_BDF");
	run_begin(&run, 32 * M / PAGE, 32 * M / PAGE);
	shape_lay_out(&whole, &run);
	run_fill(&run);
	fd = dvt_export(&run.dev, BAR, 0, 32 * M, O_RDWR);
	run_read(&run, dvt_map(fd, 32 * M, RW));
	run_write(&run, dvt_map(fd, 32 * M, RW));
}
END_TEST

DVT_MAIN("content",
	 { mapping_shows_the_right_pages, 2 * DVT_ARRAY_SIZE(shapes) },
	 { mapping_through_the_device_shows_the_right_pages, NR_WHOLE },
	 { shuffled_pages_come_in_the_order_asked_for,
	   DVT_ARRAY_SIZE(nr_shuffled) },
	 { plain_mmap_at_any_address_shows_the_right_pages })
