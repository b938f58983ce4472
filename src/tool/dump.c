// SPDX-License-Identifier: GPL-2.0-only
/*
 * dump: a piece of a BAR, for reading or into a file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define LINE 16

static int read_bytes(const struct tool_window *win,
		      const struct tool_options *opts, uint64_t off,
		      uint8_t *bytes, size_t len)
{
	uint64_t value;
	size_t i, j;

	for (i = 0; i < len; i += opts->width) {
		if (tool_window_read(win, off + i, opts->width, &value))
			return tool_window_gone(opts, off + i);
		for (j = 0; j < opts->width; j++)
			bytes[i + j] = value >> 8 * j;
	}
	return TOOL_OK;
}

static uint64_t word_of(const uint8_t *bytes, unsigned int width)
{
	uint64_t value = 0;

	while (width--)
		value = value << 8 | bytes[width];
	return value;
}

static void print_line(uint64_t off, const uint8_t *bytes, size_t len,
		       unsigned int width)
{
	size_t i;

	printf("%08llx ", (unsigned long long)off);
	for (i = 0; i < LINE; i += width) {
		if (i < len)
			printf(" %0*llx", (int)width * 2,
			       (unsigned long long)word_of(bytes + i, width));
		else
			printf(" %*s", (int)width * 2, "");
	}
	printf("  |");
	for (i = 0; i < len; i++)
		putchar(bytes[i] >= ' ' && bytes[i] < 0x7f ? bytes[i] : '.');
	printf("|\n");
}

/* Lines that are the same as the one before are shown as one star. */
static void print_text(uint64_t off, const uint8_t *bytes, size_t len,
		       unsigned int width)
{
	bool same, starred = false;
	size_t i, nr;

	for (i = 0; i < len; i += LINE) {
		nr = len - i < LINE ? len - i : LINE;
		same = i && nr == LINE && i + LINE < len &&
		       !memcmp(bytes + i, bytes + i - LINE, LINE);
		if (!same)
			print_line(off + i, bytes + i, nr, width);
		else if (!starred)
			puts("*");
		starred = same;
	}
}

static bool add_bytes(struct json_object *root, const uint8_t *bytes,
		      size_t len)
{
	char *hex = malloc(2 * len + 1);
	size_t i;

	if (!hex) {
		tool_error("no memory");
		return false;
	}
	for (i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", bytes[i]);
	tool_json_text(root, "bytes", "%s", hex);
	free(hex);
	return true;
}

static int print_json(const struct tool_options *opts, uint64_t off,
		      const uint8_t *bytes, size_t len)
{
	struct json_object *root = tool_json_new("dump");
	bool ok = true;

	if (opts->bdf[0]) {
		tool_json_text(root, "bdf", "%s", opts->bdf);
		tool_json_number(root, "bar", opts->bar);
	}
	tool_json_number(root, "offset", off);
	tool_json_number(root, "length", len);
	if (opts->output)
		tool_json_text(root, "output", "%s", opts->output);
	else
		ok = add_bytes(root, bytes, len);
	if (ok)
		tool_json_print(root, TOOL_OK);
	json_object_put(root);
	return ok ? TOOL_OK : TOOL_PROBLEM;
}

static bool write_all(FILE *file, const uint8_t *bytes, size_t len)
{
	return fwrite(bytes, 1, len, file) == len && !fflush(file);
}

static int write_file(const char *path, const uint8_t *bytes, size_t len)
{
	FILE *file;
	bool ok;

	if (!strcmp(path, "-"))
		/* What goes wrong is said when all is flushed. */
		return write_all(stdout, bytes, len) ? TOOL_OK : TOOL_PROBLEM;
	file = fopen(path, "w");
	if (!file) {
		tool_error("%s: %m", path);
		return tool_exit_of(-errno);
	}
	ok = write_all(file, bytes, len);
	if (fclose(file) || !ok) {
		tool_error("%s: %m", path);
		return TOOL_PROBLEM;
	}
	return TOOL_OK;
}

static int show(const struct tool_window *win, const struct tool_options *opts,
		uint64_t off, uint64_t len)
{
	uint8_t *bytes = malloc(len);
	int ret;

	if (!bytes) {
		tool_error("no memory for %llu bytes",
			   (unsigned long long)len);
		return TOOL_PROBLEM;
	}
	ret = read_bytes(win, opts, off, bytes, len);
	if (!ret && opts->output)
		ret = write_file(opts->output, bytes, len);
	if (!ret && opts->json)
		ret = print_json(opts, off, bytes, len);
	else if (!ret && !opts->output)
		print_text(off, bytes, len, opts->width);
	free(bytes);
	return ret;
}

static bool parse(const struct tool_options *opts, uint64_t *off,
		  uint64_t *len)
{
	*off = 0;
	*len = 0;
	if (opts->nr_words > 2 ||
	    (opts->nr_words > 0 && !tool_parse_size(opts->words[0], off)) ||
	    (opts->nr_words > 1 &&
	     (!tool_parse_size(opts->words[1], len) || !*len))) {
		tool_error("dump wants an offset and a length, in bytes");
		return false;
	}
	if (opts->json && opts->output && !strcmp(opts->output, "-")) {
		tool_error("--json and the bytes cannot both go to standard output");
		return false;
	}
	if (*off % opts->width || *len % opts->width) {
		tool_error("offset and length must be multiples of the width, %u",
			   opts->width);
		return false;
	}
	return true;
}

static int run(const struct tool_options *opts)
{
	struct tool_window win;
	uint64_t off, len;
	int ret;

	if (!parse(opts, &off, &len))
		return TOOL_USAGE;
	ret = tool_window_open(&win, opts);
	if (!ret && !len) {
		len = win.size > off ? win.size - off : opts->width;
		if (len > 256 && !opts->output)
			len = 256;
	}
	if (!ret)
		ret = tool_window_map(&win, opts, off, len, false);
	if (!ret)
		ret = show(&win, opts, off, len);
	tool_window_close(&win);
	return ret;
}

const struct tool_command tool_dump = {
	.name = "dump",
	.synopsis = "BDF --bar N [OFFSET [LENGTH]] [--width BYTES] [--output FILE] [--json]\n"
		    "--fd FD [OFFSET [LENGTH]] [--width BYTES] [--output FILE] [--json]",
	.summary = "Show a piece of a BAR, through an export",
	.help =
"Without LENGTH it is 256 bytes, or with --output all up to the end of the BAR.\n"
"--output writes the bytes as they are to a file, \"-\" being standard output.\n"
"Words of --width bytes, 4 if not given, are read in one access each and shown as\n"
"numbers, little-endian. Registers may change by being read.\n"
"\n"
"As for peek, the device is reset by being opened unless --fd is used.\n"
"\n"
"Exit status: as for peek.\n",
	.takes = NEEDS_BDF | NEEDS_BAR | TAKES_FD | TAKES_WIDTH |
		 TAKES_OUTPUT | TAKES_WORDS | TAKES_JSON,
	.run = run,
};
