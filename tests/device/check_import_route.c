// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which addresses an importer gets, and which importers get none: behind the host
 * bridge and behind one switch, by the machine that the kernel was booted in.
 */
#include <errno.h>
#include <stdlib.h>

#include "dvt_import.h"
#include "dvt_param.h"
#include "dvt_place.h"

#define PAGE 4096
#define START DVT_MIB

/* A buffer that starts inside of the BAR, attached. */
#define attached_or_skip(import, by)					\
	do {								\
		dvt_import_open_or_skip(import, by);			\
		(import)->fd = dvt_export(&(import)->dev, DVT_IMPORT_BAR, \
					  START, DVT_IMPORT_LEN, O_RDWR); \
		ck_assert_int_eq(dvt_peer_attach(&(import)->peer,	\
						 (import)->fd), 0);	\
	} while (0)

/* Where the buffer is, as processors see it. */
static uint64_t physical(const struct dvt_import *import)
{
	return dvt_bar_addr(import->dev.bdf, DVT_IMPORT_BAR) + START;
}

static uint64_t first_address(const struct dvt_import *import)
{
	struct dvp_peer_entry *entries;
	uint64_t addr;

	dvt_peer_entries(&import->peer, &entries);
	addr = entries[0].addr;
	free(entries);
	return addr;
}

static void assert_address(const struct dvt_import *import)
{
	if (dvt_machine_translates())
		ck_assert_uint_ne(first_address(import), physical(import));
	else
		ck_assert_uint_eq(first_address(import), physical(import));
}

START_TEST(address_is_translated_where_an_iommu_does)
{
	struct dvt_import import;

	attached_or_skip(&import, _i);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL), 0);
	assert_address(&import);
	dvt_import_assert_leads_to(&import, 0, START);
}
END_TEST

/*
 * Both devices behind one switch, which has no access control. They get addresses of
 * the DMA API all the same, so that the IOMMU can stop them.
 */
static const char *behind_switch(struct dvt_import *import)
{
	const char *why = dvt_import_open(import, DVT_BY_US);

	if (why)
		return why;
	if (!dvt_bdf("DVP_BDF_SW") || !dvt_bdf("DVP_BDF_SW_PEER"))
		return "no devices for DVP_BDF_SW and DVP_BDF_SW_PEER";
	dvt_open(&import->dev, dvt_bdf("DVP_BDF_SW"));
	dvt_peer_open(&import->peer, dvt_bdf("DVP_BDF_SW_PEER"));
	import->fd = dvt_export(&import->dev, DVT_IMPORT_BAR, START,
				DVT_IMPORT_LEN, O_RDWR);
	dvt_param_set("p2p", "auto");
	return NULL;
}

START_TEST(devices_behind_one_switch_use_addresses_of_the_dma_api)
{
	struct dvt_import import;
	const char *why = behind_switch(&import);

	if (why)
		dvt_skip("%s", why);
	dvt_peer_import(&import.peer, import.fd);
	assert_address(&import);
	dvt_import_assert_leads_to(&import, 0, START);
}
END_TEST

START_TEST(one_device_behind_the_switch_is_reached_from_outside)
{
	struct dvt_import import;
	const char *why = behind_switch(&import);

	if (why)
		dvt_skip("%s", why);
	if (!dvt_bridge_is_known())
		dvt_param_set("p2p", "force");
	dvt_peer_open(&import.peer, dvt_bdf("DVP_BDF_PEER"));
	dvt_peer_import(&import.peer, import.fd);
	assert_address(&import);
	dvt_import_assert_leads_to(&import, 0, START);
}
END_TEST

START_TEST(force_does_not_change_a_route_that_the_kernel_knows)
{
	struct dvt_import import;
	const char *why = behind_switch(&import);

	if (why)
		dvt_skip("%s", why);
	dvt_param_set("p2p", "force");
	dvt_peer_import(&import.peer, import.fd);
	assert_address(&import);
	dvt_import_assert_leads_to(&import, 0, START);
}
END_TEST

/*
 * Of two devices behind ports of their own: by the parameter alone, not by
 * what the machine would need. The exporter is bound anew, so that the log has
 * not said anything yet.
 */
static const char *pair(struct dvt_import *import, const char *p2p)
{
	const char *why = dvt_import_open(import, DVT_BY_US);
	const char *bdf = dvt_bdf("DVP_BDF");

	if (why)
		return why;
	dvl_device_close(&import->dev);
	ck_assert_int_eq(dvl_sysfs_unbind(bdf), 0);
	dvt_bind(bdf, DVL_DRIVER);
	dvt_open(&import->dev, bdf);
	import->fd = dvt_export(&import->dev, DVT_IMPORT_BAR, 0,
				DVT_IMPORT_LEN, O_RDWR);
	dvt_param_set("p2p", p2p);
	return NULL;
}

static bool kernel_knows_route(void)
{
	return dvt_bridge_is_known();
}

START_TEST(auto_takes_a_pair_as_the_kernel_judges_it_with_a_line_if_not)
{
	int ret = kernel_knows_route() ? 0 : -EOPNOTSUPP, i, log;
	struct dvt_import import;
	const char *why = pair(&import, "auto");

	if (why)
		dvt_skip("%s", why);
	log = dvt_log_mark();
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd),
				 ret);
		ck_assert_uint_eq(dvt_log_count(log, import.dev.bdf,
						import.peer.bdf),
				  ret && !i);
		if (!ret)
			ck_assert_int_eq(dvt_peer_detach(&import.peer), 0);
	}
}
END_TEST

START_TEST(line_about_a_pair_says_what_to_do)
{
	struct dvt_import import;
	const char *why = pair(&import, "auto");
	int log;

	if (why)
		dvt_skip("%s", why);
	if (kernel_knows_route())
		dvt_skip("the kernel knows a route on this machine");
	log = dvt_log_mark();
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd),
			 -EOPNOTSUPP);
	ck_assert_uint_eq(dvt_log_count(log, "no route for", "p2p=force"), 1);
}
END_TEST

START_TEST(force_takes_a_pair_whatever_the_kernel_says)
{
	struct dvt_import import;
	const char *why = pair(&import, "auto");
	int i;

	if (why)
		dvt_skip("%s", why);
	if (!kernel_knows_route())
		ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd),
				 -EOPNOTSUPP);
	dvt_param_set("p2p", "force");
	for (i = 0; i < 2; i++) {
		dvt_peer_import(&import.peer, import.fd);
		dvt_import_assert_leads_to(&import, 0, 0);
		ck_assert_int_eq(dvt_peer_detach(&import.peer), 0);
	}
	/* What was found out under one word does not count under another. */
	dvt_param_set("p2p", "auto");
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd),
			 kernel_knows_route() ? 0 : -EOPNOTSUPP);
}
END_TEST

START_TEST(strict_takes_a_pair_only_where_an_iommu_translates)
{
	bool taken = kernel_knows_route() && dvt_machine_translates();
	struct dvt_import import;
	const char *why = pair(&import, "strict");
	int i, log;

	if (why)
		dvt_skip("%s", why);
	log = dvt_log_mark();
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd),
				 taken ? 0 : -EOPNOTSUPP);
		ck_assert_uint_eq(dvt_log_count(log, import.dev.bdf,
						import.peer.bdf),
				  !taken && !i);
		if (taken)
			ck_assert_int_eq(dvt_peer_detach(&import.peer), 0);
	}
}
END_TEST

/* The parameter counts when attaching, and again when mapping. */
START_TEST(strict_is_looked_at_again_when_an_importer_maps)
{
	struct dvt_import import;
	const char *why = pair(&import, "auto");

	if (why)
		dvt_skip("%s", why);
	if (!kernel_knows_route())
		dvt_skip("the kernel knows no route on this machine");
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd), 0);
	dvt_param_set("p2p", "strict");
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL),
			 dvt_machine_translates() ? 0 : -EOPNOTSUPP);
	if (dvt_machine_translates())
		ck_assert_int_eq(dvt_peer_unmap(&import.peer), 0);
	dvt_param_set("p2p", "auto");
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL), 0);
	dvt_import_assert_leads_to(&import, 0, 0);
}
END_TEST

START_TEST(kernel_refuses_a_pair_without_a_route_when_it_maps)
{
	const char *bdf = dvt_bdf("DVP_BDF_PLAIN");
	struct dvt_import import;
	const char *why = dvt_import_open(&import, DVT_BY_US);
	int fd;

	if (why)
		dvt_skip("%s", why);
	ck_assert_ptr_nonnull(bdf);
	dvt_open(&import.dev, bdf);
	fd = dvl_export_one(import.dev.fd, DVT_IMPORT_BAR, 0, DVT_MIB, O_RDWR);
	if (fd == -ENOTTY)
		dvt_skip("this kernel has no exporter of its own");
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(dvt_peer_attach(&import.peer, fd), 0);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL),
			 kernel_knows_route() ? 0 : -EINVAL);
}
END_TEST

/* As few address bits as the kernel lets a device have on this machine. */
static unsigned int narrow(const struct dvt_import *import)
{
	unsigned int bits = dvt_peer_mask(&import->peer, 28) ? 32 : 28;

	ck_assert_int_eq(dvt_peer_mask(&import->peer, bits), 0);
	return bits;
}

START_TEST(narrow_importer_gets_addresses_that_it_can_form_or_erange)
{
	struct dvt_import import;
	uint64_t limit;
	int ret;

	attached_or_skip(&import, DVT_BY_US);
	limit = 1ULL << narrow(&import);
	ck_assert_uint_gt(physical(&import), limit);
	ret = dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL);
	if (!dvt_machine_translates()) {
		ck_assert_int_eq(ret, -ERANGE);
		dvt_peer_assert_state(&import.peer, 0, 0);
		/* The mapping was refused, not the importer. */
		ck_assert_int_eq(dvt_peer_mask(&import.peer, 64), 0);
		ret = dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL);
	} else {
		ck_assert_uint_le(first_address(&import) + DVT_IMPORT_LEN,
				  limit);
	}
	ck_assert_int_eq(ret, 0);
	dvt_import_assert_leads_to(&import, 0, START);
}
END_TEST

START_TEST(narrow_importer_behind_the_same_switch_needs_an_iommu)
{
	struct dvt_import import;
	const char *why = behind_switch(&import);
	uint64_t limit;

	if (why)
		dvt_skip("%s", why);
	limit = 1ULL << narrow(&import);
	ck_assert_uint_gt(physical(&import), limit);
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd), 0);
	if (!dvt_machine_translates()) {
		ck_assert_int_eq(dvt_peer_map(&import.peer,
					      DVP_PEER_BIDIRECTIONAL), -ERANGE);
		dvt_peer_assert_state(&import.peer, 0, 0);
		return;
	}
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL), 0);
	ck_assert_uint_le(first_address(&import) + DVT_IMPORT_LEN, limit);
}
END_TEST

START_TEST(buffer_that_the_iommu_has_no_room_for_is_refused_alone)
{
	struct dvt_import import;
	int ret, fd;

	attached_or_skip(&import, DVT_BY_US);
	if (!dvt_machine_translates())
		dvt_skip("no IOMMU stands between the devices");
	if (!dvt_bdf("DVP_BDF_1G"))
		dvt_skip("no device for DVP_BDF_1G");
	ck_assert_int_eq(dvt_peer_detach(&import.peer), 0);
	ck_assert_int_eq(dvt_peer_mask(&import.peer, 28), 0);
	dvt_open(&import.dev, dvt_bdf("DVP_BDF_1G"));
	fd = dvt_export(&import.dev, DVT_IMPORT_BAR, 0,
			dvt_bar_len(&import.dev, DVT_IMPORT_BAR), O_RDWR);
	ck_assert_int_eq(dvt_peer_attach(&import.peer, fd), 0);
	ret = dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL);
	ck_assert_msg(ret == -ENOMEM || ret == -EIO, "map gave %d", ret);

	/* Nothing of it is left in the way of one that fits. */
	ck_assert_int_eq(dvt_peer_detach(&import.peer), 0);
	import.fd = dvt_export(&import.dev, DVT_IMPORT_BAR, 0, DVT_IMPORT_LEN,
			       O_RDWR);
	dvt_peer_import(&import.peer, import.fd);
	dvt_import_assert_leads_to(&import, 0, 0);
}
END_TEST

DVT_MAIN_PARAM("import_route",
	       { address_is_translated_where_an_iommu_does, DVT_NR_EXPORTERS },
	       { devices_behind_one_switch_use_addresses_of_the_dma_api },
	       { one_device_behind_the_switch_is_reached_from_outside },
	       { force_does_not_change_a_route_that_the_kernel_knows },
	       { auto_takes_a_pair_as_the_kernel_judges_it_with_a_line_if_not },
	       { line_about_a_pair_says_what_to_do },
	       { force_takes_a_pair_whatever_the_kernel_says },
	       { strict_takes_a_pair_only_where_an_iommu_translates },
	       { strict_is_looked_at_again_when_an_importer_maps },
	       { kernel_refuses_a_pair_without_a_route_when_it_maps },
	       { narrow_importer_gets_addresses_that_it_can_form_or_erange },
	       { narrow_importer_behind_the_same_switch_needs_an_iommu },
	       { buffer_that_the_iommu_has_no_room_for_is_refused_alone })
