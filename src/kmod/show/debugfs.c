// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs: a directory for each bound device, below one with the driver's name.
 *
 * The files exist until nobody has the device open any more, also while it is being
 * unbound, when the question is who still holds it. debugfs keeps a file's device while
 * it is being read, and fails later reads. Readers take no lock that an importer may
 * hold.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/seq_file.h>

#include "core/params.h"
#include "cpu/cpu.h"
#include "dma/dma.h"
#include "show/show.h"

static struct dentry *dvp_debugfs_root;

static int device_show(struct seq_file *m, void *data)
{
	struct dvp_device *dvdev = m->private;
	struct dvp_gate *gate = dvdev->gate;

	seq_printf(m, "format %d\n", DVP_SHOW_FORMAT);
	seq_printf(m, "device name=%s driver=%s version=%s open=%d session=%u",
		   pci_name(gate->pdev), DVP_NAME, DVP_VERSION,
		   !!READ_ONCE(gate->vdev), READ_ONCE(gate->session));
	seq_printf(m, " p2p=%s feature_dma_buf=%s huge=%d wc=%d import=%d\n",
		   dvp_params_p2p_words[dvp_params_p2p()],
		   dvp_params_exporter_words[dvp_params_exporter()],
		   dvp_huge_enabled(), dvp_mmap_has_wc(), dvp_dma_can_import());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(device);

static int regions_show(struct seq_file *m, void *data)
{
	seq_printf(m, "format %d\n", DVP_SHOW_FORMAT);
	dvp_regions_show(m, m->private);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(regions);

/* Without the directory everything works but what is shown in it. */
void dvp_debugfs_init(void)
{
	dvp_debugfs_root = debugfs_create_dir(DVP_NAME, NULL);
}

void dvp_debugfs_exit(void)
{
	debugfs_remove(dvp_debugfs_root);
}

/* Returns what debugfs_remove() wants, which waits for readers. */
struct dentry *dvp_debugfs_add(struct dvp_device *dvdev)
{
	struct dentry *dir;

	dir = debugfs_create_dir(pci_name(dvdev->vdev.pdev), dvp_debugfs_root);
	debugfs_create_file("device", 0400, dir, dvdev, &device_fops);
	debugfs_create_file("exports", 0400, dir, dvdev, &dvp_exports_fops);
	debugfs_create_file("regions", 0400, dir, dvdev, &regions_fops);
	return dir;
}
