// SPDX-License-Identifier: GPL-2.0-only
/* Systems that are made up; see dvt_tree.h. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dvt.h"
#include "dvt_tree.h"

char dvt_tree[32];

/**
 * dvt_tree_put() - write a file, and make the directories above it
 * @path: the file
 * @text: what is in it; NULL for the directories alone
 */
void dvt_tree_put(const char *path, const char *text)
{
	char full[PATH_MAX], *slash;
	FILE *file;

	snprintf(full, sizeof(full), "%s%s", dvt_tree, path);
	for (slash = full + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		ck_assert(!mkdir(full, 0755) || errno == EEXIST);
		*slash = '/';
	}
	if (!text)
		return;
	file = fopen(full, "w");
	ck_assert_msg(file, "%s: %m", full);
	fputs(text, file);
	/* Programs are files like others. */
	ck_assert_int_eq(fchmod(fileno(file), 0755), 0);
	ck_assert_int_eq(fclose(file), 0);
}

/**
 * dvt_tree_link() - make a symbolic link, and the directories above it
 * @path: the link
 * @target: where it leads
 */
void dvt_tree_link(const char *path, const char *target)
{
	char full[PATH_MAX];

	dvt_tree_put(path, NULL);
	snprintf(full, sizeof(full), "%s%s", dvt_tree, path);
	ck_assert_int_eq(symlink(target, full), 0);
}

/**
 * dvt_tree_device() - make a PCI device in group 5
 * @bdf: its address
 * @driver: which has it
 */
void dvt_tree_device(const char *bdf, const char *driver)
{
	static const char *const files[][2] = {
		{ "vendor", "0x1af4\n" }, { "device", "0x1110\n" },
		{ "class", "0x050000\n" }, { "driver_override", "(null)\n" },
		{ "config", "\xf4\x1a" }, { "power_state", "D0\n" },
		{ "reset_method", "flr\n" },
		{ "resource",
		  "0x00000000f0000000 0x00000000f00fffff 0x0000000000140204\n"
		  "0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n" },
	};
	char path[256], target[256];
	size_t i;

	for (i = 0; i < DVT_ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf,
			 files[i][0]);
		dvt_tree_put(path, files[i][1]);
	}
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group",
		 bdf);
	dvt_tree_link(path, "/sys/kernel/iommu_groups/5");
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/5/devices/%s",
		 bdf);
	dvt_tree_put(path, "");
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", bdf);
	snprintf(target, sizeof(target), "/sys/bus/pci/drivers/%s", driver);
	dvt_tree_link(path, target);
}

/**
 * dvt_tree_make() - make a system that is well: a kernel, an IOMMU, a device
 *
 * Programs of the tool that are run from now on look at it.
 */
void dvt_tree_make(void)
{
	strcpy(dvt_tree, "/tmp/dvp-doctor-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dvt_tree));
	ck_assert_int_eq(setenv("VFIO_DMABUF_ROOT", dvt_tree, 1), 0);
	dvt_tree_put("/proc/sys/kernel/osrelease", "6.6.6-made\n");
	dvt_tree_put("/proc/keys",
		     "01 I--Q--- 1 perm 1f030000 0 0 asymmetri Distribution key: ab: X509.rsa ab []\n");
	dvt_tree_put("/sys/class/iommu/dmar0", "");
	dvt_tree_put("/lib/modules/6.6.6-made/modules.builtin", "");
	dvt_tree_put("/lib/modules/6.6.6-made/modules.dep",
		     "kernel/vfio-pci-core.ko:\n");
	dvt_tree_put("/lib/modules/6.6.6-made/build/Makefile", "");
	dvt_tree_put("/boot/config-6.6.6-made",
		     "CONFIG_MODULES=y\nCONFIG_VFIO=m\nCONFIG_VFIO_PCI_CORE=m\n"
		     "CONFIG_DMA_SHARED_BUFFER=y\nCONFIG_VFIO_IOMMU_TYPE1=m\n"
		     "CONFIG_INTEL_IOMMU=y\nCONFIG_MODULE_SIG=y\n");
	dvt_tree_device("0000:01:00.0", DVL_DRIVER);
	dvt_tree_put("/sys/bus/pci/drivers/" DVL_DRIVER "/bind", "");
}

/**
 * dvt_tree_remove() - remove all of it
 */
void dvt_tree_remove(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dvt_tree);
	ck_assert_int_eq(system(command), 0);
}
