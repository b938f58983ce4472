// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model of the stress. It never asks the driver: it knows which calls have
 * begun and which have returned, and what those that were alone have done.
 *
 * What is looked at before an access and after it must agree, and no call may
 * have been under way at either time; then the answer is yes or no. Otherwise
 * it is maybe, and a success must still find the right content.
 */
#include <string.h>

#include "stress.h"

enum {
	NR_BIG = 4,		/* room for huge entries */
	BIG_PAGES = 1024,
	NR_SMALL = 12,
	SMALL_PAGES = 16,
	SMALL_STRIDE = 33,	/* in pages: off the grid of huge entries */
	FIRST_FLR = NR_BIG + NR_SMALL,
};

static void init_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

static void init_slot(struct stress_slot *slot, unsigned int nr)
{
	uint64_t page;

	if (nr < NR_BIG) {
		slot->nr_pages = BIG_PAGES;
		page = nr * BIG_PAGES;
	} else {
		slot->nr_pages = SMALL_PAGES;
		page = NR_BIG * BIG_PAGES + (nr - NR_BIG) * SMALL_STRIDE;
	}
	slot->gate = STRESS_RAM;
	slot->bar = 2;
	slot->off = page * STRESS_PAGE;
	if (nr >= FIRST_FLR) {
		slot->gate = STRESS_FLR;
		slot->bar = 4;
		slot->off = 0;
		slot->nr_pages = 1;
	}
	slot->fd = -1;
	slot->buf.slot = nr;
	atomic_init(&slot->state, STRESS_ENDED);
	init_lock(&slot->lock);
}

/**
 * stress_model_init() - a model of devices that have just been opened
 * @shared: zeroed
 */
void stress_model_init(struct stress_shared *shared)
{
	unsigned int i;

	for (i = 0; i < STRESS_NR_GATES; i++) {
		struct stress_gate *gate = &shared->gates[i];

		gate->bits = STRESS_DECODE;
		if (i == STRESS_FLR)
			gate->bits |= STRESS_SLEEP;
		atomic_init(&gate->known, gate->bits);
		init_lock(&gate->lock);
	}
	for (i = 0; i < STRESS_NR_SLOTS; i++)
		init_slot(&shared->slots[i], i);
}

/**
 * stress_model_has_ended() - is a generation revoked for good
 * @state: &stress_slot.state
 * @gen: the generation
 *
 * Return: whether the call that did it has returned.
 */
bool stress_model_has_ended(unsigned int state, unsigned int gen)
{
	return state / 4 > gen ||
	       (state / 4 == gen && state % 4 == STRESS_ENDED);
}

/**
 * stress_model_is_live() - has nobody begun to revoke a generation
 * @state: &stress_slot.state
 * @gen: the generation
 *
 * Return: whether it is so.
 */
bool stress_model_is_live(unsigned int state, unsigned int gen)
{
	return state == gen * 4 + STRESS_LIVE;
}

/**
 * stress_model_end_buffer() - a call that revokes has returned
 * @slot: the slot
 * @gen: what it revoked
 */
void stress_model_end_buffer(struct stress_slot *slot, unsigned int gen)
{
	unsigned int ending = gen * 4 + STRESS_ENDING;

	atomic_compare_exchange_strong(&slot->state, &ending,
				       gen * 4 + STRESS_ENDED);
}

static void look_at_gate(struct stress_gate *gate, struct stress_look *look)
{
	/* In this order: what has ended then has begun. */
	look->ended = atomic_load(&gate->ended);
	look->begun = atomic_load(&gate->begun);
	look->known = atomic_load(&gate->known);
	look->blocked = atomic_load(&gate->blocked);
}

/**
 * stress_model_look() - before an access
 * @shared: the model
 * @buf: what is going to be accessed
 * @look: filled in
 */
void stress_model_look(struct stress_shared *shared,
		       const struct stress_buffer *buf,
		       struct stress_look *look)
{
	struct stress_slot *slot = &shared->slots[buf->slot];

	look->state = atomic_load(&slot->state);
	look_at_gate(&shared->gates[slot->gate], look);
	atomic_thread_fence(memory_order_seq_cst);
}

/**
 * stress_model_answer_gate() - should an access have met memory
 * @gate: the device
 * @before: the look before it
 *
 * Return: the answer, whatever buffer it was.
 */
enum stress_answer stress_model_answer_gate(struct stress_gate *gate,
					    const struct stress_look *before)
{
	unsigned int begun;

	/* A write must not be overtaken by the look behind it. */
	atomic_thread_fence(memory_order_seq_cst);
	begun = atomic_load(&gate->begun);
	if (begun != before->begun || begun != before->ended)
		return STRESS_MAYBE;
	if (before->known & before->blocked)
		return STRESS_NO;
	return before->known == gate->bits ? STRESS_YES : STRESS_MAYBE;
}

/**
 * stress_model_answer() - should an access have succeeded
 * @shared: the model
 * @buf: what was accessed
 * @before: the look before it
 *
 * Return: the answer.
 */
enum stress_answer stress_model_answer(struct stress_shared *shared,
				       const struct stress_buffer *buf,
				       const struct stress_look *before)
{
	struct stress_slot *slot = &shared->slots[buf->slot];
	enum stress_answer answer;

	if (stress_model_has_ended(before->state, buf->gen))
		return STRESS_NO;
	answer = stress_model_answer_gate(&shared->gates[slot->gate], before);
	if (answer == STRESS_YES &&
	    !stress_model_is_live(atomic_load(&slot->state), buf->gen))
		return STRESS_MAYBE;
	return answer;
}

/**
 * stress_model_begin() - a call that may change a device is about to be made
 * @gate: the device
 * @call: filled in, but for what it is
 */
void stress_model_begin(struct stress_gate *gate, struct stress_call *call)
{
	pthread_mutex_lock(&gate->lock);
	call->alone = gate->all_begun == gate->all_ended;
	call->at = ++gate->all_begun;
	if (call->blocks)
		atomic_fetch_add(&gate->begun, 1);
	if (call->slow)
		atomic_fetch_add(&gate->slow, 1);
	call->begun = atomic_load(&gate->begun);
	pthread_mutex_unlock(&gate->lock);
}

/*
 * What several calls at once have led to is not known. Those that change nothing
 * disturb each other as little as they disturb anybody else.
 */
static void learn(struct stress_gate *gate, const struct stress_call *call,
		  unsigned int known, unsigned int blocked)
{
	if (call->blocks && call->alone && call->at == gate->all_begun) {
		atomic_store(&gate->blocked,
			     (atomic_load(&gate->blocked) & ~known) | blocked);
		atomic_fetch_or(&gate->known, known);
	} else if (call->blocks || atomic_load(&gate->begun) != call->begun) {
		atomic_store(&gate->known, 0);
	}
}

/**
 * stress_model_end() - the call has returned
 * @gate: the device
 * @call: the call
 * @known: reasons to be blocked that are known, if it was alone
 * @blocked: those of them that hold now
 * @forget: those that have become unknown
 */
void stress_model_end(struct stress_gate *gate, const struct stress_call *call,
		      unsigned int known, unsigned int blocked,
		      unsigned int forget)
{
	pthread_mutex_lock(&gate->lock);
	learn(gate, call, known, blocked);
	atomic_fetch_and(&gate->known, ~forget);
	gate->all_ended++;
	if (call->slow)
		atomic_fetch_sub(&gate->slow, 1);
	if (call->blocks)
		atomic_fetch_add(&gate->ended, 1);
	pthread_mutex_unlock(&gate->lock);
}

/**
 * stress_model_is_usable() - is it known that nothing blocks memory
 * @gate: the device
 *
 * Return: whether it is, and no call is under way that may change that.
 */
bool stress_model_is_usable(struct stress_gate *gate)
{
	struct stress_look look;

	look_at_gate(gate, &look);
	return stress_model_answer_gate(gate, &look) == STRESS_YES;
}

/**
 * stress_model_calls() - how many calls about a device have begun
 * @gate: the device
 * @busy: filled with whether one of them has not returned
 *
 * Importers can notice a config write that changes nothing for CPUs.
 *
 * Return: the number, of innocent calls, too.
 */
unsigned int stress_model_calls(struct stress_gate *gate, bool *busy)
{
	unsigned int begun;

	pthread_mutex_lock(&gate->lock);
	begun = gate->all_begun;
	*busy = begun != gate->all_ended;
	pthread_mutex_unlock(&gate->lock);
	return begun;
}

/**
 * stress_model_slot_page() - where a page of a buffer is
 * @slot: the slot
 * @buf: a buffer of it
 * @page: the page
 *
 * Return: the page of the slot.
 */
uint32_t stress_model_slot_page(const struct stress_slot *slot,
				const struct stress_buffer *buf,
				uint32_t page)
{
	uint32_t chunk_pages = slot->nr_pages / buf->nr_chunks;
	uint32_t chunk = (page / chunk_pages + buf->shift) % buf->nr_chunks;

	return chunk * chunk_pages + page % chunk_pages;
}

/**
 * stress_model_spot_page() - where a spot is
 * @slot: the slot
 * @spot: number of the spot
 *
 * Return: the page of the slot.
 */
uint32_t stress_model_spot_page(const struct stress_slot *slot, int spot)
{
	if (slot->nr_pages < STRESS_NR_SPOTS)
		return 0;
	return spot * (slot->nr_pages / STRESS_NR_SPOTS);
}

/**
 * stress_model_spot() - which spot a page has
 * @slot: the slot
 * @slot_page: the page of the slot
 *
 * Return: number of the spot, or -1.
 */
int stress_model_spot(const struct stress_slot *slot, uint32_t slot_page)
{
	uint32_t stride = slot->nr_pages / STRESS_NR_SPOTS;

	if (!stride)
		return 0;
	return slot_page % stride ? -1 : (int)(slot_page / stride);
}
