// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many buffers and mappings. Buffer or BAR mapping number N is page N of the BAR,
 * and its mapping lies in slot N of a room.
 */
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

struct bench_set *bench_set_new(const struct bench_device *device)
{
	struct bench_set *set = calloc(1, sizeof(*set));

	if (!set)
		bench_die("no memory");
	set->device = device;
	return set;
}

/* Exports by VFIO_DEVICE_FEATURE_DMA_BUF, which both drivers may have. */
void bench_set_export(struct bench_set *set, unsigned int nr)
{
	struct bench_request *req = bench_request(1);
	unsigned int i;

	for (i = 0; i < nr; i++) {
		req->ranges[0].offset = i * BENCH_PAGE;
		set->fds[i] = bench_export(set->device, req);
	}
	set->nr_fds = nr;
	free(req);
}

/* Maps the first @nr buffers. */
void bench_set_map(struct bench_set *set, unsigned int nr, char *room)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		set->maps[i] = bench_map_buffer(set->fds[i], BENCH_PAGE,
						room + i * BENCH_SLOT);
	set->nr_maps = nr;
}

/* Maps @nr pages of the BAR through the device fd. */
void bench_set_map_bar(struct bench_set *set, unsigned int nr, char *room)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		set->maps[i] = bench_map_bar(set->device, i * BENCH_PAGE,
					     BENCH_PAGE, room + i * BENCH_SLOT);
	set->nr_maps = nr;
}

void bench_set_touch(const struct bench_set *set)
{
	unsigned int i;

	for (i = 0; i < set->nr_maps; i++)
		(void)*(const volatile char *)set->maps[i];
}

void bench_set_free(struct bench_set *set)
{
	unsigned int i;

	for (i = 0; i < set->nr_maps; i++)
		bench_unmap(set->maps[i], BENCH_PAGE);
	for (i = 0; i < set->nr_fds; i++)
		bench_must(close(set->fds[i]));
	free(set);
}
