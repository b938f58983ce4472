/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_USER_H
#define DVP_USER_H

#include "core/dvp.h"

/* ids.c */
int dvp_ids_register(struct pci_driver *driver);
bool dvp_ids_denied(struct pci_dev *pdev);

/* feature.c */
int dvp_feature(struct vfio_device *core_vdev, u32 flags, void __user *arg,
		size_t argsz);
bool dvp_feature_core_exports(struct dvp_device *dvdev);

/* config.c */
ssize_t dvp_config_write(struct vfio_device *core_vdev, const char __user *buf,
			 size_t count, loff_t *ppos);
int dvp_config_enter_low_power(struct dvp_device *dvdev, u32 flags,
			       void __user *arg, size_t argsz);
int dvp_config_exit_low_power(struct dvp_device *dvdev, u32 flags,
			      void __user *arg, size_t argsz);

/* events.c */
extern const struct pci_error_handlers dvp_events_err_handlers;
int dvp_events_open(struct vfio_device *core_vdev);
void dvp_events_close(struct vfio_device *core_vdev);
void dvp_events_unregister(struct dvp_device *dvdev);

#endif /* DVP_USER_H */
