// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI devices as sysfs shows them. A device belongs to a driver of this family,
 * whatever its name, if it has a directory "dmabuf"; drivers from before that
 * directory are known by our name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

#define DEVICES "/sys/bus/pci/devices"

static unsigned int read_hex(const char *bdf, const char *attr)
{
	char text[32];

	if (tool_read(text, sizeof(text), DEVICES "/%s/%s", bdf, attr))
		return 0;
	return strtoul(text, NULL, 16);
}

/**
 * tool_device_read() - find out about a device
 * @bdf: its address
 * @dev: filled in
 *
 * Return: 0, or -ENODEV where there is no such device.
 */
int tool_device_read(const char *bdf, struct tool_device *dev)
{
	char group[32];

	memset(dev, 0, sizeof(*dev));
	snprintf(dev->bdf, sizeof(dev->bdf), "%s", bdf);
	if (!tool_exists(DEVICES "/%s", bdf))
		return -ENODEV;
	tool_link_name(dev->driver, sizeof(dev->driver), DEVICES "/%s/driver",
		       bdf);
	tool_read(dev->override, sizeof(dev->override),
		  DEVICES "/%s/driver_override", bdf);
	if (!strcmp(dev->override, "(null)"))
		dev->override[0] = '\0';
	dev->vendor = read_hex(bdf, "vendor");
	dev->device = read_hex(bdf, "device");
	dev->class = read_hex(bdf, "class");
	dev->group = -1;
	if (!tool_link_name(group, sizeof(group), DEVICES "/%s/iommu_group",
			    bdf))
		dev->group = atoi(group);
	dev->live = tool_exists(DEVICES "/%s/dmabuf/format", bdf);
	dev->family = dev->live || !strcmp(dev->driver, DVP_NAME);
	return 0;
}

/**
 * tool_device_require() - find out about a device, or say that there is none
 * @bdf: its address
 * @dev: filled in
 *
 * Return: 0 or TOOL_PROBLEM.
 */
int tool_device_require(const char *bdf, struct tool_device *dev)
{
	if (!tool_device_read(bdf, dev))
		return 0;
	tool_error("there is no PCI device %s; \"lspci -D\" lists them", bdf);
	return TOOL_PROBLEM;
}

/**
 * tool_device_can_bind() - whether VFIO takes devices of that kind
 * @dev: the device
 *
 * Return: false for bridges.
 */
bool tool_device_can_bind(const struct tool_device *dev)
{
	return dev->class >> 16 != 0x06;
}

/**
 * tool_device_require_bound() - find out about a device that must be bound
 * @bdf: its address
 * @dev: filled in
 *
 * Says what is missing, and the way out.
 *
 * Return: 0, TOOL_PROBLEM without the device, or TOOL_NOT_APPLICABLE.
 */
int tool_device_require_bound(const char *bdf, struct tool_device *dev)
{
	int ret = tool_device_require(bdf, dev);

	if (ret || dev->family)
		return ret;
	if (dev->driver[0])
		tool_error("%s is bound to %s, not to %s", bdf, dev->driver,
			   DVP_NAME);
	else
		tool_error("%s is not bound to a driver", bdf);
	if (tool_device_can_bind(dev))
		tool_error("to bind it: driverctl set-override %s %s", bdf,
			   DVP_NAME);
	else
		tool_error("%s is a bridge, which VFIO does not take", bdf);
	return TOOL_NOT_APPLICABLE;
}

/**
 * tool_folds_to() - whether a name is one but for its dashes
 * @text: the name; modprobe takes _ for -, and the kernel does not
 * @name: the driver's
 *
 * Return: true if they are the same, or the same with _ for -.
 */
bool tool_folds_to(const char *text, const char *name)
{
	for (; *text && *name; text++, name++) {
		if (*text != *name && !(*text == '_' && *name == '-'))
			return false;
	}
	return *text == *name;
}

/**
 * tool_device_is_meant() - whether somebody wants our driver for a device
 * @dev: the device
 *
 * Return: true if the override names it, or what driverctl would set at boot, also
 * if with the wrong letters.
 */
bool tool_device_is_meant(const struct tool_device *dev)
{
	char saved[64];

	return tool_folds_to(dev->override, DVP_NAME) ||
	       (!tool_read(saved, sizeof(saved), "/etc/driverctl.d/pci-%s",
			   dev->bdf) && tool_folds_to(saved, DVP_NAME));
}

/**
 * struct each - what tool_each_device() passes on
 * @fn: the function
 * @arg: for it
 */
struct each {
	tool_device_fn fn;
	void *arg;
};

static void each_entry(const char *name, void *arg)
{
	const struct each *each = arg;
	struct tool_device dev;

	if (!tool_device_read(name, &dev))
		each->fn(&dev, each->arg);
}

/**
 * tool_each_device() - call a function for each PCI device
 * @fn: the function
 * @arg: for it
 */
void tool_each_device(tool_device_fn fn, void *arg)
{
	struct each each = { .fn = fn, .arg = arg };

	tool_each_entry(each_entry, &each, DEVICES);
}

/**
 * tool_device_json() - add what there is to say of any device
 * @in: where
 * @dev: the device
 */
void tool_device_json(struct json_object *in, const struct tool_device *dev)
{
	tool_json_text(in, "bdf", "%s", dev->bdf);
	tool_json_text(in, "vendor", "%04x", dev->vendor);
	tool_json_text(in, "device", "%04x", dev->device);
	tool_json_text(in, "class", "%06x", dev->class);
	tool_json_maybe(in, "driver", dev->driver);
	tool_json_maybe(in, "driver_override", dev->override);
	tool_json_bool(in, "bound", dev->family);
	if (dev->group < 0)
		tool_json_null(in, "iommu_group");
	else
		tool_json_number(in, "iommu_group", dev->group);
}

/**
 * struct counters - where the numbers of a device go
 * @in: the object
 * @bdf: the device
 */
struct counters {
	struct json_object *in;
	const char *bdf;
};

static void read_counter(const char *name, void *arg)
{
	const struct counters *counters = arg;
	char text[64], *end;
	long long value;

	if (!strcmp(name, "format") || !strcmp(name, "state") ||
	    !strcmp(name, "causes") ||
	    tool_read(text, sizeof(text), DEVICES "/%s/dmabuf/%s",
		      counters->bdf, name))
		return;
	value = strtoll(text, &end, 10);
	if (*text && !*end)
		tool_json_number(counters->in, name, value);
}

/**
 * tool_device_state() - add what the driver shows of a device in sysfs
 * @in: where: "state", a word; "causes", an array of words; and "counters"
 * @dev: the device
 *
 * Return: whether it shows anything that we can read.
 */
bool tool_device_state(struct json_object *in, const struct tool_device *dev)
{
	struct counters counters = { .bdf = dev->bdf };
	char text[128];

	if (!dev->live ||
	    tool_read(text, sizeof(text), DEVICES "/%s/dmabuf/format",
		      dev->bdf) || atoi(text) != TOOL_KERNEL_FORMAT) {
		tool_json_null(in, "state");
		tool_json_null(in, "causes");
		tool_json_null(in, "counters");
		return false;
	}
	tool_read(text, sizeof(text), DEVICES "/%s/dmabuf/state", dev->bdf);
	tool_json_maybe(in, "state", text);
	tool_read(text, sizeof(text), DEVICES "/%s/dmabuf/causes", dev->bdf);
	tool_json_split(in, "causes", text, " ");
	counters.in = tool_json_object(in, "counters");
	tool_each_entry(read_counter, &counters, DEVICES "/%s/dmabuf",
			dev->bdf);
	return true;
}
