// SPDX-License-Identifier: GPL-2.0-only
/* Reports of the IOMMU; see dvt_fault.h. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dvt_fault.h"

#define LOG_PAUSE_US 10000

static void say(const char *line)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "cannot open /dev/kmsg: %m");
	ck_assert_int_eq(write(fd, line, strlen(line)), strlen(line));
	close(fd);
}

/**
 * dvt_fault_expect() - a device is about to do DMA that must be stopped
 * @bdf: the device
 *
 * Return: a mark in the kernel's log, for dvt_fault_wait().
 */
int dvt_fault_expect(const char *bdf)
{
	char line[64];

	snprintf(line, sizeof(line), "dvt: expect DMA faults of %s\n", bdf);
	say(line);
	return dvt_log_mark();
}

/**
 * dvt_fault_wait() - wait until the IOMMU has reported that DMA
 * @log: from dvt_fault_expect(); closed
 * @bdf: the device
 *
 * For ever, if it does not: Check's timeout is the judge then.
 */
void dvt_fault_wait(int log, const char *bdf)
{
	char device[32];

	/* Older kernels name it without its domain. */
	snprintf(device, sizeof(device), "%s]", bdf + strlen("0000:"));
	while (!dvt_log_count(log, "DMAR:", device))
		usleep(LOG_PAUSE_US);
	close(log);
	say("dvt: expect no DMA faults\n");
}
