// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the kernel's own exporter, in vfio-pci, does something else for an
 * importer than this driver: what README.md says of it. The other programs
 * judge it where both do the same, or nearly.
 */
#include <errno.h>

#include "dvt_import.h"
#include "dvt_param.h"

START_TEST(importers_that_cannot_be_stopped_are_refused_without_a_line)
{
	static const unsigned int kinds[] = {
		DVP_PEER_NO_P2P, DVP_PEER_STATIC, DVP_PEER_UNREVOCABLE,
	};
	struct dvt_import import;
	size_t i;
	int log;

	dvt_import_or_skip(&import, DVT_BY_KERNEL);
	log = dvt_log_mark();
	for (i = 0; i < DVT_ARRAY_SIZE(kinds); i++)
		ck_assert_int_eq(dvt_peer_attach_kind(&import.peer, import.fd,
						      kinds[i]), -EOPNOTSUPP);
	dvt_log_assert_silent(log);
}
END_TEST

START_TEST(pinned_importer_is_let_in_and_told)
{
	struct dvt_import import;

	dvt_import_or_skip(&import, DVT_BY_KERNEL);
	ck_assert_int_eq(dvt_peer_attach_kind(&import.peer, import.fd,
					      DVP_PEER_PINNED), 0);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL), 0);
	dvt_import_assert_leads_to(&import, 0, 0);
	dvt_memory_off(&import.dev);
	dvt_peer_assert_state(&import.peer, 0, 1);
}
END_TEST

START_TEST(importer_is_told_that_memory_is_back)
{
	struct dvt_import import;

	dvt_import_or_skip(&import, DVT_BY_KERNEL);
	dvt_peer_import(&import.peer, import.fd);
	dvt_memory_off(&import.dev);
	dvt_peer_assert_state(&import.peer, 0, 1);
	dvt_memory_on(&import.dev);
	dvt_peer_assert_state(&import.peer, 0, 2);
}
END_TEST

START_TEST(importer_without_a_mapping_is_told)
{
	struct dvt_import import;

	dvt_import_or_skip(&import, DVT_BY_KERNEL);
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd), 0);
	dvt_memory_off(&import.dev);
	dvt_peer_assert_state(&import.peer, 0, 1);
}
END_TEST

START_TEST(processors_cannot_map_a_buffer)
{
	struct dvt_import import;

	dvt_import_or_skip(&import, DVT_BY_KERNEL);
	ck_assert_ptr_eq(mmap(NULL, DVT_IMPORT_LEN, PROT_READ, MAP_SHARED,
			      import.fd, 0), MAP_FAILED);
}
END_TEST

START_TEST(one_buffer_cannot_be_revoked)
{
	struct dvt_import import;

	dvt_import_or_skip(&import, DVT_BY_KERNEL);
	ck_assert_int_eq(dvl_revoke(import.dev.fd, import.fd), -ENOTTY);
}
END_TEST

DVT_MAIN_PARAM("import_kernel",
	       { importers_that_cannot_be_stopped_are_refused_without_a_line },
	       { pinned_importer_is_let_in_and_told },
	       { importer_is_told_that_memory_is_back },
	       { importer_without_a_mapping_is_told },
	       { processors_cannot_map_a_buffer },
	       { one_buffer_cannot_be_revoked })
