// SPDX-License-Identifier: GPL-2.0-only
/* Buffers that others may read: no DMA writes to them. */
#include <errno.h>

#include "dvt_fault.h"
#include "dvt_import.h"
#include "dvt_param.h"

#define PAGE 4096

/* Ours, by the private feature, where importers are held to the access mode. */
static int export_read_only(const struct dvt_import *import)
{
	struct vfio_region_dma_range range = { .length = DVT_IMPORT_LEN };
	int fd = dvl_export_flags(import->dev.fd, DVT_IMPORT_BAR, &range, 1,
				  O_RDONLY, 0);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Attached, where an IOMMU can hold the importer to reading. */
#define readonly_or_skip(import)					\
	do {								\
		dvt_import_open_or_skip(import, DVT_BY_US);		\
		if (!dvt_machine_translates())				\
			dvt_skip("no IOMMU stands between the devices"); \
		(import)->fd = export_read_only(import);		\
		ck_assert_int_eq(dvt_peer_attach(&(import)->peer,	\
						 (import)->fd), 0);	\
	} while (0)

/*
 * A write goes nowhere, and then what is mapped for reading can be read. In this
 * order: of an address that was read before, QEMU's IOMMU stops a write
 * without a report.
 */
static void assert_reads_only(const struct dvt_import *import)
{
	uint8_t bytes[PAGE], expected[PAGE];
	int log;

	dvt_bar_fill(&import->dev, 0, PAGE, 1);
	if (dvt_machine_translates()) {
		dvt_bytes(bytes, PAGE, 2);
		log = dvt_fault_expect(import->peer.bdf);
		do {
			dvt_peer_write(&import->peer, 0, bytes, PAGE);
		} while (!dvt_fault_reported(log, import->peer.bdf));
		dvt_fault_over(log);
		dvt_bar_assert(&import->dev, 0, PAGE, 1);
	}
	dvt_bytes(expected, PAGE, 1);
	dvt_peer_read(&import->peer, 0, bytes, PAGE);
	ck_assert_mem_eq(bytes, expected, PAGE);
}

START_TEST(read_only_buffer_is_mapped_for_reading_alone)
{
	struct dvt_import import;

	readonly_or_skip(&import);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL),
			 -EACCES);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_FROM_DEVICE),
			 -EACCES);
	dvt_peer_assert_state(&import.peer, 0, 0);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_TO_DEVICE), 0);
	assert_reads_only(&import);
}
END_TEST

START_TEST(read_only_buffer_is_refused_where_no_iommu_translates)
{
	struct dvt_import import;
	int log, i;

	dvt_import_open_or_skip(&import, DVT_BY_US);
	if (dvt_machine_translates())
		dvt_skip("an IOMMU stands between the devices");
	dvl_device_close(&import.dev);
	/* The log's memory is as old as the binding. */
	ck_assert_int_eq(dvl_sysfs_unbind(dvt_bdf("DVP_BDF")), 0);
	dvt_bind(dvt_bdf("DVP_BDF"), DVL_DRIVER);
	dvt_open(&import.dev, dvt_bdf("DVP_BDF"));
	import.fd = export_read_only(&import);
	log = dvt_log_mark();
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd),
				 -EOPNOTSUPP);
		ck_assert_uint_eq(dvt_log_count(log, import.peer.bdf,
						"read-only buffer"), !i);
	}
}
END_TEST

/* As in-tree: there the access mode is for CPUs. */
START_TEST(feature_11_lets_importers_write_read_only_buffers)
{
	struct dvt_import import;

	dvt_import_open_or_skip(&import, _i);
	import.fd = dvt_export(&import.dev, DVT_IMPORT_BAR, 0, DVT_IMPORT_LEN,
			       O_RDONLY);
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd), 0);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL),
			 0);
	dvt_import_assert_leads_to(&import, PAGE, PAGE);
}
END_TEST

START_TEST(mapping_for_reading_lets_nobody_write_a_writable_buffer)
{
	struct dvt_import import;

	dvt_import_or_skip(&import, _i);
	if (!dvt_machine_translates())
		dvt_skip("no IOMMU stands between the devices");
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd), 0);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_TO_DEVICE), 0);
	assert_reads_only(&import);
}
END_TEST

START_TEST(write_only_buffer_is_mapped_in_every_direction)
{
	struct dvt_import import;

	dvt_import_open_or_skip(&import, DVT_BY_US);
	import.fd = dvt_export(&import.dev, DVT_IMPORT_BAR, 0, DVT_IMPORT_LEN,
			       O_WRONLY);
	dvt_peer_import(&import.peer, import.fd);
	dvt_import_assert_leads_to(&import, 0, 0);
}
END_TEST

START_TEST(read_only_buffer_does_not_narrow_another_one)
{
	struct dvt_import import, other;

	readonly_or_skip(&import);
	other = import;
	other.fd = dvt_export(&other.dev, DVT_IMPORT_BAR, 0, DVT_IMPORT_LEN,
			      O_RDWR);
	dvt_peer_open(&other.peer, import.peer.bdf);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_TO_DEVICE), 0);
	dvt_peer_import(&other.peer, other.fd);
	dvt_import_assert_leads_to(&other, 0, 0);
}
END_TEST

START_TEST(read_only_buffer_is_taken_back_as_any_other)
{
	struct dvt_import import;

	readonly_or_skip(&import);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_TO_DEVICE), 0);
	ck_assert_int_eq(dvl_revoke(import.dev.fd, import.fd), 0);
	dvt_peer_assert_state(&import.peer, 0, 1);
	dvt_import_assert_stopped(&import);
}
END_TEST

static void *map_through_driver(const struct dvt_import *import, int prot)
{
	return mmap(NULL, PAGE, prot, MAP_SHARED, import->peer.fd,
		    (off_t)import->fd * PAGE);
}

/* The driver's own file can be written: what counts is the buffer's. */
START_TEST(read_only_buffer_stays_so_when_a_driver_maps_it)
{
	struct dvt_import import;
	char *map;

	dvt_import_open_or_skip(&import, DVT_BY_US);
	import.fd = export_read_only(&import);
	dvt_bar_fill(&import.dev, 0, PAGE, 1);
	ck_assert_ptr_eq(map_through_driver(&import, PROT_READ | PROT_WRITE),
			 MAP_FAILED);
	ck_assert_int_eq(errno, EACCES);
	map = map_through_driver(&import, PROT_READ);
	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_int_ge(dvt_read32(map), 0);
	ck_assert_int_eq(mprotect(map, PAGE, PROT_READ | PROT_WRITE), -1);
	ck_assert_int_eq(errno, EACCES);
	dvt_bar_assert(&import.dev, 0, PAGE, 1);
}
END_TEST

START_TEST(writable_buffer_can_be_written_when_a_driver_maps_it)
{
	struct dvt_import import;
	char *map;

	dvt_import_or_skip(&import, DVT_BY_US);
	map = map_through_driver(&import, PROT_READ | PROT_WRITE);
	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_int_eq(dvt_write32(map, 0x1234), 0);
	ck_assert_int_eq(dvt_read32(map), 0x1234);
	ck_assert_int_eq(dvl_revoke(import.dev.fd, import.fd), 0);
	dvt_assert_sigbus(map);
}
END_TEST

DVT_MAIN_PARAM("import_readonly",
	       { read_only_buffer_is_mapped_for_reading_alone },
	       { read_only_buffer_is_refused_where_no_iommu_translates },
	       { feature_11_lets_importers_write_read_only_buffers,
		 DVT_NR_EXPORTERS },
	       { mapping_for_reading_lets_nobody_write_a_writable_buffer,
		 DVT_NR_EXPORTERS },
	       { write_only_buffer_is_mapped_in_every_direction },
	       { read_only_buffer_does_not_narrow_another_one },
	       { read_only_buffer_is_taken_back_as_any_other },
	       { read_only_buffer_stays_so_when_a_driver_maps_it },
	       { writable_buffer_can_be_written_when_a_driver_maps_it })
