// SPDX-License-Identifier: GPL-2.0-only
/*
 * Birth and death of a buffer.
 *
 * The dma-buf owns the buffer: from dma_buf_export() on, its release drops the
 * first reference. Others are held for a short time only, by who waits for
 * importers. A buffer holds the gate and the inode of its own mapping, and, if
 * it stands behind a BAR mapping made through the device descriptor, VFIO's
 * file until the release, so that the device stays open while that mapping
 * lives.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "dvp.h"
#include "quirks.h"

/*
 * One run is the common case, and lies in the buffer. More have memory of their
 * own: with the buffer's it would grow past a power of two, and be doubled.
 */
static int dvp_buffer_alloc_ranges(struct dvp_buffer *buf, u32 nr_ranges)
{
	buf->nr_ranges = nr_ranges;
	buf->ranges = &buf->single;
	if (nr_ranges == 1)
		return 0;

	/* The size is the user's: count it, and fail without a word. */
	buf->ranges = kvmalloc_array(nr_ranges, sizeof(*buf->ranges),
				     GFP_KERNEL_ACCOUNT |
				     __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	return buf->ranges ? 0 : -ENOMEM;
}

static void dvp_buffer_free_ranges(struct dvp_buffer *buf)
{
	if (buf->ranges != &buf->single)
		kvfree(buf->ranges);
}

static void dvp_buffer_free(struct kref *kref)
{
	struct dvp_buffer *buf = container_of(kref, struct dvp_buffer, kref);

	dvp_gate_remove(buf->gate, buf);
	if (buf->mapping)
		iput(buf->mapping->host);
	dma_fence_put(buf->fence);
	dma_resv_fini(&buf->resv);
	dvp_gate_put(buf->gate);
	dvp_buffer_free_ranges(buf);
	kfree(buf);
}

/**
 * dvp_buffer_try_get() - take a reference
 * @buf: a buffer in the list of its gate
 *
 * Context: &dvp_gate.lock held, or a reference.
 *
 * Return: false for a buffer that is about to leave the list.
 */
bool dvp_buffer_try_get(struct dvp_buffer *buf)
{
	return kref_get_unless_zero(&buf->kref);
}

/**
 * dvp_buffer_put() - drop a reference
 * @buf: the buffer
 *
 * Context: process context, may sleep.
 */
void dvp_buffer_put(struct dvp_buffer *buf)
{
	kref_put(&buf->kref, dvp_buffer_free);
}

/* Runs from the release of the dentry; the device may be long gone. */
static void dvp_buffer_release(struct dma_buf *dmabuf)
{
	struct dvp_buffer *buf = dmabuf->priv;

	if (buf->dev_file)
		fput(buf->dev_file);
	dvp_buffer_put(buf);
}

static const struct dma_buf_ops dvp_dma_buf_ops = {
	.attach = dvp_dma_attach,
	.detach = dvp_dma_detach,
	.pin = dvp_dma_pin,
	.unpin = dvp_dma_unpin,
	.map_dma_buf = dvp_dma_map,
	.unmap_dma_buf = dvp_dma_unmap,
	.mmap = dvp_vma_mmap,
	.release = dvp_buffer_release,
};

/*
 * A BAR smaller than a page that VFIO lets user space mmap has its page to
 * itself, so lengths are those of whole pages.
 */
static u64 dvp_buffer_bar_len(struct pci_dev *pdev, u32 bar)
{
	return PAGE_ALIGN(pci_resource_len(pdev, bar));
}

static struct dvp_buffer *dvp_buffer_alloc(struct dvp_gate *gate,
					   u32 nr_ranges)
{
	struct dvp_buffer *buf = kzalloc(sizeof(*buf), GFP_KERNEL_ACCOUNT);

	if (!buf)
		return NULL;
	if (dvp_buffer_alloc_ranges(buf, nr_ranges)) {
		kfree(buf);
		return NULL;
	}

	kref_init(&buf->kref);
	dvp_gate_get(gate);
	buf->gate = gate;
	INIT_LIST_HEAD(&buf->node);
	dma_resv_init(&buf->resv);
	init_rwsem(&buf->fault_lock);
	return buf;
}

static void dvp_buffer_describe(struct dvp_buffer *buf, struct pci_dev *pdev,
				const struct dvp_request *req)
{
	u64 start = pci_resource_start(pdev, req->bar);

	dvp_range_merge(req->ranges, req->nr_ranges, start, buf->ranges);
	buf->bar = req->bar;
	buf->bar_mmap = req->bar_mmap;
	buf->pid = task_tgid_nr(current);
	get_task_comm(buf->comm, current->group_leader);
	buf->read_only = (req->open_flags & O_ACCMODE) == O_RDONLY;
	buf->cpu_only = !PAGE_ALIGNED(pci_resource_len(pdev, req->bar));
	buf->uncached = dvp_quirks_uncached(pdev, req->bar, req->ranges,
					    req->nr_ranges);
}

/* What /proc/<pid>/maps and fdinfo show of the buffer. */
static char *dvp_buffer_name(const struct dvp_buffer *buf)
{
	const struct dvp_gate *gate = buf->gate;
	char *name = kmemdup(gate->label, gate->label_len + 1,
			     GFP_KERNEL_ACCOUNT);

	if (name)
		name[gate->label_len - 1] += buf->bar;
	return name;
}

static struct dma_buf *dvp_buffer_export(struct dvp_buffer *buf, u64 size,
					 const struct dvp_request *req)
{
	DEFINE_DMA_BUF_EXPORT_INFO(exp_info);
	struct dma_buf *dmabuf;
	char *name;

	name = dvp_buffer_name(buf);
	if (!name)
		return ERR_PTR(-ENOMEM);

	exp_info.exp_name = DVP_NAME;
	exp_info.ops = &dvp_dma_buf_ops;
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

/**
 * dvp_buffer_create() - make a buffer over pieces of a BAR
 * @dvdev: the device, open
 * @req: the pieces
 *
 * The buffer starts usable, or temporarily revoked, as its gate is.
 *
 * Context: process context, may sleep; mmap_lock may be held.
 *
 * Return: a dma-buf with one reference, not published yet; ERR_PTR() of what
 * dvp_range_judge() and dvp_quirks_judge() say, -ENOMEM, or -ENODEV for a
 * device that is going away.
 */
struct dma_buf *dvp_buffer_create(struct dvp_device *dvdev,
				  const struct dvp_request *req)
{
	struct pci_dev *pdev = dvdev->vdev.pdev;
	struct dma_buf *dmabuf;
	struct dvp_buffer *buf;
	u32 nr_merged;
	u64 size;
	int ret;

	ret = dvp_range_judge(req->ranges, req->nr_ranges,
			      dvp_buffer_bar_len(pdev, req->bar), &size,
			      &nr_merged);
	if (ret)
		return ERR_PTR(ret);
	if (size > SIZE_MAX)
		return ERR_PTR(-EOVERFLOW);
	if (!req->bar_mmap)
		ret = dvp_quirks_judge(pdev, req->bar, req->ranges,
				       req->nr_ranges);
	if (ret)
		return ERR_PTR(ret);

	buf = dvp_buffer_alloc(dvdev->gate, nr_merged);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	dvp_buffer_describe(buf, pdev, req);

	dmabuf = dvp_buffer_export(buf, size, req);
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

/**
 * dvp_buffer_get() - the buffer behind a descriptor
 * @dvdev: the device that should have exported it
 * @fd: any number
 *
 * Context: process context, may sleep.
 *
 * Return: its dma-buf, to be dropped by dma_buf_put(), with the buffer as priv;
 * ERR_PTR(-EBADF) for a descriptor that is not open or was opened with O_PATH,
 * -EINVAL for one that is no dma-buf, -ENODEV where another device or another
 * exporter made it.
 */
struct dma_buf *dvp_buffer_get(struct dvp_device *dvdev, int fd)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);
	struct dvp_buffer *buf;

	if (IS_ERR(dmabuf))
		return dmabuf;

	buf = dmabuf->ops == &dvp_dma_buf_ops ? dmabuf->priv : NULL;
	if (buf && buf->gate == dvdev->gate)
		return dmabuf;

	dma_buf_put(dmabuf);
	return ERR_PTR(-ENODEV);
}

/**
 * dvp_buffer_mmap_bar() - &vfio_device_ops.mmap
 * @core_vdev: the device
 * @vma: the VMA; its page offset carries the region index on top
 *
 * A BAR is mapped through a buffer of its own, so that revocation treats it
 * like any other; every other region is the core's. What is refused, and how,
 * follows vfio_pci_core_mmap() in drivers/vfio/pci/vfio_pci_core.c.
 *
 * Context: mmap_lock held for write.
 *
 * Return: 0; -EINVAL for what vfio-pci does not map either; what
 * dvp_memory_claim_bar() and dvp_buffer_create() say.
 */
int dvp_buffer_mmap_bar(struct vfio_device *core_vdev,
			struct vm_area_struct *vma)
{
	unsigned int shift = VFIO_PCI_OFFSET_SHIFT - PAGE_SHIFT;
	struct dvp_device *dvdev = dvp_device_of(core_vdev);
	struct vfio_region_dma_range whole = {};
	unsigned long bar = vma->vm_pgoff >> shift;
	u64 pgoff = vma->vm_pgoff & (BIT_ULL(shift) - 1);
	struct dvp_request req = {
		.bar_mmap = true,
		.open_flags = O_RDWR,
		.nr_ranges = 1,
		.ranges = &whole,
	};
	struct dma_buf *dmabuf;
	struct dvp_buffer *buf;
	int ret;

	if (bar >= VFIO_PCI_ROM_REGION_INDEX)
		return vfio_pci_core_mmap(core_vdev, vma);
	if (!(vma->vm_flags & VM_SHARED) ||
	    !dvdev->vdev.bar_mmap_supported[bar])
		return -EINVAL;

	req.bar = bar;
	whole.length = dvp_buffer_bar_len(dvdev->vdev.pdev, bar);
	if (pgoff + vma_pages(vma) > PHYS_PFN(whole.length))
		return -EINVAL;
	ret = dvp_memory_claim_bar(&dvdev->vdev, bar);
	if (ret)
		return ret;

	dmabuf = dvp_buffer_create(dvdev, &req);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	buf = dmabuf->priv;
	buf->dev_file = get_file(vma->vm_file);
	vma->vm_pgoff = pgoff;
	dvp_vma_init(vma, buf);

	/* The VMA takes a reference of its own, and drops VFIO's file. */
	vma_set_file(vma, dmabuf->file);
	dma_buf_put(dmabuf);
	return 0;
}
