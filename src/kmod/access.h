/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may pass a gate: what faults and importers ask, mostly without its lock.
 */
#ifndef DVP_ACCESS_H
#define DVP_ACCESS_H

#include "dvp.h"

/**
 * enum dvp_access - what a fault may do now
 * @DVP_ACCESS_YES: insert entries, until fault_lock is released
 * @DVP_ACCESS_NO: raise SIGBUS
 * @DVP_ACCESS_LATER: wait for the end of a transition, and fault again; never
 *	said to who is the reason of one, as two could wait for each other
 */
enum dvp_access {
	DVP_ACCESS_YES,
	DVP_ACCESS_NO,
	DVP_ACCESS_LATER,
};

/**
 * dvp_access_fault() - may a fault insert entries for a buffer
 * @buf: the buffer
 *
 * Lockless on purpose. The writer stores what it has to say and then passes
 * through fault_lock for write: a reader that missed it is done by then, and a
 * later one sees it.
 *
 * Context: fault, with &dvp_buffer.fault_lock held for read; the answer holds
 * until it is released.
 *
 * Return: an &enum dvp_access.
 */
static inline enum dvp_access dvp_access_fault(const struct dvp_buffer *buf)
{
	unsigned int causes;

	lockdep_assert_held(&buf->fault_lock);

	if (READ_ONCE(buf->revoked))
		return DVP_ACCESS_NO;

	causes = READ_ONCE(buf->gate->causes);
	if (!causes)
		return DVP_ACCESS_YES;
	if (causes == DVP_CAUSE_TRANSITION && !dvp_gate_any_is_own())
		return DVP_ACCESS_LATER;
	return DVP_ACCESS_NO;
}

bool dvp_access_bars_importers(const struct dvp_buffer *buf);
void dvp_access_wait(struct dvp_gate *gate, unsigned int state);
int dvp_access_hold(struct dvp_gate *gate, const struct dvp_buffer *buf);
void dvp_access_release(struct dvp_gate *gate);

#endif /* DVP_ACCESS_H */
