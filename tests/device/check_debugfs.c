// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of a device in debugfs: that they show what is there, and to root.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dvt_import.h"
#include "dvt_param.h"
#include "dvt_show.h"

#define BAR 2
#define PAGE 4096UL
#define LEN DVT_MIB
#define RW (PROT_READ | PROT_WRITE)

static const char *const files[] = { "device", "exports", "regions" };

START_TEST(each_file_starts_with_its_format)
{
	const char *bdf = dvt_bdf("DVP_BDF");
	char *text;

	dvt_debugfs_or_skip();
	text = dvt_show_read(bdf, files[_i]);
	ck_assert_msg(text, "%s: %m", files[_i]);
	ck_assert_int_eq(strncmp(text, "format 2\n", 9), 0);
	free(text);
}
END_TEST

/* Bits: what could be opened. */
static int open_all(int sock, void *arg)
{
	char path[128];
	uint8_t opened = 0;
	size_t i;
	int fd;

	for (i = 0; i < DVT_ARRAY_SIZE(files); i++) {
		dvt_show_path(path, sizeof(path), arg, files[i]);
		opened |= (open(path, O_RDONLY) >= 0) << i;
	}
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/dmabuf/state",
		 (char *)arg);
	fd = open(path, O_RDONLY);
	opened |= (fd >= 0) << i;
	return write(sock, &opened, 1) == 1 ? 0 : 1;
}

START_TEST(debugfs_is_for_root_and_sysfs_for_all)
{
	static const uid_t uids[] = { 0, DVT_NOBODY };
	const char *bdf = dvt_bdf("DVP_BDF");
	struct dvt_child child;
	uint8_t opened[2];
	int i;

	dvt_debugfs_or_skip();
	for (i = 0; i < 2; i++) {
		dvt_child_fork(&child, uids[i], open_all, (void *)bdf);
		ck_assert_int_eq(read(child.sock, &opened[i], 1), 1);
		dvt_child_stop(&child);
	}
	ck_assert_uint_eq(opened[0], 0xf);
	ck_assert_uint_eq(opened[1], 0x8);
}
END_TEST

START_TEST(files_cannot_be_written)
{
	struct stat st;
	char path[128];

	dvt_debugfs_or_skip();
	dvt_show_path(path, sizeof(path), dvt_bdf("DVP_BDF"), files[_i]);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0400);
}
END_TEST

START_TEST(export_is_shown_as_it_was_made)
{
	char line[DVT_LINE_LEN], start[64], id[32];
	struct dvl_device dev;
	int fd;

	dvt_debugfs_or_skip();
	dvt_open_or_skip(&dev, "DVP_BDF");
	ck_assert_int_eq(prctl(PR_SET_NAME, "a b\\\n"), 0);
	fd = dvt_export(&dev, BAR, 3 * PAGE, LEN, O_RDONLY);
	dvt_export_line(dev.bdf, fd, line);
	dvt_assert_value(line, "kind", "export");
	dvt_assert_number(line, "bar", BAR);
	dvt_assert_number(line, "size", LEN);
	dvt_assert_number(line, "extents", 1);
	dvt_assert_value(line, "flags", "read_only");
	dvt_assert_value(line, "memattr", "nc");
	dvt_assert_value(line, "state", "usable");
	dvt_assert_value(line, "causes", "none");
	dvt_assert_number(line, "mappings", 0);
	dvt_assert_number(line, "attachments", 0);
	dvt_assert_number(line, "pid", getpid());
	dvt_assert_value(line, "comm", "a\\040b\\134\\012");

	ck_assert(dvt_line_value(line, "id", id, sizeof(id)));
	snprintf(start, sizeof(start), "extent id=%s ", id);
	ck_assert_uint_eq(dvt_show_lines(dev.bdf, "exports", start, line), 1);
	dvt_assert_hex(line, "offset", 3 * PAGE);
	dvt_assert_hex(line, "length", LEN);
	close(fd);
	snprintf(start, sizeof(start), "export id=%s ", id);
	ck_assert_uint_eq(dvt_show_lines(dev.bdf, "exports", start, NULL), 0);
}
END_TEST

START_TEST(flags_of_an_export_show)
{
	static const struct {
		uint32_t open_flags;
		uint32_t flags;
		const char *shown;
	} rows[] = {
		{ O_RDWR, 0, "none" },
		{ O_RDONLY, 0, "read_only" },
		{ O_RDWR, DMABUF_VFIO_PCI_EXPORT_HUGE, "huge" },
		{ O_RDWR, DMABUF_VFIO_PCI_EXPORT_CPU_ONLY, "cpu_only" },
		{ O_RDONLY, DMABUF_VFIO_PCI_EXPORT_HUGE |
			    DMABUF_VFIO_PCI_EXPORT_CPU_ONLY,
		  "read_only,huge,cpu_only" },
	};
	struct vfio_region_dma_range range = { .length = LEN };
	char line[DVT_LINE_LEN];
	struct dvl_device dev;
	size_t i;
	int fd;

	dvt_debugfs_or_skip();
	dvt_open_or_skip(&dev, "DVP_BDF");
	for (i = 0; i < DVT_ARRAY_SIZE(rows); i++) {
		fd = dvl_export_flags(dev.fd, BAR, &range, 1,
				      rows[i].open_flags, rows[i].flags);
		ck_assert_int_ge(fd, 0);
		dvt_export_line(dev.bdf, fd, line);
		dvt_assert_value(line, "flags", rows[i].shown);
		close(fd);
	}
}
END_TEST

START_TEST(use_of_a_buffer_shows)
{
	char line[DVT_LINE_LEN];
	struct dvl_device dev;
	void *map;
	int fd;

	dvt_debugfs_or_skip();
	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	map = dvt_map(fd, LEN, RW);
	dvt_assert_usable(map);
	dvt_memory_off(&dev);
	dvt_export_line(dev.bdf, fd, line);
	dvt_assert_number(line, "mappings", 1);
	dvt_assert_number(line, "faults", 1);
	dvt_assert_number(line, "refused", 0);
	dvt_assert_value(line, "state", "blocked");
	dvt_assert_value(line, "causes", "decode_off");
	dvt_assert_sigbus(map);
	dvt_memory_on(&dev);
	dvt_export_line(dev.bdf, fd, line);
	dvt_assert_number(line, "refused", 2);
	dvt_assert_value(line, "state", "usable");
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	dvt_export_line(dev.bdf, fd, line);
	dvt_assert_value(line, "state", "revoked");
	dvt_assert_number(line, "mappings", 1);
}
END_TEST

START_TEST(memattr_shows)
{
	char line[DVT_LINE_LEN];
	struct dvl_device dev;
	int fd;

	dvt_debugfs_or_skip();
	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	if (dvl_memattr(dev.fd, fd, DMABUF_VFIO_PCI_MEMATTR_WC))
		dvt_skip("no write-combining here");
	dvt_export_line(dev.bdf, fd, line);
	dvt_assert_value(line, "memattr", "wc");
}
END_TEST

START_TEST(bar_mapping_shows)
{
	char line[DVT_LINE_LEN];
	struct dvl_device dev;
	void *map;

	dvt_debugfs_or_skip();
	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvl_region_mmap(&dev, BAR, 0, LEN, PROT_READ);
	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_uint_eq(dvt_show_lines(dev.bdf, "exports", "export ", line),
			  1);
	dvt_assert_value(line, "kind", "bar_mmap");
	dvt_assert_number(line, "size", dvt_bar_len(&dev, BAR));
	dvt_assert_number(line, "mappings", 1);
}
END_TEST

/* There is one buffer a BAR, and the last close frees it. */
START_TEST(bar_mappings_share_a_buffer_until_the_close)
{
	char line[DVT_LINE_LEN];
	struct dvl_device dev;
	void *maps[2];
	int i;

	dvt_debugfs_or_skip();
	dvt_open_or_skip(&dev, "DVP_BDF");
	for (i = 0; i < 2; i++) {
		maps[i] = dvl_region_mmap(&dev, BAR, 0, LEN, PROT_READ);
		ck_assert_ptr_ne(maps[i], MAP_FAILED);
	}
	ck_assert_uint_eq(dvt_show_lines(dev.bdf, "exports", "export ", line),
			  1);
	dvt_assert_number(line, "mappings", 2);
	for (i = 0; i < 2; i++)
		ck_assert_int_eq(munmap(maps[i], LEN), 0);
	ck_assert_uint_eq(dvt_show_lines(dev.bdf, "exports", "export ", line),
			  1);
	dvt_assert_number(line, "mappings", 0);
	dvl_device_close(&dev);
	ck_assert_uint_eq(dvt_show_lines(dev.bdf, "exports", "export ", NULL),
			  0);
}
END_TEST

START_TEST(importer_shows_from_attach_to_detach)
{
	char line[DVT_LINE_LEN];
	struct dvt_import import;

	dvt_debugfs_or_skip();
	dvt_import_or_skip(&import, DVT_BY_US);
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd), 0);
	ck_assert_uint_eq(dvt_show_lines(import.dev.bdf, "exports",
					 "importer ", line), 1);
	dvt_assert_value(line, "device", import.peer.bdf);
	dvt_assert_value(line, "mapped", "0");
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL), 0);
	dvt_show_lines(import.dev.bdf, "exports", "importer ", line);
	dvt_assert_value(line, "mapped", "1");
	dvt_export_line(import.dev.bdf, import.fd, line);
	dvt_assert_number(line, "imports", 1);
	dvt_assert_number(line, "attachments", 1);
	ck_assert_int_eq(dvt_peer_unmap(&import.peer), 0);
	ck_assert_int_eq(dvt_peer_detach(&import.peer), 0);
	ck_assert_uint_eq(dvt_show_lines(import.dev.bdf, "exports",
					 "importer ", NULL), 0);
}
END_TEST

START_TEST(long_list_of_extents_is_cut)
{
	struct vfio_region_dma_range ranges[100];
	char line[DVT_LINE_LEN];
	struct dvl_device dev;
	size_t i;
	int fd;

	dvt_debugfs_or_skip();
	dvt_open_or_skip(&dev, "DVP_BDF");
	for (i = 0; i < DVT_ARRAY_SIZE(ranges); i++) {
		ranges[i].offset = 2 * i * PAGE;
		ranges[i].length = PAGE;
	}
	fd = dvl_export(dev.fd, BAR, ranges, DVT_ARRAY_SIZE(ranges), O_RDWR);
	ck_assert_int_ge(fd, 0);
	ck_assert_uint_eq(dvt_show_lines(dev.bdf, "exports", "extent ", NULL),
			  64);
	ck_assert_uint_eq(dvt_show_lines(dev.bdf, "exports", "more ", line), 1);
	dvt_assert_number(line, "extents", 36);
}
END_TEST

/* Reads a file in small pieces, while buffers that were shown are closed. */
START_TEST(each_of_many_buffers_is_shown_once_and_in_order)
{
	enum { NR = 200 };
	unsigned long id, last = 0, nr = 0;
	struct dvl_device dev;
	char path[128], line[DVT_LINE_LEN], value[32];
	int fds[NR];
	FILE *file;
	int i;

	dvt_debugfs_or_skip();
	dvt_open_or_skip(&dev, "DVP_BDF");
	for (i = 0; i < NR; i++)
		fds[i] = dvt_export(&dev, BAR, 0, PAGE, O_RDWR);
	dvt_show_path(path, sizeof(path), dev.bdf, "exports");
	file = fopen(path, "re");
	ck_assert_ptr_ne(file, NULL);
	setvbuf(file, NULL, _IOFBF, 100);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, "export ", 7))
			continue;
		ck_assert(dvt_line_value(line, "id", value, sizeof(value)));
		id = strtoul(value, NULL, 10);
		ck_assert_uint_gt(id, last);
		last = id;
		close(fds[nr++]);
	}
	fclose(file);
	ck_assert_uint_eq(nr, NR);
}
END_TEST

START_TEST(regions_say_what_can_be_exported)
{
	static const char *const roles[] = {
		"DVP_BDF", "DVP_BDF_FLR", "DVP_BDF_DISPLAY", "DVP_BDF_IO",
		"DVP_BDF_EDU", "DVP_BDF_PF",
	};
	char start[64], line[DVT_LINE_LEN], answer[16];
	struct dvl_device dev;
	unsigned int bar;
	uint64_t len;
	int fd;

	dvt_debugfs_or_skip();
	dvt_open_or_skip(&dev, roles[_i]);
	for (bar = 0; bar < 6; bar++) {
		snprintf(start, sizeof(start), "region bar=%u ", bar);
		ck_assert_uint_eq(dvt_show_lines(dev.bdf, "regions", start,
						 line), 1);
		len = dvt_bar_len(&dev, bar);
		dvt_assert_hex(line, "size", len);
		len = (len + PAGE - 1) & ~(PAGE - 1);
		fd = dvl_export_one(dev.fd, bar, 0, len, O_RDWR);
		dvt_assert_value(line, "export", fd >= 0 ? "yes" : "no");
		ck_assert(dvt_line_value(line, "reason", answer,
					 sizeof(answer)));
		ck_assert_msg((fd >= 0) == !strcmp(answer, "none"), "%s", line);
	}
	dvl_device_close(&dev);
	ck_assert_uint_eq(dvt_show_lines(dev.bdf, "regions", "region ", NULL),
			  7);
}
END_TEST

START_TEST(device_is_shown_open_and_closed)
{
	char line[DVT_LINE_LEN], value[32];
	struct dvl_device dev;

	dvt_debugfs_or_skip();
	dvt_open_or_skip(&dev, "DVP_BDF");
	ck_assert_uint_eq(dvt_show_lines(dev.bdf, "device", "device ", line),
			  1);
	dvt_assert_value(line, "name", dev.bdf);
	dvt_assert_value(line, "driver", DVL_DRIVER);
	dvt_assert_value(line, "open", "1");
	dvt_param_read("p2p", value, sizeof(value));
	dvt_assert_value(line, "p2p", value);
	dvt_param_read("feature_dma_buf", value, sizeof(value));
	dvt_assert_value(line, "feature_dma_buf", value);
	dvt_assert_value(line, "huge",
			 dvt_caps(&dev) & DMABUF_VFIO_PCI_CAP_HUGE ? "1" : "0");
	dvt_assert_value(line, "wc",
			 dvt_caps(&dev) & DMABUF_VFIO_PCI_CAP_MEMATTR_WC ?
			 "1" : "0");
	dvt_assert_value(line, "import",
			 dvt_caps(&dev) & DMABUF_VFIO_PCI_CAP_DMA_IMPORT ?
			 "1" : "0");
	dvl_device_close(&dev);
	dvt_show_lines(dev.bdf, "device", "device ", line);
	dvt_assert_value(line, "open", "0");
}
END_TEST

DVT_MAIN_PARAM("debugfs",
	       { each_file_starts_with_its_format, 3 },
	       { debugfs_is_for_root_and_sysfs_for_all },
	       { files_cannot_be_written, 3 },
	       { export_is_shown_as_it_was_made },
	       { flags_of_an_export_show },
	       { use_of_a_buffer_shows },
	       { memattr_shows },
	       { bar_mapping_shows },
	       { bar_mappings_share_a_buffer_until_the_close },
	       { importer_shows_from_attach_to_detach },
	       { long_list_of_extents_is_cut },
	       { each_of_many_buffers_is_shown_once_and_in_order },
	       { regions_say_what_can_be_exported, 6 },
	       { device_is_shown_open_and_closed })
