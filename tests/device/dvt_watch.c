// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traces that a call may leave: descriptors, module references, dma-bufs,
 * lines in the kernel's log.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "dvt.h"

#define DEBUGFS "/sys/kernel/debug"
#define BUFINFO DEBUGFS "/dma_buf/bufinfo"

/**
 * dvt_nr_fds() - count the descriptors of this process
 *
 * Return: how many, the one that counts not included, or -1.
 */
int dvt_nr_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int nr = 0;

	if (!dir)
		return -1;
	while ((entry = readdir(dir)))
		nr += entry->d_name[0] != '.';
	closedir(dir);
	return nr - 1;
}

/**
 * dvt_module_refs() - count the references on the driver's module
 *
 * Return: how many, or -1 if the module is not there.
 */
long dvt_module_refs(void)
{
	FILE *file = fopen("/sys/module/dmabuf_vfio_pci/refcnt", "r");
	long refs = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%ld", &refs) != 1)
		refs = -1;
	fclose(file);
	return refs;
}

/**
 * dvt_nr_dmabufs() - count the dma-bufs in the system
 *
 * Return: how many, or -1 where debugfs does not tell.
 */
long dvt_nr_dmabufs(void)
{
	char line[512];
	long nr = -1;
	FILE *file;

	if (access(BUFINFO, R_OK))
		mount("debugfs", DEBUGFS, "debugfs", 0, NULL);
	file = fopen(BUFINFO, "r");
	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		sscanf(line, "Total %ld objects", &nr);
	fclose(file);
	return nr;
}

/**
 * dvt_traces_take() - look at what a call may leave behind
 * @traces: filled in
 */
void dvt_traces_take(struct dvt_traces *traces)
{
	traces->module_refs = dvt_module_refs();
	traces->nr_dmabufs = dvt_nr_dmabufs();
	traces->nr_fds = dvt_nr_fds();
	ck_assert_int_ge(traces->nr_fds, 0);
	/* Where the module is promised, nothing must go unjudged. */
	if (getenv("DVP_MODULES")) {
		ck_assert_msg(traces->module_refs >= 0,
			      "no reference count of the module");
		ck_assert_msg(traces->nr_dmabufs >= 0, "no count in " BUFINFO);
	}
}

/**
 * dvt_traces_assert_same() - nothing was left behind
 * @before: what dvt_traces_take() saw before the call
 */
void dvt_traces_assert_same(const struct dvt_traces *before)
{
	struct dvt_traces now;

	dvt_traces_take(&now);
	ck_assert_int_eq(now.nr_fds, before->nr_fds);
	ck_assert_int_eq(now.module_refs, before->module_refs);
	ck_assert_int_eq(now.nr_dmabufs, before->nr_dmabufs);
}

/**
 * dvt_log_mark() - start to watch the kernel's log
 *
 * Return: a descriptor for the functions below.
 */
int dvt_log_mark(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	ck_assert_msg(log >= 0, "cannot open /dev/kmsg: %m");
	ck_assert_int_eq(lseek(log, 0, SEEK_END), 0);
	return log;
}

/*
 * One record: "priority,number,time,flags;text". False when there is no more.
 * EPIPE says that records were overwritten, and the next read goes on.
 */
static bool log_next(int log, char *record, size_t size)
{
	ssize_t len;

	do {
		len = read(log, record, size - 1);
	} while (len < 0 && (errno == EPIPE || errno == EINTR));
	if (len < 0) {
		ck_assert_int_eq(errno, EAGAIN);
		return false;
	}
	record[len] = '\0';
	return true;
}

/* "bad pmd", "bad pud" and so on: an entry that the kernel did not expect. */
static bool is_bad_entry(const char *record)
{
	const char *bad = record;

	while ((bad = strcasestr(bad, "bad p"))) {
		bad += strlen("bad p");
		if (bad[0] && bad[1] == 'd')
			return true;
	}
	return false;
}

/*
 * Ours, or what our faults could make the kernel say without a warning. Its
 * warnings fail the run as a whole, whoever caused them.
 */
static bool is_about_us(const char *record)
{
	static const char * const words[] = {
		"vfio", "dmabuf", "dma-buf", "dma_buf", "dvp", "VM_FAULT_OOM",
	};
	size_t i;

	for (i = 0; i < DVT_ARRAY_SIZE(words); i++)
		if (strcasestr(record, words[i]))
			return true;
	return is_bad_entry(record);
}

/**
 * dvt_log_assert_silent() - the kernel logged nothing that could be about us
 * @log: from dvt_log_mark(); closed
 */
void dvt_log_assert_silent(int log)
{
	char record[8192];

	while (log_next(log, record, sizeof(record)))
		ck_assert_msg(!is_about_us(record),
			      "the kernel logged: %s", record);
	close(log);
}

/**
 * dvt_log_has() - look for a text in the kernel's log
 * @log: from dvt_log_mark(); stays open
 * @text: what to look for
 *
 * Return: whether a line since the mark, or since the last find, has it.
 */
bool dvt_log_has(int log, const char *text)
{
	char record[8192];

	while (log_next(log, record, sizeof(record)))
		if (strstr(record, text))
			return true;
	return false;
}

/**
 * dvt_log_count() - count lines of the kernel's log that have two texts
 * @log: from dvt_log_mark(); stays open
 * @one: a text
 * @other: a text
 *
 * Return: how many lines since the mark, or since the last count, have both.
 */
unsigned int dvt_log_count(int log, const char *one, const char *other)
{
	unsigned int nr = 0;
	char record[8192];

	while (log_next(log, record, sizeof(record)))
		nr += strstr(record, one) && strstr(record, other);
	return nr;
}
