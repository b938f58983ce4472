// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another device: each lender has one importer, which attaches to one buffer at a
 * time. What it maps is gone when a call that revokes has returned, whether it
 * lets go at once or is late. The end of any process that has inherited the
 * importer lets go, too.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "dvt_import.h"
#include "stress.h"

#define LATE_MS 3

/* May nobody import the buffer while it is usable? */
static bool is_refused(const struct stress_buffer *buf)
{
	return buf->cpu_only ||
	       (buf->ours && buf->read_only && !dvt_machine_translates());
}

static void expect(struct stress_worker *worker, const char *what,
		   enum stress_answer answer, int error)
{
	const struct stress_buffer *buf = &worker->peer_buf;
	int usable = is_refused(buf) ? EOPNOTSUPP : 0;
	bool good = error == usable || error == ENODEV;

	stress_note(worker, what, buf, -error);
	/* That holds whatever the state. */
	if (answer == STRESS_YES || buf->cpu_only)
		good = error == usable;
	else if (answer == STRESS_NO)
		good = error == ENODEV;
	if (!good)
		stress_fail(worker, "%s to %u.%u: %s, and the answer is %d",
			    what, buf->slot, buf->gen, strerror(error),
			    answer);
}

static void attach(struct stress_worker *worker,
		   const struct stress_handle *handle)
{
	unsigned int reaction = stress_one_in(worker, 3) ? DVP_PEER_LATE :
							   DVP_PEER_UNMAPS;
	struct stress_look look;
	int ret;

	worker->peer_buf = handle->buf;
	stress_note(worker, "attach", &handle->buf, 0);
	stress_model_look(worker->shared, &handle->buf, &look);
	ret = dvt_peer_attach_slow(&worker->peer, handle->fd, reaction,
				   LATE_MS);
	expect(worker, "attach",
	       stress_model_answer(worker->shared, &handle->buf, &look), -ret);
	worker->attached = !ret;
}

static void attach_any(struct stress_worker *worker)
{
	unsigned int i;

	if (!worker->nr_handles)
		return;
	i = stress_below(worker, worker->nr_handles);
	attach(worker, &worker->handles[i]);
}

static void map(struct stress_worker *worker)
{
	const struct stress_buffer *buf = &worker->peer_buf;
	bool writes = stress_one_in(worker, 2), busy[2];
	enum stress_answer answer;
	struct stress_gate *gate;
	struct stress_look look;
	unsigned int calls;
	int ret;

	stress_note(worker, "dma_map", buf, 0);
	gate = &worker->shared->gates[worker->shared->slots[buf->slot].gate];
	calls = stress_model_calls(gate, &busy[0]);
	stress_model_look(worker->shared, buf, &look);
	ret = dvt_peer_map(&worker->peer, writes ? DVP_PEER_BIDIRECTIONAL :
						   DVP_PEER_TO_DEVICE);
	if (ret == -EBUSY)
		return;
	if (ret == -ENOTCONN) {
		worker->attached = false;
		return;
	}
	if (writes && buf->read_only && buf->ours) {
		stress_note(worker, "dma_map", buf, ret);
		if (ret != -EACCES)
			stress_fail(worker, "DMA that writes to %u.%u: %d",
				    buf->slot, buf->gen, ret);
		return;
	}
	answer = stress_model_answer(worker->shared, buf, &look);
	/* A config write that CPUs do not notice may hold importers for a moment. */
	if (answer == STRESS_YES &&
	    (busy[0] || stress_model_calls(gate, &busy[1]) != calls))
		answer = STRESS_MAYBE;
	expect(worker, "dma_map", answer, -ret);
}

/* The importer may have been told to let go, but not the other way round. */
static void look(struct stress_worker *worker)
{
	const struct stress_buffer *buf = &worker->peer_buf;
	struct dvp_peer_state_arg state;
	struct stress_look before;

	stress_model_look(worker->shared, buf, &before);
	if (ioctl(worker->peer.fd, DVP_PEER_STATE, &state)) {
		stress_fail(worker, "state: %s", strerror(errno));
		return;
	}
	stress_note(worker, "dma_state", buf, state.mapped);
	if (state.mapped &&
	    stress_model_answer(worker->shared, buf, &before) == STRESS_NO)
		stress_fail(worker, "%u.%u is gone, and is mapped for DMA",
			    buf->slot, buf->gen);
}

/**
 * stress_import_aim() - map a buffer, if the importer has nothing else
 * @worker: a lender
 * @handle: of the buffer
 */
void stress_import_aim(struct stress_worker *worker,
		       const struct stress_handle *handle)
{
	if (worker->peer.fd < 0 || worker->attached)
		return;
	attach(worker, handle);
	if (worker->attached)
		map(worker);
}

/**
 * stress_import_look() - see that nothing is mapped that should be gone
 * @worker: a lender
 */
void stress_import_look(struct stress_worker *worker)
{
	if (worker->attached)
		look(worker);
}

static void unmap(struct stress_worker *worker)
{
	int ret = dvt_peer_unmap(&worker->peer);

	stress_note(worker, "dma_unmap", &worker->peer_buf, ret);
	if (ret && ret != -ENOTCONN)
		stress_fail(worker, "unmapping: %s", strerror(-ret));
}

/**
 * stress_import_drop() - let the importer go
 * @worker: a lender
 */
void stress_import_drop(struct stress_worker *worker)
{
	int ret;

	if (!worker->attached)
		return;
	ret = dvt_peer_detach(&worker->peer);
	stress_note(worker, "detach", &worker->peer_buf, ret);
	if (ret && ret != -ENOTCONN)
		stress_fail(worker, "detaching: %s", strerror(-ret));
	worker->attached = false;
}

/**
 * stress_op_import() - attach, map, unmap or detach
 * @worker: a lender
 */
void stress_op_import(struct stress_worker *worker)
{
	if (worker->peer.fd < 0)
		return;
	if (!worker->attached) {
		attach_any(worker);
		return;
	}
	switch (stress_below(worker, 6)) {
	case 0:
		unmap(worker);
		break;
	case 1:
		stress_import_drop(worker);
		break;
	case 2:
		look(worker);
		break;
	default:
		map(worker);
	}
}
