// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of a buffer: made, cut, moved, and given another protection.
 */
#include <errno.h>
#include <string.h>

#include "stress.h"

#define HUGE (2 * DVT_MIB)

static void add(struct stress_worker *worker, const struct stress_map *map)
{
	worker->maps[worker->nr_maps++] = *map;
}

static void unmap(struct stress_worker *worker, char *addr, size_t nr_pages)
{
	if (nr_pages && munmap(addr, nr_pages * STRESS_PAGE))
		stress_fail(worker, "munmap of %zu pages: %s", nr_pages,
			    strerror(errno));
}

/**
 * stress_map_drop() - unmap the whole of a mapping
 * @worker: who
 * @i: which of its mappings
 */
void stress_map_drop(struct stress_worker *worker, unsigned int i)
{
	unmap(worker, worker->maps[i].addr, worker->maps[i].nr_pages);
	worker->maps[i] = worker->maps[--worker->nr_maps];
}

/*
 * A slot for huge entries starts on their grid. Somebody else may take the
 * place meanwhile; the kernel finds another one then.
 */
static char *map_aligned(int fd, size_t len, int prot)
{
	char *room, *addr;

	room = mmap(NULL, len + HUGE, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (room == MAP_FAILED)
		return MAP_FAILED;
	munmap(room, len + HUGE);
	addr = (char *)(((uintptr_t)room + HUGE - 1) & ~(HUGE - 1));
	return mmap(addr, len, prot, MAP_SHARED, fd, 0);
}

/* What a map call should say: 0, a negative errno, or MAYBE 0 or -ENODEV. */
#define MAYBE 1

static int expected_of_map(struct stress_worker *worker,
			   const struct stress_buffer *buf, bool write,
			   unsigned int state)
{
	struct stress_slot *slot = &worker->shared->slots[buf->slot];

	if (write && buf->read_only)
		return -EACCES;
	if (stress_model_has_ended(state, buf->gen))
		return -ENODEV;
	if (stress_model_is_live(atomic_load(&slot->state), buf->gen))
		return 0;
	return MAYBE;
}

static void judge_map(struct stress_worker *worker,
		      const struct stress_map *map, int expected, int ret)
{
	stress_note(worker, "map", &map->buf, ret);
	if (expected == MAYBE ? ret && ret != -ENODEV : ret != expected)
		stress_fail(worker, "map of %u.%u: %s, not %s", map->buf.slot,
			    map->buf.gen, strerror(-ret),
			    expected == MAYBE ? "success or ENODEV" :
						 strerror(-expected));
}

static void map_part(struct stress_worker *worker,
		     const struct stress_handle *handle, struct stress_map *map)
{
	struct stress_slot *slot = &worker->shared->slots[handle->buf.slot];
	int prot = PROT_READ | (map->writable ? PROT_WRITE : 0);
	unsigned int state = atomic_load(&slot->state);
	size_t len = map->nr_pages * STRESS_PAGE;
	int ret;

	if (len >= HUGE && !map->page)
		map->addr = map_aligned(handle->fd, len, prot);
	else
		map->addr = mmap(NULL, len, prot, MAP_SHARED, handle->fd,
				 map->page * STRESS_PAGE);
	ret = map->addr == MAP_FAILED ? -errno : 0;
	if (!ret)
		add(worker, map);
	judge_map(worker, map,
		  expected_of_map(worker, &map->buf, map->writable, state),
		  ret);
}

static void map_wrongly(struct stress_worker *worker,
			const struct stress_handle *handle, uint32_t nr_pages)
{
	bool private = stress_one_in(worker, 2);
	char *addr;

	if (private)
		addr = mmap(NULL, STRESS_PAGE, PROT_READ, MAP_PRIVATE,
			    handle->fd, 0);
	else
		addr = mmap(NULL, 2 * STRESS_PAGE, PROT_READ, MAP_SHARED,
			    handle->fd, (nr_pages - 1) * STRESS_PAGE);
	if (addr != MAP_FAILED || errno != EINVAL)
		stress_fail(worker, "map of %u.%u, %s: %s, not EINVAL",
			    handle->buf.slot, handle->buf.gen,
			    private ? "private" : "past the end",
			    strerror(addr == MAP_FAILED ? errno : 0));
}

/**
 * stress_op_map() - map a buffer, or a part of it
 * @worker: who
 */
void stress_op_map(struct stress_worker *worker)
{
	const struct stress_handle *handle;
	struct stress_map map;
	uint32_t nr_pages;

	if (!worker->nr_handles)
		return;
	handle = &worker->handles[stress_below(worker, worker->nr_handles)];
	nr_pages = worker->shared->slots[handle->buf.slot].nr_pages;
	stress_note(worker, "map", &handle->buf, 0);
	if (stress_one_in(worker, 16)) {
		map_wrongly(worker, handle, nr_pages);
		return;
	}
	if (worker->nr_maps == STRESS_NR_MAPS)
		stress_map_drop(worker, stress_below(worker, worker->nr_maps));

	map = (struct stress_map){ .buf = handle->buf, .nr_pages = nr_pages };
	map.writable = stress_one_in(worker, handle->buf.read_only ? 16 : 2);
	if (stress_one_in(worker, 2)) {
		map.page = stress_below(worker, nr_pages);
		map.nr_pages = 1 + stress_below(worker, nr_pages - map.page);
	}
	map_part(worker, handle, &map);
}

static void cut_front(struct stress_worker *worker, struct stress_map *map,
		      uint32_t nr_pages)
{
	unmap(worker, map->addr, nr_pages);
	map->addr += nr_pages * STRESS_PAGE;
	map->page += nr_pages;
	map->nr_pages -= nr_pages;
}

/* Leaves @before pages, and those behind the hole as a mapping of their own. */
static void cut_hole(struct stress_worker *worker, struct stress_map *map,
		     uint32_t before, uint32_t nr_pages)
{
	uint32_t off = before + nr_pages;
	struct stress_map rest = *map;

	rest.addr += off * STRESS_PAGE;
	rest.page += off;
	rest.nr_pages -= off;
	if (rest.nr_pages && worker->nr_maps == STRESS_NR_MAPS)
		nr_pages += rest.nr_pages;
	else if (rest.nr_pages)
		add(worker, &rest);
	unmap(worker, map->addr + before * STRESS_PAGE, nr_pages);
	map->nr_pages = before;
}

/**
 * stress_op_unmap() - unmap a mapping, or a part of it
 * @worker: who
 */
void stress_op_unmap(struct stress_worker *worker)
{
	struct stress_map *map;
	uint32_t before, nr;
	unsigned int i;

	if (!worker->nr_maps)
		return;
	i = stress_below(worker, worker->nr_maps);
	map = &worker->maps[i];
	stress_note(worker, "unmap", &map->buf, 0);
	if (map->nr_pages < 2 || stress_one_in(worker, 2)) {
		stress_map_drop(worker, i);
		return;
	}
	nr = 1 + stress_below(worker, map->nr_pages - 1);
	before = stress_below(worker, map->nr_pages - nr + 1);
	if (before)
		cut_hole(worker, map, before, nr);
	else
		cut_front(worker, map, nr);
}

static void move(struct stress_worker *worker, struct stress_map *map)
{
	size_t len = map->nr_pages * STRESS_PAGE;
	char *room, *addr;

	room = mmap(NULL, len, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (room == MAP_FAILED) {
		stress_fail(worker, "no room: %s", strerror(errno));
		return;
	}
	addr = mremap(map->addr, len, len, MREMAP_MAYMOVE | MREMAP_FIXED,
		      room);
	if (addr == room)
		map->addr = addr;
	else
		stress_fail(worker, "mremap of %u.%u: %s", map->buf.slot,
			    map->buf.gen, strerror(errno));
}

/* A mapping never grows. */
static void grow(struct stress_worker *worker, const struct stress_map *map)
{
	size_t len = map->nr_pages * STRESS_PAGE;
	char *addr = mremap(map->addr, len, len + STRESS_PAGE, MREMAP_MAYMOVE);

	if (addr != MAP_FAILED || errno != EFAULT)
		stress_fail(worker, "mremap of %u.%u to a page more: %s, not EFAULT",
			    map->buf.slot, map->buf.gen,
			    strerror(addr == MAP_FAILED ? errno : 0));
}

/**
 * stress_op_move() - mremap() a mapping
 * @worker: who
 */
void stress_op_move(struct stress_worker *worker)
{
	struct stress_map *map;

	if (!worker->nr_maps)
		return;
	map = &worker->maps[stress_below(worker, worker->nr_maps)];
	stress_note(worker, "move", &map->buf, 0);
	if (stress_one_in(worker, 8))
		grow(worker, map);
	else
		move(worker, map);
}

/**
 * stress_op_protect() - mprotect() a mapping
 * @worker: who
 */
void stress_op_protect(struct stress_worker *worker)
{
	bool writable = stress_one_in(worker, 2);
	struct stress_map *map;
	int error, expected;

	if (!worker->nr_maps)
		return;
	map = &worker->maps[stress_below(worker, worker->nr_maps)];
	expected = writable && map->buf.read_only ? EACCES : 0;
	error = mprotect(map->addr, map->nr_pages * STRESS_PAGE,
			 PROT_READ | (writable ? PROT_WRITE : 0)) ? errno : 0;
	stress_note(worker, "protect", &map->buf, -error);
	if (error != expected)
		stress_fail(worker, "mprotect of %u.%u: %s, not %s",
			    map->buf.slot, map->buf.gen, strerror(error),
			    strerror(expected));
	else if (!error)
		map->writable = writable;
}
