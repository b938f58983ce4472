// SPDX-License-Identifier: GPL-2.0-only
/*
 * The words of a command line. There is one set of options; each command says
 * which of them it takes.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

/* Values of options that have no letter. */
enum {
	OPT_JSON = 256,
	OPT_HELP,
	OPT_KERNEL,
	OPT_BAR,
	OPT_RANGE,
	OPT_READ_ONLY,
	OPT_WC,
	OPT_HUGE,
	OPT_CPU_ONLY,
	OPT_FD,
	OPT_WIDTH,
	OPT_OUTPUT,
};

static const struct option long_options[] = {
	{ "json", no_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "bar", required_argument, NULL, OPT_BAR },
	{ "range", required_argument, NULL, OPT_RANGE },
	{ "read-only", no_argument, NULL, OPT_READ_ONLY },
	{ "wc", no_argument, NULL, OPT_WC },
	{ "huge", no_argument, NULL, OPT_HUGE },
	{ "cpu-only", no_argument, NULL, OPT_CPU_ONLY },
	{ "fd", required_argument, NULL, OPT_FD },
	{ "width", required_argument, NULL, OPT_WIDTH },
	{ "output", required_argument, NULL, OPT_OUTPUT },
	{ }
};

/* Which of enum tool_takes an option belongs to, 0 for those that all have. */
static unsigned int taken_by(int opt)
{
	switch (opt) {
	case OPT_JSON:
		return TAKES_JSON;
	case OPT_KERNEL:
		return TAKES_KERNEL;
	case OPT_BAR:
		return NEEDS_BAR;
	case OPT_RANGE:
	case OPT_READ_ONLY:
	case OPT_WC:
	case OPT_HUGE:
	case OPT_CPU_ONLY:
		return TAKES_EXPORT;
	case OPT_FD:
		return TAKES_FD;
	case OPT_WIDTH:
		return TAKES_WIDTH;
	case OPT_OUTPUT:
		return TAKES_OUTPUT;
	}
	return 0;
}

/**
 * tool_parse_number() - read a number: decimal, 0x hexadecimal
 * @text: the text
 * @value: the number
 *
 * Return: whether the whole text is one that fits.
 */
bool tool_parse_number(const char *text, uint64_t *value)
{
	int base = text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10;
	char *end;

	/* strtoull() takes signs and blanks, which are slips here. */
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, base);
	return !errno && !*end;
}

/**
 * tool_parse_size() - read a number that K, M or G may stand behind
 * @text: the text
 * @value: the number
 *
 * Return: whether the whole text is one that fits.
 */
bool tool_parse_size(const char *text, uint64_t *value)
{
	static const char units[] = "KMG";
	size_t len = strlen(text);
	const char *unit;
	unsigned int shift;
	char digits[32];

	unit = len ? strchr(units, text[len - 1]) : NULL;
	if (!unit || !*unit)
		return tool_parse_number(text, value);
	if (len > sizeof(digits))
		return false;
	memcpy(digits, text, len - 1);
	digits[len - 1] = '\0';
	shift = 10 * (unit - units + 1);
	if (!tool_parse_number(digits, value) || *value > UINT64_MAX >> shift)
		return false;
	*value <<= shift;
	return true;
}

/**
 * tool_parse_range() - read OFFSET:LENGTH
 * @text: the text
 * @range: the range; its length is 0 where the text has none
 *
 * Return: whether it is one.
 */
bool tool_parse_range(const char *text, struct vfio_region_dma_range *range)
{
	const char *colon = strchr(text, ':');
	uint64_t offset, length = 0;
	char head[32];

	if (!colon || (size_t)(colon - text) >= sizeof(head))
		return false;
	memcpy(head, text, colon - text);
	head[colon - text] = '\0';
	if (!tool_parse_size(head, &offset))
		return false;
	if (colon[1] && (!tool_parse_size(colon + 1, &length) || !length))
		return false;
	range->offset = offset;
	range->length = length;
	return true;
}

/**
 * tool_parse_bdf() - read an address, with or without a domain
 * @text: the text
 * @bdf: where it goes, in the kernel's way of writing
 * @size: size of @bdf
 *
 * Return: whether it is one.
 */
bool tool_parse_bdf(const char *text, char *bdf, size_t size)
{
	unsigned int domain = 0, bus, slot, func;
	int end = 0;

	if (strspn(text, "0123456789abcdefABCDEF:.") != strlen(text))
		return false;
	if (sscanf(text, "%8x:%2x:%2x.%1u%n", &domain, &bus, &slot, &func,
		   &end) != 4 || text[end]) {
		domain = 0;
		end = 0;
		if (sscanf(text, "%2x:%2x.%1u%n", &bus, &slot, &func,
			   &end) != 3 || text[end])
			return false;
	}
	if (slot > 0x1f || func > 7)
		return false;
	return snprintf(bdf, size, "%04x:%02x:%02x.%u", domain, bus, slot,
			func) < (int)size;
}

/**
 * tool_command_help() - print what a command's --help says
 * @command: the command
 * @to: standard output or error
 */
void tool_command_help(const struct tool_command *command, FILE *to)
{
	const char *line = command->synopsis;
	const char *before = "Usage:";
	int len;

	while (*line) {
		len = strcspn(line, "\n");
		fprintf(to, "%s %s %s %.*s\n", before, tool_name,
			command->name, len, line);
		line += len + (line[len] == '\n');
		before = "      ";
	}
	fprintf(to, "\n%s.\n\n%s", command->summary, command->help);
}

static int bad_value(const char *option, const char *value, const char *want)
{
	tool_error("--%s %s: %s", option, value, want);
	return TOOL_USAGE;
}

static int take_range(struct tool_options *opts, const char *value)
{
	if (opts->nr_ranges == TOOL_MAX_RANGES)
		return bad_value("range", value, "too many of them");
	if (!tool_parse_range(value, &opts->ranges[opts->nr_ranges]))
		return bad_value("range", value,
				 "want OFFSET:LENGTH in bytes, as 0x1000:64K; without LENGTH up to the end");
	opts->nr_ranges++;
	return 0;
}

static int take_number(struct tool_options *opts, int opt, const char *value)
{
	uint64_t number;
	bool is_number = tool_parse_number(value, &number);

	switch (opt) {
	case OPT_BAR:
		if (!is_number || number > 5)
			return bad_value("bar", value, "want 0 to 5");
		opts->bar = number;
		return 0;
	case OPT_FD:
		if (!is_number || number > INT32_MAX)
			return bad_value("fd", value,
					 "want the number of a descriptor");
		opts->fd = number;
		return 0;
	}
	if (!is_number || !number || number > 8 || number & (number - 1))
		return bad_value("width", value, "want 1, 2, 4 or 8 (bytes)");
	opts->width = number;
	return 0;
}

static int take_kernel(struct tool_options *opts, const char *value)
{
	if (opts->nr_kernels == TOOL_MAX_KERNELS)
		return bad_value("kernel", value, "too many of them");
	/* It becomes a part of paths. */
	if (!*value || value[0] == '.' || strchr(value, '/'))
		return bad_value("kernel", value,
				 "want a release as uname -r prints it");
	opts->kernels[opts->nr_kernels++] = value;
	return 0;
}

static int take(struct tool_options *opts, int opt, const char *value)
{
	switch (opt) {
	case OPT_JSON:
		opts->json = true;
		return 0;
	case OPT_READ_ONLY:
		opts->read_only = true;
		return 0;
	case OPT_WC:
		opts->wc = true;
		return 0;
	case OPT_HUGE:
		opts->export_flags |= DMABUF_VFIO_PCI_EXPORT_HUGE;
		return 0;
	case OPT_CPU_ONLY:
		opts->export_flags |= DMABUF_VFIO_PCI_EXPORT_CPU_ONLY;
		return 0;
	case OPT_OUTPUT:
		opts->output = value;
		return 0;
	case OPT_KERNEL:
		return take_kernel(opts, value);
	case OPT_RANGE:
		return take_range(opts, value);
	}
	return take_number(opts, opt, value);
}

static int take_words(struct tool_options *opts,
		      const struct tool_command *command, int argc,
		      char **argv)
{
	bool needs = (command->takes & NEEDS_BDF) && opts->fd < 0;

	if (argc && opts->fd < 0 &&
	    (command->takes & (TAKES_BDF | NEEDS_BDF))) {
		if (!tool_parse_bdf(argv[0], opts->bdf, sizeof(opts->bdf))) {
			tool_error("\"%s\" is no PCI address; want 0000:01:00.0 or 01:00.0",
				   argv[0]);
			return TOOL_USAGE;
		}
		argc--;
		argv++;
	} else if (needs) {
		tool_error("%s: which device? The address is missing",
			   command->name);
		return TOOL_USAGE;
	}
	if ((command->takes & NEEDS_BAR) && opts->fd < 0 && opts->bar < 0) {
		tool_error("%s: which BAR? --bar is missing", command->name);
		return TOOL_USAGE;
	}
	if (argc && !(command->takes & TAKES_WORDS)) {
		tool_error("%s: \"%s\" is one word too many", command->name,
			   argv[0]);
		return TOOL_USAGE;
	}
	opts->words = argv;
	opts->nr_words = argc;
	return 0;
}

/**
 * tool_options_parse() - read the words behind a command
 * @opts: filled in
 * @command: the command
 * @argc: number of words, the command's name among them
 * @argv: the words; the first is the command's name
 *
 * Return: 0, or TOOL_USAGE after saying what is wrong. --help ends the program.
 */
int tool_options_parse(struct tool_options *opts,
		       const struct tool_command *command, int argc,
		       char **argv)
{
	int opt, ret, index;

	*opts = (struct tool_options){ .bar = -1, .fd = -1, .width = 4 };
	opterr = 0;
	while ((opt = getopt_long(argc, argv, "h", long_options, &index)) != -1) {
		if (opt == OPT_HELP || opt == 'h') {
			tool_command_help(command, stdout);
			exit(fflush(stdout) ? TOOL_PROBLEM : TOOL_OK);
		}
		if (opt == '?') {
			tool_error("%s: %s: no such option, or without its value; see %s %s --help",
				   command->name, argv[optind - 1], tool_name,
				   command->name);
			return TOOL_USAGE;
		}
		if (taken_by(opt) & ~command->takes) {
			tool_error("%s takes no --%s; see %s %s --help",
				   command->name, long_options[index].name,
				   tool_name, command->name);
			return TOOL_USAGE;
		}
		ret = take(opts, opt, optarg);
		if (ret)
			return ret;
	}
	return take_words(opts, command, argc - optind, argv + optind);
}
