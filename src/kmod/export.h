/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_EXPORT_H
#define DVP_EXPORT_H

#include "core/dvp.h"

/* An export whose arguments are copied in, except for its ranges judged. */
struct dvp_request {
	/* A BAR that VFIO lets user space mmap. */
	u32 bar;
	/* For mappings of the device descriptor; no export. */
	bool bar_mmap;
	/* Of the dma-buf's file. */
	u32 open_flags;
	/* DMABUF_VFIO_PCI_EXPORT_* */
	u32 flags;
	/* Importers of an O_RDONLY buffer may only read. */
	bool import_by_mode;
	u32 nr_ranges;
	const struct vfio_region_dma_range *ranges;
};

struct dma_buf *dvp_export(struct dvp_device *dvdev,
			   const struct dvp_request *req);
struct dma_buf *dvp_export_get(struct dvp_device *dvdev, int fd);
int dvp_export_mmap_bar(struct vfio_device *core_vdev,
			struct vm_area_struct *vma);

#endif /* DVP_EXPORT_H */
