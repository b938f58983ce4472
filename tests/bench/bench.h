/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the parts of the benchmark. It runs in a virtual machine whose clock
 * counts instructions, one a nanosecond, and measures the same thing twice in one
 * boot: on a device bound to the driver, and on its twin bound to vfio-pci. The
 * program prints figures; the file "bounds" says what they must reach.
 *
 * A call that fails ends the program, unless bench_missing() says that only one
 * figure is missing.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <x86intrin.h>

#include "dvl.h"

#define BENCH_PAGE 0x1000UL
#define BENCH_MIB (1024UL * 1024)
#define BENCH_GIB (1024 * BENCH_MIB)
/* Mappings in slots of their own share no page table. */
#define BENCH_SLOT (2 * BENCH_MIB)
#define BENCH_BAR 2
#define BENCH_BAR_LEN (64 * BENCH_MIB)
#define BENCH_BIG_LEN BENCH_GIB
#define BENCH_ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

struct bench_device {
	struct dvl_device dev;
	/* Where the BAR and the config space begin in the device fd. */
	uint64_t bar;
	uint64_t config;
};

/* One of the two drivers. */
struct bench_side {
	/* As printed: "ours" or "in-tree". */
	const char *name;
	bool ours;
	/* A device with a BAR of BENCH_BAR_LEN, and one of BENCH_BIG_LEN. */
	struct bench_device dev;
	struct bench_device big;
	/* The driver answers VFIO_DEVICE_FEATURE_DMA_BUF. */
	bool exports;
};

/* An export, as the kernel takes it. */
struct bench_request {
	struct vfio_device_feature call;
	struct vfio_device_feature_dma_buf payload;
	struct vfio_region_dma_range ranges[];
};

/* bench_main.c */
__attribute__((format(printf, 1, 2), noreturn))
void bench_die(const char *format, ...);
void bench_print(const char *figure, const char *side, double value);
void bench_missing(const char *figure, const char *why);

/* Ends the program if @call returns a negative value. */
#define bench_must(call)						\
	({								\
		__typeof__(call) must_ret = (call);			\
		if (must_ret < 0)					\
			bench_die("%s: %m, %ld", #call, (long)must_ret);\
		must_ret;						\
	})

static inline uint64_t bench_clock(void)
{
	unsigned int cpu;

	return __rdtscp(&cpu);
}

static inline void bench_keep_least(uint64_t *least, uint64_t value)
{
	if (value < *least)
		*least = value;
}

/* bench_profile.c */
#define BENCH_PROFILE_ROUNDS 5
void bench_profile_open(void);
bool bench_profile_begin(const char *figure, const struct bench_side *side);
void bench_mark_begin(void);
void bench_mark_end(void);
void bench_profile_end(void);

/* bench_device.c */
void bench_open(struct bench_device *device, const char *role);
bool bench_can_export(const struct bench_device *device);
struct bench_request *bench_request(unsigned int nr_ranges);
int bench_export(const struct bench_device *device,
		 const struct bench_request *req);
int bench_export_one(const struct bench_device *device, size_t len,
		     uint32_t flags);
char *bench_room(size_t len);
char *bench_map_bar(const struct bench_device *device, uint64_t off,
		    size_t len, void *at);
char *bench_map_buffer(int fd, size_t len, void *at);
void bench_unmap(void *map, size_t len);

/* bench_set.c */
#define BENCH_SET_MOST 10000

/* Many buffers and mappings of a page each. */
struct bench_set {
	const struct bench_device *device;
	unsigned int nr_fds;
	unsigned int nr_maps;
	int fds[BENCH_SET_MOST];
	char *maps[BENCH_SET_MOST];
};

struct bench_set *bench_set_new(const struct bench_device *device);
void bench_set_export(struct bench_set *set, unsigned int nr);
void bench_set_map(struct bench_set *set, unsigned int nr, char *room);
void bench_set_map_bar(struct bench_set *set, unsigned int nr, char *room);
void bench_set_touch(const struct bench_set *set);
void bench_set_free(struct bench_set *set);

/* bench_revoke.c */
void bench_revoke_one(const struct bench_device *device, int fd);

/* bench_stall.c */
struct bench_stall {
	pid_t borrower;
	pid_t revoker;
	int sock;
};

const char *bench_stall_begin(struct bench_stall *stall,
			      const struct bench_device *device);
bool bench_stall_end(struct bench_stall *stall);

/* The parts; each prints figures of one side. */
void bench_decode_unmapped(const struct bench_side *side);
void bench_decode_mapped(const struct bench_side *side);
void bench_intx(const struct bench_side *side);
void bench_touch(const struct bench_side *side);
void bench_ranges(const struct bench_side *side);
void bench_calls(const struct bench_side *side);
void bench_revoke(const struct bench_side *side);
void bench_memory(const struct bench_side *side);

#endif /* BENCH_H */
