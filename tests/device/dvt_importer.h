/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The test module: loading it, asking it about page table entries and about the
 * kernel.
 */
#ifndef DVT_IMPORTER_H
#define DVT_IMPORTER_H

#include "../importer/dvp_importer.h"
#include "dvt.h"

int dvt_importer_open(void);

/*
 * Opens the test module, or skips the test where there is none. That a module
 * in DVP_MODULES cannot be loaded is no reason to skip: the test fails.
 */
#define dvt_importer_or_skip(fd)					\
	do {								\
		(fd) = dvt_importer_open();				\
		if ((fd) < 0)						\
			dvt_skip("no test module to read page tables: %s", \
				 strerror(-(fd)));			\
	} while (0)

unsigned int dvt_kernel_facts(void);

int dvt_pte_try(int importer, const void *addr,
		struct dvp_importer_pte *pte);
void dvt_pte(int importer, const void *addr,
	     struct dvp_importer_pte *pte);
unsigned int dvt_pte_level(int importer, const void *addr);

/*
 * Stall tasks of other processes that zap pages of this one, until dvt_stall_go() or
 * the close of the descriptor. 0 or more, or a negative errno. Usable in children.
 */
int dvt_stall(int importer, const void *addr, size_t len);
int dvt_stall_go(int importer);
/* How many tasks are stalled. */
int dvt_stalled(int importer);

#endif /* DVT_IMPORTER_H */
