// SPDX-License-Identifier: GPL-2.0-only
/* Calls whose allocations fail, one after the other; see dvt_failnth.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dvt_failnth.h"

#define DEBUGFS "/sys/kernel/debug/"
#define FAIL_NTH "/proc/thread-self/fail-nth"

/* More than any call has. */
#define MAX_SITES 2000

/**
 * struct setting - of the kernel's fault injection
 * @path: its file
 * @wanted: allocations that may wait or take high memory fail too, pages one by
 *	one as well, and nothing is said of each
 * @saved: what it was
 */
static struct setting {
	const char *path;
	const char *wanted;
	char saved[16];
} settings[] = {
	{ DEBUGFS "failslab/ignore-gfp-wait", "0" },
	{ DEBUGFS "failslab/verbose", "0" },
	{ DEBUGFS "fail_page_alloc/ignore-gfp-wait", "0" },
	{ DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "0" },
	{ DEBUGFS "fail_page_alloc/min-order", "0" },
	{ DEBUGFS "fail_page_alloc/verbose", "0" },
};

static bool put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done;

	if (fd < 0)
		return false;
	done = write(fd, value, strlen(value)) == (ssize_t)strlen(value);
	close(fd);
	return done;
}

static void save(struct setting *setting)
{
	int fd = open(setting->path, O_RDONLY | O_CLOEXEC);

	setting->saved[0] = '\0';
	if (fd < 0)
		return;
	if (read(fd, setting->saved, sizeof(setting->saved) - 1) < 0)
		setting->saved[0] = '\0';
	close(fd);
}

/**
 * dvt_failnth_begin() - set the kernel's fault injection, and say so in the log
 *
 * What it then says of allocations that failed is no mistake.
 */
void dvt_failnth_begin(void)
{
	size_t i;

	put("/dev/kmsg", "dvt: expect failing allocations\n");
	for (i = 0; i < DVT_ARRAY_SIZE(settings); i++) {
		save(&settings[i]);
		put(settings[i].path, settings[i].wanted);
	}
}

/**
 * dvt_failnth_end() - set it back
 */
void dvt_failnth_end(void)
{
	size_t i;

	for (i = 0; i < DVT_ARRAY_SIZE(settings); i++)
		put(settings[i].path, settings[i].saved);
	put("/dev/kmsg", "dvt: expect no failing allocations\n");
}

/**
 * dvt_failnth_lack() - why allocations cannot be made to fail here
 *
 * Return: the reason, or NULL where they can.
 */
const char *dvt_failnth_lack(void)
{
	size_t i;

	if (access(FAIL_NTH, W_OK))
		return "this kernel makes no allocation fail when asked";
	for (i = 0; i < DVT_ARRAY_SIZE(settings); i++)
		if (access(settings[i].path, W_OK))
			return "this kernel cannot make all kinds of allocations fail";
	return NULL;
}

/* Reading tells how many allocations are left until one fails; 0: one has. */
static unsigned int nth_left(int fd)
{
	char text[16] = "";

	ck_assert_int_gt(pread(fd, text, sizeof(text) - 1, 0), 0);
	return strtoul(text, NULL, 10);
}

static void nth_set(int fd, unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	ck_assert_int_eq(pwrite(fd, text, len, 0), len);
}

/* Whether one has, in the last call. */
static bool has_failed;

/**
 * dvt_failnth_has_failed() - did an allocation fail in the call
 *
 * For &dvt_failnth_call.worked and &dvt_failnth_call.after.
 *
 * Return: whether one did.
 */
bool dvt_failnth_has_failed(void)
{
	return has_failed;
}

/**
 * struct tally - what came of the tries
 * @nr_sites: tries in which an allocation failed
 * @nr_enomem: of these, the call gave -ENOMEM
 * @nr_says: it gave the errno that the kernel has for it
 */
struct tally {
	unsigned int nr_sites;
	unsigned int nr_enomem;
	unsigned int nr_says;
};

static void judge(const struct dvt_failnth_call *call, unsigned int nth,
		  int ret, struct tally *tally)
{
	tally->nr_sites++;
	if (ret >= 0)
		return;
	ck_assert_msg(call->rule != DVT_MUST_WORK,
		      "%s, allocation %u: %s", call->name, nth, strerror(-ret));
	if (ret == -ENOMEM) {
		tally->nr_enomem++;
		return;
	}
	ck_assert_msg(call->rule == DVT_MAY_SAY && ret == -call->says,
		      "%s, allocation %u: %s", call->name, nth, strerror(-ret));
	tally->nr_says++;
}

static void finish(const struct dvt_failnth_call *call, void *scene, int ret)
{
	if (ret >= 0 && call->worked)
		call->worked(scene, ret);
	call->after(scene, ret);
}

/**
 * dvt_failnth_once() - make a call, and let one allocation in it fail
 * @nth: which, from 1 on
 * @call: the call
 * @scene: its argument
 * @ret: filled with what it returned
 *
 * Return: whether an allocation failed; false where it has less of them.
 */
bool dvt_failnth_once(unsigned int nth, int (*call)(void *scene), void *scene,
		      int *ret)
{
	int fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	unsigned int left;

	ck_assert_msg(fd >= 0, "cannot open " FAIL_NTH ": %m");
	nth_set(fd, nth);
	*ret = call(scene);
	left = nth_left(fd);
	nth_set(fd, 0);
	close(fd);
	return !left;
}

/* Returns whether an allocation failed. */
static bool try_nth(const struct dvt_failnth_call *call, void *scene,
		    unsigned int nth, struct tally *tally)
{
	int ret;

	call->before(scene);
	has_failed = dvt_failnth_once(nth, call->call, scene, &ret);
	if (has_failed)
		judge(call, nth, ret, tally);
	else
		ck_assert_msg(ret >= 0, "%s, with no failed allocation: %s",
			      call->name, strerror(-ret));
	finish(call, scene, ret);
	return has_failed;
}

static void try_plain(const struct dvt_failnth_call *call, void *scene,
		      unsigned int nth)
{
	int ret;

	call->before(scene);
	has_failed = false;
	ret = call->call(scene);
	ck_assert_msg(ret >= 0, "%s, after allocation %u has failed: %s",
		      call->name, nth, strerror(-ret));
	finish(call, scene, ret);
}

static void print(const struct dvt_failnth_call *call,
		  const struct tally *tally)
{
	printf("figure: %-40s %4u sites:", call->name, tally->nr_sites);
	printf(" %4u ENOMEM, ", tally->nr_enomem);
	if (tally->nr_says)
		printf("%4u %s, ", tally->nr_says, strerrorname_np(call->says));
	printf("%4u did without\n", tally->nr_sites - tally->nr_enomem -
	       tally->nr_says);
	fflush(stdout);
}

/**
 * dvt_failnth_sweep() - let each allocation of a call fail once
 * @call: the call
 * @scene: what its functions share
 *
 * After each, nothing is left behind, and the same call works. Prints a line of
 * the table.
 */
void dvt_failnth_sweep(const struct dvt_failnth_call *call, void *scene)
{
	struct dvt_traces traces;
	struct tally tally = {};
	unsigned int nth;

	/* What the first call makes for good is no trace of a failure. */
	try_plain(call, scene, 0);
	dvt_traces_take(&traces);
	for (nth = 1; try_nth(call, scene, nth, &tally); nth++) {
		ck_assert_uint_lt(nth, MAX_SITES);
		dvt_traces_assert_same(&traces);
		try_plain(call, scene, nth);
		dvt_traces_assert_same(&traces);
	}
	print(call, &tally);
	ck_assert_msg(call->rule != DVT_MUST_FAIL || tally.nr_enomem,
		      "%s: no allocation of its own failed", call->name);
}
