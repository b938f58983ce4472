/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace events. Their system has the name of the module, so a module that is built under
 * another name has events of its own. A string has a fixed size, because the macro that
 * copies one of any size differs between kernels.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM DVP_TRACE_SYSTEM

#if !defined(DVP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define DVP_TRACE_H

#include <linux/device.h>
#include <linux/pci.h>
#include <linux/tracepoint.h>

#include "core/dvp.h"

/* "domain:bus:slot.function", with a domain of 32 bits. */
#define DVP_TRACE_BDF_LEN	20
#define DVP_TRACE_NAME_LEN	32

/* Readers of raw events are told the values of these names. */
TRACE_DEFINE_ENUM(DVP_CAUSE_RESET);
TRACE_DEFINE_ENUM(DVP_CAUSE_LINK_ERROR);
TRACE_DEFINE_ENUM(DVP_CAUSE_DECODE_OFF);
TRACE_DEFINE_ENUM(DVP_CAUSE_SLEEP);
TRACE_DEFINE_ENUM(DVP_CAUSE_LOW_POWER);
TRACE_DEFINE_ENUM(DVP_HOLD_IMPORTERS);
TRACE_DEFINE_ENUM(DVP_TRANSITION);

TRACE_EVENT(dvp_export,
	    TP_PROTO(const struct dvp_buffer *buf),
	    TP_ARGS(buf),
	    TP_STRUCT__entry(__array(char, bdf, DVP_TRACE_BDF_LEN)
			     __field(u64, id)
			     __field(u64, size)
			     __field(u32, extents)
			     __field(u8, bar)
			     __field(bool, bar_mmap)
			     __field(bool, read_only)),
	    TP_fast_assign(strscpy(__entry->bdf, pci_name(buf->gate->pdev),
				   DVP_TRACE_BDF_LEN);
			   __entry->id = buf->id;
			   __entry->size = dvp_buffer_size(buf);
			   __entry->extents = buf->nr_extents;
			   __entry->bar = buf->bar;
			   __entry->bar_mmap = buf->bar_mmap;
			   __entry->read_only = buf->read_only;),
	    TP_printk("bdf=%s id=%llu kind=%s bar=%u size=%llu extents=%u read_only=%u",
		      __entry->bdf, __entry->id,
		      __entry->bar_mmap ? "bar_mmap" : "export", __entry->bar,
		      __entry->size, __entry->extents, __entry->read_only)
);

TRACE_EVENT(dvp_map,
	    TP_PROTO(const struct dvp_buffer *buf, unsigned long addr,
		     unsigned long len, u64 offset),
	    TP_ARGS(buf, addr, len, offset),
	    TP_STRUCT__entry(__array(char, bdf, DVP_TRACE_BDF_LEN)
			     __field(u64, id)
			     __field(unsigned long, addr)
			     __field(unsigned long, len)
			     __field(u64, offset)
			     __field(bool, wc)),
	    TP_fast_assign(strscpy(__entry->bdf, pci_name(buf->gate->pdev),
				   DVP_TRACE_BDF_LEN);
			   __entry->id = buf->id;
			   __entry->addr = addr;
			   __entry->len = len;
			   __entry->offset = offset;
			   __entry->wc = buf->memattr == DMABUF_VFIO_PCI_MEMATTR_WC;),
	    TP_printk("bdf=%s id=%llu addr=0x%lx len=0x%lx offset=0x%llx memattr=%s",
		      __entry->bdf, __entry->id, __entry->addr, __entry->len,
		      __entry->offset, __entry->wc ? "wc" : "nc")
);

TRACE_EVENT(dvp_fault,
	    TP_PROTO(const struct dvp_buffer *buf, unsigned long addr, u64 offset,
		     vm_fault_t ret),
	    TP_ARGS(buf, addr, offset, ret),
	    TP_STRUCT__entry(__array(char, bdf, DVP_TRACE_BDF_LEN)
			     __field(u64, id)
			     __field(unsigned long, addr)
			     __field(u64, offset)
			     __field(u32, result)),
	    TP_fast_assign(strscpy(__entry->bdf, pci_name(buf->gate->pdev),
				   DVP_TRACE_BDF_LEN);
			   __entry->id = buf->id;
			   __entry->addr = addr;
			   __entry->offset = offset;
			   __entry->result = (__force u32)ret;),
	    TP_printk("bdf=%s id=%llu addr=0x%lx offset=0x%llx result=%s",
		      __entry->bdf, __entry->id, __entry->addr, __entry->offset,
		      __print_symbolic(__entry->result,
				       { (__force u32)VM_FAULT_NOPAGE, "mapped" },
				       { (__force u32)VM_FAULT_SIGBUS, "sigbus" },
				       { (__force u32)VM_FAULT_RETRY, "wait" },
				       { (__force u32)VM_FAULT_OOM, "oom" }))
);

TRACE_EVENT(dvp_revoke,
	    TP_PROTO(const struct dvp_buffer *buf),
	    TP_ARGS(buf),
	    TP_STRUCT__entry(__array(char, bdf, DVP_TRACE_BDF_LEN)
			     __field(u64, id)
			     __field(int, mappings)),
	    TP_fast_assign(strscpy(__entry->bdf, pci_name(buf->gate->pdev),
				   DVP_TRACE_BDF_LEN);
			   __entry->id = buf->id;
			   __entry->mappings = atomic_read(&buf->mappings);),
	    TP_printk("bdf=%s id=%llu mappings=%d", __entry->bdf, __entry->id,
		      __entry->mappings)
);

DECLARE_EVENT_CLASS(dvp_causes,
		    TP_PROTO(const struct dvp_buffer *buf, unsigned int causes),
		    TP_ARGS(buf, causes),
		    TP_STRUCT__entry(__array(char, bdf, DVP_TRACE_BDF_LEN)
				     __field(u64, id)
				     __field(unsigned int, causes)),
		    TP_fast_assign(strscpy(__entry->bdf, pci_name(buf->gate->pdev),
					   DVP_TRACE_BDF_LEN);
				   __entry->id = buf->id;
				   __entry->causes = causes;),
		    TP_printk("bdf=%s id=%llu causes=%s", __entry->bdf, __entry->id,
			      __print_flags(__entry->causes, ",",
					    { DVP_CAUSE_RESET, "reset" },
					    { DVP_CAUSE_LINK_ERROR, "link_error" },
					    { DVP_CAUSE_DECODE_OFF, "decode_off" },
					    { DVP_CAUSE_SLEEP, "sleep" },
					    { DVP_CAUSE_LOW_POWER, "low_power" },
					    { DVP_HOLD_IMPORTERS, "hold_importers" },
					    { DVP_TRANSITION, "transition" }))
);

DEFINE_EVENT(dvp_causes, dvp_block,
	     TP_PROTO(const struct dvp_buffer *buf, unsigned int causes),
	     TP_ARGS(buf, causes)
);

DEFINE_EVENT(dvp_causes, dvp_restore,
	     TP_PROTO(const struct dvp_buffer *buf, unsigned int causes),
	     TP_ARGS(buf, causes)
);

TRACE_EVENT(dvp_import,
	    TP_PROTO(const struct dvp_buffer *buf, struct device *importer,
		     bool mapped),
	    TP_ARGS(buf, importer, mapped),
	    TP_STRUCT__entry(__array(char, bdf, DVP_TRACE_BDF_LEN)
			     __array(char, importer, DVP_TRACE_NAME_LEN)
			     __field(u64, id)
			     __field(bool, mapped)),
	    TP_fast_assign(strscpy(__entry->bdf, pci_name(buf->gate->pdev),
				   DVP_TRACE_BDF_LEN);
			   strscpy(__entry->importer, dev_name(importer),
				   DVP_TRACE_NAME_LEN);
			   __entry->id = buf->id;
			   __entry->mapped = mapped;),
	    TP_printk("bdf=%s id=%llu importer=%s mapped=%u", __entry->bdf,
		      __entry->id, __entry->importer, __entry->mapped)
);

#endif /* DVP_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
