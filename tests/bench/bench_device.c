// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices and pieces of their BARs. A piece is what a process maps: of our
 * device an exported dma-buf, of vfio-pci the device's own descriptor, which is
 * all that can be mapped there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

static uint64_t region_offset(const struct dvl_device *dev, unsigned int index)
{
	struct vfio_region_info info;

	bench_must(dvl_region_info(dev, index, &info));
	return info.offset;
}

/* Opens the device that plays @role, an environment variable of the VM's. */
void bench_open(struct bench_device *device, const char *role, bool ours)
{
	const char *bdf = getenv(role);

	if (!bdf)
		bench_die("there is no %s", role);
	bench_must(dvl_device_open(&device->dev, bdf));
	device->ours = ours;
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
 * One page each, in an order in which none follows its neighbour: a multiple of
 * an odd number that leads through all pages of the BAR, and then begins anew.
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

int bench_piece(const struct bench_device *device, uint64_t off, size_t len)
{
	if (!device->ours)
		return device->dev.fd;
	return bench_must(dvl_export_one(device->dev.fd, BENCH_BAR, off, len,
					 O_RDWR | O_CLOEXEC));
}

void bench_close_piece(const struct bench_device *device, int piece)
{
	if (device->ours)
		bench_must(close(piece));
}

/* Addresses that nothing else is at, from a multiple of 1 GiB on. */
char *bench_room(size_t len)
{
	char *room = mmap(NULL, len + 2 * BENCH_GIB, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (room == MAP_FAILED)
		bench_die("no addresses: %m");
	return (char *)(((uintptr_t)room + BENCH_GIB - 1) & ~(BENCH_GIB - 1));
}

/*
 * Maps a piece of ours from its start, and of vfio-pci's BAR what lies at @off.
 * With @at NULL the kernel chooses the address.
 */
char *bench_map(const struct bench_device *device, int piece, uint64_t off,
		size_t len, void *at)
{
	char *map = mmap(at, len, PROT_READ | PROT_WRITE,
			 MAP_SHARED | (at ? MAP_FIXED : 0), piece,
			 device->ours ? 0 : device->bar + off);

	if (map == MAP_FAILED)
		bench_die("mmap: %m");
	return map;
}

void bench_unmap(void *map, size_t len)
{
	bench_must(munmap(map, len));
}
