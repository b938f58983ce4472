// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trace events: that they are listed under the driver's name, and tell what
 * happened. In an instance of tracing of their own, so that nobody else's
 * tracing is disturbed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dvt_import.h"
#include "dvt_param.h"
#include "dvt_show.h"

#define BAR 2
#define LEN DVT_MIB
#define RW (PROT_READ | PROT_WRITE)

#define TRACING "/sys/kernel/tracing"
#define SYSTEM "dmabuf_vfio_pci"
#define INSTANCE TRACING "/instances/dvp-check"

static bool mounted;

static void before(void)
{
	dvt_param_save();
	if (access(TRACING "/events", F_OK))
		mounted = !mount("tracefs", TRACING, "tracefs", 0, NULL);
	mkdir(INSTANCE, 0700);
}

static void after(void)
{
	rmdir(INSTANCE);
	if (mounted)
		umount(TRACING);
	mounted = false;
	dvt_param_restore();
}

#define trace_or_skip()							\
	do {								\
		if (access(INSTANCE "/trace", F_OK))			\
			dvt_skip("this kernel has no tracing");		\
	} while (0)

static void put(const char *file, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), INSTANCE "/%s", file);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s: %m", path);
	ck_assert_int_eq(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void trace_on(void)
{
	put("trace", "\n");
	put("events/" SYSTEM "/enable", "1");
}

static void trace_off(void)
{
	put("events/" SYSTEM "/enable", "0");
}

/* How many events are there of a buffer; the last of them goes to line. */
static unsigned int find(const char *event, const char *id, char *line)
{
	char each[DVT_LINE_LEN], value[64], wanted[64], *at;
	FILE *file = fopen(INSTANCE "/trace", "re");
	unsigned int nr = 0;

	ck_assert_msg(file, "trace: %m");
	snprintf(wanted, sizeof(wanted), " %s: ", event);
	while (fgets(each, sizeof(each), file)) {
		each[strcspn(each, "\n")] = '\0';
		at = strstr(each, wanted);
		if (!at || !dvt_line_value(at, "id", value, sizeof(value)) ||
		    strcmp(value, id))
			continue;
		nr++;
		strcpy(line, at);
	}
	fclose(file);
	return nr;
}

static void id_of(const struct dvl_device *dev, int fd, char *id, size_t size)
{
	char line[DVT_LINE_LEN];

	dvt_export_line(dev->bdf, fd, line);
	ck_assert(dvt_line_value(line, "id", id, size));
}

static const char *const events[] = {
	"dvp_export", "dvp_map", "dvp_fault", "dvp_revoke", "dvp_block",
	"dvp_restore", "dvp_import",
};

START_TEST(event_is_listed_and_can_be_decoded)
{
	char path[256], text[4096];
	size_t len;
	FILE *file;

	trace_or_skip();
	snprintf(path, sizeof(path), TRACING "/events/" SYSTEM "/%s/format",
		 events[_i]);
	file = fopen(path, "re");
	ck_assert_msg(file, "%s: %m", path);
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	ck_assert_ptr_ne(strstr(text, "char bdf["), NULL);
	ck_assert_ptr_ne(strstr(text, "u64 id;"), NULL);
	/* Names that only the kernel knows. */
	ck_assert_ptr_eq(strstr(text, "DVP_"), NULL);
}
END_TEST

START_TEST(export_map_fault_and_revoke_are_traced)
{
	char id[32], line[DVT_LINE_LEN];
	struct dvl_device dev;
	void *map;
	int fd;

	trace_or_skip();
	dvt_debugfs_or_skip();
	dvt_open_or_skip(&dev, "DVP_BDF");
	trace_on();
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	id_of(&dev, fd, id, sizeof(id));
	map = dvt_map_from(fd, LEN / 2, LEN / 2, RW);
	dvt_assert_usable(map);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	ck_assert_int_eq(dvt_read32(map), DVT_SIGBUS);
	trace_off();

	ck_assert_uint_eq(find("dvp_export", id, line), 1);
	dvt_assert_value(line, "bdf", dev.bdf);
	dvt_assert_value(line, "kind", "export");
	dvt_assert_number(line, "bar", BAR);
	dvt_assert_number(line, "size", LEN);
	dvt_assert_number(line, "extents", 1);
	dvt_assert_number(line, "read_only", 0);
	ck_assert_uint_eq(find("dvp_map", id, line), 1);
	dvt_assert_hex(line, "addr", (uintptr_t)map);
	dvt_assert_hex(line, "len", LEN / 2);
	dvt_assert_hex(line, "offset", LEN / 2);
	dvt_assert_value(line, "memattr", "nc");
	ck_assert_uint_eq(find("dvp_revoke", id, line), 1);
	dvt_assert_number(line, "mappings", 1);
	ck_assert_uint_eq(find("dvp_fault", id, line), 2);
	dvt_assert_hex(line, "addr", (uintptr_t)map);
	dvt_assert_hex(line, "offset", LEN / 2);
	dvt_assert_value(line, "result", "sigbus");
	ck_assert_uint_eq(find("dvp_block", id, line), 0);
}
END_TEST

START_TEST(end_and_return_of_memory_are_traced_for_each_buffer)
{
	char ids[2][32], line[DVT_LINE_LEN];
	struct dvl_device dev;
	int fds[2], i;

	trace_or_skip();
	dvt_debugfs_or_skip();
	dvt_open_or_skip(&dev, "DVP_BDF");
	for (i = 0; i < 2; i++) {
		fds[i] = dvt_export(&dev, BAR, i * LEN, LEN, O_RDWR);
		id_of(&dev, fds[i], ids[i], sizeof(ids[i]));
	}
	trace_on();
	dvt_memory_off(&dev);
	dvt_memory_on(&dev);
	ck_assert_int_eq(dvl_device_reset(&dev), 0);
	trace_off();
	for (i = 0; i < 2; i++) {
		ck_assert_uint_eq(find("dvp_block", ids[i], line), 2);
		dvt_assert_value(line, "bdf", dev.bdf);
		dvt_assert_value(line, "causes", "reset");
		ck_assert_uint_eq(find("dvp_restore", ids[i], line), 2);
	}
}
END_TEST

START_TEST(import_is_traced_from_map_to_unmap)
{
	char id[32], line[DVT_LINE_LEN];
	struct dvt_import import;

	trace_or_skip();
	dvt_debugfs_or_skip();
	dvt_import_or_skip(&import, DVT_BY_US);
	id_of(&import.dev, import.fd, id, sizeof(id));
	trace_on();
	dvt_peer_import(&import.peer, import.fd);
	ck_assert_uint_eq(find("dvp_import", id, line), 1);
	dvt_assert_value(line, "importer", import.peer.bdf);
	dvt_assert_value(line, "mapped", "1");
	ck_assert_int_eq(dvl_revoke(import.dev.fd, import.fd), 0);
	trace_off();
	ck_assert_uint_eq(find("dvp_import", id, line), 2);
	dvt_assert_value(line, "mapped", "0");
}
END_TEST

START_TEST(events_can_be_filtered_by_buffer)
{
	char ids[2][32], line[DVT_LINE_LEN], filter[128];
	struct dvl_device dev;
	int fds[2], i;

	trace_or_skip();
	dvt_debugfs_or_skip();
	dvt_open_or_skip(&dev, "DVP_BDF");
	for (i = 0; i < 2; i++) {
		fds[i] = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
		id_of(&dev, fds[i], ids[i], sizeof(ids[i]));
	}
	snprintf(filter, sizeof(filter), "id == %s && bdf == \"%s\"", ids[1],
		 dev.bdf);
	put("events/" SYSTEM "/dvp_revoke/filter", filter);
	trace_on();
	for (i = 0; i < 2; i++)
		ck_assert_int_eq(dvl_revoke(dev.fd, fds[i]), 0);
	trace_off();
	put("events/" SYSTEM "/dvp_revoke/filter", "0");
	ck_assert_uint_eq(find("dvp_revoke", ids[0], line), 0);
	ck_assert_uint_eq(find("dvp_revoke", ids[1], line), 1);
}
END_TEST

int main(void)
{
	return dvt_main_around("trace", (const struct dvt_test[]){
		{ event_is_listed_and_can_be_decoded, 7 },
		{ export_map_fault_and_revoke_are_traced },
		{ end_and_return_of_memory_are_traced_for_each_buffer },
		{ import_is_traced_from_map_to_unmap },
		{ events_can_be_filtered_by_buffer },
		{ NULL, 0 } }, before, after);
}
