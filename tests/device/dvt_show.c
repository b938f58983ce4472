// SPDX-License-Identifier: GPL-2.0-only
/* Reading what the driver shows; see dvt_show.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dvt_show.h"

const char *const dvt_counter_names[DVT_NR_COUNTERS] = {
	[DVT_EXPORTS_LIVE]	= "exports_live",
	[DVT_EXPORTS_TOTAL]	= "exports_total",
	[DVT_MAPPINGS_LIVE]	= "mappings_live",
	[DVT_MAPPINGS_TOTAL]	= "mappings_total",
	[DVT_IMPORTS_LIVE]	= "imports_live",
	[DVT_IMPORTS_TOTAL]	= "imports_total",
	[DVT_FAULTS]		= "faults_total",
	[DVT_REFUSED]		= "refused_total",
	[DVT_REVOKES]		= "revokes_total",
	[DVT_BLOCKS]		= "blocks_total",
	[DVT_RESTORES]		= "restores_total",
};

const char *dvt_show_driver = DVL_DRIVER;

static int64_t read_counter(const char *bdf, enum dvt_counter counter)
{
	char attr[64], text[64], *end;
	int64_t value;
	int ret;

	snprintf(attr, sizeof(attr), "dmabuf/%s", dvt_counter_names[counter]);
	ret = dvl_sysfs_read(bdf, attr, text, sizeof(text));
	ck_assert_msg(!ret, "%s of %s: %s", attr, bdf, strerror(-ret));
	errno = 0;
	value = strtoll(text, &end, 10);
	ck_assert_msg(!errno && end != text && !*end && value >= 0,
		      "%s of %s is \"%s\"", attr, bdf, text);
	return value;
}

/**
 * dvt_counters_take() - read all counters of a device
 * @counters: filled in
 * @bdf: its address; must stay there
 */
void dvt_counters_take(struct dvt_counters *counters, const char *bdf)
{
	int i;

	counters->bdf = bdf;
	for (i = 0; i < DVT_NR_COUNTERS; i++)
		counters->values[i] = read_counter(bdf, i);
}

/**
 * dvt_counters_delta() - how much a counter has grown
 * @before: what they were
 * @counter: which
 *
 * Return: the difference.
 */
int64_t dvt_counters_delta(const struct dvt_counters *before,
			   enum dvt_counter counter)
{
	return read_counter(before->bdf, counter) - before->values[counter];
}

/**
 * dvt_assert_no_leak() - nothing of a device is live
 * @bdf: its address
 */
void dvt_assert_no_leak(const char *bdf)
{
	static const enum dvt_counter live[] = {
		DVT_EXPORTS_LIVE, DVT_MAPPINGS_LIVE, DVT_IMPORTS_LIVE,
	};
	int64_t value;
	size_t i;

	for (i = 0; i < DVT_ARRAY_SIZE(live); i++) {
		value = read_counter(bdf, live[i]);
		ck_assert_msg(!value, "%s is %ld",
			      dvt_counter_names[live[i]], (long)value);
	}
}

static void assert_file(const char *bdf, const char *file, const char *want)
{
	char text[128];

	ck_assert_int_eq(dvl_sysfs_read(bdf, file, text, sizeof(text)), 0);
	ck_assert_msg(!strcmp(text, want), "%s is \"%s\", not \"%s\"", file,
		      text, want);
}

/**
 * dvt_assert_state() - the state of a device in sysfs
 * @bdf: its address
 * @state: "closed" or "usable"; a usable one has no causes
 */
void dvt_assert_state(const char *bdf, const char *state)
{
	assert_file(bdf, "dmabuf/state", state);
	if (!strcmp(state, "usable"))
		assert_file(bdf, "dmabuf/causes", "none");
}

/**
 * dvt_assert_blocked() - a device is blocked, and sysfs says why
 * @bdf: its address
 * @causes: the words, with a space between them
 */
void dvt_assert_blocked(const char *bdf, const char *causes)
{
	assert_file(bdf, "dmabuf/state", "blocked");
	assert_file(bdf, "dmabuf/causes", causes);
}

/**
 * dvt_show_path() - where a file of a device is in debugfs
 * @path: filled in
 * @size: size of @path
 * @bdf: the device
 * @file: name of the file
 */
void dvt_show_path(char *path, size_t size, const char *bdf, const char *file)
{
	snprintf(path, size, "/sys/kernel/debug/%s/%s/%s", dvt_show_driver,
		 bdf, file);
}

/**
 * dvt_show_read() - read a file of a device in debugfs
 * @bdf: the device
 * @file: name of the file
 *
 * Return: its text, to be freed, or NULL with errno set.
 */
char *dvt_show_read(const char *bdf, const char *file)
{
	size_t size = 0, len;
	char path[128];
	char *text = NULL;
	FILE *in, *out;
	char part[4096];

	dvt_show_path(path, sizeof(path), bdf, file);
	in = fopen(path, "re");
	if (!in)
		return NULL;
	out = open_memstream(&text, &size);
	if (!out) {
		fclose(in);
		return NULL;
	}
	while ((len = fread(part, 1, sizeof(part), in)))
		fwrite(part, 1, len, out);
	fclose(out);
	fclose(in);
	return text;
}

/**
 * dvt_show_lines() - look for lines of a file in debugfs
 * @bdf: the device
 * @file: name of the file
 * @start: what they start with
 * @line: filled with the first of them, DVT_LINE_LEN characters; or NULL
 *
 * Return: how many there are.
 */
unsigned int dvt_show_lines(const char *bdf, const char *file,
			    const char *start, char *line)
{
	char *text = dvt_show_read(bdf, file);
	unsigned int nr = 0;
	char *rest = text;
	char *each;

	ck_assert_msg(text, "%s of %s: %m", file, bdf);
	while ((each = strsep(&rest, "\n"))) {
		if (strncmp(each, start, strlen(start)))
			continue;
		ck_assert_uint_lt(strlen(each), DVT_LINE_LEN);
		if (!nr++ && line)
			strcpy(line, each);
	}
	free(text);
	return nr;
}

/**
 * dvt_line_value() - the value of a key in a line
 * @line: the line
 * @key: the key
 * @value: filled with the value
 * @size: size of @value
 *
 * Return: whether the line has it.
 */
bool dvt_line_value(const char *line, const char *key, char *value,
		    size_t size)
{
	char wanted[64];
	const char *at;

	snprintf(wanted, sizeof(wanted), " %s=", key);
	at = strstr(line, wanted);
	if (!at)
		return false;
	at += strlen(wanted);
	snprintf(value, size, "%.*s", (int)strcspn(at, " "), at);
	return true;
}

/**
 * dvt_export_line() - the line that shows a buffer, found by its inode
 * @bdf: the device
 * @fd: the buffer
 * @line: filled with it, DVT_LINE_LEN characters
 */
void dvt_export_line(const char *bdf, int fd, char *line)
{
	char *text = dvt_show_read(bdf, "exports");
	char inode[32], value[32] = "";
	char *rest = text, *each;
	struct stat st;

	ck_assert_msg(text, "exports of %s: %m", bdf);
	ck_assert_int_eq(fstat(fd, &st), 0);
	snprintf(inode, sizeof(inode), "%lu", (unsigned long)st.st_ino);
	while ((each = strsep(&rest, "\n"))) {
		if (!strncmp(each, "export ", 7) &&
		    dvt_line_value(each, "inode", value, sizeof(value)) &&
		    !strcmp(value, inode))
			break;
	}
	ck_assert_msg(each, "no line for inode %s", inode);
	ck_assert_uint_lt(strlen(each), DVT_LINE_LEN);
	strcpy(line, each);
	free(text);
}
