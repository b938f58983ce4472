/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mappings at addresses that a test chooses, where a BAR physically is, and
 * which page table entries lie in between.
 */
#ifndef DVT_PLACE_H
#define DVT_PLACE_H

#include "dvt.h"

#define DVT_HUGE (2 * DVT_MIB)

uint64_t dvt_bar_addr(const char *bdf, unsigned int bar);
void *dvt_map_at(int fd, uint64_t off, size_t len, int prot, size_t align,
		 size_t shift);
void *dvt_map_bar_at(const struct dvl_device *dev, unsigned int bar, size_t len,
		     int prot, size_t align, size_t shift);

void dvt_touch_slots(const char *map, size_t len);
void dvt_assert_level(int importer, const char *addr, unsigned int level);
void dvt_assert_frames(int importer, const char *map, size_t len,
		       uint64_t phys);

#endif /* DVT_PLACE_H */
