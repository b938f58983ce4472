// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two processors that fault at a time, each pinned to a thread: in a buffer of its
 * own, or in a half of the same. The clock is the wall's, and the figure the best
 * of many rounds, in nanoseconds a page.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "bench.h"

#define NR_THREADS 2
#define NR_ROUNDS 10

struct toucher {
	pthread_t thread;
	int cpu;
	atomic_int *ready;
	const char *map;
	size_t len;
	uint64_t start;
	uint64_t end;
};

static uint64_t wall_clock(void)
{
	struct timespec now;

	bench_must(clock_gettime(CLOCK_MONOTONIC, &now));
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static void *touch(void *arg)
{
	struct toucher *toucher = arg;
	const volatile char *addr, *end = toucher->map + toucher->len;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(toucher->cpu, &cpus);
	bench_must(sched_setaffinity(0, sizeof(cpus), &cpus));
	/* Both start together: each is awake, on its processor, when it looks. */
	(*toucher->ready)++;
	while (*toucher->ready < NR_THREADS)
		;
	toucher->start = wall_clock();
	for (addr = toucher->map; addr < end; addr += BENCH_PAGE)
		(void)*addr;
	toucher->end = wall_clock();
	return NULL;
}

/* Both maps are touched at a time. Returns how long it took. */
static uint64_t touch_both(char *const maps[NR_THREADS], size_t len)
{
	struct toucher touchers[NR_THREADS] = {};
	uint64_t start = UINT64_MAX, end = 0;
	atomic_int ready = 0;
	int i;

	for (i = 0; i < NR_THREADS; i++) {
		touchers[i].cpu = i;
		touchers[i].ready = &ready;
		touchers[i].map = maps[i];
		touchers[i].len = len;
		if (pthread_create(&touchers[i].thread, NULL, touch,
				   &touchers[i]))
			bench_die("no thread");
	}
	for (i = 0; i < NR_THREADS; i++) {
		pthread_join(touchers[i].thread, NULL);
		bench_keep_least(&start, touchers[i].start);
		if (touchers[i].end > end)
			end = touchers[i].end;
	}
	return end - start;
}

/* @len bytes for each thread, @shift past a congruent address. */
static uint64_t two_buffers(const struct bench_device *device, char *room,
			    size_t len, size_t shift)
{
	char *maps[NR_THREADS];
	int i, pieces[NR_THREADS];
	uint64_t took;

	for (i = 0; i < NR_THREADS; i++) {
		pieces[i] = bench_piece(device, i * len, len);
		maps[i] = bench_map(device, pieces[i], i * len, len,
				    room + i * BENCH_GIB + shift);
	}
	took = touch_both(maps, len);
	for (i = 0; i < NR_THREADS; i++) {
		bench_unmap(maps[i], len);
		bench_close_piece(device, pieces[i]);
	}
	return took;
}

static uint64_t one_buffer(const struct bench_device *device, char *room,
			   size_t len, size_t shift)
{
	int piece = bench_piece(device, 0, NR_THREADS * len);
	char *map = bench_map(device, piece, 0, NR_THREADS * len, room + shift);
	char *const maps[NR_THREADS] = { map, map + len };
	uint64_t took;

	took = touch_both(maps, len);
	bench_unmap(map, NR_THREADS * len);
	bench_close_piece(device, piece);
	return took;
}

/**
 * struct kind - how what is touched lies
 * @name: for the figures
 * @len: bytes for each thread
 * @shift: past a congruent address
 * @two: the least that two buffers took, by side
 * @one: and one
 */
static struct kind {
	const char *name;
	size_t len;
	size_t shift;
	uint64_t two[2];
	uint64_t one[2];
} kinds[] = {
	{ "congruent", BENCH_BAR_LEN / NR_THREADS, 0,
	  { UINT64_MAX, UINT64_MAX }, { UINT64_MAX, UINT64_MAX } },
	{ "shifted", BENCH_BAR_LEN / 4 / NR_THREADS, BENCH_PAGE,
	  { UINT64_MAX, UINT64_MAX }, { UINT64_MAX, UINT64_MAX } },
};

#define NR_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/*
 * A few rounds, to be called for the sides by turns, so that what else the host
 * does falls on both.
 */
void bench_cpus(const struct bench_side *side)
{
	char *room = bench_room(NR_THREADS * BENCH_GIB);
	bool ours = side->dev.ours;
	struct kind *kind;
	int i;

	for (kind = kinds; kind < kinds + NR_KINDS; kind++) {
		for (i = 0; i < NR_ROUNDS; i++) {
			bench_keep_least(&kind->two[ours],
					 two_buffers(&side->dev, room, kind->len,
						     kind->shift));
			bench_keep_least(&kind->one[ours],
					 one_buffer(&side->dev, room, kind->len,
						    kind->shift));
		}
	}
}

void bench_cpus_print(const struct bench_side *side)
{
	bool ours = side->dev.ours;
	const struct kind *kind;
	double nr_pages;
	char figure[32];

	for (kind = kinds; kind < kinds + NR_KINDS; kind++) {
		nr_pages = (double)NR_THREADS * kind->len / BENCH_PAGE;
		snprintf(figure, sizeof(figure), "cpus_two_%s", kind->name);
		bench_print(figure, side->name, kind->two[ours] / nr_pages);
		snprintf(figure, sizeof(figure), "cpus_one_%s", kind->name);
		bench_print(figure, side->name, kind->one[ours] / nr_pages);
	}
}
