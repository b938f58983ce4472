// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module for the tests alone: does in the kernel what a test cannot do from
 * user space, through ioctls on /dev/dvp-importer. It stands on its own, so
 * that a mistake of the driver under test cannot hide here.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "dvp_importer.h"
#include "importer.h"
#include "peer.h"

static long dvp_importer_ioctl_read_pte(void __user *arg)
{
	struct dvp_importer_pte pte;
	int ret;

	if (copy_from_user(&pte, arg, sizeof(pte)))
		return -EFAULT;
	ret = dvp_importer_read_pte(&pte);
	if (ret)
		return ret;
	return copy_to_user(arg, &pte, sizeof(pte)) ? -EFAULT : 0;
}

static long dvp_importer_ioctl_attach(struct file *file, void __user *arg)
{
	/* misc_open() leaves its device there. */
	struct miscdevice *misc = file->private_data;
	struct dvp_importer_attach attach;

	if (copy_from_user(&attach, arg, sizeof(attach)))
		return -EFAULT;
	return dvp_importer_attach(misc->this_device, &attach);
}

static long dvp_importer_ioctl_claim(struct file *file, void __user *arg)
{
	struct dvp_importer_claim claim;

	if (copy_from_user(&claim, arg, sizeof(claim)))
		return -EFAULT;
	return dvp_importer_claim(file, &claim);
}

static long dvp_importer_ioctl_stall(struct file *file, void __user *arg)
{
	struct dvp_importer_stall stall;

	if (copy_from_user(&stall, arg, sizeof(stall)))
		return -EFAULT;
	return dvp_importer_stall(file, &stall);
}

/* Newer kernels have no option for what all of them do. */
static long dvp_importer_ioctl_kernel(void)
{
	long flags = 0;

	if (IS_ENABLED(CONFIG_DMABUF_MOVE_NOTIFY) ||
	    DVP_IMPORTER_CALLBACK_OPTIONAL)
		flags |= DVP_KERNEL_MOVES;
	if (IS_ENABLED(CONFIG_PCI_P2PDMA))
		flags |= DVP_KERNEL_P2PDMA;
	if (DVP_IMPORTER_CALLBACK_OPTIONAL)
		flags |= DVP_KERNEL_REVOCABLE;
	return flags;
}

static long dvp_importer_ioctl(struct file *file, unsigned int cmd,
			       unsigned long arg)
{
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case DVP_IMPORTER_READ_PTE:
		return dvp_importer_ioctl_read_pte(uarg);
	case DVP_IMPORTER_ATTACH:
		return dvp_importer_ioctl_attach(file, uarg);
	case DVP_IMPORTER_KERNEL:
		return dvp_importer_ioctl_kernel();
	case DVP_IMPORTER_CLAIM:
		return dvp_importer_ioctl_claim(file, uarg);
	case DVP_IMPORTER_STALL:
		return dvp_importer_ioctl_stall(file, uarg);
	case DVP_IMPORTER_GO:
		return dvp_importer_go(file);
	case DVP_IMPORTER_STALLED:
		return dvp_importer_stalled(file);
	default:
		return -ENOTTY;
	}
}

static int dvp_importer_release(struct inode *inode, struct file *file)
{
	dvp_importer_unclaim(file);
	dvp_importer_unstall(file);
	return 0;
}

static const struct file_operations dvp_importer_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.release = dvp_importer_release,
	.unlocked_ioctl = dvp_importer_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice dvp_importer_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "dvp-importer",
	.mode = 0600,
	.fops = &dvp_importer_fops,
};

static int __init dvp_importer_init(void)
{
	int ret = misc_register(&dvp_importer_misc);

	if (ret)
		return ret;
	ret = dvp_peer_register();
	if (ret)
		misc_deregister(&dvp_importer_misc);
	return ret;
}
module_init(dvp_importer_init);

static void __exit dvp_importer_exit(void)
{
	dvp_peer_unregister();
	misc_deregister(&dvp_importer_misc);
}
module_exit(dvp_importer_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test helper of dmabuf-vfio-pci");
