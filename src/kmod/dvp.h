/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Objects of the driver, who owns them, and the order of their locks.
 *
 *   struct dvp_device   a bound PCI function; the core's device comes first
 *     struct dvp_gate     what blocks access to its memory, and its buffers;
 *                         counted on its own, as buffers outlive the device
 *       struct dvp_buffer   one dma-buf over pieces of one BAR
 *
 * A buffer never points at the device: it carries the physical addresses that
 * a fault needs, and its gate says whether they may be used. A fault therefore
 * takes no lock of vfio-pci-core.
 *
 * Lock order, outermost first:
 *
 *   dvp_device.transition_lock; the list of bound devices, in hooks.c
 *     mmap_lock; locks of the PCI core and of vfio-pci-core
 *       dvp_gate.lock
 *         dvp_buffer.fault_lock
 *           i_mmap_rwsem of the buffer's mapping
 *       dvp_buffer.resv, under which an importer maps and unmaps
 *       the claim of a BAR, in memory.c, which takes nothing of ours
 *   dvp_gate.importers_lock, and that of the list of gates, inside of any of them
 *
 * A fault takes fault_lock for read, under mmap_lock or the VMA's lock, and
 * nothing else but the lock of that list. Under gate.lock, fault_lock or resv
 * nobody calls into vfio-pci-core, touches user memory, or takes mmap_lock.
 * gate.lock and resv are never held together: an importer may keep resv for
 * long. The reset and power callbacks run under locks of the PCI core and of
 * vfio-pci-core, take gate.lock, and then resv; they wait for importers, so no
 * importer may need one of those locks to unmap.
 */
#ifndef DVP_H
#define DVP_H

#include <linux/atomic.h>
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/vfio_pci_core.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "uapi/dmabuf_vfio_pci.h"
#include "counters.h"
#include "range.h"

/**
 * enum dvp_cause - why the memory of a device cannot be used for now
 * @DVP_CAUSE_RESET: a reset is going on
 * @DVP_CAUSE_ERROR: the link is frozen; recovery has not ended
 * @DVP_CAUSE_DECODE_OFF: PCI_COMMAND.MEMORY is off
 * @DVP_CAUSE_SLEEP: the device is in D3hot or deeper
 * @DVP_CAUSE_LOW_POWER: the user has let the device go to low power
 * @DVP_CAUSE_ENDING: the call into the core that comes is going to end memory
 * @DVP_CAUSE_TRANSITION: a call into the core may change one of the causes
 *	that are read from the device; faults wait for its end, and importers,
 *	who could not, go on
 *
 * Each cause owns its bit, so overlapping ones need no ordering.
 */
enum dvp_cause {
	DVP_CAUSE_RESET		= BIT(0),
	DVP_CAUSE_ERROR		= BIT(1),
	DVP_CAUSE_DECODE_OFF	= BIT(2),
	DVP_CAUSE_SLEEP		= BIT(3),
	DVP_CAUSE_LOW_POWER	= BIT(4),
	DVP_CAUSE_ENDING	= BIT(5),
	DVP_CAUSE_TRANSITION	= BIT(6),
};

/**
 * struct dvp_gate - whether the memory of a device can be used, and by whom
 * @kref: held by the device and by each buffer
 * @node: in the list of all gates
 * @pdev: the device, with a reference; it may be gone while the gate is not
 *	open, and is a name for the log then
 * @label: the name of a buffer of BAR 0
 * @label_len: characters of it
 * @bus_offsets: what to add to an address of a BAR to get its bus address
 * @told: set of &enum dvp_refusal that the log has said
 * @told_pairs: importers for which the kernel knows no route, which the log has
 *	said, and the &enum dvp_p2p under which it was so; under @lock
 * @idle: those who wait for importers
 * @imported: an importer has been attached to one of its buffers, once
 * @counters: what has happened to its buffers
 * @importers_lock: guards the importers of all its buffers, as they are shown
 * @lock: guards everything below; @causes and @owner are also read without it
 * @buffers: its buffers, by &dvp_buffer.node, in the order of their ids
 * @last_id: &dvp_buffer.id of the latest of them
 * @causes: set of &enum dvp_cause; access is possible while it is empty
 * @open: a user has the device open
 * @session: counts the times that the device was opened
 * @owner: the task whose call into the core is the transition; a task looks
 *	only whether it is that task
 * @wait: faults that wait for the end of a transition
 */
struct dvp_gate {
	struct kref kref;
	struct list_head node;
	struct pci_dev *pdev;
	char label[sizeof("12345678:00:00.0/bar0")];
	u8 label_len;
	u64 bus_offsets[PCI_STD_NUM_BARS];
	unsigned long told;
	struct xarray told_pairs;
	wait_queue_head_t idle;
	bool imported;
	struct dvp_counters counters;
	spinlock_t importers_lock;	/* &dvp_buffer.importers */
	struct mutex lock;	/* everything below */
	struct list_head buffers;
	u64 last_id;
	unsigned int causes;
	bool open;
	unsigned int session;
	struct task_struct *owner;
	wait_queue_head_t wait;
};

/**
 * struct dvp_buffer - one dma-buf over pieces of one BAR
 * @kref: held by the dma-buf, and by who waits for importers
 * @gate: the gate of the device that it belongs to, with a reference
 * @node: in &dvp_gate.buffers; under &dvp_gate.lock
 * @dmabuf: the dma-buf; it is there for sure while an importer has it mapped,
 *	which it cannot end without @resv
 * @mapping: the mapping of the dma-buf's inode, with a reference to the inode.
 *	The dma-buf's file is no way to it: an O_PATH descriptor delays the
 *	release of the buffer until long after that file is gone.
 * @resv: the dma-buf's reservation object; ours, as it must outlive the dma-buf
 * @maps: number of mappings that importers have; grows and shrinks under @resv
 * @imported: an importer has mapped it since importers were last told that it
 *	ends; written under @resv
 * @fence: what importers had not finished when they were told, with a
 *	reference, or NULL; written under @resv
 * @importers: those that are attached; under &dvp_gate.importers_lock
 * @fault_lock: held for read while a fault inserts entries; passing through it
 *	for write waits for those that saw an older state
 * @faults: faults that inserted entries
 * @refused: faults that raised SIGBUS
 * @mappings: number of VMAs
 * @pid: the process that made it, by its number in the first namespace
 * @comm: the name of that process, then
 * @id: its number among the buffers of its gate, from 1 on
 * @dev_file: VFIO's file, kept open by a BAR mapping made through it, or NULL
 * @session: &dvp_gate.session in which it was made
 * @revoked: for good: by the user, or because its device was closed or is gone;
 *	written under &dvp_gate.lock
 * @memattr: DMABUF_VFIO_PCI_MEMATTR_* of mappings made from now on
 * @bar: the BAR
 * @read_only: exported O_RDONLY
 * @cpu_only: the BAR shares its page with nobody knows whom; no importers
 * @bar_mmap: it stands behind a BAR mapping made through the device descriptor
 * @uncached: a quirk allows no other memory attribute
 * @giant: an entry of a PUD was put in place, once
 * @nr_ranges: number of runs in @ranges
 * @ranges: the runs, in the order of the buffer: @single, or more elsewhere
 * @single: the run of a buffer that has one
 */
struct dvp_buffer {
	struct kref kref;
	struct dvp_gate *gate;
	struct list_head node;
	struct dma_buf *dmabuf;
	struct address_space *mapping;
	struct dma_resv resv;
	atomic_t maps;
	bool imported;
	struct dma_fence *fence;
	struct hlist_head importers;
	struct rw_semaphore fault_lock;
	atomic64_t faults;
	atomic64_t refused;
	atomic_t mappings;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	u64 id;
	struct file *dev_file;
	unsigned int session;
	bool revoked;
	u8 memattr;
	u8 bar;
	bool read_only;
	bool cpu_only;
	bool bar_mmap;
	bool uncached;
	bool giant;
	u32 nr_ranges;
	struct dvp_range *ranges;
	struct dvp_range single;
};

/**
 * struct dvp_device - a PCI function bound to the driver
 * @vdev: the core's part
 * @gate: its gate, with a reference
 * @transition_lock: one transition at a time
 * @node: in the list of bound devices
 * @debugfs: its directory there
 */
struct dvp_device {
	struct vfio_pci_core_device vdev;
	struct dvp_gate *gate;
	struct mutex transition_lock;	/* the outermost of ours */
	struct list_head node;
	struct dentry *debugfs;
};

/**
 * dvp_buffer_size() - how long a buffer is
 * @buf: the buffer
 *
 * Return: bytes.
 */
static inline u64 dvp_buffer_size(const struct dvp_buffer *buf)
{
	return buf->ranges[buf->nr_ranges - 1].end;
}

static inline struct dvp_device *dvp_device_of(struct vfio_device *core_vdev)
{
	return container_of(core_vdev, struct dvp_device, vdev.vdev);
}

/**
 * struct dvp_request - an export whose arguments are copied in and judged
 * @bar: the BAR, one that VFIO lets user space mmap
 * @bar_mmap: it is for a mapping through the device descriptor, no export
 * @open_flags: for the dma-buf's file
 * @nr_ranges: number of ranges, 1 to DVP_MAX_RANGES
 * @ranges: the ranges, not judged yet
 */
struct dvp_request {
	u32 bar;
	bool bar_mmap;
	u32 open_flags;
	u32 nr_ranges;
	const struct vfio_region_dma_range *ranges;
};

/* ids.c */
int dvp_ids_register(struct pci_driver *driver);
bool dvp_ids_denied(struct pci_dev *pdev);

/* feature.c */
int dvp_feature(struct vfio_device *core_vdev, u32 flags, void __user *arg,
		size_t argsz);

/* hooks.c */
extern const struct pci_error_handlers dvp_hooks_err_handlers;
int dvp_hooks_init(void);
int dvp_hooks_register(struct dvp_device *dvdev);
void dvp_hooks_unregister(struct dvp_device *dvdev);
void dvp_hooks_exit(void);
int dvp_hooks_open(struct vfio_device *core_vdev);
void dvp_hooks_close(struct vfio_device *core_vdev);
long dvp_hooks_ioctl(struct vfio_device *core_vdev, unsigned int cmd,
		     unsigned long arg);
int dvp_hooks_sriov_configure(struct pci_dev *pdev, int nr_virtfn);

/* transition.c */
ssize_t dvp_transition_write(struct vfio_device *core_vdev,
			     const char __user *buf, size_t count,
			     loff_t *ppos);
int dvp_transition_low_power(struct dvp_device *dvdev, u32 flags,
			     void __user *arg, size_t argsz);

/* buffer.c */
struct dma_buf *dvp_buffer_create(struct dvp_device *dvdev,
				  const struct dvp_request *req);
struct dma_buf *dvp_buffer_get(struct dvp_device *dvdev, int fd);
bool dvp_buffer_try_get(struct dvp_buffer *buf);
void dvp_buffer_put(struct dvp_buffer *buf);
int dvp_buffer_mmap_bar(struct vfio_device *core_vdev,
			struct vm_area_struct *vma);

/* vma.c */
bool dvp_vma_has_huge(void);
bool dvp_vma_has_wc(void);
int dvp_vma_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma);
void dvp_vma_init(struct vm_area_struct *vma, struct dvp_buffer *buf);
void dvp_vma_zap(struct dvp_buffer *buf);

/**
 * enum dvp_route - how an importer reaches a BAR
 * @DVP_ROUTE_NONE: not at all
 * @DVP_ROUTE_BUS: by bus addresses, past the host bridge and its IOMMU
 * @DVP_ROUTE_BRIDGE: through the host bridge, by what the DMA API gives
 */
enum dvp_route {
	DVP_ROUTE_NONE,
	DVP_ROUTE_BUS,
	DVP_ROUTE_BRIDGE,
};

/**
 * enum dvp_refusal - why an importer is refused, whatever its route
 * @DVP_REFUSAL_CPU_ONLY: the buffer is not for importers
 * @DVP_REFUSAL_PINS_ALL: the kernel pins whatever is imported
 * @DVP_REFUSAL_STATIC: no operations at all
 * @DVP_REFUSAL_NO_PEER: takes no memory of other devices
 * @DVP_REFUSAL_DEAF: no way to be told
 * @DVP_REFUSAL_PINNED: dma_buf_pin()
 * @DVP_REFUSAL_NOT_PCI: no PCI device
 * @DVP_NR_REFUSALS: number of them
 */
enum dvp_refusal {
	DVP_REFUSAL_CPU_ONLY,
	DVP_REFUSAL_PINS_ALL,
	DVP_REFUSAL_STATIC,
	DVP_REFUSAL_NO_PEER,
	DVP_REFUSAL_DEAF,
	DVP_REFUSAL_PINNED,
	DVP_REFUSAL_NOT_PCI,
	DVP_NR_REFUSALS,
};

/* route.c */
enum dvp_route dvp_route_find(struct dvp_gate *gate, struct device *dev);

/* dma.c */
bool dvp_dma_can_import(void);
void dvp_dma_refuse(struct dvp_gate *gate, struct device *dev,
		    enum dvp_refusal refusal);
int dvp_dma_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach);
void dvp_dma_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach);
int dvp_dma_pin(struct dma_buf_attachment *attach);
void dvp_dma_unpin(struct dma_buf_attachment *attach);
struct sg_table *dvp_dma_map(struct dma_buf_attachment *attach,
			     enum dma_data_direction dir);
void dvp_dma_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
		   enum dma_data_direction dir);
bool dvp_dma_maps(const struct dma_buf_attachment *attach);
unsigned int dvp_dma_count(struct dvp_buffer *buf, unsigned int *maps);
void dvp_dma_each(struct dvp_buffer *buf,
		  void (*call)(struct device *dev, bool mapped, void *data),
		  void *data);

/* dma_table.c */
struct sg_table *dvp_table_create(const struct dvp_buffer *buf,
				  struct device *dev, enum dvp_route route,
				  enum dma_data_direction dir);
void dvp_table_destroy(struct sg_table *sgt, struct device *dev,
		       enum dvp_route route, enum dma_data_direction dir);

/* drain.c */
void dvp_drain_uncount(struct dvp_buffer *buf);
int dvp_drain_buffer(struct dvp_buffer *buf, unsigned int state);
void dvp_drain_announce(struct dvp_gate *gate);
void dvp_drain_gate(struct dvp_gate *gate);
bool dvp_drain_is_done(struct dvp_gate *gate);

/* gate_ref.c, gate.c */
struct dvp_gate *dvp_gate_create(struct pci_dev *pdev);
bool dvp_gate_any_is_own(void);
void dvp_gate_get(struct dvp_gate *gate);
void dvp_gate_put(struct dvp_gate *gate);
void dvp_gate_open(struct dvp_gate *gate, struct vfio_pci_core_device *vdev);
void dvp_gate_shut(struct dvp_gate *gate);
int dvp_gate_add(struct dvp_gate *gate, struct dvp_buffer *buf);
void dvp_gate_remove(struct dvp_gate *gate, struct dvp_buffer *buf);
int dvp_gate_check(struct dvp_gate *gate, const struct dvp_buffer *buf);
int dvp_gate_revoke(struct dvp_gate *gate, struct dvp_buffer *buf);
void dvp_gate_block(struct dvp_gate *gate, enum dvp_cause cause);
void dvp_gate_block_at_once(struct dvp_gate *gate, enum dvp_cause cause);
void dvp_gate_unblock(struct dvp_gate *gate, unsigned int causes,
		      struct vfio_pci_core_device *vdev);
void dvp_gate_refresh(struct dvp_gate *gate, struct vfio_pci_core_device *vdev);
void dvp_gate_begin(struct dvp_gate *gate, bool ends);
void dvp_gate_end(struct dvp_gate *gate, struct vfio_pci_core_device *vdev);

/* memory.c */
unsigned int dvp_memory_causes(struct vfio_pci_core_device *vdev);
int dvp_memory_claim_bar(struct vfio_pci_core_device *vdev, int bar);
void dvp_memory_claim_bars(struct vfio_pci_core_device *vdev);

#endif /* DVP_H */
