// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a buffer for the devices that import it.
 *
 * CPUs are out already when this starts. The importers of all buffers are told
 * before the first of them is waited for, and waiting takes no lock but the
 * caller's own: an importer that never lets go must not keep other buffers from
 * being exported, mapped, or taken back. An importer is told once, until it
 * maps again.
 *
 * What the dma-buf core asks of an exporter is in the comment on
 * dma_buf_invalidate_mappings(): until the fences have signalled an importer
 * may still use the memory, and until it unmaps it may still read it. The
 * fences are those of the moment when it was told: whoever has a descriptor of
 * the buffer can add more, for ever.
 */
#include <linux/delay.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/jiffies.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>

#include "access.h"
#include "dvp.h"

/* When a wait is worth a line in the log, and how often another one. */
#define DVP_DRAIN_FIRST_WORD	5
#define DVP_DRAIN_NEXT_WORD	30

/* Between two looks at a lock or a fence of an importer. */
#define DVP_DRAIN_PAUSE_MS	20

/**
 * dvp_drain_uncount() - a mapping of an importer has ended
 * @buf: the buffer
 *
 * Context: reservation lock held.
 */
void dvp_drain_uncount(struct dvp_buffer *buf)
{
	if (atomic_dec_and_test(&buf->maps))
		wake_up_all(&buf->gate->idle);
}

static bool dvp_drain_mapped(const struct dvp_buffer *buf)
{
	return atomic_read(&buf->maps) && dvp_access_bars_importers(buf);
}

/* An importer that has unmapped can have left a fence. */
static bool dvp_drain_pending(const struct dvp_buffer *buf)
{
	/* As dvp_dma_map() and _unmap() go: maps, imported, and maps no more. */
	bool pending = atomic_read_acquire(&buf->maps) ||
		       READ_ONCE(buf->imported);

	/* Pairs with dvp_drain_tell(): from imported to maps, then to fence. */
	smp_rmb();
	return (pending || atomic_read_acquire(&buf->maps) ||
		READ_ONCE(buf->fence)) && dvp_access_bars_importers(buf);
}

static bool dvp_drain_killed(unsigned int state)
{
	return state == TASK_KILLABLE && fatal_signal_pending(current);
}

static int dvp_drain_try_lock(struct dvp_buffer *buf, unsigned int state,
			      unsigned long until)
{
	while (!dma_resv_trylock(&buf->resv)) {
		if (dvp_drain_killed(state))
			return -EINTR;
		if (time_after(jiffies, until))
			return -EBUSY;
		msleep(DVP_DRAIN_PAUSE_MS);
	}
	return 0;
}

/*
 * Any signal takes a task out of the queue of such a lock, or none does. One that
 * is not to die of the signal goes on without the queue, so that it still can.
 */
static int dvp_drain_queue_for_lock(struct dvp_buffer *buf, unsigned int state)
{
	int ret;

	if (state != TASK_KILLABLE)
		return dma_resv_lock(&buf->resv, NULL);

	ret = dma_resv_lock_interruptible(&buf->resv, NULL);
	while (ret && !dvp_drain_killed(state))
		ret = dvp_drain_try_lock(buf, state, jiffies + HZ);
	return ret;
}

/*
 * Who stands in the queue for a lock cannot look at the clock, and who does not
 * may never get it: so the one first, then the other.
 */
static int dvp_drain_lock(struct dvp_buffer *buf, unsigned int state)
{
	int ret = dvp_drain_try_lock(buf, state,
				     jiffies + DVP_DRAIN_FIRST_WORD * HZ);

	if (ret != -EBUSY)
		return ret;
	pci_warn(buf->gate->pdev,
		 "BAR %u: an importer has kept the buffer locked for %u s\n",
		 buf->bar, DVP_DRAIN_FIRST_WORD);
	return dvp_drain_queue_for_lock(buf, state);
}

static void dvp_drain_note_fences(struct dvp_buffer *buf)
{
	struct dma_fence *fence;

	dma_resv_assert_held(&buf->resv);

	if (dma_resv_get_singleton(&buf->resv, DMA_RESV_USAGE_BOOKKEEP,
				   &fence)) {
		/* Without memory for a note: while nobody can add another. */
		dma_resv_wait_timeout(&buf->resv, DMA_RESV_USAGE_BOOKKEEP,
				      false, MAX_SCHEDULE_TIMEOUT);
		fence = NULL;
	}
	dma_fence_put(buf->fence);
	WRITE_ONCE(buf->fence, fence);
}

/*
 * An importer has its own reference to the dma-buf for as long as it has the
 * buffer mapped, so while the count cannot change the dma-buf is there.
 */
static int dvp_drain_tell(struct dvp_buffer *buf, unsigned int state)
{
	int ret = dvp_drain_lock(buf, state);

	if (ret)
		return ret;
	if (buf->imported) {
		bool mapped = atomic_read(&buf->maps);

		/* It stays busy until the fences are known, too. */
		atomic_inc(&buf->maps);
		/* Pairs with the barriers in dvp_drain_pending(). */
		smp_mb__after_atomic();
		WRITE_ONCE(buf->imported, false);
		if (mapped)
			dma_buf_invalidate_mappings(buf->dmabuf);
		dvp_drain_note_fences(buf);
		dvp_drain_uncount(buf);
	}
	dma_resv_unlock(&buf->resv);
	return 0;
}

static void dvp_drain_name_importers(struct dvp_buffer *buf,
				     unsigned int seconds)
{
	struct dma_buf_attachment *attach;

	list_for_each_entry(attach, &buf->dmabuf->attachments, node) {
		if (dvp_dma_maps(attach))
			pci_warn(buf->gate->pdev,
				 "BAR %u is still mapped for DMA by %s (%s), waited for %u s\n",
				 buf->bar, dev_name(attach->dev),
				 dev_driver_string(attach->dev), seconds);
	}
}

static void dvp_drain_report(struct dvp_buffer *buf, unsigned int seconds)
{
	if (!dma_resv_trylock(&buf->resv)) {
		pci_warn(buf->gate->pdev,
			 "BAR %u: an importer is at work, waited for %u s\n",
			 buf->bar, seconds);
		return;
	}
	if (atomic_read(&buf->maps))
		dvp_drain_name_importers(buf, seconds);
	else
		pci_warn(buf->gate->pdev,
			 "BAR %u: a fence of an importer has not signalled, waited for %u s\n",
			 buf->bar, seconds);
	dma_resv_unlock(&buf->resv);
}

/* A fence can bring a wait of its own, and that can fail. */
static bool dvp_drain_signals(struct dma_fence *fence)
{
	long left = dma_fence_wait_timeout(fence, false, HZ);

	if (left < 0) {
		msleep(DVP_DRAIN_PAUSE_MS);
		return dma_fence_is_signaled(fence);
	}
	return left;
}

/* Waits for two seconds at most. Returns whether there is nothing to wait for. */
static bool dvp_drain_step(struct dvp_buffer *buf, struct dma_fence *fence,
			   unsigned int state)
{
	wait_queue_head_t *idle = &buf->gate->idle;

	if (fence && !dvp_drain_signals(fence))
		return !dvp_access_bars_importers(buf);
	if (state == TASK_KILLABLE)
		return wait_event_killable_timeout(*idle,
						   !dvp_drain_mapped(buf),
						   HZ) > 0;
	return wait_event_timeout(*idle, !dvp_drain_mapped(buf), HZ) > 0;
}

static int dvp_drain_wait_for(struct dvp_buffer *buf, struct dma_fence *fence,
			      unsigned int state)
{
	unsigned long start = jiffies;
	unsigned long word = start + DVP_DRAIN_FIRST_WORD * HZ;

	while (!dvp_drain_step(buf, fence, state)) {
		if (dvp_drain_killed(state))
			return -EINTR;
		if (time_before(jiffies, word))
			continue;
		dvp_drain_report(buf, (jiffies - start) / HZ);
		word = jiffies + DVP_DRAIN_NEXT_WORD * HZ;
	}
	return 0;
}

/* A later note is somebody else's, and one that stays costs a look. */
static void dvp_drain_forget(struct dvp_buffer *buf, struct dma_fence *fence)
{
	if (!fence || !dma_resv_trylock(&buf->resv))
		return;
	if (buf->fence == fence && dma_fence_is_signaled(fence)) {
		WRITE_ONCE(buf->fence, NULL);
		dma_fence_put(fence);
	}
	dma_resv_unlock(&buf->resv);
}

static int dvp_drain_look(struct dvp_buffer *buf, unsigned int state)
{
	int ret = dvp_drain_lock(buf, state);

	if (ret)
		return ret;
	if (buf->fence && dma_fence_is_signaled(buf->fence)) {
		dma_fence_put(buf->fence);
		WRITE_ONCE(buf->fence, NULL);
	}
	dma_resv_unlock(&buf->resv);
	return 0;
}

static int dvp_drain_wait(struct dvp_buffer *buf, unsigned int state)
{
	struct dma_fence *fence = NULL;
	int ret;

	ret = dvp_drain_lock(buf, state);
	if (ret)
		return ret;
	if (buf->fence)
		fence = dma_fence_get(buf->fence);
	dma_resv_unlock(&buf->resv);

	ret = dvp_drain_wait_for(buf, fence, state);
	dvp_drain_forget(buf, fence);
	dma_fence_put(fence);
	return ret;
}

/**
 * dvp_drain_buffer() - wait until no importer uses a buffer
 * @buf: the buffer, revoked for good, with a reference
 * @state: TASK_KILLABLE or TASK_UNINTERRUPTIBLE
 *
 * A wait that lasts names the importer in the log.
 *
 * Context: process context, may sleep; no lock of ours held.
 *
 * Return: 0; -EINTR where the task is being killed and importers go on.
 */
int dvp_drain_buffer(struct dvp_buffer *buf, unsigned int state)
{
	/* Pairs with the barrier in dvp_dma_map(). */
	smp_mb();
	if (!dvp_drain_pending(buf))
		return 0;
	return dvp_drain_tell(buf, state) ?: dvp_drain_wait(buf, state);
}

/* A buffer keeps its place in the list for as long as it has references. */
static struct dvp_buffer *dvp_drain_next(struct dvp_gate *gate,
					 struct dvp_buffer *last)
{
	struct dvp_buffer *found = NULL;
	struct dvp_buffer *buf;

	mutex_lock(&gate->lock);
	buf = list_prepare_entry(last, &gate->buffers, node);
	list_for_each_entry_continue(buf, &gate->buffers, node) {
		if (dvp_drain_pending(buf) && dvp_buffer_try_get(buf)) {
			found = buf;
			break;
		}
	}
	mutex_unlock(&gate->lock);

	if (last)
		dvp_buffer_put(last);
	return found;
}

static void dvp_drain_each(struct dvp_gate *gate,
			   int (*call)(struct dvp_buffer *buf,
				       unsigned int state))
{
	struct dvp_buffer *buf = NULL;

	while ((buf = dvp_drain_next(gate, buf)))
		call(buf, TASK_UNINTERRUPTIBLE);
}

/* Most devices have nobody to tell, whatever the number of their buffers. */
static bool dvp_drain_concerns(struct dvp_gate *gate)
{
	/* Pairs with the barrier in dvp_dma_map(). */
	smp_mb();
	return READ_ONCE(gate->imported);
}

/**
 * dvp_drain_announce() - tell importers of buffers that they may not use
 * @gate: the gate
 *
 * Does not wait for them to unmap.
 *
 * Context: process context, may sleep; no lock of ours held.
 */
void dvp_drain_announce(struct dvp_gate *gate)
{
	if (dvp_drain_concerns(gate))
		dvp_drain_each(gate, dvp_drain_tell);
}

/**
 * dvp_drain_gate() - wait until no importer uses a buffer that it may not use
 * @gate: the gate
 *
 * For who ends memory. A wait that lasts names the importer in the log.
 *
 * Context: process context, may sleep; no lock of ours held but
 * &dvp_device.transition_lock. The device lock and the core's memory_lock may
 * be held: importers take neither to unmap.
 */
void dvp_drain_gate(struct dvp_gate *gate)
{
	if (!dvp_drain_concerns(gate))
		return;
	dvp_drain_each(gate, dvp_drain_tell);
	dvp_drain_each(gate, dvp_drain_wait);
}

/**
 * dvp_drain_is_done() - does no importer use a buffer that it may not use
 * @gate: the gate
 *
 * Context: process context, may sleep; no lock of ours held.
 *
 * Return: whether that is so.
 */
bool dvp_drain_is_done(struct dvp_gate *gate)
{
	struct dvp_buffer *buf;

	/* Nobody may have looked at the fences since importers were told. */
	dvp_drain_each(gate, dvp_drain_look);
	buf = dvp_drain_next(gate, NULL);
	if (buf)
		dvp_buffer_put(buf);
	return !buf;
}
