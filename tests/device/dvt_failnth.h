/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls whose allocations fail, one after the other: the first in one try, the
 * second in the next, until a try gets by without. Kernels with fault injection
 * do it for a task that asks: Documentation/fault-injection. A program that uses
 * this ends with DVT_MAIN_FAILNTH().
 */
#ifndef DVT_FAILNTH_H
#define DVT_FAILNTH_H

#include "dvt.h"

/**
 * enum dvt_failnth_rule - what may come of a call with a failed allocation
 * @DVT_MAY_FAIL: -ENOMEM, or success, where the kernel did without
 * @DVT_MUST_FAIL: as before; and it allocates, so -ENOMEM comes at least once
 * @DVT_MUST_WORK: success: it needs no memory, or tries again until there is some
 * @DVT_MAY_SAY: also an errno that the kernel has for it, &dvt_failnth_call.says
 */
enum dvt_failnth_rule {
	DVT_MAY_FAIL,
	DVT_MUST_FAIL,
	DVT_MUST_WORK,
	DVT_MAY_SAY,
};

/**
 * struct dvt_failnth_call - a call
 * @name: for the table
 * @rule: what may come of it
 * @says: for DVT_MAY_SAY: another errno
 * @before: makes what a try needs; asserts
 * @call: the call, and nothing else that allocates; 0 or more, or a negative
 *	errno
 * @worked: looks at what a call that worked has made; asserts. May be NULL.
 * @after: takes back what @before and the call made, with what it returned;
 *	asserts
 */
struct dvt_failnth_call {
	const char *name;
	enum dvt_failnth_rule rule;
	int says;
	void (*before)(void *scene);
	int (*call)(void *scene);
	void (*worked)(void *scene, int ret);
	void (*after)(void *scene, int ret);
};

const char *dvt_failnth_lack(void);
bool dvt_failnth_once(unsigned int nth, int (*call)(void *scene), void *scene,
		      int *ret);
void dvt_failnth_sweep(const struct dvt_failnth_call *call, void *scene);
bool dvt_failnth_has_failed(void);

/* Skips the test where the kernel cannot do that. */
#define dvt_failnth_or_skip()						\
	do {								\
		const char *lack_ = dvt_failnth_lack();			\
									\
		if (lack_)						\
			dvt_skip("%s", lack_);				\
	} while (0)

void dvt_failnth_begin(void);
void dvt_failnth_end(void);

/* As DVT_MAIN(). */
#define DVT_MAIN_FAILNTH(area, ...)					\
int main(void)								\
{									\
	return dvt_main_around(area, (const struct dvt_test[]){		\
			__VA_ARGS__, { NULL, 0 } },			\
			dvt_failnth_begin, dvt_failnth_end);		\
}

#endif /* DVT_FAILNTH_H */
