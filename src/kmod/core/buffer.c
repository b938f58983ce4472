// SPDX-License-Identifier: GPL-2.0-only
/*
 * The object behind a dma-buf.
 *
 * The dma-buf owns the first reference; its release drops it. Walks of a gate
 * and queued work hold others for a short time. A buffer holds its gate and the
 * inode of its own mapping.
 */
#include <linux/fs.h>
#include <linux/slab.h>

#include "core/dvp.h"

/*
 * One extent is the common case, and lies in the buffer. More have memory of their
 * own. Its size is the user's: it is accounted, and fails silently.
 */
static int dvp_buffer_alloc_extents(struct dvp_buffer *buf, u32 nr_extents)
{
	buf->nr_extents = nr_extents;
	if (nr_extents == 1)
		return 0;

	buf->many = kvmalloc_array(nr_extents, sizeof(*buf->many),
				   GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL |
				   __GFP_NOWARN);
	return buf->many ? 0 : -ENOMEM;
}

static void dvp_buffer_free_imports(struct dvp_imports *imports)
{
	if (!imports)
		return;
	dma_fence_put(rcu_dereference_protected(imports->fence, true));
	kfree(imports);
}

/* Returns a buffer with one reference, or NULL without memory. */
struct dvp_buffer *dvp_buffer_alloc(struct dvp_gate *gate, u32 nr_extents)
{
	struct dvp_buffer *buf = kzalloc(sizeof(*buf), GFP_KERNEL_ACCOUNT);

	if (!buf)
		return NULL;
	if (dvp_buffer_alloc_extents(buf, nr_extents)) {
		kfree(buf);
		return NULL;
	}

	kref_init(&buf->kref);
	dvp_gate_get(gate);
	buf->gate = gate;
	INIT_LIST_HEAD(&buf->node);
	INIT_LIST_HEAD(&buf->link.node);
	buf->link.buf = buf;
	dma_resv_init(&buf->resv);
	init_rwsem(&buf->fault_lock);
	return buf;
}

static void dvp_buffer_free(struct kref *kref)
{
	struct dvp_buffer *buf = container_of(kref, struct dvp_buffer, kref);

	dvp_gate_remove(buf->gate, buf);
	if (buf->mapping)
		iput(buf->mapping->host);
	dvp_buffer_free_imports(buf->imports);
	dma_resv_fini(&buf->resv);
	dvp_gate_put(buf->gate);
	if (buf->nr_extents > 1)
		kvfree(buf->many);
	kfree(buf);
}

/* For a buffer in a list of its gate, under dvp_gate.lock. */
bool dvp_buffer_try_get(struct dvp_buffer *buf)
{
	return kref_get_unless_zero(&buf->kref);
}

/* Takes dvp_gate.lock for the last reference. */
void dvp_buffer_put(struct dvp_buffer *buf)
{
	kref_put(&buf->kref, dvp_buffer_free);
}
