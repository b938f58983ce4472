// SPDX-License-Identifier: GPL-2.0-only
/* The thread of dvt_hammer.h. */
#include <sched.h>
#include <unistd.h>

#include "dvt_hammer.h"

/* A mapping that cannot be made counts as a bad read. */
static int64_t read_new_mapping(const struct dvt_hammer *hammer, size_t off)
{
	size_t len = hammer->nr_pages * getpagesize();
	void *addr = mmap(NULL, len, PROT_READ, MAP_SHARED, hammer->fd,
			  hammer->off);
	int64_t value;

	if (addr == MAP_FAILED)
		return DVT_SIGSEGV;
	value = dvt_read32((uint8_t *)addr + off);
	munmap(addr, len);
	return value;
}

/**
 * dvt_hammer_run() - read until told to stop
 * @hammer: set up; may lie in memory that two processes share
 */
void dvt_hammer_run(struct dvt_hammer *hammer)
{
	size_t page_size = getpagesize(), page = 0, off;
	int64_t value;

	while (!atomic_load_explicit(&hammer->stop, memory_order_relaxed)) {
		off = page * page_size + hammer->word;
		value = hammer->fd < 0 ? dvt_read32(hammer->addr + off) :
					 read_new_mapping(hammer, off);
		if (value == hammer->expected)
			atomic_fetch_add(&hammer->nr_good, 1);
		else if (value == DVT_SIGBUS)
			atomic_fetch_add(&hammer->nr_sigbus, 1);
		else if (!atomic_fetch_add(&hammer->nr_bad, 1))
			atomic_store(&hammer->bad, value);
		/* A prime, so that neighbours do not follow each other. */
		page = (page + 7) % hammer->nr_pages;
	}
}

static void *run(void *hammer)
{
	dvt_hammer_run(hammer);
	return NULL;
}

/**
 * dvt_hammer_start_thread() - read in a thread
 * @hammer: set up
 */
void dvt_hammer_start_thread(struct dvt_hammer *hammer)
{
	ck_assert_int_eq(pthread_create(&hammer->thread, NULL, run, hammer),
			 0);
}

/**
 * dvt_pattern_fill() - write the pattern to each page, by the second path
 * @dev: an open device
 * @bar: the BAR
 * @off: start in the BAR
 * @len: length in bytes
 */
void dvt_pattern_fill(const struct dvl_device *dev, unsigned int bar,
		      uint64_t off, size_t len)
{
	uint64_t end = off + len;

	for (; off < end; off += getpagesize())
		dvt_poke32(dev, bar, off, DVT_PATTERN);
}

static void start(struct dvt_hammer *hammer, const void *addr, size_t nr_pages,
		  uint32_t expected)
{
	*hammer = (struct dvt_hammer){
		.addr = addr,
		.nr_pages = nr_pages,
		.expected = expected,
		.fd = -1,
	};
	dvt_hammer_start_thread(hammer);
	dvt_hammer_wait_any(hammer, 1);
}

/**
 * dvt_hammer_start() - start to read a piece of memory
 * @hammer: filled in
 * @addr: a mapping of what dvt_pattern_fill() has filled
 * @len: length in bytes
 */
void dvt_hammer_start(struct dvt_hammer *hammer, const void *addr, size_t len)
{
	start(hammer, addr, len / getpagesize(), DVT_PATTERN);
}

/**
 * dvt_hammer_start_word() - start to read one word
 * @hammer: filled in
 * @addr: the word
 * @expected: what it always holds
 */
void dvt_hammer_start_word(struct dvt_hammer *hammer, const void *addr,
			   uint32_t expected)
{
	start(hammer, addr, 1, expected);
}

static unsigned long nr_any(struct dvt_hammer *hammer)
{
	return atomic_load(&hammer->nr_good) + atomic_load(&hammer->nr_sigbus) +
	       atomic_load(&hammer->nr_bad);
}

/**
 * dvt_hammer_wait_good() - wait until reads succeeded since now
 * @hammer: the thread
 * @nr: how many; a bad read ends the wait too
 *
 * For ever, if they don't: Check's timeout is the judge then.
 */
void dvt_hammer_wait_good(struct dvt_hammer *hammer, unsigned long nr)
{
	unsigned long until = atomic_load(&hammer->nr_good) + nr;

	while (atomic_load(&hammer->nr_good) < until &&
	       !atomic_load(&hammer->nr_bad))
		sched_yield();
}

/**
 * dvt_hammer_wait_any() - wait until reads ended since now, in any way
 * @hammer: the thread
 * @nr: how many
 */
void dvt_hammer_wait_any(struct dvt_hammer *hammer, unsigned long nr)
{
	unsigned long until = nr_any(hammer) + nr;

	while (nr_any(hammer) < until)
		sched_yield();
}

/**
 * dvt_hammer_assert_good() - it saw nothing wrong
 * @hammer: stopped
 */
void dvt_hammer_assert_good(struct dvt_hammer *hammer)
{
	ck_assert_msg(!atomic_load(&hammer->nr_bad),
		      "%lu of %lu reads gave a value that is not there: %#lx",
		      atomic_load(&hammer->nr_bad), nr_any(hammer),
		      (unsigned long)atomic_load(&hammer->bad));
}

/**
 * dvt_hammer_stop() - end the thread, and see that it saw nothing wrong
 * @hammer: the thread; its counts can be read then
 */
void dvt_hammer_stop(struct dvt_hammer *hammer)
{
	atomic_store(&hammer->stop, true);
	ck_assert_int_eq(pthread_join(hammer->thread, NULL), 0);
	dvt_hammer_assert_good(hammer);
}
