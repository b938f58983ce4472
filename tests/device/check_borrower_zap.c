// SPDX-License-Identifier: GPL-2.0-only
/*
 * A borrower that changes its own mapping zaps no entry of another process. Otherwise
 * it could make the owner and all other borrowers fault for ever.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dvt_importer.h"
#include "dvt_place.h"
#include "dvt_show.h"
#include "dvt_v2.h"

#define BAR 2
#define PAGE 0x1000UL
#define LEN (2 * DVT_HUGE)
#define RW (PROT_READ | PROT_WRITE)
#define HUGE DMABUF_VFIO_PCI_EXPORT_HUGE
enum { NR_ROUNDS = 50 };

/* Each gets a whole mapping and may leave it in pieces. 0, or not 0 for an error. */
static int unmap_middle(char *map)
{
	return munmap(map + LEN / 2 + PAGE, PAGE);
}

static int protect_as_it_is(char *map)
{
	return mprotect(map, LEN, RW) ?: mprotect(map + PAGE, PAGE, RW);
}

static int protect_part(char *map)
{
	return mprotect(map + PAGE, PAGE, PROT_READ) ?:
	       mprotect(map + PAGE, PAGE, PROT_NONE) ?:
	       mprotect(map, LEN, RW);
}

static int advise_part(char *map)
{
	return madvise(map + PAGE, PAGE, MADV_RANDOM) ?:
	       madvise(map, LEN, MADV_NORMAL) ?:
	       madvise(map + PAGE, PAGE, MADV_DONTFORK);
}

static int fork_once(char *map)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (!pid)
		_exit(dvt_read32(map) < 0);
	return waitpid(pid, &status, 0) == pid && !status ? 0 : -1;
}

static int move(char *map)
{
	char *room = mmap(NULL, 2 * LEN, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *to = (char *)(((uintptr_t)room + LEN - 1) & ~(LEN - 1));

	if (room == MAP_FAILED ||
	    mremap(map, LEN, LEN, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		return -1;
	return munmap(room, 2 * LEN);
}

static int move_part(char *map)
{
	void *to = mremap(map + PAGE, PAGE, PAGE, MREMAP_MAYMOVE);

	return to == MAP_FAILED ? -1 : munmap(to, PAGE);
}

static int give_up(char *map)
{
	/* Each may be refused. */
	madvise(map, LEN, MADV_DONTNEED);
	madvise(map, LEN, MADV_PAGEOUT);
	madvise(map, LEN, MADV_REMOVE);
	return 0;
}

/**
 * struct deed - a change of a borrower's own mapping
 * @name: its name
 * @flags: flags of the export
 * @once: makes the change
 */
static const struct deed {
	const char *name;
	uint32_t flags;
	int (*once)(char *map);
} deeds[] = {
	{ "munmap of a middle page", 0, unmap_middle },
	{ "mprotect to what it is", 0, protect_as_it_is },
	{ "mprotect of a part", 0, protect_part },
	{ "madvise of a part", 0, advise_part },
	{ "fork", 0, fork_once },
	{ "mremap", 0, move },
	{ "mremap of a part", 0, move_part },
	{ "madvise", 0, give_up },
	{ "munmap of a middle page, HUGE", HUGE, unmap_middle },
	{ "mprotect to what it is, HUGE", HUGE, protect_as_it_is },
	{ "fork, HUGE", HUGE, fork_once },
};

/**
 * struct work - the child's task
 * @deed: the change that it makes in a loop
 * @touch: whether it touches the mapping first
 */
struct work {
	const struct deed *deed;
	bool touch;
};

static int loop(int sock, void *arg)
{
	const struct work *work = arg;
	char *addr = (char *)(1UL << 40);
	int fd = dvl_recv_fd(sock), i;
	char *map;

	for (i = 0; i < NR_ROUNDS; i++) {
		map = mmap(addr, LEN, RW, MAP_SHARED | MAP_FIXED, fd, 0);
		if (map == MAP_FAILED)
			return 2;
		if (work->touch && (dvt_read32(map) < 0 ||
				    dvt_read32(map + DVT_HUGE) < 0))
			return 3;
		if (work->deed->once(map))
			return 4;
		/* Remove the remaining pieces. */
		munmap(addr, LEN);
	}
	return 0;
}

static void borrower_run(int fd, const struct work *work)
{
	struct dvt_child child;
	int status;

	dvt_child_fork(&child, DVT_NOBODY, loop, (void *)work);
	ck_assert_int_eq(dvl_send_fd(child.sock, fd), 0);
	ck_assert_int_eq(waitpid(child.pid, &status, 0), child.pid);
	ck_assert_msg(!status, "%s: wait status %#x", work->deed->name, status);
	close(child.sock);
}

/* The test's own mapping of the buffer keeps its entries. */
START_TEST(others_keep_their_entries)
{
	const struct deed *deed = &deeds[_i / 2];
	struct work work = { .deed = deed, .touch = _i % 2 };
	struct dvl_device dev;
	unsigned int level;
	int importer, fd;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export_flags(&dev, BAR, 0, LEN, O_RDWR, deed->flags);
	map = dvt_map_at(fd, 0, LEN, RW, DVT_HUGE, 0);
	dvt_touch_slots(map, LEN);
	level = dvt_pte_level(importer, map);
	ck_assert_uint_ne(level, DVP_PTE_NONE);
	borrower_run(fd, &work);
	dvt_assert_level(importer, map, level);
	dvt_assert_level(importer, map + LEN / 2 + PAGE, level);
	dvt_assert_level(importer, map + PAGE, level);
}
END_TEST

static uint64_t faults_of(const char *bdf, int fd)
{
	char line[DVT_LINE_LEN], value[32];

	dvt_export_line(bdf, fd, line);
	ck_assert(dvt_line_value(line, "faults", value, sizeof(value)));
	return strtoull(value, NULL, 10);
}

/* A borrower that never touches its mapping causes no fault. */
START_TEST(no_fault_comes_of_it)
{
	struct work work = { .deed = &deeds[_i] };
	struct dvl_device dev;
	uint64_t faults;
	size_t off;
	char *map;
	int fd;

	dvt_debugfs_or_skip();
	if (work.deed->once == fork_once)
		dvt_skip("its child touches the mapping");
	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export_flags(&dev, BAR, 0, LEN, O_RDWR, work.deed->flags);
	map = dvt_map_at(fd, 0, LEN, RW, DVT_HUGE, 0);
	dvt_touch_slots(map, LEN);
	faults = faults_of(dev.bdf, fd);
	borrower_run(fd, &work);
	for (off = 0; off < LEN; off += DVT_HUGE)
		ck_assert_int_ge(dvt_read32(map + off), 0);
	ck_assert_uint_eq(faults_of(dev.bdf, fd), faults);
}
END_TEST

/* REVOKE races with the changes, and must find every entry. */
START_TEST(revoke_finds_what_a_borrower_moves_about)
{
	struct work work = { .deed = &deeds[_i] };
	struct dvt_child child;
	struct dvl_device dev;
	int fd, i, status;

	dvt_open_or_skip(&dev, "DVP_BDF");
	for (i = 0; i < 5; i++) {
		fd = dvt_export_flags(&dev, BAR, 0, LEN, O_RDWR,
				      work.deed->flags);
		work.touch = true;
		dvt_child_fork(&child, DVT_NOBODY, loop, &work);
		ck_assert_int_eq(dvl_send_fd(child.sock, fd), 0);
		usleep(2000 * i);
		ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
		/* It ends at a SIGBUS or a refused mmap(). */
		ck_assert_int_eq(waitpid(child.pid, &status, 0), child.pid);
		ck_assert(WIFEXITED(status));
		close(child.sock);
		close(fd);
	}
	dvt_assert_no_leak(dev.bdf);
}
END_TEST

DVT_MAIN("borrower_zap",
	 { others_keep_their_entries, 2 * DVT_ARRAY_SIZE(deeds) },
	 { no_fault_comes_of_it, DVT_ARRAY_SIZE(deeds) },
	 { revoke_finds_what_a_borrower_moves_about, DVT_ARRAY_SIZE(deeds) })
