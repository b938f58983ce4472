// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap of buffers and of the device, with arguments at random. Those that nothing
 * can be said against must succeed; the kernel itself has things to say about the
 * others, but none of them may give what the contract denies.
 */
#include <errno.h>

#include "fuzz.h"

/**
 * struct request - an mmap call
 * @pages: how long what is mapped is
 * @region: where it starts, in the file
 * @right: arguments that nothing can be said against
 * @shared: shared, and no other kind of mapping
 */
struct request {
	int fd;
	size_t len;
	int prot;
	int flags;
	uint64_t off;
	uint64_t pages;
	uint64_t region;
	bool right;
	bool shared;
};

static uint64_t odd_len(struct fuzz *fuzz, uint64_t pages)
{
	switch (fuzz_below(fuzz, 6)) {
	case 0:
		return 0;
	case 1:
		return 1 + fuzz_below(fuzz, FUZZ_PAGE);
	case 2:
		return (pages + 1) * FUZZ_PAGE;
	case 3:
		return 1UL << fuzz_below(fuzz, 64);
	case 4:
		return -FUZZ_PAGE;
	default:
		return fuzz_below(fuzz, FUZZ_ROOM);
	}
}

static uint64_t odd_off(struct fuzz *fuzz, uint64_t pages)
{
	switch (fuzz_below(fuzz, 5)) {
	case 0:
		return pages * FUZZ_PAGE;
	case 1:
		return 1UL << fuzz_below(fuzz, 63);
	case 2:
		return -FUZZ_PAGE;
	case 3:
		return 1 + fuzz_below(fuzz, FUZZ_PAGE - 1);
	default:
		return fuzz_below(fuzz, 256) * (FUZZ_PAGE << 8);
	}
}

static void make_right(struct fuzz *fuzz, struct request *req)
{
	uint64_t page = 0, pages = req->pages ? req->pages : 1;

	if (fuzz_one_in(fuzz, 2))
		page = fuzz_below(fuzz, pages);
	req->off = page * FUZZ_PAGE;
	req->len = (1 + fuzz_below(fuzz, pages - page)) * FUZZ_PAGE;
	if (req->len > FUZZ_ROOM)
		req->len = FUZZ_ROOM;
	req->prot = fuzz_one_in(fuzz, 2) ? PROT_READ : PROT_READ | PROT_WRITE;
	req->flags = MAP_SHARED;
	req->right = true;
	req->shared = true;
}

static void spoil(struct fuzz *fuzz, struct request *req)
{
	static const int more[] = {
		MAP_POPULATE, MAP_NONBLOCK, MAP_LOCKED, MAP_NORESERVE,
		MAP_HUGETLB, MAP_SYNC, MAP_STACK, MAP_GROWSDOWN, MAP_DENYWRITE,
	};

	req->right = false;
	switch (fuzz_below(fuzz, 6)) {
	case 0:
		req->len = odd_len(fuzz, req->pages);
		break;
	case 1:
		req->off = odd_off(fuzz, req->pages);
		break;
	case 2:
		req->prot = fuzz_below(fuzz, 16);
		break;
	case 3:
		req->flags |= more[fuzz_below(fuzz, DVT_ARRAY_SIZE(more))];
		break;
	case 4:
		req->flags = MAP_PRIVATE;
		req->shared = false;
		break;
	default:
		req->flags = MAP_SHARED_VALIDATE;
	}
}

static bool fits(const struct request *req)
{
	uint64_t pages = (req->len + FUZZ_PAGE - 1) / FUZZ_PAGE;
	uint64_t page = req->off / FUZZ_PAGE;

	return req->len && req->off % FUZZ_PAGE == 0 && page <= req->pages &&
	       pages <= req->pages - page;
}

static void judge(const struct request *req, uint32_t mode, bool revoked,
		  struct fuzz_verdict *verdict)
{
	static const int errors[] = {
		EINVAL, EACCES, EPERM, ENOMEM, EOVERFLOW, EAGAIN, ENODEV,
		EOPNOTSUPP, EBADF,
	};
	bool allowed = mode != O_WRONLY &&
		       !(mode == O_RDONLY && req->prot & PROT_WRITE);
	size_t i;

	*verdict = (struct fuzz_verdict){
		.success = fits(req) && req->shared && allowed && !revoked,
	};
	if (!req->right) {
		for (i = 0; i < DVT_ARRAY_SIZE(errors); i++)
			fuzz_allow(verdict, errors[i]);
		return;
	}
	if (!allowed)
		fuzz_refuse(verdict, EACCES);
	if (!fits(req))
		fuzz_refuse(verdict, EINVAL);
	if (revoked)
		fuzz_refuse(verdict, ENODEV);
}

static void call_mmap(struct fuzz *fuzz, struct fuzz_map *map,
		      struct request *req, uint32_t mode, bool revoked)
{
	bool fixed = req->len <= FUZZ_ROOM && req->len;
	struct fuzz_verdict verdict;
	char *addr;

	fuzz_say(fuzz, "mmap of %#zx at %#lx, prot %#x, flags %#x, %#lx pages%s",
		 req->len, req->off, req->prot, req->flags, req->pages,
		 map->buffer < 0 ? " of a BAR" : "");
	judge(req, mode, revoked, &verdict);
	addr = mmap(fixed ? map->room : NULL, req->len, req->prot,
		    req->flags | (fixed ? MAP_FIXED : 0), req->fd,
		    req->region + req->off);
	fuzz_judge(fuzz, &verdict, addr == MAP_FAILED ? -errno : 0);
	if (addr == MAP_FAILED) {
		fuzz_map_reserve(fuzz, map);
		return;
	}
	if (!fixed) {
		munmap(addr, req->len);
		return;
	}
	map->addr = addr;
	map->len = (req->len + FUZZ_PAGE - 1) & ~(FUZZ_PAGE - 1);
	map->read_only = mode == O_RDONLY;
	if (req->prot & PROT_READ)
		fuzz_expect(fuzz, fuzz_map_touch(fuzz, map) != DVT_SIGSEGV,
			    "SIGSEGV");
}

static void map_buffer(struct fuzz *fuzz, struct fuzz_map *map)
{
	struct fuzz_buffer *buffer;
	struct request req = { 0 };

	if (!fuzz->nr_buffers)
		return;
	map->buffer = fuzz_below(fuzz, fuzz->nr_buffers);
	buffer = &fuzz->buffers[map->buffer];
	req.fd = buffer->fd;
	req.pages = buffer->nr_pages;
	make_right(fuzz, &req);
	if (fuzz_one_in(fuzz, 3))
		spoil(fuzz, &req);
	call_mmap(fuzz, map, &req, buffer->mode, buffer->revoked);
}

static void map_bar(struct fuzz *fuzz, struct fuzz_map *map)
{
	unsigned int bar = fuzz_below(fuzz, FUZZ_NR_BARS);
	struct request req = { .fd = fuzz->dev.fd };

	map->buffer = -1;
	if (fuzz->bars[bar].mmap)
		req.pages = (fuzz->bars[bar].len + FUZZ_PAGE - 1) / FUZZ_PAGE;
	req.region = fuzz->region_off[bar];
	make_right(fuzz, &req);
	if (fuzz_one_in(fuzz, 3))
		spoil(fuzz, &req);
	/* An offset past the region's room is one of another region. */
	req.off %= 1UL << 40;
	call_mmap(fuzz, map, &req, O_RDWR, false);
}

/**
 * fuzz_mmap() - try to make a mapping
 * @fuzz: the round
 * @map: where it goes; there is none
 */
void fuzz_mmap(struct fuzz *fuzz, struct fuzz_map *map)
{
	if (fuzz_one_in(fuzz, 4))
		map_bar(fuzz, map);
	else
		map_buffer(fuzz, map);
}
