/* SPDX-License-Identifier: GPL-2.0-only */
/* Soft-dirty: a process that lets the kernel note which pages it writes to. */
#ifndef DVT_DIRTY_H
#define DVT_DIRTY_H

#include <stdbool.h>

bool dvt_kernel_tracks_writes(void);
void dvt_track_writes(void);

#endif /* DVT_DIRTY_H */
