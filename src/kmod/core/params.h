/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_PARAMS_H
#define DVP_PARAMS_H

#include <linux/types.h>

struct vfio_pci_core_device;

/* Which importers may reach a BAR. */
enum dvp_p2p {
	/* Those for which the kernel's P2PDMA check finds a route. */
	DVP_P2P_AUTO,
	/* Of those, the ones behind an IOMMU that translates. */
	DVP_P2P_STRICT,
	/* All: the administrator knows the platform. */
	DVP_P2P_FORCE,
	DVP_P2P_OFF,
};

/* Who answers VFIO_DEVICE_FEATURE_DMA_BUF, where the core has an exporter. */
enum dvp_exporter {
	/* The core for devices that are bound to iommufd through a cdev. */
	DVP_EXPORTER_AUTO,
	DVP_EXPORTER_OWN,
	DVP_EXPORTER_CORE,
};

extern const char *const dvp_params_p2p_words[];
extern const char *const dvp_params_exporter_words[];

enum dvp_p2p dvp_params_p2p(void);
enum dvp_exporter dvp_params_exporter(void);
bool dvp_params_huge(void);
void dvp_params_latch(struct vfio_pci_core_device *vdev);

#endif /* DVP_PARAMS_H */
