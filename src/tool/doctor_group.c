// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor, about an IOMMU group: VFIO opens a device only if nobody but VFIO has
 * the others of its group.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

/**
 * struct members - what is found in a group
 * @nr: number of its devices
 * @nr_bad: those that another kind of driver has
 * @text: their names
 * @self: the device that is looked at
 */
struct members {
	int nr;
	int nr_bad;
	char text[512];
	const char *self;
};

/* Drivers that leave a device alone do not hurt; VFIO's show a directory. */
static bool is_harmless(const struct tool_device *dev)
{
	return !dev->driver[0] || !strcmp(dev->driver, "pci-stub") ||
	       !tool_device_can_bind(dev) ||
	       tool_exists("/sys/bus/pci/devices/%s/vfio-dev", dev->bdf) ||
	       !strcmp(dev->driver, "vfio-pci") || dev->family;
}

static void member(const char *name, void *arg)
{
	struct members *members = arg;
	size_t len = strlen(members->text);
	struct tool_device dev;

	members->nr++;
	if (!strcmp(name, members->self) || tool_device_read(name, &dev) ||
	    is_harmless(&dev))
		return;
	members->nr_bad++;
	snprintf(members->text + len, sizeof(members->text) - len,
		 "%s%s (%s)", len ? ", " : "", dev.bdf, dev.driver);
}

/**
 * doctor_group() - look at the group of a device
 * @doctor: the run
 * @dev: the device
 */
void doctor_group(struct doctor *doctor, const struct tool_device *dev)
{
	struct members members = { .self = dev->bdf };

	if (dev->group < 0) {
		doctor_say(doctor, "group", DOCTOR_FAIL,
			   "it has no IOMMU group: VFIO cannot bind it");
		doctor_fix(doctor, "switch the IOMMU on, see above");
		return;
	}
	tool_each_entry(member, &members, "/sys/kernel/iommu_groups/%d/devices",
			dev->group);
	if (!members.nr_bad) {
		doctor_say(doctor, "group", DOCTOR_OK,
			   "group %d, %d device%s, viable", dev->group,
			   members.nr, members.nr == 1 ? "" : "s");
		return;
	}
	doctor_say(doctor, "group", DOCTOR_FAIL,
		   "group %d is not viable: other drivers have %s", dev->group,
		   members.text);
	doctor_fix(doctor, "bind those to vfio-pci or %s as well (driverctl set-override), or put the device into another slot",
		   DVP_NAME);
}
