// SPDX-License-Identifier: GPL-2.0-only
/* The addresses of a BAR in the hands of somebody else. */
#include <linux/ioport.h>
#include <linux/mutex.h>

#include "dvp_importer.h"
#include "importer.h"

static DEFINE_MUTEX(claim_lock);	/* both below */
static struct resource *claimed;
static struct file *claimer;

/**
 * dvp_importer_claim() - claim addresses until a file is released
 * @file: which
 * @claim: the addresses
 *
 * Return: 0, or -EBUSY where they, or the one claim, are taken.
 */
int dvp_importer_claim(struct file *file,
		       const struct dvp_importer_claim *claim)
{
	int ret = -EBUSY;

	mutex_lock(&claim_lock);
	if (!claimed) {
		claimed = request_mem_region(claim->start, claim->len,
					     "dvp-importer");
		claimer = file;
		ret = claimed ? 0 : -EBUSY;
	}
	mutex_unlock(&claim_lock);
	return ret;
}

/**
 * dvp_importer_unclaim() - give back what a file has claimed, if anything
 * @file: which
 */
void dvp_importer_unclaim(struct file *file)
{
	mutex_lock(&claim_lock);
	if (claimed && claimer == file) {
		release_mem_region(claimed->start, resource_size(claimed));
		claimed = NULL;
	}
	mutex_unlock(&claim_lock);
}
