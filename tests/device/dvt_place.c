// SPDX-License-Identifier: GPL-2.0-only
/* Mappings at chosen addresses; see dvt_place.h. */
#include <stdio.h>

#include "dvt_place.h"

/**
 * dvt_bar_addr() - where a BAR is
 * @bdf: the device
 * @bar: the BAR
 *
 * Return: its physical address, as the host has it.
 */
uint64_t dvt_bar_addr(const char *bdf, unsigned int bar)
{
	char path[128], line[128];
	unsigned long start = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", bdf);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	do {
		ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
	} while (bar--);
	fclose(file);
	ck_assert_int_eq(sscanf(line, "%lx", &start), 1);
	return start;
}

/**
 * dvt_map_at() - map a dma-buf at an address with chosen low bits
 * @fd: the dma-buf
 * @off: start in the buffer
 * @len: length in bytes
 * @prot: PROT_READ, PROT_WRITE
 * @align: a power of two
 * @shift: what the address is, modulo @align
 *
 * What is left of the reservation on both sides stays, without access, so
 * nothing else comes to lie beside the mapping.
 *
 * Return: the address.
 */
void *dvt_map_at(int fd, uint64_t off, size_t len, int prot, size_t align,
		 size_t shift)
{
	char *room, *addr;

	room = mmap(NULL, len + 2 * align, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ck_assert_ptr_ne(room, MAP_FAILED);
	addr = (char *)(((uintptr_t)room + align - 1) & ~(align - 1)) + shift;
	ck_assert_ptr_eq(mmap(addr, len, prot, MAP_SHARED | MAP_FIXED, fd, off),
			 addr);
	return addr;
}
