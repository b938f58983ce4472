// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be told of a BAR without the driver: from sysfs, and from how the
 * kernel was configured. Reasons have the driver's names.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

/* The kernel's flags of a resource. */
#define FLAG_IO		0x00000100
#define FLAG_UNSET	0x20000000

/**
 * tool_bars_read() - read the BARs of a device, and its ROM
 * @bdf: the device
 * @bars: filled in, TOOL_NR_BARS of them
 *
 * Return: 0 or a negative errno.
 */
int tool_bars_read(const char *bdf, struct tool_bar *bars)
{
	unsigned long long start, end, flags;
	char text[4096], *line, *rest = text;
	int ret, i;

	memset(bars, 0, TOOL_NR_BARS * sizeof(*bars));
	ret = tool_read(text, sizeof(text),
			"/sys/bus/pci/devices/%s/resource", bdf);
	for (i = 0; !ret && i < TOOL_NR_BARS; i++) {
		line = strsep(&rest, "\n");
		if (!line ||
		    sscanf(line, "%llx %llx %llx", &start, &end, &flags) != 3)
			return -EIO;
		bars[i].start = start;
		bars[i].size = flags && end >= start ? end - start + 1 : 0;
		bars[i].flags = flags;
	}
	return ret;
}

/**
 * tool_bar_kind() - what a BAR is
 * @bars: all of them
 * @bar: which
 *
 * Return: "memory", "io", "rom" or "none".
 */
const char *tool_bar_kind(const struct tool_bar *bars, int bar)
{
	if (!bars[bar].size)
		return "none";
	if (bar == TOOL_BAR_ROM)
		return "rom";
	return bars[bar].flags & FLAG_IO ? "io" : "memory";
}

/**
 * tool_bar_why_no_export() - why a BAR could not be exported
 * @bars: all of them
 * @bar: which
 *
 * Return: a reason, or NULL for one that can, as far as can be told.
 */
const char *tool_bar_why_no_export(const struct tool_bar *bars, int bar)
{
	uint64_t page = sysconf(_SC_PAGESIZE);

	if (!bars[bar].size)
		return "absent";
	if (bar == TOOL_BAR_ROM)
		return "rom";
	if (bars[bar].flags & FLAG_IO)
		return "io_port";
	if (bars[bar].flags & FLAG_UNSET)
		return "unassigned";
	if (bars[bar].size < page && bars[bar].start & (page - 1))
		return "shared_page";
	return NULL;
}

/**
 * tool_bar_why_no_import() - why no other device could import a BAR
 * @bars: all of them
 * @bar: which, one that can be exported
 *
 * Return: a reason, "unknown", or NULL for one that can be imported.
 */
const char *tool_bar_why_no_import(const struct tool_bar *bars, int bar)
{
	struct tool_kernel kernel;
	const char *reason = NULL;
	char release[128];

	if (bars[bar].size % sysconf(_SC_PAGESIZE))
		return "cpu_only";
	tool_kernel_running(release, sizeof(release));
	tool_kernel_open(&kernel, release);
	if (!kernel.config)
		reason = "unknown";
	else if (tool_kernel_option(&kernel,
				    "CONFIG_DMABUF_MOVE_NOTIFY") == 'n')
		reason = "pins_all";
	else if (tool_kernel_option(&kernel, "CONFIG_PCI_P2PDMA") != 'y')
		reason = "no_p2pdma";
	tool_kernel_close(&kernel);
	return reason;
}

/**
 * tool_bar_explain() - what a reason means
 * @reason: a word
 *
 * Return: the explanation, or the word itself.
 */
const char *tool_bar_explain(const char *reason)
{
	static const char *const texts[][2] = {
		{ "absent", "the device has no such BAR" },
		{ "io_port", "an I/O port BAR: ports cannot be mapped" },
		{ "rom", "the expansion ROM: VFIO lets nobody map it" },
		{ "shared_page",
		  "smaller than a page, and the rest of the page may be another's" },
		{ "unassigned", "the kernel has found no room for it" },
		{ "no_mmap", "VFIO does not let user space map it" },
		{ "busy",
		  "another driver has claimed it; /proc/iomem says which" },
		{ "quirk", "the driver's table of quirks denies it" },
		{ "no_export", "cannot be exported" },
		{ "cpu_only",
		  "smaller than a page: for processes, not for devices" },
		{ "pins_all",
		  "the kernel has no CONFIG_DMABUF_MOVE_NOTIFY: it pins all imports" },
		{ "no_p2pdma",
		  "the kernel has no CONFIG_PCI_P2PDMA to tell routes; p2p=force is up to you" },
		{ "p2p_off", "the module's parameter p2p is off" },
		{ "unknown", "the kernel's configuration was not found" },
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!strcmp(texts[i][0], reason))
			return texts[i][1];
	}
	return reason;
}
