// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the spots hold: whose tag it is, in every bit but the last ones, which
 * differ from write to write. The register of STRESS_FLR has a value of its own.
 *
 *	31..20 generation	19..15 slot	14..11 spot	10 poison	9..0 stamp
 */
#include "stress.h"

#define STAMP_MASK 0x3ffU
#define POISON 0x400U

/**
 * stress_tag() - what a holder of a generation writes
 * @slot: number of the slot
 * @spot: number of the spot
 * @gen: the generation
 * @stamp: anything
 *
 * Return: the word.
 */
uint32_t stress_tag(unsigned int slot, int spot, unsigned int gen,
		    uint32_t stamp)
{
	return gen << 20 | slot << 15 | (uint32_t)spot << 11 |
	       (stamp & STAMP_MASK);
}

/**
 * stress_poison() - what stands where nobody may write
 * @slot: number of the slot
 * @spot: number of the spot
 * @gen: the generation that has ended
 *
 * Return: the word.
 */
uint32_t stress_poison(unsigned int slot, int spot, unsigned int gen)
{
	return stress_tag(slot, spot, gen, 0) | POISON;
}

/**
 * stress_tag_is_of() - is a word the tag of a generation
 * @value: the word
 * @slot: number of the slot
 * @spot: number of the spot
 * @gen: the generation
 *
 * Return: whether it is.
 */
bool stress_tag_is_of(uint32_t value, unsigned int slot, int spot,
		      unsigned int gen)
{
	return (value & ~STAMP_MASK) == stress_tag(slot, spot, gen, 0);
}

/**
 * stress_tag_is_at() - does a word belong to a spot
 * @value: the word
 * @slot: number of the slot
 * @spot: number of the spot
 *
 * Return: whether it does, whatever the generation.
 */
bool stress_tag_is_at(uint32_t value, unsigned int slot, int spot)
{
	return stress_tag_is_of(value & ~POISON, slot, spot, value >> 20);
}

static uint64_t spot_off(const struct stress_slot *slot, int spot)
{
	return slot->off + STRESS_WORD +
	       stress_model_spot_page(slot, spot) * STRESS_PAGE;
}

/* The second path is open exactly while memory is there. */
static bool is_refused(struct stress_worker *worker, struct stress_slot *slot,
		       const struct stress_look *look, int ret)
{
	struct stress_gate *gate = &worker->shared->gates[slot->gate];
	enum stress_answer answer = stress_model_answer_gate(gate, look);

	if (ret && answer == STRESS_YES)
		stress_fail(worker, "slot %u: the second path gives %d",
			    slot->buf.slot, ret);
	if (!ret && answer == STRESS_NO)
		stress_fail(worker, "slot %u: the second path is open",
			    slot->buf.slot);
	return ret;
}

/**
 * stress_tag_fill() - write all spots of a slot
 * @worker: a lender
 * @slot: the slot, locked; nobody holds a generation of it
 * @gen: the generation
 * @poison: write what nobody may overwrite, instead of tags
 *
 * Return: whether all were written.
 */
bool stress_tag_fill(struct stress_worker *worker, struct stress_slot *slot,
		     unsigned int gen, bool poison)
{
	const struct dvl_device *dev = &worker->lender->devs[slot->gate];
	unsigned int nr = slot->buf.slot;
	struct stress_look look;
	uint32_t value;
	int spot, ret;

	if (slot->gate == STRESS_FLR)
		return true;
	for (spot = 0; spot < STRESS_NR_SPOTS; spot++) {
		value = poison ? stress_poison(nr, spot, gen) :
				 stress_tag(nr, spot, gen, 0);
		stress_model_look(worker->shared, &slot->buf, &look);
		ret = dvl_region_write(dev, slot->bar, spot_off(slot, spot),
				       &value, sizeof(value));
		if (is_refused(worker, slot, &look, ret))
			return false;
	}
	return true;
}

/**
 * stress_tag_poison_stands() - has nobody written to a slot
 * @worker: a lender
 * @slot: the slot, locked and poisoned
 *
 * A word that is not there any more has failed the worker.
 *
 * Return: whether all spots could be read, and hold what they should.
 */
bool stress_tag_poison_stands(struct stress_worker *worker,
			      struct stress_slot *slot)
{
	const struct dvl_device *dev = &worker->lender->devs[slot->gate];
	unsigned int nr = slot->buf.slot, gen = slot->buf.gen;
	struct stress_look look;
	uint32_t value;
	int spot, ret;

	if (slot->gate == STRESS_FLR)
		return true;
	for (spot = 0; spot < STRESS_NR_SPOTS; spot++) {
		stress_model_look(worker->shared, &slot->buf, &look);
		ret = dvl_region_read(dev, slot->bar, spot_off(slot, spot),
				      &value, sizeof(value));
		if (is_refused(worker, slot, &look, ret))
			return false;
		if (value == stress_poison(nr, spot, gen))
			continue;
		stress_fail(worker, "slot %u, spot %d: %#x was written after generation %u had ended",
			    nr, spot, value, gen);
		return false;
	}
	return true;
}
