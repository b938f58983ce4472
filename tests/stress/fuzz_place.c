// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where arguments are: mostly right before the end of a page that has nothing
 * behind it, where a byte read too many shows; now and then cut off there, in a
 * page that cannot be written, or nowhere.
 */
#include <string.h>

#include "fuzz.h"

/* Memory with nothing behind it. */
static void *make_room(size_t len)
{
	char *room = mmap(NULL, len + FUZZ_PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(room, MAP_FAILED);
	ck_assert_int_eq(mprotect(room + len, FUZZ_PAGE, PROT_NONE), 0);
	return room;
}

/**
 * fuzz_place_init() - make room for arguments
 * @fuzz: the round
 */
void fuzz_place_init(struct fuzz *fuzz)
{
	fuzz->memory = make_room(FUZZ_MEMORY);
	fuzz->frozen = make_room(FUZZ_PAGE);
}

static void place_frozen(struct fuzz *fuzz, const void *data, size_t len,
			 struct fuzz_place *place)
{
	fuzz_expect(fuzz, !mprotect(fuzz->frozen, FUZZ_PAGE,
				    PROT_READ | PROT_WRITE), "mprotect");
	place->ptr = fuzz->frozen + FUZZ_PAGE - len;
	memcpy(place->ptr, data, len);
	fuzz_expect(fuzz, !mprotect(fuzz->frozen, FUZZ_PAGE, PROT_READ),
		    "mprotect");
	place->writable = false;
}

static void *nowhere(struct fuzz *fuzz)
{
	switch (fuzz_below(fuzz, 4)) {
	case 0:
		return NULL;
	case 1:
		return (void *)-FUZZ_PAGE;
	case 2:
		/* No address at all, on a processor with 48 bits. */
		return (void *)(1UL << 63 | 1UL << 20);
	default:
		return fuzz->memory + FUZZ_MEMORY;
	}
}

/**
 * fuzz_place() - put arguments somewhere
 * @fuzz: the round
 * @data: the arguments
 * @len: how long they are, at most FUZZ_MEMORY
 * @place: filled in
 */
void fuzz_place(struct fuzz *fuzz, const void *data, size_t len,
		struct fuzz_place *place)
{
	*place = (struct fuzz_place){ .readable = len, .writable = true };
	switch (fuzz_below(fuzz, 32)) {
	case 0:
		place->readable = 0;
		place->ptr = nowhere(fuzz);
		return;
	case 1:
		if (len <= FUZZ_PAGE) {
			place_frozen(fuzz, data, len, place);
			return;
		}
		break;
	case 2:
		place->readable = fuzz_below(fuzz, len + 1);
		break;
	}
	place->ptr = fuzz->memory + FUZZ_MEMORY - place->readable;
	memcpy(place->ptr, data, place->readable);
}
