// SPDX-License-Identifier: GPL-2.0-only
/* dvp_extent_find() against the naive model of model.h. */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>

#include "model.h"

#define PAGE	((u64)PAGE_SIZE)

static struct dvp_extent extents[MODEL_MAX_RANGES];
static struct model model;
static u32 nr_extents;
static u64 size;

static void build(void)
{
	ck_assert_int_eq(dvp_extent_judge(model.req, model.nr, MODEL_BAR_LEN,
					  &size, &nr_extents), 0);
	dvp_extent_merge(model.req, model.nr, MODEL_BAR_START, extents);
}

/* The address of a byte of the buffer, as a fault works it out. */
static u64 lookup(u64 offset)
{
	u32 i = dvp_extent_find(extents, nr_extents, offset);

	ck_assert_uint_lt(i, nr_extents);
	ck_assert_uint_ge(offset, dvp_extent_start(extents, i));
	ck_assert_uint_lt(offset, extents[i].end);
	return extents[i].addr + (offset - dvp_extent_start(extents, i));
}

static void assert_pages_equal_the_model(void)
{
	u32 i;

	for (i = 0; i < model.nr_pages; i++) {
		ck_assert_uint_eq(lookup(i * PAGE), model.pages[i]);
		ck_assert_uint_eq(lookup(i * PAGE + PAGE - 1),
				  model.pages[i] + PAGE - 1);
	}
}

static void assert_run_borders_are_sharp(void)
{
	u32 i;

	for (i = 0; i < nr_extents; i++) {
		ck_assert_uint_eq(dvp_extent_find(extents, nr_extents,
						  dvp_extent_start(extents, i)), i);
		ck_assert_uint_eq(dvp_extent_find(extents, nr_extents,
						  extents[i].end - 1), i);
		ck_assert_uint_eq(dvp_extent_find(extents, nr_extents, extents[i].end),
				  i + 1);
	}
}

static void assert_nothing_lies_past_the_end(void)
{
	ck_assert_uint_eq(dvp_extent_find(extents, nr_extents, size), nr_extents);
	ck_assert_uint_eq(dvp_extent_find(extents, nr_extents, size + 1), nr_extents);
	ck_assert_uint_eq(dvp_extent_find(extents, nr_extents, size + PAGE), nr_extents);
	ck_assert_uint_eq(dvp_extent_find(extents, nr_extents, UINT64_MAX), nr_extents);
}

START_TEST(every_page_of_random_buffers_is_where_the_model_says)
{
	u64 state = model_seed();
	u32 i;

	for (i = 0; i < 10000; i++) {
		model_fill(&model, &state);
		build();
		assert_pages_equal_the_model();
	}
}
END_TEST

START_TEST(borders_of_every_random_run_are_sharp)
{
	u64 state = model_seed();
	u32 i;

	for (i = 0; i < 10000; i++) {
		model_fill(&model, &state);
		build();
		assert_run_borders_are_sharp();
		assert_nothing_lies_past_the_end();
	}
}
END_TEST

/* Runs of two pages that go backwards through the BAR, so none merge. */
static void fill_separate_extents(u32 nr)
{
	u32 i;

	model.nr = nr;
	for (i = 0; i < nr; i++) {
		model.req[i].offset = (nr - 1 - i) * PAGE;
		model.req[i].length = 2 * PAGE;
	}
	model_expand(&model);
	build();
	ck_assert_uint_eq(nr_extents, nr);
}

START_TEST(every_number_of_runs_is_searched_to_both_ends)
{
	fill_separate_extents(_i);
	assert_pages_equal_the_model();
	assert_run_borders_are_sharp();
	assert_nothing_lies_past_the_end();
}
END_TEST

START_TEST(no_runs_hold_nothing)
{
	ck_assert_uint_eq(dvp_extent_find(extents, 0, 0), 0);
	ck_assert_uint_eq(dvp_extent_find(extents, 0, UINT64_MAX), 0);
}
END_TEST

START_TEST(buffer_larger_than_32_bits_is_searched)
{
	static const struct dvp_extent large[] = {
		{ 0x380000000000ULL, 1ULL << 31 },
		{ 0x390000000000ULL, 1ULL << 33 },
		{ 0x3a0000000000ULL, 1ULL << 62 },
	};

	ck_assert_uint_eq(dvp_extent_find(large, 3, (1ULL << 31) - 1), 0);
	ck_assert_uint_eq(dvp_extent_find(large, 3, 1ULL << 31), 1);
	ck_assert_uint_eq(dvp_extent_find(large, 3, 1ULL << 32), 1);
	ck_assert_uint_eq(dvp_extent_find(large, 3, 1ULL << 33), 2);
	ck_assert_uint_eq(dvp_extent_find(large, 3, (1ULL << 62) - 1), 2);
	ck_assert_uint_eq(dvp_extent_find(large, 3, 1ULL << 62), 3);
}
END_TEST

static Suite *find_suite(void)
{
	Suite *suite = suite_create("range_find");
	TCase *tcase = tcase_create("find");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, every_page_of_random_buffers_is_where_the_model_says);
	tcase_add_test(tcase, borders_of_every_random_run_are_sharp);
	tcase_add_loop_test(tcase, every_number_of_runs_is_searched_to_both_ends,
			    1, MODEL_MAX_RANGES + 1);
	tcase_add_test(tcase, no_runs_hold_nothing);
	tcase_add_test(tcase, buffer_larger_than_32_bits_is_searched);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(find_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
