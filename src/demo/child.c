// SPDX-License-Identifier: GPL-2.0-only
/*
 * The child: no privilege, and nothing but a socket. It takes a descriptor of
 * a dma-buf, maps it, and does to the mapping what it is told to.
 */
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "demo.h"

/**
 * struct child - what the child has
 * @sock: the socket
 * @fd: the dma-buf it was given last, -1 before
 * @map: the mapping it made last
 * @len: length of the dma-buf, and of the mapping
 * @page: bytes of a page
 */
struct child {
	int sock;
	int fd;
	uint8_t *map;
	size_t len;
	size_t page;
};

static sigjmp_buf back;

static void on_fault(int number)
{
	siglongjmp(back, number == SIGBUS ? DEMO_SIGBUS : DEMO_SIGSEGV);
}

static int64_t child_read(const volatile uint8_t *addr)
{
	int64_t value = sigsetjmp(back, 0);

	return value ? value : *(const volatile uint32_t *)addr;
}

static int64_t child_write(volatile uint8_t *addr, uint32_t value)
{
	int ret = sigsetjmp(back, 0);

	if (!ret)
		*(volatile uint32_t *)addr = value;
	return ret;
}

__attribute__((format(printf, 2, 3)))
static void child_text(struct demo_report *report, const char *format, ...)
{
	size_t used = strlen(report->text);
	va_list args;

	va_start(args, format);
	vsnprintf(report->text + used, sizeof(report->text) - used, format,
		  args);
	va_end(args);
}

/* Everything that is open here, by name; the count is the result. */
static void child_introduce(struct demo_report *report)
{
	char path[64], name[64];
	struct dirent *entry;
	ssize_t len;
	DIR *dir;

	child_text(report, "I am uid %d, gid %d, with %d more groups; I hold",
		   getuid(), getgid(), getgroups(0, NULL));
	dir = opendir("/proc/self/fd");
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    atoi(entry->d_name) == dirfd(dir))
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%.10s",
			 entry->d_name);
		len = readlink(path, name, sizeof(name) - 1);
		name[len < 0 ? 0 : len] = '\0';
		child_text(report, " [%s] %s", entry->d_name, name);
		report->result++;
	}
	if (dir)
		closedir(dir);
	else
		report->result = -errno;
}

static void child_take(struct child *child, struct demo_report *report)
{
	off_t len;

	child->fd = dvl_recv_fd(child->sock);
	report->result = child->fd;
	if (child->fd < 0)
		return;
	len = lseek(child->fd, 0, SEEK_END);
	report->result = len < 0 ? -errno : len;
	child->len = len < 0 ? 0 : len;
	child_text(report, "I was given descriptor %d, a buffer of %ld bytes",
		   child->fd, (long)len);
}

/* With a page in front and one behind that nobody may touch. */
static void child_map(struct child *child, struct demo_report *report)
{
	uint8_t *area;
	void *map;

	area = mmap(NULL, child->len + 2 * child->page, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED) {
		report->result = -errno;
		return;
	}
	map = mmap(area + child->page, child->len, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_FIXED, child->fd, 0);
	report->result = map == MAP_FAILED ? -errno : 0;
	if (map == MAP_FAILED) {
		child_text(report, "mmap: %s", strerror(errno));
		return;
	}
	child->map = map;
	child_text(report, "I mapped it, %p to %p", map,
		   (void *)(child->map + child->len));
}

static void child_map_more(const struct child *child,
			   struct demo_report *report)
{
	void *map = mmap(NULL, child->len + child->page, PROT_READ, MAP_SHARED,
			 child->fd, 0);

	report->result = map == MAP_FAILED ? -errno : 0;
	child_text(report, "mmap of one page more: %s",
		   map == MAP_FAILED ? strerror(errno) : "worked");
}

static void child_fill(const struct child *child, uint32_t value,
		       struct demo_report *report)
{
	size_t off;

	for (off = 0; off < child->len && !report->result; off += 4)
		report->result = child_write(child->map + off,
					     value + off % child->page / 4);
	child_text(report, "I wrote all of it, word by word");
}

static const char *child_outcome(int64_t value)
{
	static char text[32];

	if (value == DEMO_SIGBUS)
		return "SIGBUS";
	if (value == DEMO_SIGSEGV)
		return "SIGSEGV";
	snprintf(text, sizeof(text), "%#x", (uint32_t)value);
	return text;
}

/* Reads one word until an order waits, and counts what came of it. */
static void child_hammer(const struct child *child,
			 const struct demo_order *order,
			 struct demo_report *report)
{
	struct demo_order next;
	int64_t value;

	while (recv(child->sock, &next, sizeof(next),
		    MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN) {
		value = child_read(child->map + order->off);
		if (value == DEMO_SIGBUS)
			report->nr_sigbus++;
		else if (value == order->value)
			report->nr_good++;
		else
			report->nr_bad++;
	}
	child_text(report, "I read %lu right words, %lu wrong ones, and got SIGBUS %lu times",
		   report->nr_good, report->nr_bad, report->nr_sigbus);
}

static void child_obey(struct child *child, const struct demo_order *order,
		       struct demo_report *report)
{
	switch (order->op) {
	case DEMO_INTRODUCE:
		child_introduce(report);
		break;
	case DEMO_TAKE:
		child_take(child, report);
		break;
	case DEMO_MAP:
		child_map(child, report);
		break;
	case DEMO_FILL:
		child_fill(child, order->value, report);
		break;
	case DEMO_READ:
		report->result = child_read(child->map + order->off);
		child_text(report, "reading at %#lx: %s", order->off,
			   child_outcome(report->result));
		break;
	case DEMO_WRITE:
		report->result = child_write(child->map + order->off,
					     order->value);
		child_text(report, "writing %#x at %#lx: %s", order->value,
			   order->off, report->result ?
			   child_outcome(report->result) : "done");
		break;
	case DEMO_MAP_MORE:
		child_map_more(child, report);
		break;
	case DEMO_HAMMER:
		child_hammer(child, order, report);
		break;
	}
}

/* The socket becomes descriptor 0; all others go, and every privilege. */
static int child_give_up_all(int sock)
{
	if (sock && dup2(sock, 0) < 0)
		return -errno;
	if (close_range(1, ~0U, 0))
		return -errno;
	if (setgroups(0, NULL) ||
	    setresgid(DEMO_NOBODY, DEMO_NOBODY, DEMO_NOBODY) ||
	    setresuid(DEMO_NOBODY, DEMO_NOBODY, DEMO_NOBODY))
		return -errno;
	/* Dies with the primary, whatever ends that. */
	return prctl(PR_SET_PDEATHSIG, SIGKILL) ? -errno : 0;
}

/**
 * demo_child_run() - be the child until the primary closes the socket
 * @sock: the child's end
 *
 * Return: exit status.
 */
int demo_child_run(int sock)
{
	struct sigaction action = {
		.sa_handler = on_fault,
		.sa_flags = SA_NODEFER,
	};
	struct child child = { .fd = -1, .page = sysconf(_SC_PAGESIZE) };
	struct demo_order order;
	struct demo_report report;

	if (child_give_up_all(sock) || sigaction(SIGBUS, &action, NULL) ||
	    sigaction(SIGSEGV, &action, NULL))
		return EXIT_FAILURE;
	while (recv(child.sock, &order, sizeof(order), 0) == sizeof(order)) {
		memset(&report, 0, sizeof(report));
		child_obey(&child, &order, &report);
		if (send(child.sock, &report, sizeof(report), MSG_NOSIGNAL) !=
		    sizeof(report))
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
