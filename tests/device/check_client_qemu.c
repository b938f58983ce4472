// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debian's own QEMU as the client: it takes devices bound to this driver as it
 * takes those of vfio-pci. Each test runs with both, ours first. QEMU is started
 * with nothing but "-device vfio-pci,host=ADDRESS", and left by "quit".
 */
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dvt_qemu.h"
#include "dvt_show.h"

#define PLAIN "vfio-pci"
#define NR_DRIVERS 2

/* Where the devices are in the guest, and where their BARs and messages go. */
#define SLOT 4
#define BAR_ADDR 0xc0000000U
#define BAR_STEP 0x10000000U
#define MESSAGE_ADDR 0x100000U
#define MESSAGE 0x4321U
#define MEMORY_ADDR 0x200000U

/* QEMU's edu device, see its docs/specs. */
#define EDU_ID 0x00
#define EDU_ID_VALUE 0x010000edU
#define EDU_FACTORIAL 0x08
#define EDU_RAISE 0x60
#define EDU_DMA_SRC 0x80
#define EDU_DMA_DST 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_COMMAND 0x98
#define EDU_DMA_RUN 1U
#define EDU_DMA_TO_MEMORY 2U
#define EDU_BUFFER 0x40000U

/* Intel 82576: interrupts by MSI-X, and one that software asks for. */
#define IGB_EICS 0x1520
#define IGB_EIMS 0x1524
#define IGB_GPIE 0x1514
#define IGB_GPIE_MSIX 0x10U
#define IGB_MSIX_BAR 3

#define MEMORY_BAR 2
#define MEMORY_MARK_OFF 0x1000
#define MEMORY_MARK 0x5eedf00dU

#define PATIENCE 600
#define PAUSE_US 100000

static const char *const drivers[NR_DRIVERS] = { DVL_DRIVER, PLAIN };

/* All that some test takes away from us; given back whatever became of it. */
static const char *const roles[] = {
	"DVP_BDF", "DVP_BDF_EDU", "DVP_BDF_FLR", "DVP_BDF_IGB",
};

static void give_back(void)
{
	size_t i;

	for (i = 0; i < DVT_ARRAY_SIZE(roles); i++)
		if (dvt_bdf(roles[i]))
			dvl_sysfs_bind(dvt_bdf(roles[i]), DVL_DRIVER);
}

/* Sets @bdf to the role's device, bound to @driver; else the test is skipped. */
#define device_or_skip(bdf, role, driver)				\
	do {								\
		if (access(DVT_QEMU "/usr", F_OK))			\
			dvt_skip("no QEMU in " DVT_QEMU);		\
		(bdf) = dvt_bdf(role);					\
		if (!(bdf))						\
			dvt_skip("no device for %s", role);		\
		dvt_bind(bdf, driver);					\
	} while (0)

/* Nothing of the device is left with anybody, and the next can have it. */
static void assert_free(const char *bdf, const char *driver)
{
	struct dvt_counters counters;
	struct dvl_device dev;

	if (!strcmp(driver, DVL_DRIVER)) {
		dvt_counters_take(&counters, bdf);
		ck_assert_int_eq(counters.values[DVT_EXPORTS_LIVE], 0);
		ck_assert_int_eq(counters.values[DVT_MAPPINGS_LIVE], 0);
		ck_assert_int_eq(counters.values[DVT_IMPORTS_LIVE], 0);
	}
	ck_assert_int_eq(dvl_device_open(&dev, bdf), 0);
	dvl_device_close(&dev);
}

/* One device in SLOT, with its first BAR in place, and no firmware. */
static void start_bare(struct dvt_qemu *qemu, const char *bdf)
{
	char device[64];
	const char *devices[2] = {};

	devices[0] = device;
	snprintf(device, sizeof(device), PLAIN ",host=%s,addr=%d,id=it", bdf,
		 SLOT);
	dvt_qemu_start(qemu, false, devices);
	dvt_guest_place_bar(qemu, SLOT, 0, BAR_ADDR);
}

static uint32_t edu_read(struct dvt_qemu *qemu, unsigned int reg)
{
	return dvt_guest_read(qemu, BAR_ADDR + reg, 4);
}

static void edu_write(struct dvt_qemu *qemu, unsigned int reg, uint32_t value)
{
	dvt_guest_write(qemu, BAR_ADDR + reg, 4, value);
}

/* Waits until a word of the guest's memory is @value, or a long time is over. */
static void assert_becomes(struct dvt_qemu *qemu, uint64_t addr, uint32_t value)
{
	uint32_t found = 0;
	int tries;

	for (tries = 0; tries < PATIENCE; tries++) {
		found = dvt_guest_read(qemu, addr, 4);
		if (found == value)
			return;
		usleep(PAUSE_US);
	}
	ck_abort_msg("at %#lx of the guest is %#x instead of %#x", addr, found,
		     value);
}

START_TEST(firmware_of_a_guest_finds_what_the_devices_have)
{
	static const char *const ids[] = { "edu", "memory", "net" };
	const char *bdf[3], *devices[4] = {}, *answer;
	char device[3][64], part[3][2048];
	uint64_t edu, memory, last;
	struct dvt_qemu qemu;
	struct dvl_device dev;
	unsigned int i;

	device_or_skip(bdf[0], "DVP_BDF_EDU", drivers[_i]);
	device_or_skip(bdf[1], "DVP_BDF", drivers[_i]);
	device_or_skip(bdf[2], "DVP_BDF_FLR", drivers[_i]);
	dvt_open(&dev, bdf[1]);
	dvt_poke32(&dev, MEMORY_BAR, MEMORY_MARK_OFF, MEMORY_MARK);
	dvl_device_close(&dev);
	for (i = 0; i < 3; i++) {
		snprintf(device[i], sizeof(device[i]),
			 PLAIN ",host=%s,addr=%u,id=%s", bdf[i], SLOT + i, ids[i]);
		devices[i] = device[i];
	}
	dvt_qemu_start(&qemu, true, devices);
	answer = dvt_qemu_wait_firmware(&qemu);
	fprintf(stderr, "%s", answer);
	for (i = 0; i < 3; i++) {
		dvt_qemu_find_device(answer, ids[i], part[i], sizeof(part[i]));
		dvt_qemu_assert_bars(part[i], bdf[i]);
	}
	ck_assert(dvt_qemu_find_bar(part[0], 0, &edu, &last));
	ck_assert_uint_eq(dvt_qemu_examine(&qemu, edu + EDU_ID), EDU_ID_VALUE);
	ck_assert(dvt_qemu_find_bar(part[1], MEMORY_BAR, &memory, &last));
	ck_assert_uint_eq(dvt_qemu_examine(&qemu, memory + MEMORY_MARK_OFF), MEMORY_MARK);
	dvt_qemu_quit(&qemu);
	for (i = 0; i < 3; i++)
		assert_free(bdf[i], drivers[_i]);
}
END_TEST

START_TEST(guest_has_the_bar_mapped_and_uses_it)
{
	struct dvt_counters counters;
	struct dvt_qemu qemu;
	const char *bdf;
	char name[64];

	device_or_skip(bdf, "DVP_BDF_EDU", drivers[_i]);
	start_bare(&qemu, bdf);
	ck_assert_uint_eq(edu_read(&qemu, EDU_ID), EDU_ID_VALUE);
	edu_write(&qemu, EDU_FACTORIAL, 5);
	assert_becomes(&qemu, BAR_ADDR + EDU_FACTORIAL, 120);
	snprintf(name, sizeof(name), "%s BAR 0 mmaps[0]", bdf);
	ck_assert_ptr_nonnull(strstr(dvt_qemu_ask(&qemu, "info mtree"), name));
	if (!strcmp(drivers[_i], DVL_DRIVER)) {
		dvt_counters_take(&counters, bdf);
		ck_assert_int_ge(counters.values[DVT_MAPPINGS_LIVE], 1);
	}
	dvt_qemu_quit(&qemu);
	assert_free(bdf, drivers[_i]);
}
END_TEST

static void edu_copy(struct dvt_qemu *qemu, uint32_t src, uint32_t dst,
		     uint32_t command)
{
	edu_write(qemu, EDU_DMA_SRC, src);
	edu_write(qemu, EDU_DMA_DST, dst);
	edu_write(qemu, EDU_DMA_COUNT, 4);
	edu_write(qemu, EDU_DMA_COMMAND, EDU_DMA_RUN | command);
	/* The first bit says that it runs. */
	assert_becomes(qemu, BAR_ADDR + EDU_DMA_COMMAND, command);
}

START_TEST(device_copies_within_the_guests_memory)
{
	struct dvt_qemu qemu;
	const char *bdf;

	device_or_skip(bdf, "DVP_BDF_EDU", drivers[_i]);
	start_bare(&qemu, bdf);
	dvt_guest_write(&qemu, MEMORY_ADDR, 4, MEMORY_MARK + _i);
	edu_copy(&qemu, MEMORY_ADDR, EDU_BUFFER, 0);
	edu_copy(&qemu, EDU_BUFFER, MEMORY_ADDR + 0x1000, EDU_DMA_TO_MEMORY);
	ck_assert_uint_eq(dvt_guest_read(&qemu, MEMORY_ADDR + 0x1000, 4),
			  MEMORY_MARK + _i);
	dvt_qemu_quit(&qemu);
	assert_free(bdf, drivers[_i]);
}
END_TEST

/* The message goes to plain memory, where the test can see it. */
START_TEST(msi_of_the_device_reaches_the_guest)
{
	struct dvt_qemu qemu;
	unsigned int msi, data;
	const char *bdf;
	uint32_t head;

	device_or_skip(bdf, "DVP_BDF_EDU", drivers[_i]);
	start_bare(&qemu, bdf);
	msi = dvt_guest_find_cap(&qemu, SLOT, PCI_CAP_ID_MSI);
	head = dvt_guest_config_read(&qemu, SLOT, msi);
	data = head >> 16 & PCI_MSI_FLAGS_64BIT ? PCI_MSI_DATA_64 :
						  PCI_MSI_DATA_32;
	dvt_guest_config_write(&qemu, SLOT, msi + PCI_MSI_ADDRESS_LO,
			       MESSAGE_ADDR);
	dvt_guest_config_write(&qemu, SLOT, msi + data, MESSAGE);
	dvt_guest_config_write(&qemu, SLOT, msi,
			       head | PCI_MSI_FLAGS_ENABLE << 16);
	edu_write(&qemu, EDU_RAISE, 1);
	assert_becomes(&qemu, MESSAGE_ADDR, MESSAGE);
	dvt_qemu_quit(&qemu);
	assert_free(bdf, drivers[_i]);
}
END_TEST

START_TEST(msix_of_the_device_reaches_the_guest)
{
	uint32_t table = BAR_ADDR + BAR_STEP, head;
	struct dvt_qemu qemu;
	unsigned int msix;
	const char *bdf;

	device_or_skip(bdf, "DVP_BDF_IGB", drivers[_i]);
	start_bare(&qemu, bdf);
	msix = dvt_guest_find_cap(&qemu, SLOT, PCI_CAP_ID_MSIX);
	ck_assert_uint_eq(dvt_guest_config_read(&qemu, SLOT,
						msix + PCI_MSIX_TABLE),
			  IGB_MSIX_BAR);
	dvt_guest_place_bar(&qemu, SLOT, IGB_MSIX_BAR, table);
	dvt_guest_write(&qemu, table + PCI_MSIX_ENTRY_LOWER_ADDR, 4,
			MESSAGE_ADDR);
	dvt_guest_write(&qemu, table + PCI_MSIX_ENTRY_UPPER_ADDR, 4, 0);
	dvt_guest_write(&qemu, table + PCI_MSIX_ENTRY_DATA, 4, MESSAGE);
	dvt_guest_write(&qemu, table + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, 0);
	head = dvt_guest_config_read(&qemu, SLOT, msix);
	dvt_guest_config_write(&qemu, SLOT, msix,
			       head | PCI_MSIX_FLAGS_ENABLE << 16);
	dvt_guest_write(&qemu, BAR_ADDR + IGB_GPIE, 4, IGB_GPIE_MSIX);
	dvt_guest_write(&qemu, BAR_ADDR + IGB_EIMS, 4, 1);
	dvt_guest_write(&qemu, BAR_ADDR + IGB_EICS, 4, 1);
	assert_becomes(&qemu, MESSAGE_ADDR, MESSAGE);
	dvt_qemu_quit(&qemu);
	assert_free(bdf, drivers[_i]);
}
END_TEST

START_TEST(device_works_again_when_the_guest_was_reset)
{
	struct dvt_qemu qemu;
	const char *bdf;

	device_or_skip(bdf, "DVP_BDF_EDU", drivers[_i]);
	start_bare(&qemu, bdf);
	ck_assert_uint_eq(edu_read(&qemu, EDU_ID), EDU_ID_VALUE);
	dvt_qemu_ask(&qemu, "system_reset");
	while (dvt_guest_config_read(&qemu, SLOT, PCI_COMMAND) &
	       PCI_COMMAND_MEMORY)
		usleep(PAUSE_US);
	ck_assert_uint_ne(edu_read(&qemu, EDU_ID), EDU_ID_VALUE);
	dvt_guest_place_bar(&qemu, SLOT, 0, BAR_ADDR);
	ck_assert_uint_eq(edu_read(&qemu, EDU_ID), EDU_ID_VALUE);
	dvt_qemu_quit(&qemu);
	assert_free(bdf, drivers[_i]);
}
END_TEST

START_TEST(killed_qemu_leaves_the_device_free)
{
	struct dvt_qemu qemu;
	const char *bdf;

	device_or_skip(bdf, "DVP_BDF_EDU", drivers[_i]);
	start_bare(&qemu, bdf);
	ck_assert_uint_eq(edu_read(&qemu, EDU_ID), EDU_ID_VALUE);
	dvt_qemu_kill(&qemu);
	assert_free(bdf, drivers[_i]);
}
END_TEST

int main(void)
{
	return dvt_main_around("client_qemu", (const struct dvt_test[]){
		{ firmware_of_a_guest_finds_what_the_devices_have, NR_DRIVERS },
		{ guest_has_the_bar_mapped_and_uses_it, NR_DRIVERS },
		{ device_copies_within_the_guests_memory, NR_DRIVERS },
		{ msi_of_the_device_reaches_the_guest, NR_DRIVERS },
		{ msix_of_the_device_reaches_the_guest, NR_DRIVERS },
		{ device_works_again_when_the_guest_was_reset, NR_DRIVERS },
		{ killed_qemu_leaves_the_device_free, NR_DRIVERS },
		{ NULL, 0 } }, NULL, give_back);
}
