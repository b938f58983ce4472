/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside of the importing device: a struct dvp_peer for each bound device, a
 * struct dvp_peer_context for each open of its node.
 *
 * Lock order: dvp_peer.lock, dvp_peer_context.lock, then either the dma-buf's
 * reservation lock or dvp_peer.engine. The exporter calls back with the
 * reservation lock held, so the callback takes none of ours.
 */
#ifndef DVP_PEER_INTERNAL_H
#define DVP_PEER_INTERNAL_H

#include <linux/atomic.h>
#include <linux/dma-direction.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "dvp_peer.h"

struct dma_buf;
struct dma_buf_attachment;
struct pci_dev;
struct sg_table;

/**
 * struct dvp_peer - a device that imports
 * @pdev: the device; gone when @contexts are
 * @misc: its node
 * @name: of the node
 * @refs: the driver's, and one for each context
 * @lock: protects @contexts
 * @contexts: who has the node open
 * @engine: one transfer at a time
 * @regs: the device's registers
 * @page: memory that the device can reach, DVP_PEER_DMA_MAX bytes
 * @page_addr: where the device sees it
 */
struct dvp_peer {
	struct pci_dev *pdev;
	struct miscdevice misc;
	char name[40];
	struct kref refs;
	struct mutex lock;	/* contexts */
	struct list_head contexts;
	struct mutex engine;	/* the registers and the page */
	void __iomem *regs;
	void *page;
	dma_addr_t page_addr;
};

/**
 * struct dvp_peer_context - an importer
 * @peer: its device
 * @node: in the device's contexts
 * @lock: one ioctl at a time; protects all that follows, but for the last
 * @gone: the device was unbound
 * @narrow: the device's mask was changed
 * @pinned: the attachment is pinned
 * @dmabuf: what it is attached to, or NULL
 * @attach: the attachment, or NULL
 * @reaction: DVP_PEER_UNMAPS and so on
 * @delay_ms: for DVP_PEER_LATE
 * @late: unmaps
 * @entries: addresses of the last mapping
 * @nr_entries: how many
 * @fences: those that were added since it attached
 * @nr_fences: how many of them have not ended; no lock
 * @sgt: the mapping, or NULL. This and the rest: the reservation lock
 * @dir: its direction
 * @notified: how often the callback was called
 * @locked: somebody holds that lock in dvp_peer_lock()
 * @watched: the device whose COMMAND the callback looks at, or NULL
 * @nr_late: how often it was called too late
 */
struct dvp_peer_context {
	struct dvp_peer *peer;
	struct list_head node;
	struct mutex lock;	/* all below, down to fences */
	bool gone;
	bool narrow;
	bool pinned;
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attach;
	u32 reaction;
	u32 delay_ms;
	struct delayed_work late;
	struct dvp_peer_entry *entries;
	u32 nr_entries;
	struct list_head fences;
	atomic_t nr_fences;
	struct sg_table *sgt;
	enum dma_data_direction dir;
	u32 notified;
	bool locked;
	struct pci_dev *watched;
	u32 nr_late;
};

/* peer.c */
int dvp_peer_register(void);
void dvp_peer_unregister(void);

/* peer_attach.c */
void dvp_peer_context_init(struct dvp_peer_context *ctx);
int dvp_peer_attach(struct dvp_peer_context *ctx,
		    const struct dvp_peer_attach_arg *arg);
int dvp_peer_detach(struct dvp_peer_context *ctx);
int dvp_peer_map(struct dvp_peer_context *ctx, unsigned long dir);
int dvp_peer_unmap(struct dvp_peer_context *ctx);
int dvp_peer_lock(struct dvp_peer_context *ctx, unsigned long time_ms);
int dvp_peer_watch(struct dvp_peer_context *ctx,
		   const struct dvp_peer_watch_arg *arg);

/* peer_fence.c */
int dvp_peer_fence(struct dvp_peer_context *ctx, unsigned long delay_ms,
		   bool write);
void dvp_peer_fences_end(struct dvp_peer_context *ctx);

/* peer_dma.c */
int dvp_peer_dma(struct dvp_peer_context *ctx,
		 const struct dvp_peer_dma_arg *arg);

#endif /* DVP_PEER_INTERNAL_H */
