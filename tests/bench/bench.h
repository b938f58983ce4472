/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the benchmark share. It runs in a virtual machine in which
 * the clock counts instructions, one a nanosecond, and measures the same thing
 * twice in one boot: with a device bound to the driver, and with its twin bound
 * to vfio-pci. It prints figures and judges nothing: "bounds" has what they must
 * reach.
 *
 * What must work and does not ends the program, with a word on why.
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
#define BENCH_SLOT (2 * BENCH_MIB)
#define BENCH_BAR 2
#define BENCH_BAR_LEN (64 * BENCH_MIB)
#define BENCH_BIG_LEN BENCH_GIB

/**
 * struct bench_device - an open device
 * @dev: the device
 * @ours: it is bound to the driver, and not to vfio-pci
 * @bar: where its BAR begins in its descriptor
 * @config: and where its config space does
 */
struct bench_device {
	struct dvl_device dev;
	bool ours;
	uint64_t bar;
	uint64_t config;
};

/**
 * struct bench_side - one of the two drivers that are compared
 * @name: "ours" or "in-tree"
 * @dev: a device with a BAR of BENCH_BAR_LEN
 * @big: one with a BAR of BENCH_BIG_LEN
 * @exports: the driver exports dma-bufs
 */
struct bench_side {
	const char *name;
	struct bench_device dev;
	struct bench_device big;
	bool exports;
};

/**
 * struct bench_request - an export, as the kernel takes it
 * @call: the feature call
 * @payload: the export
 * @ranges: its ranges
 */
struct bench_request {
	struct vfio_device_feature call;
	struct vfio_device_feature_dma_buf payload;
	struct vfio_region_dma_range ranges[];
};

/* bench_main.c */
__attribute__((format(printf, 1, 2), noreturn))
void bench_die(const char *format, ...);
void bench_print(const char *figure, const char *side, double value);

/* Ends the program if what @call returns is negative. */
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
void bench_open(struct bench_device *device, const char *role, bool ours);
bool bench_can_export(const struct bench_device *device);
struct bench_request *bench_request(unsigned int nr_ranges);
int bench_export(const struct bench_device *device,
		 const struct bench_request *req);
int bench_piece(const struct bench_device *device, uint64_t off, size_t len);
char *bench_room(size_t len);
char *bench_map(const struct bench_device *device, int piece, uint64_t off,
		size_t len, void *at);
void bench_unmap(void *map, size_t len);
void bench_close_piece(const struct bench_device *device, int piece);

/* The parts; each prints its own figures. */
void bench_anywhere(const struct bench_side *side);
void bench_touch(const struct bench_side *side);
void bench_ranges(const struct bench_side *side);
void bench_calls(const struct bench_side *side);
void bench_decode(const struct bench_side *side);
void bench_revoke(const struct bench_side *side);
void bench_memory(const struct bench_side *side);
void bench_cpus(const struct bench_side *side);
void bench_cpus_print(const struct bench_side *side);

#endif /* BENCH_H */
