// SPDX-License-Identifier: GPL-2.0-only
/*
 * Importers that pin, and the parameter p2p. Since Linux 7.1 a pinned importer can be
 * told that its mapping ends, and is accepted. On older kernels pinning is refused. p2p
 * is looked at for each map, also of importers that attached earlier.
 */
#include <errno.h>

#include "dvt_call.h"
#include "dvt_import.h"
#include "dvt_importer.h"
#include "dvt_param.h"

#define RW (PROT_READ | PROT_WRITE)

static bool pins_can_be_revoked(void)
{
	return dvt_kernel_facts() & DVP_KERNEL_REVOCABLE;
}

/* An importer that has pinned the buffer, and has a mapping of it. */
#define pinned_or_skip(import)						\
	do {								\
		dvt_import_or_skip(import, DVT_BY_US);			\
		if (!pins_can_be_revoked())				\
			dvt_skip("this kernel cannot revoke pins");	\
		ck_assert_int_eq(dvt_peer_attach_kind(&(import)->peer,	\
						      (import)->fd,	\
						      DVP_PEER_PINNED), 0); \
		ck_assert_int_eq(dvt_peer_map(&(import)->peer,		\
					      DVP_PEER_BIDIRECTIONAL), 0); \
	} while (0)

START_TEST(importer_pins_where_it_can_be_told)
{
	struct dvt_import import;
	int ret;

	dvt_import_or_skip(&import, DVT_BY_US);
	ret = dvt_peer_attach_kind(&import.peer, import.fd, DVP_PEER_PINNED);
	ck_assert_int_eq(ret, pins_can_be_revoked() ? 0 : -EOPNOTSUPP);
	/* The refused attempt leaves nothing behind. */
	if (ret)
		ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd), 0);
}
END_TEST

START_TEST(importer_that_cannot_be_told_does_not_pin)
{
	struct dvt_import import;

	dvt_import_or_skip(&import, DVT_BY_US);
	if (!pins_can_be_revoked())
		dvt_skip("every importer has the callback here");
	ck_assert_int_eq(dvt_peer_attach_kind(&import.peer, import.fd,
					      DVP_PEER_UNREVOCABLE),
			 -EOPNOTSUPP);
}
END_TEST

START_TEST(pinned_importer_reaches_the_bar)
{
	struct dvt_import import;

	pinned_or_skip(&import);
	dvt_import_assert_leads_to(&import, 0, 0);
	dvt_import_assert_leads_to(&import, DVT_IMPORT_LEN - 4096,
				   DVT_IMPORT_LEN - 4096);
}
END_TEST

/* For each call that ends access: it returns after the importer has unmapped. */
START_TEST(pinned_importer_is_told_and_unmaps)
{
	struct dvt_import import;
	struct dvt_call call;

	pinned_or_skip(&import);
	dvt_call_start(&call, _i, &import.dev, import.fd);
	ck_assert_int_eq(dvt_call_end(&call), 0);
	dvt_peer_assert_state(&import.peer, 0, 1);
	if (_i == DVT_CALL_MEMORY_OFF)
		dvt_memory_on(&import.dev);
	if (_i != DVT_CALL_CLOSE) {
		dvt_import_assert_stopped(&import);
		dvl_device_close(&import.dev);
	}
	/* The pin outlives the device. */
	ck_assert_int_eq(dvt_peer_detach(&import.peer), 0);
}
END_TEST

START_TEST(pinned_importer_maps_again_when_memory_is_back)
{
	struct dvt_import import;

	pinned_or_skip(&import);
	dvt_memory_off(&import.dev);
	dvt_peer_assert_state(&import.peer, 0, 1);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL),
			 -ENODEV);
	dvt_memory_on(&import.dev);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL), 0);
	dvt_import_assert_leads_to(&import, 0, 0);
}
END_TEST

START_TEST(blocked_or_revoked_buffer_cannot_be_pinned)
{
	struct dvt_import import;

	dvt_import_or_skip(&import, DVT_BY_US);
	if (!pins_can_be_revoked())
		dvt_skip("this kernel cannot revoke pins");
	dvt_memory_off(&import.dev);
	ck_assert_int_eq(dvt_peer_attach_kind(&import.peer, import.fd,
					      DVP_PEER_PINNED), -ENODEV);
	dvt_memory_on(&import.dev);
	ck_assert_int_eq(dvl_revoke(import.dev.fd, import.fd), 0);
	ck_assert_int_eq(dvt_peer_attach_kind(&import.peer, import.fd,
					      DVP_PEER_PINNED), -ENODEV);
}
END_TEST

START_TEST(kernels_exporter_takes_pins_as_ours_does)
{
	struct dvt_import import;

	dvt_import_or_skip(&import, DVT_BY_KERNEL);
	ck_assert_int_eq(dvt_peer_attach_kind(&import.peer, import.fd,
					      DVP_PEER_PINNED),
			 pins_can_be_revoked() ? 0 : -EOPNOTSUPP);
}
END_TEST

/*
 * The parameter p2p
 */

START_TEST(p2p_off_refuses_the_next_map_of_who_is_attached)
{
	struct dvt_import import;

	dvt_import_or_skip(&import, DVT_BY_US);
	dvt_peer_import(&import.peer, import.fd);
	dvt_param_set("p2p", "off");
	/* The current mapping stays. */
	dvt_peer_assert_state(&import.peer, 1, 0);
	dvt_import_assert_leads_to(&import, 0, 0);
	ck_assert_int_eq(dvt_peer_unmap(&import.peer), 0);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL),
			 -EOPNOTSUPP);
	dvt_peer_assert_state(&import.peer, 0, 0);

	dvt_param_set("p2p", dvt_bridge_is_known() ? "auto" : "force");
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL), 0);
	dvt_import_assert_leads_to(&import, 0, 0);
}
END_TEST

START_TEST(p2p_strict_takes_only_who_is_behind_an_iommu)
{
	int expected = dvt_machine_translates() ? 0 : -EOPNOTSUPP;
	struct dvt_import import;

	dvt_import_or_skip(&import, DVT_BY_US);
	if (!dvt_bridge_is_known())
		dvt_skip("strict goes by the kernel's route, of which it has none");
	dvt_param_set("p2p", "strict");
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd), expected);
	if (expected)
		return;
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL), 0);
	dvt_import_assert_leads_to(&import, 0, 0);
	ck_assert_int_eq(dvl_revoke(import.dev.fd, import.fd), 0);
	dvt_import_assert_stopped(&import);
}
END_TEST

START_TEST(p2p_strict_is_looked_at_when_mapping_too)
{
	int expected = dvt_machine_translates() ? 0 : -EOPNOTSUPP;
	struct dvt_import import;

	dvt_import_or_skip(&import, DVT_BY_US);
	if (!dvt_bridge_is_known())
		dvt_skip("strict goes by the kernel's route, of which it has none");
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd), 0);
	dvt_param_set("p2p", "strict");
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL),
			 expected);
}
END_TEST

START_TEST(word_that_p2p_does_not_know_is_refused)
{
	static const char * const words[] = { "on", "strictly", "", "1" };
	char before[32];
	size_t i;

	ck_assert_int_eq(dvt_param_read("p2p", before, sizeof(before)), 0);
	for (i = 0; i < DVT_ARRAY_SIZE(words); i++)
		ck_assert_int_lt(dvt_param_write("p2p", words[i]) ?:
				 (*words[i] ? 0 : -1), 0);
	dvt_param_assert("p2p", before);
}
END_TEST

DVT_MAIN_PARAM("import_pinned",
	       { importer_pins_where_it_can_be_told },
	       { importer_that_cannot_be_told_does_not_pin },
	       { pinned_importer_reaches_the_bar },
	       { pinned_importer_is_told_and_unmaps, DVT_NR_CALLS },
	       { pinned_importer_maps_again_when_memory_is_back },
	       { blocked_or_revoked_buffer_cannot_be_pinned },
	       { kernels_exporter_takes_pins_as_ours_does },
	       { p2p_off_refuses_the_next_map_of_who_is_attached },
	       { p2p_strict_takes_only_who_is_behind_an_iommu },
	       { p2p_strict_is_looked_at_when_mapping_too },
	       { word_that_p2p_does_not_know_is_refused })
