/* SPDX-License-Identifier: GPL-2.0-only */
/* What quirks.c needs of the kernel, for a made-up device. */
#ifndef DVP_SHIM_PCI_H
#define DVP_SHIM_PCI_H

#include <errno.h>
#include <stdint.h>
#include <linux/mm.h>
#include <linux/mod_devicetable.h>
#include <linux/types.h>

#define KBUILD_MODNAME		"dvp"
#define ARRAY_SIZE(array)	((int)(sizeof(array) / sizeof((array)[0])))
#define U64_MAX			UINT64_MAX
#define PCI_ANY_ID		(~0U)
#define PCI_STD_NUM_BARS	6

#define PCI_DEVICE(vend, dev)						\
	.vendor = (vend), .device = (dev), .subvendor = PCI_ANY_ID,	\
	.subdevice = PCI_ANY_ID

struct pci_dev {
	u32 vendor;
	u32 device;
	u32 subsystem_vendor;
	u32 subsystem_device;
	u32 class;
	u64 bar_len[PCI_STD_NUM_BARS];
};

static inline u64 pci_resource_len(const struct pci_dev *pdev, int bar)
{
	return pdev->bar_len[bar];
}

const struct pci_device_id *pci_match_id(const struct pci_device_id *ids,
					 struct pci_dev *pdev);

/* The test defines it, and looks at what was logged. */
void shim_log(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
#define pr_err(...)	shim_log(__VA_ARGS__)

#endif /* DVP_SHIM_PCI_H */
