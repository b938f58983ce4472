// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio-dmabuf doctor: what it says of this machine and its devices, and what it
 * makes of systems that are made up, as trees of files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "dvt.h"
#include "dvt_tool.h"
#include "dvt_tree.h"

static struct dvt_tool tool;

/* One result of a check, of what the tool has just printed. */
static void assert_verdict(struct json_object *root, const char *check,
			   const char *verdict, const char *part)
{
	struct json_object *result;
	const char *text;

	result = dvt_json_find(dvt_json_get(root, "checks"), "check", check);
	ck_assert_msg(result, "no check %s in %s", check, tool.out);
	text = json_object_to_json_string(result);
	ck_assert_msg(!strcmp(json_object_get_string(dvt_json_get(result, "verdict")),
			      verdict), "%s is not %s: %s", check, verdict,
		      text);
	dvt_assert_has(text, part);
	if (!strcmp(verdict, "fail"))
		ck_assert_msg(dvt_json_get(result, "fix"), "no way out: %s",
			      text);
}

START_TEST(device_that_is_bound_is_well)
{
	static const char *const well[] = {
		"driver", "override", "group", "denylist", "power", "bars",
		"state", "leaks",
	};
	const char *bdf = dvt_bdf("DVP_BDF");
	struct json_object *root;
	size_t i;

	dvt_tool_or_skip();
	if (!bdf)
		dvt_skip("no device for DVP_BDF");
	dvt_tool_run(&tool, 0, "doctor %s --json", bdf);
	root = dvt_tool_json(&tool);
	for (i = 0; i < DVT_ARRAY_SIZE(well); i++)
		assert_verdict(root, well[i], "ok", "");
	json_object_put(root);
}
END_TEST

START_TEST(buffers_of_a_closed_device_are_warned_of)
{
	struct json_object *root;
	struct dvl_device dev;

	dvt_tool_or_skip();
	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_export(&dev, 2, 0, 4096, O_RDWR | O_CLOEXEC);
	dvl_device_close(&dev);
	dvt_tool_run(&tool, 0, "doctor %s --json", dvt_bdf("DVP_BDF"));
	root = dvt_tool_json(&tool);
	assert_verdict(root, "leaks", "warn", "1 revoked buffers");
	json_object_put(root);
}
END_TEST

START_TEST(name_with_the_wrong_dashes_is_found)
{
	const char *bdf = dvt_bdf("DVP_BDF_PEER");
	struct json_object *root;

	dvt_tool_or_skip();
	if (!bdf)
		dvt_skip("no device for DVP_BDF_PEER");
	ck_assert_int_eq(dvl_sysfs_write(bdf, "driver_override",
					 "dmabuf_vfio_pci\n"), 0);
	dvt_tool_run(&tool, 0, "doctor %s --json", bdf);
	root = dvt_tool_json(&tool);
	ck_assert_int_eq(dvl_sysfs_write(bdf, "driver_override", "\n"), 0);
	ck_assert_int_eq(tool.status, 1);
	assert_verdict(root, "override", "fail", "byte for byte");
	json_object_put(root);
}
END_TEST

START_TEST(module_that_is_loaded_and_not_installed_is_found)
{
	struct json_object *root;
	struct utsname uts;

	dvt_tool_or_skip();
	if (!getenv("DVP_MACHINE"))
		dvt_skip("what is installed here is not ours to judge");
	ck_assert_int_eq(uname(&uts), 0);
	dvt_tool_run(&tool, 0, "doctor --json --kernel %s", uts.release);
	ck_assert_int_eq(tool.status, 1);
	root = dvt_tool_json(&tool);
	assert_verdict(root, "module", "fail", "not installed");
	assert_verdict(root, "loaded", "warn", "not installed");
	json_object_put(root);
}
END_TEST

/*
 * Systems that are made up
 */

#define DEVICE "/sys/bus/pci/devices/0000:01:00.0"

/**
 * struct made - what is different, and what is found
 * @path: a file
 * @text: what is in it; NULL for a second device with that driver in its group
 * @check: name of the check
 * @verdict: what it says
 * @part: what is in its reason or way out
 */
struct made {
	const char *path;
	const char *text;
	const char *check;
	const char *verdict;
	const char *part;
};

#define SAYS(text) "#!/bin/sh\necho '" text "'\n"
#define DKMS_OF(kernel) DVL_DRIVER "/0.9, " kernel ", x86_64: "

static const struct made made[] = {
	{ "/none", "", "kernel-options", "ok", "config-6.6.6-made" },
	{ "/none", "", "vfio-pci-core", "ok", "" },
	{ "/none", "", "iommu", "ok", "" },
	{ "/none", "", "group", "ok", "group 5" },
	{ "/none", "", "headers", "ok", "" },
	{ "/boot/config-6.6.6-made",
	  "CONFIG_MODULES=y\nCONFIG_VFIO=m\n# CONFIG_VFIO_PCI_CORE is not set\n"
	  "CONFIG_DMA_SHARED_BUFFER=y\nCONFIG_IOMMUFD=m\nCONFIG_AMD_IOMMU=y\n",
	  "kernel-options", "fail", "CONFIG_VFIO_PCI_CORE" },
	{ "/lib/modules/6.6.6-made/modules.dep", "", "vfio-pci-core", "fail",
	  "depmod 6.6.6-made" },
	{ "/lib/modules/6.6.6-made/updates/dkms/" DVL_DRIVER ".ko.xz", "",
	  "module", "fail", "depmod 6.6.6-made" },
	{ "/sys/module/module/parameters/sig_enforce", "Y\n", "secure-boot",
	  "ok", "sig_enforce" },
	{ "/sys/kernel/security/lockdown", "none [integrity] confidentiality\n",
	  "secure-boot", "ok", "locked down" },
	{ DEVICE "/driver_override", "dmabuf-vfio_pci\n", "override", "fail",
	  "byte for byte" },
	{ DEVICE "/driver_override", "nvme\n", "override", "fail",
	  "no such driver" },
	{ DEVICE "/driver_override", DVL_DRIVER "\n", "saved", "warn",
	  "after a reboot" },
	{ "/etc/driverctl.d/pci-0000:01:00.0", DVL_DRIVER "\n", "saved", "ok",
	  "at boot" },
	{ "/etc/driverctl.d/pci-0000:01:00.0", "nvme\n", "saved", "fail",
	  "unset-override" },
	{ "nvme", NULL, "group", "fail", "0000:01:00.1 (nvme)" },
	{ "vfio-pci", NULL, "group", "ok", "2 devices" },
	{ DEVICE "/vendor", "0x8086\n", "denylist", "ok", "" },
	{ DEVICE "/config", "\xff\xff\xff\xff", "power", "fail", "answer" },
	{ DEVICE "/resource", "0x60 0x7f 0x40101\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n",
	  "bars", "fail", "regions" },
	{ DEVICE "/reset_method", "\n", "reset", "warn", "state" },
	{ "/usr/sbin/dkms", SAYS(DKMS_OF("6.6.6-made") "installed"), "dkms",
	  "ok", "0.9" },
	{ "/usr/sbin/dkms", SAYS(DKMS_OF("6.6.6-made") "built"), "dkms",
	  "fail", "dkms install" },
	{ "/usr/sbin/dkms", SAYS(DKMS_OF("6.6.6-made2") "installed"), "dkms",
	  "fail", "-k 6.6.6-made;" },
	{ "/usr/sbin/dkms", SAYS(DVL_DRIVER "/0.9: added"), "dkms", "fail",
	  "make.log" },
	{ "/usr/sbin/dkms", SAYS("zfs/2.1, 6.6.6-made, x86_64: installed"),
	  "dkms", "skip", "does not have" },
};

START_TEST(what_is_wrong_is_found)
{
	const struct made *row = &made[_i];
	struct json_object *root;

	dvt_tool_or_skip();
	dvt_tree_make();
	if (row->text)
		dvt_tree_put(row->path, row->text);
	else
		dvt_tree_device("0000:01:00.1", row->path);
	dvt_tool_run(&tool, 0, "doctor 01:00.0 --json --kernel 6.6.6-made");
	dvt_tree_remove();
	root = dvt_tool_json(&tool);
	assert_verdict(root, row->check, row->verdict, row->part);
	json_object_put(root);
}
END_TEST

/*
 * A kernel that huge entries can crash: by whether it knows of NUMA, whether it runs,
 * and the parameter.
 */
static const struct crash {
	const char *release;
	const char *config;
	const char *running;
	const char *huge;
	const char *verdict;
} crashes[] = {
	{ "7.2.9-made", "CONFIG_NUMA=y\n", "7.2.9-made", "Y\n", "warn" },
	{ "7.2.9-made", "CONFIG_NUMA=y\n", "7.2.9-made", "N\n", "ok" },
	{ "7.2.9-made", "CONFIG_NUMA=y\n", "6.6.6-made", "N\n", "warn" },
	{ "7.2.9-made", "# CONFIG_NUMA is not set\n", "7.2.9-made", "Y\n",
	  NULL },
	{ "7.20.1-made", "CONFIG_NUMA=y\n", "7.20.1-made", "Y\n", NULL },
};

START_TEST(kernel_that_huge_entries_can_crash_is_found)
{
	const struct crash *row = &crashes[_i];
	struct json_object *root;
	char path[64];

	dvt_tool_or_skip();
	dvt_tree_make();
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep",
		 row->release);
	dvt_tree_put(path, "");
	snprintf(path, sizeof(path), "/boot/config-%s", row->release);
	dvt_tree_put(path, row->config);
	dvt_tree_put("/proc/sys/kernel/osrelease", row->running);
	dvt_tree_put("/sys/module/dmabuf_vfio_pci/parameters/huge", row->huge);
	dvt_tool_run(&tool, 0, "doctor --json --kernel %s", row->release);
	dvt_tree_remove();
	root = dvt_tool_json(&tool);
	if (row->verdict)
		assert_verdict(root, "huge", row->verdict, "");
	else
		ck_assert_ptr_null(dvt_json_find(dvt_json_get(root, "checks"),
						 "check", "huge"));
	json_object_put(root);
}
END_TEST

START_TEST(unit_of_driverctl_that_failed_is_found)
{
	struct json_object *root;

	dvt_tool_or_skip();
	dvt_tree_make();
	dvt_tree_put("/etc/driverctl.d/pci-0000:01:00.0", DVL_DRIVER "\n");
	dvt_tree_put("/run/systemd/system/none", "");
	dvt_tree_put("/usr/sbin/systemctl", SAYS("failed"));
	dvt_tool_run(&tool, 0, "doctor --json --kernel 6.6.6-made");
	dvt_tree_remove();
	root = dvt_tool_json(&tool);
	assert_verdict(root, "unit", "fail",
		       "driverctl@pci-0000:01:00.0.service");
	json_object_put(root);
}
END_TEST

START_TEST(device_that_driverctl_could_not_bind_is_found)
{
	struct json_object *root;

	dvt_tool_or_skip();
	dvt_tree_make();
	dvt_tree_device("0000:02:00.0", "");
	dvt_tree_put("/etc/driverctl.d/pci-0000:02:00.0", DVL_DRIVER "\n");
	dvt_tool_run(&tool, 0, "doctor --json --kernel 6.6.6-made");
	root = dvt_tool_json(&tool);
	assert_verdict(root, "saved", "ok", "0000:01:00.0");
	ck_assert_ptr_nonnull(strstr(tool.out, "no driver has it now"));
	json_object_put(root);
	dvt_tool_run(&tool, 0, "status --json");
	dvt_tree_remove();
	ck_assert_int_eq(tool.status, 1);
	dvt_assert_has(tool.out, "doctor 0000:02:00.0 says why");
}
END_TEST

static void copy_module(const char *to)
{
	const char *dir = getenv("DVP_MODULES");
	char command[512];

	snprintf(command, sizeof(command), "cp %s/" DVL_DRIVER ".ko %s%s",
		 dir ? dir : ".", dvt_tree, to);
	dvt_tree_put(to, NULL);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(module_for_another_kernel_without_a_signature_is_found)
{
	struct json_object *root;

	dvt_tool_or_skip();
	if (!getenv("DVP_MODULES"))
		dvt_skip("no DVP_MODULES");
	dvt_tree_make();
	copy_module("/lib/modules/6.6.6-made/updates/" DVL_DRIVER ".ko");
	dvt_tree_put("/lib/modules/6.6.6-made/modules.dep",
		     "updates/" DVL_DRIVER ".ko: kernel/vfio-pci-core.ko\n");
	dvt_tree_put("/sys/module/module/parameters/sig_enforce", "Y\n");
	dvt_tool_run(&tool, 0, "doctor --json --kernel 6.6.6-made");
	dvt_tree_remove();
	root = dvt_tool_json(&tool);
	assert_verdict(root, "module", "ok", "srcversion");
	assert_verdict(root, "built-for", "fail", "-k 6.6.6-made");
	assert_verdict(root, "signature", "fail", "sig_enforce");
	json_object_put(root);
}
END_TEST

START_TEST(kernel_that_is_not_there_is_named)
{
	struct json_object *root;

	dvt_tool_or_skip();
	dvt_tool_run(&tool, 0, "doctor --json --kernel 9.9.9-none");
	ck_assert_int_eq(tool.status, 1);
	root = dvt_tool_json(&tool);
	assert_verdict(root, "installed", "fail", "9.9.9-none");
	json_object_put(root);
}
END_TEST

DVT_MAIN("tool doctor",
	 { device_that_is_bound_is_well },
	 { buffers_of_a_closed_device_are_warned_of },
	 { name_with_the_wrong_dashes_is_found },
	 { module_that_is_loaded_and_not_installed_is_found },
	 { unit_of_driverctl_that_failed_is_found },
	 { device_that_driverctl_could_not_bind_is_found },
	 { what_is_wrong_is_found, DVT_ARRAY_SIZE(made) },
	 { kernel_that_huge_entries_can_crash_is_found,
	   DVT_ARRAY_SIZE(crashes) },
	 { module_for_another_kernel_without_a_signature_is_found },
	 { kernel_that_is_not_there_is_named })
