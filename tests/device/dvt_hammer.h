/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread that reads a mapping without a pause. What is behind it holds one
 * word, repeated; each read gives that word or SIGBUS. Anything else came from
 * where the mapping should not have led any more.
 */
#ifndef DVT_HAMMER_H
#define DVT_HAMMER_H

#include <pthread.h>
#include <stdatomic.h>

#include "dvt.h"

/* Neither what a missing device answers nor what an empty memory holds. */
#define DVT_PATTERN 0x6d617073U

/**
 * struct dvt_hammer - the thread and what it saw
 * @addr: the mapping; a word of each page is read
 * @nr_pages: how many pages
 * @word: which word, in bytes from the start of the page
 * @fd: -1, or map it anew from here for each read
 * @off: where in @fd
 * @expected: what it holds
 * @nr_good: reads that gave @expected
 * @nr_sigbus: reads that gave SIGBUS
 * @nr_bad: reads that gave something else
 * @bad: the first such value
 */
struct dvt_hammer {
	const uint8_t *addr;
	size_t nr_pages;
	size_t word;
	int fd;
	uint64_t off;
	uint32_t expected;
	pthread_t thread;
	atomic_bool stop;
	atomic_ulong nr_good;
	atomic_ulong nr_sigbus;
	atomic_ulong nr_bad;
	atomic_long bad;
};

void dvt_pattern_fill(const struct dvl_device *dev, unsigned int bar,
		      uint64_t off, size_t len);
void dvt_hammer_start(struct dvt_hammer *hammer, const void *addr,
		      size_t len);
void dvt_hammer_start_word(struct dvt_hammer *hammer, const void *addr,
			   uint32_t expected);
void dvt_hammer_start_thread(struct dvt_hammer *hammer);
void dvt_hammer_run(struct dvt_hammer *hammer);
void dvt_hammer_wait_good(struct dvt_hammer *hammer, unsigned long nr);
void dvt_hammer_wait_any(struct dvt_hammer *hammer, unsigned long nr);
void dvt_hammer_assert_good(struct dvt_hammer *hammer);
void dvt_hammer_stop(struct dvt_hammer *hammer);

#endif /* DVT_HAMMER_H */
