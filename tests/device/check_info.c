// SPDX-License-Identifier: GPL-2.0-only
/*
 * The INFO feature: what it says about the driver, and its argsz rules. The
 * bits for huge mappings, for importers and for the kernel's own exporter are
 * held to the truth by check_pte, check_import_refuse and check_exporters.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "dvt.h"

static const uint32_t known_caps =
	DMABUF_VFIO_PCI_CAP_MMAP | DMABUF_VFIO_PCI_CAP_HUGE |
	DMABUF_VFIO_PCI_CAP_REVOKE | DMABUF_VFIO_PCI_CAP_MEMATTR_WC |
	DMABUF_VFIO_PCI_CAP_DMA_IMPORT | DMABUF_VFIO_PCI_CAP_READ_ONLY |
	DMABUF_VFIO_PCI_CAP_CORE_EXPORTER | DMABUF_VFIO_PCI_CAP_EVENT |
	DMABUF_VFIO_PCI_CAP_CPU_ONLY;

/* A raw call, with an argsz and a payload that need not fit together. */
static int info_raw(int fd, uint32_t op, uint32_t argsz, void *payload)
{
	struct {
		struct vfio_device_feature head;
		struct dmabuf_vfio_pci_info info;
		uint8_t tail[16];
	} arg = {
		.head.argsz = argsz,
		.head.flags = op | DMABUF_VFIO_PCI_FEATURE_INFO,
	};
	int ret = ioctl(fd, VFIO_DEVICE_FEATURE, &arg) ? -errno : 0;

	if (payload)
		*(struct dmabuf_vfio_pci_info *)payload = arg.info;
	return ret;
}

#define INFO_ARGSZ (sizeof(struct vfio_device_feature) + \
		    sizeof(struct dmabuf_vfio_pci_info))

START_TEST(info_tells_the_contract)
{
	struct dmabuf_vfio_pci_info info = { .reserved = 0xffffffff };
	struct dvl_device dev;

	dvt_open_or_skip(&dev, "DVP_BDF");
	ck_assert_int_eq(dvl_info(dev.fd, &info), 0);
	ck_assert_uint_eq(info.abi_version, 2);
	ck_assert_uint_eq(info.max_ranges, 262144);
	ck_assert_uint_eq(info.reserved, 0);
	ck_assert_uint_eq(info.caps & ~known_caps, 0);
}
END_TEST

START_TEST(info_overwrites_what_was_in_reserved)
{
	struct dmabuf_vfio_pci_info info = { .reserved = 0xffffffff };
	struct dvl_device dev;

	dvt_open_or_skip(&dev, "DVP_BDF");
	ck_assert_int_eq(dvl_feature(dev.fd, DMABUF_VFIO_PCI_FEATURE_INFO,
				     VFIO_DEVICE_FEATURE_GET, &info,
				     sizeof(info)), 0);
	ck_assert_uint_eq(info.reserved, 0);
	ck_assert_uint_eq(info.abi_version, DMABUF_VFIO_PCI_ABI_VERSION);
}
END_TEST

START_TEST(info_accepts_a_larger_argsz)
{
	struct dmabuf_vfio_pci_info info;
	struct dvl_device dev;

	dvt_open_or_skip(&dev, "DVP_BDF");
	ck_assert_int_eq(info_raw(dev.fd, VFIO_DEVICE_FEATURE_GET,
				  INFO_ARGSZ + 16, &info), 0);
	ck_assert_uint_eq(info.max_ranges, 262144);
}
END_TEST

START_TEST(info_refuses_a_smaller_argsz)
{
	struct dvl_device dev;
	uint32_t argsz;

	dvt_open_or_skip(&dev, "DVP_BDF");
	for (argsz = 0; argsz < INFO_ARGSZ; argsz++)
		ck_assert_int_eq(info_raw(dev.fd, VFIO_DEVICE_FEATURE_GET,
					  argsz, NULL), -EINVAL);
}
END_TEST

START_TEST(info_gives_efault_where_it_cannot_be_written)
{
	struct vfio_device_feature *arg;
	struct dvl_device dev;

	dvt_open_or_skip(&dev, "DVP_BDF");
	arg = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(arg, MAP_FAILED);
	arg->argsz = INFO_ARGSZ;
	arg->flags = VFIO_DEVICE_FEATURE_GET | DMABUF_VFIO_PCI_FEATURE_INFO;
	ck_assert_int_eq(ioctl(dev.fd, VFIO_DEVICE_FEATURE, arg), 0);
	ck_assert_int_eq(mprotect(arg, 4096, PROT_READ), 0);
	ck_assert_int_eq(ioctl(dev.fd, VFIO_DEVICE_FEATURE, arg), -1);
	ck_assert_int_eq(errno, EFAULT);
}
END_TEST

START_TEST(info_cannot_be_set)
{
	struct dvl_device dev;

	dvt_open_or_skip(&dev, "DVP_BDF");
	ck_assert_int_eq(info_raw(dev.fd, VFIO_DEVICE_FEATURE_SET, INFO_ARGSZ,
				  NULL), -EINVAL);
	ck_assert_int_eq(info_raw(dev.fd, VFIO_DEVICE_FEATURE_GET |
				  VFIO_DEVICE_FEATURE_SET, INFO_ARGSZ, NULL),
			 -EINVAL);
	ck_assert_int_eq(info_raw(dev.fd, 0, INFO_ARGSZ, NULL), -EINVAL);
}
END_TEST

START_TEST(caps_that_are_set_are_true)
{
	struct dvl_device dev;
	uint32_t caps;
	uint8_t *map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	caps = dvt_caps(&dev);
	/* These need nothing that a supported kernel could lack. */
	ck_assert_uint_ne(caps & DMABUF_VFIO_PCI_CAP_MMAP, 0);
	ck_assert_uint_ne(caps & DMABUF_VFIO_PCI_CAP_REVOKE, 0);
	ck_assert_uint_ne(caps & DMABUF_VFIO_PCI_CAP_READ_ONLY, 0);
	ck_assert_uint_ne(caps & DMABUF_VFIO_PCI_CAP_EVENT, 0);
	ck_assert_uint_ne(caps & DMABUF_VFIO_PCI_CAP_CPU_ONLY, 0);

	fd = dvt_export(&dev, 2, 0, 4096, O_RDONLY);
	map = dvt_map(fd, 4096, PROT_READ);
	ck_assert_int_ge(dvt_read32(map), 0);
	ck_assert_int_eq(mprotect(map, 4096, PROT_READ | PROT_WRITE), -1);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	ck_assert_int_eq(dvt_read32(map), DVT_SIGBUS);

	fd = dvt_export(&dev, 2, 0, 4096, O_RDWR);
	ck_assert_int_eq(dvl_memattr(dev.fd, fd, DMABUF_VFIO_PCI_MEMATTR_WC),
			 caps & DMABUF_VFIO_PCI_CAP_MEMATTR_WC ?
			 0 : -EOPNOTSUPP);
}
END_TEST

/**
 * struct probe_row - which operation a feature has
 * @feature: its number
 * @op: the operation that PROBE affirms
 * @wrong: the one that it denies
 */
static const struct probe_row {
	uint32_t feature;
	uint32_t op;
	uint32_t wrong;
} probes[] = {
	{ VFIO_DEVICE_FEATURE_DMA_BUF, VFIO_DEVICE_FEATURE_GET,
	  VFIO_DEVICE_FEATURE_SET },
	{ DMABUF_VFIO_PCI_FEATURE_EXPORT, VFIO_DEVICE_FEATURE_GET,
	  VFIO_DEVICE_FEATURE_SET },
	{ DMABUF_VFIO_PCI_FEATURE_REVOKE, VFIO_DEVICE_FEATURE_SET,
	  VFIO_DEVICE_FEATURE_GET },
	{ DMABUF_VFIO_PCI_FEATURE_MEMATTR, VFIO_DEVICE_FEATURE_SET,
	  VFIO_DEVICE_FEATURE_GET },
	{ DMABUF_VFIO_PCI_FEATURE_INFO, VFIO_DEVICE_FEATURE_GET,
	  VFIO_DEVICE_FEATURE_SET },
	{ DMABUF_VFIO_PCI_FEATURE_EVENT, VFIO_DEVICE_FEATURE_SET,
	  VFIO_DEVICE_FEATURE_GET },
	{ DMABUF_VFIO_PCI_FEATURE_STATE, VFIO_DEVICE_FEATURE_GET,
	  VFIO_DEVICE_FEATURE_SET },
};

START_TEST(probe_tells_which_operation_a_feature_has)
{
	const struct probe_row *row = &probes[_i];
	struct dvl_device dev;

	dvt_open_or_skip(&dev, "DVP_BDF");
	ck_assert_int_eq(dvl_feature(dev.fd, row->feature,
				     VFIO_DEVICE_FEATURE_PROBE, NULL, 0), 0);
	ck_assert_int_eq(dvl_feature(dev.fd, row->feature,
				     VFIO_DEVICE_FEATURE_PROBE | row->op,
				     NULL, 0), 0);
	ck_assert_int_eq(dvl_feature(dev.fd, row->feature,
				     VFIO_DEVICE_FEATURE_PROBE | row->wrong,
				     NULL, 0), -EINVAL);
	ck_assert_int_eq(dvl_feature(dev.fd, row->feature,
				     VFIO_DEVICE_FEATURE_PROBE | row->op |
				     row->wrong, NULL, 0), -EINVAL);
}
END_TEST

START_TEST(unknown_features_give_enotty)
{
	static const uint32_t unknown[] = { 0xdb06, 0xdbff, 0xdaff, 0xffff };
	struct dmabuf_vfio_pci_info info = { 0 };
	struct dvl_device dev;
	size_t i;

	dvt_open_or_skip(&dev, "DVP_BDF");
	for (i = 0; i < DVT_ARRAY_SIZE(unknown); i++) {
		ck_assert_int_eq(dvl_feature(dev.fd, unknown[i],
					     VFIO_DEVICE_FEATURE_GET, &info,
					     sizeof(info)), -ENOTTY);
		ck_assert_int_eq(dvl_feature(dev.fd, unknown[i],
					     VFIO_DEVICE_FEATURE_PROBE, NULL,
					     0), -ENOTTY);
	}
}
END_TEST

DVT_MAIN("info",
	 { info_tells_the_contract },
	 { info_overwrites_what_was_in_reserved },
	 { info_accepts_a_larger_argsz },
	 { info_refuses_a_smaller_argsz },
	 { info_gives_efault_where_it_cannot_be_written },
	 { info_cannot_be_set },
	 { caps_that_are_set_are_true },
	 { probe_tells_which_operation_a_feature_has,
	   DVT_ARRAY_SIZE(probes) },
	 { unknown_features_give_enotty })
