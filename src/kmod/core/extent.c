// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arithmetic on the ranges of an export.
 *
 * A request is a list of {offset, length} in a BAR, in any order, with overlaps and
 * repeats. A buffer keeps it as extents: ranges that continue each other in the BAR and
 * in the request are one extent.
 *
 * Nothing here touches a device or takes a lock; tests/unit compiles this file in user
 * space.
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/vfio.h>

#include "uapi/dmabuf_vfio_pci.h"
#include "core/extent.h"

/*
 * Check at least one range against the part of the BAR that user space may map, whose
 * length is page-aligned. Fills in the size of the buffer, which fits loff_t, and the
 * number of extents for dvp_extent_merge(). Returns -EINVAL for a length of 0, a value
 * off the page grid, or a range that ends past the BAR; -EOVERFLOW if offset + length or
 * the sum of the lengths overflows.
 */
int dvp_extent_judge(const struct vfio_region_dma_range *req, u32 nr,
		     u64 bar_len, u64 *size, u32 *nr_extents)
{
	const struct vfio_region_dma_range *last = req + nr;
	u64 total = 0;
	u64 bits = 0;
	u64 end = ~0ULL;	/* no range starts there: it is off the grid */
	u32 extents = 0;

	for (; req < last; req++) {
		u64 offset = req->offset;
		u64 length = req->length;

		bits |= offset | length;
		extents += offset != end;
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
	*nr_extents = extents;
	return 0;
}

/* Write the extents of a judged request. There is room for as many as it has. */
void dvp_extent_merge(const struct vfio_region_dma_range *req, u32 nr,
		      u64 bar_start, struct dvp_extent *extents)
{
	const struct vfio_region_dma_range *last = req + nr;
	u64 next = ~0ULL;	/* as above */
	u64 end = 0;

	for (; req < last; req++) {
		u64 offset = req->offset;
		u64 length = req->length;

		if (offset != next)
			(extents++)->addr = bar_start + offset;
		end += length;
		extents[-1].end = end;
		next = offset + length;
	}
}

/* The index of the extent that holds an offset of the buffer; nr past its end. */
u32 dvp_extent_find(const struct dvp_extent *extents, u32 nr, u64 offset)
{
	u32 low = 0, high = nr;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (extents[mid].end > offset)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}
