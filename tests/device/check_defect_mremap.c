// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mapping with an entry of 1 GiB is moved to where none can stand. mremap()
 * has no way to split such an entry: it takes the table that it finds for
 * garbage, and says so. vfio-pci makes such entries (6.12 and later: huge PFN
 * maps of the level of a PUD).
 */
#include <unistd.h>

#include "dvt_defect.h"
#include "dvt_place.h"

#define ROLE "DVP_BDF_1G"
#define BAR 2
#define GIB (1024 * DVT_MIB)

/* Room for so much, aligned to that, and some more. */
static char *reserve(void)
{
	char *room = mmap(NULL, 4 * GIB, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	ck_assert_ptr_ne(room, MAP_FAILED);
	return (char *)(((uintptr_t)room + GIB - 1) & -GIB);
}

static void *map_bar(const struct dvl_device *dev, char *at)
{
	struct vfio_region_info info;
	void *map;

	ck_assert_int_eq(dvl_region_info(dev, BAR, &info), 0);
	map = mmap(at, GIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		   dev->fd, info.offset);
	ck_assert_msg(map == at, "mapping 1 GiB: %m");
	return map;
}

/* Whether the kernel complained, or one of both places leads to what it must not. */
static bool move_breaks(char *map, char *to)
{
	int log = dvt_log_mark();
	bool shown;
	char *moved;

	ck_assert_int_eq(dvt_write32(map, 0x5eedf00d), 0);
	ck_assert_int_eq(dvt_write32(map + GIB - 4, 0x0ddba115), 0);
	moved = mremap(map, GIB, GIB, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	ck_assert_msg(moved == to, "mremap: %m");
	shown = dvt_read32(map) != DVT_SIGSEGV || dvt_log_has(log, "bad p") ||
		dvt_read32(moved) != 0x5eedf00d ||
		dvt_read32(moved + GIB - 4) != 0x0ddba115;
	close(log);
	return shown;
}

START_TEST(bar_mapping_of_1_gib_can_be_moved)
{
	struct dvl_device dev;
	char *room;
	bool shown;

	dvt_open_or_skip(&dev, ROLE);
	room = reserve();
	shown = move_breaks(map_bar(&dev, room), room + GIB + DVT_HUGE);
	dvt_judge_defect(shown, dvt_kernel_has("vmf_insert_pfn_pud"));
}
END_TEST

START_TEST(buffer_of_1_gib_can_be_moved)
{
	struct dvl_device dev;
	char *room;
	void *map;
	int fd;

	dvt_ours_or_skip("mmap of dma-bufs");
	dvt_open_or_skip(&dev, ROLE);
	fd = dvt_export_huge(&dev, BAR, 0, GIB, O_RDWR);
	room = reserve();
	map = mmap(room, GIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		   fd, 0);
	ck_assert_ptr_eq(map, room);
	dvt_judge_defect(move_breaks(map, room + GIB + DVT_HUGE), false);
}
END_TEST

DVT_MAIN("defect: mremap",
	 { bar_mapping_of_1_gib_can_be_moved },
	 { buffer_of_1_gib_can_be_moved })
