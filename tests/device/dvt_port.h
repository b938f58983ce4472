/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The serial port at whose other end QEMU's monitor is. Apart from dvt_monitor.h for
 * programs that are no tests, such as the benchmark.
 */
#ifndef DVT_PORT_H
#define DVT_PORT_H

int dvt_port_open(const char *path);

#endif /* DVT_PORT_H */
