// SPDX-License-Identifier: GPL-2.0-only
/* The frame of a hostile process; see hostile.h. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "hostile.h"

/**
 * hostile_look() - read a word, if it is there
 * @h: the process
 * @addr: where
 */
void hostile_look(struct hostile *h, const void *addr)
{
	if (dvt_read32(addr) == HOSTILE_SECRET)
		h->secret_seen = true;
}

/**
 * hostile_room() - one of the places for a mapping
 * @h: the process
 *
 * Return: its start.
 */
char *hostile_room(struct hostile *h)
{
	return HOSTILE_ARENA +
	       chance_below(&h->rng, HOSTILE_NR_ROOMS) * HOSTILE_ROOM;
}

/**
 * hostile_page() - an address where there may be a mapping
 * @h: the process
 *
 * Return: the start of a page.
 */
char *hostile_page(struct hostile *h)
{
	return hostile_room(h) +
	       chance_below(&h->rng, HOSTILE_LEN / HOSTILE_PAGE) * HOSTILE_PAGE;
}

/**
 * hostile_len() - a length, which may reach past a mapping but not past its room
 * @h: the process
 *
 * Return: it, in whole pages.
 */
size_t hostile_len(struct hostile *h)
{
	return (1 + chance_below(&h->rng, HOSTILE_LEN / HOSTILE_PAGE)) *
	       HOSTILE_PAGE;
}

/**
 * hostile_any_fd() - one of the buffers
 * @h: the process
 *
 * Return: its descriptor, -1 for none.
 */
int hostile_any_fd(struct hostile *h)
{
	return h->fds[chance_below(&h->rng, HOSTILE_NR_FDS)];
}

/* New buffers take the place of old ones, whose mappings stay. */
static bool take_new_buffers(struct hostile *h)
{
	struct pollfd poll_fd = { .fd = h->sock, .events = POLLIN };
	int *slot;

	while (poll(&poll_fd, 1, 0) == 1) {
		slot = &h->fds[chance_below(&h->rng, HOSTILE_NR_FDS)];
		if (*slot >= 0)
			close(*slot);
		*slot = dvl_recv_fd(h->sock);
		if (*slot < 0)
			return false;
	}
	return true;
}

static void do_any(struct hostile *h)
{
	uint32_t which = chance_below(&h->rng, 4);

	if (which)
		hostile_memory_deeds[chance_below(&h->rng,
						  hostile_nr_memory_deeds)](h);
	else
		hostile_kernel_deeds[chance_below(&h->rng,
						  hostile_nr_kernel_deeds)](h);
	hostile_look(h, hostile_page(h));
}

/* Reads while the other thread maps, cuts and moves. */
static void *read_on(void *arg)
{
	struct hostile *h = arg;
	uint64_t rng = h->rng;
	size_t off;

	while (!h->stop) {
		off = chance_below(&rng, HOSTILE_NR_ROOMS) * HOSTILE_ROOM +
		      chance_below(&rng, HOSTILE_LEN / HOSTILE_PAGE) *
		      HOSTILE_PAGE;
		hostile_look(h, HOSTILE_ARENA + off);
		usleep(100);
	}
	return NULL;
}

static bool get_ready(struct hostile *h)
{
	size_t i;

	for (i = 0; i < HOSTILE_NR_FDS; i++)
		h->fds[i] = -1;
	h->ring = -1;
	/* One that has changed its user is closed to itself otherwise. */
	if (prctl(PR_SET_DUMPABLE, 1) ||
	    getrandom(&h->rng, sizeof(h->rng), 0) != sizeof(h->rng) ||
	    pipe2(h->pipe, O_CLOEXEC | O_NONBLOCK))
		return false;
	return mmap(HOSTILE_ARENA, HOSTILE_NR_ROOMS * HOSTILE_ROOM, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
		    MAP_FIXED_NOREPLACE, -1, 0) == HOSTILE_ARENA;
}

/**
 * hostile_run() - be hostile, as a child of the owner
 * @sock: where buffers come from; the first is waited for
 * @nr_ops: pointer to how often
 *
 * Return: exit status.
 */
int hostile_run(int sock, void *nr_ops)
{
	unsigned long nr = *(unsigned long *)nr_ops, i;
	static struct hostile h;
	pthread_t reader;

	h.sock = sock;
	if (!get_ready(&h))
		return HOSTILE_BROKEN;
	h.fds[0] = dvl_recv_fd(sock);
	if (h.fds[0] < 0 || pthread_create(&reader, NULL, read_on, &h))
		return HOSTILE_BROKEN;
	for (i = 0; i < nr && !h.secret_seen; i++) {
		if (!take_new_buffers(&h))
			return HOSTILE_BROKEN;
		do_any(&h);
	}
	h.stop = true;
	if (pthread_join(reader, NULL))
		return HOSTILE_BROKEN;
	return h.secret_seen ? HOSTILE_SAW_SECRET : HOSTILE_GOOD;
}
