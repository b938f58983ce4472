// SPDX-License-Identifier: GPL-2.0-only
/* What VFIO has to say of a device; see dvt_request.h. */
#include <sys/ioctl.h>

#include "dvt_request.h"

static int eventfd_of(const struct dvl_device *dev, uint32_t index)
{
	struct {
		struct vfio_irq_set set;
		int32_t fd;
	} arg = {
		.set.argsz = sizeof(arg),
		.set.flags = VFIO_IRQ_SET_DATA_EVENTFD |
			     VFIO_IRQ_SET_ACTION_TRIGGER,
		.set.index = index,
		.set.count = 1,
		.fd = eventfd(0, EFD_CLOEXEC),
	};

	ck_assert_int_ge(arg.fd, 0);
	ck_assert_int_eq(ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, &arg), 0);
	return arg.fd;
}

/**
 * dvt_request_eventfd() - be told when the device is wanted
 * @dev: an open device
 *
 * Return: an eventfd, signalled by whoever wants the device to be closed.
 */
int dvt_request_eventfd(const struct dvl_device *dev)
{
	return eventfd_of(dev, VFIO_PCI_REQ_IRQ_INDEX);
}

/**
 * dvt_error_eventfd() - be told when the link of the device is in error
 * @dev: an open device
 *
 * Return: an eventfd, signalled for each error that is not corrected.
 */
int dvt_error_eventfd(const struct dvl_device *dev)
{
	return eventfd_of(dev, VFIO_PCI_ERR_IRQ_INDEX);
}
