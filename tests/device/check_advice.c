// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory management calls of a process on its own mapping, for every kind of mapping:
 * buffers and BARs, with small and with huge entries. A call may be refused. Afterwards
 * the mapping still leads to the same pages, and a revocation still ends it. The run
 * also fails on any warning in the kernel's log.
 */
#include <errno.h>
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "dvt_importer.h"
#include "dvt_place.h"
#include "dvt_v2.h"

#define BAR 2
#define PAGE 0x1000UL
#define LEN (2 * DVT_HUGE)
#define RW (PROT_READ | PROT_WRITE)

/* Newer than some systems' headers. */
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif
#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif

enum kind { BUFFER_SMALL, BUFFER_HUGE, BAR_SMALL, BAR_HUGE, NR_KINDS };

/**
 * struct area - a mapping of some kind
 * @dev: the device
 * @kind: which kind
 * @fd: the buffer; the device for a BAR
 * @map: the mapping, LEN bytes
 */
struct area {
	struct dvl_device dev;
	enum kind kind;
	int fd;
	char *map;
};

static bool is_buffer(enum kind kind)
{
	return kind == BUFFER_SMALL || kind == BUFFER_HUGE;
}

static bool is_huge(enum kind kind)
{
	return kind == BUFFER_HUGE || kind == BAR_HUGE;
}

static void area_init(struct area *area, enum kind kind)
{
	uint64_t off = 0;
	struct vfio_region_info info;

	area->kind = kind;
	if (is_buffer(kind)) {
		area->fd = dvt_export_flags(&area->dev, BAR, 0, LEN, O_RDWR,
					    is_huge(kind) ?
					    DMABUF_VFIO_PCI_EXPORT_HUGE : 0);
	} else {
		ck_assert_int_eq(dvl_region_info(&area->dev, BAR, &info), 0);
		area->fd = area->dev.fd;
		off = info.offset;
	}
	/* Off congruence, all entries are small. */
	area->map = dvt_map_at(area->fd, off, LEN, RW, DVT_HUGE,
			       is_huge(kind) ? 0 : PAGE);
}

#define area_or_skip(area, kind)					\
	do {								\
		dvt_open_or_skip(&(area)->dev, "DVP_BDF");		\
		area_init(area, kind);					\
	} while (0)

/* A word in each of these pages still is the device's. */
static void assert_leads(const struct area *area, const char *what)
{
	static const size_t offs[] = { 0, PAGE, DVT_HUGE, LEN - PAGE };
	uint32_t value;
	size_t i;

	for (i = 0; i < DVT_ARRAY_SIZE(offs); i++) {
		value = 0x5eed0000 + i;
		ck_assert_msg(!dvt_write32(area->map + offs[i], value) &&
			      dvt_read32(area->map + offs[i]) == value &&
			      dvt_peek32(&area->dev, BAR, offs[i]) == value,
			      "after %s the page at %#zx is another one", what,
			      offs[i]);
	}
}

/* Blocking and revoking still zap every entry. */
static void area_end(struct area *area)
{
	int importer = dvt_importer_open();
	size_t off;

	dvt_memory_off(&area->dev);
	for (off = 0; importer >= 0 && off < LEN; off += PAGE)
		dvt_assert_level(importer, area->map + off, DVP_PTE_NONE);
	dvt_assert_sigbus(area->map);
	dvt_memory_on(&area->dev);
	assert_leads(area, "memory came back");
	if (is_buffer(area->kind)) {
		ck_assert_int_eq(dvl_revoke(area->dev.fd, area->fd), 0);
		dvt_assert_sigbus(area->map);
		dvt_assert_sigbus(area->map + DVT_HUGE);
	}
}

/*
 * Advice
 */

static const int advices[] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
	21, 22, 23, 24, 25, 100, 101, MADV_GUARD_INSTALL, MADV_GUARD_REMOVE,
};

/* The whole mapping, two halves of neighbouring slots, and one page. */
static const struct {
	size_t off;
	size_t len;
} parts[] = {
	{ 0, LEN }, { DVT_MIB, DVT_HUGE }, { PAGE, PAGE },
};

static void take_guards_away(const struct area *area)
{
	madvise(area->map, LEN, MADV_GUARD_REMOVE);
	/* Undo MADV_DONTFORK and the like. */
	madvise(area->map, LEN, MADV_DOFORK);
	madvise(area->map, LEN, MADV_NORMAL);
}

static void advise(const struct area *area, int advice, size_t part)
{
	char what[64];

	snprintf(what, sizeof(what), "advice %d on part %zu", advice, part);
	madvise(area->map + parts[part].off, parts[part].len, advice);
	if (advice == MADV_GUARD_INSTALL)
		take_guards_away(area);
	assert_leads(area, what);
}

START_TEST(advice_does_no_harm)
{
	struct area area;
	size_t i, part;

	area_or_skip(&area, _i % NR_KINDS);
	/* Half of the rows start with an untouched mapping. */
	if (_i < NR_KINDS)
		assert_leads(&area, "mmap");
	for (i = 0; i < DVT_ARRAY_SIZE(advices); i++)
		for (part = 0; part < DVT_ARRAY_SIZE(parts); part++)
			advise(&area, advices[i], part);
	take_guards_away(&area);
	area_end(&area);
}
END_TEST

/* Each on a new mapping, so that no advice undoes another. */
START_TEST(first_advice_does_no_harm)
{
	struct area area;
	size_t i;

	area_or_skip(&area, _i);
	for (i = 0; i < DVT_ARRAY_SIZE(advices); i++) {
		ck_assert_int_eq(munmap(area.map, LEN), 0);
		if (is_buffer(area.kind))
			close(area.fd);
		area_init(&area, _i);
		assert_leads(&area, "mmap");
		advise(&area, advices[i], 2);
	}
	take_guards_away(&area);
	area_end(&area);
}
END_TEST

START_TEST(advice_of_another_process_does_no_harm)
{
	struct dvt_child child;
	struct area area;
	struct iovec vec;
	int64_t there;
	int pidfd;
	size_t i;

	area_or_skip(&area, _i);
	dvt_child_start(&child, DVT_NOBODY);
	dvt_child_give(&child, area.fd);
	there = dvt_child_map(&child, LEN, is_buffer(_i) ? 0 :
			      (uint64_t)BAR << 40, RW);
	ck_assert_int_gt(there, 0);
	ck_assert_int_eq(dvt_child_write32(&child, there, 0x5eedf00d), 0);
	pidfd = syscall(SYS_pidfd_open, child.pid, 0);
	ck_assert_int_ge(pidfd, 0);
	vec = (struct iovec){ (void *)there, LEN };
	for (i = 0; i < DVT_ARRAY_SIZE(advices); i++) {
		syscall(SYS_process_madvise, pidfd, &vec, 1, advices[i], 0);
		ck_assert_int_eq(dvt_child_read32(&child, there), 0x5eedf00d);
	}
	dvt_child_stop(&child);
	area_end(&area);
}
END_TEST

/*
 * Other calls
 */

/*
 * Kernels before 7.3 take a huge PFN entry for a folio: queue_folios_pmd() in
 * mm/mempolicy.c.
 */
static bool mbind_strict_is_broken(enum kind kind)
{
	unsigned int major = 0, minor = 0;
	struct utsname uts;

	uname(&uts);
	ck_assert_int_eq(sscanf(uts.release, "%u.%u", &major, &minor), 2);
	return is_huge(kind) && (major < 7 || (major == 7 && minor < 3));
}

static void bind_policy(const struct area *area)
{
	static const unsigned int flags[] = {
		0, MPOL_MF_MOVE, MPOL_MF_MOVE_ALL, MPOL_MF_STRICT,
		MPOL_MF_STRICT | MPOL_MF_MOVE,
	};
	unsigned long nodes = 1;
	int mode;
	size_t i;

	for (i = 0; i < DVT_ARRAY_SIZE(flags); i++) {
		if (flags[i] & MPOL_MF_STRICT &&
		    mbind_strict_is_broken(area->kind))
			continue;
		for (mode = MPOL_DEFAULT; mode <= MPOL_LOCAL; mode++)
			syscall(SYS_mbind, area->map, LEN, mode,
				mode == MPOL_DEFAULT || mode == MPOL_LOCAL ?
				NULL : &nodes, 8 * sizeof(nodes), flags[i]);
		assert_leads(area, "mbind");
	}
}

static void lock_pages(const struct area *area)
{
	mlock(area->map, LEN);
	mlock(area->map + PAGE, PAGE);
	syscall(SYS_mlock2, area->map, LEN, MLOCK_ONFAULT);
	madvise(area->map, LEN, 24);
	munlock(area->map, LEN);
	mlockall(MCL_CURRENT);
	munlockall();
}

static void sync_pages(const struct area *area)
{
	unsigned char resident[LEN / PAGE];

	mincore(area->map, LEN, resident);
	msync(area->map, LEN, MS_SYNC);
	msync(area->map, LEN, MS_ASYNC | MS_INVALIDATE);
}

static void migrate_pages_of(const struct area *area)
{
	unsigned long nodes = 1;
	void *pages[] = { area->map, area->map + DVT_HUGE };
	int to[] = { 0, 0 }, status[2];

	syscall(SYS_move_pages, 0, 2, pages, NULL, status, 0);
	syscall(SYS_move_pages, 0, 2, pages, to, status, MPOL_MF_MOVE);
	syscall(SYS_migrate_pages, 0, 8 * sizeof(nodes), &nodes, &nodes);
}

static void read_all(const char *path)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && read(fd, text, sizeof(text)) > 0)
		;
	if (fd >= 0)
		close(fd);
}

static void show_maps(const struct area *area)
{
	static const char * const paths[] = {
		"/proc/self/smaps", "/proc/self/smaps_rollup",
		"/proc/self/numa_maps", "/proc/self/maps", "/proc/self/status",
	};
	size_t i;

	(void)area;
	for (i = 0; i < DVT_ARRAY_SIZE(paths); i++)
		read_all(paths[i]);
}

/* PAGEMAP_SCAN, of 6.7 and later */
struct scan {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t inverted, mask, anyof, returned;
};

#define SCAN _IOWR('f', 16, struct scan)

static void look_at_pagemap(const struct area *area)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entries[LEN / PAGE], regions[3 * 16];
	struct scan scan = {
		.size = sizeof(scan), .start = (uintptr_t)area->map,
		.end = (uintptr_t)area->map + LEN, .vec = (uintptr_t)regions,
		.vec_len = 16, .anyof = 0x7f, .returned = 0x7f,
	};

	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(pread(fd, entries, sizeof(entries),
			       (uintptr_t)area->map / PAGE * 8), 0);
	ioctl(fd, SCAN, &scan);
	close(fd);
}

static void clear_references(const struct area *area)
{
	char value[] = "1";
	int fd;

	for (; value[0] <= '5'; value[0]++) {
		fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		if (write(fd, value, 1) != 1)
			assert_leads(area, "a refused write to clear_refs");
		close(fd);
		/* Entries may now be read-only until the next write. */
		assert_leads(area, "clear_refs");
	}
}

/* The kernel cannot pin these pages, so all of these calls fail. */
static void copy_by_the_kernel(const struct area *area)
{
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC), pipe_fds[2];
	char bytes[PAGE] = {};
	struct iovec mine = { bytes, PAGE }, other = { area->map, PAGE };

	ck_assert_int_ge(mem, 0);
	ck_assert_int_lt(process_vm_readv(getpid(), &mine, 1, &other, 1, 0), 0);
	ck_assert_int_lt(process_vm_writev(getpid(), &mine, 1, &other, 1, 0), 0);
	ck_assert_int_lt(pread(mem, bytes, PAGE, (uintptr_t)area->map), 0);
	close(mem);
	ck_assert_int_eq(pipe(pipe_fds), 0);
	ck_assert_int_lt(vmsplice(pipe_fds[1], &other, 1, SPLICE_F_NONBLOCK), 0);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static void register_userfaults(const struct area *area)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)area->map, .len = LEN },
	};
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	unsigned int mode;

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		return;
	for (mode = 1; mode < 8; mode++) {
		reg.mode = mode;
		ck_assert_int_eq(ioctl(uffd, UFFDIO_REGISTER, &reg), -1);
	}
	close(uffd);
}

static void remap(const struct area *area)
{
	/* Page offsets of the device's file lead to other regions. */
	if (is_buffer(area->kind)) {
		remap_file_pages(area->map, PAGE, 0, 1, 0);
		remap_file_pages(area->map, LEN, 0, 0, 0);
	}
	mremap(area->map, LEN, 2 * LEN, 0);
	mremap(area->map, 0, PAGE, MREMAP_MAYMOVE);
}

static void (* const calls[])(const struct area *area) = {
	bind_policy, lock_pages, sync_pages, migrate_pages_of, show_maps,
	look_at_pagemap, clear_references, copy_by_the_kernel,
	register_userfaults,
};

START_TEST(calls_about_memory_do_no_harm)
{
	struct area area;
	size_t i;
	int round;

	area_or_skip(&area, _i);
	/* The first round starts with an untouched mapping. */
	for (round = 0; round < 3; round++) {
		for (i = 0; i < DVT_ARRAY_SIZE(calls); i++) {
			calls[i](&area);
			assert_leads(&area, "a call about memory");
		}
	}
	area_end(&area);
}
END_TEST

START_TEST(remapping_does_no_harm)
{
	struct area area;

	area_or_skip(&area, _i);
	assert_leads(&area, "mmap");
	remap(&area);
	dvt_memory_off(&area.dev);
	dvt_assert_sigbus(area.map + PAGE);
	dvt_memory_on(&area.dev);
	ck_assert_int_ge(dvt_read32(area.map + PAGE), 0);
}
END_TEST

START_TEST(nothing_brings_a_revoked_mapping_back)
{
	struct area area;
	size_t i;

	area_or_skip(&area, _i);
	assert_leads(&area, "mmap");
	ck_assert_int_eq(dvl_revoke(area.dev.fd, area.fd), 0);
	for (i = 0; i < DVT_ARRAY_SIZE(advices); i++) {
		madvise(area.map, LEN, advices[i]);
		if (advices[i] == MADV_GUARD_INSTALL)
			take_guards_away(&area);
		dvt_assert_sigbus(area.map);
		dvt_assert_sigbus(area.map + DVT_HUGE);
	}
}
END_TEST

DVT_MAIN("advice",
	 { advice_does_no_harm, 2 * NR_KINDS },
	 { first_advice_does_no_harm, NR_KINDS },
	 { advice_of_another_process_does_no_harm, NR_KINDS },
	 { calls_about_memory_do_no_harm, NR_KINDS },
	 { remapping_does_no_harm, NR_KINDS },
	 { nothing_brings_a_revoked_mapping_back, BAR_SMALL })
