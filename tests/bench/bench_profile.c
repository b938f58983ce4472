// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the instructions of a figure go: QEMU logs each instruction while a few rounds
 * of a measurement run. The log has addresses only, so the names of the kernel's
 * functions are printed, too:
 *
 *	symbol ADDRESS NAME
 *	profile FIGURE SIDE ROUNDS
 *
 * In the log, a round lies between the two marks; rounds come in the order of the
 * lines above. The first round of each line is incomplete: code that QEMU translated
 * before it logged is not seen.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "dvt_port.h"

/* Figures that are near their bounds */
static const char *const profiled[] = {
	"touch_64m", "huge_64m", "bar_mmap",
	"export_1", "export_16", "export_1024",
	"decode_unmapped_0", "decode_unmapped_1", "decode_unmapped_64",
	"decode_bar_1", "decode_bar_64", "decode_buffers_64",
	"intx_bar_0", "intx_bar_64", "revoke_alone",
};

static FILE *monitor;

__attribute__((noinline)) void bench_mark_begin(void)
{
	asm volatile("" : : : "memory");
}

__attribute__((noinline)) void bench_mark_end(void)
{
	asm volatile("nop" : : : "memory");
}

/* Events, and errors about bytes that are no command, come in between. */
static void ask_machine(const char *command, const char *arguments)
{
	char line[4096];

	if (fprintf(monitor,
		    "{\"execute\": \"%s\", \"id\": \"bench\", \"arguments\": {%s}}\n",
		    command, arguments) < 0)
		bench_die("writing to the monitor: %m");
	do {
		if (!fgets(line, sizeof(line), monitor))
			bench_die("the monitor is silent: %m");
	} while (!strstr(line, "\"id\": \"bench\""));
	if (!strstr(line, "\"return\": {}") && !strstr(line, "\"return\": \"\""))
		bench_die("%s, %s: %s", command, arguments, line);
}

static void ask(const char *command)
{
	char arguments[128];

	snprintf(arguments, sizeof(arguments), "\"command-line\": \"%s\"",
		 command);
	ask_machine("human-monitor-command", arguments);
}

static void open_monitor(void)
{
	const char *path = getenv("DVP_MONITOR");
	int fd;

	if (!path)
		bench_die("DVP_MONITOR names no port of QEMU's monitor");
	fd = dvt_port_open(path);
	if (fd < 0)
		bench_die("%s: %s", path, strerror(-fd));
	monitor = fdopen(fd, "r+");
	if (!monitor)
		bench_die("no memory");
	setvbuf(monitor, NULL, _IONBF, 0);
	/* A byte that no text has: QEMU drops what the port echoed. */
	fputc(0xff, monitor);
	ask_machine("qmp_capabilities", "");
}

/* Most symbols are names of the compiler, without an instruction. */
static bool is_function(char type, const char *name)
{
	return strchr("tTwW", type) && strncmp(name, "__pfx_", 6) &&
	       strncmp(name, "__SC", 4) && strncmp(name, "__ia32_", 7);
}

static void print_symbols(void)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	char line[512], type, name[256];
	uint64_t address;

	if (!file)
		bench_die("/proc/kallsyms: %m");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%" SCNx64 " %c %255s", &address, &type,
			   name) == 3 && is_function(type, name))
			printf("symbol %016" PRIx64 " %s\n", address, name);
	}
	fclose(file);
	printf("symbol %016" PRIxPTR " bench_mark_begin\n",
	       (uintptr_t)bench_mark_begin);
	printf("symbol %016" PRIxPTR " bench_mark_end\n",
	       (uintptr_t)bench_mark_end);
	fflush(stdout);
}

void bench_profile_open(void)
{
	open_monitor();
	print_symbols();
}

/* If true, the caller runs rounds with marks, and calls bench_profile_end(). */
bool bench_profile_begin(const char *figure, const struct bench_side *side)
{
	size_t i;

	for (i = 0; monitor && i < BENCH_ARRAY_SIZE(profiled); i++) {
		if (strcmp(figure, profiled[i]))
			continue;
		printf("profile %s %s %d\n", figure, side->name,
		       BENCH_PROFILE_ROUNDS);
		fflush(stdout);
		ask("one-insn-per-tb on");
		ask("log exec,nochain");
		return true;
	}
	return false;
}

void bench_profile_end(void)
{
	ask("log none");
	ask("one-insn-per-tb off");
}
