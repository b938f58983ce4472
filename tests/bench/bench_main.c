// SPDX-License-Identifier: GPL-2.0-only
/*
 * dvp-bench count|profile: measures both drivers, and prints a line for each figure:
 *
 *	bench FIGURE SIDE VALUE
 *
 * The machine must have one processor, and a clock that counts instructions. "profile"
 * measures fewer figures and prints more; see bench_profile.c.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"

#define NR_DESCRIPTORS 16384
/* Looks at an idle machine, and at one that does not get idle. */
#define NR_QUIET 3
#define NR_LOOKS 90

typedef void (*part_fn)(const struct bench_side *side);

void bench_die(const char *format, ...)
{
	va_list args;

	fputs("dvp-bench: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void bench_print(const char *figure, const char *side, double value)
{
	printf("bench %s %s %.2f\n", figure, side, value);
	fflush(stdout);
}

/* The line goes where people see it; the figure is missed if it has a bound. */
void bench_missing(const char *figure, const char *why)
{
	fprintf(stderr, "dvp-bench: %s is missing: %s\n", figure, why);
}

static double idle_seconds(void)
{
	FILE *file = fopen("/proc/uptime", "r");
	double idle = 0;

	if (!file || fscanf(file, "%*f %lf", &idle) != 1)
		bench_die("/proc/uptime cannot be read");
	fclose(file);
	return idle;
}

/*
 * A boot leaves work behind, such as self-tests of ciphers, which would be counted.
 * That work is done when the processor was idle for three times two seconds.
 */
static void wait_until_quiet(void)
{
	int quiet = 0, looks;
	double before;

	for (looks = 0; quiet < NR_QUIET; looks++) {
		if (looks == NR_LOOKS)
			bench_die("the machine does not get idle");
		before = idle_seconds();
		sleep(2);
		quiet = idle_seconds() - before >= 1.98 ? quiet + 1 : 0;
	}
}

static void allow_descriptors(void)
{
	struct rlimit limit = { NR_DESCRIPTORS, NR_DESCRIPTORS };

	bench_must(setrlimit(RLIMIT_NOFILE, &limit));
}

static void open_side(struct bench_side *side, const char *name, bool ours)
{
	side->name = name;
	side->ours = ours;
	bench_open(&side->dev, ours ? "DVP_BDF" : "DVP_BDF_TWIN");
	bench_open(&side->big, ours ? "DVP_BDF_1G" : "DVP_BDF_1G_TWIN");
	side->exports = bench_can_export(&side->dev);
}

static void run(const part_fn *parts)
{
	static struct bench_side sides[2];
	int i;

	open_side(&sides[0], "ours", true);
	open_side(&sides[1], "in-tree", false);
	for (; *parts; parts++)
		for (i = 0; i < 2; i++)
			(*parts)(&sides[i]);
}

/* The parts of a mode, or NULL */
static const part_fn *find_parts(const char *mode)
{
	static const part_fn count[] = {
		bench_decode_unmapped, bench_touch, bench_ranges, bench_calls,
		bench_decode_mapped, bench_intx, bench_revoke, bench_memory,
		NULL,
	};
	static const part_fn profile[] = {
		bench_decode_unmapped, bench_touch, bench_calls,
		bench_decode_mapped, bench_intx, bench_revoke, NULL,
	};

	if (!strcmp(mode, "count"))
		return count;
	return strcmp(mode, "profile") ? NULL : profile;
}

int main(int argc, char **argv)
{
	const part_fn *parts = argc == 2 ? find_parts(argv[1]) : NULL;

	if (!parts)
		bench_die("usage: dvp-bench count|profile");
	allow_descriptors();
	if (!strcmp(argv[1], "profile"))
		bench_profile_open();
	wait_until_quiet();
	run(parts);
	return 0;
}
