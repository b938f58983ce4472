// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module as a vendor builds it: under another name, with ids and a table of
 * quirks (tests/vendor/quirks_table.h), loaded beside ours. Each test finds the
 * device bound to it, and leaves the device to ours.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dvt_module.h"
#include "dvt_show.h"

#define VENDOR "acme-vfio-pci"
#define VENDOR_MODULE "acme_vfio_pci"

#define BAR 2
#define PAGE 4096UL
#define GRID (64 * 1024UL)
#define MIB DVT_MIB
#define RW (PROT_READ | PROT_WRITE)

static char vendor_path[4096];
static int set_up_error;

static void before(void)
{
	const char *dir = getenv("DVP_MODULES");
	const char *bdf = dvt_bdf("DVP_BDF");

	snprintf(vendor_path, sizeof(vendor_path), "%s/" VENDOR ".ko",
		 dir ? dir : "");
	if (!bdf || access(vendor_path, F_OK))
		return;
	dvt_show_driver = VENDOR;
	set_up_error = dvt_module_load(VENDOR, "");
	if (!set_up_error)
		set_up_error = dvl_sysfs_bind(bdf, VENDOR);
}

static void after(void)
{
	const char *bdf = dvt_bdf("DVP_BDF");

	if (!bdf || access(vendor_path, F_OK))
		return;
	dvl_sysfs_bind(bdf, DVL_DRIVER);
	syscall(SYS_delete_module, VENDOR_MODULE, O_NONBLOCK);
}

#define vendor_or_skip()						\
	do {								\
		if (access(vendor_path, F_OK))				\
			dvt_skip("there is no module of a vendor");	\
		ck_assert_int_eq(set_up_error, 0);			\
	} while (0)

#define vendor_open_or_skip(dev)					\
	do {								\
		vendor_or_skip();					\
		dvt_open_or_skip(dev, "DVP_BDF");			\
	} while (0)

/**
 * struct row - a range, and what its export comes to
 * @off: where in BAR 2
 * @len: bytes
 * @ret: 0 or a negative errno
 */
static const struct row {
	uint64_t off;
	uint64_t len;
	int ret;
} rows[] = {
	/* Denied: 1 MiB to 1 MiB + 64 KiB */
	{ MIB, GRID, -EPERM },
	{ MIB - PAGE, 2 * PAGE, -EPERM },
	{ MIB + GRID - PAGE, 2 * PAGE, -EPERM },
	{ MIB + PAGE, PAGE, -EPERM },
	{ 0, 16 * MIB, -EPERM },
	{ MIB - PAGE, PAGE, 0 },
	{ MIB + GRID, PAGE, 0 },
	/* On a grid of 64 KiB: 4 MiB to 8 MiB */
	{ 4 * MIB, PAGE, -EINVAL },
	{ 4 * MIB + PAGE, GRID, -EINVAL },
	{ 4 * MIB - PAGE, GRID, -EINVAL },
	{ 8 * MIB - GRID, GRID + PAGE, -EINVAL },
	{ 4 * MIB, GRID, 0 },
	{ 8 * MIB - GRID, 2 * GRID, 0 },
	{ 4 * MIB - PAGE, PAGE, 0 },
	{ 8 * MIB, PAGE, 0 },
	/* Denied for this subsystem: 10 MiB to 11 MiB */
	{ 11 * MIB - PAGE, PAGE, -EPERM },
	{ 11 * MIB, PAGE, 0 },
};

START_TEST(ranges_are_judged_by_the_table)
{
	const struct row *row = &rows[_i];
	struct dvt_counters before_it;
	struct dvl_device dev;
	int fd;

	vendor_open_or_skip(&dev);
	dvt_counters_take(&before_it, dvt_bdf("DVP_BDF"));
	fd = dvl_export_one(dev.fd, BAR, row->off, row->len, O_RDWR);
	ck_assert_int_eq(fd < 0 ? fd : 0, row->ret);
	dvt_assert_delta(&before_it, DVT_EXPORTS_TOTAL, fd >= 0);
	if (fd >= 0)
		dvt_assert_usable(dvt_map(fd, row->len, RW));
}
END_TEST

START_TEST(one_denied_range_refuses_the_whole_buffer)
{
	const struct vfio_region_dma_range ranges[] = {
		{ 0, PAGE }, { 2 * MIB, PAGE }, { MIB, PAGE },
	};
	struct dvl_device dev;

	vendor_open_or_skip(&dev);
	ck_assert_int_eq(dvl_export(dev.fd, BAR, ranges, 3, O_RDWR), -EPERM);
	ck_assert_int_ge(dvl_export(dev.fd, BAR, ranges, 2, O_RDWR), 0);
}
END_TEST

/* The one that knows no quirks is not asked, whatever the parameter says. */
START_TEST(quirks_hold_with_the_exporter_of_the_kernel_chosen)
{
	struct dvl_device dev;
	FILE *file;

	vendor_open_or_skip(&dev);
	file = fopen("/sys/module/" VENDOR_MODULE "/parameters/feature_dma_buf",
		     "we");
	ck_assert_ptr_ne(file, NULL);
	fputs("core", file);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(dvl_export_by(dev.fd, VFIO_DEVICE_FEATURE_DMA_BUF,
				       BAR, &(struct vfio_region_dma_range){
				       MIB, PAGE }, 1, O_RDWR), -EPERM);
}
END_TEST

START_TEST(write_combining_is_refused_where_the_table_says_uncached)
{
	static const struct {
		uint64_t off;
		int ret;
	} pieces[] = {
		{ 8 * MIB, -EOPNOTSUPP },
		{ 9 * MIB - PAGE, -EOPNOTSUPP },
		{ 9 * MIB, 0 },
	};
	char line[DVT_LINE_LEN];
	struct dvl_device dev;
	size_t i;
	int fd;

	vendor_open_or_skip(&dev);
	if (!(dvt_caps(&dev) & DMABUF_VFIO_PCI_CAP_MEMATTR_WC))
		dvt_skip("no write-combining here");
	for (i = 0; i < DVT_ARRAY_SIZE(pieces); i++) {
		fd = dvt_export(&dev, BAR, pieces[i].off, PAGE, O_RDWR);
		ck_assert_int_eq(dvl_memattr(dev.fd, fd,
					     DMABUF_VFIO_PCI_MEMATTR_NC), 0);
		ck_assert_int_eq(dvl_memattr(dev.fd, fd,
					     DMABUF_VFIO_PCI_MEMATTR_WC),
				 pieces[i].ret);
		dvt_export_line(dev.bdf, fd, line);
		dvt_assert_value(line, "memattr", pieces[i].ret ? "nc" : "wc");
	}
}
END_TEST

START_TEST(owner_maps_what_is_denied_to_others)
{
	struct dvl_device dev;
	void *map;

	vendor_open_or_skip(&dev);
	map = dvl_region_mmap(&dev, BAR, MIB, PAGE, RW);
	ck_assert_ptr_ne(map, MAP_FAILED);
	dvt_assert_usable(map);
}
END_TEST

START_TEST(quirks_of_the_device_are_shown)
{
	char line[DVT_LINE_LEN];
	const char *bdf = dvt_bdf("DVP_BDF");

	vendor_or_skip();
	ck_assert_uint_eq(dvt_show_lines(bdf, "regions", "quirk ", NULL), 5);
	dvt_show_lines(bdf, "regions", "region bar=0 ", line);
	dvt_assert_value(line, "export", "no");
	dvt_assert_value(line, "reason", "quirk");
	dvt_show_lines(bdf, "regions", "region bar=2 ", line);
	dvt_assert_value(line, "export", "yes");
	ck_assert_uint_eq(dvt_show_lines(bdf, "regions",
					 "quirk bar=2 offset=0x400000 ", line),
			  1);
	dvt_assert_hex(line, "length", 4 * MIB);
	dvt_assert_value(line, "action", "align");
	dvt_assert_hex(line, "value", GRID);
}
END_TEST

static void assert_exports_by(const char *driver, const char *bdf,
			      unsigned int bar)
{
	char line[DVT_LINE_LEN], name[64];
	struct dvl_device dev;
	int fd;

	ck_assert_int_eq(dvl_sysfs_driver(bdf, name, sizeof(name)), 0);
	ck_assert_str_eq(name, driver);
	dvt_show_driver = driver;
	dvt_open(&dev, bdf);
	fd = dvt_export(&dev, bar, 0, PAGE, O_RDWR);
	ck_assert_int_ge(dvt_read32(dvt_map(fd, PAGE, PROT_READ)), 0);
	dvt_export_line(bdf, fd, line);
	dvt_assert_number(line, "faults", 1);
	dvt_assert_state(bdf, "usable");
}

START_TEST(two_modules_serve_their_devices_side_by_side)
{
	vendor_or_skip();
	if (!dvt_bdf("DVP_BDF_FLR"))
		dvt_skip("no device for DVP_BDF_FLR");
	assert_exports_by(VENDOR, dvt_bdf("DVP_BDF"), BAR);
	assert_exports_by(DVL_DRIVER, dvt_bdf("DVP_BDF_FLR"), 4);
	dvt_assert_state(dvt_bdf("DVP_BDF"), "usable");
}
END_TEST

static bool file_has(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t size = lseek(fd, 0, SEEK_END);
	void *map;

	ck_assert_msg(fd >= 0, "%s: %m", path);
	map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	return memmem(map, size, text, len);
}

START_TEST(file_of_the_module_tells_its_family_and_ids)
{
	static const char family[] = "\0dmabuf_vfio_pci=2";
	static const char alias[] = "alias=vfio_pci:v00001AF4d00001110sv";

	vendor_or_skip();
	/* A field starts behind the end of another, or of padding. */
	ck_assert(file_has(vendor_path, family, sizeof(family)));
	ck_assert(file_has(vendor_path, alias, sizeof(alias) - 1));
}
END_TEST

int main(void)
{
	return dvt_main_around("quirks", (const struct dvt_test[]){
		{ ranges_are_judged_by_the_table, DVT_ARRAY_SIZE(rows) },
		{ one_denied_range_refuses_the_whole_buffer },
		{ quirks_hold_with_the_exporter_of_the_kernel_chosen },
		{ write_combining_is_refused_where_the_table_says_uncached },
		{ owner_maps_what_is_denied_to_others },
		{ quirks_of_the_device_are_shown },
		{ two_modules_serve_their_devices_side_by_side },
		{ file_of_the_module_tells_its_family_and_ids },
		{ NULL, 0 } }, before, after);
}
