/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs of the example, as data; example.mk makes them.
 */
#ifndef DVT_EXAMPLE_H
#define DVT_EXAMPLE_H

extern const char _binary_primary_start[], _binary_primary_end[];
extern const char _binary_client_start[], _binary_client_end[];

#endif /* DVT_EXAMPLE_H */
