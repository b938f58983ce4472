// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file "regions": what can be done with each BAR here, and if not, why. It looks
 * at the device and changes nothing.
 */
#include <linux/pci.h>
#include <linux/seq_file.h>

#include "core/params.h"
#include "core/quirks.h"
#include "dma/dma.h"
#include "show/show.h"

static const char *dvp_regions_kind(struct pci_dev *pdev, int bar)
{
	if (!pci_resource_len(pdev, bar))
		return "none";
	if (bar == PCI_ROM_RESOURCE)
		return "rom";
	return pci_resource_flags(pdev, bar) & IORESOURCE_IO ? "io" : "memory";
}

/*
 * VFIO decides when the device is opened, because it needs the rest of the page of a
 * small BAR. Before that only the alignment is known.
 */
static const char *dvp_regions_why_no_mmap(struct dvp_gate *gate, int bar)
{
	struct vfio_pci_core_device *vdev = gate->vdev;

	lockdep_assert_held(&gate->lock);

	if (vdev && vdev->bar_mmap_supported[bar])
		return IS_ERR_OR_NULL((void __force *)vdev->barmap[bar]) ?
		       "busy" : NULL;
	if (pci_resource_len(gate->pdev, bar) >= PAGE_SIZE)
		return vdev ? "no_mmap" : NULL;
	return vdev || !PAGE_ALIGNED(pci_resource_start(gate->pdev, bar)) ?
	       "shared_page" : NULL;
}

/* Follows dvp_feature_judge_bar(). Returns NULL for a BAR that can be exported. */
static const char *dvp_regions_why_no_export(struct dvp_gate *gate, int bar)
{
	struct pci_dev *pdev = gate->pdev;

	if (!pci_resource_len(pdev, bar))
		return "absent";
	if (bar == PCI_ROM_RESOURCE)
		return "rom";
	if (pci_resource_flags(pdev, bar) & IORESOURCE_IO)
		return "io_port";
	if (dvp_quirks_deny_bar(pdev, bar))
		return "quirk";
	return dvp_regions_why_no_mmap(gate, bar);
}

static const char *dvp_regions_why_no_import(struct pci_dev *pdev, int bar)
{
	if (!PAGE_ALIGNED(pci_resource_len(pdev, bar)))
		return "cpu_only";
	if (DVP_DMA_BUF_PINS_ALL)
		return "pins_all";
	if (dvp_params_p2p() == DVP_P2P_OFF)
		return "p2p_off";
	return dvp_dma_can_import() ? NULL : "no_p2pdma";
}

static void dvp_regions_show_bar(struct seq_file *m, struct dvp_gate *gate,
				 int bar)
{
	struct pci_dev *pdev = gate->pdev;
	const char *no_export, *no_import;

	no_export = dvp_regions_why_no_export(gate, bar);
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
		seq_puts(m, " action=memattr value=nc\n");
		break;
	}
}

void dvp_regions_show(struct seq_file *m, struct dvp_device *dvdev)
{
	const struct dvp_quirk *quirk = NULL;
	int bar;

	/* The core sets a device up, and takes it down, while it is not open. */
	mutex_lock(&dvdev->gate->lock);
	for (bar = 0; bar <= PCI_ROM_RESOURCE; bar++)
		dvp_regions_show_bar(m, dvdev->gate, bar);
	mutex_unlock(&dvdev->gate->lock);

	while ((quirk = dvp_quirks_next(dvdev->vdev.pdev, quirk)))
		dvp_regions_show_quirk(m, quirk);
}
