// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading what the driver shows in debugfs: lines of "kind key=value ...", the
 * first of them "format 2". Kinds and keys that nobody asks for are ignored.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

/* Values of these are text, also where they look like a number. */
static bool is_text(const char *key)
{
	static const char *const texts[] = {
		"comm", "device", "driver", "name", "version", "reason",
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!strcmp(texts[i], key))
			return true;
	}
	return false;
}

/*
 * \ooo becomes what it stands for if that can be printed: what a process calls
 * itself must not get to a terminal as it is.
 */
static void unescape(char *text)
{
	char *to = text, *end;
	char digits[4] = "";
	long letter;

	while (*text) {
		if (*text == '\\' && strlen(text) >= 4) {
			memcpy(digits, text + 1, 3);
			letter = strtol(digits, &end, 8);
			if (!*end && letter >= ' ' && letter < 0x7f) {
				*to++ = letter;
				text += 4;
				continue;
			}
		}
		*to++ = *text++;
	}
	*to = '\0';
}

static void add_value(struct json_object *line, const char *key, char *value)
{
	uint64_t number;

	if (!is_text(key) && tool_parse_number(value, &number) &&
	    number <= INT64_MAX) {
		tool_json_number(line, key, number);
		return;
	}
	unescape(value);
	tool_json_text(line, key, "%s", value);
}

static void parse_line(char *text, tool_live_fn fn, void *arg)
{
	struct json_object *line;
	char *word, *equals;

	word = strsep(&text, " ");
	if (!*word)
		return;
	line = json_object_new_object();
	tool_json_text(line, "kind_of_line", "%s", word);
	while ((word = strsep(&text, " "))) {
		equals = strchr(word, '=');
		if (!equals)
			continue;
		*equals = '\0';
		add_value(line, word, equals + 1);
	}
	fn(line, arg);
	json_object_put(line);
}

/**
 * tool_live_parse() - read the text of a file
 * @text: the text; changed
 * @fn: called for each line, with "kind_of_line" and its keys
 * @arg: for @fn
 *
 * Return: 0, or -EPROTO for a format that we don't know.
 */
int tool_live_parse(char *text, tool_live_fn fn, void *arg)
{
	char *line = strsep(&text, "\n");
	char want[32];

	snprintf(want, sizeof(want), "format %d", TOOL_KERNEL_FORMAT);
	if (strcmp(line, want))
		return -EPROTO;
	while ((line = strsep(&text, "\n")))
		parse_line(line, fn, arg);
	return 0;
}

/**
 * tool_live_read() - read a file of a bound device
 * @dev: the device
 * @file: name of the file
 * @fn: called for each line
 * @arg: for @fn
 *
 * Return: 0 or a negative errno.
 */
int tool_live_read(const struct tool_device *dev, const char *file,
		   tool_live_fn fn, void *arg)
{
	char *text;
	int ret;

	text = tool_read_all("/sys/kernel/debug/%s/%s/%s", dev->driver,
			     dev->bdf, file);
	if (!text)
		return -errno;
	ret = tool_live_parse(text, fn, arg);
	free(text);
	return ret;
}

/**
 * tool_live_unseen() - tell why a file could not be read
 * @unseen: array that it goes to
 * @dev: the device
 * @what: what would have been seen
 * @error: a negative errno from tool_live_read()
 */
void tool_live_unseen(struct json_object *unseen, const struct tool_device *dev,
		      const char *what, int error)
{
	if (error == -EACCES || error == -EPERM)
		tool_json_append_text(unseen, "%s: %s: only root may see that, in /sys/kernel/debug",
				      dev->bdf, what);
	else if (error == -EPROTO)
		tool_json_append_text(unseen, "%s: %s: the driver is newer than this tool",
				      dev->bdf, what);
	else if (!tool_exists("/sys/kernel/debug/bdi") &&
		 !tool_exists("/sys/kernel/debug/%s", dev->driver))
		tool_json_append_text(unseen, "%s: %s: no debugfs is mounted on /sys/kernel/debug, or the kernel has none",
				      dev->bdf, what);
	else
		tool_json_append_text(unseen, "%s: %s: the driver does not show it: %s",
				      dev->bdf, what, strerror(-error));
}
