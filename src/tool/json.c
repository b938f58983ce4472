// SPDX-License-Identifier: GPL-2.0-only
/*
 * json-c, with the calls that the commands need. Without memory the program
 * ends: there is nothing that it could say.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static bool printed;

static void *must(void *object)
{
	if (!object) {
		tool_error("no memory");
		exit(TOOL_PROBLEM);
	}
	return object;
}

static void add(struct json_object *in, const char *key,
		struct json_object *what)
{
	if (json_object_object_add(in, key, what))
		must(NULL);
}

/**
 * tool_json_new() - begin what a command prints
 * @command: its name
 *
 * Return: the object.
 */
struct json_object *tool_json_new(const char *command)
{
	struct json_object *root = must(json_object_new_object());

	tool_json_number(root, "format", TOOL_FORMAT);
	tool_json_text(root, "tool", "%s", tool_name);
	tool_json_text(root, "version", "%s", DVP_VERSION);
	tool_json_text(root, "command", "%s", command);
	return root;
}

/**
 * tool_json_object() - add an object
 * @in: where
 * @key: its name
 *
 * Return: the new one.
 */
struct json_object *tool_json_object(struct json_object *in, const char *key)
{
	struct json_object *object = must(json_object_new_object());

	add(in, key, object);
	return object;
}

/**
 * tool_json_array() - add an array
 * @in: where
 * @key: its name
 *
 * Return: the new one.
 */
struct json_object *tool_json_array(struct json_object *in, const char *key)
{
	struct json_object *array = must(json_object_new_array());

	add(in, key, array);
	return array;
}

/**
 * tool_json_append() - append an object to an array
 * @array: the array
 *
 * Return: the new object.
 */
struct json_object *tool_json_append(struct json_object *array)
{
	struct json_object *object = must(json_object_new_object());

	if (json_object_array_add(array, object))
		must(NULL);
	return object;
}

static struct json_object *text_of(const char *format, va_list args)
{
	struct json_object *text;
	char *buf;

	if (vasprintf(&buf, format, args) < 0)
		buf = NULL;
	must(buf);
	text = must(json_object_new_string(buf));
	free(buf);
	return text;
}

/**
 * tool_json_append_text() - append a string to an array
 * @array: the array
 * @format: as for printf()
 */
void tool_json_append_text(struct json_object *array, const char *format, ...)
{
	struct json_object *text;
	va_list args;

	va_start(args, format);
	text = text_of(format, args);
	va_end(args);
	if (json_object_array_add(array, text))
		must(NULL);
}

/**
 * tool_json_text() - add a string
 * @in: where
 * @key: its name
 * @format: as for printf()
 */
void tool_json_text(struct json_object *in, const char *key,
		    const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(in, key, text_of(format, args));
	va_end(args);
}

/**
 * tool_json_maybe() - add a string that may be absent
 * @in: where
 * @key: its name
 * @text: the string; null is added for NULL and ""
 */
void tool_json_maybe(struct json_object *in, const char *key,
		     const char *text)
{
	if (text && *text)
		tool_json_text(in, key, "%s", text);
	else
		tool_json_null(in, key);
}

/**
 * tool_json_number() - add a number
 * @in: where
 * @key: its name
 * @value: the number
 */
void tool_json_number(struct json_object *in, const char *key, int64_t value)
{
	add(in, key, must(json_object_new_int64(value)));
}

/**
 * tool_json_bool() - add a truth
 * @in: where
 * @key: its name
 * @value: whether it is so
 */
void tool_json_bool(struct json_object *in, const char *key, bool value)
{
	add(in, key, must(json_object_new_boolean(value)));
}

/**
 * tool_json_null() - add that something is absent or unknown
 * @in: where
 * @key: its name
 */
void tool_json_null(struct json_object *in, const char *key)
{
	add(in, key, NULL);
}

/**
 * tool_json_get() - look something up
 * @in: where, or NULL
 * @key: its name
 *
 * Return: what is there, NULL if nothing or null is.
 */
struct json_object *tool_json_get(struct json_object *in, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(in, key, &value);
	return value;
}

/**
 * tool_json_get_text() - look a string up
 * @in: where, or NULL
 * @key: its name
 *
 * Return: the string, "" if there is none.
 */
const char *tool_json_get_text(struct json_object *in, const char *key)
{
	const char *text = json_object_get_string(tool_json_get(in, key));

	return text ? text : "";
}

/**
 * tool_json_get_number() - look a number up
 * @in: where, or NULL
 * @key: its name
 *
 * Return: the number, 0 if there is none.
 */
int64_t tool_json_get_number(struct json_object *in, const char *key)
{
	return json_object_get_int64(tool_json_get(in, key));
}

/**
 * tool_json_get_bool() - look a truth up
 * @in: where, or NULL
 * @key: its name
 *
 * Return: whether it is there, and so.
 */
bool tool_json_get_bool(struct json_object *in, const char *key)
{
	return json_object_get_boolean(tool_json_get(in, key));
}

/**
 * tool_json_print_texts() - print an array of strings for people
 * @array: the array
 * @label: what goes in front of each
 */
void tool_json_print_texts(struct json_object *array, const char *label)
{
	size_t i;

	for (i = 0; i < json_object_array_length(array); i++)
		printf("%s: %s\n", label,
		       json_object_get_string(json_object_array_get_idx(array, i)));
}

/**
 * tool_json_split() - add an array of words
 * @in: where
 * @key: its name
 * @text: the words; "none" means that there are none
 * @separator: what is between them
 */
void tool_json_split(struct json_object *in, const char *key, const char *text,
		     const char *separator)
{
	struct json_object *words;
	char *copy = must(strdup(text));
	char *rest = copy, *word;

	words = tool_json_array(in, key);
	while ((word = strsep(&rest, separator))) {
		if (*word && strcmp(word, "none"))
			tool_json_append_text(words, "%s", word);
	}
	free(copy);
}

/**
 * tool_json_print_words() - print an array of words for people, on one line
 * @words: the array, or NULL
 * @before: what goes in front of each
 */
void tool_json_print_words(struct json_object *words, const char *before)
{
	size_t i;

	for (i = 0; words && i < json_object_array_length(words); i++)
		printf("%s%s", before,
		       json_object_get_string(json_object_array_get_idx(words, i)));
}

/**
 * tool_json_print() - print all
 * @root: from tool_json_new(); not freed
 * @status: exit status of the command; becomes a part of it
 *
 * Return: @status.
 */
int tool_json_print(struct json_object *root, int status)
{
	printed = true;
	tool_json_number(root, "exit", status);
	puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
					    JSON_C_TO_STRING_SPACED |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	return status;
}

/**
 * tool_json_print_errors() - print why a command found nothing out
 * @command: its name
 * @status: its exit status
 *
 * Does nothing if the command has printed already.
 */
void tool_json_print_errors(const char *command, int status)
{
	struct json_object *root, *errors;
	const char *line = tool_errors();
	int len;

	if (printed)
		return;
	root = tool_json_new(command);
	errors = tool_json_array(root, "errors");
	for (; *line; line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		tool_json_append_text(errors, "%.*s", len, line);
	}
	tool_json_print(root, status);
	json_object_put(root);
}
