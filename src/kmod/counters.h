/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happens to the buffers of a device, in numbers.
 */
#ifndef DVP_COUNTERS_H
#define DVP_COUNTERS_H

#include <linux/atomic.h>
#include <linux/types.h>

struct dvp_buffer;
struct dvp_gate;

/**
 * enum dvp_counter - what is counted for each device
 * @DVP_EXPORTS_LIVE: buffers that a feature call made and that are there
 * @DVP_EXPORTS_TOTAL: and all that there ever were
 * @DVP_BAR_MMAPS_LIVE: buffers behind mappings of the device's descriptor
 * @DVP_BAR_MMAPS_TOTAL: and all that there ever were
 * @DVP_MAPPINGS_LIVE: VMAs over buffers
 * @DVP_MAPPINGS_TOTAL: and all that there ever were
 * @DVP_IMPORTS_LIVE: mappings for DMA
 * @DVP_IMPORTS_TOTAL: and all that there ever were
 * @DVP_FAULTS: faults that put entries in place; without those of live buffers
 * @DVP_REFUSED: faults that raised SIGBUS; without those of live buffers
 * @DVP_REVOKES: buffers revoked for good
 * @DVP_BLOCKS: times that memory went
 * @DVP_RESTORES: times that memory came back
 * @DVP_NR_COUNTERS: number of them
 *
 * What is live stands right before its total.
 */
enum dvp_counter {
	DVP_EXPORTS_LIVE,
	DVP_EXPORTS_TOTAL,
	DVP_BAR_MMAPS_LIVE,
	DVP_BAR_MMAPS_TOTAL,
	DVP_MAPPINGS_LIVE,
	DVP_MAPPINGS_TOTAL,
	DVP_IMPORTS_LIVE,
	DVP_IMPORTS_TOTAL,
	DVP_FAULTS,
	DVP_REFUSED,
	DVP_REVOKES,
	DVP_BLOCKS,
	DVP_RESTORES,
	DVP_NR_COUNTERS,
};

/**
 * struct dvp_counters - the counters of a device
 * @values: by &enum dvp_counter
 */
struct dvp_counters {
	atomic64_t values[DVP_NR_COUNTERS];
};

/**
 * dvp_counters_begin() - there is one more of what is live
 * @counters: the counters
 * @live: what it is
 *
 * Context: any.
 */
static inline void dvp_counters_begin(struct dvp_counters *counters,
				      enum dvp_counter live)
{
	atomic64_inc(&counters->values[live]);
	atomic64_inc(&counters->values[live + 1]);
}

/**
 * dvp_counters_end() - there is one less
 * @counters: the counters
 * @live: what it is
 *
 * Context: any.
 */
static inline void dvp_counters_end(struct dvp_counters *counters,
				    enum dvp_counter live)
{
	atomic64_dec(&counters->values[live]);
}

void dvp_counters_join_locked(struct dvp_gate *gate, struct dvp_buffer *buf);
void dvp_counters_leave_locked(struct dvp_gate *gate, struct dvp_buffer *buf);
void dvp_counters_revoke_locked(struct dvp_gate *gate, struct dvp_buffer *buf);
void dvp_counters_causes_locked(struct dvp_gate *gate);
u64 dvp_counters_read(struct dvp_gate *gate, enum dvp_counter counter);

#endif /* DVP_COUNTERS_H */
