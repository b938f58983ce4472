/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dvt_mark.c: between assertions and Check. The names are the linker's.
 */
#ifndef DVT_MARK_H
#define DVT_MARK_H

void __real__mark_point(const char *file, int line);
void __wrap__mark_point(const char *file, int line);

#endif /* DVT_MARK_H */
