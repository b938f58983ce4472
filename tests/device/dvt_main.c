// SPDX-License-Identifier: GPL-2.0-only
/*
 * The frame of each test program. Every test is a test case of its own, so
 * that CK_RUN_CASE=name runs just that one.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dvt.h"

/**
 * dvt_bdf() - the device that plays a role
 * @role: name of the environment variable, "DVP_BDF" or longer
 *
 * Return: its address, or NULL where this machine has no such device.
 */
const char *dvt_bdf(const char *role)
{
	const char *bdf = getenv(role);

	return bdf && *bdf ? bdf : NULL;
}

/**
 * dvt_skip_note() - record that a test did not judge its claim
 * @func: __func__ of the test; Check puts "_fn" behind the test's name
 * @format: why, as for printf()
 *
 * Goes to the file that DVP_SKIP_LOG names, else to standard error.
 */
void dvt_skip_note(const char *func, const char *format, ...)
{
	const char *path = getenv("DVP_SKIP_LOG");
	size_t len = strlen(func);
	FILE *log = stderr;
	va_list args;

	if (path && *path) {
		log = fopen(path, "a");
		ck_assert_msg(log, "cannot open %s: %m", path);
	}
	if (len > 3 && !strcmp(func + len - 3, "_fn"))
		len -= 3;
	fprintf(log, "%.*s: ", (int)len, func);
	va_start(args, format);
	vfprintf(log, format, args);
	va_end(args);
	fputc('\n', log);
	if (log != stderr)
		ck_assert_int_eq(fclose(log), 0);
}

/**
 * dvt_main() - run a program's tests
 * @area: what they are about
 * @tests: ended by an entry without a function
 *
 * Return: exit status: 0 if all passed.
 */
int dvt_main(const char *area, const struct dvt_test *tests)
{
	return dvt_main_around(area, tests, NULL, NULL);
}

/**
 * dvt_main_around() - run a program's tests, with something around each
 * @area: what they are about
 * @tests: ended by an entry without a function
 * @before: runs before each, and before the first row of one with rows
 * @after: runs afterwards, however the test ended; neither may assert
 *
 * Return: exit status: 0 if all passed.
 */
int dvt_main_around(const char *area, const struct dvt_test *tests,
		    SFun before, SFun after)
{
	Suite *suite = suite_create(area);
	SRunner *runner;
	TCase *tcase;
	int nr_failed;

	for (; tests->fn; tests++) {
		tcase = tcase_create(tests->fn->name);
		if (tests->rows)
			tcase_add_loop_test(tcase, tests->fn, 0, tests->rows);
		else
			tcase_add_test(tcase, tests->fn);
		tcase_add_unchecked_fixture(tcase, before, after);
		suite_add_tcase(suite, tcase);
	}
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	nr_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return nr_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
