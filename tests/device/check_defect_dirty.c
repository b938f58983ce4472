// SPDX-License-Identifier: GPL-2.0-only
/*
 * A store to a page that a process reads first, while it lets the kernel note
 * which pages it writes to. For a huge entry the fault is the driver's, and
 * vfio-pci (6.12 and later) leaves the entry as it is: the store faults again,
 * for ever.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dvt_defect.h"
#include "dvt_dirty.h"
#include "dvt_place.h"

#define BAR 2
#define GIB (1024 * DVT_MIB)
#define PAUSE_US 10000
/* One store has one fault, or a few that had to come again. */
#define MANY_FAULTS 10000

static long nr_faults(pid_t pid)
{
	long faults = -1;
	char path[32];
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	stat = fopen(path, "r");
	ck_assert_ptr_nonnull(stat);
	ck_assert_int_eq(fscanf(stat, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %ld",
				&faults), 1);
	fclose(stat);
	return faults;
}

static bool store_returns(char *map)
{
	bool returns = false;
	int status;
	pid_t pid;

	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		dvt_track_writes();
		_exit(dvt_read32(map) < 0 || dvt_write32(map, 0x57013) ? 1 : 0);
	}
	do {
		usleep(PAUSE_US);
		returns = waitpid(pid, &status, WNOHANG) == pid;
	} while (!returns && nr_faults(pid) < MANY_FAULTS);

	if (!returns) {
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
		return false;
	}
	ck_assert_int_eq(status, 0);
	return true;
}

/**
 * struct row - whose memory, and how much of it
 * @role: the device
 * @len: of an entry
 */
static const struct row {
	const char *role;
	size_t len;
} rows[] = {
	{ "DVP_BDF", DVT_HUGE },
	{ "DVP_BDF_1G", GIB },
};

START_TEST(bar_mapping_can_be_written_to_after_a_read)
{
	const struct row *row = &rows[_i];
	struct vfio_region_info info;
	struct dvl_device dev;
	char *map;

	dvt_open_or_skip(&dev, row->role);
	if (!dvt_kernel_tracks_writes())
		dvt_skip("this kernel does not track writes");
	ck_assert_int_eq(dvl_region_info(&dev, BAR, &info), 0);
	map = dvt_map_at(dev.fd, info.offset, row->len, PROT_READ | PROT_WRITE,
			 row->len, 0);
	dvt_judge_defect(!store_returns(map),
			 dvt_kernel_has("vfio_pci_mmap_huge_fault"));
	ck_assert(dvt_in_tree() || dvt_peek32(&dev, BAR, 0) == 0x57013);
}
END_TEST

START_TEST(buffer_can_be_written_to_after_a_read)
{
	const struct row *row = &rows[_i];
	struct dvl_device dev;
	char *map;

	dvt_ours_or_skip("mmap of dma-bufs");
	dvt_open_or_skip(&dev, row->role);
	if (!dvt_kernel_tracks_writes())
		dvt_skip("this kernel does not track writes");
	map = dvt_map_at(dvt_export_huge(&dev, BAR, 0, row->len, O_RDWR), 0,
			 row->len, PROT_READ | PROT_WRITE, row->len, 0);
	dvt_judge_defect(!store_returns(map), false);
	ck_assert_uint_eq(dvt_peek32(&dev, BAR, 0), 0x57013);
}
END_TEST

DVT_MAIN("defect: dirty",
	 { bar_mapping_can_be_written_to_after_a_read,
	   DVT_ARRAY_SIZE(rows) },
	 { buffer_can_be_written_to_after_a_read, DVT_ARRAY_SIZE(rows) })
