// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers of both exporters of one device, ours and the kernel's own, side by
 * side: what ends memory reaches both, and one kind does not stand in the way
 * of the other. Both are imported by an edu device; ours is mapped, too.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "dvt_call.h"
#include "dvt_exporter.h"
#include "dvt_import.h"
#include "dvt_importer.h"
#include "dvt_param.h"

#define BAR 2
#define PAGE 4096UL
#define PARAM "feature_dma_buf"
#define OURS_OFF DVT_MIB
#define CORES_OFF (8 * DVT_MIB)

/**
 * struct kind - a buffer, and who imports it
 * @fd: DVT_MIB of the BAR
 * @off: from here
 * @peer: attached to it, and has it mapped
 */
struct kind {
	int fd;
	uint64_t off;
	struct dvt_peer peer;
};

/**
 * struct both - buffers of both kinds
 * @dev: the device
 * @ours: from this driver
 * @cores: from the kernel's exporter
 * @map: of @ours
 */
struct both {
	struct dvl_device dev;
	struct kind ours;
	struct kind cores;
	uint8_t *map;
};

static const char *both_lack(struct both *both)
{
	uint32_t caps;

	if (!dvt_bdf("DVP_BDF") || !dvt_bdf("DVP_BDF_PEER"))
		return "no device for DVP_BDF or DVP_BDF_PEER";
	dvt_open(&both->dev, dvt_bdf("DVP_BDF"));
	caps = dvt_caps(&both->dev);
	if (!(caps & DMABUF_VFIO_PCI_CAP_CORE_EXPORTER))
		return "this kernel has no exporter of its own";
	if (!(caps & DMABUF_VFIO_PCI_CAP_DMA_IMPORT))
		return "nobody can import on this kernel";
	if (!dvt_bridge_is_known())
		return "the kernel's exporter knows no route here";
	return NULL;
}

static void export_kind(struct both *both, struct kind *kind,
			uint32_t feature, uint64_t off)
{
	kind->off = off;
	kind->fd = dvt_export_by(&both->dev, feature, BAR, off, DVT_MIB);
	dvt_peer_open(&kind->peer, dvt_bdf("DVP_BDF_PEER"));
}

static void both_export(struct both *both)
{
	char name[64];

	dvt_param_set(PARAM, "core");
	export_kind(both, &both->ours, DMABUF_VFIO_PCI_FEATURE_EXPORT,
		    OURS_OFF);
	export_kind(both, &both->cores, VFIO_DEVICE_FEATURE_DMA_BUF,
		    CORES_OFF);
	dvt_assert_exporter(both->ours.fd, DVL_DRIVER);
	dvt_exporter_name(both->cores.fd, name, sizeof(name));
	ck_assert_str_ne(name, DVL_DRIVER);
	both->map = dvt_map(both->ours.fd, DVT_MIB, PROT_READ | PROT_WRITE);
}

/* Both buffers, with importers that are not attached. */
#define both_or_skip(both)						\
	do {								\
		const char *lack = both_lack(both);			\
									\
		if (lack)						\
			dvt_skip("%s", lack);				\
		both_export(both);					\
	} while (0)

/* What the importer writes arrives in the last page of the buffer. */
static void assert_reaches(const struct both *both, const struct kind *kind,
			   unsigned int seed)
{
	uint8_t bytes[64];

	dvt_bytes(bytes, sizeof(bytes), seed);
	dvt_peer_write(&kind->peer, DVT_MIB - PAGE, bytes, sizeof(bytes));
	dvt_bar_assert(&both->dev, kind->off + DVT_MIB - PAGE, sizeof(bytes),
		       seed);
}

static void both_import(struct both *both)
{
	dvt_peer_import(&both->ours.peer, both->ours.fd);
	dvt_peer_import(&both->cores.peer, both->cores.fd);
	assert_reaches(both, &both->ours, 1);
	assert_reaches(both, &both->cores, 2);
	dvt_assert_usable(both->map);
}

static void both_map_again(struct both *both)
{
	ck_assert_int_eq(dvt_peer_map(&both->ours.peer,
				      DVP_PEER_BIDIRECTIONAL), 0);
	ck_assert_int_eq(dvt_peer_map(&both->cores.peer,
				      DVP_PEER_BIDIRECTIONAL), 0);
	assert_reaches(both, &both->ours, 3);
	assert_reaches(both, &both->cores, 4);
	dvt_assert_usable(both->map);
}

/* Importers of both were told, and have let go. */
static void assert_told(const struct both *both)
{
	struct dvp_peer_state_arg state;

	dvt_peer_assert_state(&both->ours.peer, 0, 1);
	state = dvt_peer_state(&both->cores.peer);
	ck_assert_uint_eq(state.mapped, 0);
	ck_assert_uint_ge(state.notified, 1);
}

static void assert_kind_gives_enodev(const struct kind *kind)
{
	struct dvt_peer late;

	ck_assert_int_eq(dvt_peer_map(&kind->peer, DVP_PEER_BIDIRECTIONAL),
			 -ENODEV);
	dvt_peer_open(&late, dvt_bdf("DVP_BDF_PEER"));
	ck_assert_int_eq(dvt_peer_attach(&late, kind->fd), -ENODEV);
	dvt_peer_close(&late);
}

static void assert_both_are_revoked(const struct both *both)
{
	assert_kind_gives_enodev(&both->ours);
	assert_kind_gives_enodev(&both->cores);
	dvt_assert_sigbus(both->map);
}

START_TEST(reset_ends_the_mappings_of_both_kinds)
{
	struct both both;

	both_or_skip(&both);
	both_import(&both);
	ck_assert_int_eq(dvl_device_reset(&both.dev), 0);
	assert_told(&both);
	both_map_again(&both);
}
END_TEST

START_TEST(memory_off_revokes_both_kinds_until_it_is_on)
{
	struct both both;

	both_or_skip(&both);
	both_import(&both);
	dvt_memory_off(&both.dev);
	assert_told(&both);
	assert_both_are_revoked(&both);
	dvt_memory_on(&both.dev);
	both_map_again(&both);
}
END_TEST

START_TEST(low_power_revokes_both_kinds_until_it_is_over)
{
	struct both both;

	both_or_skip(&both);
	both_import(&both);
	ck_assert_int_eq(dvl_feature(both.dev.fd,
				     VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
				     VFIO_DEVICE_FEATURE_SET, NULL, 0), 0);
	assert_told(&both);
	assert_both_are_revoked(&both);
	ck_assert_int_eq(dvl_feature(both.dev.fd,
				     VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
				     VFIO_DEVICE_FEATURE_SET, NULL, 0), 0);
	both_map_again(&both);
}
END_TEST

START_TEST(close_revokes_both_kinds_for_good)
{
	struct both both;

	both_or_skip(&both);
	both_import(&both);
	dvl_device_close(&both.dev);
	assert_told(&both);
	assert_both_are_revoked(&both);
	dvt_open(&both.dev, dvt_bdf("DVP_BDF"));
	assert_both_are_revoked(&both);
	/* The next buffers are not held up by them. */
	both_export(&both);
	both_import(&both);
}
END_TEST

START_TEST(revoke_of_ours_does_not_touch_the_cores)
{
	struct both both;

	both_or_skip(&both);
	both_import(&both);
	ck_assert_int_eq(dvl_revoke(both.dev.fd, both.ours.fd), 0);
	dvt_assert_sigbus(both.map);
	dvt_peer_assert_state(&both.ours.peer, 0, 1);
	dvt_peer_assert_state(&both.cores.peer, 1, 0);
	assert_reaches(&both, &both.cores, 5);
}
END_TEST

START_TEST(one_kind_goes_away_and_the_other_stays)
{
	struct both both;

	both_or_skip(&both);
	both_import(&both);
	if (_i) {
		dvt_peer_close(&both.cores.peer);
		ck_assert_int_eq(close(both.cores.fd), 0);
		dvt_peer_assert_state(&both.ours.peer, 1, 0);
		assert_reaches(&both, &both.ours, 5);
		dvt_assert_usable(both.map);
	} else {
		dvt_peer_close(&both.ours.peer);
		ck_assert_int_eq(munmap(both.map, DVT_MIB), 0);
		ck_assert_int_eq(close(both.ours.fd), 0);
		dvt_peer_assert_state(&both.cores.peer, 1, 0);
		assert_reaches(&both, &both.cores, 5);
	}
}
END_TEST

START_TEST(range_can_be_mapped_from_ours_and_imported_from_the_core)
{
	uint8_t written[64], read[64];
	struct both both;
	uint8_t *map;
	int fd;

	both_or_skip(&both);
	both_import(&both);
	fd = dvt_export_by(&both.dev, DMABUF_VFIO_PCI_FEATURE_EXPORT, BAR,
			   CORES_OFF, DVT_MIB);
	map = dvt_map(fd, DVT_MIB, PROT_READ | PROT_WRITE);
	dvt_bytes(written, sizeof(written), 5);
	dvt_peer_write(&both.cores.peer, PAGE, written, sizeof(written));
	ck_assert_int_eq(dvt_copy(read, map + PAGE, sizeof(read)), 0);
	ck_assert_mem_eq(read, written, sizeof(read));
	dvt_bytes(written, sizeof(written), 6);
	ck_assert_int_eq(dvt_copy(map + PAGE, written, sizeof(written)), 0);
	dvt_peer_read(&both.cores.peer, PAGE, read, sizeof(read));
	ck_assert_mem_eq(read, written, sizeof(read));
}
END_TEST

/*
 * Not a reset: the core waits for its importers before it begins one, and only
 * then tells drivers.
 */
static const enum dvt_call_what causes[] = {
	DVT_CALL_MEMORY_OFF, DVT_CALL_CLOSE,
};

START_TEST(importer_of_the_core_that_is_stuck_keeps_no_processor_in)
{
	struct dvt_call call;
	struct both both;
	int importer;

	dvt_importer_or_skip(importer);
	both_or_skip(&both);
	ck_assert_int_eq(dvt_peer_attach_slow(&both.cores.peer, both.cores.fd,
					      DVP_PEER_NEVER, 0), 0);
	ck_assert_int_eq(dvt_peer_map(&both.cores.peer,
				      DVP_PEER_BIDIRECTIONAL), 0);
	dvt_assert_usable(both.map);
	dvt_call_start(&call, causes[_i], &both.dev, both.ours.fd);
	dvt_peer_wait_notified(&both.cores.peer, 1);
	ck_assert_uint_eq(dvt_pte_level(importer, both.map), DVP_PTE_NONE);
	ck_assert_uint_eq(dvt_peer_state(&both.cores.peer).mapped, 1);
	dvt_call_assert_waits(&call);
	ck_assert_int_eq(dvt_peer_unmap(&both.cores.peer), 0);
	ck_assert_int_eq(dvt_call_end(&call), 0);
}
END_TEST

DVT_MAIN_PARAM("core",
	       { reset_ends_the_mappings_of_both_kinds },
	       { memory_off_revokes_both_kinds_until_it_is_on },
	       { low_power_revokes_both_kinds_until_it_is_over },
	       { close_revokes_both_kinds_for_good },
	       { revoke_of_ours_does_not_touch_the_cores },
	       { one_kind_goes_away_and_the_other_stays, 2 },
	       { range_can_be_mapped_from_ours_and_imported_from_the_core },
	       { importer_of_the_core_that_is_stuck_keeps_no_processor_in,
		 DVT_ARRAY_SIZE(causes) })
