// SPDX-License-Identifier: GPL-2.0-only
/*
 * What becomes of mappings: mprotect, mremap, munmap and advice with arguments at
 * random. Each mapping has a room of its own, so that what reaches past it hits
 * nothing else.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz.h"

/**
 * fuzz_map_reserve() - end a mapping, and what has become of it
 * @fuzz: the round
 * @map: the mapping; its room stays
 */
void fuzz_map_reserve(const struct fuzz *fuzz, struct fuzz_map *map)
{
	char *room = mmap(map->room, FUZZ_ROOM, PROT_NONE, MAP_PRIVATE |
			  MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);

	fuzz_expect(fuzz, room == map->room, "no room");
	map->addr = NULL;
}

/**
 * fuzz_map_init() - make rooms
 * @fuzz: the round
 */
void fuzz_map_init(struct fuzz *fuzz)
{
	char *rooms = mmap(NULL, FUZZ_NR_MAPS * FUZZ_ROOM, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned int i;

	ck_assert_ptr_ne(rooms, MAP_FAILED);
	for (i = 0; i < FUZZ_NR_MAPS; i++)
		fuzz->maps[i] = (struct fuzz_map){
			.room = rooms + i * FUZZ_ROOM,
			.buffer = -1,
		};
}

/**
 * fuzz_map_forget() - a buffer's place is given to another one
 * @fuzz: the round
 * @buffer: index of the buffer
 */
void fuzz_map_forget(struct fuzz *fuzz, unsigned int buffer)
{
	unsigned int i;

	for (i = 0; i < FUZZ_NR_MAPS; i++)
		if (fuzz->maps[i].buffer == (int)buffer)
			fuzz->maps[i].buffer = -1;
}

/**
 * fuzz_map_touch() - read a word of a mapping
 * @fuzz: the round
 * @map: the mapping
 *
 * Nothing is known of the word. A buffer that is live must be there, and one that
 * was revoked must not.
 *
 * Return: what dvt_read32() gives.
 */
int64_t fuzz_map_touch(struct fuzz *fuzz, const struct fuzz_map *map)
{
	size_t off = fuzz_below(fuzz, map->len / FUZZ_PAGE) * FUZZ_PAGE;
	int64_t got = dvt_read32(map->addr + off);

	if (map->buffer < 0)
		return got;
	if (fuzz->buffers[map->buffer].revoked)
		fuzz_expect(fuzz, got < 0, "a read after REVOKE");
	else if (fuzz->usable)
		fuzz_expect(fuzz, got != DVT_SIGBUS,
			    "SIGBUS from memory that is there");
	return got;
}

/**
 * fuzz_map_touch_all() - read a word of each mapping
 * @fuzz: the round
 */
void fuzz_map_touch_all(struct fuzz *fuzz)
{
	unsigned int i;

	for (i = 0; i < FUZZ_NR_MAPS; i++)
		if (fuzz->maps[i].addr)
			fuzz_map_touch(fuzz, &fuzz->maps[i]);
}

static int any_prot(struct fuzz *fuzz)
{
	return fuzz_one_in(fuzz, 8) ? (int)chance_any(&fuzz->rng) :
				      (int)fuzz_below(fuzz, 8);
}

static void protect(struct fuzz *fuzz, struct fuzz_map *map)
{
	size_t off = fuzz_below(fuzz, map->len / FUZZ_PAGE) * FUZZ_PAGE;
	size_t len = fuzz_below(fuzz, map->len - off + 1);
	struct fuzz_verdict verdict = { .success = true };
	int prot = any_prot(fuzz);

	fuzz_say(fuzz, "mprotect at %#zx, %#zx, prot %#x", off, len, prot);
	if (fuzz_one_in(fuzz, 16))
		off += 1 + fuzz_below(fuzz, FUZZ_PAGE - 1);
	if (map->read_only && prot & PROT_WRITE && len)
		verdict.success = false;
	fuzz_allow(&verdict, EACCES);
	fuzz_allow(&verdict, EINVAL);
	fuzz_allow(&verdict, ENOMEM);
	fuzz_judge(fuzz, &verdict,
		   mprotect(map->addr + off, len, prot) ? -errno : 0);
	fuzz_map_touch(fuzz, map);
}

/* Back into its own room, whatever becomes of it. */
static void move(struct fuzz *fuzz, struct fuzz_map *map)
{
	static const int any_flags[] = {
		0, MREMAP_MAYMOVE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 8, ~0,
	};
	size_t off = fuzz_below(fuzz, map->len / FUZZ_PAGE) * FUZZ_PAGE;
	size_t old = fuzz_below(fuzz, map->len - off + 1);
	size_t new = fuzz_one_in(fuzz, 2) ? fuzz_below(fuzz, FUZZ_ROOM) : old;
	struct fuzz_verdict verdict = { .success = true };
	int flags = any_flags[fuzz_below(fuzz, DVT_ARRAY_SIZE(any_flags))];
	size_t size = (old + FUZZ_PAGE - 1) & ~(FUZZ_PAGE - 1);
	char *addr;

	fuzz_say(fuzz, "mremap at %#zx, %#zx to %#zx, flags %#x", off, old, new,
		 flags);
	verdict.success = new && new <= size;
	fuzz_allow(&verdict, EFAULT);
	fuzz_allow(&verdict, EINVAL);
	fuzz_allow(&verdict, ENOMEM);
	fuzz_allow(&verdict, EAGAIN);
	addr = mremap(map->addr + off, old, new, flags);
	fuzz_judge(fuzz, &verdict, addr == MAP_FAILED ? -errno : 0);
	if (addr != MAP_FAILED && (addr < map->room || addr >= map->room + FUZZ_ROOM))
		munmap(addr, new);
	fuzz_map_reserve(fuzz, map);
}

static void unmap(struct fuzz *fuzz, struct fuzz_map *map)
{
	size_t off = fuzz_below(fuzz, map->len / FUZZ_PAGE) * FUZZ_PAGE;
	size_t len = 1 + fuzz_below(fuzz, map->len - off);

	fuzz_say(fuzz, "munmap at %#zx, %#zx", off, len);
	fuzz_expect(fuzz, !munmap(map->addr + off, len), "munmap failed");
	fuzz_map_reserve(fuzz, map);
}

/* Not the advice to poison memory. */
static void advise(struct fuzz *fuzz, struct fuzz_map *map)
{
	int advice = fuzz_below(fuzz, 32);

	fuzz_say(fuzz, "madvise %d", advice);
	madvise(map->addr, map->len, advice);
	if (fuzz_one_in(fuzz, 2) && !mlock(map->addr, map->len))
		munlock(map->addr, map->len);
	msync(map->addr, map->len, fuzz_below(fuzz, 8));
	fuzz_map_touch(fuzz, map);
}

static void change(struct fuzz *fuzz, struct fuzz_map *map)
{
	switch (fuzz_below(fuzz, 5)) {
	case 0:
		protect(fuzz, map);
		break;
	case 1:
		move(fuzz, map);
		break;
	case 2:
		unmap(fuzz, map);
		break;
	case 3:
		advise(fuzz, map);
		break;
	default:
		fuzz_map_reserve(fuzz, map);
	}
}

/**
 * fuzz_map() - make a mapping, or change one
 * @fuzz: the round
 */
void fuzz_map(struct fuzz *fuzz)
{
	struct fuzz_map *map = &fuzz->maps[fuzz_below(fuzz, FUZZ_NR_MAPS)];

	fuzz_say(fuzz, "map");
	if (map->addr)
		change(fuzz, map);
	else
		fuzz_mmap(fuzz, map);
}
