// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor, about a binding: the driver that a device has, the one that it should
 * have, and what is left of that after a reboot.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

static bool is_misspelt(const char *name)
{
	return strcmp(name, DVP_NAME) && tool_folds_to(name, DVP_NAME);
}

static void say_misspelt(struct doctor *doctor, const struct tool_device *dev)
{
	doctor_say(doctor, "override", DOCTOR_FAIL,
		   "driver_override is \"%s\": the driver is called %s, and the kernel compares byte for byte",
		   dev->override, DVP_NAME);
	doctor_fix(doctor, "driverctl set-override %s %s", dev->bdf, DVP_NAME);
}

static void say_not_bound(struct doctor *doctor, const struct tool_device *dev)
{
	const char *driver = dev->driver[0] ? dev->driver : "no driver";

	if (!tool_exists("/sys/bus/pci/drivers/%s", dev->override)) {
		doctor_say(doctor, "override", DOCTOR_FAIL,
			   "driver_override is %s, and no such driver is loaded; %s has it",
			   dev->override, driver);
		doctor_fix(doctor, "modprobe %s; what the kernel says about that is in dmesg",
			   dev->override);
		return;
	}
	doctor_say(doctor, "override", DOCTOR_FAIL,
		   "driver_override is %s, and %s has it: the override came later, or the driver refused",
		   dev->override, driver);
	doctor_fix(doctor, "driverctl set-override %s %s; dmesg says why a driver refused",
		   dev->bdf, dev->override);
}

static void check_override(struct doctor *doctor,
			   const struct tool_device *dev)
{
	if (is_misspelt(dev->override))
		say_misspelt(doctor, dev);
	else if (dev->override[0] && strcmp(dev->override, dev->driver))
		say_not_bound(doctor, dev);
	else if (dev->override[0])
		doctor_say(doctor, "override", DOCTOR_OK, "%s", dev->override);
	else if (dev->family)
		doctor_say(doctor, "override", DOCTOR_OK,
			   "none: bound by its ids");
	else
		doctor_say(doctor, "override", DOCTOR_OK, "none");
}

static void check_driver(struct doctor *doctor, const struct tool_device *dev)
{
	if (dev->family) {
		doctor_say(doctor, "driver", DOCTOR_OK, "bound to %s",
			   dev->driver);
		return;
	}
	doctor_say(doctor, "driver", DOCTOR_WARN, "%s%s: not ours",
		   dev->driver[0] ? "bound to " : "not bound to any driver",
		   dev->driver);
	if (tool_device_can_bind(dev))
		doctor_fix(doctor, "to bind it: driverctl set-override %s %s",
			   dev->bdf, DVP_NAME);
}

/* driverctl keeps the name in a file; a unit of its own sets it at boot. */
static void check_saved(struct doctor *doctor, const struct tool_device *dev)
{
	char saved[64];
	int ret = tool_read(saved, sizeof(saved), "/etc/driverctl.d/pci-%s",
			    dev->bdf);

	if (ret == -EACCES) {
		doctor_say(doctor, "saved", DOCTOR_SKIP,
			   "only root may read /etc/driverctl.d/pci-%s",
			   dev->bdf);
	} else if (ret && !dev->override[0]) {
		doctor_say(doctor, "saved", DOCTOR_OK,
			   "driverctl has no override for it");
	} else if (ret) {
		doctor_say(doctor, "saved", DOCTOR_WARN,
			   "driverctl has not saved the override: it is gone after a reboot");
		doctor_fix(doctor, "driverctl set-override %s %s", dev->bdf,
			   is_misspelt(dev->override) ? DVP_NAME :
			   dev->override);
	} else if (is_misspelt(saved)) {
		doctor_say(doctor, "saved", DOCTOR_FAIL,
			   "driverctl has saved \"%s\", with wrong letters",
			   saved);
		doctor_fix(doctor, "driverctl set-override %s %s", dev->bdf,
			   DVP_NAME);
	} else if (strcmp(saved, dev->driver)) {
		doctor_say(doctor, "saved", DOCTOR_FAIL,
			   "driverctl has saved %s, and %s has it now", saved,
			   dev->driver[0] ? dev->driver : "no driver");
		doctor_fix(doctor, "driverctl load-override %s, or driverctl unset-override %s",
			   dev->bdf, dev->bdf);
	} else {
		doctor_say(doctor, "saved", DOCTOR_OK,
			   "driverctl binds it to %s at boot", saved);
	}
}

static void check_unit(struct doctor *doctor, const struct tool_device *dev)
{
	char unit[64], text[256];
	const char *const argv[] = { "systemctl", "is-failed", unit, NULL };

	if (!tool_exists("/run/systemd/system") ||
	    !tool_exists("/etc/driverctl.d/pci-%s", dev->bdf))
		return;
	snprintf(unit, sizeof(unit), "driverctl@pci-%s.service", dev->bdf);
	if (tool_capture(text, sizeof(text), argv) < 0 ||
	    strcmp(text, "failed")) {
		doctor_say(doctor, "unit", DOCTOR_OK, "%s has not failed",
			   unit);
		return;
	}
	doctor_say(doctor, "unit", DOCTOR_FAIL, "%s has failed", unit);
	doctor_fix(doctor, "systemctl status %s says why; a module that is not there or is refused is the usual reason",
		   unit);
}

/**
 * doctor_binding() - look at the binding of a device
 * @doctor: the run
 * @dev: the device
 */
void doctor_binding(struct doctor *doctor, const struct tool_device *dev)
{
	check_driver(doctor, dev);
	check_override(doctor, dev);
	check_saved(doctor, dev);
	check_unit(doctor, dev);
}
