/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the driver shows of its devices: to everybody in sysfs, to root in debugfs. Both
 * are interfaces, of version DVP_SHOW_FORMAT: within it things are added, and what is
 * there keeps its meaning.
 */
#ifndef DVP_SHOW_H
#define DVP_SHOW_H

#include <linux/types.h>

struct attribute_group;
struct dentry;
struct dvp_device;
struct seq_file;

#define DVP_SHOW_FORMAT	2

/* Room for all words of dvp_show_causes(). */
#define DVP_SHOW_CAUSES_LEN	64

/* sysfs.c */
extern const struct attribute_group *dvp_sysfs_groups[];
void dvp_show_causes(char *text, unsigned int causes, char separator);

/* exports.c, regions.c */
extern const struct file_operations dvp_exports_fops;
void dvp_regions_show(struct seq_file *m, struct dvp_device *dvdev);

/* debugfs.c */
void dvp_debugfs_init(void);
void dvp_debugfs_exit(void);
struct dentry *dvp_debugfs_add(struct dvp_device *dvdev);

#endif /* DVP_SHOW_H */
