// SPDX-License-Identifier: GPL-2.0-only
/* quirks.c with a made-up table, which has an entry without an id. */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* As seen from quirks.c */
#define DVP_QUIRKS_TABLE "../../../tests/unit/quirks_without_id.h"
#include "../../src/kmod/core/quirks.c"

static char logged[256];

static struct pci_dev board = {
	.vendor = 0x1af4, .device = 0x1110,
	.bar_len = { SZ_4K, 0, 2 * SZ_1M },
};
static struct pci_dev doorbells = { .vendor = 0x1af4, .device = 0x1111 };
static struct pci_dev other = { .vendor = 0x8086, .device = 0x1110 };

void shim_log(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(logged, sizeof(logged), format, args);
	va_end(args);
}

/* Ends at an entry without a vendor, as the kernel's does. */
const struct pci_device_id *pci_match_id(const struct pci_device_id *ids,
					 struct pci_dev *pdev)
{
	for (; ids->vendor; ids++) {
		if (ids->vendor == pdev->vendor && ids->device == pdev->device)
			return ids;
	}
	return NULL;
}

static int count(struct pci_dev *pdev)
{
	const struct dvp_quirk *quirk = NULL;
	int nr = 0;

	while ((quirk = dvp_quirks_next(pdev, quirk)))
		nr++;
	return nr;
}

START_TEST(entry_without_id_is_an_error_that_names_it)
{
	ck_assert_int_eq(dvp_quirks_check(), -EINVAL);
	ck_assert_str_eq(logged, "entry 1 of the table of quirks: there is no id\n");
}
END_TEST

START_TEST(entry_without_id_does_not_end_the_table)
{
	ck_assert_int_eq(count(&board), 2);
	ck_assert_int_eq(count(&doorbells), 1);
	ck_assert_int_eq(count(&other), 0);
	ck_assert(dvp_quirks_deny_bar(&board, 0));
	ck_assert(!dvp_quirks_deny_bar(&board, 2));
	ck_assert(dvp_quirks_limit_exports(&board));
	ck_assert(!dvp_quirks_limit_exports(&doorbells));
}
END_TEST

#define ID	.id = { PCI_DEVICE(0x1af4, 0x1110) }
#define GOOD	ID, .bar = 5, .action = DVP_QUIRK_DENY

static const struct {
	struct dvp_quirk quirk;
	const char *mistake;
} mistakes[] = {
	{ { GOOD }, NULL },
	{ { GOOD, .offset = SZ_1M, .length = SZ_1M }, NULL },
	{ { .bar = 5, .action = DVP_QUIRK_DENY }, "there is no id" },
	{ { ID, .bar = -1, .action = DVP_QUIRK_DENY }, "bar is not 0 to 5" },
	{ { ID, .bar = 6, .action = DVP_QUIRK_DENY }, "bar is not 0 to 5" },
	{ { GOOD, .offset = U64_MAX, .length = 1 }, "offset + length overflows" },
	{ { ID, .bar = 5 }, "there is no action" },
	{ { ID, .bar = 5, .action = DVP_QUIRK_UNCACHED + 1 }, "there is no action" },
	{ { ID, .bar = 5, .action = DVP_QUIRK_ALIGN }, "align is not a power of two" },
	{ { ID, .bar = 5, .action = DVP_QUIRK_ALIGN, .align = 3 * SZ_4K },
	  "align is not a power of two" },
	{ { ID, .bar = 5, .action = DVP_QUIRK_ALIGN, .align = SZ_64K }, NULL },
};

START_TEST(each_mistake_has_its_words)
{
	ck_assert_pstr_eq(dvp_quirks_mistake(&mistakes[_i].quirk),
			  mistakes[_i].mistake);
}
END_TEST

/* BAR 2 of the board has a grid of 64 KiB, from 1 MiB on, 64 KiB long. */
static const struct {
	struct pci_dev *pdev;
	int bar;
	struct vfio_region_dma_range range;
	int verdict;
} requests[] = {
	{ &board, 0, { 0, SZ_4K }, -EPERM },
	{ &board, 1, { 0, SZ_4K }, 0 },
	{ &board, 2, { 0, SZ_1M }, 0 },
	{ &board, 2, { SZ_1M - SZ_4K, SZ_4K }, 0 },
	{ &board, 2, { SZ_1M - SZ_4K, 2 * SZ_4K }, -EINVAL },
	{ &board, 2, { SZ_1M, SZ_4K }, -EINVAL },
	{ &board, 2, { SZ_1M, SZ_64K }, 0 },
	{ &board, 2, { SZ_1M + SZ_64K, SZ_4K }, 0 },
	{ &doorbells, 4, { 0, SZ_4K }, 0 },
	{ &other, 0, { 0, SZ_4K }, 0 },
};

START_TEST(ranges_are_judged_by_what_they_overlap)
{
	const struct vfio_region_dma_range ranges[] = {
		{ 0, SZ_4K }, requests[_i].range,
	};

	ck_assert_int_eq(dvp_quirks_judge(requests[_i].pdev, requests[_i].bar,
					  ranges, 2), requests[_i].verdict);
}
END_TEST

START_TEST(only_the_bar_of_the_quirk_is_uncached)
{
	const struct vfio_region_dma_range range = { 0, SZ_4K };

	ck_assert(dvp_quirks_uncached(&doorbells, 4, &range, 1));
	ck_assert(!dvp_quirks_uncached(&doorbells, 2, &range, 1));
	ck_assert(!dvp_quirks_uncached(&board, 0, &range, 1));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("quirks");
	TCase *tcase = tcase_create("quirks");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, entry_without_id_is_an_error_that_names_it);
	tcase_add_test(tcase, entry_without_id_does_not_end_the_table);
	tcase_add_loop_test(tcase, each_mistake_has_its_words, 0,
			    ARRAY_SIZE(mistakes));
	tcase_add_loop_test(tcase, ranges_are_judged_by_what_they_overlap, 0,
			    ARRAY_SIZE(requests));
	tcase_add_test(tcase, only_the_bar_of_the_quirk_is_uncached);
	suite_add_tcase(suite, tcase);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
