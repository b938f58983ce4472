// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which devices the driver binds: ids that the administrator adds, and the denylist of
 * vfio-pci, which vfio-pci-core leaves to each driver.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "user/user.h"

static char ids[1024] __initdata;
module_param_string(ids, ids, sizeof(ids), 0);
MODULE_PARM_DESC(ids,
		 "PCI ids to bind, \"vendor:device[:subvendor[:subdevice[:class[:class_mask]]]]\", comma separated");

static bool disable_denylist;
module_param(disable_denylist, bool, 0444);
MODULE_PARM_DESC(disable_denylist,
		 "Bind devices with known errata that an untrusted user could exploit.");

/* Facts from vfio_pci_dev_in_denylist() in drivers/vfio/pci/vfio_pci.c. */
static const struct pci_device_id dvp_ids_denylist[] = {
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_C3XXX) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_C3XXX_VF) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_C62X) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_C62X_VF) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_DH895XCC) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_DH895XCC_VF) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_DSA_SPR0) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_IAX_SPR0) },
	{}
};

/* For probe: is the device on the denylist, and the denylist in force? Logs it. */
bool dvp_ids_denied(struct pci_dev *pdev)
{
	if (!pci_match_id(dvp_ids_denylist, pdev))
		return false;

	if (disable_denylist) {
		pci_warn(pdev, "on the denylist, bound all the same: disable_denylist is set\n");
		return false;
	}

	pci_warn(pdev, "on the denylist for exploitable errata, not bound; load the module with disable_denylist=1 to bind it anyway\n");
	return true;
}

static void __init dvp_ids_add(struct pci_driver *driver, const char *id)
{
	unsigned int vendor, device, subvendor = PCI_ANY_ID,
		     subdevice = PCI_ANY_ID, class = 0, class_mask = 0;
	int ret = -EINVAL;

	if (sscanf(id, "%x:%x:%x:%x:%x:%x", &vendor, &device, &subvendor,
		   &subdevice, &class, &class_mask) >= 2)
		ret = pci_add_dynid(driver, vendor, device, subvendor,
				    subdevice, class, class_mask, 0);
	if (ret)
		pr_warn("ids: \"%s\" was not added (%d)\n", id, ret);
	else
		pr_info("ids: added \"%s\"\n", id);
}

/* Like vfio-pci, log an id that cannot be parsed, and go on. */
int __init dvp_ids_register(struct pci_driver *driver)
{
	char *rest = ids, *id;
	int ret;

	ret = __pci_register_driver(driver, THIS_MODULE, DVP_NAME);
	if (ret)
		return ret;

	while ((id = strsep(&rest, ","))) {
		if (*id)
			dvp_ids_add(driver, id);
	}
	if (disable_denylist)
		pr_warn("the denylist is disabled\n");
	return 0;
}
