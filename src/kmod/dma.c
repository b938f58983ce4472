// SPDX-License-Identifier: GPL-2.0-only
/*
 * Other devices as importers: who may attach, and when they may map.
 *
 * Whoever maps counts itself first and looks at the gate then; who closes the
 * gate looks at the count afterwards. So one of the two sees the other.
 */
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "access.h"
#include "dvp.h"
#include "options.h"
#include "trace.h"

/**
 * struct dvp_import - what an attachment is for us
 * @node: in &dvp_buffer.importers
 * @dev: the importer
 * @route: how the importer reaches the BAR
 * @maps: how often it has the buffer mapped; written under the reservation lock
 */
struct dvp_import {
	struct hlist_node node;
	struct device *dev;
	enum dvp_route route;
	unsigned int maps;
};

static const char *const dvp_dma_refusals[] = {
	[DVP_REFUSAL_CPU_ONLY] =
		"a BAR smaller than a page is for CPUs only",
	[DVP_REFUSAL_PINS_ALL] =
		"a kernel without CONFIG_DMABUF_MOVE_NOTIFY pins every import, and what is pinned cannot be taken back",
	[DVP_REFUSAL_STATIC] =
		"it is a static importer, which cannot be told that a mapping ends",
	[DVP_REFUSAL_NO_PEER] =
		"it does not take memory of other devices",
	[DVP_REFUSAL_DEAF] =
		"it has no way to be told that a mapping ends",
	[DVP_REFUSAL_PINNED] =
		"it wants to pin the buffer, and what is pinned cannot be taken back",
	[DVP_REFUSAL_NOT_PCI] =
		"it is no PCI device; iommufd wants the kernel's own exporter, see the parameter feature_dma_buf",
};

/**
 * dvp_dma_refuse() - say once why an importer is refused
 * @gate: the gate of the exporting device
 * @dev: the importer
 * @refusal: why
 *
 * Once for each reason: users could repeat it for ever.
 *
 * Context: any.
 */
void dvp_dma_refuse(struct dvp_gate *gate, struct device *dev,
		    enum dvp_refusal refusal)
{
	if (!test_and_set_bit(refusal, &gate->told))
		pci_warn(gate->pdev, "refused %s (%s) as an importer: %s\n",
			 dev_name(dev), dev_driver_string(dev),
			 dvp_dma_refusals[refusal]);
}

/**
 * dvp_dma_can_import() - can any other device attach to a buffer
 *
 * Context: any.
 *
 * Return: whether this kernel and the parameters allow it.
 */
bool dvp_dma_can_import(void)
{
	if (DVP_DMA_BUF_PINS_ALL)
		return false;
	return dvp_options_p2p() == DVP_P2P_FORCE ||
	       (dvp_options_p2p() == DVP_P2P_AUTO &&
		IS_ENABLED(CONFIG_PCI_P2PDMA));
}

/* Returns DVP_NR_REFUSALS for an importer that will do. */
static enum dvp_refusal dvp_dma_judge(const struct dvp_buffer *buf,
				      struct dma_buf_attachment *attach)
{
	if (DVP_DMA_BUF_PINS_ALL)
		return DVP_REFUSAL_PINS_ALL;
	if (buf->cpu_only)
		return DVP_REFUSAL_CPU_ONLY;
	if (!attach->importer_ops)
		return DVP_REFUSAL_STATIC;
	if (!attach->peer2peer)
		return DVP_REFUSAL_NO_PEER;
	if (!dma_buf_attach_revocable(attach))
		return DVP_REFUSAL_DEAF;
	return DVP_NR_REFUSALS;
}

/**
 * dvp_dma_attach() - &dma_buf_ops.attach
 * @dmabuf: the buffer
 * @attach: the importer
 *
 * Context: process context, may sleep.
 *
 * Return: 0; -EOPNOTSUPP for an importer that could not be stopped or has no
 * route to the BAR, with a word in the log; -ENODEV while the buffer is
 * revoked; -ENOMEM.
 */
int dvp_dma_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct dvp_buffer *buf = dmabuf->priv;
	struct dvp_gate *gate = buf->gate;
	struct dvp_import *import;
	enum dvp_refusal refusal;
	int ret;

	refusal = dvp_dma_judge(buf, attach);
	if (refusal != DVP_NR_REFUSALS) {
		dvp_dma_refuse(gate, attach->dev, refusal);
		return -EOPNOTSUPP;
	}

	import = kzalloc(sizeof(*import), GFP_KERNEL);
	if (!import)
		return -ENOMEM;

	ret = dvp_access_hold(gate, buf);
	if (!ret) {
		import->route = dvp_route_find(gate, attach->dev);
		if (import->route == DVP_ROUTE_NONE)
			ret = -EOPNOTSUPP;
		dvp_access_release(gate);
	}
	if (ret) {
		kfree(import);
		return ret;
	}

	/* Ordered before what is mapped later by the barrier in dvp_dma_map(). */
	WRITE_ONCE(gate->imported, true);
	import->dev = attach->dev;
	spin_lock(&gate->importers_lock);
	hlist_add_head(&import->node, &buf->importers);
	spin_unlock(&gate->importers_lock);
	attach->priv = import;
	return 0;
}

/**
 * dvp_dma_detach() - &dma_buf_ops.detach
 * @dmabuf: the buffer
 * @attach: the importer, with nothing mapped
 *
 * Context: process context; on some kernels, the reservation lock held.
 */
void dvp_dma_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct dvp_buffer *buf = dmabuf->priv;
	struct dvp_import *import = attach->priv;

	spin_lock(&buf->gate->importers_lock);
	hlist_del(&import->node);
	spin_unlock(&buf->gate->importers_lock);
	kfree(import);
}

/**
 * dvp_dma_pin() - &dma_buf_ops.pin
 * @attach: the importer
 *
 * Context: reservation lock held.
 *
 * Return: -EOPNOTSUPP, with a word in the log.
 */
int dvp_dma_pin(struct dma_buf_attachment *attach)
{
	struct dvp_buffer *buf = attach->dmabuf->priv;

	dvp_dma_refuse(buf->gate, attach->dev, DVP_REFUSAL_PINNED);
	return -EOPNOTSUPP;
}

/**
 * dvp_dma_unpin() - &dma_buf_ops.unpin
 * @attach: the importer
 *
 * Never called, as nothing is ever pinned; pin must not be there without it.
 *
 * Context: reservation lock held.
 */
void dvp_dma_unpin(struct dma_buf_attachment *attach)
{
}

/**
 * dvp_dma_map() - &dma_buf_ops.map_dma_buf
 * @attach: the importer
 * @dir: what it is going to do, seen from the CPU; bidirectional is both
 *
 * Context: process context, may sleep; reservation lock held.
 *
 * Return: a table without pages; ERR_PTR(-ENODEV) while the buffer is revoked,
 * -EACCES for DMA that writes to a read-only buffer, -EINVAL for no direction;
 * what dvp_table_create() says.
 */
struct sg_table *dvp_dma_map(struct dma_buf_attachment *attach,
			     enum dma_data_direction dir)
{
	struct dvp_buffer *buf = attach->dmabuf->priv;
	struct dvp_import *import = attach->priv;
	struct sg_table *sgt;

	dma_resv_assert_held(&buf->resv);

	if (!valid_dma_direction(dir))
		return ERR_PTR(-EINVAL);
	if (buf->read_only && dir != DMA_TO_DEVICE)
		return ERR_PTR(-EACCES);

	atomic_inc(&buf->maps);
	/* Pairs with the barriers in dvp_drain_concerns() and _buffer(). */
	smp_mb__after_atomic();
	if (dvp_access_bars_importers(buf))
		sgt = ERR_PTR(-ENODEV);
	else
		sgt = dvp_table_create(buf, attach->dev, import->route,
				       dir);

	if (IS_ERR(sgt)) {
		dvp_drain_uncount(buf);
		return sgt;
	}
	WRITE_ONCE(import->maps, import->maps + 1);
	WRITE_ONCE(buf->imported, true);
	dvp_counters_begin(&buf->gate->counters, DVP_IMPORTS_LIVE);
	trace_dvp_import(buf, attach->dev, true);
	return sgt;
}

/**
 * dvp_dma_unmap() - &dma_buf_ops.unmap_dma_buf
 * @attach: the importer
 * @sgt: what dvp_dma_map() gave
 * @dir: the same direction
 *
 * When it returns, an IOMMU in between stops the importer.
 *
 * Context: process context, may sleep; reservation lock held.
 */
void dvp_dma_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
		   enum dma_data_direction dir)
{
	struct dvp_buffer *buf = attach->dmabuf->priv;
	struct dvp_import *import = attach->priv;

	dma_resv_assert_held(&buf->resv);

	dvp_table_destroy(sgt, attach->dev, import->route, dir);
	WRITE_ONCE(import->maps, import->maps - 1);
	dvp_counters_end(&buf->gate->counters, DVP_IMPORTS_LIVE);
	trace_dvp_import(buf, attach->dev, false);
	dvp_drain_uncount(buf);
}

/**
 * dvp_dma_maps() - does an importer have a buffer mapped
 * @attach: the importer
 *
 * Context: reservation lock held.
 *
 * Return: whether it has.
 */
bool dvp_dma_maps(const struct dma_buf_attachment *attach)
{
	const struct dvp_import *import = attach->priv;

	return import->maps;
}

/**
 * dvp_dma_count() - how many importers a buffer has
 * @buf: the buffer, with a reference
 * @maps: filled with the number of mappings that they have
 *
 * Context: any that may spin.
 *
 * Return: number of importers that are attached.
 */
unsigned int dvp_dma_count(struct dvp_buffer *buf, unsigned int *maps)
{
	struct dvp_import *import;
	unsigned int nr = 0;

	*maps = 0;
	spin_lock(&buf->gate->importers_lock);
	hlist_for_each_entry(import, &buf->importers, node) {
		*maps += READ_ONCE(import->maps);
		nr++;
	}
	spin_unlock(&buf->gate->importers_lock);
	return nr;
}

/**
 * dvp_dma_each() - call a function for each importer of a buffer
 * @buf: the buffer, with a reference
 * @call: the function; it must not sleep
 * @data: passed to it
 *
 * Context: any that may spin.
 */
void dvp_dma_each(struct dvp_buffer *buf,
		  void (*call)(struct device *dev, bool mapped, void *data),
		  void *data)
{
	struct dvp_import *import;

	spin_lock(&buf->gate->importers_lock);
	hlist_for_each_entry(import, &buf->importers, node)
		call(import->dev, READ_ONCE(import->maps), data);
	spin_unlock(&buf->gate->importers_lock);
}
