// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor, about the machine: what VFIO needs of it, and whether it refuses modules
 * that nobody it knows has signed.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "doctor.h"

/* What a VFIO user locks for DMA is often a guest's whole memory. */
#define SMALL_MEMLOCK	(64ULL << 20)

static void count(const char *name, void *arg)
{
	(void)name;
	++*(int *)arg;
}

static void check_iommu(struct doctor *doctor)
{
	int nr_iommus = 0, nr_groups = 0;
	char unsafe[8];

	tool_each_entry(count, &nr_iommus, "/sys/class/iommu");
	tool_each_entry(count, &nr_groups, "/sys/kernel/iommu_groups");
	tool_read(unsafe, sizeof(unsafe),
		  "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode");
	if (nr_groups && nr_iommus) {
		doctor_say(doctor, "iommu", DOCTOR_OK, "on, with %d groups",
			   nr_groups);
	} else if (unsafe[0] == 'Y') {
		doctor_say(doctor, "iommu", DOCTOR_WARN,
			   "off; vfio's enable_unsafe_noiommu_mode lets devices reach all memory");
		doctor_fix(doctor, "switch the IOMMU on, for a machine that is not just for tests");
	} else {
		doctor_say(doctor, "iommu", DOCTOR_FAIL,
			   "off: VFIO binds no device without it");
		doctor_fix(doctor, "switch it on in the firmware (VT-d, AMD-Vi, SMMU), and with intel_iommu=on on the kernel's command line for Intel");
	}
}

/* The variable's value comes behind four bytes of attributes. */
static int secure_boot(void)
{
	char var[8] = "";

	if (!tool_exists("/sys/firmware/efi"))
		return 0;
	if (tool_read(var, sizeof(var),
		      "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"))
		return -1;
	return var[4] == 1;
}

/* "none [integrity] confidentiality": the one in brackets holds. */
static bool locked_down(char *word, size_t size)
{
	char text[128], *start;

	if (tool_read(text, sizeof(text), "/sys/kernel/security/lockdown"))
		return false;
	start = strchr(text, '[');
	if (!start)
		return false;
	snprintf(word, size, "%.*s", (int)strcspn(start + 1, "]"), start + 1);
	return strcmp(word, "none");
}

static void check_enforcement(struct doctor *doctor)
{
	char enforce[8], lockdown[32] = "none";
	int secure = secure_boot();
	bool locked = locked_down(lockdown, sizeof(lockdown));

	tool_read(enforce, sizeof(enforce),
		  "/sys/module/module/parameters/sig_enforce");
	doctor->has_efi = tool_exists("/sys/firmware/efi");
	/* The kernel itself sets that parameter then. */
	if (secure > 0 && (enforce[0] == 'Y' || locked))
		strcpy(doctor->enforced, "Secure Boot is on");
	else if (enforce[0] == 'Y')
		strcpy(doctor->enforced, "module.sig_enforce is set");
	else if (locked)
		snprintf(doctor->enforced, sizeof(doctor->enforced),
			 "the kernel is locked down (%s)", lockdown);
	doctor_say(doctor, "secure-boot", DOCTOR_OK,
		   "Secure Boot is %s, lockdown is %s: %s%s",
		   secure > 0 ? "on" : secure ? "unknown" : "off", lockdown,
		   doctor->enforced[0] ?
		   "modules need a signature that the kernel knows, as " :
		   "modules need no signature",
		   doctor->enforced);
}

static void check_memlock(struct doctor *doctor)
{
	struct rlimit limit;
	char size[32];

	if (getrlimit(RLIMIT_MEMLOCK, &limit)) {
		doctor_say(doctor, "memlock", DOCTOR_SKIP, "getrlimit: %m");
	} else if (!geteuid()) {
		doctor_say(doctor, "memlock", DOCTOR_OK,
			   "no limit on locked memory for root");
	} else if (limit.rlim_cur == RLIM_INFINITY ||
		   limit.rlim_cur >= SMALL_MEMLOCK) {
		doctor_say(doctor, "memlock", DOCTOR_OK,
			   "you may lock %s",
			   limit.rlim_cur == RLIM_INFINITY ? "all memory" :
			   tool_size(limit.rlim_cur, size, sizeof(size)));
	} else {
		doctor_say(doctor, "memlock", DOCTOR_WARN,
			   "you may lock %s: that is all that a device of yours can reach by DMA",
			   tool_size(limit.rlim_cur, size, sizeof(size)));
		doctor_fix(doctor, "raise memlock in /etc/security/limits.d, or LimitMEMLOCK= of the service; exporting buffers needs none");
	}
}

static void check_nodes(struct doctor *doctor)
{
	if (tool_exists("/dev/vfio/vfio") || tool_exists("/dev/vfio/devices"))
		doctor_say(doctor, "vfio-nodes", DOCTOR_OK, "/dev/vfio is there");
	else
		doctor_say(doctor, "vfio-nodes", DOCTOR_SKIP,
			   "no /dev/vfio: it comes when the first VFIO driver is loaded");
}

static void check_debugfs(struct doctor *doctor)
{
	if (geteuid())
		doctor_say(doctor, "debugfs", DOCTOR_SKIP,
			   "only root can see it");
	else if (tool_exists("/sys/kernel/debug/bdi"))
		doctor_say(doctor, "debugfs", DOCTOR_OK,
			   "mounted: %s exports can show buffers", tool_name);
	else
		doctor_say(doctor, "debugfs", DOCTOR_WARN,
			   "not mounted on /sys/kernel/debug: %s exports shows no buffers",
			   tool_name);
}

/**
 * doctor_machine() - look at the machine
 * @doctor: the run
 */
void doctor_machine(struct doctor *doctor)
{
	char path[256];

	snprintf(doctor->subject, sizeof(doctor->subject), "machine");
	check_iommu(doctor);
	check_enforcement(doctor);
	check_memlock(doctor);
	check_nodes(doctor);
	check_debugfs(doctor);
	if (tool_find_program("driverctl", path, sizeof(path))) {
		doctor_say(doctor, "driverctl", DOCTOR_OK, "%s", path);
	} else {
		doctor_say(doctor, "driverctl", DOCTOR_WARN,
			   "not installed: bindings are lost at a reboot");
		doctor_fix(doctor, "apt install driverctl, or dnf install driverctl");
	}
}
