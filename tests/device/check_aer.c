// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors of the link to a device, that its root port reports: see Advanced Error
 * Reporting in the PCI Express Base Specification. The kernel ends a fatal one by a
 * reset of the link, after which the device has forgotten its configuration; VFIO
 * puts that back when the user switches memory on.
 */
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dvt_import.h"
#include "dvt_monitor.h"
#include "dvt_param.h"
#include "dvt_request.h"
#include "dvt_show.h"
#include "dvt_witness.h"

/* A PCI Express device, as older kernels tell users of others nothing. */
#define ROLE "DVP_BDF_DISPLAY"
#define BAR 0
/* QEMU's names of the root ports above it, and above DVP_BDF, which is imported. */
#define PORT "port15"
#define IMPORT_PORT "port10"
#define PAUSE_US 1000

/* What the log says while importers keep memory blocked. */
#define RELEASE_TEXT "memory stays blocked after an error until importers have released it"

#define FATAL "DLP"
#define NOT_FATAL "COMP_TIME"

/* The kernel looks after errors of ports that the firmware leaves to it. */
static bool kernel_handles_errors(void)
{
	glob_t ports;
	int ret = glob("/sys/bus/pci_express/drivers/aer/*:pcie*", 0, NULL,
		       &ports);

	globfree(&ports);
	return !ret;
}

#define errors_or_skip(mon)						\
	do {								\
		if (!kernel_handles_errors())				\
			dvt_skip("the kernel does not handle errors of ports"); \
		dvt_monitor_or_skip(mon);				\
	} while (0)

static void inject(struct dvt_monitor *mon, const char *port, const char *error)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "\"command-line\": \"pcie_aer_inject_error %s %s\"", port,
		 error);
	dvt_monitor_ask(mon, "human-monitor-command", command);
}

static void wait_told(int event)
{
	eventfd_t count;

	ck_assert_int_eq(eventfd_read(event, &count), 0);
}

static void wait_recovered(int log)
{
	while (!dvt_log_has(log, "device recovery successful"))
		usleep(PAUSE_US);
}

/**
 * struct user - a user of a device, who is told of errors
 * @mon: the monitor
 * @dev: the device, open
 * @event: signalled when there was an error
 * @w: a buffer with mappings
 */
struct user {
	struct dvt_monitor mon;
	struct dvl_device dev;
	int event;
	struct dvt_witness w;
};

static void user_begin(struct user *user)
{
	user->event = dvt_error_eventfd(&user->dev);
	dvt_witness_start(&user->w, &user->dev, BAR, 0, DVT_MIB);
	dvt_witness_assert_usable(&user->w);
}

#define user_or_skip(user)						\
	do {								\
		dvt_open_or_skip(&(user)->dev, ROLE);			\
		errors_or_skip(&(user)->mon);				\
		user_begin(user);					\
	} while (0)

static void user_end(struct user *user)
{
	dvt_witness_stop(&user->w);
	dvt_monitor_close(&user->mon);
}

START_TEST(fatal_error_blocks_until_memory_is_switched_on)
{
	int log = dvt_log_mark();
	struct user user;

	user_or_skip(&user);
	inject(&user.mon, PORT, FATAL);
	wait_told(user.event);
	dvt_witness_assert_paused(&user.w);
	wait_recovered(log);
	dvt_witness_assert_paused(&user.w);
	dvt_assert_blocked(user.dev.bdf, "decode_off");
	dvt_memory_on(&user.dev);
	dvt_assert_state(user.dev.bdf, "usable");
	dvt_witness_assert_usable(&user.w);
	user_end(&user);
}
END_TEST

START_TEST(device_can_be_opened_again_after_a_fatal_error)
{
	int log = dvt_log_mark();
	struct user user;

	user_or_skip(&user);
	inject(&user.mon, PORT, FATAL);
	wait_recovered(log);
	dvt_witness_stop(&user.w);
	dvl_device_close(&user.dev);
	dvt_open(&user.dev, dvt_bdf(ROLE));
	user_begin(&user);
	user_end(&user);
}
END_TEST

START_TEST(error_that_is_not_fatal_blocks_nothing)
{
	int log = dvt_log_mark();
	struct user user;

	user_or_skip(&user);
	inject(&user.mon, PORT, NOT_FATAL);
	wait_told(user.event);
	wait_recovered(log);
	dvt_assert_state(user.dev.bdf, "usable");
	dvt_witness_assert_usable(&user.w);
	user_end(&user);
}
END_TEST

START_TEST(fatal_error_ends_the_mapping_of_an_importer)
{
	struct dvt_import import;
	struct dvt_monitor mon;
	void *map;
	int log;

	dvt_import_busy_or_skip(&import, map, DVP_PEER_UNMAPS, 0);
	errors_or_skip(&mon);
	log = dvt_log_mark();
	inject(&mon, IMPORT_PORT, FATAL);
	wait_recovered(log);
	dvt_assert_sigbus(map);
	/* Recovery does not wait for it. */
	while (dvt_peer_state(&import.peer).mapped)
		usleep(PAUSE_US);
	dvt_peer_assert_state(&import.peer, 0, 1);
	dvt_memory_on(&import.dev);
	dvt_assert_usable(map);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL), 0);
	dvt_import_assert_leads_to(&import, 0, 0);
	dvt_monitor_close(&mon);
}
END_TEST

/* The kernel's recovery does not wait for an importer, so the memory does. */
START_TEST(memory_stays_blocked_while_an_importer_has_it_after_a_fatal_error)
{
	struct dvt_import import;
	struct dvt_monitor mon;
	char causes[128];
	int log, warned;
	void *map;

	dvt_import_busy_or_skip(&import, map, DVP_PEER_NEVER, 0);
	errors_or_skip(&mon);
	log = dvt_log_mark();
	warned = dvt_log_mark();
	inject(&mon, IMPORT_PORT, FATAL);
	wait_recovered(log);
	ck_assert_uint_eq(dvt_log_count(warned, import.dev.bdf, RELEASE_TEXT),
			  1);
	dvt_peer_assert_state(&import.peer, 1, 1);
	dvt_assert_sigbus(map);
	ck_assert_int_eq(dvl_sysfs_read(import.dev.bdf, "dmabuf/causes",
					causes, sizeof(causes)), 0);
	ck_assert_ptr_nonnull(strstr(causes, "link_error"));

	/* No reset is needed once the importer is gone. */
	ck_assert_int_eq(dvt_peer_unmap(&import.peer), 0);
	dvt_assert_sigbus(map);
	dvt_memory_on(&import.dev);
	dvt_assert_state(import.dev.bdf, "usable");
	dvt_assert_usable(map);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL), 0);
	dvt_import_assert_leads_to(&import, 0, 0);
	dvt_monitor_close(&mon);
}
END_TEST

DVT_MAIN_PARAM("aer",
	       { fatal_error_blocks_until_memory_is_switched_on },
	       { device_can_be_opened_again_after_a_fatal_error },
	       { error_that_is_not_fatal_blocks_nothing },
	       { fatal_error_ends_the_mapping_of_an_importer },
	       { memory_stays_blocked_while_an_importer_has_it_after_a_fatal_error })
