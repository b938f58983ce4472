// SPDX-License-Identifier: GPL-2.0-only
/*
 * run: exports, lets a command have the buffer, and takes it back when the
 * command ends. The command has no way to the device but the buffer: all other
 * descriptors of ours are closed when it is executed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool.h"

/* As shells have it. */
#define CANNOT_RUN	126
#define NOT_FOUND	127
#define BY_SIGNAL	128

#define BUFFER_FD	3

static void set_number(const char *name, unsigned long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", value);
	setenv(name, text, 1);
}

static void set_environment(const struct tool_options *opts, uint64_t size)
{
	set_number("VFIO_DMABUF_FD", BUFFER_FD);
	set_number("VFIO_DMABUF_SIZE", size);
	setenv("VFIO_DMABUF_BDF", opts->bdf, 1);
	set_number("VFIO_DMABUF_BAR", opts->bar);
	set_number("VFIO_DMABUF_READ_ONLY", opts->read_only);
}

/* In the child: @report, which must not be BUFFER_FD, is closed by execution. */
static void execute(const struct tool_options *opts, int buffer, int report,
		    const sigset_t *mask)
{
	int error;

	if (buffer == BUFFER_FD)
		error = fcntl(buffer, F_SETFD, 0);
	else
		error = dup2(buffer, BUFFER_FD);
	if (error >= 0) {
		sigprocmask(SIG_SETMASK, mask, NULL);
		execvp(opts->words[0], opts->words);
	}
	error = errno;
	if (write(report, &error, sizeof(error)) != sizeof(error))
		_exit(CANNOT_RUN);
	_exit(error == ENOENT ? NOT_FOUND : CANNOT_RUN);
}

static void forwarded(sigset_t *set)
{
	static const int signals[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD,
	};
	size_t i;

	sigemptyset(set);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(set, signals[i]);
}

/* What the terminal sends goes to the whole group of processes: not twice. */
static int wait_for(pid_t pid, const sigset_t *set)
{
	siginfo_t info;
	int status, signo;

	for (;;) {
		signo = sigwaitinfo(set, &info);
		if (signo == SIGCHLD) {
			if (waitpid(pid, &status, WNOHANG) == pid)
				break;
		} else if (signo > 0 && info.si_code != SI_KERNEL) {
			kill(pid, signo);
		}
	}
	if (WIFSIGNALED(status))
		return BY_SIGNAL + WTERMSIG(status);
	return WEXITSTATUS(status);
}

/* A pipe whose ends are not where the buffer goes. */
static int make_report(int *ends)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC))
		return -1;
	ends[0] = fcntl(pair[0], F_DUPFD_CLOEXEC, BUFFER_FD + 1);
	ends[1] = fcntl(pair[1], F_DUPFD_CLOEXEC, BUFFER_FD + 1);
	close(pair[0]);
	close(pair[1]);
	if (ends[0] >= 0 && ends[1] >= 0)
		return 0;
	if (ends[0] >= 0)
		close(ends[0]);
	if (ends[1] >= 0)
		close(ends[1]);
	return -1;
}

static int run_command(const struct tool_options *opts, int buffer)
{
	sigset_t set, old;
	int report[2], error;
	pid_t pid;

	if (make_report(report)) {
		tool_error("pipe: %m");
		return TOOL_PROBLEM;
	}
	/* An ignored one would leave nothing to wait for. */
	signal(SIGCHLD, SIG_DFL);
	forwarded(&set);
	sigprocmask(SIG_BLOCK, &set, &old);
	pid = fork();
	if (pid < 0) {
		tool_error("fork: %m");
		return TOOL_PROBLEM;
	}
	if (!pid)
		execute(opts, buffer, report[1], &old);
	close(report[1]);
	if (read(report[0], &error, sizeof(error)) == sizeof(error))
		tool_error("%s: %s", opts->words[0], strerror(error));
	close(report[0]);
	return wait_for(pid, &set);
}

static bool fill_ranges(struct vfio_region_dma_range *ranges, unsigned int *nr,
			const struct tool_options *opts, uint64_t bar_size)
{
	uint64_t page = sysconf(_SC_PAGESIZE);
	unsigned int i;

	*nr = opts->nr_ranges;
	memcpy(ranges, opts->ranges, *nr * sizeof(*ranges));
	if (!*nr)
		ranges[(*nr)++] = (struct vfio_region_dma_range){ 0 };
	for (i = 0; i < *nr; i++) {
		if (ranges[i].offset >= bar_size) {
			tool_error("--range: offset %#llx is beyond the end of BAR %d, at %#llx",
				   (unsigned long long)ranges[i].offset,
				   opts->bar, (unsigned long long)bar_size);
			return false;
		}
		if (ranges[i].length)
			continue;
		/* A BAR of less than a page is exported as one. */
		ranges[i].length = bar_size < page ? page :
				   bar_size - ranges[i].offset;
	}
	return true;
}

static void take_back(const struct dvl_device *vfio, int buffer)
{
	int ret = dvl_revoke(vfio->fd, buffer);

	if (ret)
		tool_error("%s: revoking: %s", vfio->bdf, strerror(-ret));
}

static int export_and_run(const struct tool_options *opts,
			  const struct dvl_device *vfio)
{
	static struct vfio_region_dma_range ranges[TOOL_MAX_RANGES];
	uint64_t bar_size, size = 0;
	unsigned int nr, i;
	int buffer, ret;

	ret = tool_bar_size(vfio, opts->bar, &bar_size);
	if (ret)
		return ret;
	if (!fill_ranges(ranges, &nr, opts, bar_size))
		return TOOL_USAGE;
	for (i = 0; i < nr; i++)
		size += ranges[i].length;
	buffer = tool_export(vfio, opts->bar, ranges, nr, O_CLOEXEC |
			     (opts->read_only ? O_RDONLY : O_RDWR),
			     opts->export_flags);
	if (buffer < 0)
		return TOOL_PROBLEM;
	ret = opts->wc ? dvl_memattr(vfio->fd, buffer,
				     DMABUF_VFIO_PCI_MEMATTR_WC) : 0;
	if (ret) {
		tool_error("--wc: %s", ret == -EOPNOTSUPP ?
			   "the kernel or a quirk of the device forbids write-combining" :
			   strerror(-ret));
		close(buffer);
		return TOOL_NOT_APPLICABLE;
	}
	set_environment(opts, size);
	ret = run_command(opts, buffer);
	take_back(vfio, buffer);
	close(buffer);
	return ret;
}

static int run(const struct tool_options *opts)
{
	struct dvl_device vfio;
	struct tool_device dev;
	int ret;

	if (!opts->nr_words) {
		tool_error("run what? The command is missing; it goes behind --");
		return TOOL_USAGE;
	}
	ret = tool_device_require_bound(opts->bdf, &dev);
	if (!ret)
		ret = tool_open(&vfio, &dev);
	if (ret)
		return ret;
	ret = export_and_run(opts, &vfio);
	dvl_device_close(&vfio);
	return ret;
}

const struct tool_command tool_run = {
	.name = "run",
	.synopsis = "BDF --bar N [--range OFFSET:LENGTH]... [--read-only] [--wc] [--huge] [--cpu-only] -- COMMAND...",
	.summary = "Export ranges of a BAR, and run a command that may use them",
	.help =
"COMMAND gets the buffer as descriptor 3. Its environment has VFIO_DMABUF_FD (3),\n"
"VFIO_DMABUF_SIZE (bytes), VFIO_DMABUF_BDF, VFIO_DMABUF_BAR and\n"
"VFIO_DMABUF_READ_ONLY (0 or 1). It gets no other way to the device. Signals that\n"
"this command is sent are passed on. When COMMAND ends the buffer is revoked:\n"
"processes that it left behind get SIGBUS.\n"
"\n"
"  --range OFFSET:LENGTH   a piece of the BAR, by pages: 0x1000:64K; without\n"
"                          LENGTH up to the end. Several are laid end to end in\n"
"                          the order given. Without any: the whole BAR\n"
"  --read-only             nobody can write through the buffer\n"
"  --wc                    processes map it write-combining\n"
"  --huge                  map it by entries of 2 MiB; only for a trusted COMMAND\n"
"  --cpu-only              no device can import it\n"
"\n"
"Exit status: that of COMMAND; 128 + N if signal N ended it; 126 if it cannot be\n"
"run, 127 if it is not there. Before COMMAND starts: 1 the device cannot be opened\n"
"or the ranges are refused; 2 wrong use; 3 no permission; 77 the device is not\n"
"bound to the driver, the BAR cannot be exported, or there is no --wc here.\n",
	.takes = NEEDS_BDF | NEEDS_BAR | TAKES_EXPORT | TAKES_WORDS,
	.run = run,
};
