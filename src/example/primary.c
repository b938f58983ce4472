// SPDX-License-Identifier: GPL-2.0-only
/* primary BDF BAR OFFSET LENGTH SOCKET: lends a piece of a BAR to one client. */
#include <dmabuf_vfio_pci.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int need(int ret, const char *what)
{
	if (ret < 0)
		err(1, "%s", what);
	return ret;
}

/* By its IOMMU group, whose number is the last part of a link in sysfs. */
static int open_device(const char *bdf)
{
	char path[64], link[256] = "";
	int container, group;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	need(readlink(path, link, sizeof(link) - 1), path);
	snprintf(path, sizeof(path), "/dev/vfio/%.9s", strrchr(link, '/') + 1);
	container = need(open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC), "/dev/vfio/vfio");
	group = need(open(path, O_RDWR | O_CLOEXEC), path);
	need(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container), "container");
	need(ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), "IOMMU");
	return need(ioctl(group, VFIO_GROUP_GET_DEVICE_FD, bdf), bdf);
}

static int feature(int device, __u32 flags, const void *payload, size_t len)
{
	__u32 call[32] = { sizeof(struct vfio_device_feature) + len, flags };

	memcpy(((struct vfio_device_feature *)call)->data, payload, len);
	return ioctl(device, VFIO_DEVICE_FEATURE, call);
}

/* To whoever connects first. */
static void give(int fd, const char *path)
{
	int sock = need(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
	union { struct cmsghdr head; char space[CMSG_SPACE(sizeof(fd))]; } pass = {
		.head = { CMSG_LEN(sizeof(fd)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec byte = { "", 1 };
	struct msghdr msg = { .msg_iov = &byte, .msg_iovlen = 1,
			      .msg_control = &pass, .msg_controllen = sizeof(pass) };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	need(bind(sock, (struct sockaddr *)&addr, sizeof(addr)), path);
	need(chmod(path, 0666), path);
	need(listen(sock, 1), path);
	printf("waiting at %s\n", path);
	memcpy(CMSG_DATA(&pass.head), &fd, sizeof(fd));
	need(sendmsg(need(accept(sock, NULL, NULL), path), &msg, 0), "client");
	unlink(path);
}

int main(int argc, char **argv)
{
	struct { struct vfio_device_feature_dma_buf head; __u64 range[2]; } piece = {
		.head = { .open_flags = O_RDWR | O_CLOEXEC, .nr_ranges = 1 } };
	struct dmabuf_vfio_pci_revoke lent;
	int device;

	if (argc != 6)
		errx(2, "usage: primary BDF BAR OFFSET LENGTH SOCKET");
	setlinebuf(stdout);
	device = open_device(argv[1]);
	piece.head.region_index = atoi(argv[2]);
	piece.range[0] = strtoull(argv[3], NULL, 0);
	piece.range[1] = strtoull(argv[4], NULL, 0);
	lent.dmabuf_fd = need(feature(device, VFIO_DEVICE_FEATURE_GET |
				      VFIO_DEVICE_FEATURE_DMA_BUF, &piece, sizeof(piece)),
			      "export");
	give(lent.dmabuf_fd, argv[5]);
	puts("lent; Enter takes it back");
	getchar();
	need(feature(device, VFIO_DEVICE_FEATURE_SET | DMABUF_VFIO_PCI_FEATURE_REVOKE,
		     &lent, sizeof(lent)), "revoke");
	puts("taken back");
	return 0;
}
