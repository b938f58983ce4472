/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * User-space contract of the dmabuf-vfio-pci driver, version 2.
 *
 * A device bound to the driver is an ordinary VFIO device. In addition, its
 * owner can export pieces of a BAR as dma-bufs that other processes mmap(), and
 * revoke each of them at any moment.
 *
 * All calls are
 *
 *	ioctl(device_fd, VFIO_DEVICE_FEATURE, struct vfio_device_feature *)
 *
 * with VFIO's GET, SET and PROBE flags. A wrong operation, or an argsz that is
 * too small for the fixed part plus the announced ranges, gives EINVAL; an
 * unknown feature gives ENOTTY; an unreadable pointer gives EFAULT.
 *
 * A buffer is in one of three states:
 *
 * usable   CPUs and importers can access it
 * blocked  memory is away: decoding is off, the device sleeps or is in low
 *          power, its link is in error, or a reset is in progress. mmap() works,
 *          access raises SIGBUS, importers get ENODEV. Existing mappings work
 *          again as soon as the buffer is usable again.
 * revoked  for good, by REVOKE, the last close of the device, or its removal.
 *          mmap() and importers get ENODEV, access raises SIGBUS.
 *
 * When a call that ends access returns, no CPU mapping of the buffer is left in
 * any process, and every importer has unmapped it. What stops a device whose
 * driver goes on after that is the IOMMU, where the importer's domain translates.
 *
 * A program for the dma-buf export of Linux 6.19 and later runs unchanged: the
 * driver answers feature 11 on every kernel that it supports.
 */
#ifndef _UAPI_DMABUF_VFIO_PCI_H
#define _UAPI_DMABUF_VFIO_PCI_H

#include <linux/types.h>
#include <linux/vfio.h>

/**
 * DMABUF_VFIO_PCI_ABI_VERSION - what INFO reports as abi_version
 *
 * Grows when something is added. What exists keeps its meaning.
 */
#define DMABUF_VFIO_PCI_ABI_VERSION	2

/*
 * Feature numbers of this driver. They never change, and their payloads do not
 * depend on a kernel header.
 */
#define DMABUF_VFIO_PCI_FEATURE_EXPORT	0xdb00
#define DMABUF_VFIO_PCI_FEATURE_REVOKE	0xdb01
#define DMABUF_VFIO_PCI_FEATURE_MEMATTR	0xdb02
#define DMABUF_VFIO_PCI_FEATURE_INFO	0xdb03
#define DMABUF_VFIO_PCI_FEATURE_EVENT	0xdb04
#define DMABUF_VFIO_PCI_FEATURE_STATE	0xdb05

#ifndef VFIO_DEVICE_FEATURE_DMA_BUF
#define VFIO_DEVICE_FEATURE_DMA_BUF	11

/**
 * struct vfio_region_dma_range - one piece of a BAR
 * @offset: bytes from the start of the BAR, page-aligned
 * @length: bytes, page-aligned, not 0
 */
struct vfio_region_dma_range {
	__u64 offset;
	__u64 length;
};

/**
 * struct vfio_device_feature_dma_buf - export pieces of a BAR as one dma-buf
 * @region_index: the BAR, 0 to 5
 * @open_flags: O_RDONLY, O_WRONLY or O_RDWR; O_CLOEXEC; O_NONBLOCK
 * @flags: DMABUF_VFIO_PCI_EXPORT_* with DMABUF_VFIO_PCI_FEATURE_EXPORT, 0 with
 *	VFIO_DEVICE_FEATURE_DMA_BUF
 * @nr_ranges: at least 1, at most max_ranges of struct dmabuf_vfio_pci_info
 * @dma_ranges: the pieces, laid end to end in this order
 *
 * GET on VFIO_DEVICE_FEATURE_DMA_BUF or DMABUF_VFIO_PCI_FEATURE_EXPORT returns
 * the file descriptor of a new dma-buf. Ranges may overlap, repeat, and come in
 * any order. A buffer that is exported O_RDONLY can never be mapped writable.
 *
 * VFIO_DEVICE_FEATURE_DMA_BUF is compatible with the kernel's own exporter: it
 * ignores other bits of open_flags, and O_RDONLY does not limit importers. The
 * kernel's exporter answers it for a device that was opened through a cdev and
 * is bound to iommufd, where the kernel has that exporter (parameter
 * feature_dma_buf). DMABUF_VFIO_PCI_FEATURE_EXPORT always means this driver.
 * There, importers may only read an O_RDONLY buffer (EACCES), and have to be
 * behind an IOMMU that translates (EOPNOTSUPP).
 *
 * A BAR that is smaller than a page can be exported with one range of one page
 * at offset 0, for CPU mappings only, where VFIO lets user space mmap it.
 *
 * While memory is away, the export succeeds and the buffer starts blocked.
 *
 * ========== ==============================================================
 * EINVAL     nr_ranges 0; unknown flags; with 0xdb00, other bits in open_flags;
 *            an I/O port BAR; a length of 0; an offset or a length off the page
 *            grid, or off a coarser one in the driver's table of quirks; a range
 *            that ends past the BAR
 * EPERM      the table of quirks denies the range
 * E2BIG      nr_ranges above max_ranges
 * ENODEV     region_index is no BAR; the BAR is absent, claimed by another
 *            driver, or VFIO does not let user space mmap it or the range; the
 *            device is going away
 * EOVERFLOW  offset + length, or the sum of the lengths, overflows
 * EFAULT     the payload cannot be read
 * EMFILE     no free file descriptor
 * ENOMEM     no memory; ranges are charged to the caller's memory cgroup
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

/*
 * Map the buffer by entries of 2 MiB where the kernel has them, the buffer is
 * physically contiguous, and addresses are congruent. Only for borrowers that are
 * trusted: one with a VFIO device of its own in a type 1 container can map such a
 * buffer for DMA and keep that access after a revocation, and the borrower reaches
 * the kernel's code for huge page table entries.
 */
#define DMABUF_VFIO_PCI_EXPORT_HUGE	(1U << 0)
/* No device may import the buffer: attaching gives EOPNOTSUPP. */
#define DMABUF_VFIO_PCI_EXPORT_CPU_ONLY	(1U << 1)

/**
 * struct dmabuf_vfio_pci_revoke - revoke a buffer
 * @dmabuf_fd: a buffer that this device exported
 *
 * SET on DMABUF_VFIO_PCI_FEATURE_REVOKE. The same ranges can be exported again at
 * once. These errors for the descriptor hold for the structures below, too.
 *
 * ========== ==============================================================
 * EBADFD     the buffer is already revoked
 * ENODEV     a dma-buf of another device or another exporter, or a buffer whose
 *            device was closed since
 * EINVAL     a file that is not a dma-buf
 * EBADF      not open, or opened with O_PATH
 * EINTR      killed while waiting for an importer; CPU access has ended, and the
 *            buffer stays revoked
 * ========== ==============================================================
 */
struct dmabuf_vfio_pci_revoke {
	__s32	dmabuf_fd;
};

/* Uncached, the default. */
#define DMABUF_VFIO_PCI_MEMATTR_NC	0
/* Write-combining; only where caps has DMABUF_VFIO_PCI_CAP_MEMATTR_WC. */
#define DMABUF_VFIO_PCI_MEMATTR_WC	1

/**
 * struct dmabuf_vfio_pci_memattr - choose how CPUs map a buffer
 * @dmabuf_fd: a buffer that this device exported
 * @memattr: DMABUF_VFIO_PCI_MEMATTR_NC or DMABUF_VFIO_PCI_MEMATTR_WC
 *
 * SET on DMABUF_VFIO_PCI_FEATURE_MEMATTR. Holds for later mmap() calls; existing
 * mappings keep their attribute. On an error the buffer keeps the old attribute.
 *
 * ========== ==============================================================
 * EINVAL     an unknown value
 * EOPNOTSUPP a value that this kernel, or a quirk of the device, does not allow
 * others     as for struct dmabuf_vfio_pci_revoke
 * ========== ==============================================================
 */
struct dmabuf_vfio_pci_memattr {
	__s32	dmabuf_fd;
	__u32	memattr;
};

/* Exported buffers can be mapped with mmap(). */
#define DMABUF_VFIO_PCI_CAP_MMAP		(1U << 0)
/* DMABUF_VFIO_PCI_EXPORT_HUGE has an effect. */
#define DMABUF_VFIO_PCI_CAP_HUGE		(1U << 1)
/* DMABUF_VFIO_PCI_FEATURE_REVOKE works. */
#define DMABUF_VFIO_PCI_CAP_REVOKE		(1U << 2)
/* DMABUF_VFIO_PCI_MEMATTR_WC reaches the page table entries. */
#define DMABUF_VFIO_PCI_CAP_MEMATTR_WC		(1U << 3)
/* Other devices can import buffers. */
#define DMABUF_VFIO_PCI_CAP_DMA_IMPORT		(1U << 4)
/* Nobody can write through a buffer that is exported O_RDONLY. */
#define DMABUF_VFIO_PCI_CAP_READ_ONLY		(1U << 5)
/* The kernel has a dma-buf exporter for VFIO PCI devices of its own. */
#define DMABUF_VFIO_PCI_CAP_CORE_EXPORTER	(1U << 6)
/* DMABUF_VFIO_PCI_FEATURE_EVENT works. */
#define DMABUF_VFIO_PCI_CAP_EVENT		(1U << 7)
/* DMABUF_VFIO_PCI_EXPORT_CPU_ONLY works. */
#define DMABUF_VFIO_PCI_CAP_CPU_ONLY		(1U << 8)

/**
 * struct dmabuf_vfio_pci_info - what the driver can do on the running kernel
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

/**
 * struct dmabuf_vfio_pci_event - be told of changes of a buffer's state
 * @dmabuf_fd: a buffer that this device exported
 * @event_fd: an eventfd, or -1 to take the current one away
 *
 * SET on DMABUF_VFIO_PCI_FEATURE_EVENT gives the buffer one eventfd, or replaces
 * it. Each change of state adds 1. Several changes may be signalled as one, but
 * the last state is always signalled. The lender can pass the eventfd on, so that
 * a borrower polls for changes instead of taking a SIGBUS.
 *
 * ========== ==============================================================
 * EBADF      event_fd is not open; or as for struct dmabuf_vfio_pci_revoke
 * EINVAL     event_fd is not an eventfd; or as for struct dmabuf_vfio_pci_revoke
 * others     as for struct dmabuf_vfio_pci_revoke
 * ========== ==============================================================
 */
struct dmabuf_vfio_pci_event {
	__s32	dmabuf_fd;
	__s32	event_fd;
};

#define DMABUF_VFIO_PCI_STATE_USABLE	0
#define DMABUF_VFIO_PCI_STATE_BLOCKED	1
#define DMABUF_VFIO_PCI_STATE_REVOKED	2

/* A reset is in progress. */
#define DMABUF_VFIO_PCI_CAUSE_RESET		(1U << 0)
/* The link is in error, and recovery has not ended. */
#define DMABUF_VFIO_PCI_CAUSE_LINK_ERROR	(1U << 1)
/* Memory decoding is off in the command register. */
#define DMABUF_VFIO_PCI_CAUSE_DECODE_OFF	(1U << 2)
/* The device is in D3hot or deeper. */
#define DMABUF_VFIO_PCI_CAUSE_SLEEP		(1U << 3)
/* The user entered low power. */
#define DMABUF_VFIO_PCI_CAUSE_LOW_POWER		(1U << 4)

/**
 * struct dmabuf_vfio_pci_state - ask for the state of a buffer
 * @dmabuf_fd: in: a buffer that this device exported
 * @state: out: DMABUF_VFIO_PCI_STATE_*
 * @causes: out: DMABUF_VFIO_PCI_CAUSE_* bits of a blocked buffer, else 0
 * @reserved: out: 0
 *
 * GET on DMABUF_VFIO_PCI_FEATURE_STATE. Errors as for struct
 * dmabuf_vfio_pci_revoke, but a buffer that was revoked since the device was
 * opened gives DMABUF_VFIO_PCI_STATE_REVOKED and no error.
 */
struct dmabuf_vfio_pci_state {
	__s32	dmabuf_fd;
	__u32	state;
	__u32	causes;
	__u32	reserved;
};

#endif /* _UAPI_DMABUF_VFIO_PCI_H */
