// SPDX-License-Identifier: GPL-2.0-only
/* Who made a buffer: /proc/self/fdinfo has the name of the exporter. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dvt_exporter.h"

/**
 * dvt_export_by() - export one piece of a BAR for reading and writing
 * @dev: an open device
 * @feature: VFIO_DEVICE_FEATURE_DMA_BUF or DMABUF_VFIO_PCI_FEATURE_EXPORT
 * @bar: the BAR
 * @off: start in the BAR
 * @len: length in bytes
 *
 * Return: the dma-buf's descriptor.
 */
int dvt_export_by(const struct dvl_device *dev, uint32_t feature,
		  unsigned int bar, uint64_t off, uint64_t len)
{
	struct vfio_region_dma_range range = { .offset = off, .length = len };
	int fd = dvl_export_by(dev->fd, feature, bar, &range, 1,
			       O_RDWR | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "export by feature %#x: %s", feature,
		      strerror(-fd));
	return fd;
}

/**
 * dvt_exporter_name() - the name of the exporter of a buffer
 * @fd: the dma-buf
 * @name: where it goes
 * @size: size of @name
 */
void dvt_exporter_name(int fd, char *name, size_t size)
{
	char path[64], line[256], value[200] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	ck_assert_msg(file, "opening %s: %m", path);
	while (!value[0] && fgets(line, sizeof(line), file))
		sscanf(line, "exp_name: %199s", value);
	fclose(file);
	ck_assert_msg(value[0], "%s has no exporter", path);
	ck_assert_uint_lt(strlen(value), size);
	strcpy(name, value);
}

/**
 * dvt_assert_exporter() - a buffer was made by somebody
 * @fd: the dma-buf
 * @name: the exporter's name
 */
void dvt_assert_exporter(int fd, const char *name)
{
	char now[64];

	dvt_exporter_name(fd, now, sizeof(now));
	ck_assert_str_eq(now, name);
}

/**
 * dvt_mmap_error() - the error that a mapping gives which must not work
 * @fd: the dma-buf
 * @len: length in bytes
 *
 * Return: errno.
 */
int dvt_mmap_error(int fd, size_t len)
{
	void *map = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);

	ck_assert_msg(map == MAP_FAILED, "mmap works");
	return errno;
}
