// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to the buffers of a device, in numbers and as trace events.
 *
 * The counters belong to the gate, so they go on while a buffer outlives its
 * device. Faults are the exception: many CPUs fault at a time, in buffers that
 * have nothing to do with each other, so each buffer counts its own, and leaves
 * them to the gate when it dies.
 */
#include "dvp.h"
#include "trace.h"

static enum dvp_counter dvp_counters_kind(const struct dvp_buffer *buf)
{
	return buf->bar_mmap ? DVP_BAR_MMAPS_LIVE : DVP_EXPORTS_LIVE;
}

/**
 * dvp_counters_join_locked() - a buffer comes under the gate
 * @gate: the gate
 * @buf: the buffer, in the list
 *
 * Context: &dvp_gate.lock held.
 */
void dvp_counters_join_locked(struct dvp_gate *gate, struct dvp_buffer *buf)
{
	lockdep_assert_held(&gate->lock);

	buf->id = ++gate->last_id;
	dvp_counters_begin(&gate->counters, dvp_counters_kind(buf));
	trace_dvp_export(buf);
}

/**
 * dvp_counters_leave_locked() - a buffer is taken out of the list
 * @gate: the gate
 * @buf: the buffer; one that never was in the list counts for nothing
 *
 * Context: &dvp_gate.lock held, before the buffer leaves the list and until it
 * has, or its faults would count twice, or not at all.
 */
void dvp_counters_leave_locked(struct dvp_gate *gate, struct dvp_buffer *buf)
{
	atomic64_t *values = gate->counters.values;

	lockdep_assert_held(&gate->lock);

	if (list_empty(&buf->node))
		return;
	dvp_counters_end(&gate->counters, dvp_counters_kind(buf));
	atomic64_add(atomic64_read(&buf->faults), &values[DVP_FAULTS]);
	atomic64_add(atomic64_read(&buf->refused), &values[DVP_REFUSED]);
}

/**
 * dvp_counters_revoke_locked() - a buffer is revoked for good
 * @gate: the gate
 * @buf: the buffer, not revoked before
 *
 * Context: &dvp_gate.lock held.
 */
void dvp_counters_revoke_locked(struct dvp_gate *gate, struct dvp_buffer *buf)
{
	lockdep_assert_held(&gate->lock);

	atomic64_inc(&gate->counters.values[DVP_REVOKES]);
	trace_dvp_revoke(buf);
}

/* Each buffer has its own event, so that one can be followed by its id. */
static void dvp_counters_trace_causes(struct dvp_gate *gate, bool blocked)
{
	struct dvp_buffer *buf;

	if (!trace_dvp_block_enabled() && !trace_dvp_restore_enabled())
		return;

	list_for_each_entry(buf, &gate->buffers, node) {
		if (buf->revoked)
			continue;
		if (blocked)
			trace_dvp_block(buf, gate->causes);
		else
			trace_dvp_restore(buf, gate->causes);
	}
}

/**
 * dvp_counters_causes_locked() - a gate was blocked, or is no more
 * @gate: the gate, with its new causes; a transition by itself is no end of memory
 *
 * Context: &dvp_gate.lock held.
 */
void dvp_counters_causes_locked(struct dvp_gate *gate)
{
	bool blocked = gate->causes & ~DVP_CAUSE_TRANSITION;

	lockdep_assert_held(&gate->lock);

	atomic64_inc(&gate->counters.values[blocked ? DVP_BLOCKS :
						      DVP_RESTORES]);
	dvp_counters_trace_causes(gate, blocked);
}

static u64 dvp_counters_sum_locked(struct dvp_gate *gate,
				   enum dvp_counter counter)
{
	u64 sum = atomic64_read(&gate->counters.values[counter]);
	struct dvp_buffer *buf;

	lockdep_assert_held(&gate->lock);

	list_for_each_entry(buf, &gate->buffers, node)
		sum += atomic64_read(counter == DVP_FAULTS ? &buf->faults :
							     &buf->refused);
	return sum;
}

/**
 * dvp_counters_read() - read a counter
 * @gate: the gate
 * @counter: which; DVP_FAULTS and DVP_REFUSED with those of live buffers
 *
 * Context: process context, may sleep; no lock of ours held.
 *
 * Return: its value.
 */
u64 dvp_counters_read(struct dvp_gate *gate, enum dvp_counter counter)
{
	u64 sum;

	if (counter != DVP_FAULTS && counter != DVP_REFUSED)
		return atomic64_read(&gate->counters.values[counter]);

	mutex_lock(&gate->lock);
	sum = dvp_counters_sum_locked(gate, counter);
	mutex_unlock(&gate->lock);
	return sum;
}
