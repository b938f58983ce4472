/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_EXTENT_H
#define DVP_EXTENT_H

#include <linux/types.h>

/* The most ranges of one export. */
#define DVP_MAX_RANGES	262144

struct vfio_region_dma_range;

/* A physically contiguous piece of a buffer. It starts where the one before ends. */
struct dvp_extent {
	/* Physical address of the first byte. */
	u64 addr;
	/* Offset in the buffer of its end, in bytes, exclusive. */
	u64 end;
};

int dvp_extent_judge(const struct vfio_region_dma_range *req, u32 nr,
		     u64 bar_len, u64 *size, u32 *nr_extents);
void dvp_extent_merge(const struct vfio_region_dma_range *req, u32 nr,
		      u64 bar_start, struct dvp_extent *extents);
u32 dvp_extent_find(const struct dvp_extent *extents, u32 nr, u64 offset);

static inline u64 dvp_extent_start(const struct dvp_extent *extents, u32 i)
{
	return i ? extents[i - 1].end : 0;
}

#endif /* DVP_EXTENT_H */
