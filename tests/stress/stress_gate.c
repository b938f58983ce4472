// SPDX-License-Identifier: GPL-2.0-only
/*
 * What takes the memory of a device, and gives it back: decoding, power states,
 * resets, the last close.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <unistd.h>

#include "stress.h"

#define COMMAND_ON (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)

/* A reset of a device that somebody else has locked for a moment. */
#define RESET_TRIES 100
#define RESET_PAUSE_US 10000

static void config(struct stress_worker *worker, enum stress_gate_nr gate,
		   unsigned int off, uint16_t value, unsigned int len)
{
	int ret = dvl_config_write(&worker->lender->devs[gate], off, &value,
				   len);

	if (ret)
		stress_fail(worker, "config write at %#x: %s", off,
			    strerror(-ret));
}

static void decode_off(struct stress_worker *worker, enum stress_gate_nr nr)
{
	struct stress_gate *gate = &worker->shared->gates[nr];
	struct stress_call call = { .blocks = true };

	stress_model_begin(gate, &call);
	config(worker, nr, PCI_COMMAND, PCI_COMMAND_MASTER,
	       1 + stress_below(worker, 2));
	stress_model_end(gate, &call, STRESS_DECODE, STRESS_DECODE, 0);
}

/*
 * Where memory is on already this is an innocent write, which nobody may notice.
 * What it comes to in a device that sleeps shows when that wakes up.
 */
static void decode_on(struct stress_worker *worker, enum stress_gate_nr nr)
{
	struct stress_gate *gate = &worker->shared->gates[nr];
	struct stress_call call = { 0 };
	unsigned int forget = 0;

	call.blocks = !stress_model_is_usable(gate);
	stress_model_begin(gate, &call);
	if (gate->bits & STRESS_SLEEP &&
	    (!(atomic_load(&gate->known) & STRESS_SLEEP) ||
	     atomic_load(&gate->blocked) & STRESS_SLEEP))
		forget = STRESS_DECODE;
	config(worker, nr, PCI_COMMAND, stress_one_in(worker, 2) ?
	       PCI_COMMAND_MEMORY : COMMAND_ON, 1 + stress_below(worker, 2));
	stress_model_end(gate, &call, STRESS_DECODE, 0, forget);
}

/* Lenders may use the device meanwhile, but not close it. */
static void lock_open(struct stress_worker *worker, enum stress_gate_nr gate)
{
	pthread_rwlock_rdlock(&worker->lender->open[gate]);
}

static void unlock_open(struct stress_worker *worker, enum stress_gate_nr gate)
{
	pthread_rwlock_unlock(&worker->lender->open[gate]);
}

/**
 * stress_op_decode() - switch memory decoding off, or on
 * @worker: a lender
 */
void stress_op_decode(struct stress_worker *worker)
{
	enum stress_gate_nr gate = stress_below(worker, STRESS_NR_GATES);
	bool on = !stress_one_in(worker, 4);

	lock_open(worker, gate);
	stress_note(worker, on ? "decode_on" : "decode_off", NULL, gate);
	if (on) {
		decode_on(worker, gate);
	} else {
		decode_off(worker, gate);
		/* Not for long, or little else would happen. */
		if (stress_one_in(worker, 2))
			usleep(stress_below(worker, 2000));
		decode_on(worker, gate);
	}
	unlock_open(worker, gate);
}

/* PCI_PM_CTRL, which no capability can be in front of. */
static unsigned int pm_ctrl(struct stress_worker *worker)
{
	int cap = dvl_config_find_cap(&worker->lender->devs[STRESS_FLR],
				      PCI_CAP_ID_PM);

	if (cap <= 0)
		stress_fail(worker, "no power states");
	return cap + PCI_PM_CTRL;
}

static void sleep_d3hot(struct stress_worker *worker)
{
	struct stress_gate *gate = &worker->shared->gates[STRESS_FLR];
	struct stress_call call = { .blocks = true };

	stress_model_begin(gate, &call);
	config(worker, STRESS_FLR, pm_ctrl(worker), 3, 2);
	stress_model_end(gate, &call, STRESS_SLEEP, STRESS_SLEEP, 0);
}

/* What was written to COMMAND in D3hot may have been undone on the way. */
static void wake_up(struct stress_worker *worker)
{
	struct stress_gate *gate = &worker->shared->gates[STRESS_FLR];
	struct stress_call call = { .blocks = true };

	stress_model_begin(gate, &call);
	config(worker, STRESS_FLR, pm_ctrl(worker), 0, 2);
	config(worker, STRESS_FLR, PCI_COMMAND, COMMAND_ON, 2);
	stress_model_end(gate, &call, STRESS_DECODE | STRESS_SLEEP, 0, 0);
}

/**
 * stress_op_power() - send a device to D3hot, or wake it up
 * @worker: a lender
 */
void stress_op_power(struct stress_worker *worker)
{
	bool sleeps = stress_one_in(worker, 2);

	lock_open(worker, STRESS_FLR);
	stress_note(worker, sleeps ? "d3hot" : "d0", NULL, 0);
	if (sleeps) {
		sleep_d3hot(worker);
		usleep(stress_below(worker, 2000));
	}
	wake_up(worker);
	unlock_open(worker, STRESS_FLR);
}

static void reset(struct stress_worker *worker, enum stress_gate_nr gate)
{
	int ret = -EAGAIN, tries;

	for (tries = 0; ret == -EAGAIN && tries < RESET_TRIES; tries++) {
		if (tries)
			usleep(RESET_PAUSE_US);
		ret = dvl_device_reset(&worker->lender->devs[gate]);
	}
	stress_note(worker, "reset", NULL, ret);
	if (ret)
		stress_fail(worker, "reset: %s", strerror(-ret));
}

/**
 * stress_op_reset_flr() - reset the function that can be reset by itself
 * @worker: a lender
 */
void stress_op_reset_flr(struct stress_worker *worker)
{
	struct stress_gate *gate = &worker->shared->gates[STRESS_FLR];
	struct stress_call call = { .blocks = true, .slow = true };

	lock_open(worker, STRESS_FLR);
	stress_model_begin(gate, &call);
	reset(worker, STRESS_FLR);
	config(worker, STRESS_FLR, PCI_COMMAND, COMMAND_ON, 2);
	stress_model_end(gate, &call, STRESS_DECODE | STRESS_SLEEP, 0, 0);
	unlock_open(worker, STRESS_FLR);
}

/**
 * stress_op_reset_ram() - reset the bus that a device has for itself
 * @worker: a lender
 *
 * Afterwards decoding is what it was.
 */
void stress_op_reset_ram(struct stress_worker *worker)
{
	struct stress_gate *gate = &worker->shared->gates[STRESS_RAM];
	struct stress_call call = { .blocks = true, .slow = true };

	lock_open(worker, STRESS_RAM);
	stress_model_begin(gate, &call);
	reset(worker, STRESS_RAM);
	stress_model_end(gate, &call, 0, 0, 0);
	unlock_open(worker, STRESS_RAM);
}

static void end_slots(struct stress_shared *shared, enum stress_gate_nr gate,
		      enum stress_phase phase)
{
	unsigned int i, state;

	for (i = 0; i < STRESS_NR_SLOTS; i++) {
		if (shared->slots[i].gate != gate)
			continue;
		state = atomic_load(&shared->slots[i].state);
		if (state % 4 != STRESS_ENDED)
			atomic_store(&shared->slots[i].state,
				     (state & ~3U) | phase);
	}
}

static void poison_slots(struct stress_worker *worker, enum stress_gate_nr gate)
{
	struct stress_slot *slots = worker->shared->slots;
	unsigned int i;

	for (i = 0; i < STRESS_NR_SLOTS; i++)
		if (slots[i].gate == gate)
			stress_lend_poison(worker, &slots[i],
					   slots[i].buf.gen);
}

static void open_anew(struct stress_worker *worker, enum stress_gate_nr nr)
{
	struct dvl_device *dev = &worker->lender->devs[nr];
	char bdf[sizeof(dev->bdf)];
	int ret = -EBUSY, tries;

	memcpy(bdf, dev->bdf, sizeof(bdf));
	for (tries = 0; ret == -EBUSY && tries < RESET_TRIES; tries++) {
		if (tries)
			usleep(RESET_PAUSE_US);
		ret = dvl_device_open(dev, bdf);
	}
	stress_note(worker, "reopen", NULL, ret);
	if (ret)
		stress_fail(worker, "opening anew: %s", strerror(-ret));
}

/**
 * stress_op_reopen() - the last close of a device, and a new open
 * @worker: a lender
 */
void stress_op_reopen(struct stress_worker *worker)
{
	enum stress_gate_nr nr = stress_below(worker, STRESS_NR_GATES);
	struct stress_gate *gate = &worker->shared->gates[nr];
	struct stress_call call = { .blocks = true, .slow = true };

	pthread_rwlock_wrlock(&worker->lender->open[nr]);
	stress_note(worker, "reopen", NULL, nr);
	stress_model_begin(gate, &call);
	end_slots(worker->shared, nr, STRESS_ENDING);
	dvl_device_close(&worker->lender->devs[nr]);
	end_slots(worker->shared, nr, STRESS_ENDED);
	atomic_fetch_add(&gate->session, 1);
	open_anew(worker, nr);
	stress_model_end(gate, &call, gate->bits, 0, 0);
	poison_slots(worker, nr);
	pthread_rwlock_unlock(&worker->lender->open[nr]);
}
