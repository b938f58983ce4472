// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vfio-pci variant driver whose BARs can be exported as dma-bufs that other
 * processes mmap(), and revoked at any moment.
 *
 * Every operation is the core's unless it is named dvp_ below: those are all that this
 * driver changes. Nothing binds by itself; an administrator picks devices through
 * driver_override.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/pci.h>

#include "core/params.h"
#include "core/quirks.h"
#include "dma/dma.h"
#include "export.h"
#include "show/show.h"
#include "user/user.h"

static bool enable_sriov;
#ifdef CONFIG_PCI_IOV
module_param(enable_sriov, bool, 0644);
MODULE_PARM_DESC(enable_sriov,
		 "Let sysfs create VFs of a bound PF. Without a user-space PF driver the VFs, or the PF, may not work.");
#endif

/* As vfio_pci_probe() in drivers/vfio/pci/vfio_pci.c: the core's buffers beside ours. */
static void dvp_main_enable_core_exporter(struct vfio_pci_core_device *vdev)
{
#ifdef DVP_HAVE_CORE_EXPORTER
	static const struct vfio_pci_device_ops ops = {
		.get_dmabuf_phys = vfio_pci_core_get_dmabuf_phys,
	};

	vdev->pci_ops = &ops;
#endif
}

static int dvp_main_init_dev(struct vfio_device *core_vdev)
{
	struct dvp_device *dvdev = dvp_device_of(core_vdev);
	int ret;

	dvdev->gate = dvp_gate_create(to_pci_dev(core_vdev->dev));
	if (!dvdev->gate)
		return -ENOMEM;

	dvp_params_latch(&dvdev->vdev);
	dvp_main_enable_core_exporter(&dvdev->vdev);
	ret = vfio_pci_core_init_dev(core_vdev);
	if (ret)
		dvp_gate_put(dvdev->gate);
	return ret;
}

/* On some kernels the core's release frees the device, so it comes last. */
static void dvp_main_release_dev(struct vfio_device *core_vdev)
{
	dvp_gate_put(dvp_device_of(core_vdev)->gate);
	vfio_pci_core_release_dev(core_vdev);
}

static const struct vfio_device_ops dvp_main_ops = {
	.name		= DVP_NAME,
	.init		= dvp_main_init_dev,
	.release	= dvp_main_release_dev,
	.open_device	= dvp_events_open,
	.close_device	= dvp_events_close,
	.ioctl		= vfio_pci_core_ioctl,
	.device_feature	= dvp_feature,
	.read		= vfio_pci_core_read,
	.write		= dvp_config_write,
	.mmap		= dvp_export_mmap_bar,
	.request	= vfio_pci_core_request,
	.match		= vfio_pci_core_match,
	DVP_VFIO_OPS_REGION_INFO
	DVP_VFIO_OPS_TOKEN
	DVP_VFIO_OPS_IOMMUFD
	DVP_VFIO_OPS_IOMMUFD_DETACH
	DVP_VFIO_OPS_IOMMUFD_PASID
};

static int dvp_main_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct dvp_device *dvdev;
	int ret;

	if (dvp_ids_denied(pdev))
		return -EINVAL;

	dvdev = vfio_alloc_device(dvp_device, vdev.vdev, &pdev->dev,
				  &dvp_main_ops);
	if (IS_ERR(dvdev))
		return PTR_ERR(dvdev);

	dev_set_drvdata(&pdev->dev, &dvdev->vdev);
	dvdev->debugfs = dvp_debugfs_add(dvdev);
	ret = vfio_pci_core_register_device(&dvdev->vdev);
	if (ret) {
		debugfs_remove(dvdev->debugfs);
		vfio_put_device(&dvdev->vdev.vdev);
	}
	return ret;
}

static void dvp_main_remove(struct pci_dev *pdev)
{
	struct dvp_device *dvdev = dvp_device_of_pdev(pdev);

	dvp_events_unregister(dvdev);
	debugfs_remove(dvdev->debugfs);
	vfio_put_device(&dvdev->vdev.vdev);
}

static int dvp_main_sriov_configure(struct pci_dev *pdev, int nr_virtfn)
{
	struct dvp_device *dvdev = dvp_device_of_pdev(pdev);

	if (!enable_sriov)
		return -ENOENT;
	return vfio_pci_core_sriov_configure(&dvdev->vdev, nr_virtfn);
}

/*
 * Empty unless the module is built with VFIO_PCI_IDS. By an entry, tools that look for a
 * VFIO driver find this one; it binds nothing by itself.
 */
static const struct pci_device_id dvp_main_ids[] = {
	DVP_PCI_IDS
	{}
};
MODULE_DEVICE_TABLE(pci, dvp_main_ids);

static struct pci_driver dvp_main_driver = {
	.name			= DVP_NAME,
	.id_table		= dvp_main_ids,
	.probe			= dvp_main_probe,
	.remove			= dvp_main_remove,
	.sriov_configure	= dvp_main_sriov_configure,
	.err_handler		= &dvp_events_err_handlers,
	.dev_groups		= dvp_sysfs_groups,
	.driver_managed_dma	= true,
};

static int __init dvp_main_init(void)
{
	int ret;

	ret = dvp_quirks_check();
	if (ret)
		return ret;
	ret = dvp_drain_create();
	if (ret)
		return ret;

	dvp_debugfs_init();
	ret = dvp_ids_register(&dvp_main_driver);
	if (ret) {
		dvp_debugfs_exit();
		dvp_drain_destroy();
	}
	return ret;
}
module_init(dvp_main_init);

static void __exit dvp_main_exit(void)
{
	pci_unregister_driver(&dvp_main_driver);
	dvp_debugfs_exit();
	dvp_drain_destroy();
}
module_exit(dvp_main_exit);

MODULE_DESCRIPTION("VFIO PCI with mmap-able, revocable dma-buf export of BARs");
MODULE_AUTHOR("The dmabuf-vfio-pci developers");
MODULE_LICENSE("GPL");
MODULE_VERSION(DVP_VERSION);
/* By this, tools find modules of the family that are not loaded. */
MODULE_INFO(dmabuf_vfio_pci, __stringify(DVP_SHOW_FORMAT));
DVP_IMPORT_NS_DMA_BUF;
