/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command-line tool, run as people run it: the words, what it prints, and its
 * exit status. DVP_TOOL says where it is, "vfio-dmabuf" in the path without that.
 */
#ifndef DVT_TOOL_H
#define DVT_TOOL_H

#include <json-c/json.h>
#include <string.h>

#include "dvt.h"

/**
 * struct dvt_tool - a run that has ended
 * @status: its exit status, 128 + N if signal N ended it
 * @out: what it printed
 * @err: what it complained about
 */
struct dvt_tool {
	int status;
	char out[32768];
	char err[4096];
};

bool dvt_tool_is_there(void);

/* Skips the test where there is no tool to run; in our machine there must be. */
#define dvt_tool_or_skip()						\
	do {								\
		if (!dvt_tool_is_there())				\
			dvt_skip("no vfio-dmabuf in the path");		\
	} while (0)

/* Words are separated by single blanks; @uid is who runs it. */
__attribute__((format(printf, 3, 4)))
void dvt_tool_run(struct dvt_tool *tool, uid_t uid, const char *format, ...);

/* Starts it with @in and @out as standard input and output; returns its pid. */
__attribute__((format(printf, 3, 4)))
pid_t dvt_tool_start(int in, int out, const char *format, ...);
int dvt_tool_wait(pid_t pid);

/* What was printed, as JSON of the right format; to be put by the caller. */
static inline struct json_object *dvt_tool_json(const struct dvt_tool *tool)
{
	struct json_object *root = json_tokener_parse(tool->out), *value;

	ck_assert_msg(root, "no JSON: %s", tool->out);
	ck_assert(json_object_object_get_ex(root, "format", &value));
	ck_assert_int_eq(json_object_get_int(value), 2);
	ck_assert(json_object_object_get_ex(root, "exit", &value));
	ck_assert_int_eq(json_object_get_int(value), tool->status);
	return root;
}

/* The first entry of an array whose @key is the text @value, or NULL. */
static inline struct json_object *dvt_json_find(struct json_object *array,
						const char *key,
						const char *value)
{
	struct json_object *entry, *field;
	size_t i;

	for (i = 0; array && i < json_object_array_length(array); i++) {
		entry = json_object_array_get_idx(array, i);
		if (json_object_object_get_ex(entry, key, &field) && field &&
		    !strcmp(json_object_get_string(field), value))
			return entry;
	}
	return NULL;
}

static inline struct json_object *dvt_json_get(struct json_object *in,
					       const char *key)
{
	struct json_object *value = NULL;

	ck_assert_msg(json_object_object_get_ex(in, key, &value),
		      "no \"%s\" in %s", key, json_object_to_json_string(in));
	return value;
}

#define dvt_json_assert_text(in, key, want)				\
	ck_assert_str_eq(json_object_get_string(dvt_json_get(in, key)), want)

#define dvt_json_assert_number(in, key, want)				\
	ck_assert_int_eq(json_object_get_int64(dvt_json_get(in, key)), want)

/* All that a complaint, or a text, must have in it. */
#define dvt_assert_has(text, part)					\
	ck_assert_msg(strstr(text, part), "no \"%s\" in: %s", part, text)

#endif /* DVT_TOOL_H */
