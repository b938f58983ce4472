// SPDX-License-Identifier: GPL-2.0-only
/*
 * The group "dmabuf" of each bound device: its state and its counters, one
 * value a file. That it is there says that the device is bound to this driver,
 * whatever name that was built under.
 *
 * The driver core adds the group after probe, and takes it away before remove;
 * it waits for readers, so these find the device in one piece.
 */
#include <linux/bits.h>
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/sysfs.h>

#include "dvp.h"
#include "show.h"

static struct dvp_gate *dvp_sysfs_gate(struct device *dev)
{
	struct vfio_pci_core_device *vdev = dev_get_drvdata(dev);

	return container_of(vdev, struct dvp_device, vdev)->gate;
}

/**
 * dvp_sysfs_causes() - put causes into words
 * @text: filled with the words
 * @size: size of @text
 * @causes: set of &enum dvp_cause; a mere transition gives no word
 * @separator: what stands between two words
 *
 * Context: any.
 *
 * Return: number of characters.
 */
int dvp_sysfs_causes(char *text, size_t size, unsigned int causes,
		     char separator)
{
	static const struct {
		enum dvp_cause cause;
		const char *word;
	} words[] = {
		{ DVP_CAUSE_RESET, "reset" },
		{ DVP_CAUSE_ERROR, "error" },
		{ DVP_CAUSE_DECODE_OFF, "decode_off" },
		{ DVP_CAUSE_SLEEP, "sleep" },
		{ DVP_CAUSE_LOW_POWER, "low_power" },
		{ DVP_CAUSE_ENDING, "ending" },
	};
	unsigned int i;
	int len = 0;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (!(causes & words[i].cause))
			continue;
		if (len)
			len += scnprintf(text + len, size - len, "%c",
					 separator);
		len += scnprintf(text + len, size - len, "%s", words[i].word);
	}
	return len;
}

static ssize_t format_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%d\n", DVP_SHOW_FORMAT);
}
static DEVICE_ATTR_RO(format);

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct dvp_gate *gate = dvp_sysfs_gate(dev);
	unsigned int causes;
	char words[80];
	bool open;

	mutex_lock(&gate->lock);
	open = gate->open;
	causes = gate->causes;
	mutex_unlock(&gate->lock);

	if (!open)
		return sysfs_emit(buf, "closed\n");
	if (!dvp_sysfs_causes(words, sizeof(words), causes, ' '))
		return sysfs_emit(buf, "usable\n");
	return sysfs_emit(buf, "%s\n", words);
}
static DEVICE_ATTR_RO(state);

static ssize_t dvp_sysfs_show_counter(struct device *dev,
				      struct device_attribute *attr, char *buf)
{
	struct dev_ext_attribute *ext;

	ext = container_of(attr, struct dev_ext_attribute, attr);
	return sysfs_emit(buf, "%llu\n",
			  dvp_counters_read(dvp_sysfs_gate(dev),
					    (uintptr_t)ext->var));
}

#define DVP_SYSFS_COUNTER(_name, _counter)				\
	static struct dev_ext_attribute dvp_sysfs_##_name = {		\
		.attr = __ATTR(_name, 0444, dvp_sysfs_show_counter, NULL), \
		.var = (void *)(uintptr_t)(_counter),			\
	}

DVP_SYSFS_COUNTER(exports_live, DVP_EXPORTS_LIVE);
DVP_SYSFS_COUNTER(exports_total, DVP_EXPORTS_TOTAL);
DVP_SYSFS_COUNTER(bar_mmaps_live, DVP_BAR_MMAPS_LIVE);
DVP_SYSFS_COUNTER(bar_mmaps_total, DVP_BAR_MMAPS_TOTAL);
DVP_SYSFS_COUNTER(mappings_live, DVP_MAPPINGS_LIVE);
DVP_SYSFS_COUNTER(mappings_total, DVP_MAPPINGS_TOTAL);
DVP_SYSFS_COUNTER(imports_live, DVP_IMPORTS_LIVE);
DVP_SYSFS_COUNTER(imports_total, DVP_IMPORTS_TOTAL);
DVP_SYSFS_COUNTER(faults_total, DVP_FAULTS);
DVP_SYSFS_COUNTER(refused_total, DVP_REFUSED);
DVP_SYSFS_COUNTER(revokes_total, DVP_REVOKES);
DVP_SYSFS_COUNTER(blocks_total, DVP_BLOCKS);
DVP_SYSFS_COUNTER(restores_total, DVP_RESTORES);

static struct attribute *dvp_sysfs_attrs[] = {
	&dev_attr_format.attr,
	&dev_attr_state.attr,
	&dvp_sysfs_exports_live.attr.attr,
	&dvp_sysfs_exports_total.attr.attr,
	&dvp_sysfs_bar_mmaps_live.attr.attr,
	&dvp_sysfs_bar_mmaps_total.attr.attr,
	&dvp_sysfs_mappings_live.attr.attr,
	&dvp_sysfs_mappings_total.attr.attr,
	&dvp_sysfs_imports_live.attr.attr,
	&dvp_sysfs_imports_total.attr.attr,
	&dvp_sysfs_faults_total.attr.attr,
	&dvp_sysfs_refused_total.attr.attr,
	&dvp_sysfs_revokes_total.attr.attr,
	&dvp_sysfs_blocks_total.attr.attr,
	&dvp_sysfs_restores_total.attr.attr,
	NULL,
};

static const struct attribute_group dvp_sysfs_group = {
	.name	= "dmabuf",
	.attrs	= dvp_sysfs_attrs,
};

const struct attribute_group *dvp_sysfs_groups[] = {
	&dvp_sysfs_group,
	NULL,
};
