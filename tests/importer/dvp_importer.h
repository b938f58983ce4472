/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the test module shows to the tests, through ioctls on
 * /dev/dvp-importer. Nothing outside the tests may depend on it.
 */
#ifndef DVP_IMPORTER_H
#define DVP_IMPORTER_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define DVP_IMPORTER_DEVICE "/dev/dvp-importer"

/* What kind of entry translates an address. */
#define DVP_PTE_NONE	0
#define DVP_PTE_4K	1
#define DVP_PTE_2M	2
#define DVP_PTE_1G	3

/* Cache modes, numbered as x86 numbers them in the PAT register. */
#define DVP_CACHE_UC		0
#define DVP_CACHE_WC		1
#define DVP_CACHE_WT		4
#define DVP_CACHE_WP		5
#define DVP_CACHE_WB		6
#define DVP_CACHE_UC_MINUS	7

/* flags of struct dvp_importer_pte */
#define DVP_PTE_WRITABLE	1
#define DVP_PTE_USER		2

/**
 * struct dvp_importer_pte - the page table entry behind an address
 * @addr: in: a virtual address of the calling process
 * @raw: the entry, as the processor reads it
 * @pfn: frame of the 4 KiB page that holds @addr
 * @level: DVP_PTE_*; the rest is 0 where it is DVP_PTE_NONE
 * @cache: DVP_CACHE_*
 * @flags: DVP_PTE_WRITABLE, DVP_PTE_USER
 * @reserved: 0
 */
struct dvp_importer_pte {
	__u64 addr;
	__u64 raw;
	__u64 pfn;
	__u32 level;
	__u32 cache;
	__u32 flags;
	__u32 reserved;
};

/**
 * struct dvp_importer_attach - how to attach to a dma-buf
 * @dmabuf_fd: its descriptor
 * @dynamic: not 0: with a callback for moves, and peer-to-peer allowed
 */
struct dvp_importer_attach {
	__s32 dmabuf_fd;
	__u32 dynamic;
};

/**
 * struct dvp_importer_claim - addresses to claim, as a driver would
 * @start: the first
 * @len: how many
 *
 * Until the descriptor is closed. One claim at a time: -EBUSY for another, too.
 */
struct dvp_importer_claim {
	__u64 start;
	__u64 len;
};

/* What DVP_IMPORTER_KERNEL returns: what the kernel was configured for. */
#define DVP_KERNEL_MOVES	1	/* importers can be told to let go */
#define DVP_KERNEL_P2PDMA	2	/* it judges routes between devices */
#define DVP_KERNEL_REVOCABLE	4	/* pinned importers can be told, too */

/**
 * struct dvp_importer_stall - a range whose zaps are to stall
 * @addr: start of a mapping of the calling process
 * @len: its length
 *
 * A task of another process that zaps pages there waits in an MMU notifier, until
 * DVP_IMPORTER_GO, the close of the descriptor, or the exit of the process. Calls of the
 * process itself do not wait. One range for each open of the node.
 */
struct dvp_importer_stall {
	__u64 addr;
	__u64 len;
};

#define DVP_IMPORTER_READ_PTE	_IOWR(0xdb, 0x00, struct dvp_importer_pte)
#define DVP_IMPORTER_ATTACH	_IOW(0xdb, 0x01, struct dvp_importer_attach)
#define DVP_IMPORTER_KERNEL	_IO(0xdb, 0x02)
#define DVP_IMPORTER_CLAIM	_IOW(0xdb, 0x03, struct dvp_importer_claim)
#define DVP_IMPORTER_STALL	_IOW(0xdb, 0x04, struct dvp_importer_stall)
/* Releases stalled tasks, and stalls no more. */
#define DVP_IMPORTER_GO		_IO(0xdb, 0x05)
/* Returns how many tasks are stalled. */
#define DVP_IMPORTER_STALLED	_IO(0xdb, 0x06)

#endif /* DVP_IMPORTER_H */
