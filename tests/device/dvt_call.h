/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls that end memory, made by a process that can wait for them. */
#ifndef DVT_CALL_H
#define DVT_CALL_H

#include "dvt.h"

enum dvt_call_what {
	DVT_CALL_REVOKE,
	DVT_CALL_RESET,
	DVT_CALL_MEMORY_OFF,
	/* The last close of the device: it is closed here first. */
	DVT_CALL_CLOSE,
	DVT_NR_CALLS
};

/**
 * struct dvt_call - a call that is under way
 * @child: the process that makes it
 */
struct dvt_call {
	struct dvt_child child;
};

void dvt_call_start(struct dvt_call *call, enum dvt_call_what what,
		    struct dvl_device *dev, int fd);
/* It has not returned. */
void dvt_call_assert_waits(const struct dvt_call *call);
/* Waits until it returns; gives what it returned: 0 or a negative errno. */
int dvt_call_end(struct dvt_call *call);

#endif /* DVT_CALL_H */
