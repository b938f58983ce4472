// SPDX-License-Identifier: GPL-2.0-only
/*
 * peek and poke: single words of a BAR, through an export.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define WIDTH_HELP \
"OFFSET is in bytes, 0x10000 or 64K. A word has --width bytes, 1, 2, 4 (default)\n" \
"or 8, is read or written in one access, and is little-endian.\n" \
"\n" \
"VFIO resets a device that can be reset when it is opened and when it is closed:\n" \
"what one call wrote need not be there for the next. For several steps, use\n" \
"--fd with a buffer that stays: " DVP_TOOL " run BDF --bar N -- sh, and in that\n" \
"shell " DVP_TOOL " peek --fd 3 OFFSET. OFFSET then counts from the buffer's start.\n" \
"\n"

static bool parse_offset(const struct tool_options *opts, uint64_t *off)
{
	if (!opts->nr_words) {
		tool_error("where? The offset is missing");
		return false;
	}
	if (!tool_parse_size(opts->words[0], off)) {
		tool_error("\"%s\" is no offset", opts->words[0]);
		return false;
	}
	if (*off % opts->width) {
		tool_error("offset %s is no multiple of the width, %u",
			   opts->words[0], opts->width);
		return false;
	}
	return true;
}

static struct json_object *begin(const char *command,
				 const struct tool_options *opts)
{
	struct json_object *root = tool_json_new(command);

	if (opts->bdf[0]) {
		tool_json_text(root, "bdf", "%s", opts->bdf);
		tool_json_number(root, "bar", opts->bar);
	}
	tool_json_number(root, "width", opts->width);
	tool_json_array(root, "words");
	return root;
}

/* Values are text: the largest are no numbers to many readers of JSON. */
static void add_word(struct json_object *root, uint64_t off, uint64_t value,
		     unsigned int width)
{
	struct json_object *word;

	word = tool_json_append(tool_json_get(root, "words"));
	tool_json_number(word, "offset", off);
	tool_json_text(word, "value", "0x%0*llx", (int)width * 2,
		       (unsigned long long)value);
}

static int peek_words(struct tool_window *win, const struct tool_options *opts,
		      uint64_t off, uint64_t count, struct json_object *root)
{
	uint64_t value;

	for (; count; count--, off += opts->width) {
		if (tool_window_read(win, off, opts->width, &value))
			return tool_window_gone(opts, off);
		if (!opts->json)
			printf("0x%08llx: 0x%0*llx\n", (unsigned long long)off,
			       (int)opts->width * 2,
			       (unsigned long long)value);
		add_word(root, off, value, opts->width);
	}
	return TOOL_OK;
}

static int peek(const struct tool_options *opts)
{
	struct json_object *root;
	struct tool_window win;
	uint64_t off, count = 1;
	int ret;

	if (!parse_offset(opts, &off))
		return TOOL_USAGE;
	if (opts->nr_words > 2 ||
	    (opts->nr_words == 2 &&
	     (!tool_parse_size(opts->words[1], &count) || !count ||
	      count > UINT32_MAX))) {
		tool_error("peek wants an offset, and how many words");
		return TOOL_USAGE;
	}
	ret = tool_window_open(&win, opts);
	if (!ret)
		ret = tool_window_map(&win, opts, off, count * opts->width,
				      false);
	if (!ret) {
		root = begin("peek", opts);
		ret = peek_words(&win, opts, off, count, root);
		if (opts->json && !ret)
			tool_json_print(root, ret);
		json_object_put(root);
	}
	tool_window_close(&win);
	return ret;
}

const struct tool_command tool_peek = {
	.name = "peek",
	.synopsis = "BDF --bar N OFFSET [COUNT] [--width BYTES] [--json]\n"
		    "--fd FD OFFSET [COUNT] [--width BYTES] [--json]",
	.summary = "Read words of a BAR, through an export",
	.help =
WIDTH_HELP
"Exit status: 0 fine; 1 the device cannot be opened, or the memory went away; 2\n"
"wrong use; 3 no permission; 77 the device is not bound to the driver, or the BAR\n"
"cannot be exported.\n",
	.takes = NEEDS_BDF | NEEDS_BAR | TAKES_FD | TAKES_WIDTH |
		 TAKES_WORDS | TAKES_JSON,
	.run = peek,
};

static bool parse_value(const struct tool_options *opts, int nr,
			uint64_t *value)
{
	if (tool_parse_number(opts->words[nr], value) &&
	    (opts->width == 8 || !(*value >> 8 * opts->width)))
		return true;
	tool_error("\"%s\" is no value of %u bytes", opts->words[nr],
		   opts->width);
	return false;
}

static int poke_words(struct tool_window *win, const struct tool_options *opts,
		      uint64_t off, struct json_object *root)
{
	uint64_t value;
	int i;

	for (i = 1; i < opts->nr_words; i++, off += opts->width) {
		if (!parse_value(opts, i, &value))
			return TOOL_USAGE;
		if (tool_window_write(win, off, opts->width, value))
			return tool_window_gone(opts, off);
		add_word(root, off, value, opts->width);
	}
	return TOOL_OK;
}

static int poke(const struct tool_options *opts)
{
	struct json_object *root;
	struct tool_window win;
	uint64_t off, value;
	int ret, i;

	if (!parse_offset(opts, &off))
		return TOOL_USAGE;
	if (opts->nr_words < 2) {
		tool_error("poke wants an offset and at least one value");
		return TOOL_USAGE;
	}
	/* All or nothing, as far as that is in our hands. */
	for (i = 1; i < opts->nr_words; i++) {
		if (!parse_value(opts, i, &value))
			return TOOL_USAGE;
	}
	ret = tool_window_open(&win, opts);
	if (!ret)
		ret = tool_window_map(&win, opts, off,
				      (uint64_t)(opts->nr_words - 1) *
				      opts->width, true);
	if (!ret) {
		root = begin("poke", opts);
		ret = poke_words(&win, opts, off, root);
		if (opts->json && !ret)
			tool_json_print(root, ret);
		json_object_put(root);
	}
	tool_window_close(&win);
	return ret;
}

const struct tool_command tool_poke = {
	.name = "poke",
	.synopsis = "BDF --bar N OFFSET VALUE... [--width BYTES] [--json]\n"
		    "--fd FD OFFSET VALUE... [--width BYTES] [--json]",
	.summary = "Write words of a BAR, through an export",
	.help =
"Values go to OFFSET and the words behind it, in order. Nothing is written if a\n"
"value does not fit, and nothing is read back.\n"
"\n"
WIDTH_HELP
"Exit status: as for peek.\n",
	.takes = NEEDS_BDF | NEEDS_BAR | TAKES_FD | TAKES_WIDTH |
		 TAKES_WORDS | TAKES_JSON,
	.run = poke,
};
