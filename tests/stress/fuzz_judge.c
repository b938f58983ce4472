// SPDX-License-Identifier: GPL-2.0-only
/*
 * Verdicts: what a call may come to, and what is said when it comes to something
 * else.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

/**
 * fuzz_allow() - a call may fail so, or succeed all the same
 * @verdict: the verdict
 * @error: the errno
 */
void fuzz_allow(struct fuzz_verdict *verdict, int error)
{
	verdict->errors[error] = true;
}

/**
 * fuzz_refuse() - a call must fail, and may do so with this
 * @verdict: the verdict
 * @error: the errno
 */
void fuzz_refuse(struct fuzz_verdict *verdict, int error)
{
	verdict->errors[error] = true;
	verdict->success = false;
}

/**
 * fuzz_say() - what the present call is, for the report
 * @fuzz: the round
 * @format: as for printf()
 */
void fuzz_say(struct fuzz *fuzz, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fuzz->what, sizeof(fuzz->what), format, args);
	va_end(args);
}

static void list_errors(const struct fuzz_verdict *verdict, char *text,
			size_t size)
{
	size_t len = 0;
	int i;

	text[0] = '\0';
	for (i = 0; i < FUZZ_NR_ERRNOS && len < size; i++)
		if (verdict->errors[i])
			len += snprintf(text + len, size - len, " %s",
					strerrorname_np(i));
}

/**
 * fuzz_judge() - look at what a call has come to
 * @fuzz: the round
 * @verdict: what it may come to
 * @result: negative errno, or not negative
 */
void fuzz_judge(struct fuzz *fuzz, const struct fuzz_verdict *verdict,
		int64_t result)
{
	char allowed[512];
	bool good;

	if (result >= 0) {
		good = verdict->success;
		fuzz->nr_good++;
	} else {
		good = -result < FUZZ_NR_ERRNOS && verdict->errors[-result];
		fuzz->nr_bad++;
	}
	if (good)
		return;
	list_errors(verdict, allowed, sizeof(allowed));
	ck_abort_msg("seed %" PRIu64 ", call %u, %s: %" PRId64 " (%s), not%s%s",
		     fuzz->seed, fuzz->nr, fuzz->what, result,
		     result < 0 ? strerror(-result) : "success",
		     verdict->success ? " success" : "", allowed);
}

/**
 * fuzz_expect() - something else must hold after a call
 * @fuzz: the round
 * @good: whether it does
 * @what: what is wrong if it does not
 *
 * Check writes down each of its own assertions, which takes longer than a call.
 */
void fuzz_expect(const struct fuzz *fuzz, bool good, const char *what)
{
	if (!good)
		ck_abort_msg("seed %" PRIu64 ", call %u, %s: %s", fuzz->seed,
			     fuzz->nr, fuzz->what, what);
}
