/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine under the test: QEMU's monitor, on the serial port that
 * DVP_MONITOR names. Through it a device is taken out and put in again, as by
 * somebody who stands at the computer.
 */
#ifndef DVT_MONITOR_H
#define DVT_MONITOR_H

#include <stdio.h>

#include "dvt.h"

/**
 * struct dvt_monitor - a connection
 * @file: the port
 * @nr_asked: how many commands were sent
 */
struct dvt_monitor {
	FILE *file;
	unsigned int nr_asked;
};

bool dvt_monitor_open(struct dvt_monitor *mon);
void dvt_monitor_close(struct dvt_monitor *mon);

/* Opens the monitor, or skips the test where this machine has none. */
#define dvt_monitor_or_skip(mon)					\
	do {								\
		if (!dvt_monitor_open(mon))				\
			dvt_skip("no monitor of this machine");		\
	} while (0)

void dvt_monitor_ask(struct dvt_monitor *mon, const char *command,
		     const char *arguments);
void dvt_monitor_wait(struct dvt_monitor *mon, const char *event,
		      const char *text);

#endif /* DVT_MONITOR_H */
