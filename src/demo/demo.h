/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The demo's two processes and what they say to each other: the primary sends
 * an order, the child does it and sends back a report. The child has no
 * terminal; the primary prints the report's text for it.
 */
#ifndef DVP_DEMO_H
#define DVP_DEMO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "dvl.h"

#define DEMO_NOBODY 65534

enum demo_op {
	DEMO_INTRODUCE,		/* who are you, and what do you hold */
	DEMO_TAKE,		/* a descriptor follows */
	DEMO_MAP,		/* map it */
	DEMO_FILL,		/* write value + n to the nth word of each page */
	DEMO_READ,		/* read the word at off */
	DEMO_WRITE,		/* write value to the word at off */
	DEMO_MAP_MORE,		/* try to map one page more than there is */
	DEMO_HAMMER,		/* read until the next order, whatever happens */
};

/**
 * struct demo_order - from the primary to the child
 * @op: what to do
 * @off: offset in the mapping
 * @value: a word
 */
struct demo_order {
	enum demo_op op;
	uint32_t value;
	uint64_t off;
};

#define DEMO_SIGBUS (-1)
#define DEMO_SIGSEGV (-2)

/**
 * struct demo_report - from the child to the primary
 * @result: a word, a length, DEMO_SIGBUS, DEMO_SIGSEGV; or -errno
 * @nr_good: DEMO_HAMMER: reads that gave the value asked for
 * @nr_bad: DEMO_HAMMER: reads that gave another
 * @nr_sigbus: DEMO_HAMMER: reads that raised SIGBUS
 * @text: what the child has to say, for people
 */
struct demo_report {
	int64_t result;
	uint64_t nr_good;
	uint64_t nr_bad;
	uint64_t nr_sigbus;
	char text[200];
};

/* child.c */
int demo_child_run(int sock);

/**
 * struct demo - the primary's side
 * @child: process id of the child
 * @sock: socket to it
 */
struct demo {
	pid_t child;
	int sock;
};

/* talk.c */
void demo_child_start(struct demo *demo);
void demo_child_stop(struct demo *demo);
void demo_order(struct demo *demo, enum demo_op op, uint64_t off,
		uint32_t value);
struct demo_report demo_report(struct demo *demo);
struct demo_report demo_ask(struct demo *demo, enum demo_op op, uint64_t off,
			    uint32_t value);
void demo_give(struct demo *demo, int fd);

/**
 * struct quarter - what is lent
 * @dev: the device
 * @bar: the BAR
 * @bar_len: its length
 * @off: start of the quarter in the BAR
 * @len: its length
 * @map: the primary's own mapping of the whole BAR
 */
struct quarter {
	struct dvl_device dev;
	unsigned int bar;
	uint64_t bar_len;
	uint64_t off;
	uint64_t len;
	volatile uint32_t *map;
};

/* peer.c */
void demo_peer(struct demo *demo, const struct quarter *quarter, int fd,
	       const char *bdf);

/* talk.c: what went wrong, for the end of a line; nothing if all is well */
const char *demo_why(int ret);

/* A numbered heading; what the primary sees; what ends the demo. */
__attribute__((format(printf, 1, 2))) void demo_step(const char *format, ...);
__attribute__((format(printf, 1, 2))) void demo_say(const char *format, ...);
__attribute__((format(printf, 2, 3)))
void demo_expect(bool as_expected, const char *format, ...);

#endif /* DVP_DEMO_H */
