// SPDX-License-Identifier: GPL-2.0-only
/* Random changes of a process' own mappings. */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"

#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif

static int any_prot(struct hostile *h)
{
	static const int prots[] = {
		PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ,
		PROT_WRITE, PROT_NONE, PROT_READ | PROT_EXEC,
	};

	return prots[chance_below(&h->rng, DVT_ARRAY_SIZE(prots))];
}

static void map(struct hostile *h)
{
	int flags = chance_one_in(&h->rng, 8) ? MAP_SHARED | MAP_POPULATE :
		    chance_one_in(&h->rng, 8) ? MAP_SHARED | MAP_LOCKED :
		    chance_one_in(&h->rng, 8) ? MAP_PRIVATE : MAP_SHARED;
	uint64_t off = chance_below(&h->rng, 3) ? 0 :
		       chance_below(&h->rng, 16) * HOSTILE_PAGE;

	mmap(hostile_room(h), hostile_len(h), any_prot(h), flags | MAP_FIXED,
	     hostile_any_fd(h), off);
}

/* Unmaps, but keeps the addresses reserved. */
static void reserve(char *addr, size_t len)
{
	mmap(addr, len, PROT_NONE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

static void unmap_part(struct hostile *h)
{
	reserve(hostile_page(h), chance_one_in(&h->rng, 2) ? HOSTILE_PAGE :
				 hostile_len(h));
}

static void protect_part(struct hostile *h)
{
	mprotect(hostile_page(h), hostile_len(h), any_prot(h));
}

/* Replaces another mapping, changes the size, or maps the same pages twice. */
static void move(struct hostile *h)
{
	size_t from = chance_one_in(&h->rng, 16) ? 0 : hostile_len(h);
	size_t to = chance_one_in(&h->rng, 2) ? from : hostile_len(h);
	char *addr = hostile_page(h);

	if (mremap(addr, from, to, MREMAP_MAYMOVE | MREMAP_FIXED,
		   hostile_page(h)) != MAP_FAILED && from)
		reserve(addr, from);
}

static void touch(struct hostile *h)
{
	dvt_write32(hostile_page(h) + 4 * chance_below(&h->rng, 8),
		    chance_any(&h->rng) & 0x7fffffff);
	hostile_look(h, hostile_page(h));
}

static int be_a_child(struct hostile *h)
{
	int i;

	for (i = 0; i < 4; i++) {
		touch(h);
		unmap_part(h);
		protect_part(h);
	}
	return h->secret_seen ? HOSTILE_SAW_SECRET : HOSTILE_GOOD;
}

static void fork_once(struct hostile *h)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(be_a_child(h));
	if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	    WEXITSTATUS(status) == HOSTILE_SAW_SECRET)
		h->secret_seen = true;
}

/* Kills a child that is changing its mappings. */
static void fork_and_kill(struct hostile *h)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		for (;;)
			be_a_child(h);
	}
	if (pid < 0)
		return;
	hostile_look(h, hostile_page(h));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

static int any_advice(struct hostile *h)
{
	uint32_t advice = chance_below(&h->rng, 32);

	/* For anonymous memory only, where CONFIG_DEBUG_VM warns of a moved mapping. */
	if (advice == MADV_WIPEONFORK)
		return MADV_NORMAL;
	/* Memory errors, guards, and unknown values */
	return advice < 27 ? (int)advice : (int)(100 + advice - 27);
}

static void advise(struct hostile *h)
{
	madvise(hostile_page(h), hostile_len(h), any_advice(h));
}

static void advise_as_another(struct hostile *h)
{
	struct iovec vec[2];
	int pidfd, i;

	for (i = 0; i < 2; i++)
		vec[i] = (struct iovec){ hostile_page(h), hostile_len(h) };
	pidfd = syscall(SYS_pidfd_open, getpid(), 0);
	if (pidfd < 0)
		return;
	syscall(SYS_process_madvise, pidfd, vec, 2, any_advice(h), 0);
	close(pidfd);
}

static void bind_policy(struct hostile *h)
{
	unsigned long nodes = 1;

	/* Modes 0 to 6; flags for strict, move and move all. */
	syscall(SYS_mbind, hostile_page(h), hostile_len(h),
		chance_below(&h->rng, 7), &nodes, 8 * sizeof(nodes),
		chance_below(&h->rng, 8));
}

static void move_pages_of(struct hostile *h)
{
	void *pages[] = { hostile_page(h), hostile_page(h) };
	int nodes[] = { 0, 0 }, status[2];

	syscall(SYS_move_pages, 0, 2, pages,
		chance_one_in(&h->rng, 2) ? nodes : NULL, status, 2);
}

static void lock_part(struct hostile *h)
{
	if (chance_one_in(&h->rng, 2))
		mlock(hostile_page(h), hostile_len(h));
	else
		syscall(SYS_mlock2, hostile_page(h), hostile_len(h), 1);
	munlock(hostile_page(h), hostile_len(h));
}

static void sync_part(struct hostile *h)
{
	unsigned char resident[HOSTILE_LEN / HOSTILE_PAGE];

	mincore(hostile_page(h), hostile_len(h), resident);
	msync(hostile_page(h), hostile_len(h), 1U << chance_below(&h->rng, 3));
}

static void remap_pages(struct hostile *h)
{
	remap_file_pages(hostile_page(h), hostile_len(h), 0,
			 chance_below(&h->rng, 20), 0);
}

void (* const hostile_memory_deeds[])(struct hostile *h) = {
	map, map, map, unmap_part, protect_part, move, touch, touch, fork_once,
	fork_and_kill, advise, advise, advise_as_another, bind_policy,
	move_pages_of, lock_part, sync_part, remap_pages,
};

const unsigned int hostile_nr_memory_deeds = DVT_ARRAY_SIZE(hostile_memory_deeds);
