// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fence that ends by itself: DMA that an importer says is still under way,
 * whether it is told to stop or not.
 */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "peer.h"

/**
 * struct dvp_peer_fence - a fence
 * @base: first, as the kernel frees it; the kernel's references
 * @lock: of @base
 * @ctx: whose it is
 * @node: in the context's fences, with a reference
 * @end: signals it
 */
struct dvp_peer_fence {
	struct dma_fence base;
	spinlock_t lock;	/* base */
	struct dvp_peer_context *ctx;
	struct list_head node;
	struct delayed_work end;
};

static const char *dvp_peer_fence_name(struct dma_fence *fence)
{
	return "dvp-peer";
}

static const struct dma_fence_ops dvp_peer_fence_ops = {
	.get_driver_name = dvp_peer_fence_name,
	.get_timeline_name = dvp_peer_fence_name,
};

static void dvp_peer_fence_end(struct work_struct *work)
{
	struct dvp_peer_fence *fence =
		container_of(to_delayed_work(work), struct dvp_peer_fence,
			     end);

	/* In this order: who waited for it sees it gone. */
	atomic_dec(&fence->ctx->nr_fences);
	dma_fence_signal(&fence->base);
}

/*
 * Others may look at a fence, and so at its ops, long after it has ended: the
 * module stays for good.
 */
static struct dvp_peer_fence *dvp_peer_fence_create(struct dvp_peer_context *ctx)
{
	struct dvp_peer_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

	if (!fence)
		return NULL;
	__module_get(THIS_MODULE);
	fence->ctx = ctx;
	spin_lock_init(&fence->lock);
	INIT_DELAYED_WORK(&fence->end, dvp_peer_fence_end);
	dma_fence_init(&fence->base, &dvp_peer_fence_ops, &fence->lock,
		       dma_fence_context_alloc(1), 1);
	return fence;
}

/**
 * dvp_peer_fence() - add a fence to the dma-buf
 * @ctx: the importer
 * @delay_ms: when it ends
 * @write: for a write, and so for others to see; else for nothing but memory
 *
 * Return: 0 or a negative errno.
 */
int dvp_peer_fence(struct dvp_peer_context *ctx, unsigned long delay_ms,
		   bool write)
{
	struct dvp_peer_fence *fence;
	struct dma_resv *resv;
	int ret;

	lockdep_assert_held(&ctx->lock);

	if (!ctx->attach)
		return -ENOTCONN;
	if (delay_ms > UINT_MAX)
		return -EINVAL;
	fence = dvp_peer_fence_create(ctx);
	if (!fence)
		return -ENOMEM;

	resv = ctx->dmabuf->resv;
	dma_resv_lock(resv, NULL);
	ret = dma_resv_reserve_fences(resv, 1);
	if (!ret)
		dma_resv_add_fence(resv, &fence->base,
				   write ? DMA_RESV_USAGE_WRITE :
					   DMA_RESV_USAGE_BOOKKEEP);
	dma_resv_unlock(resv);
	/* Also after an error: it ends as any other. */
	atomic_inc(&ctx->nr_fences);
	list_add(&fence->node, &ctx->fences);
	schedule_delayed_work(&fence->end, msecs_to_jiffies(delay_ms));
	return ret;
}

/**
 * dvp_peer_fences_end() - end the fences that are left, now
 * @ctx: the importer
 */
void dvp_peer_fences_end(struct dvp_peer_context *ctx)
{
	struct dvp_peer_fence *fence, *next;

	lockdep_assert_held(&ctx->lock);

	list_for_each_entry_safe(fence, next, &ctx->fences, node) {
		flush_delayed_work(&fence->end);
		list_del(&fence->node);
		dma_fence_put(&fence->base);
	}
}
