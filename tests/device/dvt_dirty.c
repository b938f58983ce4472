// SPDX-License-Identifier: GPL-2.0-only
/* Soft-dirty; see dvt_dirty.h. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dvt.h"
#include "dvt_dirty.h"

/**
 * dvt_kernel_tracks_writes() - does this kernel have soft-dirty
 *
 * Return: whether new mappings are marked.
 */
bool dvt_kernel_tracks_writes(void)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	bool found = false;
	char line[512];

	ck_assert_ptr_nonnull(smaps);
	while (fgets(line, sizeof(line), smaps))
		found |= !strncmp(line, "VmFlags:", 8) && strstr(line, " sd");
	fclose(smaps);
	return found;
}

/**
 * dvt_track_writes() - have the kernel note what is written to from now on
 *
 * A page of a mapping that exists can only be read, then, until it is written
 * to.
 */
void dvt_track_writes(void)
{
	int refs = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(refs, 0);
	ck_assert_int_eq(write(refs, "4", 1), 1);
	close(refs);
}
