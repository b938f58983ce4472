// SPDX-License-Identifier: GPL-2.0-only
/*
 * A worker: which operation is next, and what is said when one goes wrong.
 */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "stress.h"

/* Whoever does something meanwhile mostly meets memory that is gone. */
#define SLOW_PAUSE_US 20000

/**
 * struct op - an operation
 * @weight: how often it is chosen, against the sum of all
 * @borrowers: borrowers do it, too
 */
static const struct op {
	void (*call)(struct stress_worker *worker);
	unsigned int weight;
	bool borrowers;
} ops[] = {
	{ stress_op_touch,	400, true },
	{ stress_op_map,	200, true },
	{ stress_op_unmap,	60, true },
	{ stress_op_move,	50, true },
	{ stress_op_protect,	30, true },
	{ stress_op_fork,	12, true },
	{ stress_op_dup,	20, true },
	{ stress_op_close,	60, true },
	{ stress_op_send,	80, true },
	{ stress_op_receive,	60, true },
	{ stress_op_take,	160, false },
	{ stress_op_export,	120, false },
	{ stress_op_revoke,	30, false },
	{ stress_op_memattr,	30, false },
	{ stress_op_state,	30, false },
	{ stress_op_bar,	15, false },
	{ stress_op_import,	60, false },
	{ stress_op_decode,	25, false },
	{ stress_op_power,	10, false },
	{ stress_op_reset_flr,	2, false },
	{ stress_op_reset_ram,	1, false },
	{ stress_op_reopen,	1, false },
};

/**
 * stress_note() - remember what the present operation is
 * @worker: who does it
 * @what: a word that stays
 * @buf: which buffer, or NULL
 * @result: how it went
 */
void stress_note(struct stress_worker *worker, const char *what,
		 const struct stress_buffer *buf, int64_t result)
{
	struct stress_log *log = &worker->shared->logs[worker->number];
	unsigned int i = log->nr % STRESS_NR_LAST;

	log->last[i].what = what;
	log->last[i].slot = buf ? (int)buf->slot : -1;
	log->last[i].gen = buf ? buf->gen : 0;
	log->last[i].result = result;
}

/* The oldest first; the present one has no result yet, or the last it noted. */
static void tell_last(const struct stress_log *log, char *text, size_t size)
{
	unsigned int nr = log->nr, i;
	size_t len = 0;

	i = nr < STRESS_NR_LAST ? 0 : nr - STRESS_NR_LAST + 1;
	text[0] = '\0';
	for (; i <= nr && len < size; i++) {
		const struct stress_last *last = &log->last[i % STRESS_NR_LAST];

		len += snprintf(text + len, size - len, " %s(%d.%u)=%ld",
				last->what ? last->what : "?", last->slot,
				last->gen, last->result);
	}
}

/**
 * stress_fail() - something went wrong; the first worker to say so is heard
 * @worker: who saw it
 * @format: what, as for printf()
 *
 * All workers stop. The caller goes on, and should not do much.
 */
void stress_fail(struct stress_worker *worker, const char *format, ...)
{
	struct stress_shared *shared = worker->shared;
	const struct stress_log *log = &shared->logs[worker->number];
	char what[256], last[600];
	va_list args;

	atomic_store(&shared->stop, true);
	if (atomic_exchange(&shared->failed, true))
		return;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	tell_last(log, last, sizeof(last));
	snprintf(shared->message, sizeof(shared->message),
		 "seed %lu, worker %u, operation %u: %s; its last:%s",
		 shared->seed, worker->number, log->nr, what, last);
}

static const struct op *choose(struct stress_worker *worker)
{
	unsigned int sum = 0, i, at;

	for (i = 0; i < DVT_ARRAY_SIZE(ops); i++)
		if (worker->lender || ops[i].borrowers)
			sum += ops[i].weight;
	at = stress_below(worker, sum);
	for (i = 0; ; i++) {
		if (!worker->lender && !ops[i].borrowers)
			continue;
		if (at < ops[i].weight)
			return &ops[i];
		at -= ops[i].weight;
	}
}

static bool is_slow(struct stress_shared *shared)
{
	unsigned int i, slow = 0;

	for (i = 0; i < STRESS_NR_GATES; i++)
		slow += atomic_load(&shared->gates[i].slow);
	return slow;
}

/**
 * stress_work() - do all operations of a worker
 * @worker: who
 */
void stress_work(struct stress_worker *worker)
{
	struct stress_shared *shared = worker->shared;
	struct stress_log *log = &shared->logs[worker->number];

	while (log->nr < shared->nr_ops && !atomic_load(&shared->stop)) {
		if (is_slow(shared))
			usleep(SLOW_PAUSE_US);
		worker->rng = chance_mix(shared->seed) ^
			      chance_mix((uint64_t)log->nr << 8 |
					 worker->number);
		stress_note(worker, "-", NULL, 0);
		choose(worker)->call(worker);
		log->nr++;
	}
	stress_drop_all(worker);
}
