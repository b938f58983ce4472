/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this library needs of iommufd and of VFIO's way to it, by the kernel's
 * names: the system's headers may be older than that. <linux/iommufd.h>, where
 * it is wanted for more, goes first.
 */
#ifndef DVL_IOMMUFD_H
#define DVL_IOMMUFD_H

#include <linux/ioctl.h>
#include <linux/types.h>
#include <linux/vfio.h>

#ifndef VFIO_DEVICE_BIND_IOMMUFD
#define VFIO_DEVICE_BIND_IOMMUFD	_IO(VFIO_TYPE, VFIO_BASE + 18)

/**
 * struct vfio_device_bind_iommufd - give a device to an iommufd
 * @argsz: size of the structure
 * @flags: 0
 * @iommufd: descriptor of the iommufd
 * @out_devid: filled in: what the iommufd calls the device
 */
struct vfio_device_bind_iommufd {
	__u32 argsz;
	__u32 flags;
	__s32 iommufd;
	__u32 out_devid;
};
#endif

#ifndef VFIO_DEVICE_ATTACH_IOMMUFD_PT
#define VFIO_DEVICE_ATTACH_IOMMUFD_PT	_IO(VFIO_TYPE, VFIO_BASE + 19)

/**
 * struct vfio_device_attach_iommufd_pt - choose what translates a device's DMA
 * @argsz: size of the structure
 * @flags: 0
 * @pt_id: an address space of the iommufd
 */
struct vfio_device_attach_iommufd_pt {
	__u32 argsz;
	__u32 flags;
	__u32 pt_id;
};
#endif

#ifndef IOMMU_IOAS_ALLOC
#define IOMMUFD_TYPE			(';')
#define IOMMU_IOAS_ALLOC		_IO(IOMMUFD_TYPE, 0x81)
#define IOMMU_IOAS_MAP			_IO(IOMMUFD_TYPE, 0x85)
#define IOMMU_IOAS_UNMAP		_IO(IOMMUFD_TYPE, 0x86)
#define IOMMU_IOAS_MAP_FIXED_IOVA	0x1
#define IOMMU_IOAS_MAP_WRITEABLE	0x2
#define IOMMU_IOAS_MAP_READABLE		0x4

/**
 * struct iommu_ioas_alloc - make an address space
 * @size: size of the structure
 * @flags: 0
 * @out_ioas_id: filled in: its number
 */
struct iommu_ioas_alloc {
	__u32 size;
	__u32 flags;
	__u32 out_ioas_id;
};

/**
 * struct iommu_ioas_map - map memory of the process
 * @size: size of the structure
 * @flags: IOMMU_IOAS_MAP_*
 * @ioas_id: the address space
 * @__reserved: 0
 * @user_va: the memory
 * @length: bytes
 * @iova: where devices see it
 */
struct iommu_ioas_map {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 __reserved;
	__aligned_u64 user_va;
	__aligned_u64 length;
	__aligned_u64 iova;
};

/**
 * struct iommu_ioas_unmap - take a mapping away
 * @size: size of the structure
 * @ioas_id: the address space
 * @iova: where it starts
 * @length: bytes; filled in: how many were mapped
 */
struct iommu_ioas_unmap {
	__u32 size;
	__u32 ioas_id;
	__aligned_u64 iova;
	__aligned_u64 length;
};
#endif /* IOMMU_IOAS_ALLOC */

#ifndef IOMMU_IOAS_MAP_FILE
#define IOMMU_IOAS_MAP_FILE		_IO(IOMMUFD_TYPE, 0x8f)

/**
 * struct iommu_ioas_map_file - map a piece of a file
 * @size: size of the structure
 * @flags: IOMMU_IOAS_MAP_*
 * @ioas_id: the address space
 * @fd: a memfd, or a dma-buf of an exporter that iommufd knows
 * @start: where the piece starts in the file
 * @length: bytes
 * @iova: where devices see it
 */
struct iommu_ioas_map_file {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__s32 fd;
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 iova;
};
#endif /* IOMMU_IOAS_MAP_FILE */

#endif /* DVL_IOMMUFD_H */
