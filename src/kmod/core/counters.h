/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of a device, per CPU. Reading them takes no lock that a reset needs, and
 * counting shares no cache line with another CPU. An object can begin on one CPU and end
 * on another, so only the sum has a meaning.
 */
#ifndef DVP_COUNTERS_H
#define DVP_COUNTERS_H

#include <linux/percpu.h>
#include <linux/types.h>

/* The count of live objects stands right before its total. */
enum dvp_counter {
	/* Buffers that a feature call made. */
	DVP_EXPORTS_LIVE,
	DVP_EXPORTS_TOTAL,
	/* VMAs over buffers. */
	DVP_MAPPINGS_LIVE,
	DVP_MAPPINGS_TOTAL,
	/* Mappings for DMA. */
	DVP_IMPORTS_LIVE,
	DVP_IMPORTS_TOTAL,
	/* Faults that inserted entries, and that raised SIGBUS. */
	DVP_FAULTS,
	DVP_REFUSED,
	/* Buffers revoked; times that memory went and came back. */
	DVP_REVOKES,
	DVP_BLOCKS,
	DVP_RESTORES,
	DVP_NR_COUNTERS,
};

struct dvp_counters {
	u64 values[DVP_NR_COUNTERS];
};

static inline void dvp_counters_inc(struct dvp_counters __percpu *counters,
				    enum dvp_counter counter)
{
	this_cpu_inc(counters->values[counter]);
}

static inline void dvp_counters_begin(struct dvp_counters __percpu *counters,
				      enum dvp_counter live)
{
	this_cpu_inc(counters->values[live]);
	this_cpu_inc(counters->values[live + 1]);
}

static inline void dvp_counters_end(struct dvp_counters __percpu *counters,
				    enum dvp_counter live)
{
	this_cpu_dec(counters->values[live]);
}

static inline u64 dvp_counters_read(struct dvp_counters __percpu *counters,
				    enum dvp_counter counter)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(counters, cpu)->values[counter]);
	return sum;
}

#endif /* DVP_COUNTERS_H */
