// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proofs about src/kmod/range.c, for all requests of NR_RANGES ranges, and for lists of
 * so many runs. Each function is one: its name is the claim, and it holds for
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
 * struct list - any runs
 * @runs: the runs
 */
struct list {
	struct dvp_range runs[NR_RANGES];
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

/* The runs of a request, where it is one that is accepted */
static u32 given_merged(const struct request *req, struct dvp_range *runs, u64 *size)
{
	u32 nr_runs;

	given_sane(req);
	GIVEN(!dvp_range_judge(req->ranges, NR_RANGES, req->bar_len, size, &nr_runs));
	dvp_range_merge(req->ranges, NR_RANGES, req->bar_start, runs);
	return nr_runs;
}

void judge_says_what_the_contract_says(struct request req)
{
	u32 nr_runs;
	u64 size;
	int ret;

	given_sane(&req);
	ret = dvp_range_judge(req.ranges, NR_RANGES, req.bar_len, &size,
			      &nr_runs);
	PROVE(contract_allows(req.ranges, NR_RANGES, req.bar_len, ret));
	if (ret)
		return;
	PROVE(size == contract_size(req.ranges, NR_RANGES));
	PROVE(nr_runs == contract_runs(req.ranges, NR_RANGES));
	PROVED();
}

/* What lies behind the runs that were counted is not theirs. */
void merge_writes_the_counted_runs(struct request req, struct dvp_range other, u32 i)
{
	struct dvp_range runs[NR_RANGES];
	u32 nr_runs;
	u64 size;

	GIVEN(i < NR_RANGES);
	runs[i] = other;
	nr_runs = given_merged(&req, runs, &size);
	PROVE(nr_runs >= 1 && nr_runs <= NR_RANGES);
	PROVE(runs[nr_runs - 1].end == size);
	if (i >= nr_runs) {
		PROVE(runs[i].addr == other.addr && runs[i].end == other.end);
		return;
	}
	PROVE(dvp_range_start(runs, i) < runs[i].end);
	PROVED();
}

void lookup_is_where_the_request_says(struct request req, u64 offset)
{
	struct dvp_range runs[NR_RANGES];
	u32 nr_runs, i;
	u64 size;

	given_small(&req);
	nr_runs = given_merged(&req, runs, &size);
	i = dvp_range_find(runs, nr_runs, offset);
	if (offset >= size) {
		PROVE(i == nr_runs);
		return;
	}
	PROVE(i < nr_runs);
	PROVE(dvp_range_start(runs, i) <= offset);
	PROVE(offset < runs[i].end);
	PROVE(runs[i].addr + (offset - dvp_range_start(runs, i)) ==
	      contract_address(req.ranges, NR_RANGES, req.bar_start, offset));
	PROVED();
}

/*
 * Of a list in order, this is the one place that fits. Of any other, find() still
 * ends, and reads nothing but the list.
 */
void find_ends_at_a_border_of_any_list(struct list list, u32 nr, u64 offset)
{
	const struct dvp_range *runs = list.runs;
	u32 i;

	GIVEN(nr <= NR_RANGES);
	i = dvp_range_find(runs, nr, offset);
	PROVE(i <= nr);
	PROVE(i == 0 || runs[i - 1].end <= offset);
	PROVE(i == nr || runs[i].end > offset);
	PROVED();
}
