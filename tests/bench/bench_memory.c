// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory that a buffer holds: its own, and that of its dma-buf, file, inode and
 * name.
 *
 * Read from the statistics of the kernel's allocators, before and after a number of
 * buffers of a kind are made. For small objects, /proc/slabinfo counts those in use;
 * free objects that a processor keeps for itself count as used, so caches are shrunk
 * first, which returns them. Larger objects have pages of their own: all pages of the
 * allocator, less those of its caches. VmallocUsed has what is larger still. The
 * program itself makes descriptors only, and has grown their table before.
 */
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define NR_BUFFERS 4096

/* The first match of @key at the start of a line of a file of /proc, in KiB. */
static long read_kib(const char *path, const char *key)
{
	char line[128], format[64];
	long kib = -1;
	FILE *file = fopen(path, "r");

	if (!file)
		bench_die("%s: %m", path);
	snprintf(format, sizeof(format), "%s %%ld", key);
	while (kib < 0 && fgets(line, sizeof(line), file))
		sscanf(line, format, &kib);
	fclose(file);
	if (kib < 0)
		bench_die("no %s in %s", key, path);
	return kib;
}

static void shrink_caches(void)
{
	glob_t found;
	size_t i;
	int fd;

	if (glob("/sys/kernel/slab/*/shrink", 0, NULL, &found))
		bench_die("no caches in /sys/kernel/slab");
	for (i = 0; i < found.gl_pathc; i++) {
		fd = bench_must(open(found.gl_pathv[i], O_WRONLY));
		bench_must(write(fd, "1", 1));
		close(fd);
	}
	globfree(&found);
}

/* Bytes of objects in use, and the pages of all caches. */
static long read_caches(long *pages)
{
	long used, size, per_slab, slabs, bytes = 0;
	FILE *file = fopen("/proc/slabinfo", "r");
	char line[256];

	if (!file)
		bench_die("/proc/slabinfo: %m");
	*pages = 0;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %ld %*d %ld %*d %ld : tunables %*d %*d %*d : slabdata %*d %ld",
			   &used, &size, &per_slab, &slabs) != 4)
			continue;
		bytes += used * size;
		*pages += per_slab * slabs;
	}
	fclose(file);
	return bytes;
}

static long held_bytes(void)
{
	long bytes, pages, large;

	/* Objects of closed files are freed after a grace period. */
	sleep(2);
	shrink_caches();
	sleep(2);
	bytes = read_caches(&pages);
	large = read_kib("/proc/meminfo", "Slab:") * 1024 - pages * BENCH_PAGE;
	return bytes + large + read_kib("/proc/meminfo", "VmallocUsed:") * 1024;
}

static void measure(const struct bench_side *side, const char *figure,
		    unsigned int nr_ranges)
{
	struct bench_request *req = bench_request(nr_ranges);
	static int fds[NR_BUFFERS];
	long before, after;
	int i;

	for (i = 0; i < NR_BUFFERS; i++)
		fds[i] = bench_export(&side->dev, req);
	for (i = 0; i < NR_BUFFERS; i++)
		bench_must(close(fds[i]));
	before = held_bytes();
	for (i = 0; i < NR_BUFFERS; i++)
		fds[i] = bench_export(&side->dev, req);
	after = held_bytes();
	for (i = 0; i < NR_BUFFERS; i++)
		bench_must(close(fds[i]));
	free(req);
	bench_print(figure, side->name, (double)(after - before) / NR_BUFFERS);
}

void bench_memory(const struct bench_side *side)
{
	if (!side->exports)
		return;
	measure(side, "memory_1", 1);
	measure(side, "memory_1024", 1024);
}
