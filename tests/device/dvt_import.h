/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A BAR of plain memory, and another device that imports it: ours exported by
 * this driver, or, as a measure, one that vfio-pci has by the kernel's own
 * exporter. Programs that use this end with DVT_MAIN_PARAM().
 */
#ifndef DVT_IMPORT_H
#define DVT_IMPORT_H

#include "dvt.h"
#include "dvt_peer.h"

/* The BAR, and how much of it is exported where it does not matter. */
#define DVT_IMPORT_BAR 2
#define DVT_IMPORT_LEN (4 * DVT_MIB)

enum dvt_exported_by {
	DVT_BY_US,
	DVT_BY_KERNEL,
	DVT_NR_EXPORTERS
};

/**
 * struct dvt_import - an exporter, an importer, and a buffer
 * @by: who exports
 * @dev: the device whose BAR it is, open
 * @peer: the device that imports, not attached
 * @fd: the buffer, -1 if none was made
 */
struct dvt_import {
	enum dvt_exported_by by;
	struct dvl_device dev;
	struct dvt_peer peer;
	int fd;
};

const char *dvt_import_open(struct dvt_import *import,
			    enum dvt_exported_by by);

/* Opens both devices, without a buffer, or skips the test. */
#define dvt_import_open_or_skip(import, by)				\
	do {								\
		const char *why_ = dvt_import_open(import, by);		\
									\
		if (why_)						\
			dvt_skip("%s", why_);				\
	} while (0)

/* The same, and exports DVT_IMPORT_LEN bytes from the start of the BAR. */
#define dvt_import_or_skip(import, by)					\
	do {								\
		dvt_import_open_or_skip(import, by);			\
		(import)->fd = dvt_export(&(import)->dev, DVT_IMPORT_BAR, \
					  0, DVT_IMPORT_LEN, O_RDWR);	\
	} while (0)

/* The same, with a mapping for processors, and an importer that has it mapped. */
#define dvt_import_busy_or_skip(import, map, reaction, delay_ms)	\
	do {								\
		dvt_import_or_skip(import, DVT_BY_US);			\
		map = dvt_map((import)->fd, DVT_IMPORT_LEN,		\
			      PROT_READ | PROT_WRITE);			\
		ck_assert_int_eq(dvt_peer_attach_slow(&(import)->peer,	\
						      (import)->fd,	\
						      reaction,		\
						      delay_ms), 0);	\
		ck_assert_int_eq(dvt_peer_map(&(import)->peer,		\
					      DVP_PEER_BIDIRECTIONAL),	\
				 0);					\
	} while (0)

/* The last close of the device, if it is open, and a new open. */
void dvt_import_reopen(struct dvt_import *import);

/* What stands between the devices of this machine. */
bool dvt_machine_is(const char *name);
bool dvt_bridge_is_known(void);
bool dvt_machine_translates(void);

/*
 * Bytes that differ from those of another seed, and what the BAR has of them.
 */
void dvt_bytes(void *bytes, size_t len, unsigned int seed);
void dvt_bar_fill(const struct dvl_device *dev, uint64_t off, size_t len,
		  unsigned int seed);
void dvt_bar_assert(const struct dvl_device *dev, uint64_t off, size_t len,
		    unsigned int seed);

/* DMA in both directions: @off of the buffer is @bar_off of the BAR. */
void dvt_import_assert_leads_to(const struct dvt_import *import, uint64_t off,
				uint64_t bar_off);
/* DMA to where the last mapping led is stopped, and changes nothing. */
void dvt_import_assert_stopped(const struct dvt_import *import);

#endif /* DVT_IMPORT_H */
