// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does an importer reach the BARs of a device? That is the kernel's word,
 * pci_p2pdma_distance(). Requests always go through the host bridge, by addresses of
 * the DMA API: functions that reach each other below it share an IOMMU group, which
 * VFIO cannot own while another driver has a member.
 */
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/pci-p2pdma.h>

#include "dma/dma.h"

static unsigned long dvp_route_key(struct pci_dev *client)
{
	return (unsigned long)pci_domain_nr(client->bus) << 16 |
	       pci_dev_id(client);
}

static const char *dvp_route_why_not(void)
{
	if (!IS_ENABLED(CONFIG_PCI_P2PDMA))
		return "a kernel without CONFIG_PCI_P2PDMA cannot tell whether it reaches the BAR";
	return "the kernel does not know that the host bridge routes peer-to-peer DMA between them";
}

/*
 * Under dvp_gate.lock with the device open, so that it stays where it is. A pair
 * without a route is logged and remembered while the device is bound: users can
 * attach for ever, and the kernel's check may log each time.
 */
bool dvp_route_exists(struct dvp_gate *gate, struct device *dev)
{
	struct pci_dev *client = to_pci_dev(dev);
	unsigned long key = dvp_route_key(client);

	lockdep_assert_held(&gate->lock);

	if (xa_load(&gate->no_route, key))
		return false;
	if (pci_p2pdma_distance(gate->pdev, dev, false) >= 0)
		return true;

	xa_store(&gate->no_route, key, xa_mk_value(1), GFP_NOWAIT);
	pci_warn(gate->pdev,
		 "no route for %s (%s) as an importer: %s; p2p=force attaches it all the same, for platforms that are known to have one\n",
		 pci_name(client), dev_driver_string(dev), dvp_route_why_not());
	return false;
}

/* Can an IOMMU stop the device from reaching what its driver has unmapped? */
bool dvp_route_translates(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && iommu_is_dma_domain(domain);
}
