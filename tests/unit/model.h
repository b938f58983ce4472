/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The naive model that extent.c is compared with: a buffer is an array with the
 * address of every page, found by walking the request page by page. It knows
 * nothing of extents, so it cannot share a mistake with the code under test.
 */
#ifndef DVP_UNIT_MODEL_H
#define DVP_UNIT_MODEL_H

#include <linux/mm.h>
#include <linux/vfio.h>

#include "uapi/dmabuf_vfio_pci.h"
#include "core/extent.h"

#define MODEL_MAX_RANGES	48
#define MODEL_BAR_PAGES		64
#define MODEL_BAR_LEN		(MODEL_BAR_PAGES * (u64)PAGE_SIZE)
#define MODEL_BAR_START		0x380000000000ULL
#define MODEL_MAX_PAGES		(MODEL_MAX_RANGES * MODEL_BAR_PAGES)

/**
 * struct model - a request, and the address of every page that it asks for
 * @req: the ranges
 * @nr: number of them
 * @pages: address of each page of the buffer
 * @nr_pages: number of them
 */
struct model {
	struct vfio_region_dma_range req[MODEL_MAX_RANGES];
	u32 nr;
	u64 pages[MODEL_MAX_PAGES];
	u32 nr_pages;
};

u64 model_seed(void);
u64 model_random(u64 *state);
void model_fill(struct model *model, u64 *state);
void model_expand(struct model *model);

#endif /* DVP_UNIT_MODEL_H */
