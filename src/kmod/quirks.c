// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quirks: what must not be exported of devices that the driver's vendor knows.
 *
 * They say what may be lent to others. The owner's own ways to a BAR, through
 * the device descriptor, are those of vfio-pci and have no quirks: whoever has
 * that descriptor could do as much harm by a reset.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/log2.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/vfio.h>

#include "uapi/dmabuf_vfio_pci.h"
#include "options.h"
#include "quirks.h"

static const struct dvp_quirk dvp_quirks[] = {
#include DVP_QUIRKS_TABLE
	{}
};

static bool dvp_quirks_is_end(const struct dvp_quirk *quirk)
{
	return !quirk->id.vendor;
}

static bool dvp_quirks_id_fits(u32 wanted, u32 found)
{
	return wanted == PCI_ANY_ID || wanted == found;
}

static bool dvp_quirks_fits(const struct dvp_quirk *quirk,
			    const struct pci_dev *pdev)
{
	const struct pci_device_id *id = &quirk->id;

	return dvp_quirks_id_fits(id->vendor, pdev->vendor) &&
	       dvp_quirks_id_fits(id->device, pdev->device) &&
	       dvp_quirks_id_fits(id->subvendor, pdev->subsystem_vendor) &&
	       dvp_quirks_id_fits(id->subdevice, pdev->subsystem_device) &&
	       !((id->class ^ pdev->class) & id->class_mask);
}

/* Exclusive. */
static u64 dvp_quirks_end(const struct dvp_quirk *quirk)
{
	return quirk->length ? quirk->offset + quirk->length : U64_MAX;
}

static bool dvp_quirks_overlaps(const struct dvp_quirk *quirk,
				const struct vfio_region_dma_range *range)
{
	return range->offset < dvp_quirks_end(quirk) &&
	       range->offset + range->length > quirk->offset;
}

static const char *dvp_quirks_mistake(const struct dvp_quirk *quirk)
{
	if (quirk->bar < 0 || quirk->bar >= PCI_STD_NUM_BARS)
		return "bar is not 0 to 5";
	if (dvp_quirks_end(quirk) <= quirk->offset)
		return "offset + length overflows";
	if (quirk->action < DVP_QUIRK_DENY || quirk->action > DVP_QUIRK_UNCACHED)
		return "there is no action";
	if (quirk->action == DVP_QUIRK_ALIGN && !is_power_of_2(quirk->align))
		return "align is not a power of two";
	return NULL;
}

/**
 * dvp_quirks_check() - look for mistakes in the table
 *
 * Context: module init.
 *
 * Return: 0; -EINVAL for a table with a mistake, which the log tells.
 */
int dvp_quirks_check(void)
{
	const struct dvp_quirk *quirk;
	const char *mistake;

	for (quirk = dvp_quirks; !dvp_quirks_is_end(quirk); quirk++) {
		mistake = dvp_quirks_mistake(quirk);
		if (!mistake)
			continue;
		pr_err("entry %td of the table of quirks: %s\n",
		       quirk - dvp_quirks, mistake);
		return -EINVAL;
	}
	return 0;
}

/**
 * dvp_quirks_next() - the quirks of a device, one by one
 * @pdev: the device
 * @last: what this gave before, or NULL for the first one
 *
 * Context: any.
 *
 * Return: the next one, NULL for none.
 */
const struct dvp_quirk *dvp_quirks_next(struct pci_dev *pdev,
					const struct dvp_quirk *last)
{
	const struct dvp_quirk *quirk = last ? last + 1 : dvp_quirks;

	for (; !dvp_quirks_is_end(quirk); quirk++) {
		if (dvp_quirks_fits(quirk, pdev))
			return quirk;
	}
	return NULL;
}

static int dvp_quirks_judge_range(const struct dvp_quirk *quirk,
				  const struct vfio_region_dma_range *range)
{
	if (!dvp_quirks_overlaps(quirk, range))
		return 0;
	if (quirk->action == DVP_QUIRK_DENY)
		return -EPERM;
	if (quirk->action == DVP_QUIRK_ALIGN &&
	    !IS_ALIGNED(range->offset | range->length, quirk->align))
		return -EINVAL;
	return 0;
}

/**
 * dvp_quirks_judge() - may ranges be exported
 * @pdev: the device
 * @bar: the BAR
 * @ranges: the ranges, as dvp_range_judge() accepted them
 * @nr: number of them
 *
 * Context: any.
 *
 * Return: 0; -EPERM where one of them is denied, -EINVAL where one is off the
 * grid.
 */
int dvp_quirks_judge(struct pci_dev *pdev, int bar,
		     const struct vfio_region_dma_range *ranges, u32 nr)
{
	const struct dvp_quirk *quirk = NULL;
	int ret;
	u32 i;

	while ((quirk = dvp_quirks_next(pdev, quirk))) {
		if (quirk->bar != bar)
			continue;
		for (i = 0; i < nr; i++) {
			ret = dvp_quirks_judge_range(quirk, &ranges[i]);
			if (ret)
				return ret;
		}
	}
	return 0;
}

/**
 * dvp_quirks_uncached() - must a buffer be mapped uncached
 * @pdev: the device
 * @bar: the BAR
 * @ranges: the ranges, as dvp_range_judge() accepted them
 * @nr: number of them
 *
 * Context: any.
 *
 * Return: whether it must.
 */
bool dvp_quirks_uncached(struct pci_dev *pdev, int bar,
			 const struct vfio_region_dma_range *ranges, u32 nr)
{
	const struct dvp_quirk *quirk = NULL;
	u32 i;

	while ((quirk = dvp_quirks_next(pdev, quirk))) {
		if (quirk->bar != bar || quirk->action != DVP_QUIRK_UNCACHED)
			continue;
		for (i = 0; i < nr; i++) {
			if (dvp_quirks_overlaps(quirk, &ranges[i]))
				return true;
		}
	}
	return false;
}

/**
 * dvp_quirks_deny_bar() - is nothing of a BAR to be exported
 * @pdev: the device
 * @bar: the BAR
 *
 * Context: any.
 *
 * Return: whether one quirk denies all of it.
 */
bool dvp_quirks_deny_bar(struct pci_dev *pdev, int bar)
{
	const struct dvp_quirk *quirk = NULL;

	while ((quirk = dvp_quirks_next(pdev, quirk))) {
		if (quirk->action == DVP_QUIRK_DENY && quirk->bar == bar &&
		    !quirk->offset &&
		    dvp_quirks_end(quirk) >= pci_resource_len(pdev, bar))
			return true;
	}
	return false;
}

/**
 * dvp_quirks_core_exports() - does the core's exporter answer for a device
 * @pdev: the device
 *
 * It knows nothing of quirks, so a device that has one which limits exports is
 * never left to it.
 *
 * Context: any.
 *
 * Return: whether VFIO_DEVICE_FEATURE_DMA_BUF goes to the core now.
 */
bool dvp_quirks_core_exports(struct pci_dev *pdev)
{
	const struct dvp_quirk *quirk = NULL;

	while ((quirk = dvp_quirks_next(pdev, quirk))) {
		if (quirk->action != DVP_QUIRK_UNCACHED)
			return false;
	}
	return dvp_options_core_exports();
}
