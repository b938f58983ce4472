// SPDX-License-Identifier: GPL-2.0-only
/*
 * The feature calls: copy the payload in once, judge it, hand a clean request
 * on. What is not ours goes to the core.
 */
#include <linux/dma-buf.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "core_exporter.h"
#include "dvp.h"
#include "quirks.h"
#include "vma.h"

#define DVP_OPEN_FLAGS	(O_ACCMODE | O_CLOEXEC | O_NONBLOCK)

/* So many ranges are copied to the stack. */
#define DVP_FEW_RANGES	16

static int dvp_feature_judge_bar(struct vfio_pci_core_device *vdev, u32 bar)
{
	int ret;

	if (bar >= PCI_STD_NUM_BARS || !pci_resource_len(vdev->pdev, bar))
		return -ENODEV;
	if (pci_resource_flags(vdev->pdev, bar) & IORESOURCE_IO)
		return -EINVAL;
	if (!vdev->bar_mmap_supported[bar])
		return -ENODEV;

	/* What is somebody else's is no BAR of ours; want of memory passes. */
	ret = dvp_memory_claim_bar(vdev, bar);
	return ret && ret != -ENOMEM ? -ENODEV : ret;
}

static int dvp_feature_judge_export(const struct vfio_device_feature_dma_buf *in,
				    size_t argsz)
{
	if (!in->nr_ranges || in->flags || in->open_flags & ~DVP_OPEN_FLAGS ||
	    (in->open_flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	if (in->nr_ranges > DVP_MAX_RANGES)
		return -E2BIG;
	if ((argsz - sizeof(*in)) / sizeof(in->dma_ranges[0]) < in->nr_ranges)
		return -EINVAL;
	return 0;
}

/*
 * To few, where they fit. The size is the user's: count it, and fail without a
 * word.
 */
static struct vfio_region_dma_range *
dvp_feature_copy_ranges(struct vfio_region_dma_range *few,
			const struct vfio_region_dma_range __user *from, u32 nr)
{
	struct vfio_region_dma_range *ranges = few;

	if (nr > DVP_FEW_RANGES)
		ranges = kvmalloc_array(nr, sizeof(*ranges),
					GFP_KERNEL_ACCOUNT |
					__GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	if (!ranges)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(ranges, from, array_size(nr, sizeof(*ranges)))) {
		if (ranges != few)
			kvfree(ranges);
		return ERR_PTR(-EFAULT);
	}
	return ranges;
}

static int dvp_feature_publish(struct dvp_device *dvdev,
			       const struct dvp_request *req)
{
	struct dma_buf *dmabuf;
	int fd;

	/* First, so that a buffer that is there, and counts, has been given. */
	fd = get_unused_fd_flags(req->open_flags);
	if (fd < 0)
		return fd;

	dmabuf = dvp_buffer_create(dvdev, req);
	if (IS_ERR(dmabuf)) {
		put_unused_fd(fd);
		return PTR_ERR(dmabuf);
	}

	/* The descriptor takes our reference. */
	fd_install(fd, dmabuf->file);
	return fd;
}

static int dvp_feature_export(struct dvp_device *dvdev, u32 flags,
			      void __user *arg, size_t argsz)
{
	struct vfio_device_feature_dma_buf __user *from = arg;
	struct vfio_region_dma_range few[DVP_FEW_RANGES], *ranges;
	struct vfio_device_feature_dma_buf in;
	struct dvp_request req = {};
	int ret;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_GET,
				 sizeof(in));
	if (ret != 1)
		return ret;
	if (copy_from_user(&in, from, sizeof(in)))
		return -EFAULT;

	ret = dvp_feature_judge_export(&in, argsz);
	if (ret)
		return ret;
	ret = dvp_feature_judge_bar(&dvdev->vdev, in.region_index);
	if (ret)
		return ret;

	ranges = dvp_feature_copy_ranges(few, from->dma_ranges, in.nr_ranges);
	if (IS_ERR(ranges))
		return PTR_ERR(ranges);

	req.bar = in.region_index;
	req.open_flags = in.open_flags;
	req.nr_ranges = in.nr_ranges;
	req.ranges = ranges;
	ret = dvp_feature_publish(dvdev, &req);
	if (ranges != few)
		kvfree(ranges);
	return ret;
}

/* The core's buffers are the only ones that iommufd takes. */
static int dvp_feature_export_any(struct dvp_device *dvdev, u32 flags,
				  void __user *arg, size_t argsz)
{
	if (dvp_quirks_core_exports(dvdev->vdev.pdev))
		return vfio_pci_core_ioctl_feature(&dvdev->vdev.vdev, flags,
						   arg, argsz);
	return dvp_feature_export(dvdev, flags, arg, argsz);
}

/* Like vfio_check_feature(): 1 with the payload copied in, or the answer. */
static int dvp_feature_copy_set(u32 flags, const void __user *arg,
				size_t argsz, void *in, size_t size)
{
	int ret;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET, size);
	if (ret == 1 && copy_from_user(in, arg, size))
		return -EFAULT;
	return ret;
}

static int dvp_feature_revoke(struct dvp_device *dvdev, u32 flags,
			      void __user *arg, size_t argsz)
{
	struct vfio_device_feature_dma_buf_revoke in;
	struct dma_buf *dmabuf;
	int ret;

	ret = dvp_feature_copy_set(flags, arg, argsz, &in, sizeof(in));
	if (ret != 1)
		return ret;

	dmabuf = dvp_buffer_get(dvdev, in.dmabuf_fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	ret = dvp_gate_revoke(dvdev->gate, dmabuf->priv);
	dma_buf_put(dmabuf);
	return ret;
}

static bool dvp_feature_memattr_works(u32 memattr)
{
	return memattr == DMABUF_VFIO_PCI_MEMATTR_NC ||
	       (memattr == DMABUF_VFIO_PCI_MEMATTR_WC && dvp_vma_has_wc());
}

static int dvp_feature_memattr(struct dvp_device *dvdev, u32 flags,
			       void __user *arg, size_t argsz)
{
	struct vfio_device_feature_dma_buf_memattr in;
	struct dma_buf *dmabuf;
	struct dvp_buffer *buf;
	int ret;

	ret = dvp_feature_copy_set(flags, arg, argsz, &in, sizeof(in));
	if (ret != 1)
		return ret;

	dmabuf = dvp_buffer_get(dvdev, in.dmabuf_fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	buf = dmabuf->priv;
	ret = dvp_gate_check(dvdev->gate, buf);
	if (!ret && !dvp_feature_memattr_works(in.memattr))
		ret = -ENOENT;
	if (!ret && buf->uncached && in.memattr != DMABUF_VFIO_PCI_MEMATTR_NC)
		ret = -EOPNOTSUPP;
	if (!ret)
		WRITE_ONCE(buf->memattr, in.memattr);
	dma_buf_put(dmabuf);
	return ret;
}

static u32 dvp_feature_caps(void)
{
	u32 caps = DMABUF_VFIO_PCI_CAP_MMAP | DMABUF_VFIO_PCI_CAP_REVOKE |
		   DMABUF_VFIO_PCI_CAP_READ_ONLY;

	if (dvp_vma_has_huge())
		caps |= DMABUF_VFIO_PCI_CAP_HUGE_MAPPINGS;
	if (dvp_vma_has_wc())
		caps |= DMABUF_VFIO_PCI_CAP_MEMATTR_WC;
	if (dvp_dma_can_import())
		caps |= DMABUF_VFIO_PCI_CAP_DMA_IMPORT;
	if (dvp_core_exporter_exists())
		caps |= DMABUF_VFIO_PCI_CAP_CORE_EXPORTER;
	return caps;
}

static int dvp_feature_info(struct dvp_device *dvdev, u32 flags,
			    void __user *arg, size_t argsz)
{
	struct dmabuf_vfio_pci_info out = {
		.abi_version = DMABUF_VFIO_PCI_ABI_VERSION,
		.caps = dvp_feature_caps(),
		.max_ranges = DVP_MAX_RANGES,
	};
	int ret;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_GET,
				 sizeof(out));
	if (ret != 1)
		return ret;
	return copy_to_user(arg, &out, sizeof(out)) ? -EFAULT : 0;
}

/*
 * Upstream's names for revoke and memattr are aliases of our numbers until the
 * kernel's own header gives them numbers; both are answered then.
 */
static const struct dvp_feature_entry {
	u32 feature;
	int (*call)(struct dvp_device *dvdev, u32 flags, void __user *arg,
		    size_t argsz);
} dvp_feature_table[] = {
	{ VFIO_DEVICE_FEATURE_DMA_BUF,		dvp_feature_export_any },
	{ DMABUF_VFIO_PCI_FEATURE_EXPORT,	dvp_feature_export },
	{ DMABUF_VFIO_PCI_FEATURE_REVOKE,	dvp_feature_revoke },
	{ VFIO_DEVICE_FEATURE_DMA_BUF_REVOKE,	dvp_feature_revoke },
	{ DMABUF_VFIO_PCI_FEATURE_MEMATTR,	dvp_feature_memattr },
	{ VFIO_DEVICE_FEATURE_DMA_BUF_MEMATTR,	dvp_feature_memattr },
	{ DMABUF_VFIO_PCI_FEATURE_INFO,		dvp_feature_info },
	{ VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,	dvp_transition_low_power },
	{ VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
						dvp_transition_low_power },
	{ VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,	dvp_transition_low_power },
};

/**
 * dvp_feature() - &vfio_device_ops.device_feature
 * @core_vdev: the device
 * @flags: the feature and the operation
 * @arg: the payload
 * @argsz: bytes of it
 *
 * Context: process context, may sleep; the device is awake.
 *
 * Return: what the table in include/uapi/dmabuf_vfio_pci.h says of the
 * feature; what vfio_pci_core_ioctl_feature() says of others, -ENOTTY for an
 * unknown one.
 */
int dvp_feature(struct vfio_device *core_vdev, u32 flags, void __user *arg,
		size_t argsz)
{
	u32 feature = flags & VFIO_DEVICE_FEATURE_MASK;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dvp_feature_table); i++) {
		if (dvp_feature_table[i].feature == feature)
			return dvp_feature_table[i].call(dvp_device_of(core_vdev),
							 flags, arg, argsz);
	}
	return vfio_pci_core_ioctl_feature(core_vdev, flags, arg, argsz);
}
