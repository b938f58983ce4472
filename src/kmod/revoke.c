// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of access. This is the only file that ends it.
 *
 * It always goes the same way: store the new state under dvp_gate.lock, drop the
 * lock, zap buffer by buffer, then tell importers and wait for them, buffer by buffer.
 * A zap runs MMU notifiers of the borrower's process, and an importer unmaps when it
 * likes. Both delay only callers that need that buffer gone, because no lock
 * is held meanwhile.
 *
 * In a transition, a call of the core may end memory, or may not: the core reads
 * config writes from the user's memory after any look at them. So access has ended
 * before the call, faults wait until it has returned, and what counts is the device
 * afterwards.
 */
#include "core/trace.h"
#include "cpu/cpu.h"
#include "dma/dma.h"
#include "revoke.h"

static void dvp_revoke_walk(struct dvp_gate *gate, struct dvp_walk *walk,
			    void (*call)(struct dvp_buffer *buf))
{
	unsigned int i;

	for (; walk->nr; dvp_walk_next(gate, walk)) {
		for (i = 0; i < walk->nr; i++)
			call(walk->bufs[i]);
	}
}

static void dvp_revoke_each(struct dvp_gate *gate,
			    void (*call)(struct dvp_buffer *buf))
{
	struct dvp_walk walk;

	mutex_lock(&gate->lock);
	dvp_walk_begin_locked(gate, &walk);
	mutex_unlock(&gate->lock);
	dvp_revoke_walk(gate, &walk, call);
}

static int dvp_revoke_wait(struct dvp_gate *gate, unsigned int state)
{
	struct dvp_walk walk;
	unsigned int i;

	mutex_lock(&gate->lock);
	dvp_walk_begin_locked(gate, &walk);
	mutex_unlock(&gate->lock);
	for (; walk.nr; dvp_walk_next(gate, &walk)) {
		for (i = 0; i < walk.nr; i++) {
			if (!dvp_drain_wait(walk.bufs[i], state))
				continue;
			dvp_walk_end(gate, &walk);
			return -EINTR;
		}
	}
	return 0;
}

/* Most devices never have importers, whatever the number of their buffers. */
static bool dvp_revoke_has_importers(struct dvp_gate *gate)
{
	/* Pairs with the barrier in dvp_dma_map(). */
	smp_mb();
	return READ_ONCE(gate->imported);
}

static int dvp_revoke_drain(struct dvp_gate *gate, unsigned int state)
{
	if (!dvp_revoke_has_importers(gate))
		return 0;
	/* All are told before the first is waited for. */
	dvp_revoke_each(gate, dvp_drain_start);
	return dvp_revoke_wait(gate, state);
}

/*
 * Store causes and end CPU access. If access had ended before, and nobody is still
 * zapping, there is nothing left to zap. A buffer that becomes active later sees the
 * causes.
 */
static void dvp_revoke_end_cpus(struct dvp_gate *gate, unsigned int causes)
{
	struct dvp_walk walk;
	bool ended;

	mutex_lock(&gate->lock);
	ended = list_empty(&gate->active) ||
		(dvp_gate_cpu_causes(gate) &&
		 !atomic_read_acquire(&gate->enders));
	if (causes & DVP_CAUSE_LINK_ERROR)
		gate->recovered = false;
	dvp_gate_set_locked(gate, gate->causes | causes);
	if (!ended) {
		atomic_inc(&gate->enders);
		dvp_walk_begin_locked(gate, &walk);
	}
	mutex_unlock(&gate->lock);
	if (ended)
		return;

	dvp_revoke_walk(gate, &walk, dvp_vma_zap);
	atomic_dec_return_release(&gate->enders);
}

/*
 * Memory goes. On return no CPU and no importer has a buffer of the device mapped. The
 * device lock and the core's memory_lock may be held, so importers must not need one
 * of them to unmap.
 */
void dvp_revoke_block(struct dvp_gate *gate, enum dvp_cause cause)
{
	dvp_revoke_end_cpus(gate, cause);
	dvp_revoke_drain(gate, TASK_UNINTERRUPTIBLE);
}

/* The same for an error callback: importers may need their own first. */
void dvp_revoke_block_nowait(struct dvp_gate *gate, enum dvp_cause cause)
{
	dvp_revoke_end_cpus(gate, cause);
	if (dvp_revoke_has_importers(gate))
		dvp_revoke_each(gate, dvp_drain_start);
}

/* Memory is back, as far as these causes go. Clearing one that is not set is silent. */
void dvp_revoke_unblock(struct dvp_gate *gate, unsigned int causes)
{
	mutex_lock(&gate->lock);
	if (causes & DVP_CAUSE_RESET)
		gate->verify = true;
	if (causes & DVP_CAUSE_LINK_ERROR)
		gate->recovered = false;
	dvp_gate_settle_locked(gate, causes);
	mutex_unlock(&gate->lock);
}

/* Linux 7.x can reset a link after an error that is not fatal, too. */
static bool dvp_revoke_was_reset(struct dvp_gate *gate)
{
	bool reset = false;

	mutex_lock(&gate->lock);
	if (gate->vdev && !gate->causes) {
		gate->verify = true;
		reset = dvp_memory_causes(gate->vdev, &gate->verify, false);
	}
	mutex_unlock(&gate->lock);
	return reset;
}

/*
 * The link works again. Its reset may have switched decoding off. Importers that were
 * only told may still be at work, so the cause is cleared when they are gone: now, or at
 * a later look.
 */
void dvp_revoke_recovered(struct dvp_gate *gate)
{
	if (dvp_revoke_was_reset(gate))
		dvp_revoke_block_nowait(gate, DVP_CAUSE_LINK_ERROR);

	mutex_lock(&gate->lock);
	if (gate->causes & DVP_CAUSE_LINK_ERROR) {
		gate->recovered = true;
		gate->verify = true;
		dvp_gate_settle_locked(gate, 0);
	}
	if (gate->recovered)
		pci_warn(gate->pdev,
			 "memory stays blocked after an error until importers have released it\n");
	mutex_unlock(&gate->lock);
}

/*
 * A call of the core may end memory. With foreseen causes it looks as if it will:
 * faults fail at once. Otherwise CPUs go on while importers are waited for. Returns
 * -EINTR if the task is being killed; then nothing has begun.
 */
int dvp_revoke_begin(struct dvp_gate *gate, unsigned int foreseen)
{
	int ret = 0;

	if (mutex_lock_killable(&gate->transition))
		return -EINTR;

	/* Without importers there is nothing to hold: most devices never have any. */
	if (!foreseen && dvp_revoke_has_importers(gate)) {
		mutex_lock(&gate->lock);
		dvp_gate_set_locked(gate, gate->causes | DVP_HOLD_IMPORTERS);
		mutex_unlock(&gate->lock);
		ret = dvp_revoke_drain(gate, TASK_KILLABLE);
	}
	/* An importer may have attached and mapped before this is stored. */
	if (!ret) {
		dvp_revoke_end_cpus(gate, foreseen | DVP_TRANSITION);
		ret = dvp_revoke_drain(gate, TASK_KILLABLE);
	}
	if (ret)
		dvp_revoke_end(gate);
	return ret;
}

/* The call has returned: what counts is the device. */
void dvp_revoke_end(struct dvp_gate *gate)
{
	mutex_lock(&gate->lock);
	dvp_gate_settle_locked(gate, DVP_TRANSITION | DVP_HOLD_IMPORTERS);
	mutex_unlock(&gate->lock);
	mutex_unlock(&gate->transition);
}

/*
 * Revoke one buffer. On return no CPU has it mapped, and importers have stopped, unless
 * the task is being killed. A second call waits like the first. Returns what
 * dvp_gate_check_locked() says of the buffer, or -EINTR.
 */
int dvp_revoke_buffer(struct dvp_buffer *buf)
{
	struct dvp_gate *gate = buf->gate;
	int ret;

	mutex_lock(&gate->lock);
	ret = dvp_gate_check_locked(gate, buf);
	if (!ret)
		dvp_gate_revoke_locked(buf);
	mutex_unlock(&gate->lock);
	if (ret == -ENODEV)
		return ret;
	if (!ret) {
		dvp_counters_inc(gate->counters, DVP_REVOKES);
		trace_dvp_revoke(buf);
	}

	dvp_vma_zap(buf);
	if (dvp_revoke_has_importers(gate)) {
		dvp_drain_start(buf);
		if (dvp_drain_wait(buf, TASK_KILLABLE))
			return -EINTR;
	}
	dvp_gate_forget(buf);
	return ret;
}

void dvp_revoke_open(struct dvp_gate *gate, struct vfio_pci_core_device *vdev)
{
	mutex_lock(&gate->lock);
	gate->vdev = vdev;
	gate->session++;
	gate->verify = true;
	gate->recovered = false;
	/* An error that nobody recovered from belongs to an earlier user. */
	gate->causes |= DVP_TRANSITION;
	dvp_gate_settle_locked(gate, DVP_TRANSITION | DVP_CAUSE_LINK_ERROR);
	mutex_unlock(&gate->lock);
}

/*
 * Revoke every buffer, and accept no more: at the last close, before the core disables
 * the device, and when the device is gone. Idempotent.
 */
void dvp_revoke_shut(struct dvp_gate *gate)
{
	struct dma_buf *bars[PCI_STD_NUM_BARS];
	struct dvp_buffer *buf;
	unsigned int i;

	mutex_lock(&gate->lock);
	gate->vdev = NULL;
	memcpy(bars, gate->bars, sizeof(bars));
	memset(gate->bars, 0, sizeof(gate->bars));
	list_for_each_entry(buf, &gate->buffers, node) {
		if (buf->revoked)
			continue;
		dvp_gate_revoke_locked(buf);
		dvp_counters_inc(gate->counters, DVP_REVOKES);
		trace_dvp_revoke(buf);
	}
	dvp_gate_settle_locked(gate, 0);
	mutex_unlock(&gate->lock);

	dvp_revoke_each(gate, dvp_vma_zap);
	dvp_revoke_drain(gate, TASK_UNINTERRUPTIBLE);
	dvp_revoke_each(gate, dvp_gate_forget);

	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		if (bars[i])
			dma_buf_put(bars[i]);
	}
}
