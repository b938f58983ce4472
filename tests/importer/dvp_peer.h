/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device that imports dma-bufs, through ioctls on a node of its own. Each
 * open of the node is one importer: it attaches to one dma-buf at a time, and
 * its close, or the end of the process, lets go of what is left. A mapping of the
 * node is one of the dma-buf whose descriptor, in pages, is the offset. Nothing
 * outside the tests may depend on it.
 */
#ifndef DVP_PEER_H
#define DVP_PEER_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Name of the driver, which binds an edu device by its driver_override. */
#define DVP_PEER_DRIVER "dvp-importer"
/* The device's address follows. */
#define DVP_PEER_DEVICE "/dev/dvp-peer-"

/* The most that one DVP_PEER_DMA moves. */
#define DVP_PEER_DMA_MAX 4096

/* kind of struct dvp_peer_attach_arg */
#define DVP_PEER_DYNAMIC	0	/* with the callback, peer-to-peer allowed */
#define DVP_PEER_NO_P2P		1	/* with the callback, RAM only */
#define DVP_PEER_STATIC		2	/* without importer ops */
#define DVP_PEER_PINNED		3	/* as DYNAMIC, then pinned */
#define DVP_PEER_UNREVOCABLE	4	/* ops without the callback */
#define DVP_PEER_NR_KINDS	5

/* reaction: what the callback does about a mapping */
#define DVP_PEER_UNMAPS		0	/* unmaps at once */
#define DVP_PEER_LATE		1	/* leaves it to work that runs later */
#define DVP_PEER_NEVER		2	/* nothing */
#define DVP_PEER_NR_REACTIONS	3

/* argument of DVP_PEER_MAP, numbered as the kernel does */
#define DVP_PEER_BIDIRECTIONAL	0
#define DVP_PEER_TO_DEVICE	1	/* the importer reads the buffer */
#define DVP_PEER_FROM_DEVICE	2	/* the importer writes the buffer */

/* flags of struct dvp_peer_dma_arg: use the addresses of a mapping that is gone */
#define DVP_PEER_STALE		1

/**
 * struct dvp_peer_attach_arg - how to attach
 * @dmabuf_fd: to which dma-buf
 * @kind: DVP_PEER_DYNAMIC and so on; -ENOTTY where the kernel has no such kind
 * @reaction: DVP_PEER_UNMAPS and so on
 * @delay_ms: how late DVP_PEER_LATE is
 */
struct dvp_peer_attach_arg {
	__s32 dmabuf_fd;
	__u32 kind;
	__u32 reaction;
	__u32 delay_ms;
};

/**
 * struct dvp_peer_entry - a piece of the mapping
 * @addr: the address that the device uses
 * @len: in bytes
 */
struct dvp_peer_entry {
	__u64 addr;
	__u64 len;
};

/**
 * struct dvp_peer_entries_arg - ask for entries of the last mapping
 * @first: the first of them
 * @nr: how many
 * @entries: pointer to @nr struct dvp_peer_entry
 *
 * They are remembered until the next mapping.
 */
struct dvp_peer_entries_arg {
	__u32 first;
	__u32 nr;
	__u64 entries;
};

/**
 * struct dvp_peer_dma_arg - let the device's engine move bytes
 * @offset: where in the dma-buf; all @len bytes must lie in one entry
 * @data: pointer to @len bytes of the caller
 * @len: 1 to DVP_PEER_DMA_MAX
 * @to_buffer: not 0: from @data to the dma-buf, else the other way
 * @flags: 0 or DVP_PEER_STALE
 * @reserved: 0
 *
 * What an IOMMU stops does not show here: the engine does not notice.
 */
struct dvp_peer_dma_arg {
	__u64 offset;
	__u64 data;
	__u32 len;
	__u32 to_buffer;
	__u32 flags;
	__u32 reserved;
};

/**
 * struct dvp_peer_state_arg - where an importer stands; never waits
 * @attached: whether it is attached
 * @mapped: whether it has a mapping
 * @notified: how often the callback was called since it attached
 * @fences: how many of its fences have not ended
 * @nr_entries: of the last mapping
 * @locked: whether it is in DVP_PEER_LOCK, and has the lock
 * @late: how often the callback was called with a mapping, while the device of
 *	DVP_PEER_WATCH did not decode memory
 */
struct dvp_peer_state_arg {
	__u32 attached;
	__u32 mapped;
	__u32 notified;
	__u32 fences;
	__u32 nr_entries;
	__u32 locked;
	__u32 late;
};

/**
 * struct dvp_peer_watch_arg - the device whose memory the mapping leads to
 * @domain: its address
 * @bus: its address
 * @devfn: its address
 */
struct dvp_peer_watch_arg {
	__u32 domain;
	__u32 bus;
	__u32 devfn;
};

#define DVP_PEER_ATTACH		_IOW(0xdb, 0x10, struct dvp_peer_attach_arg)
#define DVP_PEER_DETACH		_IO(0xdb, 0x11)
/* The argument is the direction. */
#define DVP_PEER_MAP		_IO(0xdb, 0x12)
#define DVP_PEER_UNMAP		_IO(0xdb, 0x13)
#define DVP_PEER_ENTRIES	_IOW(0xdb, 0x14, struct dvp_peer_entries_arg)
#define DVP_PEER_DMA		_IOW(0xdb, 0x15, struct dvp_peer_dma_arg)
#define DVP_PEER_STATE		_IOR(0xdb, 0x16, struct dvp_peer_state_arg)
/*
 * Adds a fence to the dma-buf, which ends after so many ms, or when the
 * importer detaches.
 */
#define DVP_PEER_FENCE		_IO(0xdb, 0x17)
/* How many address bits the device has, until the node is closed. */
#define DVP_PEER_MASK		_IO(0xdb, 0x18)
/*
 * Holds the dma-buf's reservation lock for so many ms, or until the caller is
 * killed.
 */
#define DVP_PEER_LOCK		_IO(0xdb, 0x19)
/* Has the callback look at a device's COMMAND register, until the close. */
#define DVP_PEER_WATCH		_IOW(0xdb, 0x1a, struct dvp_peer_watch_arg)
/* As DVP_PEER_FENCE, for a fence that EXPORT_SYNC_FILE hands out. */
#define DVP_PEER_FENCE_WRITE	_IO(0xdb, 0x1b)

#endif /* DVP_PEER_H */
