// SPDX-License-Identifier: GPL-2.0-only
/*
 * A variant of vfio-pci whose BARs can be exported as dma-bufs that other
 * processes mmap(), and taken back at any moment.
 *
 * Every operation is the core's unless it is named dvp_ below: those are all
 * that this driver changes. Nothing binds by itself; an administrator picks
 * devices through driver_override.
 */
#include <linux/module.h>
#include <linux/pci.h>

#include "core_exporter.h"
#include "dvp.h"
#include "params.h"
#include "quirks.h"
#include "show.h"

static bool enable_sriov;
#ifdef CONFIG_PCI_IOV
module_param(enable_sriov, bool, 0644);
MODULE_PARM_DESC(enable_sriov,
		 "Let sysfs create VFs of a bound PF. Without a user-space PF driver the VFs, or the PF, may not work.");
#endif

static int dvp_main_init_dev(struct vfio_device *core_vdev)
{
	struct dvp_device *dvdev = dvp_device_of(core_vdev);
	int ret;

	dvdev->gate = dvp_gate_create(to_pci_dev(core_vdev->dev));
	if (!dvdev->gate)
		return -ENOMEM;
	mutex_init(&dvdev->transition_lock);
	INIT_LIST_HEAD(&dvdev->node);

	dvp_params_latch(&dvdev->vdev);
	dvp_core_exporter_enable(&dvdev->vdev);
	ret = vfio_pci_core_init_dev(core_vdev);
	if (ret)
		dvp_gate_put(dvdev->gate);
	return ret;
}

/* On some kernels the core's release frees the device, so it comes last. */
static void dvp_main_release_dev(struct vfio_device *core_vdev)
{
	struct dvp_device *dvdev = dvp_device_of(core_vdev);

	mutex_destroy(&dvdev->transition_lock);
	dvp_gate_put(dvdev->gate);
	vfio_pci_core_release_dev(core_vdev);
}

static const struct vfio_device_ops dvp_main_ops = {
	.name		= DVP_NAME,
	.init		= dvp_main_init_dev,
	.release	= dvp_main_release_dev,
	.open_device	= dvp_hooks_open,
	.close_device	= dvp_hooks_close,
	.ioctl		= dvp_hooks_ioctl,
	.device_feature	= dvp_feature,
	.read		= vfio_pci_core_read,
	.write		= dvp_transition_write,
	.mmap		= dvp_buffer_mmap_bar,
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
	ret = dvp_hooks_register(dvdev);
	if (ret) {
		dvp_debugfs_remove(dvdev->debugfs);
		vfio_put_device(&dvdev->vdev.vdev);
	}
	return ret;
}

static void dvp_main_remove(struct pci_dev *pdev)
{
	struct dvp_device *dvdev = container_of(dev_get_drvdata(&pdev->dev),
						struct dvp_device, vdev);

	dvp_hooks_unregister(dvdev);
	dvp_debugfs_remove(dvdev->debugfs);
	vfio_put_device(&dvdev->vdev.vdev);
}

static int dvp_main_sriov_configure(struct pci_dev *pdev, int nr_virtfn)
{
	if (!enable_sriov)
		return -ENOENT;
	return dvp_hooks_sriov_configure(pdev, nr_virtfn);
}

/*
 * Empty unless the module is built with VFIO_PCI_IDS: an entry makes tools
 * that look for a VFIO driver find this one, and binds nothing by itself.
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
	.err_handler		= &dvp_hooks_err_handlers,
	.dev_groups		= dvp_sysfs_groups,
	.driver_managed_dma	= true,
};

static int __init dvp_main_init(void)
{
	int ret;

	ret = dvp_quirks_check();
	if (ret)
		return ret;
	ret = dvp_hooks_init();
	if (ret)
		return ret;

	dvp_debugfs_init();
	ret = dvp_ids_register(&dvp_main_driver);
	if (ret) {
		dvp_debugfs_exit();
		dvp_hooks_exit();
	}
	return ret;
}
module_init(dvp_main_init);

static void __exit dvp_main_exit(void)
{
	pci_unregister_driver(&dvp_main_driver);
	dvp_debugfs_exit();
	dvp_hooks_exit();
}
module_exit(dvp_main_exit);

MODULE_DESCRIPTION("VFIO PCI with mmap-able, revocable dma-buf export of BARs");
MODULE_AUTHOR("The dmabuf-vfio-pci developers");
MODULE_LICENSE("GPL");
MODULE_VERSION(DVP_VERSION);
/* By this, tools find modules of the family that are not loaded. */
MODULE_INFO(dmabuf_vfio_pci, __stringify(DVP_SHOW_FORMAT));
DVP_IMPORT_NS_DMA_BUF;
