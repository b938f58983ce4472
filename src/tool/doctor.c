// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor: what is wrong, why, and the way out. The checks are in doctor_*.c; here
 * are the command and the report.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

static const struct {
	const char *word;
	enum tool_colour colour;
} verdicts[] = {
	[DOCTOR_OK] = { "ok", COLOUR_GOOD },
	[DOCTOR_WARN] = { "warn", COLOUR_WARN },
	[DOCTOR_FAIL] = { "fail", COLOUR_BAD },
	[DOCTOR_SKIP] = { "skip", COLOUR_DIM },
};

/**
 * doctor_say() - a check's result
 * @doctor: the run
 * @check: name of the check
 * @verdict: how it is
 * @format: what was seen, as for printf()
 */
void doctor_say(struct doctor *doctor, const char *check,
		enum doctor_verdict verdict, const char *format, ...)
{
	struct json_object *result = tool_json_append(doctor->checks);
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	tool_json_text(result, "subject", "%s", doctor->subject);
	tool_json_text(result, "check", "%s", check);
	tool_json_text(result, "verdict", "%s", verdicts[verdict].word);
	tool_json_text(result, "reason", "%s", text);
	tool_json_null(result, "fix");
	doctor->nr[verdict]++;
}

/**
 * doctor_fix() - the way out, of what was said last
 * @doctor: the run
 * @format: what to do, as for printf()
 */
void doctor_fix(struct doctor *doctor, const char *format, ...)
{
	size_t nr = json_object_array_length(doctor->checks);
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	tool_json_text(json_object_array_get_idx(doctor->checks, nr - 1),
		       "fix", "%s", text);
}

static enum tool_colour colour_of(const char *word)
{
	size_t i;

	for (i = 0; i < DOCTOR_NR_VERDICTS; i++) {
		if (!strcmp(verdicts[i].word, word))
			return verdicts[i].colour;
	}
	return COLOUR_OFF;
}

static void print_result(struct json_object *result)
{
	const char *word = tool_json_get_text(result, "verdict");
	const char *fix = tool_json_get_text(result, "fix");

	tool_print(colour_of(word), "  %-4s", word);
	printf("  %-15s  %s\n", tool_json_get_text(result, "check"),
	       tool_json_get_text(result, "reason"));
	if (*fix)
		printf("  %4s  %-15s  %s\n", "", "  way out:", fix);
}

static void print_text(const struct doctor *doctor)
{
	const char *subject, *before = "";
	struct json_object *result;
	size_t i;

	for (i = 0; i < json_object_array_length(doctor->checks); i++) {
		result = json_object_array_get_idx(doctor->checks, i);
		subject = tool_json_get_text(result, "subject");
		if (strcmp(subject, before))
			tool_print(COLOUR_BOLD, "%s\n", subject);
		before = subject;
		print_result(result);
	}
	printf("%d ok, %d warnings, %d failures, %d skipped\n",
	       doctor->nr[DOCTOR_OK], doctor->nr[DOCTOR_WARN],
	       doctor->nr[DOCTOR_FAIL], doctor->nr[DOCTOR_SKIP]);
}

static void look_at_kernels(struct doctor *doctor,
			    const struct tool_options *opts)
{
	static char releases[TOOL_MAX_KERNELS][128];
	unsigned int i;
	int nr = 0;

	for (i = 0; i < opts->nr_kernels; i++)
		doctor_kernel(doctor, opts->kernels[i]);
	if (!opts->nr_kernels)
		nr = tool_kernels_installed(releases, TOOL_MAX_KERNELS);
	for (i = 0; i < (unsigned int)nr; i++)
		doctor_kernel(doctor, releases[i]);
	if (opts->nr_kernels || nr)
		return;
	snprintf(doctor->subject, sizeof(doctor->subject), "kernels");
	doctor_say(doctor, "installed", DOCTOR_FAIL,
		   "no kernel with modules is installed below /lib/modules");
	doctor_fix(doctor, "on Debian: apt install linux-image-amd64");
}

static void look_at_meant(const struct tool_device *dev, void *arg)
{
	if (dev->family || tool_device_is_meant(dev))
		doctor_device(arg, dev);
}

static int run(const struct tool_options *opts)
{
	static struct doctor doctor;
	struct tool_device dev;
	int ret;

	if (opts->bdf[0]) {
		ret = tool_device_require(opts->bdf, &dev);
		if (ret)
			return ret;
	}
	doctor.root = tool_json_new("doctor");
	tool_kernel_running(doctor.running, sizeof(doctor.running));
	tool_json_text(doctor.root, "kernel", "%s", doctor.running);
	doctor.checks = tool_json_array(doctor.root, "checks");
	doctor_machine(&doctor);
	look_at_kernels(&doctor, opts);
	doctor_loaded(&doctor);
	if (opts->bdf[0])
		doctor_device(&doctor, &dev);
	else
		tool_each_device(look_at_meant, &doctor);
	ret = doctor.nr[DOCTOR_FAIL] ? TOOL_PROBLEM : TOOL_OK;
	if (opts->json)
		tool_json_print(doctor.root, ret);
	else
		print_text(&doctor);
	json_object_put(doctor.root);
	return ret;
}

const struct tool_command tool_doctor = {
	.name = "doctor",
	.synopsis = "[BDF] [--kernel VERSION]... [--json]",
	.summary = "What is wrong, why, and the way out",
	.help =
"Checks the machine (IOMMU, Secure Boot, limits), each installed kernel or those of\n"
"--kernel (configuration, headers, compiler, DKMS, module, signature), the module\n"
"that is loaded, and each device that is bound to the driver or meant to be, or the\n"
"one that is named, bound or not (driver, override, driverctl, group, power, BARs).\n"
"Every check ends with ok, warn, fail or skip, the reason, and the way out. Nothing\n"
"is changed. Some of it only root can see; what was not seen is skipped.\n"
"\n"
"Exit status: 0 no check failed; 1 one failed, or there is no such device; 2 wrong\n"
"use.\n",
	.takes = TAKES_BDF | TAKES_KERNEL | TAKES_JSON,
	.run = run,
};
