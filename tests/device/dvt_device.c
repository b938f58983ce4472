// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps of a test that must work for the test to mean anything.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <unistd.h>

#include "dvt.h"

/*
 * A process that the test before left behind may still be closing the group:
 * ask for a while as long as it is busy.
 */
#define OPEN_TRIES 500
#define OPEN_PAUSE_US 10000

/**
 * dvt_open_in() - open a device beside one that is open
 * @dev: filled in
 * @bdf: its address
 * @other: shares its container and group, or NULL
 */
void dvt_open_in(struct dvl_device *dev, const char *bdf,
		 const struct dvl_device *other)
{
	int ret = -EBUSY, tries;

	for (tries = 0; ret == -EBUSY && tries < OPEN_TRIES; tries++) {
		if (tries)
			usleep(OPEN_PAUSE_US);
		ret = dvl_device_open_in(dev, bdf, other, NULL);
	}
	ck_assert_msg(!ret, "opening %s: %s", bdf, strerror(-ret));
}

/**
 * dvt_open() - open a device
 * @dev: filled in
 * @bdf: its address
 */
void dvt_open(struct dvl_device *dev, const char *bdf)
{
	dvt_open_in(dev, bdf, NULL);
}

/**
 * dvt_bind() - bind a device to a driver
 * @bdf: its address
 * @driver: the driver's name
 */
void dvt_bind(const char *bdf, const char *driver)
{
	int ret = dvl_sysfs_bind(bdf, driver);

	ck_assert_msg(!ret, "binding %s to %s: %s", bdf, driver,
		      strerror(-ret));
}

/**
 * dvt_caps() - what the driver says that it can do on this kernel
 * @dev: an open device
 *
 * Return: DMABUF_VFIO_PCI_CAP_* bits.
 */
uint32_t dvt_caps(const struct dvl_device *dev)
{
	struct dmabuf_vfio_pci_info info;

	ck_assert_int_eq(dvl_info(dev->fd, &info), 0);
	return info.caps;
}

/**
 * dvt_bar_len() - how long a BAR is
 * @dev: an open device
 * @bar: the BAR
 *
 * Return: its length in bytes, 0 if it has none.
 */
uint64_t dvt_bar_len(const struct dvl_device *dev, unsigned int bar)
{
	struct vfio_region_info info;

	ck_assert_int_eq(dvl_region_info(dev, bar, &info), 0);
	return info.size;
}

/**
 * dvt_export() - export one piece of a BAR
 * @dev: an open device
 * @bar: the BAR
 * @off: start in the BAR
 * @len: length in bytes
 * @open_flags: O_RDWR and so on
 *
 * Return: the dma-buf's descriptor.
 */
int dvt_export(const struct dvl_device *dev, unsigned int bar, uint64_t off,
	       uint64_t len, uint32_t open_flags)
{
	int fd = dvl_export_one(dev->fd, bar, off, len, open_flags);

	ck_assert_msg(fd >= 0, "export of BAR %u at %#lx, %#lx bytes: %s", bar,
		      off, len, strerror(-fd));
	return fd;
}

/**
 * dvt_export_huge() - export one piece of a BAR for huge entries
 * @dev: an open device
 * @bar: the BAR
 * @off: start in the BAR
 * @len: length in bytes
 * @open_flags: O_RDWR and so on
 *
 * By DMABUF_VFIO_PCI_FEATURE_EXPORT with DMABUF_VFIO_PCI_EXPORT_HUGE, which has no
 * effect on kernels without DMABUF_VFIO_PCI_CAP_HUGE.
 *
 * Return: the dma-buf's descriptor.
 */
int dvt_export_huge(const struct dvl_device *dev, unsigned int bar,
		    uint64_t off, uint64_t len, uint32_t open_flags)
{
	struct vfio_region_dma_range range = { .offset = off, .length = len };
	int fd = dvl_export_flags(dev->fd, bar, &range, 1, open_flags,
				  DMABUF_VFIO_PCI_EXPORT_HUGE);

	ck_assert_msg(fd >= 0, "export of BAR %u at %#lx, %#lx bytes: %s", bar,
		      off, len, strerror(-fd));
	return fd;
}

/**
 * dvt_map_from() - map a piece of a dma-buf
 * @fd: the dma-buf
 * @off: start in the buffer
 * @len: length in bytes
 * @prot: PROT_READ, PROT_WRITE
 *
 * Return: the address.
 */
void *dvt_map_from(int fd, uint64_t off, size_t len, int prot)
{
	void *addr = mmap(NULL, len, prot, MAP_SHARED, fd, off);

	ck_assert_msg(addr != MAP_FAILED, "mmap at %#lx, %#zx bytes: %m", off,
		      len);
	return addr;
}

/**
 * dvt_map() - map a dma-buf from its start
 * @fd: the dma-buf
 * @len: length in bytes
 * @prot: PROT_READ, PROT_WRITE
 *
 * Return: the address.
 */
void *dvt_map(int fd, size_t len, int prot)
{
	return dvt_map_from(fd, 0, len, prot);
}

/**
 * dvt_peek32() - read a word of a BAR by the second path
 * @dev: an open device
 * @bar: the BAR
 * @off: where in the BAR
 *
 * Return: the word.
 */
uint32_t dvt_peek32(const struct dvl_device *dev, unsigned int bar,
		    uint64_t off)
{
	uint32_t value;
	int ret = dvl_region_read(dev, bar, off, &value, sizeof(value));

	ck_assert_msg(!ret, "reading BAR %u at %#lx: %s", bar, off,
		      strerror(-ret));
	return value;
}

/**
 * dvt_poke32() - write a word of a BAR by the second path
 * @dev: an open device
 * @bar: the BAR
 * @off: where in the BAR
 * @value: what to write
 */
void dvt_poke32(const struct dvl_device *dev, unsigned int bar, uint64_t off,
		uint32_t value)
{
	int ret = dvl_region_write(dev, bar, off, &value, sizeof(value));

	ck_assert_msg(!ret, "writing BAR %u at %#lx: %s", bar, off,
		      strerror(-ret));
}

static void command_set(const struct dvl_device *dev, uint16_t clear,
			uint16_t set)
{
	uint16_t command;

	ck_assert_int_eq(dvl_config_read(dev, PCI_COMMAND, &command, 2), 0);
	command = (command & ~clear) | set;
	ck_assert_int_eq(dvl_config_write(dev, PCI_COMMAND, &command, 2), 0);
}

/**
 * dvt_memory_on() - switch memory decoding on
 * @dev: an open device
 */
void dvt_memory_on(const struct dvl_device *dev)
{
	command_set(dev, 0, PCI_COMMAND_MEMORY);
}

/**
 * dvt_memory_off() - switch memory decoding off
 * @dev: an open device
 */
void dvt_memory_off(const struct dvl_device *dev)
{
	command_set(dev, PCI_COMMAND_MEMORY, 0);
}
