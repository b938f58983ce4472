/* SPDX-License-Identifier: GPL-2.0-only */
/* Telling buffers apart by who made them, and making them by either feature. */
#ifndef DVT_EXPORTER_H
#define DVT_EXPORTER_H

#include "dvt.h"

/* Skips the test where the kernel has no exporter for VFIO devices. */
#define dvt_core_or_skip(dev)						\
	do {								\
		if (!(dvt_caps(dev) & DMABUF_VFIO_PCI_CAP_CORE_EXPORTER)) \
			dvt_skip("this kernel has no exporter of its own"); \
	} while (0)

int dvt_export_by(const struct dvl_device *dev, uint32_t feature,
		  unsigned int bar, uint64_t off, uint64_t len);
void dvt_exporter_name(int fd, char *name, size_t size);
void dvt_assert_exporter(int fd, const char *name);
int dvt_mmap_error(int fd, size_t len);

#endif /* DVT_EXPORTER_H */
