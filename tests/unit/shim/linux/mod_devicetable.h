/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_SHIM_MOD_DEVICETABLE_H
#define DVP_SHIM_MOD_DEVICETABLE_H

#include <linux/types.h>

struct pci_device_id {
	u32 vendor, device;
	u32 subvendor, subdevice;
	u32 class, class_mask;
};

#endif /* DVP_SHIM_MOD_DEVICETABLE_H */
