/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_RANGE_H
#define DVP_RANGE_H

#include <linux/types.h>

/* The most ranges of one export. */
#define DVP_MAX_RANGES	262144

struct vfio_region_dma_range;

/**
 * struct dvp_range - physically contiguous run of a buffer
 * @addr: physical address of the first byte
 * @end: offset in the buffer at which the run ends, in bytes, exclusive
 *
 * A run starts where the one before it ends, the first one at 0, so two words
 * describe it and the ends are what the lookup searches.
 */
struct dvp_range {
	u64 addr;
	u64 end;
};

int dvp_range_judge(const struct vfio_region_dma_range *req, u32 nr,
		    u64 bar_len, u64 *size, u32 *nr_merged);
void dvp_range_merge(const struct vfio_region_dma_range *req, u32 nr,
		     u64 bar_start, struct dvp_range *ranges);
u32 dvp_range_find(const struct dvp_range *ranges, u32 nr, u64 offset);

/**
 * dvp_range_start() - where in the buffer a run starts
 * @ranges: the runs of a buffer
 * @i: index of the run
 *
 * Return: offset in bytes.
 */
static inline u64 dvp_range_start(const struct dvp_range *ranges, u32 i)
{
	return i ? ranges[i - 1].end : 0;
}

#endif /* DVP_RANGE_H */
