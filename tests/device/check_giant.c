// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries of 1 GiB, which BAR mappings through the device have, where the memory
 * management cannot deal with them: what is cut out of one, or moved, or forked, leads
 * where it should, and nowhere after memory has gone.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dvt_hammer.h"
#include "dvt_importer.h"
#include "dvt_place.h"

#define BAR 2
#define PAGE 0x1000UL
#define GIB (1024 * DVT_MIB)
#define NR_MARKS 64
#define NR_ROUNDS 200
#define NR_FORKS 500

/* Pieces of 1 GiB: within an entry of a PMD, one of them, many, all. */
static const struct piece {
	size_t off;
	size_t len;
} pieces[] = {
	{ 3 * DVT_MIB + PAGE, PAGE },
	{ 0, PAGE },
	{ GIB - PAGE, PAGE },
	{ 4 * DVT_MIB, DVT_HUGE },
	{ GIB / 2, GIB / 2 },
	{ PAGE, GIB - 2 * PAGE },
	{ 0, GIB },
};

static uint32_t mark(size_t off)
{
	return 0x61000000 | off / PAGE;
}

/* The marks are spread, and lie at both ends of the piece, too. */
static size_t mark_off(const struct piece *piece, int i)
{
	if (i < 2)
		return piece->off + (i ? piece->len - PAGE : 0);
	return i * (GIB / NR_MARKS) + (i & 1) * PAGE;
}

static void write_marks(const struct dvl_device *dev, const struct piece *piece)
{
	int i;

	for (i = 0; i < NR_MARKS; i++)
		dvt_poke32(dev, BAR, mark_off(piece, i),
			   mark(mark_off(piece, i)));
}

static bool in_piece(const struct piece *piece, size_t off)
{
	return off >= piece->off && off < piece->off + piece->len;
}

/* All marks can be read but those in @hole, which is no mapping any more. */
static void assert_marks(const char *map, const struct piece *piece,
			 const struct piece *hole)
{
	int64_t expected;
	size_t off;
	int i;

	for (i = 0; i < NR_MARKS; i++) {
		off = mark_off(piece, i);
		expected = mark(off);
		if (hole && in_piece(hole, off))
			expected = DVT_SIGSEGV;
		ck_assert_msg(dvt_read32(map + off) == expected,
			      "offset %#zx: not %#lx", off, (long)expected);
	}
}

static void assert_gone(const char *map, const struct piece *piece,
			const struct piece *hole)
{
	int64_t expected;
	size_t off;
	int i;

	for (i = 0; i < NR_MARKS; i++) {
		off = mark_off(piece, i);
		expected = hole && in_piece(hole, off) ? DVT_SIGSEGV :
							 DVT_SIGBUS;
		ck_assert_msg(dvt_read32(map + off) == expected,
			      "offset %#zx: not %ld", off, (long)expected);
	}
}

/* A mapping of 1 GiB of the BAR that has been touched, with @piece marked. */
static char *map_touched(const struct dvl_device *dev, const struct piece *piece)
{
	char *map;

	write_marks(dev, piece);
	map = dvt_map_bar_at(dev, BAR, GIB, PROT_READ | PROT_WRITE, GIB, 0);
	assert_marks(map, piece, NULL);
	return map;
}

START_TEST(congruent_gigabyte_gets_one_entry)
{
	struct dvl_device dev;
	int importer;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF_1G");
	if (!(dvt_caps(&dev) & DMABUF_VFIO_PCI_CAP_HUGE))
		dvt_skip("this kernel has no huge PFN maps");
#ifdef __aarch64__
	dvt_skip("arm64 has no huge PFN maps of 1 GiB");
#endif
	map = map_touched(&dev, &pieces[0]);
	dvt_assert_level(importer, map, DVP_PTE_1G);
	dvt_assert_level(importer, map + GIB - PAGE, DVP_PTE_1G);
	dvt_assert_frames(importer, map, DVT_HUGE, dvt_bar_addr(dev.bdf, BAR));
	dvt_memory_off(&dev);
	dvt_assert_level(importer, map, DVP_PTE_NONE);
	assert_gone(map, &pieces[0], NULL);
}
END_TEST

/* By _i: the piece, and whether it goes to a place that is congruent. */
START_TEST(piece_moved_out_of_a_gigabyte_leaves_nothing_behind)
{
	const struct piece *piece = &pieces[_i / 2];
	size_t shift = piece->off + (_i & 1) * PAGE;
	struct dvl_device dev;
	int log;
	char *from, *to;

	dvt_open_or_skip(&dev, "DVP_BDF_1G");
	log = dvt_log_mark();
	from = map_touched(&dev, piece);
	to = dvt_map_bar_at(&dev, BAR, piece->len, PROT_READ, GIB, shift);
	ck_assert_ptr_eq(mremap(from + piece->off, piece->len, piece->len,
				MREMAP_MAYMOVE | MREMAP_FIXED, to), to);
	assert_marks(from, piece, piece);
	ck_assert_int_eq(dvt_read32(to), mark(piece->off));
	ck_assert_int_eq(dvt_read32(to + piece->len - PAGE),
			 mark(piece->off + piece->len - PAGE));
	dvt_memory_off(&dev);
	assert_gone(from, piece, piece);
	dvt_assert_sigbus(to);
	dvt_assert_sigbus(to + piece->len - PAGE);
	dvt_log_assert_silent(log);
}
END_TEST

START_TEST(piece_unmapped_from_a_gigabyte_leaves_the_rest)
{
	const struct piece *piece = &pieces[_i];
	struct dvl_device dev;
	int log;
	char *map;

	dvt_open_or_skip(&dev, "DVP_BDF_1G");
	log = dvt_log_mark();
	map = map_touched(&dev, piece);
	ck_assert_int_eq(munmap(map + piece->off, piece->len), 0);
	assert_marks(map, piece, piece);
	dvt_memory_off(&dev);
	assert_gone(map, piece, piece);
	dvt_log_assert_silent(log);
}
END_TEST

START_TEST(piece_protected_in_a_gigabyte_cannot_be_written)
{
	const struct piece *piece = &pieces[_i];
	struct dvl_device dev;
	int log;
	char *map;

	dvt_open_or_skip(&dev, "DVP_BDF_1G");
	log = dvt_log_mark();
	map = map_touched(&dev, piece);
	ck_assert_int_eq(mprotect(map + piece->off, piece->len, PROT_READ), 0);
	assert_marks(map, piece, NULL);
	ck_assert_int_eq(dvt_write32(map + piece->off, 1), DVT_SIGSEGV);
	ck_assert_int_eq(mprotect(map + piece->off, piece->len,
				  PROT_READ | PROT_WRITE), 0);
	ck_assert_int_eq(dvt_write32(map + piece->off, mark(piece->off)), 0);
	assert_marks(map, piece, NULL);
	dvt_memory_off(&dev);
	assert_gone(map, piece, NULL);
	dvt_log_assert_silent(log);
}
END_TEST

START_TEST(gigabyte_without_access_gets_it_back)
{
	struct dvl_device dev;
	int log;
	char *map;

	dvt_open_or_skip(&dev, "DVP_BDF_1G");
	log = dvt_log_mark();
	map = map_touched(&dev, &pieces[0]);
	ck_assert_int_eq(mprotect(map, GIB, PROT_NONE), 0);
	ck_assert_int_eq(dvt_read32(map), DVT_SIGSEGV);
	ck_assert_int_eq(mprotect(map, GIB, PROT_READ | PROT_WRITE), 0);
	assert_marks(map, &pieces[0], NULL);
	dvt_memory_off(&dev);
	assert_gone(map, &pieces[0], NULL);
	dvt_log_assert_silent(log);
}
END_TEST

START_TEST(forked_child_of_a_gigabyte_loses_it_with_memory)
{
	struct dvl_device dev;
	int go[2], log, status;
	char *map, byte;
	pid_t pid;

	dvt_open_or_skip(&dev, "DVP_BDF_1G");
	log = dvt_log_mark();
	ck_assert_int_eq(pipe(go), 0);
	map = map_touched(&dev, &pieces[0]);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		if (dvt_read32(map) < 0 || write(go[1], "", 1) != 1 ||
		    kill(getpid(), SIGSTOP))
			_exit(1);
		_exit(dvt_read32(map) == DVT_SIGBUS ? 0 : 2);
	}
	ck_assert_int_eq(read(go[0], &byte, 1), 1);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(status));
	assert_marks(map, &pieces[0], NULL);
	dvt_memory_off(&dev);
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	assert_gone(map, &pieces[0], NULL);
	dvt_log_assert_silent(log);
}
END_TEST

/* A process that reads until it must not. */
static pid_t fork_spinner(const char *map)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (!pid) {
		while (dvt_read32(map) != DVT_SIGBUS)
			;
		_exit(0);
	}
	return pid;
}

/* Each fork ends the entries of all, and the reader faults its own back in. */
START_TEST(reader_beside_one_that_forks_loses_its_gigabyte_with_memory)
{
	struct dvl_device dev;
	int i, log, status;
	pid_t reader, pid;
	char *map;

	dvt_open_or_skip(&dev, "DVP_BDF_1G");
	log = dvt_log_mark();
	map = map_touched(&dev, &pieces[0]);
	reader = fork_spinner(map);
	for (i = 0; i < NR_FORKS; i++) {
		pid = fork();
		ck_assert_int_ge(pid, 0);
		if (!pid)
			_exit(0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	}
	dvt_log_assert_silent(log);
	dvt_memory_off(&dev);
	ck_assert_int_eq(waitpid(reader, &status, 0), reader);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(process_keeps_access_while_another_cuts_its_gigabyte)
{
	struct vfio_region_info info;
	struct dvt_child child;
	struct dvl_device dev;
	int64_t theirs;
	int log;
	char *map;

	dvt_open_or_skip(&dev, "DVP_BDF_1G");
	log = dvt_log_mark();
	map = map_touched(&dev, &pieces[0]);
	dvt_child_start(&child, DVT_NOBODY);
	dvt_child_give(&child, dev.fd);
	ck_assert_int_eq(dvl_region_info(&dev, BAR, &info), 0);
	theirs = dvt_child_map(&child, GIB, info.offset,
			       PROT_READ | PROT_WRITE);
	ck_assert_int_gt(theirs, 0);
	ck_assert_int_eq(dvt_child_read32(&child, theirs + pieces[0].off),
			 mark(pieces[0].off));
	ck_assert_int_eq(munmap(map + pieces[0].off, pieces[0].len), 0);
	ck_assert_int_eq(dvt_child_read32(&child, theirs + pieces[0].off),
			 mark(pieces[0].off));
	dvt_memory_off(&dev);
	ck_assert_int_eq(dvt_child_read32(&child, theirs + pieces[0].off),
			 DVT_SIGBUS);
	dvt_child_stop(&child);
	dvt_log_assert_silent(log);
}
END_TEST

/* A thread faults the entry back while it is cut at an address inside of it. */
START_TEST(gigabyte_can_be_cut_while_a_thread_faults_it)
{
	struct vfio_region_info info;
	struct dvt_hammer hammer;
	struct dvl_device dev;
	int i, log;
	char *map;

	dvt_open_or_skip(&dev, "DVP_BDF_1G");
	log = dvt_log_mark();
	dvt_pattern_fill(&dev, BAR, 0, 2 * PAGE);
	ck_assert_int_eq(dvl_region_info(&dev, BAR, &info), 0);
	map = dvt_map_bar_at(&dev, BAR, GIB, PROT_READ, GIB, 0);
	dvt_hammer_start(&hammer, map, 2 * PAGE);
	for (i = 0; i < NR_ROUNDS; i++) {
		dvt_hammer_wait_good(&hammer, 1);
		ck_assert_int_eq(munmap(map + 3 * DVT_MIB + PAGE, PAGE), 0);
		ck_assert_ptr_eq(mmap(map, GIB, PROT_READ,
				      MAP_SHARED | MAP_FIXED, dev.fd,
				      info.offset), map);
	}
	dvt_hammer_stop(&hammer);
	ck_assert_uint_eq(hammer.nr_sigbus, 0);
	dvt_log_assert_silent(log);
}
END_TEST

DVT_MAIN("giant",
	 { congruent_gigabyte_gets_one_entry },
	 { piece_moved_out_of_a_gigabyte_leaves_nothing_behind,
	   2 * DVT_ARRAY_SIZE(pieces) },
	 { piece_unmapped_from_a_gigabyte_leaves_the_rest,
	   DVT_ARRAY_SIZE(pieces) },
	 { piece_protected_in_a_gigabyte_cannot_be_written,
	   DVT_ARRAY_SIZE(pieces) },
	 { gigabyte_without_access_gets_it_back },
	 { forked_child_of_a_gigabyte_loses_it_with_memory },
	 { reader_beside_one_that_forks_loses_its_gigabyte_with_memory },
	 { process_keeps_access_while_another_cuts_its_gigabyte },
	 { gigabyte_can_be_cut_while_a_thread_faults_it })
