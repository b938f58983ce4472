// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file "exports": the buffers of a device, one after the other.
 *
 * The position in the file is the id of a buffer, so a reader continues where it was
 * although buffers come and go between two reads. A read formats a page or a buffer
 * under dvp_gate.lock, which seq_file drops before it copies that to the reader.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/string_helpers.h>

#include "dma/dma.h"
#include "show/show.h"

/* A longer list is of no use to people. */
#define DVP_EXPORTS_MAX_EXTENTS	64

static struct dvp_gate *dvp_exports_gate(struct seq_file *m)
{
	struct dvp_device *dvdev = m->private;

	return dvdev->gate;
}

static void *dvp_exports_start(struct seq_file *m, loff_t *pos)
{
	struct dvp_gate *gate = dvp_exports_gate(m);
	struct dvp_buffer *buf;

	mutex_lock(&gate->lock);
	if (!*pos)
		return SEQ_START_TOKEN;
	list_for_each_entry(buf, &gate->buffers, node) {
		if (buf->id >= *pos) {
			*pos = buf->id;
			return buf;
		}
	}
	return NULL;
}

static void *dvp_exports_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct dvp_gate *gate = dvp_exports_gate(m);
	struct dvp_buffer *buf = v;

	if (v == SEQ_START_TOKEN)
		buf = list_entry(&gate->buffers, struct dvp_buffer, node);
	if (list_is_last(&buf->node, &gate->buffers)) {
		++*pos;
		return NULL;
	}
	buf = list_next_entry(buf, node);
	*pos = buf->id;
	return buf;
}

static void dvp_exports_stop(struct seq_file *m, void *v)
{
	mutex_unlock(&dvp_exports_gate(m)->lock);
}

static void dvp_exports_show_text(struct seq_file *m, const char *key,
				  const char *text)
{
	seq_printf(m, " %s=", key);
	seq_escape_str(m, text, ESCAPE_OCTAL | ESCAPE_NAP | ESCAPE_APPEND,
		       " \\");
}

static void dvp_exports_show_state(struct seq_file *m, struct dvp_buffer *buf)
{
	unsigned int causes = READ_ONCE(buf->gate->causes) & DVP_CAUSES_BLOCK;
	bool revoked = READ_ONCE(buf->revoked);
	char words[DVP_SHOW_CAUSES_LEN];

	dvp_show_causes(words, revoked ? 0 : causes, ',');
	seq_printf(m, " state=%s causes=%s",
		   revoked ? "revoked" : causes ? "blocked" : "usable", words);
}

static void dvp_exports_show_flags(struct seq_file *m,
				   const struct dvp_buffer *buf)
{
	const char *separator = " flags=";

	if (buf->read_only) {
		seq_printf(m, "%sread_only", separator);
		separator = ",";
	}
	if (buf->huge && !buf->bar_mmap) {
		seq_printf(m, "%shuge", separator);
		separator = ",";
	}
	if (buf->cpu_only) {
		seq_printf(m, "%scpu_only", separator);
		separator = ",";
	}
	if (*separator != ',')
		seq_printf(m, "%snone", separator);
}

/* Counts attachments, and fills in the mappings that they have. */
static unsigned int dvp_exports_count(struct dvp_buffer *buf, int *maps)
{
	struct dvp_imports *imports = dvp_buffer_imports(buf);
	struct dvp_import *import;
	unsigned int nr = 0;

	*maps = 0;
	if (!imports)
		return 0;
	spin_lock(&buf->gate->import_lock);
	hlist_for_each_entry(import, &imports->list, node) {
		*maps += READ_ONCE(import->maps);
		nr++;
	}
	spin_unlock(&buf->gate->import_lock);
	return nr;
}

static void dvp_exports_show_buffer(struct seq_file *m, struct dvp_buffer *buf)
{
	bool wc = READ_ONCE(buf->memattr) == DMABUF_VFIO_PCI_MEMATTR_WC;
	unsigned int attachments;
	int imports;

	attachments = dvp_exports_count(buf, &imports);
	seq_printf(m, "export id=%llu inode=%lu kind=%s bar=%u size=%llu extents=%u",
		   buf->id, (unsigned long)buf->mapping->host->i_ino,
		   buf->bar_mmap ? "bar_mmap" : "export", buf->bar,
		   dvp_buffer_size(buf), buf->nr_extents);
	dvp_exports_show_flags(m, buf);
	seq_printf(m, " memattr=%s", wc ? "wc" : "nc");
	dvp_exports_show_state(m, buf);
	seq_printf(m, " mappings=%d imports=%d attachments=%u faults=%lld refused=%lld pid=%d",
		   atomic_read(&buf->mappings), imports, attachments,
		   atomic64_read(&buf->faults), atomic64_read(&buf->refused),
		   buf->pid);
	dvp_exports_show_text(m, "comm", buf->comm);
	seq_putc(m, '\n');
}

static void dvp_exports_show_extents(struct seq_file *m,
				     const struct dvp_buffer *buf)
{
	u64 bar_start = pci_resource_start(buf->gate->pdev, buf->bar);
	const struct dvp_extent *extents = dvp_buffer_extents(buf);
	u32 nr = min_t(u32, buf->nr_extents, DVP_EXPORTS_MAX_EXTENTS);
	u32 i;

	for (i = 0; i < nr; i++)
		seq_printf(m, "extent id=%llu offset=0x%llx length=0x%llx\n",
			   buf->id, extents[i].addr - bar_start,
			   extents[i].end - dvp_extent_start(extents, i));
	if (nr < buf->nr_extents)
		seq_printf(m, "more id=%llu extents=%u\n", buf->id,
			   buf->nr_extents - nr);
}

static void dvp_exports_show_importers(struct seq_file *m,
				       struct dvp_buffer *buf)
{
	struct dvp_imports *imports = dvp_buffer_imports(buf);
	struct dvp_import *import;

	if (!imports)
		return;
	spin_lock(&buf->gate->import_lock);
	hlist_for_each_entry(import, &imports->list, node) {
		seq_printf(m, "importer id=%llu", buf->id);
		dvp_exports_show_text(m, "device", dev_name(import->dev));
		dvp_exports_show_text(m, "driver",
				      dev_driver_string(import->dev));
		seq_printf(m, " mapped=%d\n", !!READ_ONCE(import->maps));
	}
	spin_unlock(&buf->gate->import_lock);
}

static int dvp_exports_show(struct seq_file *m, void *v)
{
	struct dvp_buffer *buf = v;

	if (v == SEQ_START_TOKEN) {
		seq_printf(m, "format %d\n", DVP_SHOW_FORMAT);
		return 0;
	}
	dvp_exports_show_buffer(m, buf);
	dvp_exports_show_extents(m, buf);
	dvp_exports_show_importers(m, buf);
	return 0;
}

static const struct seq_operations dvp_exports_seq_ops = {
	.start	= dvp_exports_start,
	.next	= dvp_exports_next,
	.stop	= dvp_exports_stop,
	.show	= dvp_exports_show,
};

static int dvp_exports_open(struct inode *inode, struct file *file)
{
	int ret = seq_open(file, &dvp_exports_seq_ops);
	struct seq_file *m = file->private_data;

	if (!ret)
		m->private = inode->i_private;
	return ret;
}

const struct file_operations dvp_exports_fops = {
	.owner		= THIS_MODULE,
	.open		= dvp_exports_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= seq_release,
};
