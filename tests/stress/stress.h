/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stress: threads and processes do operations at random on the same buffers,
 * and a model in memory that all of them share says of each what may come of it.
 *
 *   lender     a thread of the process that has the devices open; does everything
 *   borrower   a process of its own, which gets buffers over a socket
 *
 * Both are workers. A worker has descriptors and mappings that nobody else
 * uses; what they lead to, the slots, all share.
 *
 * A slot is a piece of a BAR that is exported again and again, each time as a new
 * generation. Only holders of a generation write its tag there, so a write
 * through a mapping that should be gone shows as a tag that is not there yet,
 * or not any more.
 *
 * What a worker does in its n-th operation follows from the seed, its number and
 * n, apart from what others have left it to do that with.
 */
#ifndef STRESS_H
#define STRESS_H

#include <pthread.h>
#include <stdatomic.h>

#include "chance.h"
#include "dvt_peer.h"

#define STRESS_PAGE 4096UL

enum {
	STRESS_NR_LENDERS = 8,
	STRESS_NR_BORROWERS = 4,
	STRESS_NR_WORKERS = STRESS_NR_LENDERS + STRESS_NR_BORROWERS,
	STRESS_NR_SLOTS = 20,
	STRESS_NR_SPOTS = 16,
	STRESS_NR_HANDLES = 8,
	STRESS_NR_MAPS = 8,
	STRESS_NR_LAST = 12,
};

/**
 * enum stress_gate_nr - the devices
 * @STRESS_RAM: a BAR of plain memory; a reset takes a second
 * @STRESS_FLR: a register that no reset changes; power states, and function
 *	level reset
 */
enum stress_gate_nr {
	STRESS_RAM,
	STRESS_FLR,
	STRESS_NR_GATES
};

/* Why memory is blocked; bits. */
#define STRESS_DECODE	1U
#define STRESS_SLEEP	2U

/**
 * struct stress_gate - what the model knows of a device
 * @bits: the reasons that this device has
 * @begun: calls that may take memory away, or give it back
 * @ended: those of them that have returned
 * @known: reasons of which it is known whether they hold; changes between a
 *	begin and an end only, but for bits that are forgotten
 * @blocked: reasons that hold
 * @session: how often the device has been opened
 * @slow: calls under way that take long
 * @lock: guards the rest, and changes of the above
 * @all_begun: like @begun, with calls that should change nothing
 * @all_ended: and those that have returned
 */
struct stress_gate {
	unsigned int bits;
	atomic_uint begun;
	atomic_uint ended;
	atomic_uint known;
	atomic_uint blocked;
	atomic_uint session;
	atomic_uint slow;
	pthread_mutex_t lock;
	unsigned int all_begun;
	unsigned int all_ended;
};

/**
 * struct stress_buffer - one generation of a slot, as its holders know it
 * @slot: number of the slot
 * @gen: the generation
 * @session: &stress_gate.session in which it was exported
 * @read_only: exported O_RDONLY
 * @ours: exported by the private feature, with what it knows beyond feature 11:
 *	the access mode holds for importers, too
 * @huge: exported for huge entries
 * @cpu_only: exported without importers
 * @nr_chunks: the slot is cut in so many ranges
 * @shift: the first of them is this one; the others follow, and wrap
 */
struct stress_buffer {
	uint32_t slot;
	uint32_t gen;
	uint32_t session;
	uint16_t nr_chunks;
	bool read_only;
	bool ours;
	bool huge;
	bool cpu_only;
	uint32_t shift;
};

enum stress_phase {
	STRESS_LIVE,
	STRESS_ENDING,
	STRESS_ENDED,
};

/**
 * struct stress_slot - a piece of a BAR
 * @gate: whose it is
 * @bar: the BAR
 * @off: where in the BAR
 * @nr_pages: how long
 * @state: the latest generation times 4, plus its &enum stress_phase
 * @revoked_gen: the generation that a REVOKE ended last
 * @lock: guards the rest
 * @buf: the latest generation
 * @fd: its descriptor, from which others are made, or -1
 * @filled: the spots have the tag of the next generation
 * @poisoned: the spots have what nobody may overwrite
 */
struct stress_slot {
	enum stress_gate_nr gate;
	unsigned int bar;
	uint64_t off;
	uint32_t nr_pages;
	atomic_uint state;
	atomic_uint revoked_gen;
	pthread_mutex_t lock;
	struct stress_buffer buf;
	int fd;
	bool filled;
	bool poisoned;
};

/**
 * struct stress_last - an operation, for the report
 * @slot: which slot, or -1
 * @result: what came of it
 */
struct stress_last {
	const char *what;
	int slot;
	unsigned int gen;
	int64_t result;
};

/**
 * struct stress_log - the last operations of a worker, for the report
 * @nr: how many it has done
 * @nr_sure: touches that had to succeed
 * @nr_refused: and that had to fail
 * @nr_open: and that might do either
 * @last: the latest, a ring
 */
struct stress_log {
	unsigned int nr;
	unsigned int nr_sure;
	unsigned int nr_refused;
	unsigned int nr_open;
	struct stress_last last[STRESS_NR_LAST];
};

/**
 * struct stress_shared - what all workers see
 * @stop: leave it; somebody failed
 * @failed: somebody has written @message, or is about to
 * @constant: what the register of STRESS_FLR holds
 */
struct stress_shared {
	uint64_t seed;
	unsigned int nr_ops;
	atomic_bool stop;
	atomic_bool failed;
	uint32_t constant;
	struct stress_gate gates[STRESS_NR_GATES];
	struct stress_slot slots[STRESS_NR_SLOTS];
	struct stress_log logs[STRESS_NR_WORKERS];
	int inbox_in[STRESS_NR_WORKERS];
	int inbox_out[STRESS_NR_WORKERS];
	char message[1024];
};

/**
 * struct stress_handle - a descriptor of a buffer
 */
struct stress_handle {
	struct stress_buffer buf;
	int fd;
};

/**
 * struct stress_map - a mapping of a part of a buffer
 * @addr: where
 * @page: the first page, in the buffer
 * @nr_pages: how many
 * @writable: by its present protection
 */
struct stress_map {
	struct stress_buffer buf;
	char *addr;
	uint32_t page;
	uint32_t nr_pages;
	bool writable;
};

/**
 * struct stress_lender - what lenders have and borrowers have not
 * @devs: the devices
 * @open: held for read while one is used, for write while one is opened anew
 * @wc: write-combining is there
 */
struct stress_lender {
	struct dvl_device devs[STRESS_NR_GATES];
	pthread_rwlock_t open[STRESS_NR_GATES];
	bool wc;
};

/**
 * struct stress_worker - a thread or process
 * @lender: NULL for a borrower
 * @peer: a lender's importer; its fd is -1 where nobody can import
 * @attached: @peer_buf is what it is attached to
 * @rng: numbers of the present operation
 * @stamp: in each tag that it writes, another one
 */
struct stress_worker {
	struct stress_shared *shared;
	struct stress_lender *lender;
	unsigned int number;
	uint64_t rng;
	uint32_t stamp;
	struct stress_handle handles[STRESS_NR_HANDLES];
	unsigned int nr_handles;
	struct stress_map maps[STRESS_NR_MAPS];
	unsigned int nr_maps;
	struct dvt_peer peer;
	bool attached;
	struct stress_buffer peer_buf;
};

/* stress_model.c: what may come of something */

/**
 * enum stress_answer - whether an access succeeds
 */
enum stress_answer {
	STRESS_YES,
	STRESS_NO,
	STRESS_MAYBE,
};

/**
 * struct stress_look - what was known before the access
 */
struct stress_look {
	unsigned int begun;
	unsigned int ended;
	unsigned int known;
	unsigned int blocked;
	unsigned int state;
};

/**
 * struct stress_call - a call that may change the state of a device
 * @blocks: it may take memory away, or give it back
 * @slow: it takes long
 * @alone: no other has been under way since it began
 * @at: its number among all of them
 * @begun: and those that block, when it began
 */
struct stress_call {
	bool blocks;
	bool slow;
	bool alone;
	unsigned int at;
	unsigned int begun;
};

void stress_model_init(struct stress_shared *shared);
void stress_model_look(struct stress_shared *shared,
		       const struct stress_buffer *buf,
		       struct stress_look *look);
enum stress_answer stress_model_answer(struct stress_shared *shared,
				       const struct stress_buffer *buf,
				       const struct stress_look *before);
enum stress_answer stress_model_answer_gate(struct stress_gate *gate,
					    const struct stress_look *before);
bool stress_model_has_ended(unsigned int state, unsigned int gen);
bool stress_model_is_live(unsigned int state, unsigned int gen);
void stress_model_end_buffer(struct stress_slot *slot, unsigned int gen);

void stress_model_begin(struct stress_gate *gate, struct stress_call *call);
/* The bits of @known are known now, and are as in @blocked; @forget are not. */
void stress_model_end(struct stress_gate *gate, const struct stress_call *call,
		      unsigned int known, unsigned int blocked,
		      unsigned int forget);
bool stress_model_is_usable(struct stress_gate *gate);
/* Calls that have begun, innocent ones, too; *busy: some have not returned. */
unsigned int stress_model_calls(struct stress_gate *gate, bool *busy);

/* The page of the slot that a page of the buffer is. */
uint32_t stress_model_slot_page(const struct stress_slot *slot,
				const struct stress_buffer *buf,
				uint32_t page);
/* The page of a spot, and back: -1 for a page that has none. */
uint32_t stress_model_spot_page(const struct stress_slot *slot, int spot);
int stress_model_spot(const struct stress_slot *slot, uint32_t slot_page);

/* stress_tag.c: what the spots hold */
uint32_t stress_tag(unsigned int slot, int spot, unsigned int gen,
		    uint32_t stamp);
uint32_t stress_poison(unsigned int slot, int spot, unsigned int gen);
bool stress_tag_is_of(uint32_t value, unsigned int slot, int spot,
		      unsigned int gen);
bool stress_tag_is_at(uint32_t value, unsigned int slot, int spot);
/* These use the second path. Both return whether all went well. */
bool stress_tag_fill(struct stress_worker *worker, struct stress_slot *slot,
		     unsigned int gen, bool poison);
bool stress_tag_poison_stands(struct stress_worker *worker,
			      struct stress_slot *slot);

/* Where in its page a spot is; of STRESS_FLR, the register. */
#define STRESS_WORD 4

static inline uint32_t stress_below(struct stress_worker *worker, uint32_t n)
{
	return chance_below(&worker->rng, n);
}

static inline bool stress_one_in(struct stress_worker *worker, uint32_t n)
{
	return chance_one_in(&worker->rng, n);
}

/* stress_work.c: workers */
void stress_note(struct stress_worker *worker, const char *what,
		 const struct stress_buffer *buf, int64_t result);
__attribute__((format(printf, 2, 3)))
void stress_fail(struct stress_worker *worker, const char *format, ...);
void stress_work(struct stress_worker *worker);

/* stress_borrow.c, stress_map.c: what every worker can do */
void stress_op_touch(struct stress_worker *worker);
void stress_op_fork(struct stress_worker *worker);
void stress_op_dup(struct stress_worker *worker);
void stress_op_close(struct stress_worker *worker);
void stress_op_send(struct stress_worker *worker);
void stress_op_receive(struct stress_worker *worker);
void stress_op_map(struct stress_worker *worker);
void stress_op_unmap(struct stress_worker *worker);
void stress_op_move(struct stress_worker *worker);
void stress_op_protect(struct stress_worker *worker);
void stress_map_drop(struct stress_worker *worker, unsigned int i);
bool stress_handle_add(struct stress_worker *worker, int fd,
		       const struct stress_buffer *buf);
void stress_drop_all(struct stress_worker *worker);

/* stress_lend.c: what needs the device */
void stress_op_export(struct stress_worker *worker);
void stress_op_take(struct stress_worker *worker);
void stress_op_revoke(struct stress_worker *worker);
void stress_op_memattr(struct stress_worker *worker);
void stress_op_state(struct stress_worker *worker);
void stress_op_bar(struct stress_worker *worker);
void stress_lend_poison(struct stress_worker *worker,
			struct stress_slot *slot, unsigned int gen);

/* stress_gate.c: what takes the memory of the device, and gives it back */
void stress_op_decode(struct stress_worker *worker);
void stress_op_power(struct stress_worker *worker);
void stress_op_reset_flr(struct stress_worker *worker);
void stress_op_reset_ram(struct stress_worker *worker);
void stress_op_reopen(struct stress_worker *worker);

/* stress_import.c: another device */
void stress_op_import(struct stress_worker *worker);
void stress_import_aim(struct stress_worker *worker,
		       const struct stress_handle *handle);
void stress_import_look(struct stress_worker *worker);
void stress_import_drop(struct stress_worker *worker);

#endif /* STRESS_H */
