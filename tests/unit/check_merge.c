// SPDX-License-Identifier: GPL-2.0-only
/* Which ranges become one extent, and what dvp_extent_merge() writes for them. */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

#define PAGE	((u64)PAGE_SIZE)
#define BAR	(16 * PAGE)
#define START	0x7f00000000ULL
#define POISON	0xa5a5a5a5a5a5a5a5ULL

static struct dvp_extent extents[8];
static u32 nr_extents;
static u64 size;

/* Judge, merge, and see that nothing was written behind the counted extents. */
static void merge(const struct vfio_region_dma_range *req, u32 nr)
{
	u32 i;

	memset(extents, 0xa5, sizeof(extents));
	ck_assert_int_eq(dvp_extent_judge(req, nr, BAR, &size, &nr_extents), 0);
	ck_assert_uint_le(nr_extents, nr);
	dvp_extent_merge(req, nr, START, extents);

	for (i = 0; i < nr_extents; i++)
		ck_assert(extents[i].addr != POISON && extents[i].end != POISON);
	for (; i < sizeof(extents) / sizeof(extents[0]); i++)
		ck_assert(extents[i].addr == POISON && extents[i].end == POISON);
	ck_assert_uint_eq(extents[nr_extents - 1].end, size);
}

static void assert_extent(u32 i, u64 start, u64 end, u64 bar_offset)
{
	ck_assert_uint_lt(i, nr_extents);
	ck_assert_uint_eq(dvp_extent_start(extents, i), start * PAGE);
	ck_assert_uint_eq(extents[i].end, end * PAGE);
	ck_assert_uint_eq(extents[i].addr, START + bar_offset * PAGE);
}

START_TEST(one_range_is_one_extent)
{
	const struct vfio_region_dma_range req[] = { { 3 * PAGE, 2 * PAGE } };

	merge(req, 1);
	ck_assert_uint_eq(nr_extents, 1);
	assert_extent(0, 0, 2, 3);
}
END_TEST

START_TEST(adjacent_ranges_in_order_merge)
{
	const struct vfio_region_dma_range req[] = {
		{ 1 * PAGE, 1 * PAGE }, { 2 * PAGE, 3 * PAGE }, { 5 * PAGE, PAGE },
	};

	merge(req, 3);
	ck_assert_uint_eq(nr_extents, 1);
	assert_extent(0, 0, 5, 1);
}
END_TEST

START_TEST(adjacent_ranges_in_reverse_stay_apart)
{
	const struct vfio_region_dma_range req[] = {
		{ 2 * PAGE, 3 * PAGE }, { 1 * PAGE, 1 * PAGE },
	};

	merge(req, 2);
	ck_assert_uint_eq(nr_extents, 2);
	assert_extent(0, 0, 3, 2);
	assert_extent(1, 3, 4, 1);
}
END_TEST

START_TEST(overlapping_ranges_stay_apart)
{
	const struct vfio_region_dma_range req[] = {
		{ 0, 4 * PAGE }, { 3 * PAGE, 2 * PAGE }, { 2 * PAGE, 6 * PAGE },
	};

	merge(req, 3);
	ck_assert_uint_eq(nr_extents, 3);
	assert_extent(0, 0, 4, 0);
	assert_extent(1, 4, 6, 3);
	assert_extent(2, 6, 12, 2);
}
END_TEST

START_TEST(repeated_ranges_stay_apart)
{
	const struct vfio_region_dma_range req[] = {
		{ 7 * PAGE, 2 * PAGE }, { 7 * PAGE, 2 * PAGE }, { 7 * PAGE, 2 * PAGE },
	};

	merge(req, 3);
	ck_assert_uint_eq(nr_extents, 3);
	assert_extent(0, 0, 2, 7);
	assert_extent(1, 2, 4, 7);
	assert_extent(2, 4, 6, 7);
}
END_TEST

START_TEST(ranges_with_a_gap_stay_apart)
{
	const struct vfio_region_dma_range req[] = {
		{ 0, PAGE }, { 2 * PAGE, PAGE },
	};

	merge(req, 2);
	ck_assert_uint_eq(nr_extents, 2);
	assert_extent(0, 0, 1, 0);
	assert_extent(1, 1, 2, 2);
}
END_TEST

START_TEST(merging_resumes_behind_a_jump)
{
	const struct vfio_region_dma_range req[] = {
		{ 0, PAGE },	    { 1 * PAGE, PAGE }, { 8 * PAGE, PAGE },
		{ 9 * PAGE, PAGE }, { 0, PAGE },	{ 1 * PAGE, PAGE },
	};

	merge(req, 6);
	ck_assert_uint_eq(nr_extents, 3);
	assert_extent(0, 0, 2, 0);
	assert_extent(1, 2, 4, 8);
	assert_extent(2, 4, 6, 0);
}
END_TEST

START_TEST(last_page_does_not_continue_at_offset_zero)
{
	const struct vfio_region_dma_range req[] = {
		{ BAR - PAGE, PAGE }, { 0, PAGE },
	};

	merge(req, 2);
	ck_assert_uint_eq(nr_extents, 2);
}
END_TEST

START_TEST(count_equals_what_merge_writes_on_random_input)
{
	static struct dvp_extent out[MODEL_MAX_RANGES + 1];
	static struct model model;
	u64 state = model_seed();
	u32 i, j, written;

	for (i = 0; i < 10000; i++) {
		model_fill(&model, &state);
		memset(out, 0xa5, sizeof(out));
		ck_assert_int_eq(dvp_extent_judge(model.req, model.nr, MODEL_BAR_LEN,
						  &size, &nr_extents), 0);
		dvp_extent_merge(model.req, model.nr, MODEL_BAR_START, out);

		for (written = 0; out[written].addr != POISON; written++)
			;
		ck_assert_uint_eq(written, nr_extents);
		ck_assert_uint_eq(size, model.nr_pages * PAGE);
		for (j = 1; j < written; j++)
			ck_assert_uint_gt(out[j].end, out[j - 1].end);
		ck_assert_uint_eq(out[written - 1].end, size);
	}
}
END_TEST

static Suite *merge_suite(void)
{
	Suite *suite = suite_create("range_merge");
	TCase *tcase = tcase_create("merge");

	tcase_add_test(tcase, one_range_is_one_extent);
	tcase_add_test(tcase, adjacent_ranges_in_order_merge);
	tcase_add_test(tcase, adjacent_ranges_in_reverse_stay_apart);
	tcase_add_test(tcase, overlapping_ranges_stay_apart);
	tcase_add_test(tcase, repeated_ranges_stay_apart);
	tcase_add_test(tcase, ranges_with_a_gap_stay_apart);
	tcase_add_test(tcase, merging_resumes_behind_a_jump);
	tcase_add_test(tcase, last_page_does_not_continue_at_offset_zero);
	tcase_add_test(tcase, count_equals_what_merge_writes_on_random_input);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(merge_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
