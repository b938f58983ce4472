// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs: a directory for each bound device, below one with the driver's name.
 *
 * The files are there until nobody has the device open any more, also while it
 * is being unbound, when who still holds it is the question. debugfs keeps a
 * file's device from going while it is being read, and fails later reads.
 * Readers take no lock that an importer may keep.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/seq_file.h>

#include "dvp.h"
#include "options.h"
#include "quirks.h"
#include "show.h"
#include "vma.h"

static struct dentry *dvp_debugfs_root;

static void dvp_debugfs_device(struct seq_file *m, struct dvp_device *dvdev)
{
	static const char *const p2p[] = {
		[DVP_P2P_AUTO]	= "auto",
		[DVP_P2P_FORCE]	= "force",
		[DVP_P2P_OFF]	= "off",
	};
	struct pci_dev *pdev = dvdev->vdev.pdev;
	struct dvp_gate *gate = dvdev->gate;

	mutex_lock(&gate->lock);
	seq_printf(m, "device name=%s driver=%s version=%s open=%d session=%u",
		   pci_name(pdev), DVP_NAME, DVP_VERSION, gate->open,
		   gate->session);
	mutex_unlock(&gate->lock);
	seq_printf(m, " p2p=%s feature_dma_buf=%s huge=%d wc=%d import=%d\n",
		   p2p[dvp_options_p2p()],
		   dvp_quirks_core_exports(pdev) ? "core" : "own",
		   dvp_vma_has_huge(), dvp_vma_has_wc(), dvp_dma_can_import());
}

static int device_show(struct seq_file *m, void *data)
{
	seq_printf(m, "format %d\n", DVP_SHOW_FORMAT);
	dvp_debugfs_device(m, m->private);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(device);

static int regions_show(struct seq_file *m, void *data)
{
	seq_printf(m, "format %d\n", DVP_SHOW_FORMAT);
	dvp_debugfs_regions(m, m->private);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(regions);

/**
 * dvp_debugfs_init() - make the driver's directory
 *
 * Without it everything works but what is shown in it.
 *
 * Context: module init.
 */
void dvp_debugfs_init(void)
{
	dvp_debugfs_root = debugfs_create_dir(DVP_NAME, NULL);
}

/**
 * dvp_debugfs_exit() - take it away
 *
 * Context: module init or exit; no device is bound.
 */
void dvp_debugfs_exit(void)
{
	debugfs_remove(dvp_debugfs_root);
}

/**
 * dvp_debugfs_add() - show a device
 * @dvdev: the device
 *
 * Context: probe.
 *
 * Return: what dvp_debugfs_remove() wants; never fails in a way that matters.
 */
struct dentry *dvp_debugfs_add(struct dvp_device *dvdev)
{
	struct dentry *dir;

	dir = debugfs_create_dir(pci_name(dvdev->vdev.pdev), dvp_debugfs_root);
	debugfs_create_file("device", 0400, dir, dvdev, &device_fops);
	debugfs_create_file("exports", 0400, dir, dvdev,
			    &dvp_debugfs_exports_fops);
	debugfs_create_file("regions", 0400, dir, dvdev, &regions_fops);
	return dir;
}

/**
 * dvp_debugfs_remove() - show a device no more
 * @dir: what dvp_debugfs_add() gave
 *
 * Waits for who is reading.
 *
 * Context: process context, may sleep; no lock of ours held.
 */
void dvp_debugfs_remove(struct dentry *dir)
{
	debugfs_remove(dir);
}
