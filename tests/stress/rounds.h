/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What programs share that do something at random in rounds: settings, a seed, and
 * the look that nothing is left behind.
 */
#ifndef ROUNDS_H
#define ROUNDS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "dvt.h"

/* A number that the environment gives, or the other. */
static inline uint64_t rounds_setting(const char *name, uint64_t otherwise)
{
	const char *value = getenv(name);

	return value && *value ? strtoull(value, NULL, 0) : otherwise;
}

/* The same for a seed, which is a new one otherwise. */
static inline uint64_t rounds_seed(const char *name)
{
	uint32_t seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		abort();
	return rounds_setting(name, seed);
}

/* How many rounds of at most @most operations make @nr. */
static inline int rounds_count(unsigned long nr, unsigned long most)
{
	return (nr + most - 1) / most;
}

/*
 * How many of @nr operations each of these rounds has: all the same, since a short
 * one at the end might have nothing to judge.
 */
static inline unsigned long rounds_share(unsigned long nr, unsigned long most)
{
	unsigned long rounds = nr ? rounds_count(nr, most) : 1;

	return (nr + rounds - 1) / rounds;
}

/* Seconds, from some moment on. */
static inline double rounds_clock(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* Nothing of the device at @bdf is lent any more. */
static inline void rounds_assert_nothing_left(const char *bdf)
{
	static const char *const names[] = {
		"exports_live", "mappings_live", "imports_live",
	};
	char attr[64], value[32];
	size_t i;
	int ret;

	for (i = 0; i < DVT_ARRAY_SIZE(names); i++) {
		snprintf(attr, sizeof(attr), "dmabuf/%s", names[i]);
		ret = dvl_sysfs_read(bdf, attr, value, sizeof(value));
		ck_assert_msg(!ret, "%s: %s", attr, strerror(-ret));
		ck_assert_msg(!strcmp(value, "0"), "%s of %s is %s", names[i],
			      bdf, value);
	}
}

#endif /* ROUNDS_H */
