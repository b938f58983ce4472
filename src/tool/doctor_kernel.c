// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor, about a kernel: whether the module can be built for it and work on it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

/* One option of each row must be set; the row says what for. */
static const struct need {
	const char *options[3];
	const char *reason;
} needs[] = {
	{ { "CONFIG_MODULES" }, "to load modules" },
	{ { "CONFIG_VFIO" }, "VFIO itself" },
	{ { "CONFIG_VFIO_PCI_CORE" }, "the core that this driver is built on" },
	{ { "CONFIG_DMA_SHARED_BUFFER" }, "dma-bufs" },
	{ { "CONFIG_VFIO_IOMMU_TYPE1", "CONFIG_IOMMUFD" },
	  "an interface to the IOMMU" },
	{ { "CONFIG_INTEL_IOMMU", "CONFIG_AMD_IOMMU", "CONFIG_ARM_SMMU_V3" },
	  "a driver for an IOMMU" },
};

#define NR_NEEDS (sizeof(needs) / sizeof(needs[0]))

static bool has_one(const struct tool_kernel *kernel, const struct need *need)
{
	char value;
	int i;

	for (i = 0; i < 3 && need->options[i]; i++) {
		value = tool_kernel_option(kernel, need->options[i]);
		if (value == 'y' || value == 'm')
			return true;
	}
	return false;
}

static void check_options(struct doctor *doctor,
			  const struct tool_kernel *kernel)
{
	const struct need *need;
	int nr_missing = 0;
	size_t i;

	if (!kernel->config) {
		doctor_say(doctor, "kernel-options", DOCTOR_SKIP,
			   "no configuration in /boot/config-%s or /lib/modules/%s",
			   kernel->release, kernel->release);
		return;
	}
	for (i = 0; i < NR_NEEDS; i++) {
		need = &needs[i];
		if (has_one(kernel, need))
			continue;
		nr_missing++;
		doctor_say(doctor, "kernel-options", DOCTOR_FAIL,
			   "%s%s%s is not set in %s: %s", need->options[0],
			   need->options[1] ? " or " : "",
			   need->options[1] ? need->options[1] : "",
			   kernel->config_path, need->reason);
		doctor_fix(doctor, "use another kernel of the distribution, one that is not for clouds, or configure it so");
	}
	if (!nr_missing)
		doctor_say(doctor, "kernel-options", DOCTOR_OK,
			   "all that is needed is set in %s",
			   kernel->config_path);
}

/* An option may be set and the file in a package that is not installed. */
static void check_core(struct doctor *doctor, const struct tool_kernel *kernel)
{
	char *index;

	if (tool_kernel_option(kernel, "CONFIG_VFIO_PCI_CORE") != 'm')
		return;
	index = tool_read_all("/lib/modules/%s/modules.dep", kernel->release);
	if (!index) {
		doctor_say(doctor, "vfio-pci-core", DOCTOR_FAIL,
			   "/lib/modules/%s/modules.dep: %m", kernel->release);
		doctor_fix(doctor, "depmod %s", kernel->release);
	} else if (strstr(index, "/vfio-pci-core.ko")) {
		doctor_say(doctor, "vfio-pci-core", DOCTOR_OK, "installed");
	} else {
		doctor_say(doctor, "vfio-pci-core", DOCTOR_FAIL,
			   "the kernel's module vfio-pci-core is not installed");
		doctor_fix(doctor, "install the package with the rest of this kernel's modules (linux-modules-extra, kernel-modules), then depmod %s",
			   kernel->release);
	}
	free(index);
}

static bool check_headers(struct doctor *doctor,
			  const struct tool_kernel *kernel)
{
	if (tool_exists("/lib/modules/%s/build/Makefile", kernel->release)) {
		doctor_say(doctor, "headers", DOCTOR_OK,
			   "/lib/modules/%s/build", kernel->release);
		return true;
	}
	doctor_say(doctor, "headers", DOCTOR_WARN,
		   "no headers: the module cannot be built for this kernel here");
	doctor_fix(doctor, "apt install linux-headers-%s, or dnf install kernel-devel-%s",
		   kernel->release, kernel->release);
	return false;
}

/*
 * Headers call the compiler that built the kernel by its name, "gcc-12"; its
 * version is in the configuration as 120200.
 */
static void check_compiler(struct doctor *doctor,
			   const struct tool_kernel *kernel)
{
	char text[256], name[64], path[256], version[64];
	const char *const argv[] = { name, "-dumpversion", NULL };

	if (!tool_kernel_text(kernel, "CONFIG_CC_VERSION_TEXT", text,
			      sizeof(text))) {
		doctor_say(doctor, "compiler", DOCTOR_SKIP,
			   "the configuration does not say what built the kernel");
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, " "), text);
	if (!tool_find_program(name, path, sizeof(path))) {
		doctor_say(doctor, "compiler", DOCTOR_WARN,
			   "the kernel was built by \"%s\", and there is no %s here: DKMS may not be able to build",
			   text, name);
		doctor_fix(doctor, "apt install %s, or the compiler of the kernel's distribution release",
			   name);
		return;
	}
	if (tool_capture(version, sizeof(version), argv))
		strcpy(version, "of an unknown version");
	/* "gcc-12 (Debian 12.2.0-14) 12.2.0" against "12" or "12.2.0" */
	snprintf(path, sizeof(path), " %.*s.", (int)strcspn(version, "."),
		 version);
	if (strstr(text, path)) {
		doctor_say(doctor, "compiler", DOCTOR_OK, "%s %s", name,
			   version);
		return;
	}
	doctor_say(doctor, "compiler", DOCTOR_WARN,
		   "%s is %s, and the kernel was built by \"%s\"", name,
		   version, text);
	doctor_fix(doctor, "install the compiler of the kernel's distribution release");
}

/* The line of "dkms status" about a kernel, from the version on. */
static char *dkms_line(char *status, const char *release)
{
	char *line, want[160];

	snprintf(want, sizeof(want), ", %s,", release);
	while ((line = strsep(&status, "\n"))) {
		if (strstr(line, want))
			return line;
	}
	return NULL;
}

static void judge_dkms(struct doctor *doctor, const char *release,
		       const char *line)
{
	if (!line) {
		doctor_say(doctor, "dkms", DOCTOR_FAIL,
			   "DKMS has %s, and has not built it for this kernel",
			   DVP_NAME);
		doctor_fix(doctor, "install the headers, then dkms autoinstall -k %s; what goes wrong is in /var/lib/dkms/%s/*/build/make.log",
			   release, DVP_NAME);
	} else if (strstr(line, ": installed")) {
		doctor_say(doctor, "dkms",
			   strstr(line, "WARNING") ? DOCTOR_WARN : DOCTOR_OK,
			   "%s", line);
		if (strstr(line, "WARNING"))
			doctor_fix(doctor, "dkms install --force %.*s -k %s",
				   (int)strcspn(line, ","), line, release);
	} else {
		doctor_say(doctor, "dkms", DOCTOR_FAIL, "%s: not installed",
			   line);
		doctor_fix(doctor, "dkms install %.*s -k %s",
			   (int)strcspn(line, ","), line, release);
	}
}

static void check_dkms(struct doctor *doctor, const char *release)
{
	static const char *const argv[] = {
		"dkms", "status", "-m", DVP_NAME, NULL,
	};
	char status[8192];
	int ret = tool_capture(status, sizeof(status), argv);

	if (ret == -ENOENT)
		doctor_say(doctor, "dkms", DOCTOR_SKIP,
			   "dkms is not installed");
	else if (ret)
		doctor_say(doctor, "dkms", DOCTOR_SKIP, "dkms status: %s",
			   ret < 0 ? strerror(-ret) : status);
	else if (!strstr(status, DVP_NAME "/"))
		doctor_say(doctor, "dkms", DOCTOR_SKIP,
			   "DKMS does not have %s", DVP_NAME);
	else
		judge_dkms(doctor, release, dkms_line(status, release));
}

/*
 * Kernels of this series with NUMA crash where mbind() meets a huge entry of a BAR, in
 * queue_folios_pte_range() of mm/mempolicy.c; seen on Debian's 7.2.12. Only the release
 * tells.
 */
static void judge_huge(struct doctor *doctor, const char *name, bool running)
{
	char folded[64], huge[8] = "";

	tool_module_fold(folded, sizeof(folded), name);
	if (running)
		tool_read(huge, sizeof(huge), "/sys/module/%s/parameters/huge",
			  folded);
	if (huge[0] == 'N') {
		doctor_say(doctor, "huge", DOCTOR_OK,
			   "%s has it off, as this kernel needs it", name);
		return;
	}
	doctor_say(doctor, "huge", DOCTOR_WARN,
		   "a process that maps 2 MiB of a BAR, through vfio-pci too, can crash this kernel by mbind()");
	doctor_fix(doctor, "boot a later kernel; or \"options %s huge=0\" in /etc/modprobe.d, and where the module is loaded, echo N >/sys/module/%s/parameters/huge before BARs are mapped",
		   name, folded);
}

/* For our driver, and for others of the family that are installed. */
static void check_huge(struct doctor *doctor, const struct tool_kernel *kernel)
{
	bool running = !strcmp(kernel->release, doctor->running);
	static struct tool_module modules[TOOL_MAX_MODULES];
	int i, nr;

	if (strncmp(kernel->release, "7.2.", 4) ||
	    tool_kernel_option(kernel, "CONFIG_NUMA") == 'n')
		return;
	judge_huge(doctor, DVP_NAME, running);
	nr = tool_modules_installed(kernel->release, modules,
				    TOOL_MAX_MODULES);
	for (i = 0; i < nr; i++) {
		if (strcmp(modules[i].name, DVP_NAME))
			judge_huge(doctor, modules[i].name, running);
	}
}

/**
 * doctor_kernel() - look at a kernel
 * @doctor: the run
 * @release: its release
 */
void doctor_kernel(struct doctor *doctor, const char *release)
{
	bool installed = tool_kernel_is_installed(release);
	struct tool_kernel kernel;

	snprintf(doctor->subject, sizeof(doctor->subject), "kernel %s%s",
		 release, strcmp(release, doctor->running) ? "" : ", running");
	if (!installed) {
		doctor_say(doctor, "installed", DOCTOR_FAIL, "%s",
			   tool_exists("/lib/modules/%s", release) ?
			   "only headers of it are installed" :
			   "it is not installed");
		doctor_fix(doctor, "apt install linux-image-%s; /lib/modules has those that are there",
			   release);
		if (!tool_exists("/lib/modules/%s", release))
			return;
	}
	tool_kernel_open(&kernel, release);
	check_options(doctor, &kernel);
	if (check_headers(doctor, &kernel))
		check_compiler(doctor, &kernel);
	check_dkms(doctor, release);
	check_huge(doctor, &kernel);
	if (installed) {
		check_core(doctor, &kernel);
		doctor_module(doctor, &kernel);
	}
	tool_kernel_close(&kernel);
}
