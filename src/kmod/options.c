// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module parameters that can be changed at any time, most of them one word out of
 * a few. They are looked at where they matter; what exists by then stays.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "core_exporter.h"
#include "options.h"

/**
 * struct dvp_choice - a parameter
 * @words: what can be written
 * @nr_words: number of them
 * @chosen: index of the one that holds
 */
struct dvp_choice {
	const char *const *words;
	size_t nr_words;
	int chosen;
};

static int dvp_choice_set(const char *val, const struct kernel_param *kp)
{
	struct dvp_choice *choice = kp->arg;
	int i = __sysfs_match_string(choice->words, choice->nr_words, val);

	if (i < 0)
		return i;
	WRITE_ONCE(choice->chosen, i);
	return 0;
}

static int dvp_choice_get(char *buffer, const struct kernel_param *kp)
{
	const struct dvp_choice *choice = kp->arg;

	return sysfs_emit(buffer, "%s\n",
			  choice->words[READ_ONCE(choice->chosen)]);
}

static const struct kernel_param_ops dvp_choice_ops = {
	.set = dvp_choice_set,
	.get = dvp_choice_get,
};

static const char *const dvp_options_p2p_words[] = {
	[DVP_P2P_AUTO]	= "auto",
	[DVP_P2P_FORCE]	= "force",
	[DVP_P2P_OFF]	= "off",
};

static struct dvp_choice dvp_options_p2p_choice = {
	.words		= dvp_options_p2p_words,
	.nr_words	= ARRAY_SIZE(dvp_options_p2p_words),
};
module_param_cb(p2p, &dvp_choice_ops, &dvp_options_p2p_choice, 0644);
MODULE_PARM_DESC(p2p,
		 "Peer-to-peer DMA by other devices: auto (default) where the kernel knows a route, force also where it does not, off.");

static const char *const dvp_options_exporter_words[] = { "own", "core" };

static struct dvp_choice dvp_options_exporter_choice = {
	.words		= dvp_options_exporter_words,
	.nr_words	= ARRAY_SIZE(dvp_options_exporter_words),
};
module_param_cb(feature_dma_buf, &dvp_choice_ops,
		&dvp_options_exporter_choice, 0644);
MODULE_PARM_DESC(feature_dma_buf,
		 "Who answers VFIO_DEVICE_FEATURE_DMA_BUF: own (default), or core, the kernel's exporter, where it has one, for iommufd.");

static bool huge = true;
module_param(huge, bool, 0644);
MODULE_PARM_DESC(huge,
		 "Map memory by entries of 2 MiB and 1 GiB where the kernel has them (default). Linux 7.2 with CONFIG_NUMA needs it off: a mapping's owner can crash it by mbind().");

/**
 * dvp_options_huge() - the parameter huge
 *
 * Context: any.
 *
 * Return: its value now.
 */
bool dvp_options_huge(void)
{
	return READ_ONCE(huge);
}

/**
 * dvp_options_p2p() - the parameter p2p
 *
 * Context: any.
 *
 * Return: its value now.
 */
enum dvp_p2p dvp_options_p2p(void)
{
	return READ_ONCE(dvp_options_p2p_choice.chosen);
}

/**
 * dvp_options_core_exports() - the parameter feature_dma_buf
 *
 * Context: any.
 *
 * Return: whether VFIO_DEVICE_FEATURE_DMA_BUF goes to the core's exporter now;
 * never where it has none.
 */
bool dvp_options_core_exports(void)
{
	return dvp_core_exporter_exists() &&
	       READ_ONCE(dvp_options_exporter_choice.chosen);
}
