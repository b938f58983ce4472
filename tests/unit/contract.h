/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the contract says of a request, one range at a time, in arithmetic that is
 * too wide to overflow. The proofs and the fuzzer hold extent.c against it.
 */
#ifndef DVP_UNIT_CONTRACT_H
#define DVP_UNIT_CONTRACT_H

#include <errno.h>
#include <limits.h>
#include <linux/mm.h>
#include <linux/vfio.h>

#include "uapi/dmabuf_vfio_pci.h"
#include "core/extent.h"

static inline unsigned __int128
contract_end(const struct vfio_region_dma_range *range)
{
	return (unsigned __int128)range->offset + range->length;
}

/* A range that is refused with EINVAL. */
static inline bool contract_is_invalid(const struct vfio_region_dma_range *range,
				       u64 bar_len)
{
	return !range->length || range->offset % PAGE_SIZE ||
	       range->length % PAGE_SIZE ||
	       (contract_end(range) > bar_len &&
		!(contract_end(range) >> 64));
}

static inline unsigned __int128
contract_size(const struct vfio_region_dma_range *req, u32 nr)
{
	unsigned __int128 size = 0;
	u32 i;

	for (i = 0; i < nr; i++)
		size += req[i].length;
	return size;
}

/**
 * contract_allows() - whether a request may be judged so
 * @req: the ranges
 * @nr: number of them
 * @bar_len: bytes of the BAR
 * @verdict: 0 or an error
 *
 * A request that is wrong in two ways may be refused for either.
 *
 * Return: true for 0 where nothing is wrong, and for an error that is there.
 */
static inline bool contract_allows(const struct vfio_region_dma_range *req,
				   u32 nr, u64 bar_len, int verdict)
{
	bool invalid = false;
	bool overflow = contract_size(req, nr) > LLONG_MAX;
	u32 i;

	for (i = 0; i < nr; i++) {
		invalid |= contract_is_invalid(&req[i], bar_len);
		overflow |= contract_end(&req[i]) >> 64 != 0;
	}
	switch (verdict) {
	case 0:
		return !invalid && !overflow;
	case -EINVAL:
		return invalid;
	case -EOVERFLOW:
		return overflow;
	default:
		return false;
	}
}

/**
 * contract_extents() - into how many extents a request falls
 * @req: the ranges
 * @nr: number of them
 *
 * Return: one, and one more for each range that does not start where the one
 * before it ends.
 */
static inline u32 contract_extents(const struct vfio_region_dma_range *req, u32 nr)
{
	u32 extents = nr > 0;
	u32 i;

	for (i = 1; i < nr; i++)
		extents += contract_end(&req[i - 1]) != req[i].offset;
	return extents;
}

/**
 * contract_address() - where a byte of the buffer lies
 * @req: the ranges, an accepted request
 * @nr: number of them
 * @bar_start: physical address of the BAR
 * @offset: the byte, inside the buffer
 *
 * Return: its physical address.
 */
static inline u64 contract_address(const struct vfio_region_dma_range *req,
				   u32 nr, u64 bar_start, u64 offset)
{
	u32 i;

	for (i = 0; i < nr && offset >= req[i].length; i++)
		offset -= req[i].length;
	return bar_start + req[i].offset + offset;
}

#endif /* DVP_UNIT_CONTRACT_H */
