// SPDX-License-Identifier: GPL-2.0-only
/*
 * A borrower with a VFIO device of its own cannot map a borrowed buffer for DMA: such
 * access would outlive a revocation. Only a buffer exported with HUGE can be mapped that
 * way. BAR mappings of the owner can, as with vfio-pci.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dvt_iommufd.h"
#include "dvt_place.h"
#include "dvt_v2.h"

#define BAR 2
#define LEN (2 * DVT_HUGE)
#define RW (PROT_READ | PROT_WRITE)
#define IOVA 0x10000000UL
#define BORROWER "DVP_BDF_PLAIN"

/* The two interfaces that map memory of a process for DMA. */
enum backend { TYPE1, IOMMUFD, NR_BACKENDS };

/**
 * struct attempt - how the borrower tries to map its mapping for DMA
 * @backend: the interface that it uses
 * @touch: whether it touches the mapping first
 * @len: the length that it asks for
 */
static const struct attempt {
	enum backend backend;
	bool touch;
	size_t len;
} attempts[] = {
	{ TYPE1, true, LEN },
	{ TYPE1, false, LEN },
	{ TYPE1, true, 0x1000 },
	{ IOMMUFD, true, LEN },
	{ IOMMUFD, false, LEN },
	{ IOMMUFD, true, 0x1000 },
};

static int map_type1(int container, void *addr, size_t len)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)addr,
		.iova = IOVA,
		.size = len,
	};

	return ioctl(container, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

static int unmap_type1(int container, size_t len)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = IOVA, .size = len,
	};

	return ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap) ? -errno : 0;
}

/**
 * struct owner - a device and its address space
 * @dev: the device
 * @io: the iommufd, for IOMMUFD
 */
struct owner {
	struct dvl_device dev;
	struct dvt_iommufd io;
};

static int open_for(struct owner *owner, enum backend backend, const char *bdf)
{
	if (backend == TYPE1)
		return dvl_device_open(&owner->dev, bdf);
	owner->io.fd = dvl_iommufd_open();
	if (owner->io.fd < 0)
		return owner->io.fd;
	return dvl_ioas_alloc(owner->io.fd, &owner->io.ioas) ?:
	       dvl_cdev_open(&owner->dev, bdf, owner->io.fd, owner->io.ioas);
}

static int map_for(const struct owner *owner, enum backend backend, void *addr,
		   size_t len)
{
	if (backend == TYPE1)
		return map_type1(owner->dev.container, addr, len);
	return dvl_ioas_map(owner->io.fd, owner->io.ioas, addr, len, IOVA);
}

/* Sends the result of the attempt, and keeps the mapping until the socket closes. */
static int borrow(int sock, void *arg)
{
	const struct attempt *attempt = arg;
	int fd = dvl_recv_fd(sock);
	struct owner own = {};
	int64_t answer;
	char *map;

	/* An address that huge entries can have. */
	map = mmap((void *)(1UL << 40), LEN, RW, MAP_SHARED | MAP_FIXED_NOREPLACE,
		   fd, 0);
	if (map == MAP_FAILED || open_for(&own, attempt->backend,
					  dvt_bdf(BORROWER)))
		return 1;
	if (attempt->touch && (dvt_read32(map) < 0 ||
			       dvt_read32(map + DVT_HUGE) < 0))
		return 1;
	/* Control: its own memory can be mapped. */
	if (map_for(&own, attempt->backend,
		    mmap(NULL, 0x1000, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		    0x1000))
		return 1;
	if (attempt->backend == TYPE1 ? unmap_type1(own.dev.container, 0x1000) :
	    dvl_ioas_unmap(own.io.fd, own.io.ioas, IOVA, 0x1000))
		return 1;
	answer = map_for(&own, attempt->backend, map, attempt->len);
	if (send(sock, &answer, sizeof(answer), MSG_NOSIGNAL) != sizeof(answer))
		return 1;
	return recv(sock, &answer, sizeof(answer), 0) != 0;
}

static int borrower_try(struct dvt_child *child, int fd,
			const struct attempt *attempt)
{
	int64_t answer = 0;

	dvt_child_fork(child, 0, borrow, (void *)attempt);
	ck_assert_int_eq(dvl_send_fd(child->sock, fd), 0);
	ck_assert_msg(recv(child->sock, &answer, sizeof(answer), 0) ==
		      sizeof(answer), "the borrower could not try");
	return answer;
}

static const char *lack_of(enum backend backend)
{
	if (!dvt_bdf(BORROWER))
		return "no device for " BORROWER;
	if (dvl_sysfs_noiommu(dvt_bdf(BORROWER)))
		return "no IOMMU stands before the borrower's device";
	return backend == IOMMUFD ? dvt_iommufd_lack() : NULL;
}

#define backend_or_skip(backend)					\
	do {								\
		const char *lack_ = lack_of(backend);			\
									\
		if (lack_)						\
			dvt_skip("%s", lack_);				\
	} while (0)

START_TEST(borrowed_memory_cannot_be_mapped_for_dma)
{
	struct dvl_device dev;
	struct dvt_child child;
	int fd;

	backend_or_skip(attempts[_i].backend);
	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	ck_assert_int_eq(borrower_try(&child, fd, &attempts[_i]), -EFAULT);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	dvt_child_stop(&child);
}
END_TEST

START_TEST(write_combining_memory_cannot_be_mapped_for_dma)
{
	struct dvl_device dev;
	struct dvt_child child;
	int fd;

	backend_or_skip(attempts[_i].backend);
	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	if (dvl_memattr(dev.fd, fd, DMABUF_VFIO_PCI_MEMATTR_WC))
		dvt_skip("no write-combining here");
	ck_assert_int_eq(borrower_try(&child, fd, &attempts[_i]), -EFAULT);
	dvt_child_stop(&child);
}
END_TEST

/* The header documents this for HUGE. REVOKE still ends CPU access. */
START_TEST(huge_buffer_may_be_mapped_for_dma_by_type_1_alone)
{
	const struct attempt *attempt = &attempts[_i];
	struct dvl_device dev;
	struct dvt_child child;
	int fd, ret;
	void *map;

	backend_or_skip(attempt->backend);
	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export_flags(&dev, BAR, 0, LEN, O_RDWR,
			      DMABUF_VFIO_PCI_EXPORT_HUGE);
	map = dvt_map(fd, LEN, RW);
	dvt_assert_usable(map);
	ret = borrower_try(&child, fd, attempt);
	if (attempt->backend == TYPE1)
		ck_assert(!ret || ret == -EFAULT);
	else
		ck_assert_int_eq(ret, -EFAULT);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	dvt_assert_sigbus(map);
	dvt_child_stop(&child);
}
END_TEST

/* QEMU maps the BARs of assigned devices this way. */
START_TEST(owners_bar_mapping_can_be_mapped_for_dma)
{
	struct dvl_device dev;
	void *map;

	backend_or_skip(TYPE1);
	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvl_region_mmap(&dev, BAR, 0, LEN, RW);
	ck_assert_ptr_ne(map, MAP_FAILED);
	if (_i)
		dvt_assert_usable(map);
	ck_assert_int_eq(map_type1(dev.container, map, LEN), 0);
	ck_assert_int_eq(unmap_type1(dev.container, LEN), 0);
	dvt_assert_usable(map);
}
END_TEST

DVT_MAIN("borrower_dma",
	 { borrowed_memory_cannot_be_mapped_for_dma,
	   DVT_ARRAY_SIZE(attempts) },
	 { write_combining_memory_cannot_be_mapped_for_dma,
	   DVT_ARRAY_SIZE(attempts) },
	 { huge_buffer_may_be_mapped_for_dma_by_type_1_alone,
	   DVT_ARRAY_SIZE(attempts) },
	 { owners_bar_mapping_can_be_mapped_for_dma, 2 })
