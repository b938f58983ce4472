// SPDX-License-Identifier: GPL-2.0-only
/*
 * Importers when memory runs out: each allocation of each call fails once. Who
 * cannot attach or map is told so, and letting go works without any memory.
 */
#include <unistd.h>

#include "dvt_failnth.h"
#include "dvt_import.h"

static void nothing_before(void *arg)
{
	(void)arg;
}

static void nothing_after(void *arg, int ret)
{
	(void)arg;
	(void)ret;
}

static void detach(void *arg, int ret)
{
	struct dvt_import *import = arg;

	if (ret >= 0)
		ck_assert_int_eq(dvt_peer_detach(&import->peer), 0);
}

static int call_attach(void *arg)
{
	struct dvt_import *import = arg;

	return dvt_peer_attach(&import->peer, import->fd);
}

static void attach(void *arg)
{
	ck_assert_int_eq(call_attach(arg), 0);
}

static int call_map(void *arg)
{
	struct dvt_import *import = arg;

	return dvt_peer_map(&import->peer, DVP_PEER_BIDIRECTIONAL);
}

static void mapped_leads_there(void *arg, int ret)
{
	(void)ret;
	dvt_import_assert_leads_to(arg, DVT_MIB, DVT_MIB);
}

static void detach_always(void *arg, int ret)
{
	(void)ret;
	detach(arg, 0);
}

static void attach_and_map(void *arg)
{
	attach(arg);
	ck_assert_int_eq(call_map(arg), 0);
}

static int call_unmap(void *arg)
{
	struct dvt_import *import = arg;

	return dvt_peer_unmap(&import->peer);
}

static int call_detach(void *arg)
{
	struct dvt_import *import = arg;

	return dvt_peer_detach(&import->peer);
}

/* A buffer for one try. */
static void export_and_map(void *arg)
{
	struct dvt_import *import = arg;

	import->fd = dvt_export(&import->dev, DVT_IMPORT_BAR, 0, DVT_IMPORT_LEN,
				O_RDWR | O_CLOEXEC);
	attach_and_map(arg);
}

static int call_revoke(void *arg)
{
	struct dvt_import *import = arg;

	return dvl_revoke(import->dev.fd, import->fd);
}

static void importer_has_let_go(void *arg, int ret)
{
	struct dvt_import *import = arg;

	(void)ret;
	dvt_peer_assert_state(&import->peer, 0, 1);
}

static void detach_and_close(void *arg, int ret)
{
	struct dvt_import *import = arg;

	detach_always(arg, ret);
	ck_assert_int_eq(close(import->fd), 0);
}

static const struct dvt_failnth_call calls[] = {
	{ "attach of an importer", DVT_MUST_FAIL, 0, nothing_before, call_attach,
	  NULL, detach },
	{ "map by an importer", DVT_MUST_FAIL, 0, attach, call_map,
	  mapped_leads_there, detach_always },
	{ "unmap by an importer", DVT_MUST_WORK, 0, attach_and_map, call_unmap,
	  NULL, detach_always },
	{ "detach of an importer", DVT_MUST_WORK, 0, attach_and_map, call_detach,
	  NULL, nothing_after },
	{ "revoke with an importer", DVT_MUST_WORK, 0, export_and_map,
	  call_revoke, importer_has_let_go, detach_and_close },
};

START_TEST(importer_call_survives_each_failed_allocation)
{
	struct dvt_import import;

	dvt_failnth_or_skip();
	dvt_import_or_skip(&import, DVT_BY_US);
	dvt_failnth_sweep(&calls[_i], &import);
}
END_TEST

DVT_MAIN_FAILNTH("failnth_import",
		 { importer_call_survives_each_failed_allocation,
		   DVT_ARRAY_SIZE(calls) })
