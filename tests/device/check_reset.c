// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets, by every way that leads to one. A reset is over when its call
 * returns, so what shows that it revoked is that no page table entry survived;
 * then the same mappings work again. What is read while one lasts is the
 * matter of check_during.c.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dvt_config.h"
#include "dvt_importer.h"
#include "dvt_request.h"
#include "dvt_witness.h"

#define NO_JUDGE "no test module to see that the reset took the entries away"

/**
 * struct place - a word of a BAR that keeps what is written to it
 * @role: the device
 * @bar: the BAR; the word is its first
 * @len: how much of it to export
 * @keeps: the contents survive a reset
 */
static const struct place {
	const char *role;
	unsigned int bar;
	size_t len;
	bool keeps;
} places[] = {
	{ "DVP_BDF", 2, 4 * DVT_MIB, true },
	/* The select register of the virtio common configuration. */
	{ "DVP_BDF_FLR", 4, 0x1000, false },
};

static bool can_reset(const struct dvl_device *dev)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	ck_assert_int_eq(ioctl(dev->fd, VFIO_DEVICE_GET_INFO, &info), 0);
	return info.flags & VFIO_DEVICE_FLAGS_RESET;
}

/* What each test of a reset ends with. False: no means to judge it. */
static bool assert_revoked_and_restored(struct dvt_witness *w)
{
	bool judged = dvt_witness_assert_zapped(w);

	dvt_witness_assert_usable(w);
	dvt_witness_stop(w);
	return judged;
}

START_TEST(reset_ioctl_revokes_and_restores)
{
	const struct place *place = &places[_i];
	struct dvl_device dev;
	struct dvt_witness w;

	dvt_open_or_skip(&dev, place->role);
	ck_assert(can_reset(&dev));
	dvt_witness_start(&w, &dev, place->bar, 0, place->len);
	ck_assert_int_eq(dvl_device_reset(&dev), 0);
	if (!assert_revoked_and_restored(&w))
		dvt_skip(NO_JUDGE);
}
END_TEST

START_TEST(every_one_of_many_resets_revokes_and_restores)
{
	struct dvl_device dev;
	struct dvt_witness w;
	bool judged = false;
	int i;

	dvt_open_or_skip(&dev, "DVP_BDF_FLR");
	dvt_witness_start(&w, &dev, 4, 0, 0x1000);
	for (i = 0; i < 5; i++) {
		dvt_witness_rearm(&w);
		ck_assert_int_eq(dvl_device_reset(&dev), 0);
		judged = dvt_witness_assert_zapped(&w);
		dvt_witness_assert_usable(&w);
	}
	dvt_witness_stop(&w);
	if (!judged)
		dvt_skip(NO_JUDGE);
}
END_TEST

START_TEST(memory_keeps_its_contents_over_a_reset)
{
	struct dvl_device dev;
	uint32_t *map;
	size_t i;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, 2, DVT_MIB, DVT_MIB, O_RDWR);
	map = dvt_map(fd, DVT_MIB, PROT_READ | PROT_WRITE);
	for (i = 0; i < DVT_MIB / 4; i += 1024)
		map[i] = 0xabcd0000 + i / 1024;
	ck_assert_int_eq(dvl_device_reset(&dev), 0);
	for (i = 0; i < DVT_MIB / 4; i += 1024) {
		ck_assert_int_eq(dvt_read32(&map[i]), 0xabcd0000 + i / 1024);
		ck_assert_uint_eq(dvt_peek32(&dev, 2, DVT_MIB + i * 4),
				  0xabcd0000 + i / 1024);
	}
}
END_TEST

/* Sets one bit of a register by a write of @len bytes around it. */
static void set_bit(const struct dvl_device *dev, unsigned int reg,
		    unsigned int len, unsigned int bit)
{
	uint8_t bytes[8];

	ck_assert_int_eq(dvl_config_read(dev, reg, bytes, len), 0);
	bytes[bit / 8] |= 1 << bit % 8;
	ck_assert_int_eq(dvl_config_write(dev, reg, bytes, len), 0);
}

START_TEST(pcie_flr_by_config_write_revokes_and_restores)
{
	/* From which byte of DEVCTL, how many. */
	static const struct { unsigned int off, len; } writes[] = {
		{ 0, 2 }, { 0, 4 }, { 1, 1 },
	};
	struct dvl_device dev;
	struct dvt_witness w;
	uint32_t devcap;
	int cap;

	dvt_open_or_skip(&dev, "DVP_BDF_FLR");
	cap = dvl_config_find_cap(&dev, PCI_CAP_ID_EXP);
	ck_assert_int_gt(cap, 0);
	ck_assert_int_eq(dvl_config_read(&dev, cap + PCI_EXP_DEVCAP, &devcap,
					 4), 0);
	ck_assert(devcap & PCI_EXP_DEVCAP_FLR);

	dvt_witness_start(&w, &dev, 4, 0, 0x1000);
	set_bit(&dev, cap + PCI_EXP_DEVCTL + writes[_i].off, writes[_i].len,
		15 - writes[_i].off * 8);
	if (!assert_revoked_and_restored(&w))
		dvt_skip(NO_JUDGE);
}
END_TEST

/* A device with the advanced features capability, and FLR in it. */
static bool open_with_af(struct dvl_device *dev, int *cap)
{
	static const char * const roles[] = {
		"DVP_BDF", "DVP_BDF_1G", "DVP_BDF_FLR", "DVP_BDF_EDU",
		"DVP_BDF_DISPLAY", "DVP_BDF_IO", "DVP_BDF_PF",
	};
	uint8_t caps;
	size_t i;

	for (i = 0; i < DVT_ARRAY_SIZE(roles); i++) {
		if (!dvt_bdf(roles[i]))
			continue;
		dvt_open(dev, dvt_bdf(roles[i]));
		*cap = dvl_config_find_cap(dev, PCI_CAP_ID_AF);
		if (*cap > 0 && !dvl_config_read(dev, *cap + PCI_AF_CAP, &caps,
						 1) && caps & PCI_AF_CAP_FLR)
			return true;
		dvl_device_close(dev);
	}
	return false;
}

START_TEST(af_flr_by_config_write_revokes_and_restores)
{
	struct vfio_region_info info;
	struct dvl_device dev;
	struct dvt_witness w;
	unsigned int bar;
	int cap;

	if (!open_with_af(&dev, &cap))
		dvt_skip("no device here has the advanced features capability");
	for (bar = 0; bar < 6; bar++) {
		ck_assert_int_eq(dvl_region_info(&dev, bar, &info), 0);
		if (info.flags & VFIO_REGION_INFO_FLAG_MMAP)
			break;
	}
	ck_assert_uint_lt(bar, 6);
	dvt_witness_start(&w, &dev, bar, 0, 0x1000);
	set_bit(&dev, cap + PCI_AF_CTRL, 1, 0);
	if (!assert_revoked_and_restored(&w))
		dvt_skip(NO_JUDGE);
}
END_TEST

START_TEST(hot_reset_by_this_device_revokes_and_restores)
{
	struct dvl_device dev;
	struct dvt_witness w;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_witness_start(&w, &dev, 2, 0, 4 * DVT_MIB);
	ck_assert_int_eq(dvl_device_hot_reset(&dev, &dev.group, 1), 0);
	if (!assert_revoked_and_restored(&w))
		dvt_skip(NO_JUDGE);
}
END_TEST

START_TEST(hot_reset_by_a_vfio_pci_sibling_revokes_and_restores)
{
	struct dvl_device dev, sibling;
	char driver[64];
	struct dvt_witness w;

	dvt_open_or_skip(&dev, "DVP_BDF_PAIR0");
	if (!dvt_bdf("DVP_BDF_PAIR1"))
		dvt_skip("no device for DVP_BDF_PAIR1");
	ck_assert_int_eq(dvl_sysfs_driver(dvt_bdf("DVP_BDF_PAIR1"), driver,
					  sizeof(driver)), 0);
	ck_assert_str_eq(driver, "vfio-pci");
	dvt_open_in(&sibling, dvt_bdf("DVP_BDF_PAIR1"), &dev);

	dvt_witness_start(&w, &dev, 2, 0, 4 * DVT_MIB);
	ck_assert_int_eq(dvl_device_hot_reset(&sibling, &sibling.group, 1), 0);
	if (!assert_revoked_and_restored(&w))
		dvt_skip(NO_JUDGE);
}
END_TEST

static int unbinder(int sock, void *arg)
{
	(void)sock;
	return dvl_sysfs_unbind(arg) ? 1 : 0;
}

/* The device lock of @dev is taken, by an unbind that waits for its close. */
static void unbind_start(struct dvt_child *child, const struct dvl_device *dev,
			 char *bdf)
{
	int event = dvt_request_eventfd(dev);
	eventfd_t count;

	dvt_child_fork(child, 0, unbinder, bdf);
	ck_assert_int_eq(eventfd_read(event, &count), 0);
	close(event);
}

/* The core wakes all that goes with the device before it asks for their locks. */
START_TEST(hot_reset_that_fails_leaves_no_sibling_asleep)
{
	struct dvl_device dev, sibling;
	uint16_t sleep = 3;	/* D3hot */
	struct dvt_child child;
	char bdf[16], state[64];
	struct dvt_witness w;

	dvt_open_or_skip(&dev, "DVP_BDF_DUO0");
	strcpy(bdf, dev.bdf);
	dvt_open_in(&sibling, dvt_bdf("DVP_BDF_DUO1"), &dev);
	dvt_witness_start(&w, &sibling, 4, 0, 0x1000);
	ck_assert_int_eq(dvl_config_write(&sibling, dvt_pm_ctrl(&sibling),
					  &sleep, sizeof(sleep)), 0);
	dvt_witness_assert_paused(&w);

	unbind_start(&child, &dev, bdf);
	ck_assert_int_eq(dvl_device_hot_reset(&dev, &dev.group, 1), -EAGAIN);
	/* The driver looks again when an access is refused, and is not told. */
	dvt_memory_on(&sibling);
	dvt_witness_assert_usable(&w);
	ck_assert_int_eq(dvl_sysfs_read(sibling.bdf, "dmabuf/causes", state,
					sizeof(state)), 0);
	ck_assert_msg(!strstr(state, "sleep"), "it is said to be: %s", state);

	dvl_device_close(&dev);
	dvt_child_stop(&child);
	dvt_bind(bdf, DVL_DRIVER);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(sysfs_reset_revokes_and_restores)
{
	const struct place *place = &places[_i];
	struct dvl_device dev;
	struct dvt_witness w;

	dvt_open_or_skip(&dev, place->role);
	dvt_witness_start(&w, &dev, place->bar, 0, place->len);
	ck_assert_int_eq(dvl_sysfs_write(dev.bdf, "reset", "1"), 0);
	if (!assert_revoked_and_restored(&w))
		dvt_skip(NO_JUDGE);
}
END_TEST

START_TEST(bar_mapping_of_the_device_is_revoked_and_restored)
{
	struct dvl_device dev;
	int importer;
	void *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_importer_or_skip(importer);
	map = dvl_region_mmap(&dev, 2, 0, DVT_MIB, PROT_READ | PROT_WRITE);
	ck_assert_ptr_ne(map, MAP_FAILED);
	dvt_assert_usable(map);
	ck_assert_uint_ne(dvt_pte_level(importer, map), DVP_PTE_NONE);

	ck_assert_int_eq(dvl_device_reset(&dev), 0);
	ck_assert_uint_eq(dvt_pte_level(importer, map), DVP_PTE_NONE);
	dvt_assert_usable(map);

	dvt_memory_off(&dev);
	dvt_assert_sigbus(map);
	dvt_memory_on(&dev);
	dvt_assert_usable(map);
}
END_TEST

START_TEST(reset_with_memory_off_does_not_restore)
{
	const struct place *place = &places[_i];
	struct dvl_device dev;
	struct dvt_witness w;

	dvt_open_or_skip(&dev, place->role);
	dvt_witness_start(&w, &dev, place->bar, 0, place->len);
	dvt_memory_off(&dev);
	ck_assert_int_eq(dvl_device_reset(&dev), 0);
	dvt_witness_assert_paused(&w);
	dvt_memory_on(&dev);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(sysfs_reset_with_memory_off_does_not_restore)
{
	struct dvl_device dev;
	struct dvt_witness w;

	dvt_open_or_skip(&dev, "DVP_BDF_FLR");
	dvt_witness_start(&w, &dev, 4, 0, 0x1000);
	dvt_memory_off(&dev);
	ck_assert_int_eq(dvl_sysfs_write(dev.bdf, "reset", "1"), 0);
	dvt_witness_assert_paused(&w);
	dvt_memory_on(&dev);
	dvt_witness_assert_usable(&w);
	dvt_witness_stop(&w);
}
END_TEST

START_TEST(reset_does_not_revive_a_revoked_buffer)
{
	const struct place *place = &places[_i];
	struct dvl_device dev;
	struct dvt_witness w;
	int log;

	dvt_open_or_skip(&dev, place->role);
	dvt_witness_start(&w, &dev, place->bar, 0, place->len);
	ck_assert_int_eq(dvl_revoke(dev.fd, w.fd), 0);
	log = dvt_log_mark();
	ck_assert_int_eq(dvl_device_reset(&dev), 0);
	ck_assert(!dvt_log_has(log, "WARNING"));
	dvt_witness_assert_dead(&w);
	dvt_witness_stop(&w);
}
END_TEST

DVT_MAIN("reset",
	 { reset_ioctl_revokes_and_restores, DVT_ARRAY_SIZE(places) },
	 { every_one_of_many_resets_revokes_and_restores },
	 { memory_keeps_its_contents_over_a_reset },
	 { pcie_flr_by_config_write_revokes_and_restores, 3 },
	 { af_flr_by_config_write_revokes_and_restores },
	 { hot_reset_by_this_device_revokes_and_restores },
	 { hot_reset_by_a_vfio_pci_sibling_revokes_and_restores },
	 { hot_reset_that_fails_leaves_no_sibling_asleep },
	 { sysfs_reset_revokes_and_restores, DVT_ARRAY_SIZE(places) },
	 { bar_mapping_of_the_device_is_revoked_and_restored },
	 { reset_with_memory_off_does_not_restore, DVT_ARRAY_SIZE(places) },
	 { sysfs_reset_with_memory_off_does_not_restore },
	 { reset_does_not_revive_a_revoked_buffer, DVT_ARRAY_SIZE(places) })
