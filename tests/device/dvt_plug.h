/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taking a device away, in all the ways that there are, and bringing it back.
 */
#ifndef DVT_PLUG_H
#define DVT_PLUG_H

#include "dvt_monitor.h"

/**
 * enum dvt_way - how a device leaves
 * @DVT_BY_UNBIND: it is taken from its driver
 * @DVT_BY_REMOVE: the kernel forgets it
 * @DVT_BY_SLOT: the slot's power is switched off, by the kernel
 * @DVT_BY_UNPLUG: somebody asks for it at the computer, and waits
 * @DVT_BY_PULL: it is gone before anybody could say a word
 * @DVT_NR_WAYS: number of them
 */
enum dvt_way {
	DVT_BY_UNBIND,
	DVT_BY_REMOVE,
	DVT_BY_SLOT,
	DVT_BY_UNPLUG,
	DVT_BY_PULL,
	DVT_NR_WAYS
};

/* All but the last ask first. */
#define DVT_NR_ASKING DVT_BY_PULL

/**
 * struct dvt_plug - a device that leaves
 * @way: how
 * @mon: the monitor
 * @bdf: the device's address
 * @port: that of the port above it
 * @id: its name in QEMU
 * @child: waits for the kernel, where it is the kernel that is asked
 */
struct dvt_plug {
	enum dvt_way way;
	struct dvt_monitor mon;
	char bdf[16];
	char port[16];
	char id[32];
	struct dvt_child child;
};

const char *dvt_plug_prepare(struct dvt_plug *plug, const char *role,
			     enum dvt_way way);

/*
 * Gets everything ready to take out the device that plays @role, which is a
 * BAR of plain memory, or skips the test where that cannot be done.
 */
#define dvt_plug_or_skip(plug, role, way)				\
	do {								\
		const char *why_ = dvt_plug_prepare(plug, role, way);	\
									\
		if (why_)						\
			dvt_skip("%s", why_);				\
	} while (0)

/* Begins, and does not wait; the device may be in use. */
void dvt_plug_out(struct dvt_plug *plug);
/* Nobody has been told that it is over. */
void dvt_plug_assert_waits(const struct dvt_plug *plug);
/* Waits until the driver, the kernel or the slot has let go of it. */
void dvt_plug_wait_out(struct dvt_plug *plug);
/* Brings it back, to the same address, and binds it. */
void dvt_plug_in(struct dvt_plug *plug);
void dvt_plug_end(struct dvt_plug *plug);

#endif /* DVT_PLUG_H */
