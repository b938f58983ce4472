// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices of the driver under iommufd: opened by their own node, their buffers
 * mapped for DMA where the kernel's exporter makes them, and refused where it
 * is ours, which iommufd cannot import. An edu device shows where DMA ends up.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dvt_exporter.h"
#include "dvt_iommufd.h"
#include "dvt_param.h"

#define BAR 2
#define PAGE 4096UL
#define LEN (16 * PAGE)
#define OFF (4 * PAGE)
#define PARAM "feature_dma_buf"
#define UPSTREAM VFIO_DEVICE_FEATURE_DMA_BUF
#define PRIVATE DMABUF_VFIO_PCI_FEATURE_EXPORT

/* Where the engine sees the test's memory, and the buffer. */
#define MEMORY_IOVA 0x1000000UL
#define BUFFER_IOVA 0x2000000UL

#define need_role(role)							\
	do {								\
		if (!dvt_bdf(role))					\
			dvt_skip("no device for %s", role);		\
	} while (0)

START_TEST(device_works_when_opened_by_its_own_node)
{
	struct dmabuf_vfio_pci_info info;
	struct dvt_iommufd io;
	struct dvl_device dev;
	void *map, *bar;
	int fd;

	dvt_iommufd_open(&io);
	need_role("DVP_BDF");
	dvt_iommufd_attach(&io, &dev, dvt_bdf("DVP_BDF"));
	ck_assert_int_eq(dvl_info(dev.fd, &info), 0);
	ck_assert_uint_eq(dvt_bar_len(&dev, BAR), 64 * DVT_MIB);
	fd = dvt_export_by(&dev, PRIVATE, BAR, 0, PAGE);
	map = dvt_map(fd, PAGE, PROT_READ | PROT_WRITE);
	bar = dvl_region_mmap(&dev, BAR, 0, PAGE, PROT_READ | PROT_WRITE);
	ck_assert_ptr_ne(bar, MAP_FAILED);
	dvt_assert_usable(map);
	dvt_assert_usable(bar);
	ck_assert_int_eq(dvt_write32(map, 0x600dcafe), 0);
	ck_assert_int_eq(dvl_device_reset(&dev), 0);
	ck_assert_int_eq(dvt_read32(bar), 0x600dcafe);
	dvt_memory_off(&dev);
	dvt_assert_sigbus(map);
	dvt_assert_sigbus(bar);
	dvt_memory_on(&dev);
	dvt_assert_usable(map);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	dvt_assert_sigbus(map);
	dvt_assert_usable(bar);
}
END_TEST

START_TEST(close_of_the_node_revokes_as_that_of_a_group_does)
{
	struct dvt_iommufd io;
	struct dvl_device dev;
	void *map;
	int fd;

	dvt_iommufd_open(&io);
	need_role("DVP_BDF");
	dvt_iommufd_attach(&io, &dev, dvt_bdf("DVP_BDF"));
	fd = dvt_export_by(&dev, PRIVATE, BAR, 0, PAGE);
	map = dvt_map(fd, PAGE, PROT_READ | PROT_WRITE);
	dvt_assert_usable(map);
	dvl_device_close(&dev);
	dvt_assert_sigbus(map);
	ck_assert_int_eq(dvt_mmap_error(fd, PAGE), ENODEV);
	dvt_iommufd_attach(&io, &dev, dvt_bdf("DVP_BDF"));
	dvt_assert_sigbus(map);
}
END_TEST

START_TEST(dma_of_an_attached_device_reaches_memory)
{
	struct dvt_engine engine;
	struct dvt_iommufd io;
	uint8_t *memory;

	dvt_iommufd_open(&io);
	need_role("DVP_BDF_EDU");
	dvt_engine_open(&engine, &io, dvt_bdf("DVP_BDF_EDU"));
	memory = dvt_iommufd_memory(&io, MEMORY_IOVA, 2 * PAGE);
	memset(memory, 0x5a, PAGE);
	dvt_engine_copy(&engine, MEMORY_IOVA, MEMORY_IOVA + PAGE, PAGE);
	ck_assert_mem_eq(memory, memory + PAGE, PAGE);
	ck_assert_int_eq(dvl_ioas_unmap(io.fd, io.ioas, MEMORY_IOVA,
					2 * PAGE), 0);
	ck_assert_int_eq(dvl_ioas_unmap(io.fd, io.ioas, MEMORY_IOVA,
					2 * PAGE), -ENOENT);
}
END_TEST

/**
 * struct import - a buffer of the kernel's exporter, and who does DMA to it
 * @io: the address space that both are attached to
 * @dev: the exporting device
 * @engine: the other one
 * @memory: a page that the engine copies from
 * @fd: the buffer: LEN bytes of BAR from OFF
 */
struct import {
	struct dvt_iommufd io;
	struct dvl_device dev;
	struct dvt_engine engine;
	uint32_t *memory;
	int fd;
};

static int map_buffer(const struct import *import)
{
	return dvl_ioas_map_file(import->io.fd, import->io.ioas, import->fd, 0,
				 LEN, BUFFER_IOVA);
}

static int unmap_buffer(const struct import *import)
{
	return dvl_ioas_unmap(import->io.fd, import->io.ioas, BUFFER_IOVA,
			      LEN);
}

static void import_start(struct import *import, const char *role,
			 const char *param)
{
	int ret;

	dvt_iommufd_attach(&import->io, &import->dev, dvt_bdf(role));
	dvt_engine_open(&import->engine, &import->io, dvt_bdf("DVP_BDF_EDU"));
	import->memory = dvt_iommufd_memory(&import->io, MEMORY_IOVA, PAGE);
	dvt_param_set(PARAM, param);
	import->fd = dvt_export_by(&import->dev, UPSTREAM, BAR, OFF, LEN);
	ret = map_buffer(import);
	ck_assert_msg(!ret, "IOMMU_IOAS_MAP_FILE: %s", strerror(-ret));
}

/* Writes a word to the last page of the buffer by DMA. */
static void dma_write(struct import *import, uint32_t value)
{
	import->memory[0] = value;
	dvt_engine_copy(&import->engine, MEMORY_IOVA, BUFFER_IOVA + LEN - PAGE,
			sizeof(value));
}

static void dma_write_stopped(struct import *import, uint32_t value)
{
	import->memory[0] = value;
	dvt_engine_copy_stopped(&import->engine, MEMORY_IOVA,
				BUFFER_IOVA + LEN - PAGE, sizeof(value));
}

static void assert_word(const struct import *import, uint32_t value)
{
	ck_assert_uint_eq(dvt_peek32(&import->dev, BAR, OFF + LEN - PAGE),
			  value);
}

#define import_or_skip(import, role, param)				\
	do {								\
		dvt_iommufd_open(&(import)->io);			\
		need_role(role);					\
		need_role("DVP_BDF_EDU");				\
		import_start(import, role, param);			\
	} while (0)

/**
 * struct exporter - a device whose buffers the kernel's exporter makes
 * @role: ours, or one of plain vfio-pci that ours is held against
 * @param: the parameter; auto means the kernel's exporter for such a device
 */
static const struct exporter {
	const char *role;
	const char *param;
} exporters[] = {
	{ "DVP_BDF", "core" },
	{ "DVP_BDF", "auto" },
	{ "DVP_BDF_PLAIN", "auto" },
};

START_TEST(core_buffer_maps_and_dma_reaches_the_bar)
{
	struct import import;

	import_or_skip(&import, exporters[_i].role, exporters[_i].param);
	dma_write(&import, 0x11111111);
	assert_word(&import, 0x11111111);
	/* The iommufd keeps the buffer. */
	close(import.fd);
	dma_write(&import, 0x22222222);
	assert_word(&import, 0x22222222);
	ck_assert_int_eq(unmap_buffer(&import), 0);
	dma_write_stopped(&import, 0x33333333);
	assert_word(&import, 0x22222222);
}
END_TEST

static void by_reset(struct import *import)
{
	ck_assert_int_eq(dvl_device_reset(&import->dev), 0);
}

static void by_decode_off(struct import *import)
{
	dvt_memory_off(&import->dev);
	ck_assert_int_eq(unmap_buffer(import), 0);
	ck_assert_int_eq(map_buffer(import), -ENODEV);
	dvt_memory_on(&import->dev);
}

static void by_decode_off_and_on(struct import *import)
{
	dvt_memory_off(&import->dev);
	dvt_memory_on(&import->dev);
}

static void by_close(struct import *import)
{
	char bdf[sizeof(import->dev.bdf)];

	strcpy(bdf, import->dev.bdf);
	dvl_device_close(&import->dev);
	dvt_iommufd_attach(&import->io, &import->dev, bdf);
}

/**
 * struct cause - a way to lose the memory behind a buffer, and get it back
 * @role: the exporter
 * @happen: it happens
 * @unmaps: it has unmapped the buffer too
 * @for_good: the buffer is revoked for good
 */
static const struct cause {
	const char *role;
	void (*happen)(struct import *import);
	bool unmaps;
	bool for_good;
} causes[] = {
	{ "DVP_BDF", by_reset },
	{ "DVP_BDF", by_decode_off_and_on },
	{ "DVP_BDF", by_decode_off, .unmaps = true },
	{ "DVP_BDF", by_close, .for_good = true },
	{ "DVP_BDF_PLAIN", by_decode_off_and_on },
	{ "DVP_BDF_PLAIN", by_decode_off, .unmaps = true },
	{ "DVP_BDF_PLAIN", by_close, .for_good = true },
};

START_TEST(mapping_of_a_core_buffer_does_not_outlive_its_memory)
{
	const struct cause *cause = &causes[_i];
	struct import import;

	import_or_skip(&import, cause->role, "auto");
	dma_write(&import, 0x11111111);
	assert_word(&import, 0x11111111);
	cause->happen(&import);
	/* The memory is back, but nothing leads there. */
	dma_write_stopped(&import, 0x22222222);
	assert_word(&import, 0x11111111);
	ck_assert_int_eq(unmap_buffer(&import), cause->unmaps ? -ENOENT : 0);
	if (cause->for_good) {
		ck_assert_int_eq(map_buffer(&import), -ENODEV);
		return;
	}
	ck_assert_int_eq(map_buffer(&import), 0);
	dma_write(&import, 0x33333333);
	assert_word(&import, 0x33333333);
}
END_TEST

START_TEST(closing_everything_in_any_order_is_quiet)
{
	struct import import;
	int *fds[] = { &import.fd, &import.io.fd, &import.dev.fd,
		       &import.engine.dev.fd };
	size_t i;

	import_or_skip(&import, "DVP_BDF", "auto");
	dma_write(&import, 0x11111111);
	munmap((void *)import.engine.regs, PAGE);
	for (i = 0; i < DVT_ARRAY_SIZE(fds); i++)
		ck_assert_int_eq(close(*fds[(i + _i) % DVT_ARRAY_SIZE(fds)]),
				 0);
}
END_TEST

/**
 * struct refusal - a buffer of ours
 * @param: the parameter when it is exported
 * @p2p: the parameter p2p
 * @feature: how it is exported
 */
static const struct refusal {
	const char *param;
	const char *p2p;
	uint32_t feature;
} refusals[] = {
	{ "own", "auto", UPSTREAM },
	{ "own", "auto", PRIVATE },
	{ "core", "auto", PRIVATE },
	{ "auto", "auto", PRIVATE },
	{ "own", "strict", UPSTREAM },
	{ "own", "force", UPSTREAM },
	{ "own", "off", UPSTREAM },
};

START_TEST(buffer_of_ours_does_not_map_but_works)
{
	const struct refusal *row = &refusals[_i];
	struct dvt_traces before;
	struct dvt_iommufd io;
	struct dvl_device dev;
	void *map;
	int fd;

	dvt_iommufd_open(&io);
	need_role("DVP_BDF");
	dvt_iommufd_attach(&io, &dev, dvt_bdf("DVP_BDF"));
	dvt_param_set(PARAM, row->param);
	dvt_param_set("p2p", row->p2p);
	fd = dvt_export_by(&dev, row->feature, BAR, OFF, LEN);
	map = dvt_map(fd, LEN, PROT_READ | PROT_WRITE);
	dvt_traces_take(&before);
	ck_assert_int_eq(dvl_ioas_map_file(io.fd, io.ioas, fd, 0, LEN,
					   BUFFER_IOVA), -EOPNOTSUPP);
	dvt_traces_assert_same(&before);
	dvt_assert_usable(map);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	dvt_assert_sigbus(map);
}
END_TEST

START_TEST(the_log_says_once_that_a_buffer_of_ours_is_refused)
{
	int log, fd, i, nr_lines = 0;
	const char *bdf = dvt_bdf("DVP_BDF");
	struct dvt_iommufd io;
	struct dvl_device dev;

	dvt_iommufd_open(&io);
	need_role("DVP_BDF");
	/* Who has been told before is told again when the device is new. */
	ck_assert_int_eq(dvl_sysfs_unbind(bdf), 0);
	dvt_bind(bdf, DVL_DRIVER);
	dvt_iommufd_attach(&io, &dev, bdf);
	dvt_param_set(PARAM, "own");
	log = dvt_log_mark();
	for (i = 0; i < 3; i++) {
		fd = dvt_export_by(&dev, UPSTREAM, BAR, OFF, LEN);
		ck_assert_int_eq(dvl_ioas_map_file(io.fd, io.ioas, fd, 0, LEN,
						   BUFFER_IOVA), -EOPNOTSUPP);
	}
	while (dvt_log_has(log, "iommufd"))
		nr_lines++;
	ck_assert_int_eq(nr_lines, 1);
	close(log);
}
END_TEST

/* Stands for the tests of what the kernel lacks. */
START_TEST(kernel_has_iommufd_with_all_that_is_tested)
{
	dvt_skip("%s", dvt_iommufd_lack() ?: dvt_iommufd_file_lack());
}
END_TEST

int main(void)
{
	enum { ALL = 0, FILES = 3 };
	struct dvt_test tests[] = {
		{ device_works_when_opened_by_its_own_node },
		{ close_of_the_node_revokes_as_that_of_a_group_does },
		{ dma_of_an_attached_device_reaches_memory },
		[FILES] = { core_buffer_maps_and_dma_reaches_the_bar,
			    DVT_ARRAY_SIZE(exporters) },
		{ mapping_of_a_core_buffer_does_not_outlive_its_memory,
		  DVT_ARRAY_SIZE(causes) },
		{ closing_everything_in_any_order_is_quiet, 4 },
		{ buffer_of_ours_does_not_map_but_works,
		  DVT_ARRAY_SIZE(refusals) },
		{ the_log_says_once_that_a_buffer_of_ours_is_refused },
		{ NULL, 0 }
	};
	struct dvt_test *lacking = NULL;

	if (dvt_iommufd_lack())
		lacking = &tests[ALL];
	else if (dvt_iommufd_file_lack())
		lacking = &tests[FILES];
	if (lacking) {
		lacking[0] = (struct dvt_test){
			kernel_has_iommufd_with_all_that_is_tested
		};
		lacking[1] = (struct dvt_test){ NULL };
	}
	return dvt_main_around("iommufd", tests, dvt_param_save,
			       dvt_param_restore);
}
