// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file "regions": what can be done with each BAR here, and if not, why.
 */
#include <linux/pci.h>
#include <linux/seq_file.h>

#include "dvp.h"
#include "options.h"
#include "quirks.h"
#include "show.h"

static const char *dvp_regions_kind(struct pci_dev *pdev, int bar)
{
	if (!pci_resource_len(pdev, bar))
		return "none";
	if (bar == PCI_ROM_RESOURCE)
		return "rom";
	return pci_resource_flags(pdev, bar) & IORESOURCE_IO ? "io" : "memory";
}

/*
 * VFIO decides when the device is opened: it must get the rest of the page of a
 * small BAR. Before that the alignment is all that can be told.
 */
static const char *dvp_regions_why_no_mmap(struct dvp_device *dvdev, int bar)
{
	struct pci_dev *pdev = dvdev->vdev.pdev;

	lockdep_assert_held(&dvdev->gate->lock);

	if (dvdev->gate->open && dvdev->vdev.bar_mmap_supported[bar])
		return NULL;
	if (pci_resource_len(pdev, bar) >= PAGE_SIZE)
		return dvdev->gate->open ? "no_mmap" : NULL;
	return dvdev->gate->open ||
	       !PAGE_ALIGNED(pci_resource_start(pdev, bar)) ? "shared_page" :
							      NULL;
}

/* Follows dvp_feature_judge_bar(). Returns NULL for a BAR that will do. */
static const char *dvp_regions_why_no_export(struct dvp_device *dvdev, int bar)
{
	struct pci_dev *pdev = dvdev->vdev.pdev;
	const char *why;

	if (!pci_resource_len(pdev, bar))
		return "absent";
	if (bar == PCI_ROM_RESOURCE)
		return "rom";
	if (pci_resource_flags(pdev, bar) & IORESOURCE_IO)
		return "io_port";
	if (dvp_quirks_deny_bar(pdev, bar))
		return "quirk";
	why = dvp_regions_why_no_mmap(dvdev, bar);
	if (why)
		return why;
	if (dvdev->gate->open && dvp_memory_claim_bar(&dvdev->vdev, bar))
		return "busy";
	return NULL;
}

/* Of a BAR that can be exported. */
static const char *dvp_regions_why_no_import(struct pci_dev *pdev, int bar)
{
	if (!PAGE_ALIGNED(pci_resource_len(pdev, bar)))
		return "cpu_only";
	if (DVP_DMA_BUF_PINS_ALL)
		return "pins_all";
	if (dvp_options_p2p() == DVP_P2P_OFF)
		return "p2p_off";
	return dvp_dma_can_import() ? NULL : "no_p2pdma";
}

static void dvp_regions_show(struct seq_file *m, struct dvp_device *dvdev,
			     int bar)
{
	struct pci_dev *pdev = dvdev->vdev.pdev;
	const char *no_export, *no_import;

	no_export = dvp_regions_why_no_export(dvdev, bar);
	no_import = no_export ? "no_export" :
				dvp_regions_why_no_import(pdev, bar);
	seq_printf(m, "region bar=%d size=0x%llx kind=%s prefetch=%d",
		   bar, (u64)pci_resource_len(pdev, bar),
		   dvp_regions_kind(pdev, bar),
		   !!(pci_resource_flags(pdev, bar) & IORESOURCE_PREFETCH));
	seq_printf(m, " export=%s import=%s reason=%s import_reason=%s\n",
		   no_export ? "no" : "yes", no_import ? "no" : "yes",
		   no_export ?: "none", no_import ?: "none");
}

static void dvp_regions_show_quirk(struct seq_file *m,
				   const struct dvp_quirk *quirk)
{
	seq_printf(m, "quirk bar=%d offset=0x%llx length=0x%llx", quirk->bar,
		   quirk->offset, quirk->length);
	switch (quirk->action) {
	case DVP_QUIRK_DENY:
		seq_puts(m, " action=deny value=none\n");
		break;
	case DVP_QUIRK_ALIGN:
		seq_printf(m, " action=align value=0x%llx\n", quirk->align);
		break;
	case DVP_QUIRK_UNCACHED:
		seq_puts(m, " action=memattr value=uc\n");
		break;
	}
}

/**
 * dvp_debugfs_regions() - write down the BARs of a device, and its quirks
 * @m: where to
 * @dvdev: the device
 *
 * Context: process context, may sleep; no lock of ours held.
 */
void dvp_debugfs_regions(struct seq_file *m, struct dvp_device *dvdev)
{
	const struct dvp_quirk *quirk = NULL;
	int bar;

	/* The core sets a device up, and takes it down, while it is not open. */
	mutex_lock(&dvdev->gate->lock);
	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		dvp_regions_show(m, dvdev, bar);
	dvp_regions_show(m, dvdev, PCI_ROM_RESOURCE);
	mutex_unlock(&dvdev->gate->lock);

	while ((quirk = dvp_quirks_next(dvdev->vdev.pdev, quirk)))
		dvp_regions_show_quirk(m, quirk);
}
