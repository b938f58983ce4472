// SPDX-License-Identifier: GPL-2.0-only
/*
 * Importers that take their time to let go, or never do. Who ends memory waits
 * for them, in a process of its own here; nobody else does, and processors are
 * out at once.
 *
 * What a call does is judged by what holds when it has or has not returned, not
 * by the time it takes.
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "dvt_call.h"
#include "dvt_import.h"
#include "dvt_param.h"

#define LATE_MS 2000
#define FENCE_MS 1500
/* Longer than a test may take. */
#define LONG_MS 600000
#define LOG_PAUSE_US 50000

/**
 * struct stuck - a buffer with an importer that is in no hurry
 * @import: both
 * @map: the buffer for processors, NULL if it cannot be mapped
 * @call: what waits for the importer
 */
struct stuck {
	struct dvt_import import;
	void *map;
	struct dvt_call call;
};

static const char *start(struct stuck *stuck, enum dvt_exported_by by,
			 unsigned int reaction, unsigned int delay_ms)
{
	struct dvt_import *import = &stuck->import;
	const char *why = dvt_import_open(import, by);

	if (why)
		return why;
	import->fd = dvt_export(&import->dev, DVT_IMPORT_BAR, 0, DVT_IMPORT_LEN,
				O_RDWR);
	stuck->map = by == DVT_BY_US ? dvt_map(import->fd, DVT_IMPORT_LEN,
					       PROT_READ | PROT_WRITE) : NULL;
	if (stuck->map)
		dvt_assert_usable(stuck->map);
	ck_assert_int_eq(dvt_peer_attach_slow(&import->peer, import->fd,
					      reaction, delay_ms), 0);
	ck_assert_int_eq(dvt_peer_map(&import->peer, DVP_PEER_BIDIRECTIONAL),
			 0);
	return NULL;
}

#define start_or_skip(stuck, by, reaction, delay_ms)			\
	do {								\
		const char *why_ = start(stuck, by, reaction, delay_ms); \
									\
		if (why_)						\
			dvt_skip("%s", why_);				\
	} while (0)

/* Somebody calls; the importer is told, and processors are out. */
static void call_and_wait(struct stuck *stuck, enum dvt_call_what what)
{
	dvt_call_start(&stuck->call, what, &stuck->import.dev,
		       stuck->import.fd);
	dvt_peer_wait_notified(&stuck->import.peer, 1);
	if (stuck->map)
		dvt_assert_sigbus(stuck->map);
}

static void assert_still_waits(struct stuck *stuck)
{
	dvt_call_assert_waits(&stuck->call);
	ck_assert_uint_eq(dvt_peer_state(&stuck->import.peer).mapped, 1);
}

static void let_go(struct stuck *stuck)
{
	assert_still_waits(stuck);
	ck_assert_int_eq(dvt_peer_unmap(&stuck->import.peer), 0);
}

/**
 * struct wait_row - who waits
 * @by: for an importer of whose buffer
 * @what: which call
 */
static const struct wait_row {
	enum dvt_exported_by by;
	enum dvt_call_what what;
} waits[] = {
	{ DVT_BY_US, DVT_CALL_REVOKE },
	{ DVT_BY_US, DVT_CALL_RESET },
	{ DVT_BY_US, DVT_CALL_MEMORY_OFF },
	{ DVT_BY_US, DVT_CALL_CLOSE },
	{ DVT_BY_KERNEL, DVT_CALL_MEMORY_OFF },
	{ DVT_BY_KERNEL, DVT_CALL_CLOSE },
};

enum { NR_WAITS = DVT_ARRAY_SIZE(waits) };

START_TEST(call_returns_when_a_late_importer_has_let_go)
{
	const struct wait_row *row = &waits[_i];
	struct stuck stuck;

	start_or_skip(&stuck, row->by, DVP_PEER_LATE, LATE_MS);
	call_and_wait(&stuck, row->what);
	ck_assert_int_eq(dvt_call_end(&stuck.call), 0);
	ck_assert_uint_eq(dvt_peer_state(&stuck.import.peer).mapped, 0);
}
END_TEST

START_TEST(call_waits_for_an_importer_that_does_not_let_go)
{
	const struct wait_row *row = &waits[_i];
	struct stuck stuck;

	start_or_skip(&stuck, row->by, DVP_PEER_NEVER, 0);
	call_and_wait(&stuck, row->what);
	ck_assert_int_eq(dvt_peer_map(&stuck.import.peer,
				      DVP_PEER_BIDIRECTIONAL), -EBUSY);
	let_go(&stuck);
	ck_assert_int_eq(dvt_call_end(&stuck.call), 0);
	ck_assert_uint_eq(dvt_peer_state(&stuck.import.peer).notified, 1 +
			  (row->by == DVT_BY_KERNEL &&
			   row->what == DVT_CALL_RESET));
}
END_TEST

START_TEST(call_waits_for_fences)
{
	const struct wait_row *row = &waits[_i];
	struct dvp_peer_state_arg state;
	struct stuck stuck;

	start_or_skip(&stuck, row->by, DVP_PEER_UNMAPS, 0);
	ck_assert_int_eq(dvt_peer_fence(&stuck.import.peer, FENCE_MS), 0);
	ck_assert_uint_eq(dvt_peer_state(&stuck.import.peer).fences, 1);
	call_and_wait(&stuck, row->what);
	ck_assert_int_eq(dvt_call_end(&stuck.call), 0);
	state = dvt_peer_state(&stuck.import.peer);
	ck_assert_uint_eq(state.fences, 0);
	ck_assert_uint_eq(state.mapped, 0);
}
END_TEST

START_TEST(fence_that_outlasts_everything_can_be_left_behind)
{
	struct stuck stuck;

	start_or_skip(&stuck, DVT_BY_US, DVP_PEER_UNMAPS, 0);
	ck_assert_int_eq(dvt_peer_fence(&stuck.import.peer, LONG_MS), 0);
	call_and_wait(&stuck, DVT_CALL_REVOKE);
	dvt_call_assert_waits(&stuck.call);
	dvt_child_kill(&stuck.call.child);
	ck_assert_uint_eq(dvt_peer_state(&stuck.import.peer).fences, 1);
	dvt_assert_sigbus(stuck.map);
	ck_assert_int_eq(dvt_peer_detach(&stuck.import.peer), 0);
	ck_assert_int_eq(dvl_revoke(stuck.import.dev.fd, stuck.import.fd),
			 -EBADFD);
}
END_TEST

/* Another buffer of the device goes through all that a buffer can. */
static void assert_others_live(const struct stuck *stuck)
{
	struct dvt_import other = stuck->import;
	void *map;

	other.fd = dvt_export(&other.dev, DVT_IMPORT_BAR, DVT_MIB, DVT_MIB,
			      O_RDWR);
	map = dvt_map(other.fd, DVT_MIB, PROT_READ | PROT_WRITE);
	dvt_assert_usable(map);
	dvt_peer_open(&other.peer, dvt_bdf("DVP_BDF_PEER"));
	dvt_peer_import(&other.peer, other.fd);
	dvt_import_assert_leads_to(&other, 0, DVT_MIB);
	ck_assert_int_eq(dvl_revoke(other.dev.fd, other.fd), 0);
	dvt_peer_assert_state(&other.peer, 0, 1);
	dvt_assert_sigbus(map);
	dvt_peer_close(&other.peer);
	close(other.fd);
}

START_TEST(other_buffers_live_while_a_revoke_waits)
{
	struct stuck stuck;
	int before, fresh;

	start_or_skip(&stuck, DVT_BY_US, DVP_PEER_NEVER, 0);
	before = dvt_export(&stuck.import.dev, DVT_IMPORT_BAR, 0, DVT_MIB,
			    O_RDWR);
	call_and_wait(&stuck, DVT_CALL_REVOKE);
	dvt_assert_usable(dvt_map(before, DVT_MIB, PROT_READ | PROT_WRITE));
	assert_others_live(&stuck);

	/* The same range as well. */
	fresh = dvt_export(&stuck.import.dev, DVT_IMPORT_BAR, 0,
			   DVT_IMPORT_LEN, O_RDWR);
	dvt_assert_usable(dvt_map(fresh, DVT_IMPORT_LEN,
				  PROT_READ | PROT_WRITE));
	let_go(&stuck);
	ck_assert_int_eq(dvt_call_end(&stuck.call), 0);
	assert_others_live(&stuck);
}
END_TEST

START_TEST(other_devices_live_while_a_call_waits)
{
	const struct wait_row *row = &waits[_i];
	struct stuck stuck, other;
	void *map;

	start_or_skip(&stuck, row->by, DVP_PEER_NEVER, 0);
	dvt_open_or_skip(&other.import.dev, "DVP_BDF_1G");
	if (!(dvt_caps(&other.import.dev) & DMABUF_VFIO_PCI_CAP_DMA_IMPORT))
		dvt_skip("nobody can import on this kernel");
	other.import.fd = dvt_export(&other.import.dev, DVT_IMPORT_BAR, 0,
				     DVT_IMPORT_LEN, O_RDWR);
	map = dvt_map(other.import.fd, DVT_IMPORT_LEN, PROT_READ | PROT_WRITE);
	call_and_wait(&stuck, row->what);
	dvt_assert_usable(map);
	assert_others_live(&other);
	ck_assert_int_eq(dvl_device_reset(&other.import.dev), 0);
	dvt_assert_usable(map);
	let_go(&stuck);
	ck_assert_int_eq(dvt_call_end(&stuck.call), 0);
}
END_TEST

static void wait_for_line(int log, const struct dvt_import *import)
{
	while (!dvt_log_count(log, import->dev.bdf, import->peer.bdf))
		usleep(LOG_PAUSE_US);
}

START_TEST(log_names_the_importer_again_and_again)
{
	struct stuck stuck;
	int log;

	start_or_skip(&stuck, DVT_BY_US, DVP_PEER_NEVER, 0);
	log = dvt_log_mark();
	call_and_wait(&stuck, DVT_CALL_REVOKE);
	wait_for_line(log, &stuck.import);
	wait_for_line(log, &stuck.import);
	let_go(&stuck);
	ck_assert_int_eq(dvt_call_end(&stuck.call), 0);
}
END_TEST

START_TEST(log_says_nothing_of_an_importer_that_lets_go_in_time)
{
	struct stuck stuck;
	int log;

	start_or_skip(&stuck, DVT_BY_US, DVP_PEER_LATE, 100);
	log = dvt_log_mark();
	call_and_wait(&stuck, DVT_CALL_REVOKE);
	ck_assert_int_eq(dvt_call_end(&stuck.call), 0);
	dvt_log_assert_silent(log);
}
END_TEST

START_TEST(revoke_that_waits_can_be_killed_and_the_buffer_stays_revoked)
{
	struct stuck stuck;

	start_or_skip(&stuck, DVT_BY_US, DVP_PEER_NEVER, 0);
	call_and_wait(&stuck, DVT_CALL_REVOKE);
	assert_still_waits(&stuck);
	dvt_child_kill(&stuck.call.child);

	ck_assert_uint_eq(dvt_peer_state(&stuck.import.peer).mapped, 1);
	dvt_assert_sigbus(stuck.map);
	ck_assert_ptr_eq(mmap(NULL, DVT_MIB, PROT_READ, MAP_SHARED,
			      stuck.import.fd, 0), MAP_FAILED);
	ck_assert_int_eq(errno, ENODEV);
	ck_assert_int_eq(dvt_peer_unmap(&stuck.import.peer), 0);
	ck_assert_int_eq(dvt_peer_map(&stuck.import.peer,
				      DVP_PEER_BIDIRECTIONAL), -ENODEV);
}
END_TEST

START_TEST(later_call_waits_for_what_a_killed_revoke_left)
{
	static const struct {
		enum dvt_call_what what;
		int ret;
	} laters[] = {
		{ DVT_CALL_REVOKE, -EBADFD },
		{ DVT_CALL_RESET, 0 },
		{ DVT_CALL_MEMORY_OFF, 0 },
		{ DVT_CALL_CLOSE, 0 },
	};
	struct dvt_call later;
	struct stuck stuck;

	ck_assert_uint_eq(DVT_ARRAY_SIZE(laters), DVT_NR_CALLS);
	start_or_skip(&stuck, DVT_BY_US, DVP_PEER_LATE, LATE_MS);
	call_and_wait(&stuck, DVT_CALL_REVOKE);
	dvt_child_kill(&stuck.call.child);
	dvt_call_start(&later, laters[_i].what, &stuck.import.dev,
		       stuck.import.fd);
	ck_assert_int_eq(dvt_call_end(&later), laters[_i].ret);
	dvt_peer_assert_state(&stuck.import.peer, 0, 1);
}
END_TEST

START_TEST(second_revoke_waits_with_the_first)
{
	struct dvt_call second;
	struct stuck stuck;

	start_or_skip(&stuck, DVT_BY_US, DVP_PEER_NEVER, 0);
	call_and_wait(&stuck, DVT_CALL_REVOKE);
	dvt_call_start(&second, DVT_CALL_REVOKE, &stuck.import.dev,
		       stuck.import.fd);
	assert_others_live(&stuck);
	dvt_call_assert_waits(&second);
	let_go(&stuck);
	ck_assert_int_eq(dvt_call_end(&stuck.call), 0);
	ck_assert_int_eq(dvt_call_end(&second), -EBADFD);
	ck_assert_uint_eq(dvt_peer_state(&stuck.import.peer).notified, 1);
}
END_TEST

START_TEST(importer_that_dies_is_not_waited_for)
{
	const struct wait_row *row = &waits[_i];
	struct dvt_child owner;
	struct stuck stuck;

	start_or_skip(&stuck, row->by, DVP_PEER_NEVER, 0);
	dvt_child_start(&owner, 0);
	dvt_child_give(&owner, stuck.import.peer.fd);
	call_and_wait(&stuck, row->what);
	assert_still_waits(&stuck);
	close(stuck.import.peer.fd);
	dvt_call_assert_waits(&stuck.call);
	dvt_child_kill(&owner);
	ck_assert_int_eq(dvt_call_end(&stuck.call), 0);
}
END_TEST

START_TEST(device_is_usable_after_a_stuck_importer)
{
	const struct wait_row *row = &waits[_i];
	struct dvt_import *import;
	struct stuck stuck;

	start_or_skip(&stuck, row->by, DVP_PEER_NEVER, 0);
	import = &stuck.import;
	call_and_wait(&stuck, row->what);
	let_go(&stuck);
	ck_assert_int_eq(dvt_call_end(&stuck.call), 0);
	ck_assert_int_eq(dvt_peer_detach(&import->peer), 0);

	if (row->what == DVT_CALL_CLOSE)
		dvt_import_reopen(import);
	dvt_memory_on(&import->dev);
	import->fd = dvt_export(&import->dev, DVT_IMPORT_BAR, 0,
				DVT_IMPORT_LEN, O_RDWR);
	dvt_peer_import(&import->peer, import->fd);
	dvt_import_assert_leads_to(import, 0, 0);
}
END_TEST

DVT_MAIN_PARAM("import_stuck",
	       { call_returns_when_a_late_importer_has_let_go, NR_WAITS },
	       { call_waits_for_an_importer_that_does_not_let_go, NR_WAITS },
	       { call_waits_for_fences, NR_WAITS },
	       { fence_that_outlasts_everything_can_be_left_behind },
	       { other_buffers_live_while_a_revoke_waits },
	       { other_devices_live_while_a_call_waits, NR_WAITS },
	       { log_names_the_importer_again_and_again },
	       { log_says_nothing_of_an_importer_that_lets_go_in_time },
	       { revoke_that_waits_can_be_killed_and_the_buffer_stays_revoked },
	       { later_call_waits_for_what_a_killed_revoke_left, 4 },
	       { second_revoke_waits_with_the_first },
	       { importer_that_dies_is_not_waited_for, NR_WAITS },
	       { device_is_usable_after_a_stuck_importer, NR_WAITS })
