// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts and eventfds reach the user as they do under plain vfio-pci. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dvt.h"

/* Registers of QEMU's edu device: raise and acknowledge its interrupt. */
#define EDU_STATUS	0x24
#define EDU_RAISE	0x60
#define EDU_ACK		0x64

#define PAUSE_US 5000

static int set_irqs(const struct dvl_device *dev, uint32_t flags,
		    uint32_t index, uint32_t count, int fd)
{
	struct {
		struct vfio_irq_set set;
		int32_t fd;
	} arg = {
		.set.argsz = sizeof(arg),
		.set.flags = flags,
		.set.index = index,
		.set.count = count,
		.fd = fd,
	};

	return ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, &arg) ? -errno : 0;
}

static int set_eventfd(const struct dvl_device *dev, uint32_t index, int fd)
{
	return set_irqs(dev, VFIO_IRQ_SET_DATA_EVENTFD |
			VFIO_IRQ_SET_ACTION_TRIGGER, index, 1, fd);
}

static uint32_t nr_irqs(const struct dvl_device *dev, uint32_t index)
{
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = index };

	ck_assert_int_eq(ioctl(dev->fd, VFIO_DEVICE_GET_IRQ_INFO, &info), 0);
	return info.count;
}

static void set_bus_master(const struct dvl_device *dev)
{
	uint16_t command;

	ck_assert_int_eq(dvl_config_read(dev, PCI_COMMAND, &command, 2), 0);
	command |= PCI_COMMAND_MASTER;
	ck_assert_int_eq(dvl_config_write(dev, PCI_COMMAND, &command, 2), 0);
}

/* The device raises its interrupt, and the eventfd counts it. */
static void assert_interrupt(const struct dvl_device *dev, int event)
{
	eventfd_t count = 0;

	dvt_poke32(dev, 0, EDU_RAISE, 1);
	ck_assert_int_eq(eventfd_read(event, &count), 0);
	ck_assert_uint_ge(count, 1);
	ck_assert_uint_eq(dvt_peek32(dev, 0, EDU_STATUS), 1);
	dvt_poke32(dev, 0, EDU_ACK, 1);
	ck_assert_uint_eq(dvt_peek32(dev, 0, EDU_STATUS), 0);
}

START_TEST(intx_reaches_the_user_again_after_unmasking)
{
	int event = eventfd(0, EFD_CLOEXEC), i;
	struct dvl_device dev;

	dvt_open_or_skip(&dev, "DVP_BDF_EDU");
	ck_assert_uint_eq(nr_irqs(&dev, VFIO_PCI_INTX_IRQ_INDEX), 1);
	ck_assert_int_eq(set_eventfd(&dev, VFIO_PCI_INTX_IRQ_INDEX, event), 0);
	for (i = 0; i < 3; i++) {
		assert_interrupt(&dev, event);
		ck_assert_int_eq(set_irqs(&dev, VFIO_IRQ_SET_DATA_NONE |
					  VFIO_IRQ_SET_ACTION_UNMASK,
					  VFIO_PCI_INTX_IRQ_INDEX, 1, -1), 0);
	}
}
END_TEST

START_TEST(intx_reaches_the_user_after_a_reset_and_decode_off)
{
	int event = eventfd(0, EFD_CLOEXEC);
	struct dvl_device dev;

	dvt_open_or_skip(&dev, "DVP_BDF_EDU");
	ck_assert_int_eq(dvl_device_reset(&dev), 0);
	dvt_memory_off(&dev);
	dvt_memory_on(&dev);
	ck_assert_int_eq(set_eventfd(&dev, VFIO_PCI_INTX_IRQ_INDEX, event), 0);
	assert_interrupt(&dev, event);
}
END_TEST

START_TEST(msi_reaches_the_user)
{
	int event = eventfd(0, EFD_CLOEXEC), i;
	struct dvl_device dev;

	dvt_open_or_skip(&dev, "DVP_BDF_EDU");
	ck_assert_uint_ge(nr_irqs(&dev, VFIO_PCI_MSI_IRQ_INDEX), 1);
	set_bus_master(&dev);
	ck_assert_int_eq(set_eventfd(&dev, VFIO_PCI_MSI_IRQ_INDEX, event), 0);
	for (i = 0; i < 3; i++)
		assert_interrupt(&dev, event);
}
END_TEST

START_TEST(msix_vector_can_be_set_up_and_taken_down)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct dvl_device dev;
	eventfd_t count;

	dvt_open_or_skip(&dev, "DVP_BDF_FLR");
	ck_assert_uint_ge(nr_irqs(&dev, VFIO_PCI_MSIX_IRQ_INDEX), 2);
	ck_assert_int_eq(set_eventfd(&dev, VFIO_PCI_MSIX_IRQ_INDEX, event), 0);

	/* VFIO itself raises it, as if the device had. */
	ck_assert_int_eq(set_irqs(&dev, VFIO_IRQ_SET_DATA_NONE |
				  VFIO_IRQ_SET_ACTION_TRIGGER,
				  VFIO_PCI_MSIX_IRQ_INDEX, 1, -1), 0);
	ck_assert_int_eq(eventfd_read(event, &count), 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(set_irqs(&dev, VFIO_IRQ_SET_DATA_NONE |
				  VFIO_IRQ_SET_ACTION_TRIGGER,
				  VFIO_PCI_MSIX_IRQ_INDEX, 0, -1), 0);
	ck_assert_int_lt(eventfd_read(event, &count), 0);
}
END_TEST

START_TEST(msix_and_buffers_live_side_by_side)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct dvl_device dev;
	eventfd_t count;
	void *map;

	dvt_open_or_skip(&dev, "DVP_BDF_FLR");
	map = dvt_map(dvt_export(&dev, 4, 0, 0x1000, O_RDWR), 0x1000,
		      PROT_READ | PROT_WRITE);
	ck_assert_int_eq(set_eventfd(&dev, VFIO_PCI_MSIX_IRQ_INDEX, event), 0);
	dvt_assert_usable(map);
	dvt_memory_off(&dev);
	dvt_assert_sigbus(map);
	dvt_memory_on(&dev);
	dvt_assert_usable(map);
	ck_assert_int_eq(set_irqs(&dev, VFIO_IRQ_SET_DATA_NONE |
				  VFIO_IRQ_SET_ACTION_TRIGGER,
				  VFIO_PCI_MSIX_IRQ_INDEX, 1, -1), 0);
	ck_assert_int_eq(eventfd_read(event, &count), 0);
}
END_TEST

START_TEST(ioeventfd_writes_to_the_device)
{
	struct vfio_device_ioeventfd arg = {
		.argsz = sizeof(arg),
		.flags = VFIO_DEVICE_IOEVENTFD_32,
		.data = 0xfeedc0de,
		.fd = eventfd(0, EFD_CLOEXEC),
	};
	struct vfio_region_info info;
	struct dvl_device dev;

	dvt_open_or_skip(&dev, "DVP_BDF");
	ck_assert_int_eq(dvl_region_info(&dev, 2, &info), 0);
	arg.offset = info.offset + 0x2340;
	dvt_poke32(&dev, 2, 0x2340, 0);
	ck_assert_int_eq(ioctl(dev.fd, VFIO_DEVICE_IOEVENTFD, &arg), 0);
	ck_assert_int_eq(eventfd_write(arg.fd, 1), 0);
	/* By a worker, at some time; if never, Check's timeout is the judge. */
	while (dvt_peek32(&dev, 2, 0x2340) != 0xfeedc0de)
		usleep(PAUSE_US);
}
END_TEST

DVT_MAIN("irq",
	 { intx_reaches_the_user_again_after_unmasking },
	 { intx_reaches_the_user_after_a_reset_and_decode_off },
	 { msi_reaches_the_user },
	 { msix_vector_can_be_set_up_and_taken_down },
	 { msix_and_buffers_live_side_by_side },
	 { ioeventfd_writes_to_the_device })
