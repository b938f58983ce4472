// SPDX-License-Identifier: GPL-2.0-only
/*
 * The group "dmabuf" of each bound device: its state and its counters, one value a
 * file. Its presence says that the device is bound to this driver, whatever name that
 * was built under.
 *
 * Everybody may read the files, so they take no lock that a reset needs. The driver core
 * adds the group after probe and removes it before remove, and waits for readers.
 */
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/sysfs.h>

#include "core/dvp.h"
#include "show/show.h"

static struct dvp_gate *dvp_sysfs_gate(struct device *dev)
{
	return dvp_device_of_pdev(to_pci_dev(dev))->gate;
}

/* Fills text, of DVP_SHOW_CAUSES_LEN characters, with words or "none". */
void dvp_show_causes(char *text, unsigned int causes, char separator)
{
	static const struct {
		enum dvp_cause cause;
		const char *word;
	} words[] = {
		{ DVP_CAUSE_RESET, "reset" },
		{ DVP_CAUSE_LINK_ERROR, "link_error" },
		{ DVP_CAUSE_DECODE_OFF, "decode_off" },
		{ DVP_CAUSE_SLEEP, "sleep" },
		{ DVP_CAUSE_LOW_POWER, "low_power" },
	};
	unsigned int i;
	int len = 0;

	strscpy(text, "none", DVP_SHOW_CAUSES_LEN);
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (!(causes & words[i].cause))
			continue;
		if (len)
			text[len++] = separator;
		len += scnprintf(text + len, DVP_SHOW_CAUSES_LEN - len, "%s",
				 words[i].word);
	}
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

	if (!READ_ONCE(gate->vdev))
		return sysfs_emit(buf, "closed\n");
	return sysfs_emit(buf, READ_ONCE(gate->causes) & DVP_CAUSES_BLOCK ?
			  "blocked\n" : "usable\n");
}
static DEVICE_ATTR_RO(state);

static ssize_t causes_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct dvp_gate *gate = dvp_sysfs_gate(dev);
	char words[DVP_SHOW_CAUSES_LEN];

	dvp_show_causes(words, READ_ONCE(gate->causes), ' ');
	return sysfs_emit(buf, "%s\n", words);
}
static DEVICE_ATTR_RO(causes);

static ssize_t dvp_sysfs_show_counter(struct device *dev,
				      struct device_attribute *attr, char *buf)
{
	struct dev_ext_attribute *ext;

	ext = container_of(attr, struct dev_ext_attribute, attr);
	return sysfs_emit(buf, "%llu\n",
			  dvp_counters_read(dvp_sysfs_gate(dev)->counters,
					    (uintptr_t)ext->var));
}

#define DVP_SYSFS_COUNTER(_name, _counter)				\
	static struct dev_ext_attribute dvp_sysfs_##_name = {		\
		.attr = __ATTR(_name, 0444, dvp_sysfs_show_counter, NULL), \
		.var = (void *)(uintptr_t)(_counter),			\
	}

DVP_SYSFS_COUNTER(exports_live, DVP_EXPORTS_LIVE);
DVP_SYSFS_COUNTER(exports_total, DVP_EXPORTS_TOTAL);
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
	&dev_attr_causes.attr,
	&dvp_sysfs_exports_live.attr.attr,
	&dvp_sysfs_exports_total.attr.attr,
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
