// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random requests and the naive model of them; see model.h.
 *
 * The seed is printed, and DVP_SEED in the environment repeats a run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "model.h"

/**
 * model_seed() - choose and print the seed of a test
 *
 * Return: DVP_SEED from the environment where it is set, else a fresh one.
 */
u64 model_seed(void)
{
	const char *text = getenv("DVP_SEED");
	u64 seed = 0;

	if (text)
		seed = strtoull(text, NULL, 0);
	else if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		abort();

	printf("seed: DVP_SEED=0x%llx\n", (unsigned long long)seed);
	fflush(stdout);
	return seed;
}

/**
 * model_random() - next number of a Weyl sequence with a mixed output
 * @state: the sequence, started from a seed
 *
 * Return: 64 random bits.
 */
u64 model_random(u64 *state)
{
	u64 x = *state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

/*
 * Half of the ranges start where the one before ended, so that merging is
 * neither rare nor certain.
 */
static void model_fill_range(struct vfio_region_dma_range *range,
			     const struct vfio_region_dma_range *prev,
			     u64 *state)
{
	u64 first = model_random(state) % MODEL_BAR_PAGES;
	u64 next = prev ? (prev->offset + prev->length) / PAGE_SIZE : 0;

	if (prev && next < MODEL_BAR_PAGES && model_random(state) % 2)
		first = next;

	range->offset = first * PAGE_SIZE;
	range->length = PAGE_SIZE;
	if (model_random(state) % 4)
		range->length += model_random(state) %
				 (MODEL_BAR_PAGES - first) * PAGE_SIZE;
}

/**
 * model_fill() - make up a request that is valid
 * @model: filled with the request and its pages
 * @state: of model_random()
 */
void model_fill(struct model *model, u64 *state)
{
	u32 i;

	model->nr = 1 + model_random(state) % MODEL_MAX_RANGES;
	for (i = 0; i < model->nr; i++)
		model_fill_range(&model->req[i], i ? &model->req[i - 1] : NULL,
				 state);
	model_expand(model);
}

/**
 * model_expand() - list the pages of a request
 * @model: with @req and @nr set; @pages and @nr_pages are filled
 */
void model_expand(struct model *model)
{
	u64 done;
	u32 i;

	model->nr_pages = 0;
	for (i = 0; i < model->nr; i++)
		for (done = 0; done < model->req[i].length; done += PAGE_SIZE)
			model->pages[model->nr_pages++] =
				MODEL_BAR_START + model->req[i].offset + done;
}
