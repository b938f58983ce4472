/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the driver tells of its devices: to everybody in sysfs, to root in
 * debugfs. Both are interfaces, of the version DVP_SHOW_FORMAT: things are
 * added, and what is there keeps its meaning.
 */
#ifndef DVP_SHOW_H
#define DVP_SHOW_H

#include <linux/err.h>
#include <linux/types.h>

struct attribute_group;
struct dentry;
struct dvp_device;
struct seq_file;

#define DVP_SHOW_FORMAT	1

/* sysfs.c */
extern const struct attribute_group *dvp_sysfs_groups[];
int dvp_sysfs_causes(char *text, size_t size, unsigned int causes,
		     char separator);

/* debugfs_exports.c, debugfs_regions.c */
extern const struct file_operations dvp_debugfs_exports_fops;
void dvp_debugfs_regions(struct seq_file *m, struct dvp_device *dvdev);

/* debugfs.c */
#ifdef CONFIG_DEBUG_FS
void dvp_debugfs_init(void);
void dvp_debugfs_exit(void);
struct dentry *dvp_debugfs_add(struct dvp_device *dvdev);
void dvp_debugfs_remove(struct dentry *dir);
#else
static inline void dvp_debugfs_init(void)
{
}

static inline void dvp_debugfs_exit(void)
{
}

static inline struct dentry *dvp_debugfs_add(struct dvp_device *dvdev)
{
	return NULL;
}

static inline void dvp_debugfs_remove(struct dentry *dir)
{
}
#endif

#endif /* DVP_SHOW_H */
