// SPDX-License-Identifier: GPL-2.0-only
/*
 * Other devices as importers: who may attach, and when they may map.
 *
 * An importer that maps counts first and looks at the gate then; an ender stores its
 * cause first and looks at the count then. So one of the two sees the other.
 */
#include <linux/dma-mapping.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "core/trace.h"
#include "dma/dma.h"

static const char *const dvp_dma_refusals[] = {
	[DVP_REFUSAL_CPU_ONLY] =
		"the buffer is for CPUs only",
	[DVP_REFUSAL_LARGE] =
		"a buffer that is larger than its BAR is for CPUs only",
	[DVP_REFUSAL_PINS_ALL] =
		"a kernel without CONFIG_DMABUF_MOVE_NOTIFY pins every import, and a pinned buffer cannot be revoked",
	[DVP_REFUSAL_STATIC] =
		"it is a static importer, which cannot be told that its mapping ends",
	[DVP_REFUSAL_NO_PEER] =
		"it does not accept memory of other devices",
	[DVP_REFUSAL_DEAF] =
		"it cannot be told that its mapping ends",
	[DVP_REFUSAL_PINNED] =
		"it pins the buffer, and importers of this kernel do not release a pinned buffer",
	[DVP_REFUSAL_OFF] =
		"the parameter p2p is off",
	[DVP_REFUSAL_NOT_PCI] =
		"it is not a PCI device; iommufd needs a buffer of the kernel's exporter, see the parameter feature_dma_buf",
	[DVP_REFUSAL_NO_IOMMU] =
		"no IOMMU translates its requests, and the parameter p2p is strict",
	[DVP_REFUSAL_READ_ONLY] =
		"no IOMMU translates its requests, and without one it could write to a read-only buffer",
};

/* Once for each reason: users can repeat the call for ever. */
static int dvp_dma_refuse(const struct dvp_buffer *buf, struct device *dev,
			  enum dvp_refusal refusal)
{
	if (!test_and_set_bit(refusal, &buf->gate->told))
		pci_warn(buf->gate->pdev, "refused %s (%s) as an importer: %s\n",
			 dev_name(dev), dev_driver_string(dev),
			 dvp_dma_refusals[refusal]);
	return -EOPNOTSUPP;
}

/* Can any device import a buffer, on this kernel and with these parameters? */
bool dvp_dma_can_import(void)
{
	enum dvp_p2p p2p = dvp_params_p2p();

	if (DVP_DMA_BUF_PINS_ALL || p2p == DVP_P2P_OFF)
		return false;
	return p2p == DVP_P2P_FORCE || IS_ENABLED(CONFIG_PCI_P2PDMA);
}

/* Returns DVP_NR_REFUSALS for an importer that will do. */
static enum dvp_refusal dvp_dma_judge(const struct dvp_buffer *buf,
				      struct dma_buf_attachment *attach)
{
	if (DVP_DMA_BUF_PINS_ALL)
		return DVP_REFUSAL_PINS_ALL;
	if (buf->cpu_only)
		return DVP_REFUSAL_CPU_ONLY;
	if (dvp_buffer_size(buf) > pci_resource_len(buf->gate->pdev, buf->bar))
		return DVP_REFUSAL_LARGE;
	if (!attach->importer_ops)
		return DVP_REFUSAL_STATIC;
	if (!attach->peer2peer)
		return DVP_REFUSAL_NO_PEER;
	if (!dma_buf_attach_revocable(attach))
		return DVP_REFUSAL_DEAF;
	return DVP_NR_REFUSALS;
}

/* By the parameter as it is now; when attaching, and when mapping. */
static int dvp_dma_admit(const struct dvp_buffer *buf, struct device *dev,
			 bool routed)
{
	enum dvp_p2p p2p = dvp_params_p2p();

	if (p2p == DVP_P2P_OFF)
		return dvp_dma_refuse(buf, dev, DVP_REFUSAL_OFF);
	if (buf->import_read_only && !dvp_route_translates(dev))
		return dvp_dma_refuse(buf, dev, DVP_REFUSAL_READ_ONLY);
	if (p2p == DVP_P2P_FORCE)
		return 0;
	if (!dev_is_pci(dev))
		return dvp_dma_refuse(buf, dev, DVP_REFUSAL_NOT_PCI);
	if (!routed)
		return -EOPNOTSUPP;
	if (p2p == DVP_P2P_STRICT && !dvp_route_translates(dev))
		return dvp_dma_refuse(buf, dev, DVP_REFUSAL_NO_IOMMU);
	return 0;
}

/* A transition is short, and may change nothing: an importer may attach meanwhile. */
static int dvp_dma_find_route(struct dvp_buffer *buf, struct device *dev,
			      bool *routed)
{
	struct dvp_gate *gate = buf->gate;
	int ret = -ENODEV;

	dvp_gate_look(gate);
	mutex_lock(&gate->lock);
	if (!dvp_gate_check_locked(gate, buf) &&
	    !(gate->causes & DVP_CAUSES_BLOCK)) {
		*routed = dev_is_pci(dev) &&
			  dvp_params_p2p() != DVP_P2P_FORCE &&
			  dvp_params_p2p() != DVP_P2P_OFF &&
			  dvp_route_exists(gate, dev);
		ret = 0;
	}
	mutex_unlock(&gate->lock);
	return ret;
}

/* Kept until the buffer is freed. Two importers may attach at once. */
static struct dvp_imports *dvp_dma_get_imports(struct dvp_buffer *buf)
{
	struct dvp_imports *imports = READ_ONCE(buf->imports), *old;

	if (imports)
		return imports;
	imports = kzalloc(sizeof(*imports), GFP_KERNEL_ACCOUNT);
	if (!imports)
		return NULL;
	imports->buf = buf;
	dvp_drain_init(imports);
	old = cmpxchg(&buf->imports, NULL, imports);
	if (!old)
		return imports;
	kfree(imports);
	return old;
}

/*
 * dma_buf_ops.attach. Returns -EOPNOTSUPP for an importer that could not be stopped
 * or has no route, and logs the reason; -ENODEV while the buffer is not usable.
 */
int dvp_dma_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct dvp_buffer *buf = dmabuf->priv;
	struct dvp_gate *gate = buf->gate;
	struct dvp_imports *imports;
	struct dvp_import *import;
	enum dvp_refusal refusal;
	bool routed;
	int ret;

	refusal = dvp_dma_judge(buf, attach);
	if (refusal != DVP_NR_REFUSALS)
		return dvp_dma_refuse(buf, attach->dev, refusal);
	ret = dvp_dma_find_route(buf, attach->dev, &routed);
	if (!ret)
		ret = dvp_dma_admit(buf, attach->dev, routed);
	if (ret)
		return ret;

	imports = dvp_dma_get_imports(buf);
	if (!imports)
		return -ENOMEM;
	import = kzalloc(sizeof(*import), GFP_KERNEL);
	if (!import)
		return -ENOMEM;
	import->dev = attach->dev;
	import->routed = routed;
	attach->priv = import;

	/* Ordered before what is mapped later by the barrier in dvp_dma_map(). */
	WRITE_ONCE(gate->imported, true);
	dvp_gate_use(buf, NULL);
	spin_lock(&gate->import_lock);
	hlist_add_head(&import->node, &imports->list);
	spin_unlock(&gate->import_lock);
	return 0;
}

/* dma_buf_ops.detach; without the reservation lock, and with nothing mapped. */
void dvp_dma_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct dvp_buffer *buf = dmabuf->priv;
	struct dvp_import *import = attach->priv;

	spin_lock(&buf->gate->import_lock);
	hlist_del(&import->node);
	spin_unlock(&buf->gate->import_lock);
	kfree(import);
	dvp_gate_unuse(buf);
}

/*
 * dma_buf_ops.pin. BARs never move, so a pin only says that the importer takes the
 * end of its mapping as final. Since importers have invalidate_mappings for that, it
 * does unmap; before, it would not.
 */
int dvp_dma_pin(struct dma_buf_attachment *attach)
{
	if (!DVP_DMA_BUF_PINS_ARE_REVOCABLE)
		return dvp_dma_refuse(attach->dmabuf->priv, attach->dev,
				      DVP_REFUSAL_PINNED);
	return 0;
}

void dvp_dma_unpin(struct dma_buf_attachment *attach)
{
}

/*
 * dma_buf_ops.map_dma_buf, under the reservation lock. Returns -ENODEV while the
 * buffer is not usable, -EACCES for DMA that writes to a read-only buffer, and what
 * dvp_table_create() returns.
 */
struct sg_table *dvp_dma_map(struct dma_buf_attachment *attach,
			     enum dma_data_direction dir)
{
	struct dvp_buffer *buf = attach->dmabuf->priv;
	struct dvp_import *import = attach->priv;
	struct sg_table *sgt;
	int ret;

	dma_resv_assert_held(&buf->resv);

	if (!valid_dma_direction(dir))
		return ERR_PTR(-EINVAL);
	if (buf->import_read_only && dir != DMA_TO_DEVICE)
		return ERR_PTR(-EACCES);
	ret = dvp_dma_admit(buf, attach->dev, import->routed);
	if (ret)
		return ERR_PTR(ret);

	atomic_inc(&buf->imports->maps);
	/* Pairs with the barriers in revoke.c. */
	smp_mb__after_atomic();
	if (dvp_gate_bars_importers(buf))
		sgt = ERR_PTR(-ENODEV);
	else
		sgt = dvp_table_create(buf, attach->dev, dir);

	if (IS_ERR(sgt)) {
		dvp_drain_uncount(buf);
		return sgt;
	}
	WRITE_ONCE(import->maps, import->maps + 1);
	WRITE_ONCE(buf->imports->mapped, true);
	dvp_counters_begin(buf->gate->counters, DVP_IMPORTS_LIVE);
	trace_dvp_import(buf, attach->dev, true);
	return sgt;
}

/* dma_buf_ops.unmap_dma_buf, under the reservation lock. */
void dvp_dma_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
		   enum dma_data_direction dir)
{
	struct dvp_buffer *buf = attach->dmabuf->priv;
	struct dvp_import *import = attach->priv;

	dma_resv_assert_held(&buf->resv);

	dvp_table_destroy(sgt, attach->dev, dir);
	WRITE_ONCE(import->maps, import->maps - 1);
	dvp_counters_end(buf->gate->counters, DVP_IMPORTS_LIVE);
	trace_dvp_import(buf, attach->dev, false);
	dvp_drain_uncount(buf);
}
