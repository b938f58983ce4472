// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of DMA addresses that an importer gets.
 *
 * It has no pages. On all kernels it is made here: dma_buf_phys_vec_to_sgt(),
 * which some of them have, loses the memory of its table each time, because
 * dma_buf_free_sgt() frees it by a count of entries that was set to 0.
 */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "access.h"
#include "dvp.h"

/* Lengths in the table are 32 bits wide; this one also keeps big pages big. */
#define DVP_TABLE_MAX_LEN	SZ_2G

/* Room for each range, and for cutting as many again in two. */
#define DVP_TABLE_MAX_ENTRIES	(2 * DVP_MAX_RANGES)

/* No CPU has it in a cache; and mappings that overlap are no mistake. */
#define DVP_TABLE_ATTRS	\
	(DMA_ATTR_SKIP_CPU_SYNC | DMA_ATTR_DEBUGGING_IGNORE_CACHELINES)

/* Whether an address goes to the bus as it is. */
static bool dvp_table_is_plain(struct device *dev, enum dvp_route route)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return route == DVP_ROUTE_BUS || !domain ||
	       !iommu_is_dma_domain(domain);
}

/*
 * The DMA API warns of an address that the device cannot form, as of a driver's
 * mistake. Here it is a matter of where the BAR happens to lie.
 */
static bool dvp_table_fits(const struct dvp_buffer *buf, struct device *dev,
			   enum dvp_route route)
{
	u64 limit = min_not_zero(dma_get_mask(dev), dev->bus_dma_limit);
	u64 start, addr;
	u32 i;

	if (!dvp_table_is_plain(dev, route))
		return true;

	for (i = 0; i < buf->nr_ranges; i++) {
		start = dvp_range_start(buf->ranges, i);
		addr = buf->ranges[i].addr;
		if (route == DVP_ROUTE_BUS)
			addr += buf->gate->bus_offsets[buf->bar];
		if (addr + (buf->ranges[i].end - start) - 1 > limit)
			return false;
	}
	return true;
}

/*
 * With a lazy IOMMU an unmapped address works on until a timer flushes its
 * TLB. A buffer that is taken back must be out of reach at once.
 */
static void dvp_table_flush(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	if (domain && domain->type == IOMMU_DOMAIN_DMA_FQ)
		iommu_flush_iotlb_all(domain);
}

static unsigned int dvp_table_count(const struct dvp_buffer *buf)
{
	u64 nr = 0;
	u32 i;

	for (i = 0; i < buf->nr_ranges; i++)
		nr += DIV_ROUND_UP_ULL(buf->ranges[i].end -
				       dvp_range_start(buf->ranges, i),
				       DVP_TABLE_MAX_LEN);
	return min_t(u64, nr, UINT_MAX);
}

static void dvp_table_unmap(struct sg_table *sgt, unsigned int nr,
			    struct device *dev, enum dvp_route route,
			    enum dma_data_direction dir)
{
	struct scatterlist *sg;
	unsigned int i;

	if (route == DVP_ROUTE_BUS)
		return;

	for_each_sg(sgt->sgl, sg, nr, i) {
		dma_unmap_resource(dev, sg_dma_address(sg), sg_dma_len(sg),
				   dir, DVP_TABLE_ATTRS);
		cond_resched();
	}
	dvp_table_flush(dev);
}

/* Puts the next piece of run i that starts at offset of the buffer into sg. */
static int dvp_table_map_piece(struct scatterlist *sg,
			       const struct dvp_buffer *buf, u32 i, u64 offset,
			       struct device *dev, enum dvp_route route,
			       enum dma_data_direction dir)
{
	u64 addr = buf->ranges[i].addr + offset -
		   dvp_range_start(buf->ranges, i);
	u64 len = min_t(u64, buf->ranges[i].end - offset, DVP_TABLE_MAX_LEN);
	dma_addr_t dma_addr = addr + buf->gate->bus_offsets[buf->bar];
	int ret;

	if (route == DVP_ROUTE_BRIDGE) {
		dma_addr = dma_map_resource(dev, addr, len, dir,
					    DVP_TABLE_ATTRS);
		ret = dma_mapping_error(dev, dma_addr);
		if (ret)
			return ret;
	}

	sg_dma_address(sg) = dma_addr;
	sg_dma_len(sg) = len;
	return 0;
}

/* A long table must not keep anybody waiting who wants its end. */
static int dvp_table_why_stop(const struct dvp_buffer *buf)
{
	if (fatal_signal_pending(current))
		return -EINTR;
	return dvp_access_bars_importers(buf) ? -ENODEV : 0;
}

static int dvp_table_map(struct sg_table *sgt, const struct dvp_buffer *buf,
			 struct device *dev, enum dvp_route route,
			 enum dma_data_direction dir)
{
	struct scatterlist *sg;
	u64 offset = 0;
	u32 run = 0;
	int ret, i;

	for_each_sg(sgt->sgl, sg, sgt->nents, i) {
		ret = dvp_table_why_stop(buf) ?:
		      dvp_table_map_piece(sg, buf, run, offset, dev, route,
					  dir);
		if (ret) {
			dvp_table_unmap(sgt, i, dev, route, dir);
			return ret;
		}

		offset += sg_dma_len(sg);
		if (offset == buf->ranges[run].end)
			run++;
		cond_resched();
	}
	return 0;
}

static struct sg_table *dvp_table_alloc(unsigned int nr)
{
	struct sg_table *sgt = kzalloc(sizeof(*sgt), GFP_KERNEL);

	if (sgt && sg_alloc_table(sgt, nr, GFP_KERNEL_ACCOUNT)) {
		kfree(sgt);
		return NULL;
	}
	return sgt;
}

/* The table has no pages for the CPU, and orig_nents counts those. */
static void dvp_table_free(struct sg_table *sgt)
{
	sgt->orig_nents = sgt->nents;
	sg_free_table(sgt);
	kfree(sgt);
}

/**
 * dvp_table_create() - map a buffer for another device
 * @buf: the buffer
 * @dev: the other device
 * @route: how it reaches the BAR
 * @dir: what it is going to do
 *
 * Entries are in the order of the buffer, on the page grid, and below 4 GiB.
 *
 * Context: process context, may sleep; reservation lock held.
 *
 * Return: the table, for dvp_table_destroy(); ERR_PTR(-ERANGE) where the
 * device cannot form the addresses, -E2BIG for too many entries, -ENOMEM for
 * lack of memory or of room in the IOMMU, -EINTR for a task being killed,
 * -ENODEV for a buffer being revoked.
 */
struct sg_table *dvp_table_create(const struct dvp_buffer *buf,
				  struct device *dev, enum dvp_route route,
				  enum dma_data_direction dir)
{
	unsigned int nr = dvp_table_count(buf);
	struct sg_table *sgt;
	int ret;

	if (nr > DVP_TABLE_MAX_ENTRIES)
		return ERR_PTR(-E2BIG);
	if (!dvp_table_fits(buf, dev, route))
		return ERR_PTR(-ERANGE);

	sgt = dvp_table_alloc(nr);
	if (!sgt)
		return ERR_PTR(-ENOMEM);
	ret = dvp_table_map(sgt, buf, dev, route, dir);
	if (ret) {
		dvp_table_free(sgt);
		return ERR_PTR(ret);
	}

	sgt->orig_nents = 0;
	return sgt;
}

/**
 * dvp_table_destroy() - undo dvp_table_create()
 * @sgt: the table
 * @dev: the device
 * @route: the same as there
 * @dir: the same as there
 *
 * When it returns, an IOMMU on the way stops the device.
 *
 * Context: process context, may sleep; reservation lock held.
 */
void dvp_table_destroy(struct sg_table *sgt, struct device *dev,
		       enum dvp_route route, enum dma_data_direction dir)
{
	dvp_table_unmap(sgt, sgt->nents, dev, route, dir);
	dvp_table_free(sgt);
}
