// SPDX-License-Identifier: GPL-2.0-only
/*
 * What people read: messages, colours, sizes.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

const char *tool_name = DVP_TOOL;

static char errors[2048];

/**
 * tool_error() - say why something cannot be done
 * @format: as for printf(), without a newline
 */
void tool_error(const char *format, ...)
{
	size_t len = strlen(errors);
	va_list args;

	fflush(stdout);
	va_start(args, format);
	vsnprintf(errors + len, sizeof(errors) - 1 - len, format, args);
	va_end(args);
	fprintf(stderr, "%s: %s\n", tool_name, errors + len);
	strcat(errors, "\n");
}

/**
 * tool_errors() - what tool_error() has said so far
 *
 * Return: its lines.
 */
const char *tool_errors(void)
{
	return errors;
}

static bool has_colours(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && term && *term &&
	       strcmp(term, "dumb");
}

/**
 * tool_colour() - what switches a terminal to a colour
 * @colour: which
 *
 * Return: a sequence, "" where standard output is no terminal or NO_COLOR is
 * set.
 */
const char *tool_colour(enum tool_colour colour)
{
	static const char *const codes[] = {
		[COLOUR_OFF] = "\033[0m",
		[COLOUR_GOOD] = "\033[32m",
		[COLOUR_WARN] = "\033[33m",
		[COLOUR_BAD] = "\033[1;31m",
		[COLOUR_DIM] = "\033[2m",
		[COLOUR_BOLD] = "\033[1m",
	};
	static int colours = -1;

	if (colours < 0)
		colours = has_colours();
	return colours ? codes[colour] : "";
}

/**
 * tool_print() - print to standard output in a colour
 * @colour: which
 * @format: as for printf()
 */
void tool_print(enum tool_colour colour, const char *format, ...)
{
	va_list args;

	fputs(tool_colour(colour), stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	fputs(tool_colour(COLOUR_OFF), stdout);
}

/**
 * tool_exit_of() - the exit status for a call that failed
 * @error: a negative errno
 *
 * Return: TOOL_PERMISSION or TOOL_PROBLEM.
 */
int tool_exit_of(int error)
{
	return error == -EACCES || error == -EPERM ? TOOL_PERMISSION :
						     TOOL_PROBLEM;
}

/**
 * tool_size() - a size as people write it
 * @bytes: the size
 * @buf: where the text goes
 * @size: size of @buf
 *
 * Return: @buf: "64 MiB", or bytes where that would not be the whole truth.
 */
const char *tool_size(uint64_t bytes, char *buf, size_t size)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;

	while (bytes && !(bytes & 1023) &&
	       unit + 1 < sizeof(units) / sizeof(units[0])) {
		bytes >>= 10;
		unit++;
	}
	snprintf(buf, size, "%llu %s", (unsigned long long)bytes, units[unit]);
	return buf;
}
