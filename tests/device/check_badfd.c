// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors that the calls about a buffer refuse: REVOKE, MEMATTR, EVENT and
 * STATE judge them alike. Each test runs once for each.
 */
#include <errno.h>
#include <limits.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dvt.h"

#define BAR 2
#define PAGE 4096UL
#define RW (PROT_READ | PROT_WRITE)

enum { REVOKE, MEMATTR, EVENT, STATE, NR_CALLS };

/* What a revoked buffer is refused by: it has a state. */
enum { NR_REFUSING = STATE };

static int call(int which, int device_fd, int fd)
{
	struct dmabuf_vfio_pci_state state;

	switch (which) {
	case MEMATTR:
		return dvl_memattr(device_fd, fd, DMABUF_VFIO_PCI_MEMATTR_NC);
	case EVENT:
		return dvl_event(device_fd, fd, -1);
	case STATE:
		return dvl_state(device_fd, fd, &state);
	default:
		return dvl_revoke(device_fd, fd);
	}
}

START_TEST(revoked_buffer_gives_ebadfd)
{
	struct dvl_device dev;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, PAGE, O_RDWR);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	ck_assert_int_eq(call(_i, dev.fd, fd), -EBADFD);
}
END_TEST

START_TEST(buffer_of_another_device_gives_enodev)
{
	struct dvl_device dev, other;
	uint8_t *map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_open_or_skip(&other, "DVP_BDF_1G");
	fd = dvt_export(&other, BAR, 0, PAGE, O_RDWR);
	map = dvt_map(fd, PAGE, RW);
	ck_assert_int_eq(call(_i, dev.fd, fd), -ENODEV);
	dvt_assert_usable(map);
	/* Revoked by its own device, it still is no business of ours. */
	ck_assert_int_eq(dvl_revoke(other.fd, fd), 0);
	ck_assert_int_eq(call(_i, dev.fd, fd), -ENODEV);
}
END_TEST

START_TEST(buffer_from_before_the_device_was_closed_gives_enodev)
{
	struct dvl_device dev;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, PAGE, O_RDWR);
	dvl_device_close(&dev);
	dvt_open(&dev, dvt_bdf("DVP_BDF"));
	ck_assert_int_eq(call(_i, dev.fd, fd), -ENODEV);
}
END_TEST

START_TEST(buffer_revoked_before_the_device_was_closed_gives_enodev)
{
	struct dvl_device dev;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, PAGE, O_RDWR);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	dvl_device_close(&dev);
	dvt_open(&dev, dvt_bdf("DVP_BDF"));
	ck_assert_int_eq(call(_i, dev.fd, fd), -ENODEV);
}
END_TEST

/* A dma-buf of memory, from udmabuf; -1 where the kernel has none. */
static int udmabuf(void)
{
	struct udmabuf_create req = { .size = PAGE };
	int control, fd;

	control = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	if (control < 0)
		return -1;
	req.memfd = memfd_create("dvt", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	ck_assert_int_ge(req.memfd, 0);
	ck_assert_int_eq(ftruncate(req.memfd, PAGE), 0);
	ck_assert_int_eq(fcntl(req.memfd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	fd = ioctl(control, UDMABUF_CREATE, &req);
	ck_assert_msg(fd >= 0, "UDMABUF_CREATE: %m");
	close(control);
	return fd;
}

/* Two calls of the graphics drivers, whose header need not be installed. */
struct drm_dumb {
	uint32_t height, width, bpp, flags, handle, pitch;
	uint64_t size;
};

struct drm_prime {
	uint32_t handle, flags;
	int32_t fd;
};

#define DRM_CREATE_DUMB _IOWR('d', 0xb2, struct drm_dumb)
#define DRM_HANDLE_TO_FD _IOWR('d', 0x2d, struct drm_prime)

/* The same from the virtual graphics driver, which older kernels have. */
static int vgem(void)
{
	struct drm_dumb dumb = { .width = 32, .height = 32, .bpp = 32 };
	struct drm_prime prime = { .flags = O_CLOEXEC };
	int card;

	if (system("modprobe vgem 2>/dev/null"))
		return -1;
	card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	if (card < 0)
		return -1;
	ck_assert_int_eq(ioctl(card, DRM_CREATE_DUMB, &dumb), 0);
	prime.handle = dumb.handle;
	ck_assert_int_eq(ioctl(card, DRM_HANDLE_TO_FD, &prime), 0);
	close(card);
	return prime.fd;
}

START_TEST(buffer_of_another_exporter_gives_enodev)
{
	struct dvl_device dev;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = udmabuf();
	if (fd < 0)
		fd = vgem();
	if (fd < 0)
		dvt_skip("neither udmabuf nor vgem here");
	ck_assert_int_eq(call(_i, dev.fd, fd), -ENODEV);
}
END_TEST

START_TEST(buffer_of_the_kernels_vfio_exporter_gives_enodev)
{
	struct dvl_device dev, plain;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_open_or_skip(&plain, "DVP_BDF_PAIR1");
	fd = dvl_export_one(plain.fd, BAR, 0, PAGE, O_RDWR);
	if (fd == -ENOTTY)
		dvt_skip("plain vfio-pci does not export on this kernel");
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(call(_i, dev.fd, fd), -ENODEV);
}
END_TEST

START_TEST(file_that_is_no_dma_buf_gives_einval)
{
	int pair[2], ends[2];
	struct dvl_device dev;
	int log;

	dvt_open_or_skip(&dev, "DVP_BDF");
	log = dvt_log_mark();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(call(_i, dev.fd, pair[0]), -EINVAL);
	ck_assert_int_eq(call(_i, dev.fd, ends[0]), -EINVAL);
	ck_assert_int_eq(call(_i, dev.fd, eventfd(0, 0)), -EINVAL);
	ck_assert_int_eq(call(_i, dev.fd, open("/dev/null", O_RDWR)), -EINVAL);
	ck_assert_int_eq(call(_i, dev.fd, open("/proc/self/maps", O_RDONLY)),
			 -EINVAL);
	ck_assert_int_eq(call(_i, dev.fd, dev.fd), -EINVAL);
	ck_assert_int_eq(call(_i, dev.fd, dev.group), -EINVAL);
	dvt_log_assert_silent(log);
}
END_TEST

START_TEST(descriptor_that_is_not_open_gives_ebadf)
{
	static const int bad[] = { -1, -2, INT_MIN, INT_MAX, 4000 };
	struct dvl_device dev;
	int log, closed;
	size_t i;

	dvt_open_or_skip(&dev, "DVP_BDF");
	log = dvt_log_mark();
	for (i = 0; i < DVT_ARRAY_SIZE(bad); i++)
		ck_assert_int_eq(call(_i, dev.fd, bad[i]), -EBADF);
	closed = dvt_export(&dev, BAR, 0, PAGE, O_RDWR);
	close(closed);
	ck_assert_int_eq(call(_i, dev.fd, closed), -EBADF);
	dvt_log_assert_silent(log);
}
END_TEST

START_TEST(o_path_descriptor_gives_ebadf)
{
	struct dvl_device dev;
	char path[64];
	uint8_t *map;
	int fd, ref;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, PAGE, O_RDWR);
	map = dvt_map(fd, PAGE, RW);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ref = open(path, O_PATH);
	ck_assert_msg(ref >= 0, "open O_PATH: %m");
	ck_assert_int_eq(call(_i, dev.fd, ref), -EBADF);
	dvt_assert_usable(map);
}
END_TEST

static const struct {
	uint32_t feature;
	uint32_t op;
	uint32_t wrong;
	size_t len;
	int32_t value;	/* behind the descriptor */
} calls[] = {
	[REVOKE] = { DMABUF_VFIO_PCI_FEATURE_REVOKE, VFIO_DEVICE_FEATURE_SET,
		     VFIO_DEVICE_FEATURE_GET,
		     sizeof(struct dmabuf_vfio_pci_revoke) },
	[MEMATTR] = { DMABUF_VFIO_PCI_FEATURE_MEMATTR, VFIO_DEVICE_FEATURE_SET,
		      VFIO_DEVICE_FEATURE_GET,
		      sizeof(struct dmabuf_vfio_pci_memattr) },
	[EVENT] = { DMABUF_VFIO_PCI_FEATURE_EVENT, VFIO_DEVICE_FEATURE_SET,
		    VFIO_DEVICE_FEATURE_GET,
		    sizeof(struct dmabuf_vfio_pci_event), -1 },
	[STATE] = { DMABUF_VFIO_PCI_FEATURE_STATE, VFIO_DEVICE_FEATURE_GET,
		    VFIO_DEVICE_FEATURE_SET,
		    sizeof(struct dmabuf_vfio_pci_state) },
};

/* A raw call on a good buffer, so that only the call can be at fault. */
static int call_raw(int which, const struct dvl_device *dev, uint32_t op,
		    uint32_t argsz)
{
	struct {
		struct vfio_device_feature head;
		int32_t words[16];
	} arg = {
		.head.argsz = argsz,
		.head.flags = calls[which].feature | op,
	};
	int ret, fd;

	fd = dvt_export(dev, BAR, 0, PAGE, O_RDWR);
	arg.words[0] = fd;
	arg.words[1] = calls[which].value;
	ret = ioctl(dev->fd, VFIO_DEVICE_FEATURE, &arg) ? -errno : 0;
	close(fd);
	return ret;
}

static uint32_t argsz_of(int which)
{
	return sizeof(struct vfio_device_feature) + calls[which].len;
}

START_TEST(argsz_follows_the_rules)
{
	struct dvl_device dev;
	uint32_t argsz;

	dvt_open_or_skip(&dev, "DVP_BDF");
	for (argsz = 0; argsz < argsz_of(_i); argsz++)
		ck_assert_int_eq(call_raw(_i, &dev, calls[_i].op, argsz),
				 -EINVAL);
	ck_assert_int_eq(call_raw(_i, &dev, calls[_i].op, argsz_of(_i)), 0);
	ck_assert_int_eq(call_raw(_i, &dev, calls[_i].op, argsz_of(_i) + 32),
			 0);
}
END_TEST

START_TEST(other_operation_gives_einval)
{
	struct dvl_device dev;

	dvt_open_or_skip(&dev, "DVP_BDF");
	ck_assert_int_eq(call_raw(_i, &dev, calls[_i].wrong, argsz_of(_i)),
			 -EINVAL);
	ck_assert_int_eq(call_raw(_i, &dev, 0, argsz_of(_i)), -EINVAL);
}
END_TEST

START_TEST(unreadable_payload_gives_efault)
{
	struct vfio_device_feature *arg;
	struct dvl_device dev;
	uint8_t *pages;

	dvt_open_or_skip(&dev, "DVP_BDF");
	pages = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(pages, MAP_FAILED);
	ck_assert_int_eq(munmap(pages + PAGE, PAGE), 0);
	arg = (void *)(pages + PAGE - sizeof(*arg));
	arg->argsz = argsz_of(_i);
	arg->flags = calls[_i].op | calls[_i].feature;
	ck_assert_int_eq(ioctl(dev.fd, VFIO_DEVICE_FEATURE, arg), -1);
	ck_assert_int_eq(errno, EFAULT);
}
END_TEST

START_TEST(refused_descriptor_leaves_no_trace)
{
	struct dvt_traces before;
	struct dvl_device dev, other;
	int fd, null, log, i;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_open_or_skip(&other, "DVP_BDF_1G");
	fd = dvt_export(&other, BAR, 0, PAGE, O_RDWR);
	null = open("/dev/null", O_RDWR);
	log = dvt_log_mark();
	dvt_traces_take(&before);
	for (i = 0; i < 100; i++) {
		ck_assert_int_eq(call(_i, dev.fd, fd), -ENODEV);
		ck_assert_int_eq(call(_i, dev.fd, null), -EINVAL);
	}
	dvt_traces_assert_same(&before);
	/* No reference is left that would keep the buffer. */
	close(fd);
	ck_assert_int_eq(dvt_module_refs(), before.module_refs - 1);
	dvt_log_assert_silent(log);
}
END_TEST

DVT_MAIN("badfd",
	 { revoked_buffer_gives_ebadfd, NR_REFUSING },
	 { buffer_of_another_device_gives_enodev, NR_CALLS },
	 { buffer_from_before_the_device_was_closed_gives_enodev, NR_CALLS },
	 { buffer_revoked_before_the_device_was_closed_gives_enodev,
	   NR_CALLS },
	 { buffer_of_another_exporter_gives_enodev, NR_CALLS },
	 { buffer_of_the_kernels_vfio_exporter_gives_enodev, NR_CALLS },
	 { file_that_is_no_dma_buf_gives_einval, NR_CALLS },
	 { descriptor_that_is_not_open_gives_ebadf, NR_CALLS },
	 { o_path_descriptor_gives_ebadf, NR_CALLS },
	 { argsz_follows_the_rules, NR_CALLS },
	 { other_operation_gives_einval, NR_CALLS },
	 { unreadable_payload_gives_efault, NR_CALLS },
	 { refused_descriptor_leaves_no_trace, NR_CALLS })
