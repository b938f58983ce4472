// SPDX-License-Identifier: GPL-2.0-only
/* Other devices cannot attach to a buffer, and learn so without a noise. */
#include <errno.h>
#include <sys/ioctl.h>

#include "dvt_importer.h"

enum { STATIC, DYNAMIC, NR_KINDS };

static int attach(int importer, int fd, int dynamic)
{
	struct dvp_importer_attach arg = {
		.dmabuf_fd = fd, .dynamic = dynamic,
	};

	return ioctl(importer, DVP_IMPORTER_ATTACH, &arg) ? -errno : 0;
}

START_TEST(attach_is_refused_with_eopnotsupp)
{
	struct dvt_traces before;
	struct dvl_device dev;
	int importer, fd, log;
	void *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	ck_assert_int_eq(dvt_caps(&dev) & DMABUF_VFIO_PCI_CAP_DMA_IMPORT, 0);
	fd = dvt_export(&dev, 2, 0, DVT_MIB, O_RDWR);
	map = dvt_map(fd, DVT_MIB, PROT_READ | PROT_WRITE);
	log = dvt_log_mark();
	dvt_traces_take(&before);
	ck_assert_int_eq(attach(importer, fd, _i == DYNAMIC), -EOPNOTSUPP);
	dvt_traces_assert_same(&before);
	dvt_log_assert_silent(log);
	dvt_assert_usable(map);
}
END_TEST

DVT_MAIN("attach",
	 { attach_is_refused_with_eopnotsupp, NR_KINDS })
