/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_COMPAT_LINUX_EVENTFD_H
#define DVP_COMPAT_LINUX_EVENTFD_H

#include_next <linux/eventfd.h>

#ifndef DVP_HAVE_EVENTFD_SIGNAL_PLAIN
#define eventfd_signal(ctx)	eventfd_signal(ctx, 1)
#endif

#endif /* DVP_COMPAT_LINUX_EVENTFD_H */
