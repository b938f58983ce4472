/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_QUIRKS_H
#define DVP_QUIRKS_H

#include <linux/mod_devicetable.h>
#include <linux/types.h>

struct pci_dev;
struct vfio_region_dma_range;

/**
 * enum dvp_quirk_action - what holds for a piece of a BAR
 * @DVP_QUIRK_DENY: nothing that overlaps it is exported
 * @DVP_QUIRK_ALIGN: a range of an export that overlaps it starts and ends on a
 *	coarser grid than that of pages
 * @DVP_QUIRK_UNCACHED: a buffer that overlaps it is mapped uncached only
 */
enum dvp_quirk_action {
	DVP_QUIRK_DENY = 1,
	DVP_QUIRK_ALIGN,
	DVP_QUIRK_UNCACHED,
};

/**
 * struct dvp_quirk - an entry of the table
 * @id: which devices, by the kernel's macros: PCI_DEVICE(), PCI_DEVICE_SUB()
 * @bar: the BAR, 0 to 5
 * @offset: where the piece starts, in bytes
 * @length: how long it is; 0 for all the rest of the BAR
 * @action: what holds for it
 * @align: with DVP_QUIRK_ALIGN, the grid in bytes: a power of two
 */
struct dvp_quirk {
	struct pci_device_id id;
	int bar;
	u64 offset;
	u64 length;
	enum dvp_quirk_action action;
	u64 align;
};

int dvp_quirks_check(void);
const struct dvp_quirk *dvp_quirks_next(struct pci_dev *pdev,
					const struct dvp_quirk *last);
int dvp_quirks_judge(struct pci_dev *pdev, int bar,
		     const struct vfio_region_dma_range *ranges, u32 nr);
bool dvp_quirks_uncached(struct pci_dev *pdev, int bar,
			 const struct vfio_region_dma_range *ranges, u32 nr);
bool dvp_quirks_deny_bar(struct pci_dev *pdev, int bar);
bool dvp_quirks_core_exports(struct pci_dev *pdev);

#endif /* DVP_QUIRKS_H */
