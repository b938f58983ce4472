// SPDX-License-Identifier: GPL-2.0-only
/*
 * An importer's life with a dma-buf: attach, map, be told to let go, and let
 * go, in time, late, or not at all.
 *
 * What the exporter must see done is done under the reservation lock, which
 * the callback is called with.
 */
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "peer.h"

/* Between two looks whether dvp_peer_lock() is to end. */
#define DVP_PEER_LOCK_PAUSE_MS	10

/*
 * The exporter may let somebody go on as soon as it sees the unmap, so the state
 * that the tests ask for has to be right before.
 */
static void dvp_peer_unmap_locked(struct dvp_peer_context *ctx)
{
	struct sg_table *sgt = ctx->sgt;

	dma_resv_assert_held(ctx->dmabuf->resv);

	if (!sgt)
		return;
	WRITE_ONCE(ctx->sgt, NULL);
	dma_buf_unmap_attachment(ctx->attach, sgt, ctx->dir);
}

static void dvp_peer_late(struct work_struct *work)
{
	struct dvp_peer_context *ctx =
		container_of(to_delayed_work(work), struct dvp_peer_context,
			     late);

	dma_resv_lock(ctx->dmabuf->resv, NULL);
	dvp_peer_unmap_locked(ctx);
	dma_resv_unlock(ctx->dmabuf->resv);
}

/* The exporter has to call before memory goes. Counts calls that come later. */
static void dvp_peer_look(struct dvp_peer_context *ctx)
{
	u16 command = PCI_COMMAND_MEMORY;

	if (!ctx->watched)
		return;
	pci_read_config_word(ctx->watched, PCI_COMMAND, &command);
	if (!(command & PCI_COMMAND_MEMORY))
		WRITE_ONCE(ctx->nr_late, ctx->nr_late + 1);
}

/*
 * May come before dma_buf_dynamic_attach() returns; then there is no mapping,
 * and nothing but the count is touched.
 */
static void dvp_peer_moved(struct dma_buf_attachment *attach)
{
	struct dvp_peer_context *ctx = attach->importer_priv;

	dma_resv_assert_held(attach->dmabuf->resv);

	WRITE_ONCE(ctx->notified, ctx->notified + 1);
	if (!ctx->sgt)
		return;
	dvp_peer_look(ctx);
	if (ctx->reaction == DVP_PEER_UNMAPS)
		dvp_peer_unmap_locked(ctx);
	else if (ctx->reaction == DVP_PEER_LATE)
		schedule_delayed_work(&ctx->late,
				      msecs_to_jiffies(ctx->delay_ms));
}

/* The callback's name differs between kernels, its place does not. */
static const struct dma_buf_attach_ops dvp_peer_dynamic_ops = {
	true, dvp_peer_moved
};

static const struct dma_buf_attach_ops dvp_peer_no_p2p_ops = {
	false, dvp_peer_moved
};

static const struct dma_buf_attach_ops dvp_peer_unrevocable_ops = {
	true, NULL
};

static const struct dma_buf_attach_ops * const dvp_peer_ops[] = {
	[DVP_PEER_DYNAMIC] = &dvp_peer_dynamic_ops,
	[DVP_PEER_NO_P2P] = &dvp_peer_no_p2p_ops,
	[DVP_PEER_STATIC] = NULL,
	[DVP_PEER_PINNED] = &dvp_peer_dynamic_ops,
	[DVP_PEER_UNREVOCABLE] = &dvp_peer_unrevocable_ops,
};

/**
 * dvp_peer_context_init() - prepare an importer
 * @ctx: zeroed
 */
void dvp_peer_context_init(struct dvp_peer_context *ctx)
{
	mutex_init(&ctx->lock);
	INIT_LIST_HEAD(&ctx->fences);
	INIT_DELAYED_WORK(&ctx->late, dvp_peer_late);
}

static int dvp_peer_pin(struct dvp_peer_context *ctx)
{
	int ret;

	dma_resv_lock(ctx->dmabuf->resv, NULL);
	ret = dma_buf_pin(ctx->attach);
	dma_resv_unlock(ctx->dmabuf->resv);
	ctx->pinned = !ret;
	return ret;
}

static int dvp_peer_judge(const struct dvp_peer_context *ctx,
			  const struct dvp_peer_attach_arg *arg)
{
	if (ctx->attach)
		return -EBUSY;
	if (arg->kind >= DVP_PEER_NR_KINDS ||
	    arg->reaction >= DVP_PEER_NR_REACTIONS)
		return -EINVAL;
	/* Where every importer must have the callback, asking is a warning. */
	if (arg->kind == DVP_PEER_UNREVOCABLE && !DVP_IMPORTER_CALLBACK_OPTIONAL)
		return -ENOTTY;
	return 0;
}

/**
 * dvp_peer_attach() - attach an importer to a dma-buf
 * @ctx: the importer
 * @arg: which dma-buf, and how
 *
 * Return: 0, -EBUSY if it is attached already, or the negative errno of the
 * attempt.
 */
int dvp_peer_attach(struct dvp_peer_context *ctx,
		    const struct dvp_peer_attach_arg *arg)
{
	struct dma_buf_attachment *attach;
	struct dma_buf *dmabuf;
	int ret;

	lockdep_assert_held(&ctx->lock);

	ret = dvp_peer_judge(ctx, arg);
	if (ret)
		return ret;
	dmabuf = dma_buf_get(arg->dmabuf_fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	ctx->reaction = arg->reaction;
	ctx->delay_ms = arg->delay_ms;
	ctx->notified = 0;
	attach = dma_buf_dynamic_attach(dmabuf, &ctx->peer->pdev->dev,
					dvp_peer_ops[arg->kind], ctx);
	if (IS_ERR(attach)) {
		dma_buf_put(dmabuf);
		return PTR_ERR(attach);
	}
	ctx->dmabuf = dmabuf;
	WRITE_ONCE(ctx->attach, attach);
	if (arg->kind == DVP_PEER_PINNED) {
		ret = dvp_peer_pin(ctx);
		if (ret)
			dvp_peer_detach(ctx);
	}
	return ret;
}

/**
 * dvp_peer_detach() - let go of the mapping, the fences and the dma-buf
 * @ctx: the importer
 *
 * Return: 0, or -ENOTCONN if it is not attached.
 */
int dvp_peer_detach(struct dvp_peer_context *ctx)
{
	lockdep_assert_held(&ctx->lock);

	if (!ctx->attach)
		return -ENOTCONN;
	dma_resv_lock(ctx->dmabuf->resv, NULL);
	dvp_peer_unmap_locked(ctx);
	if (ctx->pinned)
		dma_buf_unpin(ctx->attach);
	ctx->pinned = false;
	dma_resv_unlock(ctx->dmabuf->resv);
	/* Without a mapping nothing starts it again. */
	cancel_delayed_work_sync(&ctx->late);
	dvp_peer_fences_end(ctx);

	dma_buf_detach(ctx->dmabuf, ctx->attach);
	WRITE_ONCE(ctx->attach, NULL);
	dma_buf_put(ctx->dmabuf);
	ctx->dmabuf = NULL;
	return 0;
}

static int dvp_peer_remember(struct dvp_peer_context *ctx,
			     struct sg_table *sgt)
{
	struct dvp_peer_entry *entries;
	struct scatterlist *sg;
	unsigned int i;

	entries = kvmalloc(array_size(sgt->nents, sizeof(*entries)),
			   GFP_KERNEL);
	if (!entries)
		return -ENOMEM;
	for_each_sgtable_dma_sg(sgt, sg, i) {
		entries[i].addr = sg_dma_address(sg);
		entries[i].len = sg_dma_len(sg);
	}
	kvfree(ctx->entries);
	ctx->entries = entries;
	WRITE_ONCE(ctx->nr_entries, sgt->nents);
	return 0;
}

static int dvp_peer_map_locked(struct dvp_peer_context *ctx,
			       enum dma_data_direction dir)
{
	struct sg_table *sgt;
	int ret;

	dma_resv_assert_held(ctx->dmabuf->resv);

	if (ctx->sgt)
		return -EBUSY;
	sgt = dma_buf_map_attachment(ctx->attach, dir);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	ret = dvp_peer_remember(ctx, sgt);
	if (ret) {
		dma_buf_unmap_attachment(ctx->attach, sgt, dir);
		return ret;
	}
	ctx->dir = dir;
	WRITE_ONCE(ctx->sgt, sgt);
	return 0;
}

/**
 * dvp_peer_map() - map the dma-buf for the device
 * @ctx: the importer
 * @dir: DVP_PEER_BIDIRECTIONAL and so on
 *
 * Return: 0, -ENOTCONN if it is not attached, -EBUSY if it has a mapping, or
 * the negative errno of the attempt.
 */
int dvp_peer_map(struct dvp_peer_context *ctx, unsigned long dir)
{
	int ret;

	lockdep_assert_held(&ctx->lock);

	if (dir > DVP_PEER_FROM_DEVICE)
		return -EINVAL;
	if (!ctx->attach)
		return -ENOTCONN;
	/* What is late for the last mapping must not end this one. */
	cancel_delayed_work_sync(&ctx->late);
	dma_resv_lock(ctx->dmabuf->resv, NULL);
	ret = dvp_peer_map_locked(ctx, dir);
	dma_resv_unlock(ctx->dmabuf->resv);
	return ret;
}

/**
 * dvp_peer_unmap() - let go of the mapping
 * @ctx: the importer
 *
 * Return: 0, or -ENOTCONN if there is none.
 */
int dvp_peer_unmap(struct dvp_peer_context *ctx)
{
	int ret = -ENOTCONN;

	lockdep_assert_held(&ctx->lock);

	if (!ctx->attach)
		return ret;
	dma_resv_lock(ctx->dmabuf->resv, NULL);
	if (ctx->sgt)
		ret = 0;
	dvp_peer_unmap_locked(ctx);
	dma_resv_unlock(ctx->dmabuf->resv);
	return ret;
}

/**
 * dvp_peer_lock() - be at work under the reservation lock for a while
 * @ctx: the importer
 * @time_ms: how long
 *
 * Return: 0, -ENOTCONN if it is not attached, -EINTR for a task being killed.
 */
int dvp_peer_lock(struct dvp_peer_context *ctx, unsigned long time_ms)
{
	ktime_t end = ktime_add_ms(ktime_get(), time_ms);

	lockdep_assert_held(&ctx->lock);

	if (!ctx->attach)
		return -ENOTCONN;
	dma_resv_lock(ctx->dmabuf->resv, NULL);
	WRITE_ONCE(ctx->locked, true);
	while (ktime_before(ktime_get(), end) && !fatal_signal_pending(current))
		msleep(DVP_PEER_LOCK_PAUSE_MS);
	WRITE_ONCE(ctx->locked, false);
	dma_resv_unlock(ctx->dmabuf->resv);
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/**
 * dvp_peer_watch() - look at a device whenever the callback is called
 * @ctx: the importer, not attached
 * @arg: the device's address
 *
 * Return: 0, -EBUSY if it is attached or watches one, -ENODEV for no device.
 */
int dvp_peer_watch(struct dvp_peer_context *ctx,
		   const struct dvp_peer_watch_arg *arg)
{
	lockdep_assert_held(&ctx->lock);

	if (ctx->attach || ctx->watched)
		return -EBUSY;
	ctx->watched = pci_get_domain_bus_and_slot(arg->domain, arg->bus,
						   arg->devfn);
	return ctx->watched ? 0 : -ENODEV;
}
