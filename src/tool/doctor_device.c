// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor, about a device itself: its kind, whether it answers, its BARs, its power,
 * and what the driver says of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

#define DEVICES "/sys/bus/pci/devices"

/* Known errata: the ids that vfio-pci and this driver refuse, all of Intel's. */
static const unsigned int denied[] = {
	0x19e2, 0x19e3, 0x37c8, 0x37c9, 0x0435, 0x0443, 0x0b25, 0x0cfe,
};

static void check_denylist(struct doctor *doctor,
			   const struct tool_device *dev)
{
	const char *driver = dev->family ? dev->driver : DVP_NAME;
	char folded[64], value[8];
	size_t i;

	for (i = 0; i < sizeof(denied) / sizeof(denied[0]); i++) {
		if (dev->vendor == 0x8086 && dev->device == denied[i])
			break;
	}
	if (i == sizeof(denied) / sizeof(denied[0])) {
		doctor_say(doctor, "denylist", DOCTOR_OK, "not on it");
		return;
	}
	tool_module_fold(folded, sizeof(folded), driver);
	tool_read(value, sizeof(value),
		  "/sys/module/%s/parameters/disable_denylist", folded);
	doctor_say(doctor, "denylist",
		   value[0] == 'Y' ? DOCTOR_WARN : DOCTOR_FAIL,
		   "the device has errata that an untrusted user can exploit%s",
		   value[0] == 'Y' ? "; disable_denylist is set" : "");
	if (value[0] != 'Y')
		doctor_fix(doctor, "give it to trusted users only, with \"options %s disable_denylist=1\" in /etc/modprobe.d",
			   driver);
}

/* The first bytes of config space can be read by anybody. */
static bool check_answers(struct doctor *doctor, const struct tool_device *dev)
{
	unsigned char config[64] = { 0 };
	char state[32];

	tool_read(state, sizeof(state), DEVICES "/%s/power_state", dev->bdf);
	tool_read((char *)config, sizeof(config), DEVICES "/%s/config",
		  dev->bdf);
	if (config[0] == 0xff && config[1] == 0xff) {
		doctor_say(doctor, "power", DOCTOR_FAIL,
			   "the device does not answer (power state %s)",
			   state[0] ? state : "unknown");
		doctor_fix(doctor, "remove and rescan it in sysfs, or power-cycle; in D3cold, its bridge may hold it there");
		return false;
	}
	doctor_say(doctor, "power", DOCTOR_OK, "%s%s",
		   state[0] ? state : "unknown",
		   !strncmp(state, "D3", 2) ?
		   ": it wakes up when it is opened" : "");
	return true;
}

static void check_bars(struct doctor *doctor, const struct tool_device *dev)
{
	struct tool_bar bars[TOOL_NR_BARS];
	char text[128] = "", size[32];
	size_t len;
	int i;

	if (tool_bars_read(dev->bdf, bars)) {
		doctor_say(doctor, "bars", DOCTOR_SKIP, "they cannot be read");
		return;
	}
	for (i = 0; i < TOOL_BAR_ROM; i++) {
		if (tool_bar_why_no_export(bars, i))
			continue;
		len = strlen(text);
		snprintf(text + len, sizeof(text) - len, "%s%d (%s)",
			 len ? ", " : "", i,
			 tool_size(bars[i].size, size, sizeof(size)));
	}
	if (text[0]) {
		doctor_say(doctor, "bars", DOCTOR_OK, "can be exported: %s",
			   text);
		return;
	}
	doctor_say(doctor, "bars", DOCTOR_FAIL, "none can be exported");
	doctor_fix(doctor, "%s regions %s says why, for each", tool_name,
		   dev->bdf);
}

static void check_virtual(struct doctor *doctor, const struct tool_device *dev)
{
	char pf[32], driver[64] = "", nr_vfs[16];

	if (!tool_link_name(pf, sizeof(pf), DEVICES "/%s/physfn", dev->bdf)) {
		tool_link_name(driver, sizeof(driver), DEVICES "/%s/driver",
			       pf);
		doctor_say(doctor, "sriov", DOCTOR_OK,
			   "a virtual function of %s (%s)%s", pf,
			   driver[0] ? driver : "no driver",
			   tool_exists(DEVICES "/%s/vfio-dev", pf) ?
			   ": opening it needs the PF's VF token" : "");
		return;
	}
	if (tool_read(nr_vfs, sizeof(nr_vfs), DEVICES "/%s/sriov_numvfs",
		      dev->bdf))
		return;
	doctor_say(doctor, "sriov", DOCTOR_OK,
		   "a physical function with %s virtual ones", nr_vfs);
}

static void check_reset(struct doctor *doctor, const struct tool_device *dev)
{
	char methods[128];

	if (!tool_read(methods, sizeof(methods), DEVICES "/%s/reset_method",
		       dev->bdf) && methods[0]) {
		doctor_say(doctor, "reset", DOCTOR_OK, "%s", methods);
		return;
	}
	doctor_say(doctor, "reset", DOCTOR_WARN,
		   "it cannot be reset alone: one user may leave state for the next");
}

static bool has_word(struct json_object *words, const char *word)
{
	size_t i;

	for (i = 0; words && i < json_object_array_length(words); i++) {
		if (!strcmp(json_object_get_string(json_object_array_get_idx(words, i)),
			    word))
			return true;
	}
	return false;
}

static void check_leaks(struct doctor *doctor, struct json_object *in)
{
	struct json_object *counters = tool_json_get(in, "counters");
	long long exports, mappings, imports;

	exports = tool_json_get_number(counters, "exports_live");
	mappings = tool_json_get_number(counters, "mappings_live");
	imports = tool_json_get_number(counters, "imports_live");
	if (strcmp(tool_json_get_text(in, "state"), "closed") ||
	    !(exports || mappings || imports)) {
		doctor_say(doctor, "leaks", DOCTOR_OK,
			   "%lld buffers, %lld mappings and %lld imports live",
			   exports, mappings, imports);
		return;
	}
	doctor_say(doctor, "leaks", DOCTOR_WARN,
		   "the device is closed, and %lld revoked buffers, %lld mappings and %lld imports are still held",
		   exports, mappings, imports);
	doctor_fix(doctor, "grep -l dmabuf /proc/*/maps shows processes that map buffers; %s exports shows who made them",
		   tool_name);
}

static const char *explain_causes(struct json_object *causes)
{
	if (has_word(causes, "link_error"))
		return ": the link has failed; the device may need a reset";
	if (has_word(causes, "reset"))
		return ": a reset is in progress";
	if (has_word(causes, "decode_off"))
		return ": its user has memory decoding off";
	if (has_word(causes, "sleep") || has_word(causes, "low_power"))
		return ": its user lets it sleep";
	return "";
}

static void check_state(struct doctor *doctor, const struct tool_device *dev)
{
	struct json_object *in;
	const char *state;

	if (!dev->family)
		return;
	in = json_object_new_object();
	if (!tool_device_state(in, dev)) {
		doctor_say(doctor, "state", DOCTOR_SKIP,
			   "this version of the driver does not show it");
	} else {
		state = tool_json_get_text(in, "state");
		if (strcmp(state, "blocked"))
			doctor_say(doctor, "state", DOCTOR_OK, "%s", state);
		else
			doctor_say(doctor, "state", DOCTOR_WARN, "%s%s", state,
				   explain_causes(tool_json_get(in, "causes")));
		check_leaks(doctor, in);
	}
	json_object_put(in);
}

/**
 * doctor_device() - look at a device
 * @doctor: the run
 * @dev: the device
 */
void doctor_device(struct doctor *doctor, const struct tool_device *dev)
{
	snprintf(doctor->subject, sizeof(doctor->subject),
		 "device %s, %04x:%04x", dev->bdf, dev->vendor, dev->device);
	if (!tool_device_can_bind(dev)) {
		doctor_say(doctor, "kind", DOCTOR_FAIL,
			   "a bridge, which VFIO does not take");
		return;
	}
	doctor_binding(doctor, dev);
	doctor_group(doctor, dev);
	check_denylist(doctor, dev);
	if (check_answers(doctor, dev)) {
		check_bars(doctor, dev);
		check_reset(doctor, dev);
	}
	check_virtual(doctor, dev);
	check_state(doctor, dev);
}
