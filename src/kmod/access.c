// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may pass a gate; see access.h.
 */
#include <linux/sched.h>

#include "access.h"

/**
 * dvp_access_bars_importers() - is a buffer out of reach for importers
 * @buf: the buffer
 *
 * In a transition it is not: an importer cannot wait, and most transitions
 * end nothing.
 *
 * Context: any. The answer may be old, except to who has the reservation lock
 * and counts in &dvp_buffer.maps: it is waited for.
 *
 * Return: whether it is.
 */
bool dvp_access_bars_importers(const struct dvp_buffer *buf)
{
	return READ_ONCE(buf->revoked) ||
	       READ_ONCE(buf->gate->causes) & ~DVP_CAUSE_TRANSITION;
}

/**
 * dvp_access_wait() - wait until a transition ends, or memory does
 * @gate: the gate
 * @state: TASK_INTERRUPTIBLE or TASK_KILLABLE: which signals end the wait early
 *
 * Context: process context, may sleep; no lock held that a call into the core
 * or a copy from user space could need.
 */
void dvp_access_wait(struct dvp_gate *gate, unsigned int state)
{
	/* After a signal, too, the fault is tried again: the answer is moot. */
	(void)wait_event_state(gate->wait,
			       READ_ONCE(gate->causes) != DVP_CAUSE_TRANSITION,
			       state);
}

/**
 * dvp_access_hold() - keep a device open while looking at it
 * @gate: the gate
 * @buf: one of its buffers
 *
 * Context: process context, may sleep.
 *
 * Return: 0 with &dvp_gate.lock held, for dvp_access_release(); -ENODEV where
 * importers may not use the buffer now.
 */
int dvp_access_hold(struct dvp_gate *gate, const struct dvp_buffer *buf)
{
	mutex_lock(&gate->lock);
	if (gate->open && !dvp_access_bars_importers(buf))
		return 0;
	mutex_unlock(&gate->lock);
	return -ENODEV;
}

/**
 * dvp_access_release() - undo dvp_access_hold()
 * @gate: the gate
 *
 * Context: process context.
 */
void dvp_access_release(struct dvp_gate *gate)
{
	mutex_unlock(&gate->lock);
}
