// SPDX-License-Identifier: GPL-2.0-only
/*
 * The feature calls: copy the payload in once, judge it, pass a clean request on. What
 * is not ours goes to the core.
 */
#include <linux/eventfd.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "core/params.h"
#include "core/quirks.h"
#include "cpu/cpu.h"
#include "dma/dma.h"
#include "export.h"
#include "revoke.h"
#include "user/user.h"

#define DVP_OPEN_FLAGS	(O_ACCMODE | O_CLOEXEC | O_NONBLOCK)
#define DVP_EXPORT_FLAGS	\
	(DMABUF_VFIO_PCI_EXPORT_HUGE | DMABUF_VFIO_PCI_EXPORT_CPU_ONLY)

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

	ret = dvp_memory_claim_bar(vdev, bar);
	return ret && ret != -ENOMEM ? -ENODEV : ret;
}

static int dvp_feature_judge_export(const struct vfio_device_feature_dma_buf *in,
				    size_t argsz)
{
	if (!in->nr_ranges)
		return -EINVAL;
	if (in->nr_ranges > DVP_MAX_RANGES)
		return -E2BIG;
	if ((argsz - sizeof(*in)) / sizeof(in->dma_ranges[0]) < in->nr_ranges)
		return -EINVAL;
	return 0;
}

/* To few, where they fit. The size is the user's: it is accounted, and fails silently. */
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

	/* First, so that a buffer that exists, and counts, reaches the user. */
	fd = get_unused_fd_flags(req->open_flags);
	if (fd < 0)
		return fd;

	dmabuf = dvp_export(dvdev, req);
	if (IS_ERR(dmabuf)) {
		put_unused_fd(fd);
		return PTR_ERR(dmabuf);
	}

	/* The descriptor takes our reference. */
	fd_install(fd, dmabuf->file);
	return fd;
}

static int dvp_feature_export(struct dvp_device *dvdev,
			      const struct vfio_device_feature_dma_buf *in,
			      const struct vfio_region_dma_range __user *from,
			      struct dvp_request *req)
{
	struct vfio_region_dma_range few[DVP_FEW_RANGES], *ranges;
	int ret;

	ret = dvp_feature_judge_bar(&dvdev->vdev, in->region_index);
	if (ret)
		return ret;
	ranges = dvp_feature_copy_ranges(few, from, in->nr_ranges);
	if (IS_ERR(ranges))
		return PTR_ERR(ranges);

	req->bar = in->region_index;
	req->open_flags = in->open_flags & DVP_OPEN_FLAGS;
	req->nr_ranges = in->nr_ranges;
	req->ranges = ranges;
	ret = dvp_feature_publish(dvdev, req);
	if (ranges != few)
		kvfree(ranges);
	return ret;
}

/* Returns 1 with the fixed part copied in and judged, or the result of the call. */
static int dvp_feature_copy_export(u32 flags, const void __user *arg,
				   size_t argsz,
				   struct vfio_device_feature_dma_buf *in)
{
	int ret;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_GET,
				 sizeof(*in));
	if (ret != 1)
		return ret;
	if (copy_from_user(in, arg, sizeof(*in)))
		return -EFAULT;
	return dvp_feature_judge_export(in, argsz) ?: 1;
}

static int dvp_feature_export_own(struct dvp_device *dvdev, u32 flags,
				  void __user *arg, size_t argsz)
{
	struct vfio_device_feature_dma_buf __user *from = arg;
	struct vfio_device_feature_dma_buf in;
	struct dvp_request req = { .import_by_mode = true };
	int ret;

	ret = dvp_feature_copy_export(flags, arg, argsz, &in);
	if (ret != 1)
		return ret;
	if (in.flags & ~DVP_EXPORT_FLAGS || in.open_flags & ~DVP_OPEN_FLAGS ||
	    (in.open_flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	req.flags = in.flags;
	return dvp_feature_export(dvdev, &in, from->dma_ranges, &req);
}

/*
 * Does the core's exporter answer VFIO_DEVICE_FEATURE_DMA_BUF? iommufd accepts no other
 * buffers. It knows nothing of quirks, so a device with one that limits exports is never
 * left to it.
 */
bool dvp_feature_core_exports(struct dvp_device *dvdev)
{
	struct vfio_device *core_vdev = &dvdev->vdev.vdev;

	if (!IS_ENABLED(DVP_HAVE_CORE_EXPORTER) ||
	    dvp_quirks_limit_exports(dvdev->vdev.pdev))
		return false;
	switch (dvp_params_exporter()) {
	case DVP_EXPORTER_CORE:
		return true;
	case DVP_EXPORTER_OWN:
		return false;
	case DVP_EXPORTER_AUTO:
		break;
	}
	return dvp_compat_is_bound_to_iommufd(core_vdev);
}

/* In-tree ignores other bits of open_flags, and lets DMA go in any direction. */
static int dvp_feature_export_intree(struct dvp_device *dvdev, u32 flags,
				     void __user *arg, size_t argsz)
{
	struct vfio_device_feature_dma_buf __user *from = arg;
	struct vfio_device_feature_dma_buf in;
	struct dvp_request req = {};
	int ret;

	if (dvp_feature_core_exports(dvdev))
		return vfio_pci_core_ioctl_feature(&dvdev->vdev.vdev, flags,
						   arg, argsz);

	ret = dvp_feature_copy_export(flags, arg, argsz, &in);
	if (ret != 1)
		return ret;
	if (in.flags)
		return -EINVAL;
	return dvp_feature_export(dvdev, &in, from->dma_ranges, &req);
}

/* Payloads of calls on a buffer; all start with its descriptor. */
union dvp_feature_payload {
	s32 dmabuf_fd;
	struct dmabuf_vfio_pci_revoke revoke;
	struct dmabuf_vfio_pci_memattr memattr;
	struct dmabuf_vfio_pci_event event;
	struct dmabuf_vfio_pci_state state;
};

static int dvp_feature_revoke(struct dvp_buffer *buf,
			      union dvp_feature_payload *payload)
{
	return dvp_revoke_buffer(buf);
}

static int dvp_feature_memattr(struct dvp_buffer *buf,
			       union dvp_feature_payload *payload)
{
	u32 memattr = payload->memattr.memattr;
	int ret = dvp_gate_check(buf);

	if (ret)
		return ret;
	if (memattr != DMABUF_VFIO_PCI_MEMATTR_NC &&
	    memattr != DMABUF_VFIO_PCI_MEMATTR_WC)
		return -EINVAL;
	if (memattr == DMABUF_VFIO_PCI_MEMATTR_WC &&
	    (!dvp_mmap_has_wc() || buf->uncached))
		return -EOPNOTSUPP;
	WRITE_ONCE(buf->memattr, memattr);
	return 0;
}

static int dvp_feature_event(struct dvp_buffer *buf,
			     union dvp_feature_payload *payload)
{
	int ret = dvp_gate_check(buf), fd = payload->event.event_fd;
	struct eventfd_ctx *event = NULL;

	if (ret)
		return ret;
	if (fd != -1)
		event = eventfd_ctx_fdget(fd);
	if (IS_ERR(event))
		return PTR_ERR(event);

	ret = dvp_gate_set_event(buf, event);
	if (ret && event)
		eventfd_ctx_put(event);
	return ret;
}

/* A revoked buffer of this opening has a state; one of an earlier opening has none. */
static int dvp_feature_state(struct dvp_buffer *buf,
			     union dvp_feature_payload *payload)
{
	struct dmabuf_vfio_pci_state *out = &payload->state;
	unsigned int causes = 0;
	int ret;

	dvp_gate_look(buf->gate);
	ret = dvp_gate_check(buf);
	if (!ret)
		causes = READ_ONCE(buf->gate->causes) & DVP_CAUSES_BLOCK;
	out->state = ret ? DMABUF_VFIO_PCI_STATE_REVOKED :
		     causes ? DMABUF_VFIO_PCI_STATE_BLOCKED :
			      DMABUF_VFIO_PCI_STATE_USABLE;
	out->causes = causes;
	out->reserved = 0;
	return ret == -EBADFD ? 0 : ret;
}

static const struct dvp_feature_call {
	u32 feature;
	u32 op;
	size_t size;
	int (*call)(struct dvp_buffer *buf, union dvp_feature_payload *payload);
} dvp_feature_calls[] = {
	{ DMABUF_VFIO_PCI_FEATURE_REVOKE, VFIO_DEVICE_FEATURE_SET,
	  sizeof(struct dmabuf_vfio_pci_revoke), dvp_feature_revoke },
#ifdef DVP_HAVE_UPSTREAM_REVOKE
	{ VFIO_DEVICE_FEATURE_DMA_BUF_REVOKE, VFIO_DEVICE_FEATURE_SET,
	  sizeof(struct dmabuf_vfio_pci_revoke), dvp_feature_revoke },
#endif
	{ DMABUF_VFIO_PCI_FEATURE_MEMATTR, VFIO_DEVICE_FEATURE_SET,
	  sizeof(struct dmabuf_vfio_pci_memattr), dvp_feature_memattr },
	{ DMABUF_VFIO_PCI_FEATURE_EVENT, VFIO_DEVICE_FEATURE_SET,
	  sizeof(struct dmabuf_vfio_pci_event), dvp_feature_event },
	{ DMABUF_VFIO_PCI_FEATURE_STATE, VFIO_DEVICE_FEATURE_GET,
	  sizeof(struct dmabuf_vfio_pci_state), dvp_feature_state },
};

static int dvp_feature_on_buffer(struct dvp_device *dvdev,
				 const struct dvp_feature_call *row, u32 flags,
				 void __user *arg, size_t argsz)
{
	union dvp_feature_payload payload;
	struct dma_buf *dmabuf;
	int ret;

	ret = vfio_check_feature(flags, argsz, row->op, row->size);
	if (ret != 1)
		return ret;
	if (copy_from_user(&payload, arg, row->size))
		return -EFAULT;

	dmabuf = dvp_export_get(dvdev, payload.dmabuf_fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	ret = row->call(dmabuf->priv, &payload);
	dma_buf_put(dmabuf);
	if (ret || row->op != VFIO_DEVICE_FEATURE_GET)
		return ret;
	return copy_to_user(arg, &payload, row->size) ? -EFAULT : 0;
}

static u32 dvp_feature_caps(void)
{
	u32 caps = DMABUF_VFIO_PCI_CAP_MMAP | DMABUF_VFIO_PCI_CAP_REVOKE |
		   DMABUF_VFIO_PCI_CAP_READ_ONLY | DMABUF_VFIO_PCI_CAP_EVENT |
		   DMABUF_VFIO_PCI_CAP_CPU_ONLY;

	if (dvp_huge_enabled())
		caps |= DMABUF_VFIO_PCI_CAP_HUGE;
	if (dvp_mmap_has_wc())
		caps |= DMABUF_VFIO_PCI_CAP_MEMATTR_WC;
	if (dvp_dma_can_import())
		caps |= DMABUF_VFIO_PCI_CAP_DMA_IMPORT;
	if (IS_ENABLED(DVP_HAVE_CORE_EXPORTER))
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

static const struct dvp_feature_entry {
	u32 feature;
	int (*call)(struct dvp_device *dvdev, u32 flags, void __user *arg,
		    size_t argsz);
} dvp_feature_table[] = {
	{ VFIO_DEVICE_FEATURE_DMA_BUF,		dvp_feature_export_intree },
	{ DMABUF_VFIO_PCI_FEATURE_EXPORT,	dvp_feature_export_own },
	{ DMABUF_VFIO_PCI_FEATURE_INFO,		dvp_feature_info },
	{ VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,	dvp_config_enter_low_power },
	{ VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
						dvp_config_enter_low_power },
	{ VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,	dvp_config_exit_low_power },
};

/*
 * vfio_device_ops.device_feature. Returns what include/uapi/dmabuf_vfio_pci.h says of
 * the feature, and what the core says of others: -ENOTTY for an unknown one.
 */
int dvp_feature(struct vfio_device *core_vdev, u32 flags, void __user *arg,
		size_t argsz)
{
	struct dvp_device *dvdev = dvp_device_of(core_vdev);
	u32 feature = flags & VFIO_DEVICE_FEATURE_MASK;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dvp_feature_table); i++) {
		if (dvp_feature_table[i].feature == feature)
			return dvp_feature_table[i].call(dvdev, flags, arg,
							 argsz);
	}
	for (i = 0; i < ARRAY_SIZE(dvp_feature_calls); i++) {
		if (dvp_feature_calls[i].feature == feature)
			return dvp_feature_on_buffer(dvdev,
						     &dvp_feature_calls[i],
						     flags, arg, argsz);
	}
	return vfio_pci_core_ioctl_feature(core_vdev, flags, arg, argsz);
}
