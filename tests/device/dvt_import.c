// SPDX-License-Identifier: GPL-2.0-only
/* A BAR and who imports it; see dvt_import.h. */
#include <stdlib.h>
#include <string.h>

#include "dvt_fault.h"
#include "dvt_import.h"
#include "dvt_param.h"

/* A page: what one transfer can move. */
#define PAGE 4096

/**
 * dvt_machine_is() - ask for the machine's name
 * @name: one of tests/vm/machines
 *
 * Return: whether this is it.
 */
bool dvt_machine_is(const char *name)
{
	const char *machine = getenv("DVP_MACHINE");

	return machine && !strcmp(machine, name);
}

/**
 * dvt_machine_translates() - do devices see other addresses than the processor
 *
 * Return: whether an IOMMU translates what does not stay behind one switch.
 */
bool dvt_machine_translates(void)
{
	static const char * const names[] = {
		"iommu", "oldcpu", "slots", "kexec",
	};
	size_t i;

	for (i = 0; i < DVT_ARRAY_SIZE(names); i++)
		if (dvt_machine_is(names[i]))
			return true;
	return false;
}

/**
 * dvt_bridge_is_known() - does the kernel know that peers reach each other
 *
 * It goes by a list of host bridges, which has none for the arm64 machine, and by the
 * age of AMD's processors.
 *
 * Return: whether it knows of a route through this machine's host bridge.
 */
bool dvt_bridge_is_known(void)
{
#ifdef __aarch64__
	return false;
#else
	return !dvt_machine_is("oldcpu");
#endif
}

/* NULL, or why the test cannot judge. */
static const char *open_ours(struct dvt_import *import)
{
	if (!dvt_bdf("DVP_BDF"))
		return "no device for DVP_BDF";
	dvt_open(&import->dev, dvt_bdf("DVP_BDF"));
	if (!(dvt_caps(&import->dev) & DMABUF_VFIO_PCI_CAP_DMA_IMPORT))
		return "nobody can import on this kernel";
	/* There the kernel knows no route, but there is one. */
	if (!dvt_bridge_is_known())
		dvt_param_set("p2p", "force");
	return NULL;
}

static const char *open_kernels(struct dvt_import *import)
{
	if (!dvt_bdf("DVP_BDF_PLAIN"))
		return "no device for DVP_BDF_PLAIN";
	if (!dvt_bridge_is_known())
		return "the kernel's exporter knows no route here";
	dvt_open(&import->dev, dvt_bdf("DVP_BDF_PLAIN"));
	if (dvl_feature(import->dev.fd, VFIO_DEVICE_FEATURE_DMA_BUF,
			VFIO_DEVICE_FEATURE_PROBE, NULL, 0))
		return "this kernel has no exporter of its own";
	return NULL;
}

/**
 * dvt_import_open() - open a device that exports and one that imports
 * @import: filled in, without a buffer
 * @by: who exports
 *
 * Return: NULL, or why the test must be skipped.
 */
const char *dvt_import_open(struct dvt_import *import,
			    enum dvt_exported_by by)
{
	const char *why;

	*import = (struct dvt_import){ .by = by, .fd = -1 };
	if (!dvt_bdf("DVP_BDF_PEER"))
		return "no device for DVP_BDF_PEER";
	why = by == DVT_BY_US ? open_ours(import) : open_kernels(import);
	if (!why)
		dvt_peer_open(&import->peer, dvt_bdf("DVP_BDF_PEER"));
	return why;
}

/**
 * dvt_import_reopen() - close the exporting device, and open it again
 * @import: the device may have been closed already
 */
void dvt_import_reopen(struct dvt_import *import)
{
	dvl_device_close(&import->dev);
	dvt_open(&import->dev, dvt_bdf(import->by == DVT_BY_US ?
				       "DVP_BDF" : "DVP_BDF_PLAIN"));
}

/**
 * dvt_bytes() - make bytes
 * @bytes: filled in
 * @len: how many
 * @seed: which ones; all but a few differ from those of another seed
 */
void dvt_bytes(void *bytes, size_t len, unsigned int seed)
{
	uint32_t state = seed * 2654435761U + 1;
	uint8_t *byte = bytes;

	while (len--) {
		state = state * 1664525 + 1013904223;
		*byte++ = state >> 24;
	}
}

/**
 * dvt_bar_fill() - write bytes to the BAR, by the second path
 * @dev: the device
 * @off: where in the BAR
 * @len: how many, at most a page
 * @seed: which ones, for dvt_bytes()
 */
void dvt_bar_fill(const struct dvl_device *dev, uint64_t off, size_t len,
		  unsigned int seed)
{
	uint8_t bytes[PAGE];

	ck_assert_uint_le(len, sizeof(bytes));
	dvt_bytes(bytes, len, seed);
	ck_assert_int_eq(dvl_region_write(dev, DVT_IMPORT_BAR, off, bytes,
					  len), 0);
}

/**
 * dvt_bar_assert() - the BAR holds these bytes
 * @dev: the device
 * @off: where in the BAR
 * @len: how many, at most a page
 * @seed: which ones, for dvt_bytes()
 */
void dvt_bar_assert(const struct dvl_device *dev, uint64_t off, size_t len,
		    unsigned int seed)
{
	uint8_t expected[PAGE], got[PAGE];

	ck_assert_uint_le(len, sizeof(got));
	dvt_bytes(expected, len, seed);
	ck_assert_int_eq(dvl_region_read(dev, DVT_IMPORT_BAR, off, got, len),
			 0);
	ck_assert_msg(!memcmp(got, expected, len),
		      "other bytes at %#lx of the BAR", off);
}

/**
 * dvt_import_assert_leads_to() - DMA reaches the right bytes
 * @import: with a mapping
 * @off: where in the buffer; a page
 * @bar_off: where that is in the BAR
 */
void dvt_import_assert_leads_to(const struct dvt_import *import, uint64_t off,
				uint64_t bar_off)
{
	unsigned int seed = off / PAGE + 1;
	uint8_t expected[PAGE], got[PAGE];

	dvt_bytes(expected, PAGE, seed);
	dvt_peer_write(&import->peer, off, expected, PAGE);
	dvt_bar_assert(&import->dev, bar_off, PAGE, seed);

	dvt_bar_fill(&import->dev, bar_off, PAGE, ~seed);
	dvt_bytes(expected, PAGE, ~seed);
	dvt_peer_read(&import->peer, off, got, PAGE);
	ck_assert_msg(!memcmp(got, expected, PAGE),
		      "DMA from %#lx of the buffer gave other bytes", off);
}

/**
 * dvt_import_assert_stopped() - no way leads to where a mapping led
 * @import: its mapping is gone; a buffer from the start of the BAR, whose
 *	memory is on
 *
 * Judged where an IOMMU translates; elsewhere nothing stands in the way.
 */
void dvt_import_assert_stopped(const struct dvt_import *import)
{
	uint8_t bytes[PAGE];
	int log;

	if (!dvt_machine_translates())
		return;
	dvt_bar_fill(&import->dev, 0, PAGE, 1);
	dvt_bytes(bytes, PAGE, 2);
	log = dvt_fault_expect(import->peer.bdf);
	do {
		dvt_peer_write_stale(&import->peer, 0, bytes, PAGE);
	} while (!dvt_fault_reported(log, import->peer.bdf));
	dvt_fault_over(log);
	dvt_bar_assert(&import->dev, 0, PAGE, 1);
}
