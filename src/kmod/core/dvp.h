/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver's objects, and the order of their locks.
 *
 *   struct dvp_device   a bound PCI function, around the core's device
 *     struct dvp_gate     says whether its memory can be used; outlives the
 *                         device, because buffers do
 *       struct dvp_buffer   a dma-buf over pieces of one BAR
 *
 * A buffer never points at the device. It carries physical addresses, and its
 * gate says whether they may be used. So a fault takes no lock of vfio-pci-core,
 * and cannot deadlock with a reset that waits for it.
 *
 * Lock order, outermost first:
 *
 *   dvp_gate.transition
 *     device lock; locks of the PCI core and of vfio-pci-core
 *       mmap_lock, or the lock of the VMA
 *         dvp_gate.lock
 *         dvp_buffer.fault_lock, then i_mmap_rwsem of the buffer's mapping
 *       dvp_buffer.resv
 *       the lock of BAR claims, in memory.c
 *   dvp_gate.import_lock, a spinlock, inside of any of them
 *
 * dvp_gate.lock, fault_lock and resv are never held together, and nothing that
 * waits for a user, an importer or a foreign MMU notifier runs under
 * dvp_gate.lock: its holder only looks at the device, walks lists, and formats
 * a page for debugfs.
 */
#ifndef DVP_H
#define DVP_H

#include <linux/atomic.h>
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/eventfd.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/vfio_pci_core.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "uapi/dmabuf_vfio_pci.h"
#include "core/counters.h"
#include "core/extent.h"

/* Why memory cannot be used. Each cause owns its bit. */
enum dvp_cause {
	DVP_CAUSE_RESET		= DMABUF_VFIO_PCI_CAUSE_RESET,
	DVP_CAUSE_LINK_ERROR	= DMABUF_VFIO_PCI_CAUSE_LINK_ERROR,
	DVP_CAUSE_DECODE_OFF	= DMABUF_VFIO_PCI_CAUSE_DECODE_OFF,
	DVP_CAUSE_SLEEP		= DMABUF_VFIO_PCI_CAUSE_SLEEP,
	DVP_CAUSE_LOW_POWER	= DMABUF_VFIO_PCI_CAUSE_LOW_POWER,

	/* A transition waits for importers: they are refused, CPUs go on. */
	DVP_HOLD_IMPORTERS	= BIT(5),
	/* A call of the core may end memory: importers are refused, faults wait. */
	DVP_TRANSITION		= BIT(6),
};

/* The driver reads these from the device; it sets and clears the others in pairs. */
#define DVP_CAUSES_READ	\
	(DVP_CAUSE_DECODE_OFF | DVP_CAUSE_SLEEP | DVP_CAUSE_LOW_POWER)

/* What blocks buffers, for the user. */
#define DVP_CAUSES_BLOCK \
	(DVP_CAUSES_READ | DVP_CAUSE_RESET | DVP_CAUSE_LINK_ERROR)

/* A place in dvp_gate.active: of a buffer, or of a walk, with buf NULL. */
struct dvp_link {
	struct list_head node;
	struct dvp_buffer *buf;
};

struct dvp_gate {
	/* Held by the device and by each buffer. */
	struct kref kref;
	/* With a reference. While @vdev is NULL it is only a name for the log. */
	struct pci_dev *pdev;
	/* Name of a buffer of BAR 0, and its length. */
	char label[sizeof("12345678:00:00.0/bar0")];
	u8 label_len;
	struct dvp_counters __percpu *counters;
	/* Set of enum dvp_refusal that were logged. */
	unsigned long told;
	/* Importers without a route, by domain and devfn: they are logged once. */
	struct xarray no_route;

	/* One transition at a time. The outermost lock. */
	struct mutex transition;
	/* Faults that wait for the end of a transition. */
	wait_queue_head_t wait;
	/* Enders that wait for importers. */
	wait_queue_head_t idle;
	/* Guards dvp_imports.list. */
	spinlock_t import_lock;
	/* Some buffer was imported, once: enders have to look for importers. */
	bool imported;
	/* Enders that have set their cause and are still zapping. */
	atomic_t enders;

	/* Guards what follows. */
	struct mutex lock;
	/* Set of enum dvp_cause, also read without the lock. */
	unsigned int causes;
	/* The device while a user has it open, else NULL. */
	struct vfio_pci_core_device *vdev;
	/* Counts openings. */
	unsigned int session;
	/* All buffers, in the order of their ids. */
	struct list_head buffers;
	/* struct dvp_link of buffers that may have VMAs or importers. */
	struct list_head active;
	/* The buffers behind BAR mappings of this opening, by BAR. */
	struct dma_buf *bars[PCI_STD_NUM_BARS];
	u64 last_id;
	/* Buffers with an eventfd. */
	unsigned int nr_events;
	/* The command register may differ from vconfig: read it. */
	bool verify;
	/* The link has recovered; the cause stays until importers are gone. */
	bool recovered;
	/* jiffies of the last look after a refused fault. */
	unsigned long looked;
};

/* What a buffer needs for importers; allocated with the first attachment. */
struct dvp_imports {
	struct dvp_buffer *buf;
	/* Mappings; changes under dvp_buffer.resv. */
	atomic_t maps;
	/* Mapped since importers were last told to stop; under dvp_buffer.resv. */
	bool mapped;
	/* What importers had not finished by then; replaced under dvp_buffer.resv. */
	struct dma_fence __rcu *fence;
	/* Tells importers to stop. */
	struct work_struct drain;
	/* Attachments, under dvp_gate.import_lock. */
	struct hlist_head list;
};

/* Without debug options this fits an allocation of 256 bytes. */
struct dvp_buffer {
	/* Held by the dma-buf, by walks, and by work that is queued. */
	struct kref kref;
	/* VMAs and attachments; leaves and reaches 0 under dvp_gate.lock. */
	atomic_t users;
	struct dvp_gate *gate;
	/* In dvp_gate.buffers. */
	struct list_head node;
	/* In dvp_gate.active, under dvp_gate.lock. */
	struct dvp_link link;

	/*
	 * Valid while an importer has the buffer mapped: the importer holds a
	 * reference, and cannot unmap without @resv.
	 */
	struct dma_buf *dmabuf;
	/*
	 * Of the dma-buf's inode, with a reference to the inode. An O_PATH
	 * descriptor can delay the release of the dma-buf until long after its
	 * file is gone.
	 */
	struct address_space *mapping;
	/* The dma-buf's reservation object. It has to outlive the dma-buf. */
	struct dma_resv resv;
	/* NULL until an importer attaches. */
	struct dvp_imports *imports;

	/*
	 * Held for read while a fault inserts entries. An ender stores the new state and
	 * then passes the lock for write, so faults that saw the old state are done.
	 */
	struct rw_semaphore fault_lock;
	atomic64_t faults;
	atomic64_t refused;
	/* VMAs. */
	atomic_t mappings;

	/* The process that made it, by its number in the first namespace. */
	pid_t pid;
	char comm[TASK_COMM_LEN];
	u64 id;
	union {
		/* With bar_mmap: VFIO's file while there are VMAs, under dvp_gate.lock. */
		struct file *dev_file;
		/* Without: under dvp_gate.lock. */
		struct eventfd_ctx *event;
	};
	/* dvp_gate.session in which it was made. */
	unsigned int session;
	u32 nr_extents;
	/* For good. Written under dvp_gate.lock. */
	bool revoked;
	/* An entry of a PUD was inserted, once; set under @fault_lock. */
	bool giant;
	/* DMABUF_VFIO_PCI_MEMATTR_* of later mappings. */
	u8 memattr;
	u8 bar;
	/* CPUs may only read. */
	bool read_only:1;
	/* Importers may only read, behind an IOMMU. */
	bool import_read_only:1;
	/* No importers. */
	bool cpu_only:1;
	/* Huge entries are allowed. */
	bool huge:1;
	/* It stands behind BAR mappings of the device descriptor. */
	bool bar_mmap:1;
	/* A quirk allows no other memory attribute. */
	bool uncached:1;
	/* In the order of the buffer: see dvp_buffer_extents(). */
	union {
		struct dvp_extent single;
		struct dvp_extent *many;
	};
};

struct dvp_device {
	struct vfio_pci_core_device vdev;
	struct dvp_gate *gate;
	struct dentry *debugfs;
};

static inline const struct dvp_extent *
dvp_buffer_extents(const struct dvp_buffer *buf)
{
	return buf->nr_extents == 1 ? &buf->single : buf->many;
}

static inline u64 dvp_buffer_size(const struct dvp_buffer *buf)
{
	return dvp_buffer_extents(buf)[buf->nr_extents - 1].end;
}

static inline struct dvp_device *dvp_device_of(struct vfio_device *core_vdev)
{
	return container_of(core_vdev, struct dvp_device, vdev.vdev);
}

static inline struct dvp_device *dvp_device_of_pdev(struct pci_dev *pdev)
{
	return container_of(dev_get_drvdata(&pdev->dev), struct dvp_device,
			    vdev);
}

/* core/buffer.c */
struct dvp_buffer *dvp_buffer_alloc(struct dvp_gate *gate, u32 nr_extents);
bool dvp_buffer_try_get(struct dvp_buffer *buf);
void dvp_buffer_put(struct dvp_buffer *buf);

/* core/gate.c */
struct dvp_gate *dvp_gate_create(struct pci_dev *pdev);
void dvp_gate_get(struct dvp_gate *gate);
void dvp_gate_put(struct dvp_gate *gate);
int dvp_gate_add(struct dvp_gate *gate, struct dvp_buffer *buf);
void dvp_gate_remove(struct dvp_gate *gate, struct dvp_buffer *buf);
void dvp_gate_use(struct dvp_buffer *buf, struct file *dev_file);
void dvp_gate_unuse(struct dvp_buffer *buf);
void dvp_gate_forget(struct dvp_buffer *buf);
int dvp_gate_check_locked(struct dvp_gate *gate, const struct dvp_buffer *buf);
int dvp_gate_check(struct dvp_buffer *buf);
int dvp_gate_set_event(struct dvp_buffer *buf, struct eventfd_ctx *event);
void dvp_gate_revoke_locked(struct dvp_buffer *buf);
void dvp_gate_set_locked(struct dvp_gate *gate, unsigned int causes);
void dvp_gate_settle_locked(struct dvp_gate *gate, unsigned int clear);
void dvp_gate_look(struct dvp_gate *gate);
bool dvp_gate_look_again(struct dvp_gate *gate);

#define DVP_BATCH	16

/* A walk of dvp_gate.active, a batch at a time, that holds no lock in between. */
struct dvp_walk {
	/* In dvp_gate.active while there may be more. */
	struct dvp_link link;
	struct dvp_link end;
	unsigned int nr;
	struct dvp_buffer *bufs[DVP_BATCH];
};

void dvp_walk_begin_locked(struct dvp_gate *gate, struct dvp_walk *walk);
void dvp_walk_next(struct dvp_gate *gate, struct dvp_walk *walk);
void dvp_walk_end(struct dvp_gate *gate, struct dvp_walk *walk);

/* What keeps CPUs out. */
static inline unsigned int dvp_gate_cpu_causes(const struct dvp_gate *gate)
{
	return READ_ONCE(gate->causes) & ~DVP_HOLD_IMPORTERS;
}

/* Importers have to stop, or may not start. */
static inline bool dvp_gate_bars_importers(const struct dvp_buffer *buf)
{
	return READ_ONCE(buf->revoked) || READ_ONCE(buf->gate->causes);
}

static inline struct dvp_imports *dvp_buffer_imports(struct dvp_buffer *buf)
{
	/* Pairs with cmpxchg() in dvp_dma_get_imports(). */
	return smp_load_acquire(&buf->imports);
}

/*
 * An importer has the buffer mapped, or has not been told to stop since it had, or
 * has left work that is not done. Mapping goes by maps, then mapped; telling holds maps
 * up, clears mapped, notes the fence, and lets maps go. So one of the three is seen.
 */
static inline bool dvp_buffer_is_imported(struct dvp_buffer *buf)
{
	struct dvp_imports *imports = dvp_buffer_imports(buf);
	struct dma_fence *fence;
	bool busy;

	if (!imports)
		return false;
	if (atomic_read_acquire(&imports->maps) || READ_ONCE(imports->mapped))
		return true;
	/* Pairs with the barrier in dvp_drain_tell(). */
	smp_rmb();
	if (atomic_read_acquire(&imports->maps))
		return true;
	if (!rcu_access_pointer(imports->fence))
		return false;

	rcu_read_lock();
	fence = dma_fence_get_rcu_safe(&imports->fence);
	rcu_read_unlock();
	busy = fence && !dma_fence_is_signaled(fence);
	dma_fence_put(fence);
	return busy;
}

/* core/memory.c */
unsigned int dvp_memory_causes(struct vfio_pci_core_device *vdev, bool *verify,
			       bool in_reset);
int dvp_memory_claim_bar(struct vfio_pci_core_device *vdev, int bar);
void dvp_memory_claim_bars(struct vfio_pci_core_device *vdev);

/*
 * A BAR smaller than a page that VFIO lets user space mmap has its page to
 * itself, so BARs have whole pages.
 */
static inline u64 dvp_memory_bar_len(struct pci_dev *pdev, u32 bar)
{
	return PAGE_ALIGN(pci_resource_len(pdev, bar));
}

#endif /* DVP_H */
