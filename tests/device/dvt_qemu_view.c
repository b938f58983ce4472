// SPDX-License-Identifier: GPL-2.0-only
/*
 * What QEMU's monitor says of the guest's devices, and of what is behind them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dvt_qemu.h"

/* Firmware that two emulators carry takes its time, whatever the host does. */
#define PATIENCE 600
#define PAUSE_US 100000

/* Of a line of the file "resource" in sysfs */
#define RESOURCE_MEMORY 0x200

/**
 * dvt_qemu_find_device() - the part of "info pci" about one device
 * @answer: all that the monitor printed
 * @id: the name that the device was given
 * @part: filled, from "Bus" to the name, which comes last
 * @size: size of @part
 */
void dvt_qemu_find_device(const char *answer, const char *id, char *part,
			  size_t size)
{
	const char *start = answer, *next = answer, *end;
	char name[32];

	snprintf(name, sizeof(name), "id \"%s\"", id);
	end = strstr(answer, name);
	ck_assert_msg(end, "no %s in: %s", name, answer);
	while ((next = strstr(next, "  Bus ")) && next < end)
		start = next++;
	snprintf(part, size, "%.*s", (int)(end - start), start);
}

/**
 * dvt_qemu_find_bar() - where the guest has a BAR
 * @part: what "info pci" says of the device
 * @bar: the BAR
 * @start: set to its first address
 * @last: set to its last address
 *
 * Return: whether the BAR is there, and has a place.
 */
bool dvt_qemu_find_bar(const char *part, unsigned int bar, uint64_t *start,
		       uint64_t *last)
{
	const char *line, *place;
	char name[16];

	snprintf(name, sizeof(name), "BAR%u: ", bar);
	line = strstr(part, name);
	if (!line)
		return false;
	place = strstr(line, " at 0x");
	return place && place < line + strcspn(line, "\n") &&
	       sscanf(place, " at %lx [%lx]", start, last) == 2;
}

/**
 * dvt_qemu_assert_bars() - each memory BAR of the host is the guest's, too
 * @part: what "info pci" says of the device
 * @bdf: its address here; sysfs has the sizes
 */
void dvt_qemu_assert_bars(const char *part, const char *bdf)
{
	uint64_t start, last, here, here_last;
	unsigned long flags;
	char lines[1024], *line = lines;
	unsigned int bar, nr = 0;

	ck_assert_int_eq(dvl_sysfs_read(bdf, "resource", lines, sizeof(lines)),
			 0);
	for (bar = 0; bar < 6; bar++, line = strchr(line, '\n') + 1) {
		ck_assert_int_eq(sscanf(line, "%lx %lx %lx", &start, &last,
					&flags), 3);
		if (!(flags & RESOURCE_MEMORY))
			continue;
		ck_assert_msg(dvt_qemu_find_bar(part, bar, &here, &here_last),
			      "%s: no BAR %u in: %s", bdf, bar, part);
		ck_assert_uint_eq(here_last - here, last - start);
		nr++;
	}
	ck_assert_uint_gt(nr, 0);
}

/**
 * dvt_qemu_wait_firmware() - wait until every BAR has its place
 * @qemu: one that was started with firmware
 *
 * Return: what "info pci" says then; until the next call.
 */
const char *dvt_qemu_wait_firmware(struct dvt_qemu *qemu)
{
	const char *answer = "";
	int tries;

	for (tries = 0; tries < PATIENCE; tries++) {
		answer = dvt_qemu_ask(qemu, "info pci");
		/* Newer ones and older ones */
		if (!strstr(answer, "memory (not mapped)") &&
		    !strstr(answer, "memory at 0xffffffffffffffff"))
			return answer;
		usleep(PAUSE_US);
	}
	ck_abort_msg("the firmware left BARs without a place: %s", answer);
}

/**
 * dvt_qemu_examine() - a word of the guest's memory, as the monitor sees it
 * @qemu: whose guest
 * @addr: physical address in the guest
 *
 * Return: the word.
 */
uint32_t dvt_qemu_examine(struct dvt_qemu *qemu, uint64_t addr)
{
	char command[32];
	const char *answer;

	snprintf(command, sizeof(command), "xp /1wx %#lx", addr);
	answer = strstr(dvt_qemu_ask(qemu, command), ": 0x");
	ck_assert_ptr_nonnull(answer);
	return strtoul(answer + 2, NULL, 16);
}
