// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge entries where the memory management moves, copies or races for them:
 * none is left behind, and no fault is lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/pci_regs.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dvt_dirty.h"
#include "dvt_hammer.h"
#include "dvt_importer.h"
#include "dvt_param.h"
#include "dvt_place.h"

#define BAR 2
#define GIB (1024 * DVT_MIB)
#define RW (PROT_READ | PROT_WRITE)
#define NR_THREADS 3
#define NR_WRITES 200
#define NR_FORKS 200

#define huge_or_skip(dev)						\
	do {								\
		if (!(dvt_caps(dev) & DMABUF_VFIO_PCI_CAP_HUGE)) \
			dvt_skip("this kernel has no huge PFN maps");	\
	} while (0)

START_TEST(moved_gigabyte_keeps_its_pages_and_ends_with_memory)
{
	struct dvl_device dev;
	char *from, *to;
	int i, log;

	dvt_open_or_skip(&dev, "DVP_BDF_1G");
	log = dvt_log_mark();
	from = dvt_map_bar_at(&dev, BAR, GIB, RW, GIB, 0);
	to = dvt_map_bar_at(&dev, BAR, GIB, PROT_READ, GIB, 0);
	for (i = 0; i < 16; i++) {
		dvt_poke32(&dev, BAR, i * GIB / 16, 0x1000 + i);
		ck_assert_int_eq(dvt_read32(from + i * GIB / 16), 0x1000 + i);
	}

	ck_assert_ptr_eq(mremap(from, GIB, GIB, MREMAP_MAYMOVE | MREMAP_FIXED,
				to), to);
	for (i = 0; i < 16; i++) {
		ck_assert_int_eq(dvt_read32(from + i * GIB / 16), DVT_SIGSEGV);
		ck_assert_int_eq(dvt_read32(to + i * GIB / 16), 0x1000 + i);
	}
	dvt_memory_off(&dev);
	for (i = 0; i < 16; i++) {
		ck_assert_int_eq(dvt_read32(from + i * GIB / 16), DVT_SIGSEGV);
		dvt_assert_sigbus(to + i * GIB / 16);
	}
	dvt_log_assert_silent(log);
}
END_TEST

/* The entry of the first page in a child, before and after it reads there. */
static void child_levels(int importer, const void *map, unsigned int level[2])
{
	struct dvp_importer_pte pte[2];
	int pipefd[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe(pipefd), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		if (dvt_pte_try(importer, map, &pte[0]) ||
		    dvt_read32(map) < 0 ||
		    dvt_pte_try(importer, map, &pte[1]) ||
		    write(pipefd[1], pte, sizeof(pte)) != sizeof(pte))
			_exit(1);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(read(pipefd[0], pte, sizeof(pte)), sizeof(pte));
	level[0] = pte[0].level;
	level[1] = pte[1].level;
	close(pipefd[0]);
	close(pipefd[1]);
}

START_TEST(forked_child_faults_its_own_huge_entries)
{
	unsigned int level[2];
	struct dvl_device dev;
	int importer;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	huge_or_skip(&dev);
	map = dvt_map_at(dvt_export_huge(&dev, BAR, 0, DVT_HUGE, O_RDWR), 0,
			 DVT_HUGE, RW, DVT_HUGE, 0);
	if (_i)	/* What a parent says of its VMA does not count. */
		ck_assert(!madvise(map, DVT_HUGE, MADV_KEEPONFORK) ||
			  errno == EINVAL);
	dvt_touch_slots(map, DVT_HUGE);
	dvt_assert_level(importer, map, DVP_PTE_2M);
	child_levels(importer, map, level);
	ck_assert_uint_eq(level[0], DVP_PTE_NONE);
	ck_assert_uint_eq(level[1], DVP_PTE_2M);
	dvt_assert_level(importer, map, DVP_PTE_2M);
}
END_TEST

/* A child that comes about while its parent's buffer is being revoked. */
static pid_t fork_reader(const char *map, int go)
{
	pid_t pid = fork();
	char byte;

	if (pid)
		return pid;
	if (read(go, &byte, 1) != 1)
		_exit(1);
	_exit(dvt_read32(map) == DVT_SIGBUS ? 0 : 2);
}

struct revoker {
	pthread_t thread;
	atomic_int fd;
	int device;
	int ret;
};

static void *revoke_soon(void *arg)
{
	struct revoker *revoker = arg;

	sched_yield();
	revoker->ret = dvl_revoke(revoker->device, revoker->fd);
	return NULL;
}

START_TEST(child_forked_during_revoke_has_no_access_afterwards)
{
	struct revoker revoker;
	struct dvl_device dev;
	int i, go[2], status;
	pid_t pid;
	char *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	ck_assert_int_eq(pipe(go), 0);
	revoker.device = dev.fd;
	for (i = 0; i < NR_FORKS; i++) {
		revoker.fd = dvt_export_huge(&dev, BAR, 0, 8 * DVT_HUGE, O_RDWR);
		map = dvt_map_at(revoker.fd, 0, 8 * DVT_HUGE, PROT_READ,
				 DVT_HUGE, 0);
		dvt_touch_slots(map, 8 * DVT_HUGE);
		ck_assert_int_eq(pthread_create(&revoker.thread, NULL,
						revoke_soon, &revoker), 0);
		pid = fork_reader(map + 7 * DVT_HUGE, go[0]);
		ck_assert_int_ge(pid, 0);
		pthread_join(revoker.thread, NULL);
		ck_assert_int_eq(revoker.ret, 0);
		ck_assert_int_eq(write(go[1], "", 1), 1);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
		munmap(map, 8 * DVT_HUGE);
		close(revoker.fd);
	}
}
END_TEST

START_TEST(threads_that_race_for_one_slot_all_get_it)
{
	struct dvt_hammer hammer[NR_THREADS];
	struct dvl_device dev;
	uint16_t command;
	int i, log;
	char *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	log = dvt_log_mark();
	dvt_pattern_fill(&dev, BAR, 0, DVT_HUGE);
	map = dvt_map_at(dvt_export_huge(&dev, BAR, 0, DVT_HUGE, O_RDWR), 0,
			 DVT_HUGE, PROT_READ, DVT_HUGE, 0);
	for (i = 0; i < NR_THREADS; i++)
		dvt_hammer_start(&hammer[i], map, DVT_HUGE);
	ck_assert_int_eq(dvl_config_read(&dev, PCI_COMMAND, &command, 2), 0);
	for (i = 0; i < NR_WRITES; i++) {
		command ^= PCI_COMMAND_MASTER;
		ck_assert_int_eq(dvl_config_write(&dev, PCI_COMMAND, &command,
						  2), 0);
		if (i % 16 == 0)
			dvt_hammer_wait_good(&hammer[i / 16 % NR_THREADS], 1);
	}
	for (i = 0; i < NR_THREADS; i++) {
		dvt_hammer_stop(&hammer[i]);
		ck_assert_uint_eq(hammer[i].nr_sigbus, 0);
	}
	dvt_log_assert_silent(log);
}
END_TEST

/* Who zaps cannot be sure to meet an entry that is on its way. */
START_TEST(moved_slot_is_faulted_anew)
{
	struct dvl_device dev;
	int importer;
	char *map, *to;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	huge_or_skip(&dev);
	map = dvt_map_at(dvt_export_huge(&dev, BAR, 0, DVT_HUGE, O_RDWR), 0,
			 DVT_HUGE, RW, DVT_HUGE, 0);
	to = dvt_map_at(dvt_export_huge(&dev, BAR, 0, DVT_HUGE, O_RDWR), 0,
			DVT_HUGE, PROT_READ, DVT_HUGE, 0);
	dvt_touch_slots(map, DVT_HUGE);
	dvt_assert_level(importer, map, DVP_PTE_2M);
	ck_assert_ptr_eq(mremap(map, DVT_HUGE, DVT_HUGE,
				MREMAP_MAYMOVE | MREMAP_FIXED, to), to);
	dvt_assert_level(importer, to, DVP_PTE_NONE);
	dvt_assert_usable(to);
	dvt_assert_level(importer, to, DVP_PTE_2M);
}
END_TEST

/* However often decoding goes off, the entries that come back are huge. */
START_TEST(slot_stays_huge_over_transitions)
{
	struct dvt_hammer hammer;
	struct dvl_device dev;
	int i, importer;
	uint16_t command;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	huge_or_skip(&dev);
	dvt_pattern_fill(&dev, BAR, 0, DVT_HUGE);
	map = dvt_map_at(dvt_export_huge(&dev, BAR, 0, DVT_HUGE, O_RDWR), 0,
			 DVT_HUGE, PROT_READ, DVT_HUGE, 0);
	dvt_hammer_start(&hammer, map, DVT_HUGE);
	ck_assert_int_eq(dvl_config_read(&dev, PCI_COMMAND, &command, 2), 0);
	for (i = 0; i < NR_WRITES; i++)
		ck_assert_int_eq(dvl_config_write(&dev, PCI_COMMAND, &command,
						  2), 0);
	dvt_hammer_wait_good(&hammer, 1);
	dvt_hammer_stop(&hammer);
	dvt_assert_level(importer, map, DVP_PTE_2M);
}
END_TEST

static int store(char *map)
{
	return dvt_write32(map, 0);
}

/* In the kernel, where a fault that never ends cannot even be killed. */
static int store_by_kernel(char *map)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	ssize_t len = read(zero, map, sizeof(uint32_t));

	close(zero);
	return len == sizeof(uint32_t) ? 0 : -1;
}

/**
 * struct store_row - a store to an entry that allows none yet
 * @role: the device
 * @len: of the entry; 1 GiB of a BAR mapping, 2 MiB of a buffer
 * @store: does it
 */
static const struct store_row {
	const char *role;
	size_t len;
	int (*store)(char *map);
} stores[] = {
	{ "DVP_BDF", DVT_HUGE, store },
	{ "DVP_BDF", DVT_HUGE, store_by_kernel },
	{ "DVP_BDF_1G", GIB, store },
	{ "DVP_BDF_1G", GIB, store_by_kernel },
};

START_TEST(entry_for_reading_can_be_written_to)
{
	const struct store_row *row = &stores[_i];
	struct dvl_device dev;
	char *map;

	dvt_open_or_skip(&dev, row->role);
	if (!dvt_kernel_tracks_writes())
		dvt_skip("this kernel does not track writes");
	dvt_poke32(&dev, BAR, 0, 0x50f7);
	if (row->len == GIB)
		map = dvt_map_bar_at(&dev, BAR, row->len, RW, row->len, 0);
	else
		map = dvt_map_at(dvt_export_huge(&dev, BAR, 0, row->len,
						 O_RDWR), 0, row->len, RW,
				 row->len, 0);
	dvt_track_writes();
	ck_assert_int_eq(dvt_read32(map), 0x50f7);
	ck_assert_int_eq(row->store(map), 0);
	ck_assert_uint_eq(dvt_peek32(&dev, BAR, 0), 0);
}
END_TEST

START_TEST(parameter_decides_on_mappings_made_from_then_on)
{
	struct dvl_device dev;
	char *before, *after;
	int fd, importer;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	huge_or_skip(&dev);
	fd = dvt_export_huge(&dev, BAR, 0, DVT_HUGE, O_RDWR);
	before = dvt_map_at(fd, 0, DVT_HUGE, PROT_READ, DVT_HUGE, 0);
	dvt_param_set("huge", "0");
	ck_assert(!(dvt_caps(&dev) & DMABUF_VFIO_PCI_CAP_HUGE));
	after = dvt_map_at(fd, 0, DVT_HUGE, PROT_READ, DVT_HUGE, 0);
	dvt_touch_slots(before, DVT_HUGE);
	dvt_touch_slots(after, DVT_HUGE);
	dvt_assert_level(importer, before, DVP_PTE_2M);
	dvt_assert_level(importer, after, DVP_PTE_4K);
}
END_TEST

/*
 * 7.2 takes a huge entry for memory that a node can have. A borrower gets one only of
 * a buffer that was exported for it, and with the parameter.
 */
START_TEST(memory_policy_does_no_harm_without_huge_entries)
{
	unsigned long node = 1;
	struct dvl_device dev;
	int fd, log, i;
	char *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	log = dvt_log_mark();
	if (_i)
		dvt_param_set("huge", "0");
	fd = _i ? dvt_export_huge(&dev, BAR, 0, DVT_HUGE, O_RDWR) :
		  dvt_export(&dev, BAR, 0, DVT_HUGE, O_RDWR);
	map = dvt_map_at(fd, 0, DVT_HUGE, RW, DVT_HUGE, 0);
	dvt_touch_slots(map, DVT_HUGE);
	for (i = 0; i < 2; i++) {
		/* It fails where the memory is on no node, or NUMA is off. */
		if (syscall(SYS_mbind, map, DVT_HUGE, MPOL_BIND, &node,
			    8 * sizeof(node), i ? MPOL_MF_STRICT : 0))
			ck_assert_int_ne(errno, EINVAL);
	}
	ck_assert_int_ge(dvt_read32(map), 0);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	dvt_assert_sigbus(map);
	dvt_log_assert_silent(log);
}
END_TEST

DVT_MAIN_PARAM("huge",
	       { moved_gigabyte_keeps_its_pages_and_ends_with_memory },
	       { forked_child_faults_its_own_huge_entries, 2 },
	       { child_forked_during_revoke_has_no_access_afterwards },
	       { threads_that_race_for_one_slot_all_get_it },
	       { moved_slot_is_faulted_anew },
	       { slot_stays_huge_over_transitions },
	       { entry_for_reading_can_be_written_to, DVT_ARRAY_SIZE(stores) },
	       { parameter_decides_on_mappings_made_from_then_on },
	       { memory_policy_does_no_harm_without_huge_entries, 2 })
