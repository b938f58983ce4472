/* SPDX-License-Identifier: GPL-2.0-only */
/* How VFIO asks the user of a device to close it, and tells of errors. */
#ifndef DVT_REQUEST_H
#define DVT_REQUEST_H

#include <sys/eventfd.h>

#include "dvt.h"

int dvt_request_eventfd(const struct dvl_device *dev);
int dvt_error_eventfd(const struct dvl_device *dev);

#endif /* DVT_REQUEST_H */
