// SPDX-License-Identifier: GPL-2.0-only
/*
 * Importers that keep the lock which they map and unmap under: processors are
 * out all the same, other buffers live, and a revoke that waits can be killed.
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "dvt_call.h"
#include "dvt_import.h"
#include "dvt_param.h"

#define PAUSE_US 20000
/* Longer than a test may take. */
#define LONG_MS 600000

static int keep_locked(int sock, void *arg)
{
	struct dvt_peer *peer = arg;

	peer->fd = dvl_recv_fd(sock);
	return peer->fd < 0 || dvt_peer_lock(peer, LONG_MS);
}

/* Another importer of the buffer, in a process that keeps it locked. */
static void locker_start(struct dvt_child *locker, struct dvt_peer *peer,
			 const struct dvt_import *import)
{
	dvt_peer_open(peer, import->peer.bdf);
	ck_assert_int_eq(dvt_peer_attach(peer, import->fd), 0);
	dvt_child_fork(locker, 0, keep_locked, peer);
	ck_assert_int_eq(dvl_send_fd(locker->sock, peer->fd), 0);
	while (!dvt_peer_state(peer).locked)
		usleep(PAUSE_US);
}

static void wait_for_sigbus(void *map)
{
	while (dvt_read32(map) != DVT_SIGBUS)
		usleep(PAUSE_US);
}

START_TEST(processors_are_out_while_an_importer_keeps_the_buffer_locked)
{
	struct dvt_child locker;
	struct dvt_import import;
	struct dvt_peer peer;
	struct dvt_call call;
	void *map;

	dvt_import_busy_or_skip(&import, map, DVP_PEER_UNMAPS, 0);
	locker_start(&locker, &peer, &import);
	dvt_call_start(&call, _i, &import.dev, import.fd);
	wait_for_sigbus(map);
	dvt_call_assert_waits(&call);
	ck_assert_uint_eq(dvt_peer_state(&import.peer).mapped, 1);
	ck_assert_uint_eq(dvt_peer_state(&peer).locked, 1);
	dvt_child_kill(&locker);
	ck_assert_int_eq(dvt_call_end(&call), 0);
	dvt_peer_assert_state(&import.peer, 0, 1);
}
END_TEST

static void do_nothing(int sig)
{
	(void)sig;
}

/* With _i, after a signal that it survives. */
START_TEST(revoke_that_waits_for_the_lock_can_be_killed)
{
	struct dvt_child locker;
	struct dvt_import import;
	struct dvt_peer peer;
	struct dvt_call call;
	void *map;
	int log;

	dvt_import_busy_or_skip(&import, map, DVP_PEER_UNMAPS, 0);
	locker_start(&locker, &peer, &import);
	log = dvt_log_mark();
	ck_assert(signal(SIGUSR1, do_nothing) != SIG_ERR);
	dvt_call_start(&call, DVT_CALL_REVOKE, &import.dev, import.fd);
	wait_for_sigbus(map);
	while (!dvt_log_count(log, import.dev.bdf, "locked"))
		usleep(PAUSE_US);
	if (_i)
		ck_assert_int_eq(kill(call.child.pid, SIGUSR1), 0);
	dvt_call_assert_waits(&call);
	dvt_child_kill(&call.child);
	ck_assert_uint_eq(dvt_peer_state(&peer).locked, 1);
	ck_assert_uint_eq(dvt_peer_state(&import.peer).mapped, 1);
	dvt_assert_sigbus(map);

	dvt_child_kill(&locker);
	ck_assert_int_eq(dvl_revoke(import.dev.fd, import.fd), -EBADFD);
	dvt_peer_assert_state(&import.peer, 0, 1);
}
END_TEST

START_TEST(other_buffers_live_while_one_is_kept_locked)
{
	struct dvt_import import, other;
	struct dvt_child locker;
	struct dvt_peer peer;
	struct dvt_call call;
	void *map;

	dvt_import_busy_or_skip(&import, map, DVP_PEER_UNMAPS, 0);
	other = import;
	locker_start(&locker, &peer, &import);
	dvt_call_start(&call, DVT_CALL_REVOKE, &import.dev, import.fd);
	wait_for_sigbus(map);
	other.fd = dvt_export(&other.dev, DVT_IMPORT_BAR, 0, DVT_MIB, O_RDWR);
	dvt_peer_open(&other.peer, import.peer.bdf);
	dvt_peer_import(&other.peer, other.fd);
	dvt_import_assert_leads_to(&other, 0, 0);
	ck_assert_int_eq(dvl_revoke(other.dev.fd, other.fd), 0);
	dvt_peer_assert_state(&other.peer, 0, 1);

	dvt_call_assert_waits(&call);
	dvt_child_kill(&locker);
	ck_assert_int_eq(dvt_call_end(&call), 0);
}
END_TEST

DVT_MAIN_PARAM("import_lock",
	       { processors_are_out_while_an_importer_keeps_the_buffer_locked,
		 DVT_NR_CALLS },
	       { revoke_that_waits_for_the_lock_can_be_killed, 2 },
	       { other_buffers_live_while_one_is_kept_locked })
