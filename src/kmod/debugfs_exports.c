// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file "exports": the live buffers of a device, one after the other.
 *
 * The position in the file is the id of a buffer, so that a reader goes on
 * where it was although buffers come and go between two reads. A buffer is
 * shown under a reference and no lock, so what one line says need not be of
 * one moment.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/string_helpers.h>

#include "dvp.h"
#include "show.h"

/* A list that is longer is of no use to people. */
#define DVP_EXPORTS_MAX_RANGES	64

static struct dvp_gate *dvp_exports_gate(struct seq_file *m)
{
	struct dvp_device *dvdev = m->private;

	return dvdev->gate;
}

/* The first buffer from id on, with a reference, or NULL. */
static struct dvp_buffer *dvp_exports_find(struct dvp_gate *gate, u64 id)
{
	struct dvp_buffer *found = NULL;
	struct dvp_buffer *buf;

	mutex_lock(&gate->lock);
	list_for_each_entry(buf, &gate->buffers, node) {
		if (buf->id >= id && dvp_buffer_try_get(buf)) {
			found = buf;
			break;
		}
	}
	mutex_unlock(&gate->lock);
	return found;
}

/* One that has references keeps its place in the list. */
static struct dvp_buffer *dvp_exports_find_after(struct dvp_gate *gate,
						 struct dvp_buffer *buf)
{
	struct dvp_buffer *found = NULL;

	mutex_lock(&gate->lock);
	list_for_each_entry_continue(buf, &gate->buffers, node) {
		if (dvp_buffer_try_get(buf)) {
			found = buf;
			break;
		}
	}
	mutex_unlock(&gate->lock);
	return found;
}

static void *dvp_exports_start(struct seq_file *m, loff_t *pos)
{
	struct dvp_buffer *buf;

	if (!*pos)
		return SEQ_START_TOKEN;
	buf = dvp_exports_find(dvp_exports_gate(m), *pos);
	if (buf)
		*pos = buf->id;
	return buf;
}

static void *dvp_exports_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct dvp_gate *gate = dvp_exports_gate(m);
	struct dvp_buffer *next;

	if (v == SEQ_START_TOKEN) {
		next = dvp_exports_find(gate, 1);
	} else {
		next = dvp_exports_find_after(gate, v);
		dvp_buffer_put(v);
	}
	*pos = next ? next->id : *pos + 1;
	return next;
}

static void dvp_exports_stop(struct seq_file *m, void *v)
{
	if (v && v != SEQ_START_TOKEN)
		dvp_buffer_put(v);
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
	unsigned int causes = READ_ONCE(buf->gate->causes);
	bool revoked = READ_ONCE(buf->revoked);
	char words[80];

	if (revoked || !dvp_sysfs_causes(words, sizeof(words), causes, ','))
		seq_printf(m, " state=%s causes=none",
			   revoked ? "revoked" : "usable");
	else
		seq_printf(m, " state=blocked causes=%s", words);
}

static const char *dvp_exports_flags(const struct dvp_buffer *buf)
{
	if (buf->read_only)
		return buf->cpu_only ? "read_only,cpu_only" : "read_only";
	return buf->cpu_only ? "cpu_only" : "none";
}

static void dvp_exports_show_buffer(struct seq_file *m, struct dvp_buffer *buf)
{
	bool wc = READ_ONCE(buf->memattr) == DMABUF_VFIO_PCI_MEMATTR_WC;
	unsigned int attachments, imports;

	attachments = dvp_dma_count(buf, &imports);
	seq_printf(m, "export id=%llu inode=%lu kind=%s bar=%u size=%llu ranges=%u flags=%s memattr=%s",
		   buf->id, (unsigned long)buf->mapping->host->i_ino,
		   buf->bar_mmap ? "bar_mmap" : "export", buf->bar,
		   dvp_buffer_size(buf), buf->nr_ranges,
		   dvp_exports_flags(buf), wc ? "wc" : "uc");
	dvp_exports_show_state(m, buf);
	seq_printf(m, " mappings=%d imports=%u attachments=%u faults=%lld refused=%lld pid=%d",
		   atomic_read(&buf->mappings), imports, attachments,
		   atomic64_read(&buf->faults), atomic64_read(&buf->refused),
		   buf->pid);
	dvp_exports_show_text(m, "comm", buf->comm);
	seq_putc(m, '\n');
}

static void dvp_exports_show_ranges(struct seq_file *m,
				    const struct dvp_buffer *buf)
{
	u64 bar_start = pci_resource_start(buf->gate->pdev, buf->bar);
	u32 nr = min_t(u32, buf->nr_ranges, DVP_EXPORTS_MAX_RANGES);
	u32 i;

	for (i = 0; i < nr; i++)
		seq_printf(m, "range id=%llu offset=0x%llx length=0x%llx\n",
			   buf->id, buf->ranges[i].addr - bar_start,
			   buf->ranges[i].end -
			   dvp_range_start(buf->ranges, i));
	if (nr < buf->nr_ranges)
		seq_printf(m, "more id=%llu ranges=%u\n", buf->id,
			   buf->nr_ranges - nr);
}

/**
 * struct dvp_exports_place - where importers are shown
 * @m: the file
 * @id: of the buffer
 */
struct dvp_exports_place {
	struct seq_file *m;
	u64 id;
};

static void dvp_exports_show_importer(struct device *dev, bool mapped,
				      void *data)
{
	struct dvp_exports_place *place = data;

	seq_printf(place->m, "importer id=%llu", place->id);
	dvp_exports_show_text(place->m, "device", dev_name(dev));
	dvp_exports_show_text(place->m, "driver", dev_driver_string(dev));
	seq_printf(place->m, " mapped=%d\n", mapped);
}

static int dvp_exports_show(struct seq_file *m, void *v)
{
	struct dvp_exports_place place = { .m = m };
	struct dvp_buffer *buf = v;

	if (v == SEQ_START_TOKEN) {
		seq_printf(m, "format %d\n", DVP_SHOW_FORMAT);
		return 0;
	}
	place.id = buf->id;
	dvp_exports_show_buffer(m, buf);
	dvp_exports_show_ranges(m, buf);
	dvp_dma_each(buf, dvp_exports_show_importer, &place);
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

const struct file_operations dvp_debugfs_exports_fops = {
	.owner		= THIS_MODULE,
	.open		= dvp_exports_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= seq_release,
};
