// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quirks: what a device's vendor does not let the driver export.
 *
 * They limit exports only. The owner reaches a BAR through the device descriptor
 * as with vfio-pci: with that descriptor, it could do as much harm by a reset.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/log2.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/vfio.h>

#include "uapi/dmabuf_vfio_pci.h"
#include "core/quirks.h"

static const struct dvp_quirk dvp_quirks[] = {
#include DVP_QUIRKS_TABLE
};

/* Exclusive. */
static u64 dvp_quirks_end(const struct dvp_quirk *quirk)
{
	return quirk->length ? quirk->offset + quirk->length : U64_MAX;
}

static bool dvp_quirks_overlaps(const struct dvp_quirk *quirk, int bar,
				const struct vfio_region_dma_range *range)
{
	return quirk->bar == bar && range->offset < dvp_quirks_end(quirk) &&
	       range->offset + range->length > quirk->offset;
}

static const char *dvp_quirks_mistake(const struct dvp_quirk *quirk)
{
	if (!quirk->id.vendor)
		return "there is no id";
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

/* For module init: -EINVAL, and a line in the log, for the first mistake of the table. */
int dvp_quirks_check(void)
{
	const char *mistake;
	int i;

	for (i = 0; i < ARRAY_SIZE(dvp_quirks); i++) {
		mistake = dvp_quirks_mistake(&dvp_quirks[i]);
		if (mistake) {
			pr_err("entry %d of the table of quirks: %s\n", i,
			       mistake);
			return -EINVAL;
		}
	}
	return 0;
}

/* The quirk of a device that follows last, or the first one for NULL. NULL at the end. */
const struct dvp_quirk *dvp_quirks_next(struct pci_dev *pdev,
					const struct dvp_quirk *last)
{
	const struct dvp_quirk *quirk = last ? last + 1 : dvp_quirks;

	for (; quirk < dvp_quirks + ARRAY_SIZE(dvp_quirks); quirk++) {
		const struct pci_device_id ids[] = { quirk->id, {} };

		if (pci_match_id(ids, pdev))
			return quirk;
	}
	return NULL;
}

static int dvp_quirks_judge_range(const struct dvp_quirk *quirk, int bar,
				  const struct vfio_region_dma_range *range)
{
	if (!dvp_quirks_overlaps(quirk, bar, range))
		return 0;
	if (quirk->action == DVP_QUIRK_DENY)
		return -EPERM;
	if (quirk->action == DVP_QUIRK_ALIGN &&
	    !IS_ALIGNED(range->offset | range->length, quirk->align))
		return -EINVAL;
	return 0;
}

/*
 * For ranges that dvp_extent_judge() accepted: -EPERM if a quirk denies one, -EINVAL if
 * one is off the grid of a quirk.
 */
int dvp_quirks_judge(struct pci_dev *pdev, int bar,
		     const struct vfio_region_dma_range *ranges, u32 nr)
{
	const struct dvp_quirk *quirk = NULL;
	int ret;
	u32 i;

	while ((quirk = dvp_quirks_next(pdev, quirk))) {
		for (i = 0; i < nr; i++) {
			ret = dvp_quirks_judge_range(quirk, bar, &ranges[i]);
			if (ret)
				return ret;
		}
	}
	return 0;
}

/* Does a quirk forbid write-combining for a buffer of these ranges? */
bool dvp_quirks_uncached(struct pci_dev *pdev, int bar,
			 const struct vfio_region_dma_range *ranges, u32 nr)
{
	const struct dvp_quirk *quirk = NULL;
	u32 i;

	while ((quirk = dvp_quirks_next(pdev, quirk))) {
		for (i = 0; i < nr; i++) {
			if (quirk->action == DVP_QUIRK_UNCACHED &&
			    dvp_quirks_overlaps(quirk, bar, &ranges[i]))
				return true;
		}
	}
	return false;
}

/* Does one quirk deny all of a BAR? */
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

/* Does a quirk limit what may be exported of a device? */
bool dvp_quirks_limit_exports(struct pci_dev *pdev)
{
	const struct dvp_quirk *quirk = NULL;

	while ((quirk = dvp_quirks_next(pdev, quirk))) {
		if (quirk->action != DVP_QUIRK_UNCACHED)
			return true;
	}
	return false;
}
