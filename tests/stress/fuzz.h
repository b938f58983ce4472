/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls with arguments at random: features, mappings, config space. Most
 * arguments are near to right ones, so that calls get past the first check. Each
 * call has a verdict, which says what it may come to by the rules of the
 * contract; where several rules are broken, either errno will do.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "chance.h"
#include "dvt.h"

#define FUZZ_PAGE 4096UL

enum {
	FUZZ_NR_BARS = 6,
	FUZZ_NR_BUFFERS = 12,
	FUZZ_NR_OTHERS = 8,
	FUZZ_NR_MAPS = 6,
	FUZZ_NR_ERRNOS = 134,
};

/**
 * struct fuzz_bar - what VFIO says of a BAR
 * @len: in bytes; 0: there is none
 * @io: of I/O ports
 * @mmap: user space may map it
 */
struct fuzz_bar {
	uint64_t len;
	bool io;
	bool mmap;
};

/**
 * struct fuzz_buffer - a dma-buf that a call has made
 * @fd: its descriptor
 * @nr_pages: its size
 * @mode: O_RDONLY, O_WRONLY or O_RDWR
 * @revoked: it is revoked
 */
struct fuzz_buffer {
	int fd;
	uint64_t nr_pages;
	uint32_t mode;
	bool revoked;
};

/**
 * struct fuzz_other - a descriptor that is not one of a buffer of the device
 * @fd: the descriptor, or a number that is none
 * @error: what a call that wants a buffer says of it
 */
struct fuzz_other {
	int fd;
	int error;
};

/**
 * struct fuzz_map - a mapping, in a room of its own
 * @room: where the room starts
 * @addr: where the mapping is, NULL for none
 * @len: its length
 * @read_only: it can never be written
 * @buffer: index of the buffer, -1 for a BAR or a buffer that was closed
 */
struct fuzz_map {
	char *room;
	char *addr;
	size_t len;
	bool read_only;
	int buffer;
};

/**
 * struct fuzz - a round
 * @rng: numbers of the present call
 * @nr: number of the present call
 * @what: what it is
 * @usable: nothing has touched what blocks memory since it was known to be on
 * @event: an eventfd
 * @memory: where payloads are put, up to the end of a page with nothing behind
 * @frozen: a page for those that nobody may write
 */
struct fuzz {
	uint64_t seed;
	uint64_t rng;
	unsigned int nr;
	char what[160];
	struct dvl_device dev;
	uint64_t region_off[FUZZ_NR_BARS];
	struct fuzz_bar bars[FUZZ_NR_BARS];
	bool wc;
	bool usable;
	struct fuzz_buffer buffers[FUZZ_NR_BUFFERS];
	unsigned int nr_buffers;
	struct fuzz_other others[FUZZ_NR_OTHERS];
	unsigned int nr_others;
	int event;
	struct fuzz_map maps[FUZZ_NR_MAPS];
	char *memory;
	char *frozen;
	unsigned int nr_good;
	unsigned int nr_bad;
};

/**
 * struct fuzz_verdict - what a call may come to
 * @success: it may succeed
 * @errors: errnos that it may fail with
 */
struct fuzz_verdict {
	bool success;
	bool errors[FUZZ_NR_ERRNOS];
};

static inline uint32_t fuzz_below(struct fuzz *fuzz, uint32_t n)
{
	return chance_below(&fuzz->rng, n);
}

static inline bool fuzz_one_in(struct fuzz *fuzz, uint32_t n)
{
	return chance_one_in(&fuzz->rng, n);
}

/* fuzz_judge.c: verdicts */
void fuzz_allow(struct fuzz_verdict *verdict, int error);
void fuzz_refuse(struct fuzz_verdict *verdict, int error);
__attribute__((format(printf, 2, 3)))
void fuzz_say(struct fuzz *fuzz, const char *format, ...);
void fuzz_judge(struct fuzz *fuzz, const struct fuzz_verdict *verdict,
		int64_t result);
void fuzz_expect(const struct fuzz *fuzz, bool good, const char *what);

/* fuzz_place.c: where arguments are */
#define FUZZ_MEMORY (5 * DVT_MIB)

/**
 * struct fuzz_place - arguments in memory
 * @ptr: where they start
 * @readable: how many bytes of them the kernel can read
 * @writable: it can write them, too
 */
struct fuzz_place {
	void *ptr;
	size_t readable;
	bool writable;
};

void fuzz_place_init(struct fuzz *fuzz);
void fuzz_place(struct fuzz *fuzz, const void *data, size_t len,
		struct fuzz_place *place);

/* fuzz_buffer.c: descriptors */
void fuzz_buffer_add(struct fuzz *fuzz, int fd, uint64_t nr_pages,
		     uint32_t mode);
void fuzz_buffer_drop(struct fuzz *fuzz, unsigned int i);
void fuzz_others_add(struct fuzz *fuzz, int fd, int error);
/* A descriptor of any kind, and what is said of it; @buffer is -1 or its index. */
int fuzz_any_fd(struct fuzz *fuzz, int *error, int *buffer);

/* fuzz_export.c, fuzz_feature.c */
#define FUZZ_HEAD sizeof(struct vfio_device_feature)

/**
 * struct fuzz_call - a feature call
 * @argsz: as it is said
 * @flags: the feature and the operation
 * @len: bytes of @data
 * @data: the payload
 */
struct fuzz_call {
	uint32_t argsz;
	uint32_t flags;
	size_t len;
	uint8_t *data;
};

void fuzz_export_make(struct fuzz *fuzz, uint32_t number,
		      struct fuzz_call *call);
void fuzz_export_judge(const struct fuzz *fuzz, uint32_t number,
		       const struct fuzz_call *call,
		       const struct fuzz_place *place,
		       struct fuzz_verdict *verdict);
void fuzz_export_done(struct fuzz *fuzz, const struct fuzz_call *call,
		      int fd);
void fuzz_feature(struct fuzz *fuzz);

/* fuzz_map.c, fuzz_mmap.c */
#define FUZZ_ROOM (128 * DVT_MIB)

void fuzz_mmap(struct fuzz *fuzz, struct fuzz_map *map);
void fuzz_map_init(struct fuzz *fuzz);
void fuzz_map(struct fuzz *fuzz);
void fuzz_map_reserve(const struct fuzz *fuzz, struct fuzz_map *map);
int64_t fuzz_map_touch(struct fuzz *fuzz, const struct fuzz_map *map);
void fuzz_map_touch_all(struct fuzz *fuzz);
void fuzz_map_forget(struct fuzz *fuzz, unsigned int buffer);

/* fuzz_config.c */
void fuzz_config(struct fuzz *fuzz);
void fuzz_reset(struct fuzz *fuzz);
void fuzz_settle(struct fuzz *fuzz);

#endif /* FUZZ_H */
