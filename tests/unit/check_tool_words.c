// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the tool makes of words and texts: numbers, addresses, ranges, the lines
 * that the driver shows, and a kernel's configuration.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

/**
 * struct number - a text, and the size that it is
 * @text: the text
 * @good: whether it is one
 * @value: the size
 */
static const struct number {
	const char *text;
	bool good;
	uint64_t value;
} numbers[] = {
	{ "0", true, 0 }, { "4096", true, 4096 }, { "0x1000", true, 4096 },
	{ "0X1f", true, 31 }, { "010", true, 10 }, { "64K", true, 65536 },
	{ "1M", true, 1 << 20 }, { "0x10G", true, 16ULL << 30 },
	{ "18446744073709551615", true, UINT64_MAX },
	{ "18446744073709551616", false, 0 }, { "17179869184G", false, 0 },
	{ "", false, 0 }, { "-1", false, 0 }, { "+1", false, 0 },
	{ " 1", false, 0 }, { "1 ", false, 0 }, { "0x", false, 0 },
	{ "K", false, 0 }, { "1k", false, 0 }, { "1KK", false, 0 },
	{ "0x1g", false, 0 }, { "ten", false, 0 },
};

START_TEST(sizes_are_read_or_refused)
{
	const struct number *row = &numbers[_i];
	uint64_t value = 0;

	ck_assert_int_eq(tool_parse_size(row->text, &value), row->good);
	if (row->good)
		ck_assert_uint_eq(value, row->value);
}
END_TEST

static const char *const addresses[][2] = {
	{ "0000:01:00.0", "0000:01:00.0" }, { "01:00.0", "0000:01:00.0" },
	{ "1:2.3", "0000:01:02.3" }, { "10000:AB:1f.7", "10000:ab:1f.7" },
	{ "01:00", NULL }, { "01:00.8", NULL }, { "01:20.0", NULL },
	{ "0000:01:00.0 ", NULL }, { "0000:01:00.00", NULL }, { "", NULL },
	{ "../01:00.0", NULL }, { "0000:001:00.0", NULL }, { "eth0", NULL },
};

START_TEST(addresses_are_read_or_refused)
{
	char bdf[16] = "";

	ck_assert_int_eq(tool_parse_bdf(addresses[_i][0], bdf, sizeof(bdf)),
			 !!addresses[_i][1]);
	if (addresses[_i][1])
		ck_assert_str_eq(bdf, addresses[_i][1]);
}
END_TEST

START_TEST(ranges_are_read_or_refused)
{
	static const char *const bad[] = {
		"", "1", ":", ":1", "1:0", "1:2:3", "x:1", "1:-1", "1:1x",
	};
	struct vfio_region_dma_range range;
	size_t i;

	ck_assert(tool_parse_range("0x1000:64K", &range));
	ck_assert_uint_eq(range.offset, 0x1000);
	ck_assert_uint_eq(range.length, 65536);
	ck_assert(tool_parse_range("1M:", &range));
	ck_assert_uint_eq(range.offset, 1 << 20);
	ck_assert_uint_eq(range.length, 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!tool_parse_range(bad[i], &range), "%s", bad[i]);
}
END_TEST

static struct json_object *seen;

static void keep(struct json_object *line, void *arg)
{
	(void)arg;
	json_object_array_add(seen, json_object_get(line));
}

START_TEST(lines_of_the_driver_are_read)
{
	char text[] = "format 2\n"
		      "export id=7 size=65536 comm=a\\040b\\134\\012c pid=12 new=\n"
		      "extent id=7 offset=0x1000 length=0x10000\n"
		      "surprise\n"
		      "importer id=7 driver=123 stray\n";
	struct json_object *line;

	seen = json_object_new_array();
	ck_assert_int_eq(tool_live_parse(text, keep, NULL), 0);
	ck_assert_uint_eq(json_object_array_length(seen), 4);
	line = json_object_array_get_idx(seen, 0);
	ck_assert_int_eq(tool_json_get_number(line, "id"), 7);
	/* What a terminal might obey stays as it is written. */
	ck_assert_str_eq(tool_json_get_text(line, "comm"), "a b\\\\012c");
	ck_assert_str_eq(tool_json_get_text(line, "new"), "");
	line = json_object_array_get_idx(seen, 1);
	ck_assert_int_eq(tool_json_get_number(line, "offset"), 0x1000);
	line = json_object_array_get_idx(seen, 3);
	ck_assert(json_object_is_type(tool_json_get(line, "driver"),
				      json_type_string));
	json_object_put(seen);
}
END_TEST

START_TEST(other_formats_are_refused)
{
	static const char *const formats[] = {
		"format 1\n", "format 20\n", "", "export id=1\n",
	};
	char text[64];
	size_t i;

	seen = json_object_new_array();
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		strcpy(text, formats[i]);
		ck_assert_int_eq(tool_live_parse(text, keep, NULL), -EPROTO);
	}
	ck_assert_uint_eq(json_object_array_length(seen), 0);
	json_object_put(seen);
}
END_TEST

START_TEST(options_of_a_kernel_are_told_apart)
{
	char config[] = "CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_AB=m\n"
			"CONFIG_CC_VERSION_TEXT=\"gcc-12 (Debian) 12.2.0\"\n";
	struct tool_kernel kernel = { .config = config };
	char text[64];

	ck_assert_int_eq(tool_kernel_option(&kernel, "CONFIG_A"), 'y');
	ck_assert_int_eq(tool_kernel_option(&kernel, "CONFIG_B"), 'n');
	ck_assert_int_eq(tool_kernel_option(&kernel, "CONFIG_AB"), 'm');
	ck_assert_int_eq(tool_kernel_option(&kernel, "CONFIG_C"), '-');
	ck_assert(tool_kernel_text(&kernel, "CONFIG_CC_VERSION_TEXT", text,
				   sizeof(text)));
	ck_assert_str_eq(text, "gcc-12 (Debian) 12.2.0");
	ck_assert(!tool_kernel_text(&kernel, "CONFIG_A", text, sizeof(text)));
	kernel.config = NULL;
	ck_assert_int_eq(tool_kernel_option(&kernel, "CONFIG_A"), '?');
}
END_TEST

START_TEST(sizes_are_written_without_loss)
{
	char buf[32];

	ck_assert_str_eq(tool_size(0, buf, sizeof(buf)), "0 B");
	ck_assert_str_eq(tool_size(256, buf, sizeof(buf)), "256 B");
	ck_assert_str_eq(tool_size(65536, buf, sizeof(buf)), "64 KiB");
	ck_assert_str_eq(tool_size(65537, buf, sizeof(buf)), "65537 B");
	ck_assert_str_eq(tool_size(3ULL << 30, buf, sizeof(buf)), "3 GiB");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("words of the tool");
	TCase *tcase = tcase_create("words");
	SRunner *runner;
	int nr_failed;

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, sizes_are_read_or_refused, 0,
			    sizeof(numbers) / sizeof(numbers[0]));
	tcase_add_loop_test(tcase, addresses_are_read_or_refused, 0,
			    sizeof(addresses) / sizeof(addresses[0]));
	tcase_add_test(tcase, ranges_are_read_or_refused);
	tcase_add_test(tcase, lines_of_the_driver_are_read);
	tcase_add_test(tcase, other_formats_are_refused);
	tcase_add_test(tcase, options_of_a_kernel_are_told_apart);
	tcase_add_test(tcase, sizes_are_written_without_loss);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	nr_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return nr_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
