// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers as dma-bufs: exports, and the buffers behind BAR mappings.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "core/quirks.h"
#include "cpu/cpu.h"
#include "dma/dma.h"
#include "export.h"

/* Runs from the release of the dentry; the device may be long gone. */
static void dvp_export_release(struct dma_buf *dmabuf)
{
	dvp_buffer_put(dmabuf->priv);
}

static const struct dma_buf_ops dvp_export_ops = {
	.attach = dvp_dma_attach,
	.detach = dvp_dma_detach,
	.pin = dvp_dma_pin,
	.unpin = dvp_dma_unpin,
	.map_dma_buf = dvp_dma_map,
	.unmap_dma_buf = dvp_dma_unmap,
	.mmap = dvp_mmap,
	.release = dvp_export_release,
};

static void dvp_export_describe(struct dvp_buffer *buf, struct pci_dev *pdev,
				const struct dvp_request *req)
{
	bool read_only = (req->open_flags & O_ACCMODE) == O_RDONLY;

	dvp_extent_merge(req->ranges, req->nr_ranges,
			 pci_resource_start(pdev, req->bar),
			 buf->nr_extents == 1 ? &buf->single : buf->many);
	buf->bar = req->bar;
	buf->bar_mmap = req->bar_mmap;
	buf->pid = task_tgid_nr(current);
	memcpy(buf->comm, current->group_leader->comm, sizeof(buf->comm));
	buf->comm[sizeof(buf->comm) - 1] = '\0';
	buf->read_only = read_only;
	buf->import_read_only = read_only && req->import_by_mode;
	buf->cpu_only = req->flags & DMABUF_VFIO_PCI_EXPORT_CPU_ONLY ||
			!PAGE_ALIGNED(pci_resource_len(pdev, req->bar));
	/*
	 * KVM on arm64 before 6.1.191 and 6.12.113 takes a VM_PFNMAP VMA for
	 * physically contiguous, so several extents get no huge entries.
	 */
	buf->huge = req->bar_mmap ||
		    (req->flags & DMABUF_VFIO_PCI_EXPORT_HUGE &&
		     buf->nr_extents == 1);
}

/* What /proc/<pid>/maps and fdinfo show of the buffer. */
static char *dvp_export_name(const struct dvp_buffer *buf)
{
	const struct dvp_gate *gate = buf->gate;
	char *name = kmemdup(gate->label, gate->label_len + 1,
			     GFP_KERNEL_ACCOUNT);

	if (name)
		name[gate->label_len - 1] += buf->bar;
	return name;
}

static struct dma_buf *dvp_export_dmabuf(struct dvp_buffer *buf, u64 size,
					 const struct dvp_request *req)
{
	DEFINE_DMA_BUF_EXPORT_INFO(exp_info);
	struct dma_buf *dmabuf;
	char *name;

	name = dvp_export_name(buf);
	if (!name)
		return ERR_PTR(-ENOMEM);

	exp_info.exp_name = DVP_NAME;
	exp_info.ops = &dvp_export_ops;
	exp_info.size = size;
	exp_info.flags = req->open_flags;
	exp_info.resv = &buf->resv;
	exp_info.priv = buf;
	dmabuf = dma_buf_export(&exp_info);
	if (IS_ERR(dmabuf)) {
		kfree(name);
		return dmabuf;
	}

	/* From here on the dma-buf frees the buffer, and the name. */
	dmabuf->name = name;
	buf->dmabuf = dmabuf;
	buf->mapping = dmabuf->file->f_mapping;
	ihold(buf->mapping->host);
	return dmabuf;
}

/*
 * Make a buffer over pieces of a BAR of an open device; mmap_lock may be held. It
 * starts blocked if its gate has causes. Returns a dma-buf with one reference that
 * nobody else has yet; or what dvp_extent_judge() and dvp_quirks_judge() say, -ENOMEM,
 * or -ENODEV if the device is going away.
 */
struct dma_buf *dvp_export(struct dvp_device *dvdev,
			   const struct dvp_request *req)
{
	struct pci_dev *pdev = dvdev->vdev.pdev;
	bool quirks = dvp_quirks_next(pdev, NULL);
	struct dma_buf *dmabuf;
	struct dvp_buffer *buf;
	u32 nr_extents;
	u64 size;
	int ret;

	ret = dvp_extent_judge(req->ranges, req->nr_ranges,
			       dvp_memory_bar_len(pdev, req->bar), &size,
			       &nr_extents);
	if (!ret && quirks && !req->bar_mmap)
		ret = dvp_quirks_judge(pdev, req->bar, req->ranges,
				       req->nr_ranges);
	if (ret)
		return ERR_PTR(ret);

	buf = dvp_buffer_alloc(dvdev->gate, nr_extents);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	dvp_export_describe(buf, pdev, req);
	buf->uncached = quirks && dvp_quirks_uncached(pdev, req->bar,
						      req->ranges,
						      req->nr_ranges);

	dmabuf = dvp_export_dmabuf(buf, size, req);
	if (IS_ERR(dmabuf)) {
		dvp_buffer_put(buf);
		return dmabuf;
	}

	ret = dvp_gate_add(dvdev->gate, buf);
	if (ret) {
		dma_buf_put(dmabuf);
		return ERR_PTR(ret);
	}
	return dmabuf;
}

/*
 * The dma-buf of a descriptor, with a reference and the buffer as priv. Returns -EBADF
 * for a descriptor that is not open or O_PATH, -EINVAL for one that is not a dma-buf,
 * and -ENODEV if another device or another exporter made it.
 */
struct dma_buf *dvp_export_get(struct dvp_device *dvdev, int fd)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);
	struct dvp_buffer *buf;

	if (IS_ERR(dmabuf))
		return dmabuf;

	buf = dmabuf->ops == &dvp_export_ops ? dmabuf->priv : NULL;
	if (buf && buf->gate == dvdev->gate && !buf->bar_mmap)
		return dmabuf;

	dma_buf_put(dmabuf);
	return ERR_PTR(-ENODEV);
}

/* The dma-buf of a BAR in this opening, with a reference, or NULL. */
static struct dma_buf *dvp_export_find_bar(struct dvp_gate *gate, u32 bar)
{
	struct dma_buf *dmabuf;

	mutex_lock(&gate->lock);
	dmabuf = gate->bars[bar];
	if (dmabuf)
		get_dma_buf(dmabuf);
	mutex_unlock(&gate->lock);
	return dmabuf;
}

/* The gate keeps the first one that is made, until the last close of the device. */
static struct dma_buf *dvp_export_keep_bar(struct dvp_gate *gate, u32 bar,
					   struct dma_buf *dmabuf)
{
	struct dma_buf *kept;

	mutex_lock(&gate->lock);
	kept = gate->vdev ? gate->bars[bar] : ERR_PTR(-ENODEV);
	if (!kept) {
		kept = dmabuf;
		gate->bars[bar] = dmabuf;
	}
	if (!IS_ERR(kept))
		get_dma_buf(kept);
	mutex_unlock(&gate->lock);

	if (kept != dmabuf)
		dma_buf_put(dmabuf);
	return kept;
}

static struct dma_buf *dvp_export_bar(struct dvp_device *dvdev, u32 bar)
{
	struct dma_buf *dmabuf = dvp_export_find_bar(dvdev->gate, bar);
	struct vfio_region_dma_range whole = {
		.length = dvp_memory_bar_len(dvdev->vdev.pdev, bar),
	};
	struct dvp_request req = {
		.bar = bar,
		.bar_mmap = true,
		.open_flags = O_RDWR,
		.nr_ranges = 1,
		.ranges = &whole,
	};
	int ret;

	if (dmabuf)
		return dmabuf;
	ret = dvp_memory_claim_bar(&dvdev->vdev, bar);
	if (ret)
		return ERR_PTR(ret);
	dmabuf = dvp_export(dvdev, &req);
	if (IS_ERR(dmabuf))
		return dmabuf;
	return dvp_export_keep_bar(dvdev->gate, bar, dmabuf);
}

/*
 * vfio_device_ops.mmap. All mappings of a BAR share a buffer, so that access to them
 * ends like that to any other. The errors are those of vfio_pci_core_mmap()
 * in drivers/vfio/pci/vfio_pci_core.c; other regions are the core's.
 */
int dvp_export_mmap_bar(struct vfio_device *core_vdev,
			struct vm_area_struct *vma)
{
	unsigned int shift = VFIO_PCI_OFFSET_SHIFT - PAGE_SHIFT;
	struct dvp_device *dvdev = dvp_device_of(core_vdev);
	unsigned long bar = vma->vm_pgoff >> shift;
	u64 pgoff = vma->vm_pgoff & (BIT_ULL(shift) - 1);
	struct dma_buf *dmabuf;
	struct dvp_buffer *buf;

	if (bar >= VFIO_PCI_ROM_REGION_INDEX)
		return vfio_pci_core_mmap(core_vdev, vma);
	if (!(vma->vm_flags & VM_SHARED) ||
	    !dvdev->vdev.bar_mmap_supported[bar])
		return -EINVAL;
	if (pgoff + vma_pages(vma) >
	    PHYS_PFN(dvp_memory_bar_len(dvdev->vdev.pdev, bar)))
		return -EINVAL;

	dmabuf = dvp_export_bar(dvdev, bar);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	buf = dmabuf->priv;
	vma->vm_pgoff = pgoff;
	dvp_mmap_init(vma, buf);
	/* The first VMA of the buffer has it keep VFIO's file open. */
	dvp_gate_use(buf, vma->vm_file);
	dvp_vma_open(vma);
	dvp_gate_unuse(buf);

	/* The VMA takes a reference of its own, and drops VFIO's file. */
	vma_set_file(vma, dmabuf->file);
	dma_buf_put(dmabuf);
	return 0;
}
