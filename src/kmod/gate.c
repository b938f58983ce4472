// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gate of a device: what blocks access to its memory, and its buffers.
 *
 * A set of causes is all there is. Somebody sets a bit before memory goes and
 * clears it when memory is back; a buffer is usable exactly while the set is
 * empty and the buffer was not revoked for good. Whoever makes the set
 * non-empty also ends the CPU mappings of every buffer, before it returns, and
 * then waits for importers.
 *
 * Three causes are properties of the device that only the core changes:
 * decoding, the power state, low power. They are never guessed. The set is
 * made equal to what the device says, under the lock, whenever a call that
 * can change them has returned. While such a call runs the gate is in
 * transition: nothing is mapped, and faults wait instead of failing, because
 * most of these calls (a write of the bus-master bit) change nothing.
 */
#include "dvp.h"

/* What is read from the device instead of being set and cleared in pairs. */
#define DVP_CAUSES_READ	\
	(DVP_CAUSE_DECODE_OFF | DVP_CAUSE_SLEEP | DVP_CAUSE_LOW_POWER)

static void dvp_gate_zap_locked(struct dvp_gate *gate)
{
	struct dvp_buffer *buf;

	lockdep_assert_held(&gate->lock);

	list_for_each_entry(buf, &gate->buffers, node) {
		if (!buf->revoked)
			dvp_vma_zap(buf);
	}
}

/* A transition by itself is no end of memory. */
static bool dvp_gate_is_blocked(unsigned int causes)
{
	return causes & ~DVP_CAUSE_TRANSITION;
}

static void dvp_gate_set_locked(struct dvp_gate *gate, unsigned int causes)
{
	unsigned int old = gate->causes;

	lockdep_assert_held(&gate->lock);

	WRITE_ONCE(gate->causes, causes);
	if (dvp_gate_is_blocked(causes) != dvp_gate_is_blocked(old))
		dvp_counters_causes_locked(gate);
	if (causes && !old)
		dvp_gate_zap_locked(gate);
	if (old == DVP_CAUSE_TRANSITION && wq_has_sleeper(&gate->wait))
		wake_up_all(&gate->wait);
	/* What comes back need not be waited for any longer. */
	if (old & ~causes && wq_has_sleeper(&gate->idle))
		wake_up_all(&gate->idle);
}

/* Returns whether importers could use memory, and can no more. */
static bool dvp_gate_settle_locked(struct dvp_gate *gate, unsigned int clear,
				   struct vfio_pci_core_device *vdev)
{
	unsigned int causes = gate->causes & ~clear;
	unsigned int old = gate->causes;

	lockdep_assert_held(&gate->lock);

	/*
	 * The core has a vconfig to read only between enable and disable. A
	 * device in reset must not be read; the end of the reset comes here.
	 */
	if (!gate->open)
		causes &= ~DVP_CAUSES_READ;
	else if (!(causes & DVP_CAUSE_RESET))
		causes = (causes & ~DVP_CAUSES_READ) | dvp_memory_causes(vdev);
	dvp_gate_set_locked(gate, causes);
	return !dvp_gate_is_blocked(old) && dvp_gate_is_blocked(causes);
}

/**
 * dvp_gate_open() - a user has opened the device
 * @gate: the gate
 * @vdev: the device, after vfio_pci_core_enable()
 *
 * Context: process context, may sleep; vfio's dev_set lock held.
 */
void dvp_gate_open(struct dvp_gate *gate, struct vfio_pci_core_device *vdev)
{
	mutex_lock(&gate->lock);
	gate->open = true;
	gate->session++;
	/* An error that nobody recovered from is not this user's. */
	dvp_gate_settle_locked(gate, DVP_CAUSE_ERROR, vdev);
	mutex_unlock(&gate->lock);
}

static void dvp_gate_end_buffer_locked(struct dvp_gate *gate,
				       struct dvp_buffer *buf)
{
	lockdep_assert_held(&gate->lock);

	WRITE_ONCE(buf->revoked, true);
	dvp_counters_revoke_locked(gate, buf);
	dvp_vma_zap(buf);
}

/**
 * dvp_gate_shut() - revoke every buffer for good, and take no more
 * @gate: the gate
 *
 * For the last close, before the core disables the device, and for a device
 * that is gone. Doing it twice is silent.
 *
 * Context: process context, may sleep; waits for importers.
 */
void dvp_gate_shut(struct dvp_gate *gate)
{
	struct dvp_buffer *buf;

	mutex_lock(&gate->lock);
	gate->open = false;
	list_for_each_entry(buf, &gate->buffers, node) {
		if (!buf->revoked)
			dvp_gate_end_buffer_locked(gate, buf);
	}
	mutex_unlock(&gate->lock);

	dvp_drain_gate(gate);
}

/**
 * dvp_gate_add() - put a new buffer under the gate
 * @gate: the gate
 * @buf: the buffer, live and in no list
 *
 * Context: process context, may sleep; mmap_lock may be held.
 *
 * Return: 0; -ENODEV where the device is going away.
 */
int dvp_gate_add(struct dvp_gate *gate, struct dvp_buffer *buf)
{
	int ret = -ENODEV;

	mutex_lock(&gate->lock);
	if (gate->open) {
		buf->session = gate->session;
		list_add_tail(&buf->node, &gate->buffers);
		dvp_counters_join_locked(gate, buf);
		ret = 0;
	}
	mutex_unlock(&gate->lock);
	return ret;
}

/**
 * dvp_gate_remove() - take out a buffer that is being freed
 * @gate: the gate
 * @buf: the buffer, in the list or not; it has no mapping any more
 *
 * Context: process context, may sleep.
 */
void dvp_gate_remove(struct dvp_gate *gate, struct dvp_buffer *buf)
{
	mutex_lock(&gate->lock);
	dvp_counters_leave_locked(gate, buf);
	list_del_init(&buf->node);
	mutex_unlock(&gate->lock);
}

static int dvp_gate_check_locked(struct dvp_gate *gate,
				 const struct dvp_buffer *buf)
{
	lockdep_assert_held(&gate->lock);

	if (!gate->open || buf->session != gate->session)
		return -ENODEV;
	return buf->revoked ? -EBADFD : 0;
}

/**
 * dvp_gate_check() - can a buffer ever be used again
 * @gate: the gate
 * @buf: one of its buffers
 *
 * Context: process context, may sleep.
 *
 * Return: 0; -EBADFD where it was revoked; -ENODEV where its device is gone,
 * or was closed since it was exported.
 */
int dvp_gate_check(struct dvp_gate *gate, const struct dvp_buffer *buf)
{
	int ret;

	mutex_lock(&gate->lock);
	ret = dvp_gate_check_locked(gate, buf);
	mutex_unlock(&gate->lock);
	return ret;
}

/**
 * dvp_gate_revoke() - take one buffer back for good
 * @gate: the gate
 * @buf: one of its buffers
 *
 * When it returns, no CPU has a mapping of the buffer, and importers have
 * stopped, unless the task is being killed. It waits for those of a buffer that
 * was revoked already, too.
 *
 * Context: process context, may sleep; a reference to @buf held.
 *
 * Return: what dvp_gate_check() said of it; -EINTR where an importer goes on.
 */
int dvp_gate_revoke(struct dvp_gate *gate, struct dvp_buffer *buf)
{
	int ret;

	mutex_lock(&gate->lock);
	ret = dvp_gate_check_locked(gate, buf);
	if (!ret)
		dvp_gate_end_buffer_locked(gate, buf);
	mutex_unlock(&gate->lock);

	if (ret == -ENODEV)
		return ret;
	return dvp_drain_buffer(buf, TASK_KILLABLE) ?: ret;
}

/**
 * dvp_gate_block() - memory goes
 * @gate: the gate
 * @cause: why; one that dvp_gate_unblock() will clear
 *
 * When it returns, no CPU and no importer has a mapping of any buffer.
 *
 * Context: process context, may sleep; waits for importers. The device lock and
 * the core's memory_lock may be held.
 */
void dvp_gate_block(struct dvp_gate *gate, enum dvp_cause cause)
{
	mutex_lock(&gate->lock);
	dvp_gate_set_locked(gate, gate->causes | cause);
	mutex_unlock(&gate->lock);

	dvp_drain_gate(gate);
}

/**
 * dvp_gate_block_at_once() - memory goes, and there is no time
 * @gate: the gate
 * @cause: as dvp_gate_block()
 *
 * When it returns, no CPU has a mapping of any buffer, and importers are told.
 *
 * Context: process context, may sleep.
 */
void dvp_gate_block_at_once(struct dvp_gate *gate, enum dvp_cause cause)
{
	mutex_lock(&gate->lock);
	dvp_gate_set_locked(gate, gate->causes | cause);
	mutex_unlock(&gate->lock);

	dvp_drain_announce(gate);
}

/**
 * dvp_gate_unblock() - memory is back, as far as this cause goes
 * @gate: the gate
 * @causes: set of what dvp_gate_block() was called with; clearing a cause that
 *	is not set is silent
 * @vdev: the device, to look at what else blocks it
 *
 * Waits for no importer: whoever ended memory did, or will.
 *
 * Context: process context, may sleep. The device lock and the core's
 * memory_lock may be held.
 */
void dvp_gate_unblock(struct dvp_gate *gate, unsigned int causes,
		      struct vfio_pci_core_device *vdev)
{
	bool ended;

	mutex_lock(&gate->lock);
	ended = dvp_gate_settle_locked(gate, causes, vdev);
	mutex_unlock(&gate->lock);

	if (ended)
		dvp_drain_announce(gate);
}

/**
 * dvp_gate_refresh() - the device may be in another state than before
 * @gate: the gate
 * @vdev: the device
 *
 * Context: as dvp_gate_unblock().
 */
void dvp_gate_refresh(struct dvp_gate *gate, struct vfio_pci_core_device *vdev)
{
	dvp_gate_unblock(gate, 0, vdev);
}

/**
 * dvp_gate_begin() - a call into the core is about to change the device
 * @gate: the gate
 * @ends: as far as can be seen the call ends memory
 *
 * Ends the CPU mappings, and makes faults wait until dvp_gate_end(), except
 * those of the calling task, and of others in a transition, on any device: the
 * core copies the arguments of such a task, and waiting for itself, or for one
 * that waits for it, would never end. With @ends, waits for importers, too, and
 * faults fail.
 *
 * Context: process context, may sleep; &dvp_device.transition_lock held.
 */
void dvp_gate_begin(struct dvp_gate *gate, bool ends)
{
	unsigned int causes = DVP_CAUSE_TRANSITION;

	if (ends)
		causes |= DVP_CAUSE_ENDING;

	mutex_lock(&gate->lock);
	WRITE_ONCE(gate->owner, current);
	dvp_gate_set_locked(gate, gate->causes | causes);
	mutex_unlock(&gate->lock);

	if (ends)
		dvp_drain_gate(gate);
}

/**
 * dvp_gate_end() - the call has returned
 * @gate: the gate
 * @vdev: the device; runtime PM keeps it awake unless it sleeps by the
 *	user's wish
 *
 * Waits for importers where such a call has ended memory, whoever saw it first:
 * one that only looked at the device meanwhile has told them, and not waited.
 * Nobody waits while the link is in error.
 *
 * Context: process context, may sleep; &dvp_device.transition_lock held.
 */
void dvp_gate_end(struct dvp_gate *gate, struct vfio_pci_core_device *vdev)
{
	bool ended;

	mutex_lock(&gate->lock);
	WRITE_ONCE(gate->owner, NULL);
	dvp_gate_settle_locked(gate, DVP_CAUSE_TRANSITION | DVP_CAUSE_ENDING,
			       vdev);
	ended = gate->causes & DVP_CAUSES_READ &&
		!(gate->causes & DVP_CAUSE_ERROR);
	mutex_unlock(&gate->lock);

	if (ended)
		dvp_drain_gate(gate);
}
