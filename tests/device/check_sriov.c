// SPDX-License-Identifier: GPL-2.0-only
/*
 * SR-IOV: VFs of a bound PF come to this driver, ask for the VF token, and
 * their BARs can be exported, whatever their COMMAND says about memory.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dvt.h"

#define ROLE "DVP_BDF_PF"
#define TOKEN "83d3ea2f-5a15-4bd9-a3fd-5b2e6d0a7c11"
#define WRONG "00000000-5a15-4bd9-a3fd-5b2e6d0a7c11"

static const uint8_t token[16] = {
	0x83, 0xd3, 0xea, 0x2f, 0x5a, 0x15, 0x4b, 0xd9,
	0xa3, 0xfd, 0x5b, 0x2e, 0x6d, 0x0a, 0x7c, 0x11,
};

/* The address of a VF. */
static void find_vf(const char *pf, unsigned int number, char *bdf, size_t size)
{
	char path[128], target[256];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/virtfn%u", pf,
		 number);
	len = readlink(path, target, sizeof(target) - 1);
	ck_assert_msg(len > 0, "%s: %m", path);
	target[len] = '\0';
	snprintf(bdf, size, "%s", strrchr(target, '/') + 1);
}

static void set_nr_vfs(const char *pf, const char *nr)
{
	int ret = dvl_sysfs_write(pf, "sriov_numvfs", nr);

	ck_assert_msg(!ret, "%s VFs of %s: %s", nr, pf, strerror(-ret));
}

static void set_token(const struct dvl_device *pf)
{
	uint8_t copy[16];

	memcpy(copy, token, sizeof(copy));
	ck_assert_int_eq(dvl_feature(pf->fd, VFIO_DEVICE_FEATURE_PCI_VF_TOKEN,
				     VFIO_DEVICE_FEATURE_SET, copy,
				     sizeof(copy)), 0);
}

/* Opens the PF, sets its token, makes two VFs; dvt_skip() if there is none. */
#define pf_open_or_skip(pf)						\
	do {								\
		char nr_vfs[16];					\
									\
		dvt_open_or_skip(pf, ROLE);				\
		if (dvl_sysfs_read((pf)->bdf, "sriov_totalvfs", nr_vfs,	\
				   sizeof(nr_vfs)))			\
			dvt_skip("%s has no VFs", (pf)->bdf);		\
		set_token(pf);						\
		set_nr_vfs((pf)->bdf, "0");				\
		set_nr_vfs((pf)->bdf, "2");				\
	} while (0)

static void end(struct dvl_device *pf, struct dvl_device *vf)
{
	if (vf)
		dvl_device_close(vf);
	set_nr_vfs(pf->bdf, "0");
	dvl_device_close(pf);
}

START_TEST(vfs_come_to_the_driver)
{
	char bdf[32], override[64], driver[64];
	struct dvl_device pf;
	unsigned int i;

	pf_open_or_skip(&pf);
	for (i = 0; i < 2; i++) {
		find_vf(pf.bdf, i, bdf, sizeof(bdf));
		ck_assert_int_eq(dvl_sysfs_read(bdf, "driver_override",
						override, sizeof(override)), 0);
		ck_assert_str_eq(override, DVL_DRIVER);
		ck_assert_int_eq(dvl_sysfs_driver(bdf, driver, sizeof(driver)),
				 0);
		ck_assert_str_eq(driver, DVL_DRIVER);
	}
	end(&pf, NULL);
}
END_TEST

START_TEST(vf_asks_for_the_token)
{
	struct dvl_device pf, vf;
	char bdf[32];

	pf_open_or_skip(&pf);
	find_vf(pf.bdf, 0, bdf, sizeof(bdf));
	ck_assert_int_eq(dvl_device_open_in(&vf, bdf, &pf, NULL), -EACCES);
	ck_assert_int_eq(dvl_device_open_in(&vf, bdf, &pf, WRONG), -EACCES);
	ck_assert_int_eq(dvl_device_open_in(&vf, bdf, &pf, TOKEN), 0);
	end(&pf, &vf);
}
END_TEST

/*
 * A word of a VF's BAR that keeps what is written to it: the data of the first
 * MSI-X vector. QEMU's registers of a VF are all 0 until the PF sets it up.
 */
static uint32_t *map_word(const struct dvl_device *vf, int *fd)
{
	int cap = dvl_config_find_cap(vf, PCI_CAP_ID_MSIX);
	uint32_t table, off;

	ck_assert_int_gt(cap, 0);
	ck_assert_int_eq(dvl_config_read(vf, cap + PCI_MSIX_TABLE, &table, 4),
			 0);
	off = (table & PCI_MSIX_TABLE_OFFSET) + PCI_MSIX_ENTRY_DATA;
	*fd = dvt_export(vf, table & PCI_MSIX_TABLE_BIR, off & ~0xfffU, 0x1000,
			 O_RDWR);
	return dvt_map(*fd, 0x1000, PROT_READ | PROT_WRITE) + (off & 0xfff);
}

START_TEST(bar_of_a_vf_can_be_exported_and_revoked)
{
	struct dvl_device pf, vf;
	char bdf[32];
	uint32_t *word;
	int fd;

	pf_open_or_skip(&pf);
	find_vf(pf.bdf, 0, bdf, sizeof(bdf));
	ck_assert_int_eq(dvl_device_open_in(&vf, bdf, &pf, TOKEN), 0);
	word = map_word(&vf, &fd);
	dvt_assert_usable(word);
	ck_assert_int_eq(dvl_revoke(vf.fd, fd), 0);
	dvt_assert_sigbus(word);
	end(&pf, &vf);
}
END_TEST

/*
 * A VF has no memory bit. QEMU's has one, and answers something else without
 * it, so while it is off it counts only that there is no SIGBUS.
 */
START_TEST(memory_bit_of_a_vf_takes_nothing_away)
{
	struct dvl_device pf, vf;
	uint32_t *before, *after;
	char bdf[32];
	int fd;

	pf_open_or_skip(&pf);
	find_vf(pf.bdf, 0, bdf, sizeof(bdf));
	ck_assert_int_eq(dvl_device_open_in(&vf, bdf, &pf, TOKEN), 0);
	before = map_word(&vf, &fd);
	dvt_memory_off(&vf);
	ck_assert_int_ge(dvt_read32(before), 0);
	after = map_word(&vf, &fd);
	ck_assert_int_ge(dvt_read32(after), 0);
	/* Nor does anything that looks at the device again. */
	ck_assert_int_eq(dvl_device_reset(&vf), 0);
	ck_assert_int_ge(dvt_read32(after), 0);
	dvt_memory_on(&vf);
	dvt_assert_usable(before);
	dvt_assert_usable(after);
	end(&pf, &vf);
}
END_TEST

START_TEST(buffer_of_a_vf_is_not_one_of_its_pf)
{
	struct dvl_device pf, vf;
	char bdf[32];
	int fd;

	pf_open_or_skip(&pf);
	find_vf(pf.bdf, 1, bdf, sizeof(bdf));
	ck_assert_int_eq(dvl_device_open_in(&vf, bdf, &pf, TOKEN), 0);
	fd = dvt_export(&vf, 0, 0, 0x1000, O_RDWR);
	ck_assert_int_eq(dvl_revoke(pf.fd, fd), -ENODEV);
	ck_assert_int_eq(dvl_revoke(vf.fd, fd), 0);
	end(&pf, &vf);
}
END_TEST

START_TEST(buffer_of_a_vf_dies_with_the_vf)
{
	struct dvl_device pf, vf;
	char bdf[32];
	uint32_t *map;
	int fd;

	pf_open_or_skip(&pf);
	find_vf(pf.bdf, 0, bdf, sizeof(bdf));
	ck_assert_int_eq(dvl_device_open_in(&vf, bdf, &pf, TOKEN), 0);
	fd = dvt_export(&vf, 0, 0, 0x1000, O_RDWR);
	map = dvt_map(fd, 0x1000, PROT_READ);
	ck_assert_int_ge(dvt_read32(map), 0);
	end(&pf, &vf);
	ck_assert_int_eq(dvt_read32(map), DVT_SIGBUS);
	ck_assert_ptr_eq(mmap(NULL, 0x1000, PROT_READ, MAP_SHARED, fd, 0),
			 MAP_FAILED);
	ck_assert_int_eq(errno, ENODEV);
}
END_TEST

DVT_MAIN("sriov",
	 { vfs_come_to_the_driver },
	 { vf_asks_for_the_token },
	 { bar_of_a_vf_can_be_exported_and_revoked },
	 { memory_bit_of_a_vf_takes_nothing_away },
	 { buffer_of_a_vf_is_not_one_of_its_pf },
	 { buffer_of_a_vf_dies_with_the_vf })
