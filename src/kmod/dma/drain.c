// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a buffer for the devices that import it. CPU access has ended already.
 *
 * Work tells the importers: it queues for the reservation lock, which an importer may
 * hold for long, while the caller that waits for the end can still be killed, log, or, in an
 * error callback, go on. The kernel-doc of dma_buf_invalidate_mappings() says what an
 * exporter then has to wait for: until the fences have signalled an importer may use
 * the memory, and until it unmaps it may read it. The fences are those of the moment
 * when it was told: any holder of a descriptor can keep adding more.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>

#include "dma/dma.h"

/* Seconds until a wait is logged, and then again. */
#define DVP_DRAIN_FIRST_REPORT	5
#define DVP_DRAIN_NEXT_REPORT	30

static struct workqueue_struct *dvp_drain_queue;

int dvp_drain_create(void)
{
	dvp_drain_queue = alloc_workqueue(DVP_NAME, WQ_UNBOUND,
					  WQ_MAX_ACTIVE);
	return dvp_drain_queue ? 0 : -ENOMEM;
}

/* Waits for work of buffers that are about to be freed. */
void dvp_drain_destroy(void)
{
	destroy_workqueue(dvp_drain_queue);
}

/* A mapping of an importer has ended; under the reservation lock. */
void dvp_drain_uncount(struct dvp_buffer *buf)
{
	if (atomic_dec_and_test(&buf->imports->maps))
		wake_up_all(&buf->gate->idle);
}

/* The fences cannot be noted without memory. Nobody depends on how long this takes. */
static struct dma_fence *dvp_drain_get_fences(struct dvp_buffer *buf)
{
	struct dma_fence *fence;

	dma_resv_assert_held(&buf->resv);

	while (dma_resv_get_singleton(&buf->resv, DMA_RESV_USAGE_BOOKKEEP,
				      &fence)) {
		if (dma_resv_wait_timeout(&buf->resv, DMA_RESV_USAGE_BOOKKEEP,
					  false, HZ) > 0)
			return NULL;
	}
	/* No wait: it has the fence signal by itself. */
	if (fence)
		dma_fence_wait_timeout(fence, false, 0);
	return fence;
}

/* While an importer has the buffer mapped the dma-buf is there: see dvp_buffer. */
static void dvp_drain_tell(struct dvp_buffer *buf)
{
	struct dvp_imports *imports = buf->imports;
	bool maps = atomic_read(&imports->maps);
	struct dma_fence *fence;

	/* The buffer stays imported until the fences are noted. */
	atomic_inc(&imports->maps);
	/* Pairs with the barrier in dvp_buffer_is_imported(). */
	smp_mb__after_atomic();
	WRITE_ONCE(imports->mapped, false);
	if (maps)
		dma_buf_invalidate_mappings(buf->dmabuf);
	fence = rcu_replace_pointer(imports->fence, dvp_drain_get_fences(buf),
				    dma_resv_held(&buf->resv));
	dma_fence_put(fence);
	dvp_drain_uncount(buf);
}

/*
 * Importers need a ww_acquire_ctx: amdgpu only tries its own lock without one, and if
 * that fails leaves its mapping as it is.
 */
static void dvp_drain_work(struct work_struct *work)
{
	struct dvp_imports *imports = container_of(work, struct dvp_imports,
						   drain);
	struct dvp_buffer *buf = imports->buf;
	struct ww_acquire_ctx ctx;

	ww_acquire_init(&ctx, &reservation_ww_class);
	/* The only lock of the context so far, so there is no deadlock to back off from. */
	if (!WARN_ON_ONCE(dma_resv_lock(&buf->resv, &ctx))) {
		if (imports->mapped && dvp_gate_bars_importers(buf))
			dvp_drain_tell(buf);
		dma_resv_unlock(&buf->resv);
	}
	ww_acquire_fini(&ctx);
	wake_up_all(&buf->gate->idle);
	dvp_buffer_put(buf);
}

void dvp_drain_init(struct dvp_imports *imports)
{
	INIT_WORK(&imports->drain, dvp_drain_work);
}

/*
 * Tell importers to stop, later. The caller has stored the new state, and a full
 * barrier, which pairs with the one in dvp_dma_map().
 */
void dvp_drain_start(struct dvp_buffer *buf)
{
	if (!dvp_buffer_is_imported(buf) || !dvp_buffer_try_get(buf))
		return;
	if (!queue_work(dvp_drain_queue, &buf->imports->drain))
		dvp_buffer_put(buf);
}

static bool dvp_drain_killed(unsigned int state)
{
	return state == TASK_KILLABLE && fatal_signal_pending(current);
}

/* Importers are out, or memory is back. */
static bool dvp_drain_is_done(struct dvp_buffer *buf)
{
	return !dvp_gate_bars_importers(buf) || !dvp_buffer_is_imported(buf);
}

static bool dvp_drain_is_unmapped(struct dvp_buffer *buf)
{
	return !dvp_gate_bars_importers(buf) ||
	       (!atomic_read(&buf->imports->maps) &&
		!READ_ONCE(buf->imports->mapped));
}

/* A second at most: nobody wakes us for a fence. */
static void dvp_drain_wait_fence(struct dvp_buffer *buf)
{
	struct dma_fence *fence;

	rcu_read_lock();
	fence = dma_fence_get_rcu_safe(&buf->imports->fence);
	rcu_read_unlock();
	/* A fence can have a wait of its own, and that can fail. */
	if (fence && dma_fence_wait_timeout(fence, false, HZ) < 0)
		msleep(20);
	dma_fence_put(fence);
}

static void dvp_drain_step(struct dvp_buffer *buf, unsigned int state)
{
	struct wait_queue_head *idle = &buf->gate->idle;
	long left;

	if (state == TASK_KILLABLE)
		left = wait_event_killable_timeout(*idle,
						   dvp_drain_is_unmapped(buf),
						   HZ);
	else
		left = wait_event_timeout(*idle, dvp_drain_is_unmapped(buf),
					  HZ);
	if (left > 0 && !dvp_drain_is_done(buf))
		dvp_drain_wait_fence(buf);
}

static void dvp_drain_report_importers(struct dvp_buffer *buf,
				       unsigned int seconds)
{
	struct dvp_gate *gate = buf->gate;
	struct dvp_import *import;

	spin_lock(&gate->import_lock);
	hlist_for_each_entry(import, &buf->imports->list, node) {
		if (READ_ONCE(import->maps))
			pci_warn(gate->pdev,
				 "BAR %u is still mapped for DMA by %s (%s), waited for %u s\n",
				 buf->bar, dev_name(import->dev),
				 dev_driver_string(import->dev), seconds);
	}
	spin_unlock(&gate->import_lock);
}

static void dvp_drain_report(struct dvp_buffer *buf, unsigned int seconds)
{
	if (dma_resv_is_locked(&buf->resv))
		pci_warn(buf->gate->pdev,
			 "BAR %u: an importer keeps the buffer locked, waited for %u s\n",
			 buf->bar, seconds);
	else if (atomic_read(&buf->imports->maps))
		dvp_drain_report_importers(buf, seconds);
	else
		pci_warn(buf->gate->pdev,
			 "BAR %u: a fence of an importer has not signalled, waited for %u s\n",
			 buf->bar, seconds);
}

/*
 * Wait until no importer uses the buffer, after dvp_drain_start(). Returns -EINTR, for
 * TASK_KILLABLE, if the task is being killed while importers go on.
 */
int dvp_drain_wait(struct dvp_buffer *buf, unsigned int state)
{
	unsigned long start = jiffies;
	unsigned long report = start + DVP_DRAIN_FIRST_REPORT * HZ;

	while (!dvp_drain_is_done(buf)) {
		if (dvp_drain_killed(state))
			return -EINTR;
		dvp_drain_step(buf, state);
		if (time_before(jiffies, report))
			continue;
		dvp_drain_report(buf, (jiffies - start) / HZ);
		report = jiffies + DVP_DRAIN_NEXT_REPORT * HZ;
	}
	return 0;
}
