// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver gives what plain vfio-pci gives: each device is opened under one,
 * then under the other, and what they say is compared byte by byte. And it
 * binds nothing that nobody asked for.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "dvt.h"

enum {
	NR_REGIONS = VFIO_PCI_NUM_REGIONS,
	NR_IRQS = VFIO_PCI_NUM_IRQS,
	NR_FEATURES = 64,
	ROOM = 512,
};

/**
 * struct snapshot - all that a driver says about a device
 * @device: VFIO_DEVICE_GET_INFO, with its capabilities
 * @regions: VFIO_DEVICE_GET_REGION_INFO of each region, with theirs
 * @region_errors: what those calls returned
 * @irqs: VFIO_DEVICE_GET_IRQ_INFO
 * @hot_reset: VFIO_DEVICE_GET_PCI_HOT_RESET_INFO
 * @features: what probing each feature returned
 * @config: config space, as far as it goes
 */
struct snapshot {
	uint8_t device[ROOM];
	uint8_t regions[NR_REGIONS][ROOM];
	int region_errors[NR_REGIONS];
	struct vfio_irq_info irqs[NR_IRQS];
	int irq_errors[NR_IRQS];
	uint8_t hot_reset[ROOM];
	int features[NR_FEATURES];
	uint8_t config[4096];
};

static int get(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

static void take_regions(const struct dvl_device *dev, struct snapshot *snap)
{
	unsigned int i;

	for (i = 0; i < NR_REGIONS; i++) {
		struct vfio_region_info *info = (void *)snap->regions[i];

		info->argsz = ROOM;
		info->index = i;
		snap->region_errors[i] = get(dev->fd,
					     VFIO_DEVICE_GET_REGION_INFO, info);
	}
	for (i = 0; i < NR_IRQS; i++) {
		snap->irqs[i].argsz = sizeof(snap->irqs[i]);
		snap->irqs[i].index = i;
		snap->irq_errors[i] = get(dev->fd, VFIO_DEVICE_GET_IRQ_INFO,
					  &snap->irqs[i]);
	}
}

static void take(const struct dvl_device *dev, struct snapshot *snap)
{
	struct vfio_pci_hot_reset_info *hot = (void *)snap->hot_reset;
	struct vfio_device_info *info = (void *)snap->device;
	struct vfio_region_info config;
	unsigned int i;

	memset(snap, 0, sizeof(*snap));
	info->argsz = ROOM;
	ck_assert_int_eq(get(dev->fd, VFIO_DEVICE_GET_INFO, info), 0);
	take_regions(dev, snap);
	hot->argsz = ROOM;
	ck_assert_int_eq(get(dev->fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, hot),
			 0);
	for (i = 0; i < NR_FEATURES; i++)
		snap->features[i] = dvl_feature(dev->fd, i,
						VFIO_DEVICE_FEATURE_PROBE,
						NULL, 0);
	/* The one that the driver adds where the kernel lacks it. */
	snap->features[VFIO_DEVICE_FEATURE_DMA_BUF] = 0;
	ck_assert_int_eq(dvl_region_info(dev, VFIO_PCI_CONFIG_REGION_INDEX,
					 &config), 0);
	ck_assert_uint_le(config.size, sizeof(snap->config));
	ck_assert_int_eq(dvl_config_read(dev, 0, snap->config, config.size), 0);
}

static void take_under(const char *bdf, const char *driver,
		       struct snapshot *snap)
{
	struct dvl_device dev;

	dvt_bind(bdf, driver);
	dvt_open(&dev, bdf);
	take(&dev, snap);
	dvl_device_close(&dev);
}

/* Which byte differs, -1 if none. */
static long differs(const void *a, const void *b, size_t len)
{
	const uint8_t *x = a, *y = b;
	size_t i;

	for (i = 0; i < len; i++)
		if (x[i] != y[i])
			return i;
	return -1;
}

#define assert_equal(field)						\
	ck_assert_int_eq(differs(&plain.field, &ours.field,		\
				 sizeof(plain.field)), -1)

static const char * const roles[] = {
	"DVP_BDF", "DVP_BDF_1G", "DVP_BDF_FLR", "DVP_BDF_EDU",
	"DVP_BDF_DISPLAY", "DVP_BDF_IO", "DVP_BDF_PF",
};

START_TEST(device_looks_as_it_does_under_vfio_pci)
{
	static struct snapshot plain, ours;
	const char *bdf = dvt_bdf(roles[_i]);

	if (!bdf)
		dvt_skip("no device for %s", roles[_i]);
	take_under(bdf, "vfio-pci", &plain);
	take_under(bdf, DVL_DRIVER, &ours);
	assert_equal(device);
	assert_equal(regions);
	assert_equal(region_errors);
	assert_equal(irqs);
	assert_equal(irq_errors);
	assert_equal(hot_reset);
	assert_equal(features);
	assert_equal(config);
}
END_TEST

/*
 * Parameters
 */

static bool has_param(const char *module, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module,
		 name);
	return !access(path, F_OK);
}

START_TEST(parameter_has_the_name_that_it_has_in_vfio_pci)
{
	static const char * const names[] = {
		"enable_sriov", "disable_denylist",
	};
	size_t i;

	for (i = 0; i < DVT_ARRAY_SIZE(names); i++) {
		ck_assert_msg(has_param("vfio_pci", names[i]), "%s", names[i]);
		ck_assert_msg(has_param("dmabuf_vfio_pci", names[i]), "%s",
			      names[i]);
	}
}
END_TEST

/* Before 7.x the core's setting is one for all drivers, and vfio-pci's. */
START_TEST(parameter_is_there_where_it_can_be_had_per_device)
{
	static const char * const names[] = {
		"nointxmask", "disable_idle_d3", "disable_vga",
	};
	struct utsname uts;
	size_t i;

	uname(&uts);
	for (i = 0; i < DVT_ARRAY_SIZE(names); i++)
		ck_assert_msg(has_param("dmabuf_vfio_pci", names[i]) ==
			      (atoi(uts.release) >= 7 &&
			       has_param("vfio_pci", names[i])),
			      "%s", names[i]);
}
END_TEST

/*
 * Nothing binds by itself
 */

START_TEST(driver_is_named_to_the_byte)
{
	ck_assert_int_eq(access("/sys/bus/pci/drivers/" DVL_DRIVER, F_OK), 0);
	ck_assert_int_eq(access("/sys/module/dmabuf_vfio_pci", F_OK), 0);
}
END_TEST

START_TEST(module_has_no_alias)
{
	static const char alias[] = "\0alias=";
	const char *dir = getenv("DVP_MODULES");
	char path[4096], *image;
	size_t size;
	FILE *file;

	if (!dir)
		dvt_skip("DVP_MODULES does not tell where the module is");
	snprintf(path, sizeof(path), "%s/%s.ko", dir, DVL_DRIVER);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	image = malloc(16 * DVT_MIB);
	ck_assert_ptr_nonnull(image);
	size = fread(image, 1, 16 * DVT_MIB, file);
	fclose(file);
	/* As a check of the check: all modules have a license there. */
	ck_assert_ptr_nonnull(memmem(image, size, "license=", 8));
	ck_assert_ptr_null(memmem(image, size, alias, sizeof(alias) - 1));
	free(image);
}
END_TEST

static void probe(const char *bdf)
{
	FILE *file = fopen("/sys/bus/pci/drivers_probe", "w");

	ck_assert_ptr_nonnull(file);
	fputs(bdf, file);
	fclose(file);
}

START_TEST(device_without_override_is_left_alone)
{
	const char *bdf = dvt_bdf("DVP_BDF");
	char without[64], with[64];

	if (!bdf)
		dvt_skip("no device for DVP_BDF");
	ck_assert_int_eq(dvl_sysfs_unbind(bdf), 0);
	ck_assert_int_eq(dvl_sysfs_write(bdf, "driver_override", "\n"), 0);
	probe(bdf);
	ck_assert_int_eq(dvl_sysfs_driver(bdf, without, sizeof(without)), 0);

	/* Underscores make another name. */
	ck_assert_int_eq(dvl_sysfs_write(bdf, "driver_override",
					 "dmabuf_vfio_pci"), 0);
	probe(bdf);
	ck_assert_int_eq(dvl_sysfs_driver(bdf, with, sizeof(with)), 0);

	dvt_bind(bdf, DVL_DRIVER);
	ck_assert_str_eq(without, "");
	ck_assert_str_eq(with, "");
}
END_TEST

DVT_MAIN("forward",
	 { device_looks_as_it_does_under_vfio_pci, DVT_ARRAY_SIZE(roles) },
	 { parameter_has_the_name_that_it_has_in_vfio_pci },
	 { parameter_is_there_where_it_can_be_had_per_device },
	 { driver_is_named_to_the_byte },
	 { module_has_no_alias },
	 { device_without_override_is_left_alone })
