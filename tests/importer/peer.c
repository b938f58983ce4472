// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver of a device that imports dma-bufs: QEMU's edu, bound by its
 * driver_override. Each device has a node, each open of it is an importer.
 *
 * When a device is unbound, its importers let go; who still has the node open
 * gets ENODEV from then on.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "peer.h"

static void dvp_peer_free(struct kref *refs)
{
	kfree(container_of(refs, struct dvp_peer, refs));
}

/* misc_open() holds the lock that misc_deregister() takes: the peer is there. */
static int dvp_peer_open(struct inode *inode, struct file *file)
{
	struct dvp_peer *peer = container_of(file->private_data,
					     struct dvp_peer, misc);
	struct dvp_peer_context *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);

	if (!ctx)
		return -ENOMEM;
	dvp_peer_context_init(ctx);
	ctx->peer = peer;
	kref_get(&peer->refs);
	mutex_lock(&peer->lock);
	list_add(&ctx->node, &peer->contexts);
	mutex_unlock(&peer->lock);
	file->private_data = ctx;
	return nonseekable_open(inode, file);
}

static int dvp_peer_mask(struct dvp_peer_context *ctx, unsigned long bits)
{
	int ret;

	if (!bits || bits > 64)
		return -EINVAL;
	ret = dma_set_mask(&ctx->peer->pdev->dev, DMA_BIT_MASK(bits));
	if (!ret)
		ctx->narrow = bits < 64;
	return ret;
}

/* All that an importer has from its device. */
static void dvp_peer_let_go(struct dvp_peer_context *ctx)
{
	mutex_lock(&ctx->lock);
	dvp_peer_detach(ctx);
	if (ctx->narrow)
		dvp_peer_mask(ctx, 64);
	ctx->gone = true;
	mutex_unlock(&ctx->lock);
}

/*
 * A process that ends has all its files flushed before the first is released.
 * The release of a VFIO device waits for importers: they must not come later.
 */
static int dvp_peer_flush(struct file *file, fl_owner_t id)
{
	struct dvp_peer_context *ctx = file->private_data;

	if (!(current->flags & PF_EXITING))
		return 0;
	mutex_lock(&ctx->lock);
	dvp_peer_detach(ctx);
	mutex_unlock(&ctx->lock);
	return 0;
}

static int dvp_peer_release(struct inode *inode, struct file *file)
{
	struct dvp_peer_context *ctx = file->private_data;
	struct dvp_peer *peer = ctx->peer;

	mutex_lock(&peer->lock);
	list_del(&ctx->node);
	dvp_peer_let_go(ctx);
	mutex_unlock(&peer->lock);
	kvfree(ctx->entries);
	pci_dev_put(ctx->watched);
	kfree(ctx);
	kref_put(&peer->refs, dvp_peer_free);
	return 0;
}

/* Takes no lock: an answer must come while others wait. */
static long dvp_peer_ioctl_state(struct dvp_peer_context *ctx,
				 void __user *uarg)
{
	struct dvp_peer_state_arg state = {
		.attached = !!READ_ONCE(ctx->attach),
		.mapped = !!READ_ONCE(ctx->sgt),
		.notified = READ_ONCE(ctx->notified),
		.fences = atomic_read(&ctx->nr_fences),
		.nr_entries = READ_ONCE(ctx->nr_entries),
		.locked = READ_ONCE(ctx->locked),
		.late = READ_ONCE(ctx->nr_late),
	};

	return copy_to_user(uarg, &state, sizeof(state)) ? -EFAULT : 0;
}

static long dvp_peer_ioctl_attach(struct dvp_peer_context *ctx,
				  void __user *uarg)
{
	struct dvp_peer_attach_arg arg;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	return dvp_peer_attach(ctx, &arg);
}

static long dvp_peer_ioctl_entries(struct dvp_peer_context *ctx,
				   void __user *uarg)
{
	struct dvp_peer_entries_arg arg;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.first > ctx->nr_entries || arg.nr > ctx->nr_entries - arg.first)
		return -EINVAL;
	if (copy_to_user(u64_to_user_ptr(arg.entries), ctx->entries + arg.first,
			 arg.nr * sizeof(*ctx->entries)))
		return -EFAULT;
	return 0;
}

static long dvp_peer_ioctl_dma(struct dvp_peer_context *ctx, void __user *uarg)
{
	struct dvp_peer_dma_arg arg;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	return dvp_peer_dma(ctx, &arg);
}

static long dvp_peer_ioctl_watch(struct dvp_peer_context *ctx, void __user *uarg)
{
	struct dvp_peer_watch_arg arg;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	return dvp_peer_watch(ctx, &arg);
}

static long dvp_peer_ioctl_locked(struct dvp_peer_context *ctx,
				  unsigned int cmd, unsigned long arg)
{
	void __user *uarg = (void __user *)arg;

	if (ctx->gone)
		return -ENODEV;

	switch (cmd) {
	case DVP_PEER_ATTACH:
		return dvp_peer_ioctl_attach(ctx, uarg);
	case DVP_PEER_DETACH:
		return dvp_peer_detach(ctx);
	case DVP_PEER_MAP:
		return dvp_peer_map(ctx, arg);
	case DVP_PEER_UNMAP:
		return dvp_peer_unmap(ctx);
	case DVP_PEER_ENTRIES:
		return dvp_peer_ioctl_entries(ctx, uarg);
	case DVP_PEER_DMA:
		return dvp_peer_ioctl_dma(ctx, uarg);
	case DVP_PEER_FENCE:
		return dvp_peer_fence(ctx, arg, false);
	case DVP_PEER_FENCE_WRITE:
		return dvp_peer_fence(ctx, arg, true);
	case DVP_PEER_MASK:
		return dvp_peer_mask(ctx, arg);
	case DVP_PEER_LOCK:
		return dvp_peer_lock(ctx, arg);
	case DVP_PEER_WATCH:
		return dvp_peer_ioctl_watch(ctx, uarg);
	default:
		return -ENOTTY;
	}
}

static long dvp_peer_ioctl(struct file *file, unsigned int cmd,
			   unsigned long arg)
{
	struct dvp_peer_context *ctx = file->private_data;
	long ret;

	if (cmd == DVP_PEER_STATE)
		return dvp_peer_ioctl_state(ctx, (void __user *)arg);
	mutex_lock(&ctx->lock);
	ret = dvp_peer_ioctl_locked(ctx, cmd, arg);
	mutex_unlock(&ctx->lock);
	return ret;
}

/*
 * A driver that lends a dma-buf on through its own file, which can be written. The
 * offset, in pages, is the descriptor of the dma-buf.
 */
static int dvp_peer_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct dma_buf *dmabuf = dma_buf_get(vma->vm_pgoff);
	int ret;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	ret = dma_buf_mmap(dmabuf, vma, 0);
	dma_buf_put(dmabuf);
	return ret;
}

static const struct file_operations dvp_peer_fops = {
	.owner = THIS_MODULE,
	.open = dvp_peer_open,
	.flush = dvp_peer_flush,
	.release = dvp_peer_release,
	.unlocked_ioctl = dvp_peer_ioctl,
	.mmap = dvp_peer_mmap,
};

static int dvp_peer_enable(struct dvp_peer *peer)
{
	struct pci_dev *pdev = peer->pdev;
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	peer->regs = pcim_iomap(pdev, 0, 0);
	if (!peer->regs)
		return -ENODEV;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	peer->page = dmam_alloc_coherent(&pdev->dev, DVP_PEER_DMA_MAX,
					 &peer->page_addr, GFP_KERNEL);
	if (!peer->page)
		return -ENOMEM;
	pci_set_master(pdev);
	return 0;
}

static int dvp_peer_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct dvp_peer *peer = kzalloc(sizeof(*peer), GFP_KERNEL);
	int ret;

	if (!peer)
		return -ENOMEM;
	peer->pdev = pdev;
	kref_init(&peer->refs);
	mutex_init(&peer->lock);
	mutex_init(&peer->engine);
	INIT_LIST_HEAD(&peer->contexts);
	snprintf(peer->name, sizeof(peer->name), "dvp-peer-%s", pci_name(pdev));
	peer->misc = (struct miscdevice){
		.minor = MISC_DYNAMIC_MINOR,
		.name = peer->name,
		.mode = 0600,
		.fops = &dvp_peer_fops,
	};
	pci_set_drvdata(pdev, peer);

	ret = dvp_peer_enable(peer);
	if (!ret)
		ret = misc_register(&peer->misc);
	if (ret)
		kref_put(&peer->refs, dvp_peer_free);
	return ret;
}

static void dvp_peer_remove(struct pci_dev *pdev)
{
	struct dvp_peer *peer = pci_get_drvdata(pdev);
	struct dvp_peer_context *ctx;

	misc_deregister(&peer->misc);
	mutex_lock(&peer->lock);
	list_for_each_entry(ctx, &peer->contexts, node)
		dvp_peer_let_go(ctx);
	mutex_unlock(&peer->lock);
	kref_put(&peer->refs, dvp_peer_free);
}

static const struct pci_device_id dvp_peer_ids[] = {
	{ }
};

/*
 * Devices behind a switch can share an IOMMU group. With driver_managed_dma
 * VFIO can use the group although this driver has a member of it.
 */
static struct pci_driver dvp_peer_driver = {
	.name = DVP_PEER_DRIVER,
	.id_table = dvp_peer_ids,
	.probe = dvp_peer_probe,
	.remove = dvp_peer_remove,
	.driver_managed_dma = true,
};

/**
 * dvp_peer_register() - offer the driver
 *
 * Return: 0 or a negative errno.
 */
int dvp_peer_register(void)
{
	return pci_register_driver(&dvp_peer_driver);
}

/**
 * dvp_peer_unregister() - take the driver back
 */
void dvp_peer_unregister(void)
{
	pci_unregister_driver(&dvp_peer_driver);
}
