// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio-dmabuf run, peek, poke and dump: what a command gets, what it may do with
 * it and for how long, and how the tool ends.
 *
 * With an argument the program is such a command: see borrow().
 */
#include <errno.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dvt.h"
#include "dvt_tool.h"

static struct dvt_tool tool;

#define need_device(bdf)						\
	do {								\
		dvt_tool_or_skip();					\
		(bdf) = dvt_bdf("DVP_BDF");				\
		if (!(bdf))						\
			dvt_skip("no device for DVP_BDF");		\
	} while (0)

/* This program, as a command for the tool. */
static const char *self(void)
{
	static char path[256];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	ck_assert_int_gt(len, 0);
	path[len] = '\0';
	return path;
}

START_TEST(command_gets_the_buffer_and_nothing_else)
{
	const char *bdf;

	need_device(bdf);
	/* What Check and we have open would be passed on by anybody. */
	ck_assert_int_eq(close_range(3, ~0U, CLOSE_RANGE_CLOEXEC), 0);
	dvt_tool_run(&tool, 0,
		     "run %s --bar 2 --range 0x1000:0x2000 --range 16K:4K -- %s borrow",
		     bdf, self());
	ck_assert_msg(!tool.status, "%d: %s", tool.status, tool.err);
	dvt_assert_has(tool.out, "fds 0 1 2 3\n");
	dvt_assert_has(tool.out, "size 12288 12288\n");
}
END_TEST

START_TEST(status_of_the_command_is_passed_on)
{
	static const struct {
		const char *script;
		int status;
	} rows[] = {
		{ "true", 0 }, { "false", 1 }, { "/tests/none-there", 127 },
		{ "/etc/passwd", 126 },
	};
	const char *bdf;
	size_t i;

	need_device(bdf);
	for (i = 0; i < DVT_ARRAY_SIZE(rows); i++) {
		dvt_tool_run(&tool, 0, "run %s --bar 2 -- %s", bdf,
			     rows[i].script);
		ck_assert_msg(tool.status == rows[i].status, "%s: %d",
			      rows[i].script, tool.status);
	}
	dvt_tool_run(&tool, 0, "run %s --bar 2 -- %s exit 42", bdf, self());
	ck_assert_int_eq(tool.status, 42);
	dvt_tool_run(&tool, 0, "run %s --bar 2 -- %s die", bdf, self());
	ck_assert_int_eq(tool.status, 128 + SIGKILL);
}
END_TEST

START_TEST(signals_are_passed_on)
{
	char ready[8] = "";
	const char *bdf;
	int out[2];
	pid_t pid;

	need_device(bdf);
	ck_assert_int_eq(pipe(out), 0);
	pid = dvt_tool_start(0, out[1], "run %s --bar 2 -- %s wait", bdf,
			     self());
	ck_assert_int_eq(read(out[0], ready, 5), 5);
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	ck_assert_int_eq(dvt_tool_wait(pid), 40 + SIGTERM);
}
END_TEST

START_TEST(what_the_command_left_behind_gets_sigbus)
{
	int in[2], out[2];
	char answer[16] = "";
	const char *bdf;
	pid_t pid;

	need_device(bdf);
	ck_assert_int_eq(pipe(in), 0);
	ck_assert_int_eq(pipe(out), 0);
	pid = dvt_tool_start(in[0], out[1], "run %s --bar 2 -- %s leave", bdf,
			     self());
	ck_assert_int_eq(dvt_tool_wait(pid), 0);
	ck_assert_int_eq(read(out[0], answer, 7), 7);
	ck_assert_str_eq(answer, "usable\n");
	ck_assert_int_eq(write(in[1], "x", 1), 1);
	memset(answer, 0, sizeof(answer));
	ck_assert_int_eq(read(out[0], answer, 7), 7);
	ck_assert_str_eq(answer, "sigbus\n");
}
END_TEST

START_TEST(read_only_buffer_cannot_be_mapped_writable)
{
	const char *bdf;

	need_device(bdf);
	dvt_tool_run(&tool, 0, "run %s --bar 2 --read-only -- vfio-dmabuf poke --fd 3 0 1",
		     bdf);
	ck_assert_int_eq(tool.status, 3);
	dvt_assert_has(tool.err, "read-only");
	dvt_tool_run(&tool, 0, "run %s --bar 2 --read-only -- vfio-dmabuf peek --fd 3 0",
		     bdf);
	ck_assert_int_eq(tool.status, 0);
}
END_TEST

START_TEST(write_combining_is_mapped_or_refused)
{
	struct dvl_device dev;
	uint32_t caps;

	dvt_tool_or_skip();
	dvt_open_or_skip(&dev, "DVP_BDF");
	caps = dvt_caps(&dev);
	dvl_device_close(&dev);
	dvt_tool_run(&tool, 0, "run %s --bar 2 --wc -- vfio-dmabuf exports",
		     dvt_bdf("DVP_BDF"));
	if (caps & DMABUF_VFIO_PCI_CAP_MEMATTR_WC) {
		ck_assert_int_eq(tool.status, 0);
		dvt_assert_has(tool.out, "write-combining");
	} else {
		ck_assert_int_eq(tool.status, 77);
	}
}
END_TEST

START_TEST(flags_of_the_export_are_passed_on)
{
	static const struct {
		const char *options;
		const char *shown;
	} rows[] = {
		{ "--huge", "uncached, huge\n" },
		{ "--cpu-only", "uncached, cpu_only\n" },
		{ "--cpu-only --read-only --huge",
		  "uncached, read_only, huge, cpu_only\n" },
	};
	const char *bdf;
	size_t i;

	need_device(bdf);
	for (i = 0; i < DVT_ARRAY_SIZE(rows); i++) {
		dvt_tool_run(&tool, 0, "run %s --bar 2 %s -- vfio-dmabuf exports %s",
			     bdf, rows[i].options, bdf);
		ck_assert_msg(!tool.status, "%s: %s", rows[i].options,
			      tool.err);
		dvt_assert_has(tool.out, rows[i].shown);
	}
}
END_TEST

START_TEST(poke_writes_what_peek_and_dump_read)
{
	static const struct {
		unsigned int width;
		const char *value;
	} rows[] = {
		{ 1, "0xa5" }, { 2, "0xbeef" }, { 4, "0x12345678" },
		{ 8, "0x1122334455667788" },
	};
	struct dvl_device dev;
	const char *bdf;
	size_t i;

	need_device(bdf);
	for (i = 0; i < DVT_ARRAY_SIZE(rows); i++) {
		dvt_tool_run(&tool, 0, "poke %s --bar 2 0x2010 %s --width %u",
			     bdf, rows[i].value, rows[i].width);
		ck_assert_msg(!tool.status, "%s", tool.err);
		ck_assert_str_eq(tool.out, "");
		dvt_tool_run(&tool, 0, "peek %s --bar 2 0x2010 --width %u",
			     bdf, rows[i].width);
		ck_assert_int_eq(tool.status, 0);
		dvt_assert_has(tool.out, rows[i].value);
	}
	dvt_tool_run(&tool, 0, "dump %s --bar 2 0x2010 8 --json", bdf);
	dvt_assert_has(tool.out, "\"8877665544332211\"");
	dvt_open(&dev, bdf);
	ck_assert_uint_eq(dvt_peek32(&dev, 2, 0x2010), 0x55667788);
}
END_TEST

START_TEST(beyond_the_end_is_wrong_use)
{
	const char *bdf;

	need_device(bdf);
	dvt_tool_run(&tool, 0, "peek %s --bar 2 64M", bdf);
	ck_assert_int_eq(tool.status, 2);
	dvt_tool_run(&tool, 0, "peek %s --bar 2 0x3fffffc 2", bdf);
	ck_assert_int_eq(tool.status, 2);
	dvt_tool_run(&tool, 0, "run %s --bar 2 --range 64M: -- true", bdf);
	ck_assert_int_eq(tool.status, 2);
	dvt_tool_run(&tool, 0, "run %s --bar 2 --range 0:5000 -- true", bdf);
	ck_assert_int_eq(tool.status, 1);
	dvt_assert_has(tool.err, "pages");
	dvt_tool_run(&tool, 0, "peek %s --bar 5 0", bdf);
	ck_assert_int_eq(tool.status, 77);
}
END_TEST

START_TEST(memory_that_is_off_is_named)
{
	struct dvl_device dev;
	int fd;

	dvt_tool_or_skip();
	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, 2, 0, 4096, O_RDWR);
	dvt_memory_off(&dev);
	dvt_tool_run(&tool, 0, "peek --fd %d 0", fd);
	ck_assert_int_eq(tool.status, 1);
	dvt_assert_has(tool.err, "SIGBUS");
	dvt_memory_on(&dev);
	dvt_tool_run(&tool, 0, "peek --fd %d 0", fd);
	ck_assert_int_eq(tool.status, 0);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	dvt_tool_run(&tool, 0, "dump --fd %d", fd);
	ck_assert_int_eq(tool.status, 1);
	dvt_assert_has(tool.err, "revoked");
}
END_TEST

START_TEST(device_in_use_is_named)
{
	struct dvl_device dev;
	char pid[32];

	dvt_tool_or_skip();
	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_tool_run(&tool, 0, "peek %s --bar 2 0", dev.bdf);
	ck_assert_int_eq(tool.status, 1);
	snprintf(pid, sizeof(pid), "open in process %d ", getpid());
	dvt_assert_has(tool.err, pid);
}
END_TEST

/*
 * Commands that the tool runs
 */

static int print_fds(void)
{
	int fd;

	printf("fds");
	for (fd = 0; fd < 1024; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			printf(" %d", fd);
	}
	printf("\nsize %s %lld\n", getenv("VFIO_DMABUF_SIZE"),
	       (long long)lseek(atoi(getenv("VFIO_DMABUF_FD")), 0, SEEK_END));
	return 0;
}

static void answer_signal(int signo)
{
	_exit(40 + signo);
}

static int wait_for_signal(void)
{
	signal(SIGTERM, answer_signal);
	puts("ready");
	fflush(stdout);
	pause();
	return 1;
}

/* The parent ends, and with it the command; the child keeps the mapping. */
static int leave_behind(void)
{
	volatile uint32_t *map;
	char go;

	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3, 0);
	if (map == MAP_FAILED || dvt_read32(map) < 0)
		return 9;
	dprintf(1, "usable\n");
	if (fork())
		return 0;
	if (read(0, &go, 1) != 1)
		return 9;
	dprintf(1, dvt_read32(map) == DVT_SIGBUS ? "sigbus\n" : "memory\n");
	return 0;
}

static int borrow(const char *what, const char *arg)
{
	if (!strcmp(what, "borrow"))
		return print_fds();
	if (!strcmp(what, "exit"))
		return atoi(arg);
	if (!strcmp(what, "die"))
		return raise(SIGKILL);
	if (!strcmp(what, "wait"))
		return wait_for_signal();
	return leave_behind();
}

int main(int argc, char **argv)
{
	const struct dvt_test tests[] = {
		{ command_gets_the_buffer_and_nothing_else },
		{ status_of_the_command_is_passed_on },
		{ signals_are_passed_on },
		{ what_the_command_left_behind_gets_sigbus },
		{ read_only_buffer_cannot_be_mapped_writable },
		{ write_combining_is_mapped_or_refused },
		{ flags_of_the_export_are_passed_on },
		{ poke_writes_what_peek_and_dump_read },
		{ beyond_the_end_is_wrong_use },
		{ memory_that_is_off_is_named },
		{ device_in_use_is_named },
		{ NULL, 0 }
	};

	if (argc > 1)
		return borrow(argv[1], argc > 2 ? argv[2] : "");
	return dvt_main("tool run", tests);
}
