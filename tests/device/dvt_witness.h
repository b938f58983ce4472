/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A buffer that is mapped in all the ways that a revocation has to reach:
 * here and in a process of another user, each time once touched and once not
 * yet faulted. Tests of triggers ask all four at once.
 */
#ifndef DVT_WITNESS_H
#define DVT_WITNESS_H

#include "dvt.h"

enum dvt_where {
	DVT_HERE,
	DVT_HERE_FRESH,
	DVT_THERE,
	DVT_THERE_FRESH,
	DVT_NR_WHERE
};

/**
 * struct dvt_witness - a buffer and its mappings
 * @fd: the dma-buf
 * @importer: the test module, or -1
 * @len: bytes of the buffer
 * @here: touched mapping of this process
 * @fresh: mapping of this process that nobody touched since rearming
 * @child: the other process, with two mappings of the same kind
 */
struct dvt_witness {
	int fd;
	int importer;
	size_t len;
	void *here;
	void *fresh;
	struct dvt_child child;
};

/*
 * Exports @len bytes of @bar from @off, whose first word keeps what is written
 * to it, and maps them.
 */
void dvt_witness_start(struct dvt_witness *w, const struct dvl_device *dev,
		       unsigned int bar, uint64_t off, size_t len);
/* New untouched mappings, and a touch of the others; the buffer is usable. */
void dvt_witness_rearm(struct dvt_witness *w);
void dvt_witness_stop(struct dvt_witness *w);

/* All four can write and read, and see what the others wrote. */
void dvt_witness_assert_usable(const struct dvt_witness *w);
/* All four get SIGBUS for reading and writing. */
void dvt_witness_assert_sigbus(const struct dvt_witness *w);
/* SIGBUS, and a new mmap works and gets SIGBUS too. */
void dvt_witness_assert_paused(const struct dvt_witness *w);
/* SIGBUS, and a new mmap gives ENODEV, here and there. */
void dvt_witness_assert_dead(const struct dvt_witness *w);
/*
 * The mappings that were touched have lost their page table entries, which
 * dvt_witness_rearm() saw. Judged where the test module is there; else false.
 * Of the others there is nothing to see but their first touch, afterwards.
 */
bool dvt_witness_assert_zapped(const struct dvt_witness *w);

#endif /* DVT_WITNESS_H */
