// SPDX-License-Identifier: GPL-2.0-only
/* Mappings at chosen addresses and their entries; see dvt_place.h. */
#include <stdio.h>

#include "dvt_importer.h"
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
 * dvt_map_at() - map a file at an address with chosen low bits
 * @fd: a dma-buf or a device
 * @off: start in the file
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

/**
 * dvt_map_bar_at() - map a BAR through the device at an address with chosen low bits
 * @dev: the device
 * @bar: the BAR, from its start
 * @len: length in bytes
 * @prot: PROT_READ, PROT_WRITE
 * @align: as for dvt_map_at()
 * @shift: as for dvt_map_at()
 *
 * Return: the address.
 */
void *dvt_map_bar_at(const struct dvl_device *dev, unsigned int bar, size_t len,
		     int prot, size_t align, size_t shift)
{
	struct vfio_region_info info;

	ck_assert_int_eq(dvl_region_info(dev, bar, &info), 0);
	return dvt_map_at(dev->fd, info.offset, len, prot, align, shift);
}

/**
 * dvt_touch_slots() - read one word in each slot of 2 MiB of a mapping
 * @map: the mapping
 * @len: length in bytes
 */
void dvt_touch_slots(const char *map, size_t len)
{
	const char *addr = map;

	while (addr < map + len) {
		ck_assert_int_ge(dvt_read32(addr), 0);
		addr = (const char *)(((uintptr_t)addr + DVT_HUGE) &
				      ~(DVT_HUGE - 1));
	}
}

/**
 * dvt_assert_level() - the entry of an address is of a certain kind
 * @importer: from dvt_importer_open()
 * @addr: the address
 * @level: DVP_PTE_*
 */
void dvt_assert_level(int importer, const char *addr, unsigned int level)
{
	unsigned int got = dvt_pte_level(importer, addr);

	ck_assert_msg(got == level, "entry of %p: level %u, not %u", addr, got,
		      level);
}

/**
 * dvt_assert_frames() - all pages have an entry, and it leads to the BAR
 * @importer: from dvt_importer_open()
 * @map: start of the pages
 * @len: length in bytes
 * @phys: physical address that the first one leads to
 */
void dvt_assert_frames(int importer, const char *map, size_t len, uint64_t phys)
{
	const size_t page = 0x1000;
	struct dvp_importer_pte pte;
	size_t off;

	for (off = 0; off < len; off += page) {
		dvt_pte(importer, map + off, &pte);
		ck_assert_msg(pte.level != DVP_PTE_NONE &&
			      pte.pfn == (phys + off) / page,
			      "page %#zx: level %u, leads to %#llx, not %#lx",
			      off, pte.level, pte.pfn * page, phys + off);
	}
}
