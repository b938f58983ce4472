/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_QUIRKS_H
#define DVP_QUIRKS_H

#include <linux/mod_devicetable.h>
#include <linux/types.h>

struct pci_dev;
struct vfio_region_dma_range;

/* What holds for a piece of a BAR. */
enum dvp_quirk_action {
	/* No range that overlaps the piece is exported. */
	DVP_QUIRK_DENY = 1,
	/* A range that overlaps it starts and ends on a grid of align bytes. */
	DVP_QUIRK_ALIGN,
	/* A buffer that overlaps it is mapped uncached only. */
	DVP_QUIRK_UNCACHED,
};

/* An entry of the table. */
struct dvp_quirk {
	/* Which devices: PCI_DEVICE(), PCI_DEVICE_SUB() and the like. */
	struct pci_device_id id;
	int bar;
	/* In bytes; a length of 0 is all the rest of the BAR. */
	u64 offset;
	u64 length;
	enum dvp_quirk_action action;
	/* For DVP_QUIRK_ALIGN, in bytes: a power of two. */
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
bool dvp_quirks_limit_exports(struct pci_dev *pdev);

#endif /* DVP_QUIRKS_H */
