// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proofs about src/kmod/core/extent.c, for all requests of NR_RANGES ranges, and for lists of
 * so many extents. Each function is one: its name is the claim, and it holds for
 * whatever arguments it is called with.
 */
#include <stdint.h>

#include "contract.h"
#include "proof.h"

/**
 * struct request - any request for a BAR
 * @ranges: the ranges
 * @bar_start: physical address of the BAR
 * @bar_len: bytes of the BAR
 */
struct request {
	struct vfio_region_dma_range ranges[NR_RANGES];
	u64 bar_start;
	u64 bar_len;
};

/**
 * struct list - any extents
 * @extents: the extents
 */
struct list {
	struct dvp_extent extents[NR_RANGES];
};

/* A BAR of whole pages that does not wrap around the end of all addresses */
static void given_sane(const struct request *req)
{
	GIVEN(req->bar_len % PAGE_SIZE == 0);
	GIVEN(req->bar_start % PAGE_SIZE == 0);
	GIVEN(req->bar_start <= UINT64_MAX - req->bar_len);
}

/*
 * That sums of 64 bits are equal takes a prover hours, and few bits have all that can
 * go wrong with their order. As BARs do, this one lies at a multiple of its size. No
 * accepted range is larger than it: saying so spares work, and leaves nothing out.
 */
#define BAR_BITS	(NR_RANGES < 3 ? 32 : NR_RANGES == 3 ? 20 : 15)

static void given_small(const struct request *req)
{
	u32 i;

	GIVEN(req->bar_start % (1ULL << BAR_BITS) == 0);
	GIVEN(!(req->bar_len >> BAR_BITS));
	for (i = 0; i < NR_RANGES; i++) {
		GIVEN(!(req->ranges[i].offset >> BAR_BITS));
		GIVEN(!(req->ranges[i].length >> BAR_BITS));
	}
}

/* The extents of a request, where it is one that is accepted */
static u32 given_merged(const struct request *req, struct dvp_extent *extents, u64 *size)
{
	u32 nr_extents;

	given_sane(req);
	GIVEN(!dvp_extent_judge(req->ranges, NR_RANGES, req->bar_len, size, &nr_extents));
	dvp_extent_merge(req->ranges, NR_RANGES, req->bar_start, extents);
	return nr_extents;
}

void judge_says_what_the_contract_says(struct request req)
{
	u32 nr_extents;
	u64 size;
	int ret;

	given_sane(&req);
	ret = dvp_extent_judge(req.ranges, NR_RANGES, req.bar_len, &size,
			       &nr_extents);
	PROVE(contract_allows(req.ranges, NR_RANGES, req.bar_len, ret));
	if (ret)
		return;
	PROVE(size == contract_size(req.ranges, NR_RANGES));
	PROVE(nr_extents == contract_extents(req.ranges, NR_RANGES));
	PROVED();
}

/* What lies behind the extents that were counted is not theirs. */
void merge_writes_the_counted_extents(struct request req, struct dvp_extent other, u32 i)
{
	struct dvp_extent extents[NR_RANGES];
	u32 nr_extents;
	u64 size;

	GIVEN(i < NR_RANGES);
	extents[i] = other;
	nr_extents = given_merged(&req, extents, &size);
	PROVE(nr_extents >= 1 && nr_extents <= NR_RANGES);
	PROVE(extents[nr_extents - 1].end == size);
	if (i >= nr_extents) {
		PROVE(extents[i].addr == other.addr && extents[i].end == other.end);
		return;
	}
	PROVE(dvp_extent_start(extents, i) < extents[i].end);
	PROVED();
}

void lookup_is_where_the_request_says(struct request req, u64 offset)
{
	struct dvp_extent extents[NR_RANGES];
	u32 nr_extents, i;
	u64 size;

	given_small(&req);
	nr_extents = given_merged(&req, extents, &size);
	i = dvp_extent_find(extents, nr_extents, offset);
	if (offset >= size) {
		PROVE(i == nr_extents);
		return;
	}
	PROVE(i < nr_extents);
	PROVE(dvp_extent_start(extents, i) <= offset);
	PROVE(offset < extents[i].end);
	PROVE(extents[i].addr + (offset - dvp_extent_start(extents, i)) ==
	      contract_address(req.ranges, NR_RANGES, req.bar_start, offset));
	PROVED();
}

/*
 * Of a list in order, this is the one place that fits. Of any other, find() still
 * ends, and reads nothing but the list.
 */
void find_ends_at_a_border_of_any_list(struct list list, u32 nr, u64 offset)
{
	const struct dvp_extent *extents = list.extents;
	u32 i;

	GIVEN(nr <= NR_RANGES);
	i = dvp_extent_find(extents, nr, offset);
	PROVE(i <= nr);
	PROVE(i == 0 || extents[i - 1].end <= offset);
	PROVE(i == nr || extents[i].end > offset);
	PROVED();
}
