// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameter feature_dma_buf: whether the driver answers feature 11, or the
 * kernel's own exporter; check_iommufd.c has what auto does under iommufd. What the
 * latter gives is judged beside what it gives for a device of plain vfio-pci in the
 * same boot. Feature 0xdb00 is the driver's under each. Which words the parameter takes
 * is the matter of check_options.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dvt_exporter.h"
#include "dvt_module.h"
#include "dvt_param.h"

#define BAR 2
#define PAGE 4096UL
#define PARAM "feature_dma_buf"
#define UPSTREAM VFIO_DEVICE_FEATURE_DMA_BUF
#define PRIVATE DMABUF_VFIO_PCI_FEATURE_EXPORT

static const char * const words[] = { "auto", "own", "core" };

enum { NR_WORDS = DVT_ARRAY_SIZE(words) };

START_TEST(feature_11_can_be_probed_under_each)
{
	struct dvl_device dev;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_param_set(PARAM, words[_i]);
	ck_assert_int_eq(dvl_feature(dev.fd, UPSTREAM, VFIO_DEVICE_FEATURE_PROBE,
				     NULL, 0), 0);
	ck_assert_int_eq(dvl_feature(dev.fd, UPSTREAM, VFIO_DEVICE_FEATURE_PROBE |
				     VFIO_DEVICE_FEATURE_GET, NULL, 0), 0);
	ck_assert_int_eq(dvl_feature(dev.fd, UPSTREAM, VFIO_DEVICE_FEATURE_PROBE |
				     VFIO_DEVICE_FEATURE_SET, NULL, 0),
			 -EINVAL);
}
END_TEST

/* A buffer of the driver can be mapped, used, and taken back. */
static void assert_ours_and_close(const struct dvl_device *dev, int fd)
{
	void *map;

	dvt_assert_exporter(fd, DVL_DRIVER);
	map = dvt_map(fd, PAGE, PROT_READ | PROT_WRITE);
	dvt_assert_usable(map);
	ck_assert_int_eq(dvl_revoke(dev->fd, fd), 0);
	dvt_assert_sigbus(map);
	ck_assert_int_eq(munmap(map, PAGE), 0);
	ck_assert_int_eq(close(fd), 0);
}

/* A device that is opened by its group is not bound to iommufd. */
START_TEST(feature_11_of_a_group_is_ours_but_under_core)
{
	struct dvl_device dev;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_param_set(PARAM, _i ? "own" : "auto");
	assert_ours_and_close(&dev, dvt_export_by(&dev, UPSTREAM, BAR, PAGE, PAGE));
}
END_TEST

START_TEST(feature_0xdb00_is_ours_under_each)
{
	struct dvl_device dev;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_param_set(PARAM, words[_i]);
	assert_ours_and_close(&dev, dvt_export_by(&dev, PRIVATE, BAR, PAGE,
						  PAGE));
}
END_TEST

START_TEST(core_means_own_where_the_kernel_has_no_exporter)
{
	struct dvl_device dev;

	dvt_open_or_skip(&dev, "DVP_BDF");
	if (dvt_caps(&dev) & DMABUF_VFIO_PCI_CAP_CORE_EXPORTER)
		dvt_skip("this kernel has an exporter");
	dvt_param_set(PARAM, "core");
	assert_ours_and_close(&dev, dvt_export_by(&dev, UPSTREAM, BAR, PAGE, PAGE));
}
END_TEST

/* Two functions that are alike: the driver's, and one of plain vfio-pci. */
#define open_twins_or_skip(ours, plain)					\
	do {								\
		dvt_open_or_skip(ours, "DVP_BDF_PAIR0");		\
		if (!dvt_bdf("DVP_BDF_PLAIN"))				\
			dvt_skip("no device for DVP_BDF_PLAIN");	\
		dvt_open_in(plain, dvt_bdf("DVP_BDF_PLAIN"), ours);	\
	} while (0)

START_TEST(core_exporter_bit_is_set_where_vfio_pci_exports)
{
	struct dvl_device ours, plain;
	int ret;

	open_twins_or_skip(&ours, &plain);
	ret = dvl_feature(plain.fd, UPSTREAM, VFIO_DEVICE_FEATURE_PROBE, NULL, 0);
	ck_assert_msg(!ret || ret == -ENOTTY, "probing vfio-pci: %d", ret);
	dvt_param_set(PARAM, words[_i]);
	ck_assert_int_eq(!ret, !!(dvt_caps(&ours) &
				  DMABUF_VFIO_PCI_CAP_CORE_EXPORTER));
}
END_TEST

START_TEST(core_gives_the_same_kind_of_buffer_as_vfio_pci)
{
	struct dvl_device ours, plain;
	int fd, reference;
	char name[64];

	open_twins_or_skip(&ours, &plain);
	dvt_core_or_skip(&ours);
	dvt_param_set(PARAM, "core");
	fd = dvt_export_by(&ours, UPSTREAM, BAR, PAGE, 2 * PAGE);
	reference = dvt_export_by(&plain, UPSTREAM, BAR, PAGE, 2 * PAGE);
	dvt_exporter_name(reference, name, sizeof(name));
	ck_assert_str_ne(name, DVL_DRIVER);
	dvt_assert_exporter(fd, name);
	ck_assert_int_eq(lseek(fd, 0, SEEK_END), 2 * PAGE);
	ck_assert_int_eq(dvt_mmap_error(fd, PAGE),
			 dvt_mmap_error(reference, PAGE));
}
END_TEST

/**
 * struct request - an export of one range
 * @name: what is special about it
 * @bar: region_index
 * @open_flags: as in the call
 * @flags: as in the call
 * @nr_ranges: 0 or 1
 * @range: the range
 */
static const struct request {
	const char *name;
	uint32_t bar, open_flags, flags, nr_ranges;
	struct vfio_region_dma_range range;
} requests[] = {
	{ "plain", BAR, O_RDWR, 0, 1, { 0, PAGE } },
	{ "read-only", BAR, O_RDONLY | O_CLOEXEC, 0, 1, { 0, PAGE } },
	{ "no range", BAR, O_RDWR, 0, 0, { } },
	{ "flags 1", BAR, O_RDWR, 1, 1, { 0, PAGE } },
	{ "O_APPEND", BAR, O_RDWR | O_APPEND, 0, 1, { 0, PAGE } },
	{ "the ROM", 6, O_RDWR, 0, 1, { 0, PAGE } },
	{ "an absent BAR", 5, O_RDWR, 0, 1, { 0, PAGE } },
	{ "length 0", BAR, O_RDWR, 0, 1, { 0, 0 } },
	{ "off the grid", BAR, O_RDWR, 0, 1, { 512, PAGE } },
	{ "past the end", BAR, O_RDWR, 0, 1, { 16 * DVT_MIB, PAGE } },
	{ "end wraps", BAR, O_RDWR, 0, 1, { 0xfffffffffffff000UL, PAGE } },
	{ "a BAR below a page", 0, O_RDWR, 0, 1, { 0, PAGE } },
};

/* 0 where there is a buffer, else what the call gives. */
static int try_request(const struct dvl_device *dev, const struct request *req)
{
	struct {
		struct vfio_device_feature_dma_buf head;
		struct vfio_region_dma_range range;
	} arg = {
		.head.region_index = req->bar,
		.head.open_flags = req->open_flags,
		.head.flags = req->flags,
		.head.nr_ranges = req->nr_ranges,
		.range = req->range,
	};
	int fd = dvl_feature(dev->fd, UPSTREAM, VFIO_DEVICE_FEATURE_GET, &arg,
			     sizeof(arg));

	return fd < 0 ? fd : close(fd);
}

START_TEST(core_answers_each_request_as_vfio_pci_does)
{
	struct dvl_device ours, plain;
	struct dvt_traces before;
	int ret, reference;
	size_t i;

	open_twins_or_skip(&ours, &plain);
	dvt_core_or_skip(&ours);
	dvt_param_set(PARAM, "core");
	dvt_traces_take(&before);
	for (i = 0; i < DVT_ARRAY_SIZE(requests); i++) {
		ret = try_request(&ours, &requests[i]);
		reference = try_request(&plain, &requests[i]);
		ck_assert_msg(ret == reference, "%s: %d, and %d from vfio-pci",
			      requests[i].name, ret, reference);
	}
	dvt_traces_assert_same(&before);
}
END_TEST

START_TEST(revoke_and_memattr_do_not_take_a_buffer_of_the_core)
{
	struct dvl_device dev;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_core_or_skip(&dev);
	dvt_param_set(PARAM, "core");
	fd = dvt_export_by(&dev, UPSTREAM, BAR, 0, PAGE);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), -ENODEV);
	ck_assert_int_eq(dvl_memattr(dev.fd, fd, DMABUF_VFIO_PCI_MEMATTR_NC),
			 -ENODEV);
	/* Whatever the parameter holds by then. */
	dvt_param_set(PARAM, "own");
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), -ENODEV);
}
END_TEST

START_TEST(a_change_does_not_touch_buffers_that_exist)
{
	struct dvl_device dev;
	char name[64];
	int own, core;
	void *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_param_set(PARAM, "own");
	own = dvt_export_by(&dev, UPSTREAM, BAR, 0, PAGE);
	map = dvt_map(own, PAGE, PROT_READ | PROT_WRITE);
	dvt_param_set(PARAM, "core");
	core = dvt_export_by(&dev, UPSTREAM, BAR, 0, PAGE);
	dvt_exporter_name(core, name, sizeof(name));
	dvt_assert_usable(map);
	dvt_param_set(PARAM, "own");
	dvt_assert_exporter(core, name);
	dvt_assert_usable(map);
	assert_ours_and_close(&dev, own);
}
END_TEST

START_TEST(the_module_goes_while_a_buffer_of_the_core_outlives_its_device)
{
	struct dvl_device dev;
	char params[256];
	int fd, ret;

	if (!getenv("DVP_MODULES"))
		dvt_skip("DVP_MODULES does not tell where the module is");
	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_core_or_skip(&dev);
	dvt_param_set(PARAM, "core");
	fd = dvt_export_by(&dev, UPSTREAM, BAR, 0, PAGE);
	dvl_device_close(&dev);
	dvt_module_params(params, sizeof(params));
	ck_assert_int_eq(dvt_module_unload(), 0);
	ret = dvt_module_load(DVL_DRIVER, params);
	ck_assert_int_eq(ret, 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_END), PAGE);
	ck_assert_int_eq(close(fd), 0);
	dvt_open(&dev, dvt_bdf("DVP_BDF"));
}
END_TEST

DVT_MAIN_PARAM("exporters",
	       { feature_11_can_be_probed_under_each, NR_WORDS },
	       { feature_11_of_a_group_is_ours_but_under_core, 2 },
	       { feature_0xdb00_is_ours_under_each, NR_WORDS },
	       { core_means_own_where_the_kernel_has_no_exporter },
	       { core_exporter_bit_is_set_where_vfio_pci_exports, NR_WORDS },
	       { core_gives_the_same_kind_of_buffer_as_vfio_pci },
	       { core_answers_each_request_as_vfio_pci_does },
	       { revoke_and_memattr_do_not_take_a_buffer_of_the_core },
	       { a_change_does_not_touch_buffers_that_exist },
	       { the_module_goes_while_a_buffer_of_the_core_outlives_its_device })
