// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a buffer for the devices that import it.
 *
 * CPUs are out already when this starts. Importers are all told before anybody
 * waits for the first of them, and then they are waited for with no lock held
 * but the caller's own: an importer that never lets go must not keep other
 * buffers from being exported, mapped, or taken back.
 *
 * What the dma-buf core asks of an exporter is in the comment on
 * dma_buf_invalidate_mappings(): until the fences have signalled an importer
 * may still use the memory, and until it unmaps it may still read it.
 */
#include <linux/dma-resv.h>
#include <linux/jiffies.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>

#include "dvp.h"

/* When a wait is worth a line in the log, and how often another one. */
#define DVP_DRAIN_FIRST_WORD	5
#define DVP_DRAIN_NEXT_WORD	30

static bool dvp_drain_mapped(const struct dvp_buffer *buf)
{
	return atomic_read(&buf->maps) && dvp_gate_bars_importers(buf);
}

/* An importer that has unmapped can have fences that go on. */
static bool dvp_drain_pending(const struct dvp_buffer *buf)
{
	return (atomic_read(&buf->maps) || READ_ONCE(buf->draining)) &&
	       dvp_gate_bars_importers(buf);
}

/*
 * An importer has its own reference to the dma-buf for as long as it has the
 * buffer mapped, so while the count cannot change the dma-buf is there.
 */
static void dvp_drain_tell(struct dvp_buffer *buf)
{
	dma_resv_lock(&buf->resv, NULL);
	if (atomic_read(&buf->maps)) {
		WRITE_ONCE(buf->draining, true);
		dma_buf_invalidate_mappings(buf->dmabuf);
	}
	dma_resv_unlock(&buf->resv);
}

/* Somebody else may have told a later importer by now, and waits. */
static void dvp_drain_done(struct dvp_buffer *buf)
{
	dma_resv_lock(&buf->resv, NULL);
	if (!atomic_read(&buf->maps))
		WRITE_ONCE(buf->draining, false);
	dma_resv_unlock(&buf->resv);
}

static void dvp_drain_name_importers(struct dvp_buffer *buf,
				     unsigned int seconds)
{
	struct dma_buf_attachment *attach;

	list_for_each_entry(attach, &buf->dmabuf->attachments, node) {
		if (dvp_dma_maps(attach))
			pci_warn(buf->gate->pdev,
				 "BAR %u is still mapped for DMA by %s (%s), told %u s ago\n",
				 buf->bar, dev_name(attach->dev),
				 dev_driver_string(attach->dev), seconds);
	}
}

static void dvp_drain_report(struct dvp_buffer *buf, unsigned int seconds)
{
	struct pci_dev *pdev = buf->gate->pdev;

	if (!dma_resv_trylock(&buf->resv)) {
		pci_warn(pdev, "BAR %u: an importer holds the lock of the buffer; told %u s ago\n",
			 buf->bar, seconds);
		return;
	}
	if (atomic_read(&buf->maps))
		dvp_drain_name_importers(buf, seconds);
	else
		pci_warn(pdev, "BAR %u: a fence of an importer has not signalled for %u s\n",
			 buf->bar, seconds);
	dma_resv_unlock(&buf->resv);
}

/* Waits for two seconds at most. Returns whether there is nothing to wait for. */
static bool dvp_drain_step(struct dvp_buffer *buf, unsigned int state)
{
	wait_queue_head_t *idle = &buf->gate->idle;
	long left;

	if (dma_resv_wait_timeout(&buf->resv, DMA_RESV_USAGE_BOOKKEEP, false,
				  HZ) <= 0)
		return !dvp_gate_bars_importers(buf);

	if (state == TASK_KILLABLE)
		left = wait_event_killable_timeout(*idle,
						   !dvp_drain_mapped(buf), HZ);
	else
		left = wait_event_timeout(*idle, !dvp_drain_mapped(buf), HZ);
	return left > 0;
}

static int dvp_drain_wait(struct dvp_buffer *buf, unsigned int state)
{
	unsigned long start = jiffies;
	unsigned long word = start + DVP_DRAIN_FIRST_WORD * HZ;

	while (!dvp_drain_step(buf, state)) {
		if (state == TASK_KILLABLE && fatal_signal_pending(current))
			return -EINTR;
		if (time_before(jiffies, word))
			continue;
		dvp_drain_report(buf, (jiffies - start) / HZ);
		word = jiffies + DVP_DRAIN_NEXT_WORD * HZ;
	}

	dvp_drain_done(buf);
	return 0;
}

/**
 * dvp_drain_buffer() - wait until no importer uses a buffer
 * @buf: the buffer, revoked for good, with a reference
 * @state: TASK_KILLABLE or TASK_UNINTERRUPTIBLE
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

	dvp_drain_tell(buf);
	return dvp_drain_wait(buf, state);
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

/**
 * dvp_drain_gate() - wait until no importer uses a buffer that it may not use
 * @gate: the gate
 *
 * For causes that end memory: an importer of a device in transition may go on.
 * A wait that lasts names the importer in the log.
 *
 * Context: process context, may sleep; no lock of ours held but
 * &dvp_device.transition_lock. The device lock and the core's memory_lock may
 * be held: importers take neither to unmap.
 */
void dvp_drain_gate(struct dvp_gate *gate)
{
	struct dvp_buffer *buf;

	/* Pairs with the barrier in dvp_dma_map(). */
	smp_mb();
	for (buf = dvp_drain_next(gate, NULL); buf;
	     buf = dvp_drain_next(gate, buf))
		dvp_drain_tell(buf);
	for (buf = dvp_drain_next(gate, NULL); buf;
	     buf = dvp_drain_next(gate, buf))
		dvp_drain_wait(buf, TASK_UNINTERRUPTIBLE);
}
