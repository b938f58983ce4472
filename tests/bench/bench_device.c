// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices, exports and mappings. Both drivers map a BAR through the device fd; only
 * ours lets user space map an exported buffer.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "bench.h"

static uint64_t region_offset(const struct dvl_device *dev, unsigned int index)
{
	struct vfio_region_info info;

	bench_must(dvl_region_info(dev, index, &info));
	return info.offset;
}

/* @role names the environment variable that holds the device's address. */
void bench_open(struct bench_device *device, const char *role)
{
	const char *bdf = getenv(role);

	if (!bdf)
		bench_die("there is no %s", role);
	bench_must(dvl_device_open(&device->dev, bdf));
	device->bar = region_offset(&device->dev, BENCH_BAR);
	device->config = region_offset(&device->dev,
				       VFIO_PCI_CONFIG_REGION_INDEX);
}

bool bench_can_export(const struct bench_device *device)
{
	return !dvl_feature(device->dev.fd, VFIO_DEVICE_FEATURE_DMA_BUF,
			    VFIO_DEVICE_FEATURE_GET |
			    VFIO_DEVICE_FEATURE_PROBE, NULL, 0);
}

/*
 * Ranges of one page each. No range follows its neighbour: an odd stride leads
 * through all pages of the BAR, and then starts over.
 */
struct bench_request *bench_request(unsigned int nr_ranges)
{
	const unsigned int nr_pages = BENCH_BAR_LEN / BENCH_PAGE;
	struct bench_request *req;
	unsigned int i;
	size_t size;

	size = sizeof(*req) + nr_ranges * sizeof(req->ranges[0]);
	req = calloc(1, size);
	if (!req)
		bench_die("no memory");
	req->call.argsz = size;
	req->call.flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;
	req->payload.region_index = BENCH_BAR;
	req->payload.open_flags = O_RDWR | O_CLOEXEC;
	req->payload.nr_ranges = nr_ranges;
	for (i = 0; i < nr_ranges; i++) {
		req->ranges[i].offset = i * 7919UL % nr_pages * BENCH_PAGE;
		req->ranges[i].length = BENCH_PAGE;
	}
	return req;
}

int bench_export(const struct bench_device *device,
		 const struct bench_request *req)
{
	return bench_must(ioctl(device->dev.fd, VFIO_DEVICE_FEATURE, req));
}

/*
 * The first @len bytes of the BAR as one buffer of our driver. Returns -1 with errno
 * set if the driver refuses.
 */
int bench_export_one(const struct bench_device *device, size_t len,
		     uint32_t flags)
{
	struct bench_request *req = bench_request(1);
	int fd;

	req->call.flags = VFIO_DEVICE_FEATURE_GET |
			  DMABUF_VFIO_PCI_FEATURE_EXPORT;
	req->payload.flags = flags;
	req->ranges[0].length = len;
	fd = ioctl(device->dev.fd, VFIO_DEVICE_FEATURE, req);
	free(req);
	return fd;
}

/* Reserved addresses, from a multiple of 1 GiB on. */
char *bench_room(size_t len)
{
	char *room = mmap(NULL, len + 2 * BENCH_GIB, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (room == MAP_FAILED)
		bench_die("no addresses: %m");
	return (char *)(((uintptr_t)room + BENCH_GIB - 1) & ~(BENCH_GIB - 1));
}

/* With @at NULL the kernel chooses the address. */
static char *map(int fd, uint64_t off, size_t len, void *at)
{
	char *ret = mmap(at, len, PROT_READ | PROT_WRITE,
			 MAP_SHARED | (at ? MAP_FIXED : 0), fd, off);

	if (ret == MAP_FAILED)
		bench_die("mmap: %m");
	return ret;
}

char *bench_map_bar(const struct bench_device *device, uint64_t off,
		    size_t len, void *at)
{
	return map(device->dev.fd, device->bar + off, len, at);
}

char *bench_map_buffer(int fd, size_t len, void *at)
{
	return map(fd, 0, len, at);
}

void bench_unmap(void *map, size_t len)
{
	bench_must(munmap(map, len));
}
