// SPDX-License-Identifier: GPL-2.0-only
/*
 * Importers that do more than take their time: keep the buffer locked, add
 * fences without end, hold on while several callers want the buffer back.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dvt_call.h"
#include "dvt_config.h"
#include "dvt_import.h"
#include "dvt_param.h"

#define LATE_MS 2000
#define LOOKED_AT_MS 20
#define NR_ENTRIES 50
#define PAUSE_US 20000
/* Longer than a test may take. */
#define LONG_MS 600000

/*
 * An importer that holds on delays whoever needs its buffer gone, and nobody else.
 */

static int toggle_master(int sock, void *arg)
{
	static const struct dvt_span byte = { 0, 1 };
	struct dvl_device *dev = arg;

	dev->fd = dvl_recv_fd(sock);
	return dvt_span_write(dev, PCI_COMMAND, &byte, PCI_COMMAND_MASTER,
			      PCI_COMMAND_MASTER);
}

START_TEST(others_go_on_beside_an_importer_that_holds_on)
{
	const char *another = dvt_bdf("DVP_BDF_DISPLAY");
	struct dvt_import import;
	struct dvt_child writer;
	struct dvt_call call;
	void *map, *other;

	if (!another)
		dvt_skip("no device for DVP_BDF_DISPLAY");
	dvt_import_busy_or_skip(&import, map, DVP_PEER_NEVER, 0);
	other = dvt_map(dvt_export(&import.dev, DVT_IMPORT_BAR, 0, DVT_MIB,
				   O_RDWR), DVT_MIB, PROT_READ | PROT_WRITE);
	dvt_call_start(&call, DVT_CALL_REVOKE, &import.dev, import.fd);
	dvt_peer_wait_notified(&import.peer, 1);
	dvt_child_kill(&call.child);

	/* It may end memory, so it waits; that costs other borrowers nothing. */
	dvt_child_fork(&writer, 0, toggle_master, &import.dev);
	ck_assert_int_eq(dvl_send_fd(writer.sock, import.dev.fd), 0);
	while (dvt_task_state(writer.pid) != 'D')
		usleep(PAUSE_US);
	dvt_assert_usable(other);
	ck_assert_int_eq(madvise(other, DVT_MIB, MADV_DONTNEED), 0);
	dvt_assert_usable(other);
	ck_assert_int_eq(dvl_sysfs_unbind(another), 0);
	dvt_bind(another, DVL_DRIVER);
	ck_assert_int_eq(dvt_task_state(writer.pid), 'D');
	dvt_child_kill(&writer);

	dvt_assert_usable(other);
	dvt_assert_sigbus(map);
	dvt_peer_assert_state(&import.peer, 1, 1);
}
END_TEST

/*
 * Fences.
 */

/**
 * struct flood - a thread that adds a fence before the last one ends
 * @peer: an importer, attached
 * @thread: the thread
 * @stop: ends it
 * @nr: fences that it added
 * @ret: what adding one gave, if not 0
 */
struct flood {
	struct dvt_peer peer;
	pthread_t thread;
	atomic_bool stop;
	atomic_uint nr;
	atomic_int ret;
};

static void *add_fences(void *arg)
{
	struct flood *flood = arg;
	int ret;

	while (!atomic_load(&flood->stop)) {
		ret = dvt_peer_fence(&flood->peer, 1500);
		if (ret)
			atomic_store(&flood->ret, ret);
		atomic_fetch_add(&flood->nr, 1);
		usleep(500000);
	}
	return NULL;
}

START_TEST(fences_added_after_the_call_do_not_delay_it)
{
	struct flood flood = { 0 };
	struct dvt_import import;
	struct dvt_call call;
	void *map;

	dvt_import_busy_or_skip(&import, map, DVP_PEER_UNMAPS, 0);
	dvt_peer_open(&flood.peer, import.peer.bdf);
	ck_assert_int_eq(dvt_peer_attach(&flood.peer, import.fd), 0);
	ck_assert_int_eq(pthread_create(&flood.thread, NULL, add_fences,
					&flood), 0);
	while (!atomic_load(&flood.nr))
		usleep(PAUSE_US);
	dvt_call_start(&call, DVT_CALL_REVOKE, &import.dev, import.fd);
	/* It ends while they come. If not, Check's timeout is the judge. */
	ck_assert_int_eq(dvt_call_end(&call), 0);
	dvt_assert_sigbus(map);
	atomic_store(&flood.stop, true);
	ck_assert_int_eq(pthread_join(flood.thread, NULL), 0);
	ck_assert_int_eq(atomic_load(&flood.ret), 0);
	dvt_peer_assert_state(&import.peer, 0, 1);
}
END_TEST

START_TEST(fence_of_an_importer_that_has_unmapped_by_itself_is_waited_for)
{
	struct dvt_import import;

	dvt_import_or_skip(&import, _i);
	dvt_peer_import(&import.peer, import.fd);
	ck_assert_int_eq(dvt_peer_fence(&import.peer, 1500), 0);
	ck_assert_int_eq(dvt_peer_unmap(&import.peer), 0);
	dvt_memory_off(&import.dev);
	ck_assert_uint_eq(dvt_peer_state(&import.peer).fences, 0);
}
END_TEST

/**
 * struct looker - makes the driver look at the device, again and again
 * @fd: the device
 * @buffer: a buffer of it
 * @stop: no more
 * @thread: does it
 */
struct looker {
	int fd;
	int buffer;
	atomic_bool stop;
	pthread_t thread;
};

static void *look(void *arg)
{
	struct looker *looker = arg;
	struct dmabuf_vfio_pci_state state = { .dmabuf_fd = looker->buffer };

	while (!looker->stop) {
		if (dvl_feature(looker->fd, DMABUF_VFIO_PCI_FEATURE_STATE,
				VFIO_DEVICE_FEATURE_GET, &state, sizeof(state)))
			return looker;
	}
	return NULL;
}

static void low_power(const struct dvt_import *import, uint32_t feature)
{
	ck_assert_int_eq(dvl_feature(import->dev.fd, feature,
				     VFIO_DEVICE_FEATURE_SET, NULL, 0), 0);
}

/* Who sees first that memory has ended need not be who has ended it. */
START_TEST(low_power_entry_waits_also_where_another_thread_looks)
{
	struct looker looker = {};
	struct dvt_import import;
	void *map, *failed;
	int i;

	dvt_import_busy_or_skip(&import, map, DVP_PEER_LATE, LOOKED_AT_MS);
	looker.fd = import.dev.fd;
	looker.buffer = import.fd;
	ck_assert_int_eq(pthread_create(&looker.thread, NULL, look, &looker),
			 0);
	for (i = 0; i < NR_ENTRIES; i++) {
		low_power(&import, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY);
		ck_assert_uint_eq(dvt_peer_state(&import.peer).mapped, 0);
		low_power(&import, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
		ck_assert_int_eq(dvt_peer_map(&import.peer,
					      DVP_PEER_BIDIRECTIONAL), 0);
	}
	looker.stop = true;
	ck_assert_int_eq(pthread_join(looker.thread, &failed), 0);
	ck_assert_ptr_null(failed);
	dvt_assert_usable(map);
}
END_TEST

START_TEST(importer_whose_driver_goes_is_not_waited_for)
{
	struct dvt_import import;
	struct dvt_call call;
	int unbound;
	void *map;

	dvt_import_busy_or_skip(&import, map, DVP_PEER_NEVER, 0);
	dvt_call_start(&call, _i, &import.dev, import.fd);
	dvt_peer_wait_notified(&import.peer, 1);
	dvt_assert_sigbus(map);
	dvt_call_assert_waits(&call);
	unbound = dvl_sysfs_unbind(import.peer.bdf);
	dvt_bind(import.peer.bdf, DVP_PEER_DRIVER);
	ck_assert_int_eq(unbound, 0);
	ck_assert_int_eq(dvt_call_end(&call), 0);
	/* What is left of it is a descriptor. */
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL),
			 -ENODEV);
}
END_TEST

/*
 * Who is told, and how often.
 */

START_TEST(importer_is_told_once_however_many_calls_want_the_buffer_back)
{
	static const struct {
		enum dvt_call_what what;
		int ret;
	} rows[] = {
		{ DVT_CALL_REVOKE, 0 },
		{ DVT_CALL_REVOKE, -EBADFD },
		{ DVT_CALL_RESET, 0 },
		{ DVT_CALL_MEMORY_OFF, 0 },
	};
	struct dvt_call calls[DVT_ARRAY_SIZE(rows)];
	struct dvt_import import;
	void *map;
	size_t i;

	dvt_import_busy_or_skip(&import, map, DVP_PEER_LATE, LATE_MS);
	for (i = 0; i < DVT_ARRAY_SIZE(rows); i++) {
		dvt_call_start(&calls[i], rows[i].what, &import.dev, import.fd);
		dvt_peer_wait_notified(&import.peer, 1);
	}
	for (i = 0; i < DVT_ARRAY_SIZE(rows); i++) {
		ck_assert_int_eq(dvt_call_end(&calls[i]), rows[i].ret);
		dvt_peer_assert_state(&import.peer, 0, 1);
	}
	dvt_assert_sigbus(map);
}
END_TEST

START_TEST(importer_is_told_each_time_that_it_has_mapped)
{
	struct dvt_import import;
	void *map;
	int i;

	dvt_import_busy_or_skip(&import, map, DVP_PEER_UNMAPS, 0);
	for (i = 1; i <= 4; i++) {
		dvt_memory_off(&import.dev);
		dvt_peer_assert_state(&import.peer, 0, i);
		dvt_memory_on(&import.dev);
		ck_assert_int_eq(dvt_peer_map(&import.peer,
					      DVP_PEER_BIDIRECTIONAL), 0);
	}
	dvt_assert_usable(map);
}
END_TEST

START_TEST(importer_without_a_mapping_is_not_told_for_another_buffer)
{
	struct dvt_import import;
	struct dvt_peer attached;
	void *map;

	dvt_import_busy_or_skip(&import, map, DVP_PEER_UNMAPS, 0);
	dvt_peer_open(&attached, import.peer.bdf);
	ck_assert_int_eq(dvt_peer_attach(&attached,
					 dvt_export(&import.dev, DVT_IMPORT_BAR,
						    0, DVT_IMPORT_LEN,
						    O_RDWR)), 0);
	dvt_memory_off(&import.dev);
	dvt_assert_sigbus(map);
	dvt_peer_assert_state(&import.peer, 0, 1);
	dvt_peer_assert_state(&attached, 0, 0);
}
END_TEST

DVT_MAIN_PARAM("import_hostile",
	       { others_go_on_beside_an_importer_that_holds_on },
	       { fences_added_after_the_call_do_not_delay_it },
	       { fence_of_an_importer_that_has_unmapped_by_itself_is_waited_for,
		 DVT_NR_EXPORTERS },
	       { low_power_entry_waits_also_where_another_thread_looks },
	       { importer_whose_driver_goes_is_not_waited_for, DVT_NR_CALLS },
	       { importer_is_told_once_however_many_calls_want_the_buffer_back },
	       { importer_is_told_each_time_that_it_has_mapped },
	       { importer_without_a_mapping_is_not_told_for_another_buffer })
