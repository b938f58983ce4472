// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the primary says: to the child over the socket, and to people in the
 * transcript. Anything that is not as expected ends the demo.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "demo.h"

/**
 * demo_step() - begin a step of the transcript
 * @format: what it is about, as for printf()
 */
void demo_step(const char *format, ...)
{
	static int number;
	va_list args;

	printf("\n%2d. ", ++number);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

/**
 * demo_say() - a line of what the primary does or sees
 * @format: as for printf()
 */
void demo_say(const char *format, ...)
{
	va_list args;

	printf("    primary: ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

/**
 * demo_expect() - go on only if something is as it should be
 * @as_expected: whether it is
 * @format: what should be, as for printf()
 */
void demo_expect(bool as_expected, const char *format, ...)
{
	va_list args;

	printf(as_expected ? "         ok: " : "   SURPRISE: this is not so: ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	if (!as_expected)
		exit(EXIT_FAILURE);
}

/**
 * demo_why() - what went wrong, for the end of a line
 * @ret: 0 or more if nothing did, or a negative errno
 *
 * Return: the text, until the next call.
 */
const char *demo_why(int ret)
{
	static char text[100];

	if (ret >= 0)
		return "";
	snprintf(text, sizeof(text), ": %s", strerror(-ret));
	return text;
}

static void give_up(const char *what)
{
	fprintf(stderr, "dvp-demo: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

/**
 * demo_child_start() - start the child
 * @demo: filled in
 *
 * Before the device is opened: a mapping of it would be inherited.
 */
void demo_child_start(struct demo *demo)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		give_up("socketpair");
	fflush(NULL);
	demo->child = fork();
	if (demo->child < 0)
		give_up("fork");
	if (!demo->child)
		_exit(demo_child_run(pair[1]));
	close(pair[1]);
	demo->sock = pair[0];
}

/**
 * demo_child_stop() - let the child end
 * @demo: the child
 */
void demo_child_stop(struct demo *demo)
{
	int status;

	close(demo->sock);
	if (waitpid(demo->child, &status, 0) < 0)
		give_up("waitpid");
	demo_expect(WIFEXITED(status) && !WEXITSTATUS(status),
		    "the child ended by itself, with status 0");
}

/**
 * demo_order() - tell the child to do something, and don't wait
 * @demo: the child
 * @op: what to do
 * @off: offset in its mapping
 * @value: a word
 */
void demo_order(struct demo *demo, enum demo_op op, uint64_t off,
		uint32_t value)
{
	struct demo_order order = { .op = op, .off = off, .value = value };

	if (send(demo->sock, &order, sizeof(order), MSG_NOSIGNAL) !=
	    sizeof(order))
		give_up("the child does not listen");
}

/**
 * demo_report() - hear what the child has to say, and print it
 * @demo: the child
 *
 * Return: its report.
 */
struct demo_report demo_report(struct demo *demo)
{
	struct demo_report report;

	if (recv(demo->sock, &report, sizeof(report), 0) != sizeof(report))
		give_up("the child does not answer");
	report.text[sizeof(report.text) - 1] = '\0';
	printf("      child: %s\n", report.text);
	fflush(stdout);
	return report;
}

/**
 * demo_ask() - order and report in one
 * @demo: the child
 * @op: what to do
 * @off: offset in its mapping
 * @value: a word
 *
 * Return: the child's report.
 */
struct demo_report demo_ask(struct demo *demo, enum demo_op op, uint64_t off,
			    uint32_t value)
{
	demo_order(demo, op, off, value);
	return demo_report(demo);
}

/**
 * demo_give() - pass a dma-buf to the child, which maps it
 * @demo: the child
 * @fd: the dma-buf
 */
void demo_give(struct demo *demo, int fd)
{
	struct demo_report report;

	demo_order(demo, DEMO_TAKE, 0, 0);
	if (dvl_send_fd(demo->sock, fd))
		give_up("passing the descriptor");
	report = demo_report(demo);
	demo_expect(report.result == lseek(fd, 0, SEEK_END),
		    "the child has the buffer, and sees its size");
	report = demo_ask(demo, DEMO_MAP, 0, 0);
	demo_expect(!report.result, "the child could map it");
}
