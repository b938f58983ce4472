// SPDX-License-Identifier: GPL-2.0-only
/*
 * First touch: one word of each page of a new mapping is read, in order. The figures
 * are instructions a page, with those of the loop.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define NR_ROUNDS 3

/* What is mapped: the BAR through the device fd, or a buffer over all of it. */
enum kind { BAR, BUFFER, HUGE_BUFFER };

struct row {
	const char *figure;
	enum kind kind;
	/* The device with the large BAR */
	bool big;
	/* How far the address is past a congruent one */
	size_t shift;
};

static const struct row rows[] = {
	{ "touch_64m",		BAR,		false,	0 },
	{ "touch_1g",		BAR,		true,	0 },
	{ "huge_64m",		HUGE_BUFFER,	false,	0 },
	{ "shifted_64m",	BAR,		false,	BENCH_PAGE },
	{ "shifted_1g",		BAR,		true,	BENCH_PAGE },
	{ "huge_shifted_64m",	HUGE_BUFFER,	false,	BENCH_PAGE },
	{ "small_64m",		BUFFER,		false,	0 },
	{ "small_1g",		BUFFER,		true,	0 },
	{ "small_shifted_64m",	BUFFER,		false,	BENCH_PAGE },
};

/* Touches a new mapping of @fd, or of the BAR if that is -1, and unmaps it. */
static uint64_t touch_new(const struct bench_device *device, int fd, size_t len,
			  char *at)
{
	const volatile char *addr, *end = at + len;
	uint64_t cost;

	if (fd < 0)
		bench_map_bar(device, 0, len, at);
	else
		bench_map_buffer(fd, len, at);
	bench_mark_begin();
	cost = bench_clock();
	for (addr = at; addr < end; addr += BENCH_PAGE)
		(void)*addr;
	cost = bench_clock() - cost;
	bench_mark_end();
	bench_unmap(at, len);
	return cost;
}

static void measure(const struct bench_side *side, const char *figure,
		    const struct bench_device *device, int fd, size_t len,
		    size_t shift)
{
	char *at = bench_room(len + shift) + shift;
	uint64_t least = UINT64_MAX;
	int i;

	for (i = 0; i < NR_ROUNDS; i++)
		bench_keep_least(&least, touch_new(device, fd, len, at));
	bench_print(figure, side->name, (double)least * BENCH_PAGE / len);

	if (!bench_profile_begin(figure, side))
		return;
	for (i = 0; i < BENCH_PROFILE_ROUNDS; i++)
		touch_new(device, fd, len, at);
	bench_profile_end();
}

static void measure_row(const struct bench_side *side, const struct row *row)
{
	const struct bench_device *device = row->big ? &side->big : &side->dev;
	size_t len = row->big ? BENCH_BIG_LEN : BENCH_BAR_LEN;
	int fd;

	if (row->kind == BAR) {
		measure(side, row->figure, device, -1, len, row->shift);
		return;
	}
	fd = bench_export_one(device, len, row->kind == HUGE_BUFFER ?
			      DMABUF_VFIO_PCI_EXPORT_HUGE : 0);
	if (fd < 0) {
		bench_missing(row->figure, strerror(errno));
		return;
	}
	measure(side, row->figure, device, fd, len, row->shift);
	bench_must(close(fd));
}

void bench_touch(const struct bench_side *side)
{
	size_t i;

	for (i = 0; i < BENCH_ARRAY_SIZE(rows); i++) {
		if (side->ours || rows[i].kind == BAR)
			measure_row(side, &rows[i]);
	}
}

static void measure_scattered(const struct bench_side *side, const char *figure,
			      unsigned int nr_ranges)
{
	struct bench_request *req = bench_request(nr_ranges);
	int fd = bench_export(&side->dev, req);

	measure(side, figure, &side->dev, fd, nr_ranges * BENCH_PAGE, 0);
	bench_must(close(fd));
	free(req);
}

/* Buffers of scattered ranges, which have small entries only. */
void bench_ranges(const struct bench_side *side)
{
	if (!side->ours)
		return;
	measure_scattered(side, "scattered_1024", 1024);
	measure_scattered(side, "scattered_16384", 16384);
	measure_scattered(side, "scattered_65536", 65536);
}
