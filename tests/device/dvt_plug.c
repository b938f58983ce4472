// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that leave; see dvt_plug.h. Those that are plugged in again are
 * ivshmem-plain, with other memory.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dvt_import.h"
#include "dvt_plug.h"

#define DEVICES "/sys/bus/pci/devices"
#define SLOTS "/sys/bus/pci/slots"
#define PAUSE_US 10000
/* As much as tests/vm/machine.sh gives it. */
#define MEMORY (16 * DVT_MIB)

static bool is_there(const char *bdf)
{
	char path[64];

	snprintf(path, sizeof(path), DEVICES "/%s", bdf);
	return !access(path, F_OK);
}

/* The port is the directory that the device is in. */
static void find_port(struct dvt_plug *plug)
{
	char path[64], real[PATH_MAX], *end;

	snprintf(path, sizeof(path), DEVICES "/%s", plug->bdf);
	ck_assert_msg(realpath(path, real), "%s: %m", path);
	end = strrchr(real, '/');
	ck_assert_ptr_nonnull(end);
	*end = '\0';
	end = strrchr(real, '/');
	ck_assert_ptr_nonnull(end);
	ck_assert_uint_lt(strlen(end + 1), sizeof(plug->port));
	strcpy(plug->port, end + 1);
}

/* Whether the slot called @name is the one of the device. */
static bool is_slot_of(const char *name, const char *bdf)
{
	char path[PATH_MAX], address[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), SLOTS "/%s/address", name);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(address, sizeof(address), file))
		address[0] = '\0';
	fclose(file);
	address[strcspn(address, "\n")] = '\0';
	/* Without the function. */
	return address[0] && !strncmp(address, bdf, strlen(address));
}

static bool find_slot(const char *bdf, char *path, size_t size)
{
	struct dirent *entry;
	bool found = false;
	DIR *dir = opendir(SLOTS);

	if (!dir)
		return false;
	while (!found && (entry = readdir(dir))) {
		found = entry->d_name[0] != '.' &&
			is_slot_of(entry->d_name, bdf);
		if (found)
			snprintf(path, size, SLOTS "/%s/power", entry->d_name);
	}
	closedir(dir);
	return found;
}

/**
 * dvt_plug_prepare() - get ready to take out a device
 * @plug: filled in
 * @role: the role of the device, which is behind a port of its own
 * @way: how it will leave
 *
 * Return: NULL, or why the test must be skipped.
 */
const char *dvt_plug_prepare(struct dvt_plug *plug, const char *role,
			     enum dvt_way way)
{
	char path[PATH_MAX];
	size_t i;

	*plug = (struct dvt_plug){ .way = way };
	if (!dvt_bdf(role))
		return "no device for the role";
	strcpy(plug->bdf, dvt_bdf(role));
	for (i = 0; role[i]; i++)
		plug->id[i] = tolower((unsigned char)role[i]);
	if (way != DVT_BY_UNBIND && way != DVT_BY_REMOVE &&
	    !find_slot(plug->bdf, path, sizeof(path)))
		return "this kernel does not know the slot";
	if (way == DVT_BY_PULL && !dvt_machine_is("slots"))
		return "this machine's slots do not tell of a removal";
	if (!dvt_monitor_open(&plug->mon))
		return "no monitor of this machine";
	find_port(plug);
	return NULL;
}

/* What the kernel is asked for returns when the device has been let go of. */
static int ask_kernel(int sock, void *arg)
{
	const struct dvt_plug *plug = arg;
	char path[PATH_MAX];
	int fd, ret;

	(void)sock;
	switch (plug->way) {
	case DVT_BY_UNBIND:
		return dvl_sysfs_unbind(plug->bdf) ? 1 : 0;
	case DVT_BY_REMOVE:
		return dvl_sysfs_write(plug->bdf, "remove", "1") ? 1 : 0;
	default:
		if (!find_slot(plug->bdf, path, sizeof(path)))
			return 2;
		fd = open(path, O_WRONLY);
		ret = write(fd, "0", 1);
		return ret == 1 ? 0 : 1;
	}
}

static int open_config(const char *bdf)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), DEVICES "/%s/config", bdf);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s: %m", path);
	return fd;
}

static unsigned int slot_control(int fd)
{
	uint8_t cap = 0, id = 0;

	ck_assert_int_eq(pread(fd, &cap, 1, PCI_CAPABILITY_LIST), 1);
	while (cap) {
		ck_assert_int_eq(pread(fd, &id, 1, cap), 1);
		if (id == PCI_CAP_ID_EXP)
			return cap + PCI_EXP_SLTCTL;
		ck_assert_int_eq(pread(fd, &cap, 1, cap + 1), 1);
	}
	ck_abort_msg("the port has no PCI Express capability");
	return 0;
}

/*
 * QEMU takes a device out at once when its slot loses power. The kernel is to
 * hear of it only when the power is back, or would think that it had been itself.
 */
static void pull(const struct dvt_plug *plug)
{
	int fd = open_config(plug->port);
	unsigned int reg = slot_control(fd);
	uint16_t on, off;

	ck_assert_int_eq(pread(fd, &on, 2, reg), 2);
	off = (on & ~PCI_EXP_SLTCTL_HPIE) | PCI_EXP_SLTCTL_PWR_IND_OFF |
	      PCI_EXP_SLTCTL_PWR_OFF;
	ck_assert_int_eq(pwrite(fd, &off, 2, reg), 2);
	ck_assert_int_eq(pwrite(fd, &on, 2, reg), 2);
	close(fd);
}

/* The kernel switches the power off a while after it has let go of the device. */
static void wait_until_off(const struct dvt_plug *plug)
{
	uint16_t off = PCI_EXP_SLTCTL_PWR_IND_OFF | PCI_EXP_SLTCTL_PWR_OFF;
	int fd = open_config(plug->port);
	unsigned int reg = slot_control(fd);
	uint16_t control;

	for (;;) {
		ck_assert_int_eq(pread(fd, &control, 2, reg), 2);
		if ((control & off) == off)
			break;
		usleep(PAUSE_US);
	}
	close(fd);
}

/**
 * dvt_plug_out() - let the device leave
 * @plug: prepared
 */
void dvt_plug_out(struct dvt_plug *plug)
{
	char arguments[64];

	switch (plug->way) {
	case DVT_BY_PULL:
		pull(plug);
		return;
	case DVT_BY_UNPLUG:
		snprintf(arguments, sizeof(arguments), "\"id\": \"%s\"",
			 plug->id);
		dvt_monitor_ask(&plug->mon, "device_del", arguments);
		return;
	default:
		dvt_child_fork(&plug->child, 0, ask_kernel, plug);
	}
}

/**
 * dvt_plug_assert_waits() - it has not left
 * @plug: on its way out
 */
void dvt_plug_assert_waits(const struct dvt_plug *plug)
{
	ck_assert(is_there(plug->bdf));
	if (plug->child.pid)
		ck_assert_int_eq(waitpid(plug->child.pid, NULL, WNOHANG), 0);
}

/**
 * dvt_plug_wait_out() - wait until it has left
 * @plug: on its way out
 */
void dvt_plug_wait_out(struct dvt_plug *plug)
{
	char driver[64];

	if (plug->way == DVT_BY_UNPLUG || plug->way == DVT_BY_SLOT)
		dvt_monitor_wait(&plug->mon, "DEVICE_DELETED", plug->id);
	if (plug->child.pid)
		dvt_child_stop(&plug->child);
	if (plug->way == DVT_BY_UNBIND) {
		ck_assert_int_eq(dvl_sysfs_driver(plug->bdf, driver,
						  sizeof(driver)), 0);
		ck_assert_str_eq(driver, "");
		return;
	}
	while (is_there(plug->bdf))
		usleep(PAUSE_US);
	if (plug->way == DVT_BY_PULL)
		wait_until_off(plug);
}

static void rescan(void)
{
	int fd = open("/sys/bus/pci/rescan", O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "1", 1), 1);
	close(fd);
}

/* The port's name in QEMU has its address in it. */
static void add_to_machine(struct dvt_plug *plug)
{
	char arguments[256];

	/* QEMU gives away the memory of a device that has left no second time. */
	snprintf(arguments, sizeof(arguments),
		 "\"qom-type\": \"memory-backend-ram\", \"id\": \"%s-memory-%d\", \"size\": %lu, \"share\": true",
		 plug->id, getpid(), MEMORY);
	dvt_monitor_ask(&plug->mon, "object-add", arguments);
	snprintf(arguments, sizeof(arguments),
		 "\"driver\": \"ivshmem-plain\", \"id\": \"%s\", \"memdev\": \"%s-memory-%d\", \"bus\": \"port%.2s\", \"addr\": \"0\"",
		 plug->id, plug->id, getpid(), plug->port + strlen("0000:00:"));
	dvt_monitor_ask(&plug->mon, "device_add", arguments);
}

/* The kernel shows a device some time before a driver may have it. */
static void bind_new(const char *bdf)
{
	int ret;

	while ((ret = dvl_sysfs_bind(bdf, DVL_DRIVER)) == -ENODEV)
		usleep(PAUSE_US);
	ck_assert_msg(!ret, "binding %s: %s", bdf, strerror(-ret));
}

/**
 * dvt_plug_in() - bring it back
 * @plug: has left
 */
void dvt_plug_in(struct dvt_plug *plug)
{
	if (plug->way == DVT_BY_REMOVE)
		rescan();
	else if (plug->way != DVT_BY_UNBIND)
		add_to_machine(plug);
	while (!is_there(plug->bdf))
		usleep(PAUSE_US);
	bind_new(plug->bdf);
}

/**
 * dvt_plug_end() - be done with it
 * @plug: as prepared, or back in
 */
void dvt_plug_end(struct dvt_plug *plug)
{
	dvt_monitor_close(&plug->mon);
}
