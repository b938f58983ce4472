// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that can only be reset together. One of them that waits for an importer
 * may hold up the others of its set, and nobody else.
 */
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dvt_call.h"
#include "dvt_import.h"
#include "dvt_param.h"

#define PAUSE_US 50000

static int binder(int sock, void *arg)
{
	(void)sock;
	return dvl_sysfs_bind(arg, DVL_DRIVER) ? 1 : 0;
}

/* A set of devices of which one waits for its importer in its last close. */
static void duo_start(struct dvt_import *import, struct dvt_call *call,
		      struct dvl_device *dev)
{
	import->fd = dvt_export(dev, DVT_IMPORT_BAR, 0, DVT_IMPORT_LEN, O_RDWR);
	dvt_peer_open(&import->peer, dvt_bdf("DVP_BDF_PEER"));
	ck_assert_int_eq(dvt_peer_attach_slow(&import->peer, import->fd,
					      DVP_PEER_NEVER, 0), 0);
	ck_assert_int_eq(dvt_peer_map(&import->peer, DVP_PEER_BIDIRECTIONAL),
			 0);
	dvt_call_start(call, DVT_CALL_CLOSE, dev, import->fd);
	dvt_peer_wait_notified(&import->peer, 1);
}

/* Whoever is bound in such a set waits; in other sets nobody does. */
START_TEST(other_devices_live_while_one_is_bound_beside_a_stuck_one)
{
	char *duo0 = (char *)dvt_bdf("DVP_BDF_DUO0");
	char *duo1 = (char *)dvt_bdf("DVP_BDF_DUO1");
	const char *plug = dvt_bdf("DVP_BDF_PLUG");
	struct vfio_pci_hot_reset nothing = {};
	struct dvl_device dev, other;
	struct dvt_child child;
	struct dvt_import import;
	struct dvt_call call;

	if (!duo0 || !duo1 || !plug || !dvt_bdf("DVP_BDF_PEER"))
		dvt_skip("no devices for it");
	dvt_open(&dev, duo0);
	if (!(dvt_caps(&dev) & DMABUF_VFIO_PCI_CAP_DMA_IMPORT))
		dvt_skip("nobody can import on this kernel");
	if (!dvt_bridge_is_known())
		dvt_param_set("p2p", "force");
	ck_assert_int_eq(dvl_sysfs_unbind(duo1), 0);
	duo_start(&import, &call, &dev);
	dvt_child_fork(&child, 0, binder, duo1);
	while (dvt_task_state(child.pid) != 'D')
		usleep(PAUSE_US);

	dvt_open_or_skip(&other, "DVP_BDF");
	ck_assert_int_eq(ioctl(other.fd, VFIO_DEVICE_PCI_HOT_RESET, &nothing),
			 -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(dvl_sysfs_unbind(plug), 0);
	dvt_bind(plug, DVL_DRIVER);

	dvt_call_assert_waits(&call);
	ck_assert_int_eq(dvt_peer_unmap(&import.peer), 0);
	ck_assert_int_eq(dvt_call_end(&call), 0);
	dvt_child_stop(&child);
}
END_TEST

DVT_MAIN_PARAM("import_set",
	       { other_devices_live_while_one_is_bound_beside_a_stuck_one })
