/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A system that is made up, as a tree of files that the tool looks at in place of this
 * one's.
 */
#ifndef DVT_TREE_H
#define DVT_TREE_H

/* Where it is. */
extern char dvt_tree[32];

void dvt_tree_make(void);
void dvt_tree_put(const char *path, const char *text);
void dvt_tree_link(const char *path, const char *target);
void dvt_tree_device(const char *bdf, const char *driver);
void dvt_tree_remove(void);

#endif /* DVT_TREE_H */
