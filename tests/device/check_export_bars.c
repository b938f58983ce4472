// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which BARs can be exported: memory BARs of every size that VFIO lets user
 * space mmap, and no others; and exporting while memory is not there.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dvt_importer.h"
#include "dvt_place.h"

#define PAGE 4096UL
#define NR_BARS 6

/* IntrMask of ivshmem's registers: holds what is written to it. */
#define IVSHMEM_INTR_MASK 0

static const char * const roles[] = {
	"DVP_BDF", "DVP_BDF_1G", "DVP_BDF_PAIR0", "DVP_BDF_FLR",
	"DVP_BDF_EDU", "DVP_BDF_DISPLAY", "DVP_BDF_PF", "DVP_BDF_IO",
};

/* Says what kind a BAR is: the flags that sysfs shows beside its address. */
static bool is_io_bar(const char *bdf, unsigned int bar)
{
	unsigned long start, end, flags;
	char text[2048], *line = text;

	ck_assert_int_eq(dvl_sysfs_read(bdf, "resource", text, sizeof(text)),
			 0);
	for (; bar; bar--) {
		line = strchr(line, '\n');
		ck_assert_ptr_nonnull(line);
		line++;
	}
	ck_assert_int_eq(sscanf(line, "%lx %lx %lx", &start, &end, &flags), 3);
	return flags & 0x100;
}

static int export_page(const struct dvl_device *dev, unsigned int bar)
{
	return dvl_export_one(dev->fd, bar, 0, PAGE, O_RDWR);
}

START_TEST(every_bar_that_vfio_mmaps_can_be_exported_and_no_other)
{
	struct vfio_region_info info;
	struct dvl_device dev;
	unsigned int bar;
	int ret, expected;

	dvt_open_or_skip(&dev, roles[_i]);
	for (bar = 0; bar < NR_BARS; bar++) {
		ck_assert_int_eq(dvl_region_info(&dev, bar, &info), 0);
		if (info.flags & VFIO_REGION_INFO_FLAG_MMAP)
			expected = 0;
		else if (is_io_bar(dev.bdf, bar))
			expected = -EINVAL;
		else
			expected = -ENODEV;
		ret = export_page(&dev, bar);
		ck_assert_msg(ret == expected || (!expected && ret > 0),
			      "%s BAR %u: %d, not %d", roles[_i], bar, ret,
			      expected);
	}
}
END_TEST

START_TEST(io_port_bar_gives_einval)
{
	struct dvl_device dev;
	unsigned int bar, nr = 0;

	dvt_open_or_skip(&dev, "DVP_BDF_IO");
	for (bar = 0; bar < NR_BARS; bar++) {
		if (!is_io_bar(dev.bdf, bar))
			continue;
		nr++;
		ck_assert_int_eq(export_page(&dev, bar), -EINVAL);
	}
	ck_assert_uint_gt(nr, 0);
}
END_TEST

static void claim(int importer, const char *bdf, unsigned int bar)
{
	struct dvp_importer_claim arg = {
		.start = dvt_bar_addr(bdf, bar),
		.len = DVT_MIB,
	};

	ck_assert_int_eq(ioctl(importer, DVP_IMPORTER_CLAIM, &arg), 0);
}

/* Each refusal could be a line of the kernel's, and users could ask for ever. */
START_TEST(bar_of_somebody_else_gives_enodev_and_one_line)
{
	const char *bdf = dvt_bdf("DVP_BDF");
	struct dvl_device dev;
	int importer, log, i;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	dvl_device_close(&dev);
	claim(importer, bdf, 2);
	log = dvt_log_mark();
	dvt_open(&dev, bdf);
	ck_assert_uint_eq(dvt_log_count(log, bdf, "/proc/iomem"), 1);
	log = dvt_log_mark();
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(export_page(&dev, 2), -ENODEV);
	ck_assert_uint_eq(dvt_log_count(log, bdf, "BAR"), 0);
	ck_assert_int_ge(export_page(&dev, 0), 0);

	dvl_device_close(&dev);
	close(importer);
	dvt_open(&dev, bdf);
	ck_assert_int_ge(export_page(&dev, 2), 0);
}
END_TEST

/* The kernel groups a function that it finds later by its header's word. */
static bool is_multifunction(const char *bdf)
{
	char config[64];

	ck_assert_int_eq(dvl_sysfs_read(bdf, "config", config, sizeof(config)),
			 0);
	return config[PCI_HEADER_TYPE] & 0x80;
}

/* Takes the function away, and lets the kernel find and place it anew. */
static void place_anew(const char *bdf)
{
	int fd;

	ck_assert_int_eq(dvl_sysfs_write(bdf, "remove", "1"), 0);
	fd = open("/sys/bus/pci/rescan", O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "1", 1), 1);
	close(fd);
}

/* Exports of memory BARs that can't be mapped: how many, and that they fail. */
static int count_refused(const char *bdf)
{
	struct vfio_region_info info;
	struct dvl_device dev;
	unsigned int bar;
	int nr = 0;

	if (dvl_device_open(&dev, bdf))
		return -1;
	for (bar = 0; bar < NR_BARS && nr >= 0; bar++) {
		if (dvl_region_info(&dev, bar, &info) || !info.size ||
		    is_io_bar(bdf, bar) ||
		    (info.flags & VFIO_REGION_INFO_FLAG_MMAP))
			continue;
		nr = export_page(&dev, bar) == -ENODEV ? nr + 1 : -1;
	}
	dvl_device_close(&dev);
	return nr;
}

START_TEST(memory_bar_that_vfio_does_not_mmap_gives_enodev)
{
	const char *bdf = dvt_bdf("DVP_BDF_PAIR1");
	int group, nr, ret;

	if (!bdf)
		dvt_skip("no device for DVP_BDF_PAIR1");
	if (!is_multifunction(bdf))
		dvt_skip("found anew, the device would leave its IOMMU group");
	group = dvl_sysfs_group(bdf);
	/*
	 * Firmware gives each BAR a page. The kernel, placing one of 256 bytes,
	 * puts it next to that of the other function: neither has a page of its
	 * own then, which is what VFIO asks for.
	 */
	place_anew(bdf);
	ret = dvl_sysfs_bind(bdf, DVL_DRIVER);
	nr = ret ? ret : count_refused(bdf);
	dvt_bind(bdf, "vfio-pci");
	ck_assert_int_eq(ret, 0);
	ck_assert_int_gt(nr, 0);
	ck_assert_int_eq(dvl_sysfs_group(bdf), group);
}
END_TEST

START_TEST(bar_smaller_than_a_page_is_exported_as_one_page)
{
	uint8_t *map;
	struct dvl_device dev;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	ck_assert_uint_lt(dvt_bar_len(&dev, 0), PAGE);
	fd = export_page(&dev, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_END), PAGE);
	map = dvt_map(fd, PAGE, PROT_READ | PROT_WRITE);
	ck_assert_int_eq(dvt_write32(map + IVSHMEM_INTR_MASK, 0x5a), 0);
	ck_assert_uint_eq(dvt_peek32(&dev, 0, IVSHMEM_INTR_MASK), 0x5a);
	dvt_poke32(&dev, 0, IVSHMEM_INTR_MASK, 0xa5);
	ck_assert_int_eq(dvt_read32(map + IVSHMEM_INTR_MASK), 0xa5);
	dvt_poke32(&dev, 0, IVSHMEM_INTR_MASK, 0);
}
END_TEST

static const struct vfio_region_dma_range beyond_small_bar[] = {
	{ 0, 256 }, { 0, 2 * PAGE }, { PAGE, PAGE }, { 256, PAGE },
};

START_TEST(bar_smaller_than_a_page_has_no_more_than_that_page)
{
	const struct vfio_region_dma_range *range = &beyond_small_bar[_i];
	struct dvl_device dev;

	dvt_open_or_skip(&dev, "DVP_BDF");
	ck_assert_int_eq(dvl_export(dev.fd, 0, range, 1, O_RDWR), -EINVAL);
}
END_TEST

START_TEST(bar_with_the_msix_table_can_be_exported)
{
	unsigned int bar;
	struct dvl_device dev;
	uint32_t table;
	uint8_t *map;
	int cap, fd;

	dvt_open_or_skip(&dev, "DVP_BDF_FLR");
	cap = dvl_config_find_cap(&dev, PCI_CAP_ID_MSIX);
	ck_assert_int_gt(cap, 0);
	ck_assert_int_eq(dvl_config_read(&dev, cap + PCI_MSIX_TABLE, &table,
					 sizeof(table)), 0);
	bar = table & PCI_MSIX_TABLE_BIR;
	fd = export_page(&dev, bar);
	ck_assert_int_ge(fd, 0);
	map = dvt_map(fd, PAGE, PROT_READ);
	ck_assert_int_ge(dvt_read32(map), 0);
}
END_TEST

START_TEST(export_with_memory_off_starts_revoked_and_comes_to_life)
{
	struct dvl_device dev;
	uint8_t *map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_memory_off(&dev);
	fd = dvt_export(&dev, 2, 0, 4 * PAGE, O_RDWR);
	map = dvt_map(fd, 4 * PAGE, PROT_READ | PROT_WRITE);
	dvt_assert_sigbus(map);
	dvt_assert_sigbus(map + 3 * PAGE);
	dvt_memory_on(&dev);
	dvt_assert_usable(map);
	dvt_assert_usable(map + 3 * PAGE);
}
END_TEST

START_TEST(export_while_asleep_starts_revoked_and_comes_to_life)
{
	struct dvl_device dev;
	uint16_t pmcsr;
	uint8_t *map;
	int cap, fd;

	dvt_open_or_skip(&dev, "DVP_BDF_FLR");
	cap = dvl_config_find_cap(&dev, PCI_CAP_ID_PM);
	ck_assert_int_gt(cap, 0);
	ck_assert_int_eq(dvl_config_read(&dev, cap + PCI_PM_CTRL, &pmcsr, 2),
			 0);
	pmcsr |= PCI_PM_CTRL_STATE_MASK;
	ck_assert_int_eq(dvl_config_write(&dev, cap + PCI_PM_CTRL, &pmcsr, 2),
			 0);
	fd = dvt_export(&dev, 4, 0, PAGE, O_RDWR);
	map = dvt_map(fd, PAGE, PROT_READ);
	ck_assert_int_eq(dvt_read32(map), DVT_SIGBUS);
	pmcsr &= ~PCI_PM_CTRL_STATE_MASK;
	ck_assert_int_eq(dvl_config_write(&dev, cap + PCI_PM_CTRL, &pmcsr, 2),
			 0);
	/* Waking up may have reset the device; VFIO restores the rest. */
	dvt_memory_on(&dev);
	ck_assert_int_ge(dvt_read32(map), 0);
}
END_TEST

DVT_MAIN("export_bars",
	 { every_bar_that_vfio_mmaps_can_be_exported_and_no_other,
	   DVT_ARRAY_SIZE(roles) },
	 { io_port_bar_gives_einval },
	 { bar_of_somebody_else_gives_enodev_and_one_line },
	 { memory_bar_that_vfio_does_not_mmap_gives_enodev },
	 { bar_smaller_than_a_page_is_exported_as_one_page },
	 { bar_smaller_than_a_page_has_no_more_than_that_page,
	   DVT_ARRAY_SIZE(beyond_small_bar) },
	 { bar_with_the_msix_table_can_be_exported },
	 { export_with_memory_off_starts_revoked_and_comes_to_life },
	 { export_while_asleep_starts_revoked_and_comes_to_life })
