// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arithmetic on the ranges of an export.
 *
 * A request is a list of {offset, length} in a BAR, in any order, with
 * overlaps and repeats. A buffer keeps it as a list of runs: ranges that
 * continue each other in the BAR and in the request are one run, and each run
 * carries the offset in the buffer at which it ends.
 *
 * Nothing here touches a device or takes a lock; tests/unit compiles this file
 * in user space.
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/vfio.h>

#include "uapi/dmabuf_vfio_pci.h"
#include "range.h"

/**
 * dvp_range_judge() - check a request against its BAR
 * @req: the ranges asked for
 * @nr: number of them, at least 1
 * @bar_len: bytes of the BAR that user space may map, a multiple of the page
 * @size: filled with the size of the buffer in bytes; fits loff_t
 * @nr_merged: filled with the number of runs that dvp_range_merge() will write
 *
 * Context: any; pure arithmetic.
 *
 * Return: 0; -EINVAL for a length of 0, a value off the page grid, or a range
 * that ends past the BAR; -EOVERFLOW where offset + length or the sum of the
 * lengths overflows.
 */
int dvp_range_judge(const struct vfio_region_dma_range *req, u32 nr,
		    u64 bar_len, u64 *size, u32 *nr_merged)
{
	const struct vfio_region_dma_range *last = req + nr;
	u64 total = 0;
	u64 bits = 0;
	u64 end = ~0ULL;	/* no range starts there: it is off the grid */
	u32 runs = 0;

	for (; req < last; req++) {
		u64 offset = req->offset;
		u64 length = req->length;

		bits |= offset | length;
		runs += offset != end;
		end = wrapping_add(u64, offset, length);
		if (end <= offset)
			return length ? -EOVERFLOW : -EINVAL;
		if (end > bar_len)
			return -EINVAL;
		/* Two that fit loff_t do not wrap when added; one that doesn't may. */
		total = wrapping_add(u64, total, length);
		if ((total | length) > LLONG_MAX)
			return -EOVERFLOW;
	}
	if (!IS_ALIGNED(bits, PAGE_SIZE))
		return -EINVAL;

	*size = total;
	*nr_merged = runs;
	return 0;
}

/**
 * dvp_range_merge() - write down the runs of a judged request
 * @req: the ranges, as dvp_range_judge() accepted them
 * @nr: number of them
 * @bar_start: physical address of the BAR
 * @ranges: room for the number of runs that dvp_range_judge() counted
 *
 * Context: any; pure arithmetic.
 */
void dvp_range_merge(const struct vfio_region_dma_range *req, u32 nr,
		     u64 bar_start, struct dvp_range *ranges)
{
	const struct vfio_region_dma_range *last = req + nr;
	u64 next = ~0ULL;	/* as above */
	u64 end = 0;

	for (; req < last; req++) {
		u64 offset = req->offset;
		u64 length = req->length;

		if (offset != next)
			(ranges++)->addr = bar_start + offset;
		end += length;
		ranges[-1].end = end;
		next = offset + length;
	}
}

/**
 * dvp_range_find() - the run that holds a byte of the buffer
 * @ranges: the runs of a buffer
 * @nr: number of them
 * @offset: offset in the buffer, in bytes
 *
 * Binary search for the first run that ends behind @offset.
 *
 * Context: any; pure arithmetic.
 *
 * Return: index of the run; @nr where @offset lies past the buffer.
 */
u32 dvp_range_find(const struct dvp_range *ranges, u32 nr, u64 offset)
{
	u32 low = 0, high = nr;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (ranges[mid].end > offset)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}
