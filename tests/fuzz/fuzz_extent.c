// SPDX-License-Identifier: GPL-2.0-only
/*
 * extent.c under libFuzzer: whatever request comes out of the bytes of an input, it is
 * judged as the contract says, and an accepted one that is small enough to be listed
 * page by page is laid out as the model of tests/unit/model.h has it.
 *
 * What extent.c may read and write lies in blocks of just that size, so that the
 * address sanitizer sees a step beyond.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract.h"
#include "model.h"

#define PAGE	((u64)PAGE_SIZE)

/* A mistake found: libFuzzer keeps the input. */
#define FUZZ_EXPECT(condition)						\
	do {								\
		if (!(condition)) {					\
			fprintf(stderr, "%s:%d: not so: %s\n",		\
				__FILE__, __LINE__, #condition);	\
			abort();					\
		}							\
	} while (0)

/**
 * struct input - what is left of the bytes
 * @data: the next one
 * @len: number of them; zeros follow
 */
struct input {
	const uint8_t *data;
	size_t len;
};

/**
 * struct request - what an input stands for
 * @ranges: a block of @nr ranges
 * @nr: number of them
 * @bar_len: bytes of the BAR
 * @bar_start: its physical address; a BAR ends below the end of all addresses
 */
struct request {
	struct vfio_region_dma_range *ranges;
	u32 nr;
	u64 bar_len;
	u64 bar_start;
};

static struct model model;

static uint64_t take(struct input *in, size_t nr)
{
	uint64_t value = 0;

	while (nr--) {
		value = value << 8 | (in->len ? *in->data : 0);
		if (in->len) {
			in->data++;
			in->len--;
		}
	}
	return value;
}

/*
 * A number near one of those where arithmetic changes: a page of the model's BAR, the
 * end of the range before, the largest file, the end of 64 bits; or any number.
 */
static u64 take_number(struct input *in, u64 before)
{
	uint8_t how = take(in, 1);
	u64 step = how & 8 ? take(in, 1) : PAGE * take(in, 1);

	switch (how & 7) {
	case 0:
	case 1:
		return step % (2 * MODEL_BAR_LEN);
	case 2:
		return before;
	case 3:
		return before + step;
	case 4:
		return (u64)LLONG_MAX + 1 - step;
	case 5:
		return -step;
	case 6:
		return PAGE * take(in, 7);
	default:
		return take(in, 8);
	}
}

static struct request take_request(struct input *in)
{
	struct request req = { .bar_len = MODEL_BAR_LEN };
	u64 before = 0;
	u32 i;

	if (take(in, 1) & 1)
		req.bar_len = take_number(in, 0) & ~(PAGE - 1);
	if (req.bar_len <= MODEL_BAR_START)
		req.bar_start = MODEL_BAR_START;
	req.nr = 1 + take(in, 1) % MODEL_MAX_RANGES;
	req.ranges = calloc(req.nr, sizeof(*req.ranges));
	FUZZ_EXPECT(req.ranges);
	for (i = 0; i < req.nr; i++) {
		req.ranges[i].offset = take_number(in, before);
		req.ranges[i].length = take_number(in, PAGE);
		before = req.ranges[i].offset + req.ranges[i].length;
	}
	return req;
}

static void assert_extents_are_in_order(const struct dvp_extent *extents, u32 nr, u64 size)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		FUZZ_EXPECT(dvp_extent_start(extents, i) < extents[i].end);
		FUZZ_EXPECT(dvp_extent_find(extents, nr, dvp_extent_start(extents, i)) == i);
		FUZZ_EXPECT(dvp_extent_find(extents, nr, extents[i].end - 1) == i);
	}
	FUZZ_EXPECT(extents[nr - 1].end == size);
	FUZZ_EXPECT(dvp_extent_find(extents, nr, size) == nr);
	FUZZ_EXPECT(dvp_extent_find(extents, nr, UINT64_MAX) == nr);
}

static void assert_pages_equal_the_model(const struct dvp_extent *extents, u32 nr,
					 u64 bar_start)
{
	u64 in_bar;
	u32 i, page;

	for (page = 0; page < model.nr_pages; page++) {
		i = dvp_extent_find(extents, nr, page * PAGE);
		FUZZ_EXPECT(i < nr);
		in_bar = extents[i].addr - bar_start + page * PAGE -
			 dvp_extent_start(extents, i);
		FUZZ_EXPECT(in_bar == model.pages[page] - MODEL_BAR_START);
	}
}

/* The model lists each page of a BAR of its own size. */
static bool model_has_room(const struct request *req)
{
	return contract_size(req->ranges, req->nr) <= MODEL_MAX_PAGES * PAGE;
}

static void merge_and_look_up(const struct request *req, u64 size, u32 nr_extents)
{
	struct dvp_extent *extents = malloc(nr_extents * sizeof(*extents));

	FUZZ_EXPECT(extents);
	dvp_extent_merge(req->ranges, req->nr, req->bar_start, extents);
	assert_extents_are_in_order(extents, nr_extents, size);
	if (model_has_room(req)) {
		memcpy(model.req, req->ranges, req->nr * sizeof(*req->ranges));
		model.nr = req->nr;
		model_expand(&model);
		FUZZ_EXPECT(size == model.nr_pages * PAGE);
		assert_pages_equal_the_model(extents, nr_extents, req->bar_start);
	}
	free(extents);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	struct request req = take_request(&in);
	u32 nr_extents = UINT32_MAX;
	u64 size = UINT64_MAX;
	int ret;

	ret = dvp_extent_judge(req.ranges, req.nr, req.bar_len, &size, &nr_extents);
	FUZZ_EXPECT(contract_allows(req.ranges, req.nr, req.bar_len, ret));
	if (!ret) {
		FUZZ_EXPECT(size == contract_size(req.ranges, req.nr));
		FUZZ_EXPECT(nr_extents == contract_extents(req.ranges, req.nr));
		merge_and_look_up(&req, size, nr_extents);
	}
	free(req.ranges);
	return 0;
}
