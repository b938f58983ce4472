// SPDX-License-Identifier: GPL-2.0-only
/*
 * What leaves an importer alone: whatever does not end the memory of its
 * buffer. And what it meets when it maps while memory comes and goes.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "dvt_config.h"
#include "dvt_import.h"
#include "dvt_param.h"

#define NR_WRITES 100
#define NR_ROUNDS 200

/* Mapped, never told, and DMA works. */
static void assert_left_alone(const struct dvt_import *import)
{
	dvt_peer_assert_state(&import->peer, 1, 0);
	dvt_import_assert_leads_to(import, DVT_MIB, DVT_MIB);
}

START_TEST(writes_that_leave_the_gated_byte_tell_nobody)
{
	static const struct {
		unsigned int reg;
		uint8_t mask;
	} bits[] = {
		{ PCI_COMMAND + 1, PCI_COMMAND_INTX_DISABLE >> 8 },
		{ PCI_CACHE_LINE_SIZE, 0xff },
	};
	static const struct dvt_span spans[] = { { 0, 1 }, { 0, 2 } };
	struct dvt_import import;
	unsigned int i, j;

	dvt_import_or_skip(&import, _i);
	dvt_peer_import(&import.peer, import.fd);
	for (i = 0; i < DVT_ARRAY_SIZE(bits); i++)
		for (j = 0; j < NR_WRITES; j++)
			ck_assert_int_eq(dvt_span_write(&import.dev,
							bits[i].reg,
							&spans[j / 2 % 2],
							bits[i].mask,
							j % 2 ? bits[i].mask :
								0), 0);
	assert_left_alone(&import);
}
END_TEST

/* The core reads the byte later, and another thread can change it by then. */
START_TEST(write_that_changes_the_gated_byte_ends_the_mapping)
{
	static const struct dvt_span byte = { 0, 1 };
	struct dvt_import import;
	int i;

	dvt_import_or_skip(&import, DVT_BY_US);
	for (i = 1; i <= 4; i++) {
		dvt_peer_import(&import.peer, import.fd);
		ck_assert_int_eq(dvt_span_write(&import.dev, PCI_COMMAND, &byte,
						PCI_COMMAND_MASTER,
						i % 2 ? PCI_COMMAND_MASTER : 0),
				 0);
		dvt_peer_assert_state(&import.peer, 0, 1);
		ck_assert_int_eq(dvt_peer_detach(&import.peer), 0);
	}
}
END_TEST

START_TEST(memory_on_over_memory_on_tells_nobody)
{
	struct dvt_import import;
	int i;

	dvt_import_or_skip(&import, _i);
	dvt_peer_import(&import.peer, import.fd);
	for (i = 0; i < NR_WRITES; i++)
		dvt_memory_on(&import.dev);
	assert_left_alone(&import);
}
END_TEST

START_TEST(write_that_cannot_be_read_tells_nobody)
{
	struct dvt_import import;
	void *bad;

	dvt_import_or_skip(&import, _i);
	dvt_peer_import(&import.peer, import.fd);
	bad = mmap(NULL, 0x1000, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(bad, MAP_FAILED);
	ck_assert_int_eq(dvl_config_write(&import.dev, PCI_COMMAND, bad, 2),
			 -EFAULT);
	assert_left_alone(&import);
}
END_TEST

START_TEST(power_state_that_stays_d0_tells_nobody)
{
	static const struct dvt_span word = { 0, 2 };
	struct dvt_import import;
	unsigned int ctrl;
	int i;

	dvt_import_open_or_skip(&import, DVT_BY_US);
	dvt_open_or_skip(&import.dev, "DVP_BDF_FLR");
	import.fd = dvt_export(&import.dev, 4, 0, 0x1000, O_RDWR);
	dvt_peer_import(&import.peer, import.fd);
	ctrl = dvt_pm_ctrl(&import.dev);
	for (i = 0; i < NR_WRITES; i++)
		ck_assert_int_eq(dvt_span_write(&import.dev, ctrl, &word,
						PCI_PM_CTRL_STATE_MASK, 0), 0);
	dvt_peer_assert_state(&import.peer, 1, 0);
}
END_TEST

START_TEST(end_of_another_buffer_tells_nobody)
{
	struct dvt_import import;
	int fd;

	dvt_import_or_skip(&import, DVT_BY_US);
	fd = dvt_export(&import.dev, DVT_IMPORT_BAR, 0, DVT_IMPORT_LEN, O_RDWR);
	dvt_peer_import(&import.peer, import.fd);
	ck_assert_int_eq(dvl_revoke(import.dev.fd, fd), 0);
	close(fd);
	assert_left_alone(&import);
}
END_TEST

START_TEST(end_of_another_device_tells_nobody)
{
	struct dvt_import import;
	struct dvl_device other;
	int fd;

	dvt_import_or_skip(&import, _i);
	dvt_open_or_skip(&other, "DVP_BDF_1G");
	fd = dvt_export(&other, DVT_IMPORT_BAR, 0, DVT_IMPORT_LEN, O_RDWR);
	dvt_peer_import(&import.peer, import.fd);
	ck_assert_int_eq(dvl_device_reset(&other), 0);
	dvt_memory_off(&other);
	ck_assert_int_eq(dvl_revoke(other.fd, fd), 0);
	dvl_device_close(&other);
	assert_left_alone(&import);
}
END_TEST

START_TEST(revoke_that_fails_tells_nobody)
{
	struct dvt_import import;
	struct dvl_device other;

	dvt_import_or_skip(&import, DVT_BY_US);
	dvt_open_or_skip(&other, "DVP_BDF_1G");
	dvt_peer_import(&import.peer, import.fd);
	ck_assert_int_eq(dvl_revoke(other.fd, import.fd), -ENODEV);
	assert_left_alone(&import);
}
END_TEST

/**
 * struct mapper - a thread that maps and unmaps without a pause
 * @peer: the importer, attached
 * @stop: ends it
 * @nr_mapped: maps that worked
 * @nr_enodev: maps that found the buffer out of reach
 * @bad: what else a call gave, or 0
 */
struct mapper {
	struct dvt_peer peer;
	pthread_t thread;
	atomic_bool stop;
	atomic_uint nr_mapped;
	atomic_uint nr_enodev;
	atomic_int bad;
};

static void *map_and_unmap(void *arg)
{
	struct mapper *mapper = arg;
	int ret;

	while (!atomic_load(&mapper->stop)) {
		ret = dvt_peer_map(&mapper->peer, DVP_PEER_BIDIRECTIONAL);
		if (!ret)
			atomic_fetch_add(&mapper->nr_mapped, 1);
		else if (ret == -ENODEV)
			atomic_fetch_add(&mapper->nr_enodev, 1);
		else
			atomic_store(&mapper->bad, ret);
		ret = dvt_peer_unmap(&mapper->peer);
		/* The callback can have come first. */
		if (ret && ret != -ENOTCONN)
			atomic_store(&mapper->bad, ret);
	}
	return NULL;
}

static void mapper_start(struct mapper *mapper, const char *bdf, int fd)
{
	*mapper = (struct mapper){ 0 };
	dvt_peer_open(&mapper->peer, bdf);
	ck_assert_int_eq(dvt_peer_attach(&mapper->peer, fd), 0);
	ck_assert_int_eq(pthread_create(&mapper->thread, NULL, map_and_unmap,
					mapper), 0);
}

static void mapper_stop(struct mapper *mapper)
{
	atomic_store(&mapper->stop, true);
	ck_assert_int_eq(pthread_join(mapper->thread, NULL), 0);
	ck_assert_int_eq(atomic_load(&mapper->bad), 0);
	ck_assert_uint_gt(atomic_load(&mapper->nr_mapped), 0);
}

START_TEST(nobody_has_a_mapping_while_memory_is_off)
{
	struct mapper mappers[2];
	struct dvt_import import;
	unsigned int seen;
	int i, j;

	dvt_import_or_skip(&import, _i);
	for (i = 0; i < 2; i++)
		mapper_start(&mappers[i], import.peer.bdf, import.fd);
	for (i = 0; i < NR_ROUNDS; i++) {
		seen = atomic_load(&mappers[0].nr_mapped);
		while (atomic_load(&mappers[0].nr_mapped) == seen)
			sched_yield();
		dvt_memory_off(&import.dev);
		for (j = 0; j < 2; j++)
			ck_assert_uint_eq(dvt_peer_state(&mappers[j].peer).mapped,
					  0);
		dvt_memory_on(&import.dev);
	}
	for (i = 0; i < 2; i++)
		mapper_stop(&mappers[i]);
	dvt_peer_import(&import.peer, import.fd);
	dvt_import_assert_leads_to(&import, 0, 0);
}
END_TEST

START_TEST(nobody_has_a_mapping_after_a_revoke)
{
	struct dvt_import import;
	struct mapper mapper;
	int i, fd;

	dvt_import_or_skip(&import, DVT_BY_US);
	for (i = 0; i < NR_ROUNDS / 4; i++) {
		fd = dvt_export(&import.dev, DVT_IMPORT_BAR, 0, DVT_MIB,
				O_RDWR);
		mapper_start(&mapper, import.peer.bdf, fd);
		while (!atomic_load(&mapper.nr_mapped))
			sched_yield();
		ck_assert_int_eq(dvl_revoke(import.dev.fd, fd), 0);
		ck_assert_uint_eq(dvt_peer_state(&mapper.peer).mapped, 0);
		while (!atomic_load(&mapper.nr_enodev))
			sched_yield();
		mapper_stop(&mapper);
		dvt_peer_close(&mapper.peer);
		close(fd);
	}
}
END_TEST

DVT_MAIN_PARAM("import_innocent",
	       { writes_that_leave_the_gated_byte_tell_nobody,
		 DVT_NR_EXPORTERS },
	       { write_that_changes_the_gated_byte_ends_the_mapping },
	       { memory_on_over_memory_on_tells_nobody, DVT_NR_EXPORTERS },
	       { write_that_cannot_be_read_tells_nobody, DVT_NR_EXPORTERS },
	       { power_state_that_stays_d0_tells_nobody },
	       { end_of_another_buffer_tells_nobody },
	       { end_of_another_device_tells_nobody, DVT_NR_EXPORTERS },
	       { revoke_that_fails_tells_nobody },
	       { nobody_has_a_mapping_while_memory_is_off, DVT_NR_EXPORTERS },
	       { nobody_has_a_mapping_after_a_revoke })
