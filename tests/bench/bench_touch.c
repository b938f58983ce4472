// SPDX-License-Identifier: GPL-2.0-only
/*
 * First touch: one word of each page of a new mapping is read, in order. The
 * figures are instructions a page, with those of the loop, and faults.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"

#define NR_ROUNDS 3

struct touched {
	uint64_t cost;
	uint64_t faults;
};

static uint64_t count_faults(void)
{
	struct rusage usage;

	bench_must(getrusage(RUSAGE_SELF, &usage));
	return usage.ru_minflt;
}

static void touch(const char *map, size_t len, struct touched *least)
{
	const volatile char *addr, *end = map + len;
	uint64_t cost, faults;

	faults = count_faults();
	cost = bench_clock();
	for (addr = map; addr < end; addr += BENCH_PAGE)
		(void)*addr;
	cost = bench_clock() - cost;
	faults = count_faults() - faults;
	bench_keep_least(&least->cost, cost);
	bench_keep_least(&least->faults, faults);
}

static void print_touched(const struct bench_side *side, const char *figure,
			  size_t len, const struct touched *least)
{
	char faults[64];

	bench_print(figure, side->name,
		    (double)least->cost * BENCH_PAGE / len);
	snprintf(faults, sizeof(faults), "%s_faults", figure);
	bench_print(faults, side->name, least->faults);
}

static void touch_new(const struct bench_device *device, size_t len, char *at,
		      struct touched *least)
{
	int piece = bench_piece(device, 0, len);
	char *map = bench_map(device, piece, 0, len, at);

	bench_mark_begin();
	touch(map, len, least);
	bench_mark_end();
	bench_unmap(map, len);
	bench_close_piece(device, piece);
}

/* At an address that is @shift past one that is congruent. */
static void touch_at(const struct bench_side *side,
		     const struct bench_device *device, const char *figure,
		     size_t len, size_t shift)
{
	struct touched least = { UINT64_MAX, UINT64_MAX };
	char *room = bench_room(len + shift);
	int i;

	for (i = 0; i < NR_ROUNDS; i++)
		touch_new(device, len, room + shift, &least);
	print_touched(side, figure, len, &least);

	if (!bench_profile_begin(figure, side))
		return;
	for (i = 0; i < BENCH_PROFILE_ROUNDS; i++)
		touch_new(device, len, room + shift, &least);
	bench_profile_end();
}

/*
 * Where the kernel puts it by itself. That can be congruent by chance, as what was
 * mapped before may end on the grid: a page at the end of that place makes sure that
 * the next one is not, as the kernel goes down from there.
 */
static void touch_anywhere(const struct bench_side *side, const char *figure)
{
	struct touched least = { UINT64_MAX, UINT64_MAX };
	const struct bench_device *device = &side->dev;
	int piece = bench_piece(device, 0, BENCH_BAR_LEN);
	char *map, *page = NULL;

	map = bench_map(device, piece, 0, BENCH_BAR_LEN, NULL);
	if ((uintptr_t)map % BENCH_SLOT == 0) {
		bench_unmap(map, BENCH_BAR_LEN);
		page = mmap(map + BENCH_BAR_LEN - BENCH_PAGE, BENCH_PAGE,
			    PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
			    -1, 0);
		if (page == MAP_FAILED)
			bench_die("no page: %m");
		map = bench_map(device, piece, 0, BENCH_BAR_LEN, NULL);
	}
	touch(map, BENCH_BAR_LEN, &least);
	bench_unmap(map, BENCH_BAR_LEN);
	if (page)
		bench_unmap(page, BENCH_PAGE);
	bench_close_piece(device, piece);
	print_touched(side, figure, BENCH_BAR_LEN, &least);
}

/* Of both sides before anything else: rooms have aligned holes later. */
void bench_anywhere(const struct bench_side *side)
{
	touch_anywhere(side, "anywhere_64m");
}

void bench_touch(const struct bench_side *side)
{
	touch_at(side, &side->dev, "touch_64m", BENCH_BAR_LEN, 0);
	touch_at(side, &side->big, "touch_1g", BENCH_BIG_LEN, 0);
	touch_at(side, &side->dev, "shifted_64m", BENCH_BAR_LEN, BENCH_PAGE);
	touch_at(side, &side->big, "shifted_1g", BENCH_BIG_LEN, BENCH_PAGE);
}

static void touch_scattered(const struct bench_side *side, const char *figure,
			    unsigned int nr_ranges)
{
	struct touched least = { UINT64_MAX, UINT64_MAX };
	struct bench_request *req = bench_request(nr_ranges);
	int i, fd = bench_export(&side->dev, req);
	size_t len = nr_ranges * BENCH_PAGE;
	char *room = bench_room(len), *map;

	for (i = 0; i < NR_ROUNDS; i++) {
		map = bench_map(&side->dev, fd, 0, len, room);
		touch(map, len, &least);
		bench_unmap(map, len);
	}
	bench_must(close(fd));
	free(req);
	print_touched(side, figure, len, &least);
}

/*
 * Ranges of one page each. What they are compared with, one range off congruence,
 * has small entries, too.
 */
void bench_ranges(const struct bench_side *side)
{
	if (!side->dev.ours)
		return;
	touch_scattered(side, "scattered_1024", 1024);
	touch_scattered(side, "scattered_16384", 16384);
	touch_scattered(side, "scattered_65536", 65536);
}
