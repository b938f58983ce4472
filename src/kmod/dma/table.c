// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of DMA addresses that an importer gets. It has no pages.
 *
 * It is made here on all kernels: dma_buf_phys_vec_to_sgt(), which 7.x has, leaks the
 * memory of its table, because dma_buf_free_sgt() sets the count of entries that it
 * frees to 0 first.
 */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "dma/dma.h"

/* Lengths in the table are 32 bits wide; this one also keeps big pages big. */
#define DVP_TABLE_MAX_LEN	SZ_2G

/* The BAR is in no cache, and mappings of it may overlap. */
#define DVP_TABLE_ATTRS	\
	(DMA_ATTR_SKIP_CPU_SYNC | DMA_ATTR_DEBUGGING_IGNORE_CACHELINES)

/*
 * The DMA API warns of an address that the device cannot form, as of a mistake of
 * its driver. Here it depends on where the BAR happens to lie.
 */
static bool dvp_table_fits(const struct dvp_buffer *buf, struct device *dev)
{
	u64 limit = min_not_zero(dma_get_mask(dev), dev->bus_dma_limit);
	const struct dvp_extent *extents = dvp_buffer_extents(buf);
	u64 start;
	u32 i;

	if (dvp_route_translates(dev))
		return true;

	for (i = 0; i < buf->nr_extents; i++) {
		start = dvp_extent_start(extents, i);
		if (extents[i].addr + (extents[i].end - start) - 1 >
		    limit)
			return false;
	}
	return true;
}

/*
 * With a lazy IOMMU an unmapped address works until a timer flushes the TLB. A buffer
 * that is revoked has to be out of reach at once.
 */
static void dvp_table_flush(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	if (domain && domain->type == IOMMU_DOMAIN_DMA_FQ)
		iommu_flush_iotlb_all(domain);
}

static unsigned int dvp_table_count(const struct dvp_buffer *buf)
{
	const struct dvp_extent *extents = dvp_buffer_extents(buf);
	unsigned int nr = 0;
	u32 i;

	for (i = 0; i < buf->nr_extents; i++)
		nr += DIV_ROUND_UP_ULL(extents[i].end -
				       dvp_extent_start(extents, i),
				       DVP_TABLE_MAX_LEN);
	return nr;
}

static void dvp_table_unmap(struct sg_table *sgt, unsigned int nr,
			    struct device *dev, enum dma_data_direction dir)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sg(sgt->sgl, sg, nr, i) {
		dma_unmap_resource(dev, sg_dma_address(sg), sg_dma_len(sg),
				   dir, DVP_TABLE_ATTRS);
		cond_resched();
	}
	dvp_table_flush(dev);
}

/* Puts what follows an offset in extent i of the buffer into an entry. */
static int dvp_table_map_entry(struct scatterlist *sg,
			       const struct dvp_buffer *buf, u32 i, u64 offset,
			       struct device *dev, enum dma_data_direction dir)
{
	const struct dvp_extent *extents = dvp_buffer_extents(buf);
	u64 addr = extents[i].addr + offset - dvp_extent_start(extents, i);
	u64 len = min_t(u64, extents[i].end - offset, DVP_TABLE_MAX_LEN);
	dma_addr_t dma_addr;
	int ret;

	dma_addr = dma_map_resource(dev, addr, len, dir, DVP_TABLE_ATTRS);
	ret = dma_mapping_error(dev, dma_addr);
	if (ret)
		return ret;

	sg_dma_address(sg) = dma_addr;
	sg_dma_len(sg) = len;
	return 0;
}

/* A long table must not delay the end of access to the buffer. */
static int dvp_table_why_stop(const struct dvp_buffer *buf)
{
	if (fatal_signal_pending(current))
		return -EINTR;
	return dvp_gate_bars_importers(buf) ? -ENODEV : 0;
}

static int dvp_table_map(struct sg_table *sgt, const struct dvp_buffer *buf,
			 struct device *dev, enum dma_data_direction dir)
{
	struct scatterlist *sg;
	u64 offset = 0;
	u32 extent = 0;
	int ret, i;

	for_each_sg(sgt->sgl, sg, sgt->nents, i) {
		ret = dvp_table_why_stop(buf) ?:
		      dvp_table_map_entry(sg, buf, extent, offset, dev, dir);
		if (ret) {
			dvp_table_unmap(sgt, i, dev, dir);
			return ret;
		}

		offset += sg_dma_len(sg);
		if (offset == dvp_buffer_extents(buf)[extent].end)
			extent++;
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

/* orig_nents counts entries with pages; there are none while the importer has it. */
static void dvp_table_free(struct sg_table *sgt)
{
	sgt->orig_nents = sgt->nents;
	sg_free_table(sgt);
	kfree(sgt);
}

/*
 * Map a buffer for another device, under the reservation lock. Entries are in the
 * order of the buffer and page-aligned. Returns -ERANGE if the device cannot form the
 * addresses, -ENOMEM without memory or room in the IOMMU, -EINTR if the task is being
 * killed, and -ENODEV if access to the buffer is being ended.
 */
struct sg_table *dvp_table_create(const struct dvp_buffer *buf,
				  struct device *dev,
				  enum dma_data_direction dir)
{
	struct sg_table *sgt;
	int ret;

	if (!dvp_table_fits(buf, dev))
		return ERR_PTR(-ERANGE);

	sgt = dvp_table_alloc(dvp_table_count(buf));
	if (!sgt)
		return ERR_PTR(-ENOMEM);
	ret = dvp_table_map(sgt, buf, dev, dir);
	if (ret) {
		dvp_table_free(sgt);
		return ERR_PTR(ret);
	}

	sgt->orig_nents = 0;
	return sgt;
}

/* Undo dvp_table_create(). On return an IOMMU on the way stops the device. */
void dvp_table_destroy(struct sg_table *sgt, struct device *dev,
		       enum dma_data_direction dir)
{
	dvp_table_unmap(sgt, sgt->nents, dev, dir);
	dvp_table_free(sgt);
}
