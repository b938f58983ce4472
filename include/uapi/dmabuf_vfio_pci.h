/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * User-space contract of the dmabuf-vfio-pci driver.
 *
 * A device bound to the driver is an ordinary VFIO device. On top of what
 * vfio-pci gives, pieces of its BARs can be exported as dma-bufs that another
 * process can mmap(), and that the exporter can take back at any moment.
 *
 * Everything goes through
 *
 *	ioctl(device_fd, VFIO_DEVICE_FEATURE, struct vfio_device_feature *)
 *
 * with VFIO's GET, SET and PROBE flags. A wrong operation, or an argsz too
 * small for the fixed part plus the ranges it announces, gives EINVAL; an
 * unknown feature ENOTTY; an unreadable pointer EFAULT.
 *
 * Programs written for the dma-buf export of Linux 6.19 and later work
 * unchanged: feature 11 is answered on every kernel that the module supports.
 */
#ifndef _UAPI_DMABUF_VFIO_PCI_H
#define _UAPI_DMABUF_VFIO_PCI_H

#include <linux/types.h>
#include <linux/vfio.h>

/**
 * DMABUF_VFIO_PCI_ABI_VERSION - what INFO reports as abi_version
 *
 * Grows when something is added; nothing that exists ever changes meaning.
 */
#define DMABUF_VFIO_PCI_ABI_VERSION	1

/*
 * Numbers of our own. No kernel assigns numbers up here, so they cannot be
 * squatted on, and they never change.
 */
#define DMABUF_VFIO_PCI_FEATURE_EXPORT	0xdb00
#define DMABUF_VFIO_PCI_FEATURE_REVOKE	0xdb01
#define DMABUF_VFIO_PCI_FEATURE_MEMATTR	0xdb02
#define DMABUF_VFIO_PCI_FEATURE_INFO	0xdb03

#ifndef VFIO_DEVICE_FEATURE_DMA_BUF
#define VFIO_DEVICE_FEATURE_DMA_BUF	11

/**
 * struct vfio_region_dma_range - one piece of a BAR
 * @offset: bytes from the start of the BAR, on the page grid
 * @length: bytes, on the page grid, not 0
 */
struct vfio_region_dma_range {
	__u64 offset;
	__u64 length;
};

/**
 * struct vfio_device_feature_dma_buf - export pieces of a BAR as one dma-buf
 * @region_index: the BAR, 0 to 5
 * @open_flags: O_RDONLY, O_WRONLY or O_RDWR; O_CLOEXEC; O_NONBLOCK
 * @flags: 0
 * @nr_ranges: at least 1, at most max_ranges of struct dmabuf_vfio_pci_info
 * @dma_ranges: the pieces, laid end to end in this order
 *
 * GET on VFIO_DEVICE_FEATURE_DMA_BUF or DMABUF_VFIO_PCI_FEATURE_EXPORT
 * returns the file descriptor of a new dma-buf. Byte 0 of the buffer is the
 * first byte of the first range. Ranges may overlap, repeat, and come in any
 * order. A buffer exported O_RDONLY can never be mapped writable.
 *
 * A BAR smaller than a page can be exported, with one range of one page at
 * offset 0, where VFIO lets user space mmap it.
 *
 * With memory decoding off, or the device asleep, the export succeeds and the
 * buffer starts temporarily revoked.
 *
 * ========== ==============================================================
 * EINVAL     nr_ranges 0; flags not 0; unknown bits in open_flags; an
 *            I/O-port BAR; a length of 0; an offset or a length off the page
 *            grid, or off a coarser one that the driver's table of quirks has
 *            for this device; a range that ends past the BAR
 * EPERM      a range that the table of quirks does not let be exported
 * E2BIG      nr_ranges above max_ranges
 * ENODEV     region_index not a BAR; a BAR that is absent, or that VFIO does
 *            not let user space mmap; a device that is going away
 * EOVERFLOW  offset + length, or the sum of the lengths, overflows
 * EFAULT     the payload cannot be read
 * EMFILE     no free file descriptor
 * ENOMEM     no memory; ranges count against the caller's memory cgroup
 * ========== ==============================================================
 */
struct vfio_device_feature_dma_buf {
	__u32	region_index;
	__u32	open_flags;
	__u32	flags;
	__u32	nr_ranges;
	struct vfio_region_dma_range dma_ranges[];
};
#endif /* VFIO_DEVICE_FEATURE_DMA_BUF */

#ifndef VFIO_DEVICE_FEATURE_DMA_BUF_REVOKE
#define VFIO_DEVICE_FEATURE_DMA_BUF_REVOKE	DMABUF_VFIO_PCI_FEATURE_REVOKE

/**
 * struct vfio_device_feature_dma_buf_revoke - take a buffer back for good
 * @dmabuf_fd: a buffer that this device exported
 *
 * SET on DMABUF_VFIO_PCI_FEATURE_REVOKE. When the call returns, every CPU
 * mapping of the buffer in every process is gone (access raises SIGBUS) and
 * every importer has stopped. The same range can be exported again at once.
 *
 * ========== ==============================================================
 * EBADFD     the buffer is permanently revoked already; importers that a killed
 *            call left behind were waited for
 * ENODEV     a dma-buf of another device or another exporter, or one whose
 *            device was closed since
 * EINVAL     a file, but not a dma-buf
 * EBADF      not open, or opened with O_PATH
 * EINTR      killed while waiting for an importer; CPU access has ended, and
 *            the buffer stays revoked
 * ========== ==============================================================
 */
struct vfio_device_feature_dma_buf_revoke {
	__s32	dmabuf_fd;
};
#endif /* VFIO_DEVICE_FEATURE_DMA_BUF_REVOKE */

/* Uncached: the default. */
#define DMABUF_VFIO_PCI_MEMATTR_NC	0
/* Write-combining: only where caps has DMABUF_VFIO_PCI_CAP_MEMATTR_WC. */
#define DMABUF_VFIO_PCI_MEMATTR_WC	1

#ifndef VFIO_DEVICE_FEATURE_DMA_BUF_MEMATTR
#define VFIO_DEVICE_FEATURE_DMA_BUF_MEMATTR	DMABUF_VFIO_PCI_FEATURE_MEMATTR

/**
 * struct vfio_device_feature_dma_buf_memattr - choose how CPUs map a buffer
 * @dmabuf_fd: a buffer that this device exported
 * @memattr: DMABUF_VFIO_PCI_MEMATTR_NC or DMABUF_VFIO_PCI_MEMATTR_WC
 *
 * SET on DMABUF_VFIO_PCI_FEATURE_MEMATTR. Holds for later mmap() calls on the
 * buffer; mappings that exist keep the attribute that they were made with.
 *
 * ========== ==============================================================
 * ENOENT     a value that this kernel cannot give; the old one stays
 * EOPNOTSUPP a value that the driver's table of quirks does not allow for a
 *            range of the buffer; the old one stays
 * others     for the descriptor, as for struct
 *            vfio_device_feature_dma_buf_revoke
 * ========== ==============================================================
 */
struct vfio_device_feature_dma_buf_memattr {
	__s32	dmabuf_fd;
	__u32	memattr;
};
#endif /* VFIO_DEVICE_FEATURE_DMA_BUF_MEMATTR */

/* Exported buffers can be mapped with mmap(). */
#define DMABUF_VFIO_PCI_CAP_MMAP		(1U << 0)
/* Aligned mappings get entries of 2 MiB or more on this kernel. */
#define DMABUF_VFIO_PCI_CAP_HUGE_MAPPINGS	(1U << 1)
/* DMABUF_VFIO_PCI_FEATURE_REVOKE works. */
#define DMABUF_VFIO_PCI_CAP_REVOKE		(1U << 2)
/* DMABUF_VFIO_PCI_MEMATTR_WC reaches the page table entries. */
#define DMABUF_VFIO_PCI_CAP_MEMATTR_WC		(1U << 3)
/* Other devices can attach to buffers on this kernel and configuration. */
#define DMABUF_VFIO_PCI_CAP_DMA_IMPORT		(1U << 4)
/* Buffers exported O_RDONLY cannot be written through. */
#define DMABUF_VFIO_PCI_CAP_READ_ONLY		(1U << 5)
/* The kernel has a dma-buf exporter for VFIO PCI devices of its own. */
#define DMABUF_VFIO_PCI_CAP_CORE_EXPORTER	(1U << 6)

/**
 * struct dmabuf_vfio_pci_info - what the driver can do on this kernel
 * @abi_version: DMABUF_VFIO_PCI_ABI_VERSION of the driver
 * @caps: DMABUF_VFIO_PCI_CAP_* bits; a bit is set only where the thing works
 * @max_ranges: the most ranges that one export may have
 * @reserved: 0
 *
 * GET on DMABUF_VFIO_PCI_FEATURE_INFO fills the structure in.
 */
struct dmabuf_vfio_pci_info {
	__u32	abi_version;
	__u32	caps;
	__u32	max_ranges;
	__u32	reserved;
};

#endif /* _UAPI_DMABUF_VFIO_PCI_H */
