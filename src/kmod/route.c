// SPDX-License-Identifier: GPL-2.0-only
/*
 * How another device reaches a BAR: by bus addresses behind a bridge that both
 * share, through the host bridge, or not at all.
 *
 * Whether it does is the kernel's word, pci_p2pdma_distance(). Which of the two
 * ways it is, no supported kernel tells a module, so it is worked out from the
 * ports in between by the same rule: see calc_map_type_and_dist() in
 * drivers/pci/p2pdma.c.
 */
#include <linux/pci.h>
#include <linux/pci-p2pdma.h>

#include "dvp.h"
#include "options.h"

/**
 * struct dvp_route_path - the ports between two functions
 * @common: the lowest bridge above both, or NULL
 * @redirects: a port sends peer-to-peer requests up to the host bridge
 */
struct dvp_route_path {
	struct pci_dev *common;
	bool redirects;
};

/* Access control services: PCI Express Base Specification, section 7.7.11. */
static bool dvp_route_redirects(struct pci_dev *pdev)
{
	u16 ctrl;

	if (!pdev->acs_cap)
		return false;
	pci_read_config_word(pdev, pdev->acs_cap + PCI_ACS_CTRL, &ctrl);
	return ctrl & (PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_EC);
}

static bool dvp_route_is_above(struct pci_dev *bridge, struct pci_dev *pdev)
{
	while (pdev && pdev != bridge)
		pdev = pci_upstream_bridge(pdev);
	return pdev;
}

static struct dvp_route_path dvp_route_walk(struct pci_dev *provider,
					    struct pci_dev *client)
{
	struct dvp_route_path path = {};
	struct pci_dev *at;

	for (at = provider; at; at = pci_upstream_bridge(at)) {
		path.redirects |= dvp_route_redirects(at);
		if (dvp_route_is_above(at, client))
			break;
	}
	path.common = at;

	for (at = client; at != path.common; at = pci_upstream_bridge(at))
		path.redirects |= dvp_route_redirects(at);
	return path;
}

enum dvp_route_why { IS_OFF, IS_UNKNOWN, IS_REDIRECTED, IS_APART };

static const char *const dvp_route_whys[] = {
	[IS_OFF] =
		"this driver's parameter p2p is off",
	[IS_UNKNOWN] =
		"a kernel without CONFIG_PCI_P2PDMA cannot tell whether it reaches the BAR; p2p=force says that it does",
	[IS_REDIRECTED] =
		"ports in between redirect to a host bridge that is not known to route peer-to-peer DMA; pci=disable_acs_redir= on the kernel's command line ends that, p2p=force says that the host bridge does",
	[IS_APART] =
		"the kernel does not know the host bridge as one that routes peer-to-peer DMA; put both devices behind one switch, or say with p2p=force that it does",
};

static enum dvp_route_why dvp_route_why_not(struct pci_dev *provider,
					    struct pci_dev *client,
					    enum dvp_p2p p2p)
{
	if (p2p == DVP_P2P_OFF)
		return IS_OFF;
	if (!IS_ENABLED(CONFIG_PCI_P2PDMA))
		return IS_UNKNOWN;
	return dvp_route_walk(provider, client).common ? IS_REDIRECTED :
							 IS_APART;
}

/*
 * That a pair has no route is kept as long as the device is bound: users could ask
 * for ever, and each time the kernel's check may say something in the log.
 */
static unsigned long dvp_route_key(struct pci_dev *client)
{
	return (unsigned long)pci_domain_nr(client->bus) << 16 |
	       pci_dev_id(client);
}

static bool dvp_route_is_told(struct dvp_gate *gate, struct pci_dev *client,
			      enum dvp_p2p p2p)
{
	return xa_load(&gate->told_pairs, dvp_route_key(client)) ==
	       xa_mk_value(p2p);
}

static void dvp_route_tell(struct dvp_gate *gate, struct pci_dev *client,
			   enum dvp_p2p p2p)
{
	xa_store(&gate->told_pairs, dvp_route_key(client), xa_mk_value(p2p),
		 GFP_KERNEL);
	if (p2p == DVP_P2P_FORCE)
		return;
	pci_warn(gate->pdev, "refused %s (%s) as an importer: %s\n",
		 pci_name(client), dev_driver_string(&client->dev),
		 dvp_route_whys[dvp_route_why_not(gate->pdev, client, p2p)]);
}

static enum dvp_route dvp_route_by_kernel(struct pci_dev *provider,
					  struct pci_dev *client)
{
	struct dvp_route_path path;

	if (pci_p2pdma_distance(provider, &client->dev, false) < 0)
		return DVP_ROUTE_NONE;

	path = dvp_route_walk(provider, client);
	return path.common && !path.redirects ? DVP_ROUTE_BUS :
						DVP_ROUTE_BRIDGE;
}

/* Where the kernel knows no route. */
static enum dvp_route dvp_route_without(enum dvp_p2p p2p)
{
	return p2p == DVP_P2P_FORCE ? DVP_ROUTE_BRIDGE : DVP_ROUTE_NONE;
}

/**
 * dvp_route_find() - how an importer reaches the BARs of a device
 * @gate: the gate of the device
 * @dev: the importer
 *
 * A refusal is said in the log, once for each importer.
 *
 * Context: process context, may sleep; &dvp_gate.lock held and the gate open,
 * so that the device stays where it is.
 *
 * Return: an &enum dvp_route, DVP_ROUTE_NONE where it does not or must not.
 */
enum dvp_route dvp_route_find(struct dvp_gate *gate, struct device *dev)
{
	enum dvp_p2p p2p = dvp_options_p2p();
	enum dvp_route route = DVP_ROUTE_NONE;
	struct pci_dev *client;

	lockdep_assert_held(&gate->lock);

	if (!dev_is_pci(dev)) {
		if (p2p == DVP_P2P_FORCE && dev->dma_mask)
			return DVP_ROUTE_BRIDGE;
		dvp_dma_refuse(gate, dev, DVP_REFUSAL_NOT_PCI);
		return DVP_ROUTE_NONE;
	}

	client = to_pci_dev(dev);
	if (dvp_route_is_told(gate, client, p2p))
		return dvp_route_without(p2p);
	if (p2p != DVP_P2P_OFF)
		route = dvp_route_by_kernel(gate->pdev, client);
	if (route != DVP_ROUTE_NONE)
		return route;
	dvp_route_tell(gate, client, p2p);
	return dvp_route_without(p2p);
}
