// SPDX-License-Identifier: GPL-2.0-only
/* Reports of the IOMMU; see dvt_fault.h. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dvt_fault.h"

#define LOG_TRIES 100
#define LOG_PAUSE_US 10000

static void say(const char *line)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "cannot open /dev/kmsg: %m");
	ck_assert_int_eq(write(fd, line, strlen(line)), strlen(line));
	close(fd);
}

/* Bus, device and function as one number, by which an SMMU names a device. */
static unsigned int stream_of(const char *bdf)
{
	unsigned int domain, bus, dev, fn;

	ck_assert_int_eq(sscanf(bdf, "%x:%x:%x.%x", &domain, &bus, &dev, &fn), 4);
	return bus << 8 | dev << 3 | fn;
}

/* What a report begins with, and how it names a device. */
#ifdef __aarch64__
#define IOMMU "arm-smmu-v3"

static void name_of(const char *bdf, char *name, size_t size)
{
	snprintf(name, size, "0x%08x", stream_of(bdf));
}
#else
#define IOMMU "DMAR:"

/* Older kernels name it without its domain. */
static void name_of(const char *bdf, char *name, size_t size)
{
	snprintf(name, size, "%s]", bdf + strlen("0000:"));
}
#endif

/**
 * dvt_fault_expect() - a device is about to do DMA that must be stopped
 * @bdf: the device
 *
 * Return: a mark in the kernel's log, for the functions below.
 */
int dvt_fault_expect(const char *bdf)
{
	char line[80];

	snprintf(line, sizeof(line), "dvt: expect DMA faults of %s, stream 0x%08x\n",
		 bdf, stream_of(bdf));
	say(line);
	return dvt_log_mark();
}

/**
 * dvt_fault_reported() - look whether the IOMMU has reported that DMA
 * @log: from dvt_fault_expect()
 * @bdf: the device
 *
 * The kernel reports no more than three of them in five seconds. Whoever is not
 * told for a while does the DMA again: for ever, if nothing stops it, and
 * Check's timeout is the judge then.
 *
 * Return: whether the log tells of it.
 */
bool dvt_fault_reported(int log, const char *bdf)
{
	char device[32];
	int tries;

	name_of(bdf, device, sizeof(device));
	for (tries = 0; tries < LOG_TRIES; tries++) {
		if (dvt_log_count(log, IOMMU, device))
			return true;
		usleep(LOG_PAUSE_US);
	}
	return false;
}

/**
 * dvt_fault_over() - that DMA has been done
 * @log: from dvt_fault_expect(); closed
 */
void dvt_fault_over(int log)
{
	close(log);
	say("dvt: expect no DMA faults\n");
}
