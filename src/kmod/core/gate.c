// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gate of a device says whether its memory can be used.
 *
 * That is a set of causes: a buffer is usable while the set is empty and the
 * buffer is not revoked. Causes are set before memory goes, by revoke.c, which
 * also ends access. They are cleared when memory is back. Reset and link error
 * are cleared by who set them. The others are properties of the device that only
 * the core changes, so they are read from it: when a call that can change them
 * has returned, and, because memory can come back without a call of ours, after
 * a refused fault, at an attach and when the user asks for the state.
 *
 * Nothing here ends access: looking at the device while no cause is set would,
 * so dvp_gate_settle_locked() is for a gate with causes, or without buffers.
 */
#include <linux/file.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "core/dvp.h"
#include "core/trace.h"

struct dvp_gate *dvp_gate_create(struct pci_dev *pdev)
{
	struct dvp_gate *gate = kzalloc(sizeof(*gate), GFP_KERNEL);

	if (!gate)
		return NULL;
	gate->counters = alloc_percpu(struct dvp_counters);
	if (!gate->counters) {
		kfree(gate);
		return NULL;
	}

	kref_init(&gate->kref);
	gate->pdev = pci_dev_get(pdev);
	gate->label_len = scnprintf(gate->label, sizeof(gate->label),
				    "%s/bar0", pci_name(pdev));
	xa_init(&gate->no_route);
	mutex_init(&gate->transition);
	init_waitqueue_head(&gate->wait);
	init_waitqueue_head(&gate->idle);
	spin_lock_init(&gate->import_lock);
	mutex_init(&gate->lock);
	INIT_LIST_HEAD(&gate->buffers);
	INIT_LIST_HEAD(&gate->active);
	gate->looked = jiffies - 1;
	return gate;
}

static void dvp_gate_free(struct kref *kref)
{
	struct dvp_gate *gate = container_of(kref, struct dvp_gate, kref);

	mutex_destroy(&gate->lock);
	mutex_destroy(&gate->transition);
	xa_destroy(&gate->no_route);
	free_percpu(gate->counters);
	pci_dev_put(gate->pdev);
	kfree(gate);
}

void dvp_gate_get(struct dvp_gate *gate)
{
	kref_get(&gate->kref);
}

void dvp_gate_put(struct dvp_gate *gate)
{
	kref_put(&gate->kref, dvp_gate_free);
}

/* Returns -ENODEV if the device is closed, or about to be. */
int dvp_gate_add(struct dvp_gate *gate, struct dvp_buffer *buf)
{
	int ret = -ENODEV;

	mutex_lock(&gate->lock);
	if (gate->vdev) {
		buf->session = gate->session;
		buf->id = ++gate->last_id;
		list_add_tail(&buf->node, &gate->buffers);
		ret = 0;
	}
	mutex_unlock(&gate->lock);
	if (ret)
		return ret;

	if (!buf->bar_mmap)
		dvp_counters_begin(gate->counters, DVP_EXPORTS_LIVE);
	trace_dvp_export(buf);
	return 0;
}

/* For a buffer that is being freed, whether it was added or not. */
void dvp_gate_remove(struct dvp_gate *gate, struct dvp_buffer *buf)
{
	bool added;

	mutex_lock(&gate->lock);
	added = !list_empty(&buf->node);
	list_del_init(&buf->node);
	list_del_init(&buf->link.node);
	if (!buf->bar_mmap && buf->event) {
		gate->nr_events--;
		eventfd_ctx_put(buf->event);
	}
	mutex_unlock(&gate->lock);

	if (added && !buf->bar_mmap)
		dvp_counters_end(gate->counters, DVP_EXPORTS_LIVE);
}

/*
 * A VMA or an attachment begins. An ender that walked the list before has set its
 * cause, and faults and importers of this buffer will see it. With the first BAR
 * mapping, which comes with VFIO's file, the device stays open.
 */
void dvp_gate_use(struct dvp_buffer *buf, struct file *dev_file)
{
	struct dvp_gate *gate = buf->gate;

	if (atomic_inc_not_zero(&buf->users))
		return;

	mutex_lock(&gate->lock);
	if (atomic_inc_return(&buf->users) == 1) {
		if (list_empty(&buf->link.node) && !buf->revoked)
			list_add_tail(&buf->link.node, &gate->active);
		if (dev_file)
			buf->dev_file = get_file(dev_file);
	}
	mutex_unlock(&gate->lock);
}

/* An importer that is gone may have left a fence, so such a buffer stays active. */
void dvp_gate_unuse(struct dvp_buffer *buf)
{
	struct dvp_gate *gate = buf->gate;
	struct file *dev_file = NULL;

	if (!atomic_dec_and_mutex_lock(&buf->users, &gate->lock))
		return;
	if (!dvp_buffer_is_imported(buf))
		list_del_init(&buf->link.node);
	if (buf->bar_mmap) {
		dev_file = buf->dev_file;
		buf->dev_file = NULL;
	}
	mutex_unlock(&gate->lock);

	if (dev_file)
		fput(dev_file);
}

/* Access to a revoked buffer has ended: enders need not look at it any more. */
void dvp_gate_forget(struct dvp_buffer *buf)
{
	struct dvp_gate *gate = buf->gate;

	mutex_lock(&gate->lock);
	if (!dvp_buffer_is_imported(buf))
		list_del_init(&buf->link.node);
	mutex_unlock(&gate->lock);
}

static void dvp_walk_fill_locked(struct dvp_gate *gate, struct dvp_walk *walk,
				 struct dvp_link *link)
{
	lockdep_assert_held(&gate->lock);

	list_for_each_entry_continue(link, &gate->active, node) {
		if (link == &walk->end)
			break;
		if (!link->buf || !dvp_buffer_try_get(link->buf))
			continue;
		walk->bufs[walk->nr++] = link->buf;
		if (walk->nr == DVP_BATCH)
			break;
	}
	list_del_init(&walk->link.node);
	/* The walk's own link keeps its place, whatever else joins and leaves. */
	if (walk->nr == DVP_BATCH)
		list_add(&walk->link.node, &link->node);
	else
		list_del_init(&walk->end.node);
}

static void dvp_walk_put(struct dvp_walk *walk)
{
	while (walk->nr)
		dvp_buffer_put(walk->bufs[--walk->nr]);
}

/* Gets the first batch. */
void dvp_walk_begin_locked(struct dvp_gate *gate, struct dvp_walk *walk)
{
	walk->link.buf = NULL;
	walk->end.buf = NULL;
	walk->nr = 0;
	INIT_LIST_HEAD(&walk->link.node);
	INIT_LIST_HEAD(&walk->end.node);
	dvp_walk_fill_locked(gate, walk,
			     list_entry(&gate->active, struct dvp_link, node));
	/* A buffer that joins behind the end sees the new state. */
	if (walk->nr == DVP_BATCH)
		list_add_tail(&walk->end.node, &gate->active);
}

/* Puts the batch and gets the next one. The walk is over when that is empty. */
void dvp_walk_next(struct dvp_gate *gate, struct dvp_walk *walk)
{
	dvp_walk_put(walk);
	if (list_empty(&walk->link.node))
		return;

	mutex_lock(&gate->lock);
	dvp_walk_fill_locked(gate, walk, &walk->link);
	mutex_unlock(&gate->lock);
}

/* For a walk that is left before it is over. */
void dvp_walk_end(struct dvp_gate *gate, struct dvp_walk *walk)
{
	dvp_walk_put(walk);
	if (list_empty(&walk->link.node))
		return;

	mutex_lock(&gate->lock);
	list_del(&walk->link.node);
	list_del(&walk->end.node);
	mutex_unlock(&gate->lock);
}

/* What REVOKE and its like say of a buffer before they do anything. */
int dvp_gate_check_locked(struct dvp_gate *gate, const struct dvp_buffer *buf)
{
	lockdep_assert_held(&gate->lock);

	if (!gate->vdev || buf->session != gate->session)
		return -ENODEV;
	return buf->revoked ? -EBADFD : 0;
}

int dvp_gate_check(struct dvp_buffer *buf)
{
	struct dvp_gate *gate = buf->gate;
	int ret;

	mutex_lock(&gate->lock);
	ret = dvp_gate_check_locked(gate, buf);
	mutex_unlock(&gate->lock);
	return ret;
}

/* Takes over the reference to event, which may be NULL, unless it fails. */
int dvp_gate_set_event(struct dvp_buffer *buf, struct eventfd_ctx *event)
{
	struct dvp_gate *gate = buf->gate;
	struct eventfd_ctx *old = NULL;
	int ret;

	mutex_lock(&gate->lock);
	ret = dvp_gate_check_locked(gate, buf);
	if (!ret) {
		old = buf->event;
		buf->event = event;
		gate->nr_events += !!event - !!old;
	}
	mutex_unlock(&gate->lock);

	if (old)
		eventfd_ctx_put(old);
	return ret;
}

static void dvp_gate_signal_locked(struct dvp_buffer *buf)
{
	lockdep_assert_held(&buf->gate->lock);

	if (!buf->bar_mmap && buf->event)
		eventfd_signal(buf->event);
}

/* The last state that a buffer has is told before its eventfd is dropped. */
void dvp_gate_revoke_locked(struct dvp_buffer *buf)
{
	struct dvp_gate *gate = buf->gate;

	lockdep_assert_held(&gate->lock);

	WRITE_ONCE(buf->revoked, true);
	if (!buf->bar_mmap && buf->event) {
		eventfd_signal(buf->event);
		eventfd_ctx_put(buf->event);
		buf->event = NULL;
		gate->nr_events--;
	}
	/* Faults that wait for the end of a transition look again. */
	if (wq_has_sleeper(&gate->wait))
		wake_up_all(&gate->wait);
}

/* Each buffer has an event of its own, so that its id tells its history. */
static void dvp_gate_trace_locked(struct dvp_gate *gate, bool blocked)
{
	struct dvp_buffer *buf;

	list_for_each_entry(buf, &gate->buffers, node) {
		if (buf->revoked)
			continue;
		if (blocked)
			trace_dvp_block(buf, gate->causes);
		else
			trace_dvp_restore(buf, gate->causes);
	}
}

/* Usable buffers are blocked now, or the other way round. */
static void dvp_gate_tell_locked(struct dvp_gate *gate, bool blocked)
{
	struct dvp_buffer *buf;

	dvp_counters_inc(gate->counters, blocked ? DVP_BLOCKS : DVP_RESTORES);
	if (trace_dvp_block_enabled() || trace_dvp_restore_enabled())
		dvp_gate_trace_locked(gate, blocked);
	if (!gate->nr_events)
		return;
	list_for_each_entry(buf, &gate->buffers, node) {
		if (!buf->revoked)
			dvp_gate_signal_locked(buf);
	}
}

/* The caller ends access afterwards if the set is no longer empty: see revoke.c. */
void dvp_gate_set_locked(struct dvp_gate *gate, unsigned int causes)
{
	unsigned int old = gate->causes;

	lockdep_assert_held(&gate->lock);

	WRITE_ONCE(gate->causes, causes);
	if (!(causes & DVP_CAUSES_BLOCK) != !(old & DVP_CAUSES_BLOCK))
		dvp_gate_tell_locked(gate, causes & DVP_CAUSES_BLOCK);
	/* Faults look again, and enders stop waiting for importers. */
	if (old != causes) {
		if (wq_has_sleeper(&gate->wait))
			wake_up_all(&gate->wait);
		if (wq_has_sleeper(&gate->idle))
			wake_up_all(&gate->idle);
	}
}

static bool dvp_gate_has_importers_locked(struct dvp_gate *gate)
{
	struct dvp_link *link;

	list_for_each_entry(link, &gate->active, node) {
		if (link->buf && !link->buf->revoked &&
		    dvp_buffer_is_imported(link->buf))
			return true;
	}
	return false;
}

/*
 * Clears causes, and makes the rest equal to what the device says. The device is
 * not read while it is being reset, nor in a transition; both end here, too. It is read
 * only if access has ended, because it may say that memory is away. The core has a
 * vconfig only while the device is open.
 */
void dvp_gate_settle_locked(struct dvp_gate *gate, unsigned int clear)
{
	bool ended = dvp_gate_cpu_causes(gate);
	unsigned int causes = gate->causes & ~clear;

	lockdep_assert_held(&gate->lock);

	if (!gate->vdev)
		causes &= ~DVP_CAUSES_READ;
	else if (ended && !(causes & (DVP_CAUSE_RESET | DVP_TRANSITION)))
		causes = (causes & ~DVP_CAUSES_READ) |
			 dvp_memory_causes(gate->vdev, &gate->verify,
					   clear & DVP_CAUSE_RESET);
	if (gate->recovered && !dvp_gate_has_importers_locked(gate)) {
		gate->recovered = false;
		causes &= ~DVP_CAUSE_LINK_ERROR;
	}
	dvp_gate_set_locked(gate, causes);
}

/* Memory may have come back without a call of ours. */
void dvp_gate_look(struct dvp_gate *gate)
{
	mutex_lock(&gate->lock);
	if (gate->causes)
		dvp_gate_settle_locked(gate, 0);
	mutex_unlock(&gate->lock);
}

/*
 * For a refused fault. A borrower can repeat it, so the driver looks once a tick at
 * most. Returns whether memory is back.
 */
bool dvp_gate_look_again(struct dvp_gate *gate)
{
	unsigned long now = jiffies;

	if (READ_ONCE(gate->looked) == now)
		return false;
	WRITE_ONCE(gate->looked, now);
	dvp_gate_look(gate);
	return !READ_ONCE(gate->causes);
}
