// SPDX-License-Identifier: GPL-2.0-only
/*
 * The example of README.md does what is said there: a primary lends a piece of a
 * BAR over a socket, a client without privilege reads it until it is taken back.
 *
 * Both programs are in here as data (example.mk); they run as they are, with
 * pipes where people have a terminal.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dvt.h"
#include "example.h"

#define SOCKET "/tmp/example"
#define WORD_LINE "0x10000 bytes, the first word is 0x5eedf00d\n"
#define OFF 0x20000

/**
 * struct program - one of the two, running
 * @pid: the process
 * @in: the end of a pipe that it has as its standard input
 * @out: what it prints, its complaints included
 */
struct program {
	pid_t pid;
	int in;
	FILE *out;
};

static void program_exec(int code, const int in[2], const int out[2], uid_t uid,
			 char **argv)
{
	char *env[1] = { NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0 || dup2(out[1], 2) < 0 ||
	    setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		_exit(126);
	fexecve(code, argv, env);
	_exit(127);
}

static void program_start(struct program *program, const char *start,
			  const char *end, uid_t uid, char **argv)
{
	int code = memfd_create(argv[0], MFD_CLOEXEC), in[2], out[2];

	ck_assert_int_eq(write(code, start, end - start), end - start);
	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	program->pid = fork();
	ck_assert_int_ge(program->pid, 0);
	if (!program->pid)
		program_exec(code, in, out, uid, argv);
	close(code);
	close(in[0]);
	close(out[1]);
	program->in = in[1];
	program->out = fdopen(out[0], "r");
	ck_assert_ptr_nonnull(program->out);
}

static void primary_start(struct program *primary, char *bar)
{
	char *argv[7] = { "primary", (char *)dvt_bdf("DVP_BDF"), bar, "0x20000",
			  "0x10000", SOCKET };

	program_start(primary, _binary_primary_start, _binary_primary_end, 0,
		      argv);
}

static void client_start(struct program *client)
{
	char *argv[3] = { "client", SOCKET };

	program_start(client, _binary_client_start, _binary_client_end,
		      DVT_NOBODY, argv);
}

static void assert_says(const struct program *program, const char *expected)
{
	char line[200];

	ck_assert_msg(fgets(line, sizeof(line), program->out),
		      "it ended before it said: %s", expected);
	ck_assert_str_eq(line, expected);
}

/* Says it after as many lines of another kind as there are. */
static void assert_says_after(const struct program *program,
			      const char *before, const char *expected)
{
	char line[200];

	do {
		ck_assert_msg(fgets(line, sizeof(line), program->out),
			      "it ended before it said: %s", expected);
	} while (!strcmp(line, before));
	ck_assert_str_eq(line, expected);
}

static void assert_ends(struct program *program, int expected)
{
	int status;

	ck_assert_int_eq(waitpid(program->pid, &status, 0), program->pid);
	ck_assert_msg(WIFEXITED(status), "it was killed: %#x", status);
	ck_assert_int_eq(WEXITSTATUS(status), expected);
	ck_assert_int_eq(fgetc(program->out), EOF);
}

/* With a word in the BAR that only this test knows of. */
static void lend(struct program *primary, struct program *client)
{
	struct dvl_device dev;

	dvt_open(&dev, dvt_bdf("DVP_BDF"));
	dvt_poke32(&dev, 2, OFF, 0x5eedf00d);
	dvl_device_close(&dev);
	unlink(SOCKET);
	primary_start(primary, "2");
	assert_says(primary, "waiting at " SOCKET "\n");
	client_start(client);
	assert_says(primary, "lent; Enter takes it back\n");
	assert_says(client, WORD_LINE);
}

/* The primary's device: VFIO lets nobody else open it meanwhile. */
static void borrow_device(const struct program *primary, struct dvl_device *dev)
{
	char path[64], link[64];
	struct dirent *entry;
	int fd = -1, pidfd;
	ssize_t len;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", primary->pid);
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while (fd < 0 && (entry = readdir(dir))) {
		len = readlinkat(dirfd(dir), entry->d_name, link,
				 sizeof(link) - 1);
		link[len < 0 ? 0 : len] = '\0';
		if (strstr(link, "vfio-device"))
			fd = atoi(entry->d_name);
	}
	closedir(dir);
	ck_assert_msg(fd >= 0, "the primary has no device open");
	pidfd = syscall(SYS_pidfd_open, primary->pid, 0);
	*dev = (struct dvl_device)DVL_DEVICE_CLOSED;
	dev->fd = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	ck_assert_msg(dev->fd >= 0, "pidfd_getfd: %m");
	close(pidfd);
}

START_TEST(client_reads_until_the_primary_takes_it_back)
{
	struct program primary, client;

	if (!dvt_bdf("DVP_BDF"))
		dvt_skip("no device for DVP_BDF");
	lend(&primary, &client);
	ck_assert_int_eq(write(primary.in, "\n", 1), 1);
	assert_says(&primary, "taken back\n");
	assert_says_after(&client, WORD_LINE,
			  "client: SIGBUS, for good: No such device\n");
	assert_ends(&primary, 0);
	assert_ends(&client, 0);
}
END_TEST

START_TEST(client_outlasts_memory_being_off)
{
	struct program primary, client;
	struct dvl_device dev;

	if (!dvt_bdf("DVP_BDF"))
		dvt_skip("no device for DVP_BDF");
	lend(&primary, &client);
	borrow_device(&primary, &dev);
	dvt_memory_off(&dev);
	assert_says_after(&client, WORD_LINE, "SIGBUS, for a while\n");
	dvt_memory_on(&dev);
	assert_says_after(&client, "SIGBUS, for a while\n", WORD_LINE);
	dvl_device_close(&dev);
	ck_assert_int_eq(write(primary.in, "\n", 1), 1);
	assert_says_after(&client, WORD_LINE,
			  "client: SIGBUS, for good: No such device\n");
	assert_ends(&client, 0);
}
END_TEST

START_TEST(client_gets_sigbus_when_the_primary_is_killed)
{
	struct program primary, client;

	if (!dvt_bdf("DVP_BDF"))
		dvt_skip("no device for DVP_BDF");
	lend(&primary, &client);
	ck_assert_int_eq(kill(primary.pid, SIGKILL), 0);
	assert_says_after(&client, WORD_LINE,
			  "client: SIGBUS, for good: No such device\n");
	assert_ends(&client, 0);
}
END_TEST

START_TEST(primary_says_what_cannot_be_exported)
{
	struct program primary;

	if (!dvt_bdf("DVP_BDF"))
		dvt_skip("no device for DVP_BDF");
	primary_start(&primary, "5");
	assert_says(&primary, "primary: export: No such device\n");
	assert_ends(&primary, 1);
}
END_TEST

DVT_MAIN("example",
	 { client_reads_until_the_primary_takes_it_back },
	 { client_outlasts_memory_being_off },
	 { client_gets_sigbus_when_the_primary_is_killed },
	 { primary_says_what_cannot_be_exported })
