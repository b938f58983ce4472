// SPDX-License-Identifier: GPL-2.0-only
/* What dvp_extent_judge() lets through, at every boundary and one step beyond. */
#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "model.h"

#define PAGE	((u64)PAGE_SIZE)
#define BAR	(16 * PAGE)
/* The last multiple of the page that fits 64 bits, and that fits loff_t. */
#define TOP	(UINT64_MAX - PAGE + 1)
#define LOFF	((u64)INT64_MAX - PAGE + 1)

static u64 size;
static u32 extents;

static int judge(const struct vfio_region_dma_range *req, u32 nr, u64 bar_len)
{
	size = UINT64_MAX;
	extents = UINT32_MAX;
	return dvp_extent_judge(req, nr, bar_len, &size, &extents);
}

static int judge_one(u64 offset, u64 length, u64 bar_len)
{
	struct vfio_region_dma_range req = { offset, length };

	return judge(&req, 1, bar_len);
}

START_TEST(whole_bar_is_accepted)
{
	ck_assert_int_eq(judge_one(0, BAR, BAR), 0);
	ck_assert_uint_eq(size, BAR);
	ck_assert_uint_eq(extents, 1);
}
END_TEST

START_TEST(end_at_the_bars_end_is_accepted)
{
	ck_assert_int_eq(judge_one(BAR - PAGE, PAGE, BAR), 0);
	ck_assert_uint_eq(size, PAGE);
}
END_TEST

START_TEST(end_one_page_past_the_bar_is_refused)
{
	ck_assert_int_eq(judge_one(0, BAR + PAGE, BAR), -EINVAL);
	ck_assert_int_eq(judge_one(PAGE, BAR, BAR), -EINVAL);
	ck_assert_int_eq(judge_one(BAR, PAGE, BAR), -EINVAL);
}
END_TEST

START_TEST(range_far_past_the_bar_is_refused)
{
	ck_assert_int_eq(judge_one(TOP - PAGE, PAGE, BAR), -EINVAL);
	ck_assert_int_eq(judge_one(0, TOP, BAR), -EINVAL);
}
END_TEST

START_TEST(length_of_zero_is_refused)
{
	ck_assert_int_eq(judge_one(0, 0, BAR), -EINVAL);
	ck_assert_int_eq(judge_one(BAR, 0, BAR), -EINVAL);
	ck_assert_int_eq(judge_one(TOP, 0, BAR), -EINVAL);
}
END_TEST

static const u64 off_grid[] = { 1, 2, 512, 2048, 4095, 4097, 6144, 8191 };

START_TEST(offset_off_the_grid_is_refused)
{
	ck_assert_int_eq(judge_one(off_grid[_i], PAGE, BAR), -EINVAL);
}
END_TEST

START_TEST(length_off_the_grid_is_refused)
{
	ck_assert_int_eq(judge_one(0, off_grid[_i], BAR), -EINVAL);
}
END_TEST

START_TEST(offset_and_length_off_the_grid_is_refused)
{
	/* Together they end on the grid. */
	ck_assert_int_eq(judge_one(off_grid[_i], 4 * PAGE - off_grid[_i], BAR),
			 -EINVAL);
}
END_TEST

START_TEST(end_at_the_top_of_64_bits_is_accepted)
{
	ck_assert_int_eq(judge_one(TOP - PAGE, PAGE, TOP), 0);
	ck_assert_uint_eq(size, PAGE);
}
END_TEST

START_TEST(end_that_wraps_to_zero_overflows)
{
	ck_assert_int_eq(judge_one(TOP, PAGE, TOP), -EOVERFLOW);
	ck_assert_int_eq(judge_one(PAGE, TOP, TOP), -EOVERFLOW);
}
END_TEST

START_TEST(end_that_wraps_into_the_bar_overflows)
{
	ck_assert_int_eq(judge_one(TOP, 2 * PAGE, BAR), -EOVERFLOW);
	ck_assert_int_eq(judge_one(2 * PAGE, TOP, BAR), -EOVERFLOW);
	ck_assert_int_eq(judge_one(TOP, TOP, TOP), -EOVERFLOW);
}
END_TEST

START_TEST(length_just_below_the_largest_file_is_accepted)
{
	ck_assert_int_eq(judge_one(0, LOFF, TOP), 0);
	ck_assert_uint_eq(size, LOFF);
}
END_TEST

START_TEST(length_just_above_the_largest_file_overflows)
{
	ck_assert_int_eq(judge_one(0, LOFF + PAGE, TOP), -EOVERFLOW);
}
END_TEST

START_TEST(sum_just_below_the_largest_file_is_accepted)
{
	const struct vfio_region_dma_range req[] = {
		{ PAGE, LOFF / PAGE / 2 * PAGE },
		{ 0, LOFF - LOFF / PAGE / 2 * PAGE },
	};

	ck_assert_int_eq(judge(req, 2, TOP), 0);
	ck_assert_uint_eq(size, LOFF);
	ck_assert_uint_eq(extents, 2);
}
END_TEST

START_TEST(sum_just_above_the_largest_file_overflows)
{
	const struct vfio_region_dma_range req[] = { { 0, LOFF }, { 0, PAGE } };

	ck_assert_int_eq(judge(req, 2, TOP), -EOVERFLOW);
}
END_TEST

START_TEST(sum_that_wraps_64_bits_overflows)
{
	struct vfio_region_dma_range req[5];
	u32 i;

	/* Four quarters of 64 bits and a page: the sum would come out as one. */
	for (i = 0; i < 4; i++)
		req[i] = (struct vfio_region_dma_range){ 0, 1ULL << 62 };
	req[4] = (struct vfio_region_dma_range){ 0, PAGE };
	ck_assert_int_eq(judge(req, 5, TOP), -EOVERFLOW);
}
END_TEST

START_TEST(one_bad_range_anywhere_spoils_the_request)
{
	struct vfio_region_dma_range req[5];
	u32 i;

	for (i = 0; i < 5; i++)
		req[i] = (struct vfio_region_dma_range){ i * 2 * PAGE, PAGE };
	ck_assert_int_eq(judge(req, 5, BAR), 0);

	req[_i].length = 0;
	ck_assert_int_eq(judge(req, 5, BAR), -EINVAL);
	req[_i].length = BAR;
	req[_i].offset = PAGE;
	ck_assert_int_eq(judge(req, 5, BAR), -EINVAL);
	req[_i].offset = TOP;
	ck_assert_int_eq(judge(req, 5, BAR), -EOVERFLOW);
}
END_TEST

START_TEST(most_ranges_of_a_request_add_up)
{
	const u32 nr = 262144;
	struct vfio_region_dma_range *req = calloc(nr, sizeof(*req));
	u32 i;

	ck_assert_ptr_nonnull(req);
	for (i = 0; i < nr; i++)
		req[i] = (struct vfio_region_dma_range){ 0, BAR };
	ck_assert_int_eq(judge(req, nr, BAR), 0);
	ck_assert_uint_eq(size, nr * BAR);
	ck_assert_uint_eq(extents, nr);
	free(req);
}
END_TEST

static Suite *judge_suite(void)
{
	const int nr_off_grid = sizeof(off_grid) / sizeof(off_grid[0]);
	Suite *suite = suite_create("range_judge");
	TCase *bar = tcase_create("bar");
	TCase *overflow = tcase_create("overflow");

	tcase_add_test(bar, whole_bar_is_accepted);
	tcase_add_test(bar, end_at_the_bars_end_is_accepted);
	tcase_add_test(bar, end_one_page_past_the_bar_is_refused);
	tcase_add_test(bar, range_far_past_the_bar_is_refused);
	tcase_add_test(bar, length_of_zero_is_refused);
	tcase_add_loop_test(bar, offset_off_the_grid_is_refused, 0, nr_off_grid);
	tcase_add_loop_test(bar, length_off_the_grid_is_refused, 0, nr_off_grid);
	tcase_add_loop_test(bar, offset_and_length_off_the_grid_is_refused, 0,
			    nr_off_grid);
	tcase_add_loop_test(bar, one_bad_range_anywhere_spoils_the_request, 0, 5);
	suite_add_tcase(suite, bar);

	tcase_add_test(overflow, end_at_the_top_of_64_bits_is_accepted);
	tcase_add_test(overflow, end_that_wraps_to_zero_overflows);
	tcase_add_test(overflow, end_that_wraps_into_the_bar_overflows);
	tcase_add_test(overflow, length_just_below_the_largest_file_is_accepted);
	tcase_add_test(overflow, length_just_above_the_largest_file_overflows);
	tcase_add_test(overflow, sum_just_below_the_largest_file_is_accepted);
	tcase_add_test(overflow, sum_just_above_the_largest_file_overflows);
	tcase_add_test(overflow, sum_that_wraps_64_bits_overflows);
	tcase_add_test(overflow, most_ranges_of_a_request_add_up);
	suite_add_tcase(suite, overflow);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(judge_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
