/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a user-space program does with a VFIO PCI device and its dma-bufs:
 * sysfs, opening, regions, config space, export, revoke, passing descriptors.
 * Shared by the demo, the tests and the tool.
 *
 * Functions that return int give a negative errno when they fail. Those that
 * return a pointer give MAP_FAILED with errno set, as mmap() does. Nothing in
 * here prints.
 */
#ifndef DVL_H
#define DVL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "uapi/dmabuf_vfio_pci.h"

#define DVL_DRIVER "dmabuf-vfio-pci"

/**
 * struct dvl_device - an open VFIO device
 * @bdf: its address, "0000:01:00.0"
 * @container: descriptor of the container, -1 if not open
 * @group: descriptor of the IOMMU group, -1 if not open
 * @fd: descriptor of the device, -1 if not open
 */
struct dvl_device {
	char bdf[16];
	int container;
	int group;
	int fd;
};

#define DVL_DEVICE_CLOSED { .container = -1, .group = -1, .fd = -1 }

/* sysfs.c */
int dvl_sysfs_link(const char *path, char *buf, size_t size);
int dvl_sysfs_read(const char *bdf, const char *attr, char *buf, size_t size);
int dvl_sysfs_write(const char *bdf, const char *attr, const char *value);
int dvl_sysfs_driver(const char *bdf, char *buf, size_t size);
int dvl_sysfs_group(const char *bdf);
bool dvl_sysfs_noiommu(const char *bdf);
int dvl_sysfs_bind(const char *bdf, const char *driver);
int dvl_sysfs_unbind(const char *bdf);

/* device.c */
int dvl_device_open(struct dvl_device *dev, const char *bdf);
int dvl_device_open_in(struct dvl_device *dev, const char *bdf,
		       const struct dvl_device *other, const char *vf_token);
void dvl_device_close(struct dvl_device *dev);
int dvl_device_reset(const struct dvl_device *dev);
int dvl_device_hot_reset(const struct dvl_device *dev, const int *groups,
			 unsigned int nr_groups);

/* iommufd.c */
int dvl_iommufd_open(void);
int dvl_ioas_alloc(int iommufd, uint32_t *ioas);
int dvl_ioas_map(int iommufd, uint32_t ioas, void *addr, size_t len,
		 uint64_t iova);
int dvl_ioas_map_file(int iommufd, uint32_t ioas, int fd, uint64_t off,
		      uint64_t len, uint64_t iova);
int dvl_ioas_unmap(int iommufd, uint32_t ioas, uint64_t iova, uint64_t len);
int dvl_cdev_open(struct dvl_device *dev, const char *bdf, int iommufd,
		  uint32_t ioas);

/* region.c */
int dvl_region_info(const struct dvl_device *dev, unsigned int index,
		    struct vfio_region_info *info);
void *dvl_region_mmap(const struct dvl_device *dev, unsigned int index,
		      uint64_t off, size_t len, int prot);
int dvl_region_read(const struct dvl_device *dev, unsigned int index,
		    uint64_t off, void *buf, size_t len);
int dvl_region_write(const struct dvl_device *dev, unsigned int index,
		     uint64_t off, const void *buf, size_t len);
int dvl_config_read(const struct dvl_device *dev, unsigned int off, void *buf,
		    size_t len);
int dvl_config_write(const struct dvl_device *dev, unsigned int off,
		     const void *buf, size_t len);
int dvl_config_find_cap(const struct dvl_device *dev, uint8_t id);

/* feature.c */
int dvl_feature(int device_fd, uint32_t feature, uint32_t op, void *payload,
		size_t len);
int dvl_export_by(int device_fd, uint32_t feature, unsigned int bar,
		  const struct vfio_region_dma_range *ranges,
		  uint32_t nr_ranges, uint32_t open_flags);
int dvl_export_flags(int device_fd, unsigned int bar,
		     const struct vfio_region_dma_range *ranges,
		     uint32_t nr_ranges, uint32_t open_flags, uint32_t flags);
int dvl_export(int device_fd, unsigned int bar,
	       const struct vfio_region_dma_range *ranges, uint32_t nr_ranges,
	       uint32_t open_flags);
int dvl_export_one(int device_fd, unsigned int bar, uint64_t off, uint64_t len,
		   uint32_t open_flags);
int dvl_revoke(int device_fd, int dmabuf_fd);
int dvl_memattr(int device_fd, int dmabuf_fd, uint32_t memattr);
int dvl_event(int device_fd, int dmabuf_fd, int event_fd);
int dvl_state(int device_fd, int dmabuf_fd,
	      struct dmabuf_vfio_pci_state *state);
int dvl_info(int device_fd, struct dmabuf_vfio_pci_info *info);

/* socket.c */
int dvl_send_fd(int sock, int fd);
int dvl_recv_fd(int sock);

#endif /* DVL_H */
