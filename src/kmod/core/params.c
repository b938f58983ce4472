// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module parameters. p2p, feature_dma_buf and huge are looked at where they
 * matter, and can be changed at any time. Those of vfio-pci hold for devices that
 * are bound later.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/vfio_pci_core.h>

#include "core/params.h"

/* A parameter that is one word out of a few. */
struct dvp_choice {
	const char *const *words;
	size_t nr_words;
	int chosen;
};

static int dvp_choice_set(const char *val, const struct kernel_param *kp)
{
	struct dvp_choice *choice = kp->arg;
	int i = __sysfs_match_string(choice->words, choice->nr_words, val);

	if (i < 0)
		return i;
	WRITE_ONCE(choice->chosen, i);
	return 0;
}

static int dvp_choice_get(char *buffer, const struct kernel_param *kp)
{
	const struct dvp_choice *choice = kp->arg;

	return sysfs_emit(buffer, "%s\n",
			  choice->words[READ_ONCE(choice->chosen)]);
}

static const struct kernel_param_ops dvp_choice_ops = {
	.set = dvp_choice_set,
	.get = dvp_choice_get,
};

const char *const dvp_params_p2p_words[] = {
	[DVP_P2P_AUTO]		= "auto",
	[DVP_P2P_STRICT]	= "strict",
	[DVP_P2P_FORCE]		= "force",
	[DVP_P2P_OFF]		= "off",
};

static struct dvp_choice dvp_params_p2p_choice = {
	.words		= dvp_params_p2p_words,
	.nr_words	= ARRAY_SIZE(dvp_params_p2p_words),
};
module_param_cb(p2p, &dvp_choice_ops, &dvp_params_p2p_choice, 0644);
MODULE_PARM_DESC(p2p,
		 "Peer-to-peer DMA by other devices: auto (default) where the kernel knows a route, strict only behind an IOMMU that translates, force also without a known route, off.");

const char *const dvp_params_exporter_words[] = {
	[DVP_EXPORTER_AUTO]	= "auto",
	[DVP_EXPORTER_OWN]	= "own",
	[DVP_EXPORTER_CORE]	= "core",
};

static struct dvp_choice dvp_params_exporter_choice = {
	.words		= dvp_params_exporter_words,
	.nr_words	= ARRAY_SIZE(dvp_params_exporter_words),
};
module_param_cb(feature_dma_buf, &dvp_choice_ops,
		&dvp_params_exporter_choice, 0644);
MODULE_PARM_DESC(feature_dma_buf,
		 "Who answers VFIO_DEVICE_FEATURE_DMA_BUF: auto (default) is the kernel's exporter, where it has one, for devices bound to iommufd through a cdev, and this driver otherwise; own; core.");

static bool huge = true;
module_param(huge, bool, 0644);
MODULE_PARM_DESC(huge,
		 "Map BARs, and buffers exported for it, by entries of 2 MiB and BARs of 1 GiB where the kernel has them (default). On Linux 7.2 with CONFIG_NUMA a process with such a mapping can crash the kernel by mbind().");

enum dvp_p2p dvp_params_p2p(void)
{
	return READ_ONCE(dvp_params_p2p_choice.chosen);
}

enum dvp_exporter dvp_params_exporter(void)
{
	return READ_ONCE(dvp_params_exporter_choice.chosen);
}

bool dvp_params_huge(void)
{
	return READ_ONCE(huge);
}

#ifdef DVP_HAVE_CORE_PARAMS
static bool nointxmask;
module_param(nointxmask, bool, 0644);
MODULE_PARM_DESC(nointxmask,
		 "Do not use INTx masking as of PCI 2.3, for devices that get it wrong.");

static bool disable_idle_d3;
module_param(disable_idle_d3, bool, 0644);
MODULE_PARM_DESC(disable_idle_d3, "Leave devices that nobody uses out of D3.");

#ifdef CONFIG_VFIO_PCI_VGA
static bool disable_vga;
module_param(disable_vga, bool, 0444);
MODULE_PARM_DESC(disable_vga, "Give no access to VGA resources.");
#else
static const bool disable_vga;
#endif

/* Give a new device vfio-pci's parameters, before vfio_pci_core_init_dev(). */
void dvp_params_latch(struct vfio_pci_core_device *vdev)
{
	vdev->nointxmask = nointxmask;
	vdev->disable_idle_d3 = disable_idle_d3;
	vdev->disable_vga = disable_vga;
}
#else
/*
 * vfio_pci_core_set_params() is global there and belongs to vfio-pci: a second
 * caller would change devices that are not its own.
 */
void dvp_params_latch(struct vfio_pci_core_device *vdev)
{
}
#endif
