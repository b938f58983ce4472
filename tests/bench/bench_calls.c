// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pairs of calls: mmap and munmap of a BAR through the device fd, without a touch;
 * export and close. A figure is the mean of a batch, of the best of some batches: it
 * includes what the kernel defers, such as freeing after a grace period.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

#define NR_BATCHES 5

typedef void (*pair_fn)(const struct bench_device *device, const void *arg);

static void measure(const struct bench_side *side, const char *figure,
		    unsigned int batch, pair_fn pair, const void *arg)
{
	uint64_t least = UINT64_MAX, cost;
	unsigned int i, j;

	for (i = 0; i < NR_BATCHES; i++) {
		cost = bench_clock();
		for (j = 0; j < batch; j++)
			pair(&side->dev, arg);
		bench_keep_least(&least, bench_clock() - cost);
	}
	bench_print(figure, side->name, (double)least / batch);

	if (!bench_profile_begin(figure, side))
		return;
	for (i = 0; i < BENCH_PROFILE_ROUNDS; i++) {
		bench_mark_begin();
		pair(&side->dev, arg);
		bench_mark_end();
	}
	bench_profile_end();
}

static void mmap_and_munmap(const struct bench_device *device, const void *arg)
{
	(void)arg;
	bench_unmap(bench_map_bar(device, 0, BENCH_BAR_LEN, NULL),
		    BENCH_BAR_LEN);
}

static void export_and_close(const struct bench_device *device, const void *arg)
{
	bench_must(close(bench_export(device, arg)));
}

void bench_calls(const struct bench_side *side)
{
	static const unsigned int nr_ranges[] = { 1, 16, 1024, 65536 };
	struct bench_request *req;
	char figure[32];
	size_t i;

	measure(side, "bar_mmap", 200, mmap_and_munmap, NULL);
	if (!side->exports)
		return;
	for (i = 0; i < BENCH_ARRAY_SIZE(nr_ranges); i++) {
		req = bench_request(nr_ranges[i]);
		snprintf(figure, sizeof(figure), "export_%u", nr_ranges[i]);
		measure(side, figure, nr_ranges[i] > 1024 ? 4 : 200,
			export_and_close, req);
		free(req);
	}
}
