// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an importer may expect as long as nobody takes the buffer back: it
 * attaches, maps, and its DMA moves the right bytes. Each claim is held to the
 * kernel's own exporter too, where there is one.
 */
#include <stdio.h>
#include <unistd.h>

#include "dvt_import.h"
#include "dvt_param.h"

#define PAGE 4096

START_TEST(dma_reaches_the_first_and_the_last_page)
{
	struct dvt_import import;

	dvt_import_or_skip(&import, _i);
	dvt_peer_import(&import.peer, import.fd);
	dvt_import_assert_leads_to(&import, 0, 0);
	dvt_import_assert_leads_to(&import, DVT_IMPORT_LEN - PAGE,
				   DVT_IMPORT_LEN - PAGE);
}
END_TEST

START_TEST(dma_changes_nothing_beside_its_target)
{
	const uint64_t target = DVT_IMPORT_LEN / 2 + 0x7f4;
	struct dvt_import import;
	uint8_t bytes[24];

	dvt_import_or_skip(&import, _i);
	dvt_peer_import(&import.peer, import.fd);
	dvt_bar_fill(&import.dev, target - PAGE, PAGE, 1);
	dvt_bar_fill(&import.dev, target + sizeof(bytes), PAGE, 2);
	dvt_bytes(bytes, sizeof(bytes), 3);
	dvt_peer_write(&import.peer, target, bytes, sizeof(bytes));
	dvt_bar_assert(&import.dev, target - PAGE, PAGE, 1);
	dvt_bar_assert(&import.dev, target, sizeof(bytes), 3);
	dvt_bar_assert(&import.dev, target + sizeof(bytes), PAGE, 2);
}
END_TEST

START_TEST(buffer_that_starts_inside_of_the_bar_leads_there)
{
	const uint64_t start = 3 * DVT_MIB + PAGE;
	struct dvt_import import;

	dvt_import_open_or_skip(&import, _i);
	import.fd = dvt_export(&import.dev, DVT_IMPORT_BAR, start, DVT_MIB,
			       O_RDWR);
	dvt_peer_import(&import.peer, import.fd);
	dvt_import_assert_leads_to(&import, 0, start);
	dvt_import_assert_leads_to(&import, DVT_MIB - PAGE,
				   start + DVT_MIB - PAGE);
}
END_TEST

START_TEST(processor_and_importer_see_what_the_other_wrote)
{
	uint8_t written[PAGE], read[PAGE];
	struct dvt_import import;
	uint8_t *map;

	dvt_import_or_skip(&import, DVT_BY_US);
	map = dvt_map(import.fd, DVT_IMPORT_LEN, PROT_READ | PROT_WRITE);
	dvt_peer_import(&import.peer, import.fd);

	dvt_bytes(written, PAGE, 1);
	dvt_peer_write(&import.peer, DVT_MIB, written, PAGE);
	ck_assert_int_eq(dvt_copy(read, map + DVT_MIB, PAGE), 0);
	ck_assert_mem_eq(read, written, PAGE);

	dvt_bytes(written, PAGE, 2);
	ck_assert_int_eq(dvt_copy(map + DVT_MIB, written, PAGE), 0);
	dvt_peer_read(&import.peer, DVT_MIB, read, PAGE);
	ck_assert_mem_eq(read, written, PAGE);
}
END_TEST

START_TEST(importer_can_map_and_attach_again_and_again)
{
	struct dvt_import import;
	int i;

	dvt_import_or_skip(&import, _i);
	for (i = 0; i < 3; i++) {
		dvt_peer_import(&import.peer, import.fd);
		ck_assert_int_eq(dvt_peer_unmap(&import.peer), 0);
		ck_assert_int_eq(dvt_peer_map(&import.peer,
					      DVP_PEER_BIDIRECTIONAL), 0);
		dvt_import_assert_leads_to(&import, PAGE, PAGE);
		ck_assert_int_eq(dvt_peer_unmap(&import.peer), 0);
		ck_assert_int_eq(dvt_peer_detach(&import.peer), 0);
	}
}
END_TEST

START_TEST(every_direction_can_be_mapped)
{
	static const unsigned int dirs[] = {
		DVP_PEER_BIDIRECTIONAL, DVP_PEER_TO_DEVICE,
		DVP_PEER_FROM_DEVICE,
	};
	struct dvt_import import;
	size_t i;

	dvt_import_or_skip(&import, _i);
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd), 0);
	for (i = 0; i < DVT_ARRAY_SIZE(dirs); i++) {
		ck_assert_int_eq(dvt_peer_map(&import.peer, dirs[i]), 0);
		ck_assert_int_eq(dvt_peer_unmap(&import.peer), 0);
	}
}
END_TEST

START_TEST(several_importers_share_a_buffer)
{
	struct dvt_import import, other;
	uint8_t bytes[PAGE], read[PAGE];

	dvt_import_or_skip(&import, _i);
	other = import;
	dvt_peer_open(&other.peer, import.peer.bdf);
	dvt_peer_import(&import.peer, import.fd);
	dvt_peer_import(&other.peer, import.fd);
	dvt_bytes(bytes, PAGE, 1);
	dvt_peer_write(&import.peer, DVT_MIB, bytes, PAGE);
	dvt_peer_read(&other.peer, DVT_MIB, read, PAGE);
	ck_assert_mem_eq(read, bytes, PAGE);

	/* One that leaves takes nothing from the other. */
	dvt_peer_close(&import.peer);
	dvt_import_assert_leads_to(&other, 0, 0);
}
END_TEST

START_TEST(several_buffers_over_one_range_are_imported)
{
	struct dvt_import import, other;

	dvt_import_or_skip(&import, _i);
	other = import;
	other.fd = dvt_export(&import.dev, DVT_IMPORT_BAR, DVT_MIB, DVT_MIB,
			      O_RDWR);
	dvt_peer_open(&other.peer, import.peer.bdf);
	dvt_peer_import(&import.peer, import.fd);
	dvt_peer_import(&other.peer, other.fd);
	dvt_import_assert_leads_to(&import, DVT_MIB, DVT_MIB);
	dvt_import_assert_leads_to(&other, 0, DVT_MIB);
}
END_TEST

START_TEST(import_outlives_the_descriptor_of_the_buffer)
{
	struct dvt_import import;

	dvt_import_or_skip(&import, _i);
	dvt_peer_import(&import.peer, import.fd);
	close(import.fd);
	dvt_import_assert_leads_to(&import, PAGE, PAGE);
}
END_TEST

START_TEST(importer_that_leaves_takes_nothing_with_it)
{
	struct dvt_traces before;
	struct dvt_import import;
	int i;

	dvt_import_or_skip(&import, _i);
	dvt_peer_close(&import.peer);
	dvt_traces_take(&before);
	for (i = 0; i < 3; i++) {
		dvt_peer_open(&import.peer, import.peer.bdf);
		dvt_peer_import(&import.peer, import.fd);
		/* With its mapping, its attachment and its reference. */
		dvt_peer_close(&import.peer);
	}
	dvt_traces_assert_same(&before);
}
END_TEST

/* Kernel memory that nobody can take back, in KiB. */
static long unreclaimable(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[256];
	long size = -1;

	ck_assert_ptr_nonnull(file);
	while (size < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "SUnreclaim: %ld kB", &size);
	fclose(file);
	ck_assert_int_gt(size, 0);
	return size;
}

static void map_often(const struct dvt_import *import, int nr)
{
	while (nr--) {
		ck_assert_int_eq(dvt_peer_map(&import->peer,
					      DVP_PEER_BIDIRECTIONAL), 0);
		ck_assert_int_eq(dvt_peer_unmap(&import->peer), 0);
	}
}

START_TEST(mappings_leave_no_memory_behind)
{
	/* A table of 100 entries for each mapping: 3 MB, if they stayed. */
	struct vfio_region_dma_range ranges[100];
	struct dvt_import import;
	unsigned int i;
	long before;

	dvt_import_open_or_skip(&import, DVT_BY_US);
	for (i = 0; i < DVT_ARRAY_SIZE(ranges); i++)
		ranges[i] = (struct vfio_region_dma_range){
			.offset = 2 * i * PAGE, .length = PAGE };
	import.fd = dvl_export(import.dev.fd, DVT_IMPORT_BAR, ranges,
			       DVT_ARRAY_SIZE(ranges), O_RDWR);
	ck_assert_int_ge(import.fd, 0);
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd), 0);
	map_often(&import, 100);
	before = unreclaimable();
	map_often(&import, 1000);
	ck_assert_int_lt(unreclaimable() - before, 1024);
}
END_TEST

START_TEST(unmapped_address_is_stopped)
{
	struct dvt_import import;

	dvt_import_or_skip(&import, _i);
	if (!dvt_machine_translates())
		dvt_skip("no IOMMU stands between the devices");
	dvt_peer_import(&import.peer, import.fd);
	dvt_import_assert_leads_to(&import, 0, 0);
	ck_assert_int_eq(dvt_peer_unmap(&import.peer), 0);
	dvt_import_assert_stopped(&import);
}
END_TEST

START_TEST(import_goes_on_while_processors_map_and_unmap)
{
	struct dvt_import import;
	void *map;
	int i;

	dvt_import_or_skip(&import, DVT_BY_US);
	dvt_peer_import(&import.peer, import.fd);
	for (i = 0; i < 3; i++) {
		map = dvt_map(import.fd, DVT_IMPORT_LEN, PROT_READ);
		ck_assert_int_ge(dvt_read32(map), 0);
		dvt_import_assert_leads_to(&import, PAGE, PAGE);
		ck_assert_int_eq(munmap(map, DVT_IMPORT_LEN), 0);
	}
	dvt_peer_assert_state(&import.peer, 1, 0);
}
END_TEST

DVT_MAIN_PARAM("import",
	       { dma_reaches_the_first_and_the_last_page, DVT_NR_EXPORTERS },
	       { dma_changes_nothing_beside_its_target, DVT_NR_EXPORTERS },
	       { buffer_that_starts_inside_of_the_bar_leads_there,
		 DVT_NR_EXPORTERS },
	       { processor_and_importer_see_what_the_other_wrote },
	       { importer_can_map_and_attach_again_and_again,
		 DVT_NR_EXPORTERS },
	       { every_direction_can_be_mapped, DVT_NR_EXPORTERS },
	       { several_importers_share_a_buffer, DVT_NR_EXPORTERS },
	       { several_buffers_over_one_range_are_imported,
		 DVT_NR_EXPORTERS },
	       { import_outlives_the_descriptor_of_the_buffer,
		 DVT_NR_EXPORTERS },
	       { importer_that_leaves_takes_nothing_with_it,
		 DVT_NR_EXPORTERS },
	       { mappings_leave_no_memory_behind },
	       { unmapped_address_is_stopped, DVT_NR_EXPORTERS },
	       { import_goes_on_while_processors_map_and_unmap })
