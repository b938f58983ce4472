// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of commands, and what holds for the tool as a whole.
 */
#include <errno.h>
#include <string.h>

#include "tool.h"

static const struct tool_command *const commands[] = {
	&tool_status, &tool_doctor, &tool_regions, &tool_exports,
	&tool_run, &tool_peek, &tool_poke, &tool_dump,
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help(FILE *to)
{
	size_t i;

	fprintf(to, "Usage: %s COMMAND [WORDS]\n\n"
		"Looks at PCI devices of the driver %s: what is bound, what could be\n"
		"exported, what is, and what is wrong. It binds nothing.\n\n",
		tool_name, DVP_NAME);
	for (i = 0; i < NR_COMMANDS; i++)
		fprintf(to, "  %-8s  %s\n", commands[i]->name,
			commands[i]->summary);
	fprintf(to, "\n"
		"  %s COMMAND --help   says more\n"
		"  --json              JSON instead of text, with all commands but run\n"
		"  --version           the version of this tool\n\n"
		"BDF is the address of a device, as lspci writes it: 0000:01:00.0 or 01:00.0.\n\n"
		"Exit status: 0 fine, 1 a problem was found, 2 wrong use, 3 no permission,\n"
		"77 not applicable.\n", tool_name);
}

static const struct tool_command *find(const char *name)
{
	size_t i;

	for (i = 0; i < NR_COMMANDS; i++) {
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	}
	return NULL;
}

static int run(const struct tool_command *command, int argc, char **argv)
{
	static struct tool_options opts;
	int ret;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		tool_command_help(command, stdout);
		return TOOL_OK;
	}
	ret = tool_options_parse(&opts, command, argc, argv);
	if (!ret)
		ret = command->run(&opts);
	if (opts.json)
		tool_json_print_errors(command->name, ret);
	return ret;
}

static int choose(int argc, char **argv)
{
	const struct tool_command *command;

	if (argc < 2) {
		help(stderr);
		return TOOL_USAGE;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("%s %s\n", tool_name, DVP_VERSION);
		return TOOL_OK;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help")) {
		command = argc > 2 ? find(argv[2]) : NULL;
		if (command)
			tool_command_help(command, stdout);
		else
			help(stdout);
		return TOOL_OK;
	}
	command = find(argv[1]);
	if (!command) {
		tool_error("there is no command \"%s\"; %s --help lists them",
			   argv[1], tool_name);
		return TOOL_USAGE;
	}
	return run(command, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int status;

	status = choose(argc, argv);
	/* A full disk must not look like success. */
	if (fflush(stdout) || ferror(stdout)) {
		tool_error("writing: %s", strerror(errno));
		return TOOL_PROBLEM;
	}
	return status;
}
