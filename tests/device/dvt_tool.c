// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running the command-line tool.
 */
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dvt.h"
#include "dvt_tool.h"

#define MAX_WORDS 64

static const char *tool_path(void)
{
	const char *path = getenv("DVP_TOOL");

	return path && *path ? path : "vfio-dmabuf";
}

/**
 * dvt_tool_is_there() - whether there is a tool to run
 *
 * Return: true if it runs. In the test machine there must be one.
 */
bool dvt_tool_is_there(void)
{
	struct dvt_tool tool;

	dvt_tool_run(&tool, 0, "--version");
	if (tool.status == 127 && !getenv("DVP_MACHINE"))
		return false;
	ck_assert_msg(!tool.status, "%s --version: status %d", tool_path(),
		      tool.status);
	return true;
}

static int become(uid_t uid)
{
	return uid && (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
		       setresuid(uid, uid, uid));
}

static void run_child(uid_t uid, char *words, int in, int out, int err)
{
	char *argv[MAX_WORDS + 2] = { (char *)tool_path() };
	int argc = 1;

	while (argc <= MAX_WORDS && (argv[argc] = strsep(&words, " ")))
		argc++;
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 ||
	    become(uid))
		_exit(126);
	execvp(argv[0], argv);
	_exit(127);
}

static pid_t start(uid_t uid, int in, int out, int err, const char *format,
		   va_list args)
{
	char words[4096];
	pid_t pid;

	vsnprintf(words, sizeof(words), format, args);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid)
		run_child(uid, words, in, out, err);
	return pid;
}

/**
 * dvt_tool_wait() - wait for the tool's end
 * @pid: from dvt_tool_start()
 *
 * Return: its exit status, 128 + N if signal N ended it.
 */
int dvt_tool_wait(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

/**
 * dvt_tool_start() - start the tool, and don't wait
 * @in: its standard input
 * @out: its standard output
 * @format: its words, separated by blanks
 *
 * Return: its pid.
 */
pid_t dvt_tool_start(int in, int out, const char *format, ...)
{
	va_list args;
	pid_t pid;

	va_start(args, format);
	pid = start(0, in, out, 2, format, args);
	va_end(args);
	return pid;
}

/* A file without a name that has all that is written to it. */
static FILE *scratch(void)
{
	FILE *file = tmpfile();

	ck_assert_msg(file, "tmpfile: %m");
	ck_assert_int_eq(fcntl(fileno(file), F_SETFD, FD_CLOEXEC), 0);
	return file;
}

static void take(FILE *file, char *buf, size_t size)
{
	size_t len;

	rewind(file);
	len = fread(buf, 1, size - 1, file);
	buf[len] = '\0';
	fclose(file);
}

/**
 * dvt_tool_run() - run the tool
 * @tool: filled in
 * @uid: who runs it
 * @format: its words, separated by blanks
 */
void dvt_tool_run(struct dvt_tool *tool, uid_t uid, const char *format, ...)
{
	FILE *out = scratch(), *err = scratch(), *in = scratch();
	va_list args;
	pid_t pid;

	va_start(args, format);
	pid = start(uid, fileno(in), fileno(out), fileno(err), format, args);
	va_end(args);
	tool->status = dvt_tool_wait(pid);
	fclose(in);
	take(out, tool->out, sizeof(tool->out));
	take(err, tool->err, sizeof(tool->err));
}
