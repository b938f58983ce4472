// SPDX-License-Identifier: GPL-2.0-only
/*
 * Check writes down where each assertion was that held, to tell where a test died:
 * a system call for each, and a message that the runner reads in the end. In a loop
 * over thousands of pages that takes longer than what is tested. So this stands
 * between the two (--wrap in tests/user.mk): after many of them, only places that are
 * new are written down.
 */
#include <stdbool.h>

#include "dvt_mark.h"

enum {
	MANY = 512,
	NR_SLOTS = 64,
};

/* Whether the place is in the slot of its line; now it is. */
static bool is_known(const char *file, int line)
{
	static _Thread_local struct {
		const char *file;
		int line;
	} slots[NR_SLOTS], *slot;
	bool known;

	slot = &slots[line % NR_SLOTS];
	known = slot->line == line && slot->file == file;
	slot->file = file;
	slot->line = line;
	return known;
}

/**
 * __wrap__mark_point() - an assertion has held
 * @file: its source file
 * @line: its line there
 */
void __wrap__mark_point(const char *file, int line)
{
	static _Thread_local unsigned int nr_written;

	if (is_known(file, line) && nr_written >= MANY)
		return;
	nr_written++;
	__real__mark_point(file, line);
}
