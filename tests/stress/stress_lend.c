// SPDX-License-Identifier: GPL-2.0-only
/*
 * What needs the device: buffers are born, given out, and taken back.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "stress.h"

/* What fits into a tag. */
#define MAX_GEN 4094U

static void lock_open(struct stress_worker *worker, enum stress_gate_nr gate)
{
	pthread_rwlock_rdlock(&worker->lender->open[gate]);
}

static void unlock_open(struct stress_worker *worker, enum stress_gate_nr gate)
{
	pthread_rwlock_unlock(&worker->lender->open[gate]);
}

static int device_fd(struct stress_worker *worker,
		     const struct stress_slot *slot)
{
	return worker->lender->devs[slot->gate].fd;
}

/* The next generation; some of the slot's ranges come first, then the others. */
static struct stress_buffer next_of(struct stress_worker *worker,
				    const struct stress_slot *slot)
{
	uint32_t most = slot->nr_pages < STRESS_NR_SPOTS ? 1 : STRESS_NR_SPOTS;
	struct stress_buffer buf = slot->buf;

	buf.gen++;
	buf.session = atomic_load(&worker->shared->gates[slot->gate].session);
	buf.read_only = stress_one_in(worker, 8);
	buf.ours = stress_one_in(worker, 2);
	buf.huge = buf.ours && stress_one_in(worker, 2);
	buf.cpu_only = buf.ours && stress_one_in(worker, 16);
	buf.nr_chunks = 1;
	while (buf.nr_chunks < most && stress_one_in(worker, 2))
		buf.nr_chunks *= 2;
	buf.shift = stress_below(worker, buf.nr_chunks);
	return buf;
}

static int export_next(struct stress_worker *worker, struct stress_slot *slot,
		       const struct stress_buffer *buf)
{
	uint64_t len = slot->nr_pages * STRESS_PAGE / buf->nr_chunks;
	struct vfio_region_dma_range ranges[STRESS_NR_SPOTS];
	uint32_t open_flags = O_CLOEXEC |
			      (buf->read_only ? O_RDONLY : O_RDWR);
	uint32_t flags = (buf->huge ? DMABUF_VFIO_PCI_EXPORT_HUGE : 0) |
			 (buf->cpu_only ? DMABUF_VFIO_PCI_EXPORT_CPU_ONLY : 0);
	uint32_t i;

	for (i = 0; i < buf->nr_chunks; i++) {
		ranges[i].length = len;
		ranges[i].offset = slot->off +
			(i + buf->shift) % buf->nr_chunks * len;
	}
	if (!buf->ours)
		return dvl_export(device_fd(worker, slot), slot->bar, ranges,
				  buf->nr_chunks, open_flags);
	return dvl_export_flags(device_fd(worker, slot), slot->bar, ranges,
				buf->nr_chunks, open_flags, flags);
}

static void forget(struct stress_slot *slot)
{
	if (slot->fd >= 0)
		close(slot->fd);
	slot->fd = -1;
}

/* The spots get their tags before anybody can look. */
static bool fill(struct stress_worker *worker, struct stress_slot *slot)
{
	if (slot->filled)
		return true;
	if (slot->poisoned && !stress_tag_poison_stands(worker, slot))
		return false;
	slot->poisoned = false;
	slot->filled = stress_tag_fill(worker, slot, slot->buf.gen + 1, false);
	return slot->filled;
}

static void export_locked(struct stress_worker *worker,
			  struct stress_slot *slot)
{
	struct stress_buffer buf;

	if (atomic_load(&slot->state) % 4 != STRESS_ENDED ||
	    slot->buf.gen == MAX_GEN)
		return;
	forget(slot);
	/* What is exported later may be so while memory is gone. */
	if (!fill(worker, slot) || stress_one_in(worker, 4))
		return;
	buf = next_of(worker, slot);
	slot->fd = export_next(worker, slot, &buf);
	stress_note(worker, "export", &buf, slot->fd);
	if (slot->fd < 0) {
		stress_fail(worker, "export of %u.%u: %s", buf.slot, buf.gen,
			    strerror(-slot->fd));
		return;
	}
	slot->buf = buf;
	slot->filled = false;
	atomic_store(&slot->state, buf.gen * 4 + STRESS_LIVE);
}

static struct stress_slot *any_slot(struct stress_worker *worker)
{
	return &worker->shared->slots[stress_below(worker, STRESS_NR_SLOTS)];
}

/**
 * stress_op_export() - export a slot that nobody holds any more
 * @worker: a lender
 */
void stress_op_export(struct stress_worker *worker)
{
	struct stress_slot *slot = any_slot(worker);

	lock_open(worker, slot->gate);
	if (!pthread_mutex_trylock(&slot->lock)) {
		stress_note(worker, "export", &slot->buf, 0);
		export_locked(worker, slot);
		pthread_mutex_unlock(&slot->lock);
	}
	unlock_open(worker, slot->gate);
}

/**
 * stress_op_take() - get a descriptor of what is exported
 * @worker: a lender
 */
void stress_op_take(struct stress_worker *worker)
{
	struct stress_slot *slot = any_slot(worker);
	struct stress_buffer buf;
	int fd = -1;

	if (pthread_mutex_trylock(&slot->lock))
		return;
	buf = slot->buf;
	if (slot->fd >= 0)
		fd = fcntl(slot->fd, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_unlock(&slot->lock);
	stress_note(worker, "take", &buf, fd);
	if (fd >= 0)
		stress_handle_add(worker, fd, &buf);
}

/**
 * stress_lend_poison() - mark a slot whose generation has ended
 * @worker: a lender
 * @slot: the slot
 * @gen: the generation
 *
 * From now on nobody may write there, until it is exported anew.
 */
void stress_lend_poison(struct stress_worker *worker,
			struct stress_slot *slot, unsigned int gen)
{
	pthread_mutex_lock(&slot->lock);
	if (atomic_load(&slot->state) == gen * 4 + STRESS_ENDED &&
	    !slot->filled && !slot->poisoned &&
	    stress_tag_fill(worker, slot, gen, true)) {
		slot->poisoned = true;
		stress_tag_poison_stands(worker, slot);
	}
	pthread_mutex_unlock(&slot->lock);
}

/*
 * What a call about a buffer says of it: 0, a negative errno, or MAYBE 0 or
 * -EBADFD.
 */
#define MAYBE 1

static int expected_of_buffer(struct stress_worker *worker,
			      const struct stress_buffer *buf,
			      unsigned int state)
{
	struct stress_slot *slot = &worker->shared->slots[buf->slot];
	struct stress_gate *gate = &worker->shared->gates[slot->gate];

	if (buf->session != atomic_load(&gate->session))
		return -ENODEV;
	if (stress_model_has_ended(state, buf->gen))
		return -EBADFD;
	if (stress_model_is_live(atomic_load(&slot->state), buf->gen))
		return 0;
	return MAYBE;
}

static void expect(struct stress_worker *worker, const char *what,
		   const struct stress_buffer *buf, int expected, int ret)
{
	stress_note(worker, what, buf, ret);
	if (expected == MAYBE ? ret && ret != -EBADFD : ret != expected)
		stress_fail(worker, "%s of %u.%u: %s, not %s", what, buf->slot,
			    buf->gen, strerror(-ret),
			    expected == MAYBE ? "success or EBADFD" :
						 strerror(-expected));
}

static void revoke_handle(struct stress_worker *worker,
			  struct stress_slot *slot,
			  const struct stress_handle *handle)
{
	unsigned int gen = handle->buf.gen, live = gen * 4 + STRESS_LIVE;
	unsigned int state = atomic_load(&slot->state);
	int ret;

	/* Others may be doing the same; one of us is told that it was. */
	atomic_compare_exchange_strong(&slot->state, &live,
				       gen * 4 + STRESS_ENDING);
	ret = dvl_revoke(device_fd(worker, slot), handle->fd);
	expect(worker, "revoke", &handle->buf,
	       expected_of_buffer(worker, &handle->buf, state), ret);
	if (!ret && atomic_exchange(&slot->revoked_gen, gen) == gen)
		stress_fail(worker, "%u.%u was revoked twice",
			    handle->buf.slot, gen);
	stress_model_end_buffer(slot, gen);
	stress_lend_poison(worker, slot, gen);
}

/**
 * stress_op_revoke() - take a buffer back
 * @worker: a lender
 */
void stress_op_revoke(struct stress_worker *worker)
{
	struct stress_handle *handle;
	struct stress_slot *slot;

	if (!worker->nr_handles)
		return;
	handle = &worker->handles[stress_below(worker, worker->nr_handles)];
	slot = &worker->shared->slots[handle->buf.slot];
	lock_open(worker, slot->gate);
	/* Who revokes must not find itself to be an importer afterwards. */
	if (stress_one_in(worker, 2))
		stress_import_aim(worker, handle);
	revoke_handle(worker, slot, handle);
	stress_import_look(worker);
	unlock_open(worker, slot->gate);
}

static void memattr(struct stress_worker *worker, struct stress_slot *slot,
		    const struct stress_handle *handle)
{
	static const uint32_t values[] = {
		DMABUF_VFIO_PCI_MEMATTR_NC, DMABUF_VFIO_PCI_MEMATTR_WC,
		2, 0xffffffff,
	};
	uint32_t value = values[stress_below(worker, DVT_ARRAY_SIZE(values))];
	unsigned int state = atomic_load(&slot->state);
	int ret, expected, refused = 0;

	if (value > DMABUF_VFIO_PCI_MEMATTR_WC)
		refused = -EINVAL;
	else if (value == DMABUF_VFIO_PCI_MEMATTR_WC && !worker->lender->wc)
		refused = -EOPNOTSUPP;
	ret = dvl_memattr(device_fd(worker, slot), handle->fd, value);
	expected = expected_of_buffer(worker, &handle->buf, state);
	if (refused && (!expected || (expected == MAYBE && ret == refused)))
		expected = refused;
	expect(worker, "memattr", &handle->buf, expected, ret);
}

/**
 * stress_op_memattr() - choose the attribute of later mappings
 * @worker: a lender
 */
void stress_op_memattr(struct stress_worker *worker)
{
	struct stress_handle *handle;
	struct stress_slot *slot;

	if (!worker->nr_handles)
		return;
	handle = &worker->handles[stress_below(worker, worker->nr_handles)];
	slot = &worker->shared->slots[handle->buf.slot];
	lock_open(worker, slot->gate);
	memattr(worker, slot, handle);
	unlock_open(worker, slot->gate);
}

static bool state_is_right(const struct dmabuf_vfio_pci_state *got, bool ended,
			   enum stress_answer answer, bool live)
{
	bool revoked = got->state == DMABUF_VFIO_PCI_STATE_REVOKED;
	bool blocked = got->state == DMABUF_VFIO_PCI_STATE_BLOCKED;

	if (got->reserved || blocked != !!got->causes)
		return false;
	if (ended || revoked)
		return revoked && (ended || !live);
	if (answer == STRESS_YES)
		return !blocked;
	return answer == STRESS_MAYBE || blocked;
}

static void judge_state(struct stress_worker *worker, struct stress_slot *slot,
			const struct stress_handle *handle)
{
	struct stress_gate *gate = &worker->shared->gates[slot->gate];
	const struct stress_buffer *buf = &handle->buf;
	struct dmabuf_vfio_pci_state got;
	struct stress_look look;
	bool ended, live;
	int ret;

	stress_model_look(worker->shared, buf, &look);
	ended = stress_model_has_ended(look.state, buf->gen);
	ret = dvl_state(device_fd(worker, slot), handle->fd, &got);
	live = stress_model_is_live(atomic_load(&slot->state), buf->gen);
	stress_note(worker, "state", buf, ret ? ret : (int)got.state);
	if (buf->session != atomic_load(&gate->session)) {
		if (ret != -ENODEV)
			stress_fail(worker, "state of %u.%u: %s, not ENODEV",
				    buf->slot, buf->gen, strerror(-ret));
	} else if (ret || !state_is_right(&got, ended,
					  stress_model_answer_gate(gate, &look),
					  live)) {
		stress_fail(worker, "state of %u.%u: %s, %u, causes %#x",
			    buf->slot, buf->gen, strerror(-ret), got.state,
			    got.causes);
	}
}

/**
 * stress_op_state() - ask for the state of a buffer
 * @worker: a lender
 */
void stress_op_state(struct stress_worker *worker)
{
	struct stress_handle *handle;
	struct stress_slot *slot;

	if (!worker->nr_handles)
		return;
	handle = &worker->handles[stress_below(worker, worker->nr_handles)];
	slot = &worker->shared->slots[handle->buf.slot];
	lock_open(worker, slot->gate);
	judge_state(worker, slot, handle);
	unlock_open(worker, slot->gate);
}

static void judge_bar(struct stress_worker *worker, struct stress_slot *slot,
		      int spot, const struct stress_look *look, int64_t got)
{
	struct stress_gate *gate = &worker->shared->gates[slot->gate];
	enum stress_answer answer = stress_model_answer_gate(gate, look);
	unsigned int nr = slot->buf.slot;
	bool good;

	if (got < 0)
		good = got == DVT_SIGBUS && answer != STRESS_YES;
	else if (slot->gate == STRESS_FLR)
		good = got == worker->shared->constant && answer != STRESS_NO;
	else
		good = stress_tag_is_at(got, nr, spot) && answer != STRESS_NO;
	if (!good)
		stress_fail(worker, "BAR of slot %u, spot %d: %#lx, and the answer is %d",
			    nr, spot, got, answer);
}

static void look_through_bar(struct stress_worker *worker,
			     struct stress_slot *slot)
{
	const struct dvl_device *dev = &worker->lender->devs[slot->gate];
	int spot = slot->gate == STRESS_FLR ? 0 :
		   (int)stress_below(worker, STRESS_NR_SPOTS);
	uint32_t page = stress_model_spot_page(slot, spot);
	struct stress_look look;
	int64_t got;
	char *addr;

	stress_note(worker, "bar", &slot->buf, spot);
	addr = dvl_region_mmap(dev, slot->bar, slot->off + page * STRESS_PAGE,
			       STRESS_PAGE, PROT_READ);
	if (addr == MAP_FAILED) {
		stress_fail(worker, "BAR mmap: %s", strerror(errno));
		return;
	}
	stress_model_look(worker->shared, &slot->buf, &look);
	got = dvt_read32(addr + STRESS_WORD);
	judge_bar(worker, slot, spot, &look, got);
	munmap(addr, STRESS_PAGE);
}

/**
 * stress_op_bar() - look at a slot through a mapping of the BAR
 * @worker: a lender
 *
 * That keeps the device open, so it must be gone before the device is closed.
 */
void stress_op_bar(struct stress_worker *worker)
{
	struct stress_slot *slot = any_slot(worker);

	lock_open(worker, slot->gate);
	look_through_bar(worker, slot);
	unlock_open(worker, slot->gate);
}
