/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * doctor: checks, each of which says what it looked at, how that is, and the way
 * out if it is not well. What could not be looked at is skipped, with the reason.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include "tool.h"

/**
 * enum doctor_verdict - how something is
 * @DOCTOR_OK: well
 * @DOCTOR_WARN: it may be meant so, and will surprise some day
 * @DOCTOR_FAIL: something does not work
 * @DOCTOR_SKIP: it could not be looked at, or does not matter here
 */
enum doctor_verdict {
	DOCTOR_OK,
	DOCTOR_WARN,
	DOCTOR_FAIL,
	DOCTOR_SKIP,
	DOCTOR_NR_VERDICTS,
};

/**
 * struct doctor - a run of the checks
 * @root: the object that is printed
 * @checks: array of results
 * @subject: what is looked at: "machine", "kernel VERSION", "device BDF"
 * @nr: results of each kind
 * @running: the kernel that runs
 * @enforced: what makes this machine refuse modules without a known
 *	signature, "" if nothing does
 * @has_efi: there is firmware that keys can be enrolled with
 */
struct doctor {
	struct json_object *root;
	struct json_object *checks;
	char subject[160];
	int nr[DOCTOR_NR_VERDICTS];
	char running[128];
	char enforced[128];
	bool has_efi;
};

__attribute__((format(printf, 4, 5)))
void doctor_say(struct doctor *doctor, const char *check,
		enum doctor_verdict verdict, const char *format, ...);
/* The way out, of what was said last. */
__attribute__((format(printf, 2, 3)))
void doctor_fix(struct doctor *doctor, const char *format, ...);

void doctor_machine(struct doctor *doctor);
void doctor_kernel(struct doctor *doctor, const char *release);
void doctor_module(struct doctor *doctor, const struct tool_kernel *kernel);
void doctor_loaded(struct doctor *doctor);
void doctor_signature(struct doctor *doctor, const struct tool_kernel *kernel,
		      const struct tool_module *module);
void doctor_device(struct doctor *doctor, const struct tool_device *dev);
void doctor_binding(struct doctor *doctor, const struct tool_device *dev);
void doctor_group(struct doctor *doctor, const struct tool_device *dev);

/* spawn.c */
bool tool_find_program(const char *name, char *path, size_t size);
int tool_capture(char *buf, size_t size, const char *const *argv);

#endif /* DOCTOR_H */
