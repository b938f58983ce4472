/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the device tests share. A test is a claim; Check runs each in a process
 * of its own, which opens what it needs and whose exit closes it all.
 *
 * Functions here assert, with Check, that what they do works, except where
 * they say what they return. They must be called from the test's process, not
 * from its children: a child answers, and the test judges.
 */
#ifndef DVT_H
#define DVT_H

#include <check.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/types.h>

#include "dvl.h"

#define DVT_NOBODY 65534
#define DVT_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define DVT_MIB (1024UL * 1024)

/*
 * dvt_main.c: the suite, roles and skips
 */

/**
 * struct dvt_test - an entry of a program's list of tests
 * @fn: what START_TEST() defined; NULL ends the list
 * @rows: 0, or run it this often, with _i from 0 on
 */
struct dvt_test {
	const TTest *fn;
	int rows;
};

int dvt_main(const char *area, const struct dvt_test *tests);
int dvt_main_around(const char *area, const struct dvt_test *tests,
		    SFun before, SFun after);

/* Ends each check_*.c: DVT_MAIN("export", { some_claim }, { rows_of, 9 }) */
#define DVT_MAIN(area, ...)						\
int main(void)								\
{									\
	return dvt_main(area, (const struct dvt_test[]){		\
			__VA_ARGS__, { NULL, 0 } });			\
}

__attribute__((format(printf, 2, 3)))
void dvt_skip_note(const char *func, const char *format, ...);

/* Says why the running test cannot judge its claim here, and leaves it. */
#define dvt_skip(...)							\
	do {								\
		dvt_skip_note(__func__, __VA_ARGS__);			\
		return;							\
	} while (0)

/* The address of the device that plays a role ("DVP_BDF"), NULL if none. */
const char *dvt_bdf(const char *role);

/*
 * dvt_device.c: the device
 */

/* Opens the device that plays @role, or skips the test where there is none. */
#define dvt_open_or_skip(dev, role)					\
	do {								\
		if (!dvt_bdf(role))					\
			dvt_skip("no device for %s", role);		\
		dvt_open(dev, dvt_bdf(role));				\
	} while (0)

void dvt_open(struct dvl_device *dev, const char *bdf);
void dvt_open_in(struct dvl_device *dev, const char *bdf,
		 const struct dvl_device *other);
void dvt_bind(const char *bdf, const char *driver);
uint32_t dvt_caps(const struct dvl_device *dev);
uint64_t dvt_bar_len(const struct dvl_device *dev, unsigned int bar);

int dvt_export(const struct dvl_device *dev, unsigned int bar, uint64_t off,
	       uint64_t len, uint32_t open_flags);
int dvt_export_huge(const struct dvl_device *dev, unsigned int bar,
		    uint64_t off, uint64_t len, uint32_t open_flags);
void *dvt_map(int fd, size_t len, int prot);
void *dvt_map_from(int fd, uint64_t off, size_t len, int prot);

/*
 * The second path to what a BAR holds: read and write calls on the device's
 * descriptor, which the kernel serves from a mapping of its own.
 */
uint32_t dvt_peek32(const struct dvl_device *dev, unsigned int bar,
		    uint64_t off);
void dvt_poke32(const struct dvl_device *dev, unsigned int bar, uint64_t off,
		uint32_t value);

/* PCI_COMMAND.MEMORY; the other bits stay. */
void dvt_memory_on(const struct dvl_device *dev);
void dvt_memory_off(const struct dvl_device *dev);

/*
 * dvt_probe.c: touching memory that may be gone. Usable in threads and in
 * children.
 */
#define DVT_SIGBUS (-1)
#define DVT_SIGSEGV (-2)

int64_t dvt_read32(const volatile void *addr);
int dvt_write32(volatile void *addr, uint32_t value);
int dvt_copy(void *dst, const void *src, size_t len);

/* Reading and writing give SIGBUS. */
#define dvt_assert_sigbus(addr)						\
	do {								\
		ck_assert_int_eq(dvt_read32(addr), DVT_SIGBUS);		\
		ck_assert_int_eq(dvt_write32(addr, 0), DVT_SIGBUS);	\
	} while (0)

/* What is written can be read back: the words there are memory. */
#define dvt_assert_usable(addr)						\
	do {								\
		ck_assert_int_eq(dvt_write32(addr, 0x5eedf00d), 0);	\
		ck_assert_int_eq(dvt_read32(addr), 0x5eedf00d);		\
		ck_assert_int_eq(dvt_write32(addr, 0x0ddba115), 0);	\
		ck_assert_int_eq(dvt_read32(addr), 0x0ddba115);		\
	} while (0)

/*
 * dvt_child.c: another process, that has a socket to us and nothing else
 */
struct dvt_child {
	pid_t pid;
	int sock;
};

typedef int (*dvt_child_fn)(int sock, void *arg);

/*
 * Runs @fn in a child that has closed all but the socket, as user @uid; its
 * result is the exit status. Memory of the test is there as fork left it.
 */
void dvt_child_fork(struct dvt_child *child, uid_t uid, dvt_child_fn fn,
		    void *arg);

/* A child that does what the calls below ask, one after the other. */
void dvt_child_start(struct dvt_child *child, uid_t uid);
void dvt_child_give(struct dvt_child *child, int fd);
/* The address, or a negative errno. */
int64_t dvt_child_map(struct dvt_child *child, size_t len, uint64_t off,
		      int prot);
/* As dvt_read32(), dvt_write32(). */
int64_t dvt_child_read32(struct dvt_child *child, uint64_t addr);
int64_t dvt_child_write32(struct dvt_child *child, uint64_t addr,
			  uint32_t value);
/* 0 or a negative errno. */
int64_t dvt_child_protect(struct dvt_child *child, uint64_t addr, size_t len,
			  int prot);
int64_t dvt_child_unmap(struct dvt_child *child, uint64_t addr, size_t len);
int64_t dvt_child_close_fd(struct dvt_child *child);
int64_t dvt_child_uid(struct dvt_child *child);
int64_t dvt_child_nr_fds(struct dvt_child *child);

/* Closes the socket, and waits for an exit with status 0. */
void dvt_child_stop(struct dvt_child *child);
/* SIGKILL, and waits until the child and all that it held is gone. */
void dvt_child_kill(struct dvt_child *child);
/* As in /proc/PID/stat: 'S' sleeps until a signal, 'D' whatever comes. */
char dvt_task_state(pid_t pid);

/*
 * dvt_watch.c: traces that a call may leave
 */

/**
 * struct dvt_traces - what must be the same after a call that fails
 * @nr_fds: descriptors of this process
 * @module_refs: references on the module, -1 if unknown
 * @nr_dmabufs: dma-bufs in the system, -1 if unknown
 */
struct dvt_traces {
	int nr_fds;
	long module_refs;
	long nr_dmabufs;
};

int dvt_nr_fds(void);
long dvt_module_refs(void);
long dvt_nr_dmabufs(void);
void dvt_traces_take(struct dvt_traces *traces);
void dvt_traces_assert_same(const struct dvt_traces *before);

/* A descriptor of the kernel's log that reads only what comes from now on. */
int dvt_log_mark(void);
/* No line since the mark is about us; closes @log. */
void dvt_log_assert_silent(int log);
/* Whether a line since the mark has @text in it; reads up to that line. */
bool dvt_log_has(int log, const char *text);
/* How many lines since the mark have both texts; reads them all. */
unsigned int dvt_log_count(int log, const char *one, const char *other);

#endif /* DVT_H */
