/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the driver shows of its devices: counters in sysfs, lines in debugfs.
 */
#ifndef DVT_SHOW_H
#define DVT_SHOW_H

#include "dvt.h"

enum dvt_counter {
	DVT_EXPORTS_LIVE,
	DVT_EXPORTS_TOTAL,
	DVT_MAPPINGS_LIVE,
	DVT_MAPPINGS_TOTAL,
	DVT_IMPORTS_LIVE,
	DVT_IMPORTS_TOTAL,
	DVT_FAULTS,
	DVT_REFUSED,
	DVT_REVOKES,
	DVT_BLOCKS,
	DVT_RESTORES,
	DVT_NR_COUNTERS
};

extern const char *const dvt_counter_names[DVT_NR_COUNTERS];

/**
 * struct dvt_counters - the counters of a device at one time
 * @bdf: the device
 * @values: by &enum dvt_counter
 */
struct dvt_counters {
	const char *bdf;
	int64_t values[DVT_NR_COUNTERS];
};

void dvt_counters_take(struct dvt_counters *counters, const char *bdf);
int64_t dvt_counters_delta(const struct dvt_counters *before,
			   enum dvt_counter counter);

/* A counter has grown by so much since then. */
#define dvt_assert_delta(before, counter, delta)			\
	ck_assert_msg(dvt_counters_delta(before, counter) == (delta),	\
		      "%s has grown by %ld, not %ld",			\
		      dvt_counter_names[counter],			\
		      (long)dvt_counters_delta(before, counter),	\
		      (long)(delta))

void dvt_assert_no_leak(const char *bdf);
void dvt_assert_state(const char *bdf, const char *state);
void dvt_assert_blocked(const char *bdf, const char *causes);

/* Longer than any line that the driver shows. */
#define DVT_LINE_LEN 512

/* Whose directory in debugfs is meant; DVL_DRIVER at first. */
extern const char *dvt_show_driver;

void dvt_show_path(char *path, size_t size, const char *bdf, const char *file);
char *dvt_show_read(const char *bdf, const char *file);
unsigned int dvt_show_lines(const char *bdf, const char *file,
			    const char *start, char *line);
bool dvt_line_value(const char *line, const char *key, char *value,
		    size_t size);
void dvt_export_line(const char *bdf, int fd, char *line);

/* The line has key=value in it. */
#define dvt_assert_value(line, key, expected)				\
	do {								\
		char value_[DVT_LINE_LEN];				\
									\
		ck_assert_msg(dvt_line_value(line, key, value_,		\
					     sizeof(value_)),		\
			      "no %s in: %s", key, line);		\
		ck_assert_str_eq(value_, expected);			\
	} while (0)

#define dvt_assert_number(line, key, expected)				\
	do {								\
		char text_[32];						\
									\
		snprintf(text_, sizeof(text_), "%llu",			\
			 (unsigned long long)(expected));		\
		dvt_assert_value(line, key, text_);			\
	} while (0)

#define dvt_assert_hex(line, key, expected)				\
	do {								\
		char text_[32];						\
									\
		snprintf(text_, sizeof(text_), "0x%llx",		\
			 (unsigned long long)(expected));		\
		dvt_assert_value(line, key, text_);			\
	} while (0)

/* Skips the test where the driver has no directory in debugfs. */
#define dvt_debugfs_or_skip()						\
	do {								\
		if (access("/sys/kernel/debug/" DVL_DRIVER, F_OK))	\
			dvt_skip("no debugfs");				\
	} while (0)

#endif /* DVT_SHOW_H */
