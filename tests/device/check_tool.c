// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio-dmabuf: what it says of devices that are bound, of one that is not, and
 * of one that is not there; and its exit status for each.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dvt.h"
#include "dvt_import.h"
#include "dvt_param.h"
#include "dvt_tool.h"

/* No machine has that many buses behind each other. */
#define MISSING "0000:fe:1d.7"

static struct dvt_tool tool;

START_TEST(each_command_has_help)
{
	static const char *const commands[] = {
		"status", "doctor", "regions", "exports", "run", "peek",
		"poke", "dump",
	};
	size_t i;

	dvt_tool_or_skip();
	dvt_tool_run(&tool, 0, "--help");
	ck_assert_int_eq(tool.status, 0);
	for (i = 0; i < DVT_ARRAY_SIZE(commands); i++)
		dvt_assert_has(tool.out, commands[i]);
	for (i = 0; i < DVT_ARRAY_SIZE(commands); i++) {
		dvt_tool_run(&tool, 0, "%s --help", commands[i]);
		ck_assert_int_eq(tool.status, 0);
		dvt_assert_has(tool.out, "Exit status:");
	}
}
END_TEST

START_TEST(wrong_use_is_named_and_gives_2)
{
	static const char *const wrong[][2] = {
		{ "frobnicate", "frobnicate" },
		{ "status --bar 1", "--bar" },
		{ "status 0000:01:00", "0000:01:00" },
		{ "status 01:20.0", "01:20.0" },
		{ "status 0000:01:00.0 more", "more" },
		{ "regions", "address" },
		{ "peek 01:00.0 0", "--bar" },
		{ "peek 01:00.0 --bar 6 0", "6" },
		{ "peek 01:00.0 --bar 2 0 --width 3", "width" },
		{ "peek 01:00.0 --bar 2", "offset" },
		{ "peek 01:00.0 --bar 2 0x2", "multiple" },
		{ "peek 01:00.0 --bar 2 -1", "-1" },
		{ "poke 01:00.0 --bar 2 0 0x100 --width 1", "0x100" },
		{ "run 01:00.0 --bar 2", "command" },
		{ "run 01:00.0 --bar 2 --range 7 -- true", "7" },
		{ "doctor --kernel ../x", "../x" },
	};
	size_t i;

	dvt_tool_or_skip();
	for (i = 0; i < DVT_ARRAY_SIZE(wrong); i++) {
		dvt_tool_run(&tool, 0, "%s", wrong[i][0]);
		ck_assert_msg(tool.status == 2, "%s: %d", wrong[i][0],
			      tool.status);
		dvt_assert_has(tool.err, wrong[i][1]);
	}
}
END_TEST

START_TEST(missing_device_gives_1)
{
	static const char *const commands[] = {
		"status %s", "doctor %s", "regions %s", "exports %s",
		"run %s --bar 2 -- true", "peek %s --bar 2 0",
		"poke %s --bar 2 0 0", "dump %s --bar 2",
	};
	char words[128];
	size_t i;

	dvt_tool_or_skip();
	for (i = 0; i < DVT_ARRAY_SIZE(commands); i++) {
		snprintf(words, sizeof(words), commands[i], MISSING);
		dvt_tool_run(&tool, 0, "%s", words);
		ck_assert_msg(tool.status == 1, "%s: %d", words, tool.status);
		dvt_assert_has(tool.err, MISSING);
	}
	dvt_tool_run(&tool, 0, "status " MISSING " --json");
	json_object_put(dvt_tool_json(&tool));
}
END_TEST

START_TEST(device_of_another_driver_gives_77_and_the_way)
{
	static const char *const commands[] = {
		"exports %s", "run %s --bar 2 -- true", "peek %s --bar 2 0",
		"poke %s --bar 2 0 0", "dump %s --bar 2", "status %s",
	};
	const char *bdf = dvt_bdf("DVP_BDF_PLAIN");
	char words[128];
	size_t i;

	dvt_tool_or_skip();
	if (!bdf)
		dvt_skip("no device for DVP_BDF_PLAIN");
	for (i = 0; i < DVT_ARRAY_SIZE(commands); i++) {
		snprintf(words, sizeof(words), commands[i], bdf);
		dvt_tool_run(&tool, 0, "%s", words);
		ck_assert_msg(tool.status == 77, "%s: %d", words, tool.status);
		dvt_assert_has(i == 5 ? tool.out : tool.err,
			       "driverctl set-override");
	}
}
END_TEST

START_TEST(status_shows_bound_devices_and_their_counters)
{
	struct json_object *root, *in;
	struct dvl_device dev;

	dvt_tool_or_skip();
	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_export(&dev, 2, 0, 4096, O_RDWR | O_CLOEXEC);
	dvt_tool_run(&tool, 0, "status --json");
	root = dvt_tool_json(&tool);
	in = dvt_json_find(dvt_json_get(root, "devices"), "bdf", dev.bdf);
	ck_assert_ptr_nonnull(in);
	dvt_json_assert_text(in, "driver", DVL_DRIVER);
	ck_assert(json_object_get_boolean(dvt_json_get(in, "bound")));
	dvt_json_assert_text(in, "state", "usable");
	dvt_json_assert_text(in, "causes", "[ ]");
	in = dvt_json_get(in, "counters");
	dvt_json_assert_number(in, "exports_live", 1);
	in = dvt_json_find(dvt_json_get(root, "modules"), "name", DVL_DRIVER);
	ck_assert_ptr_nonnull(in);
	ck_assert_ptr_nonnull(dvt_json_get(in, "loaded"));
	json_object_put(root);

	dvt_tool_run(&tool, 0, "status %s", dev.bdf + 5);
	ck_assert_int_eq(tool.status, 0);
	dvt_assert_has(tool.out, "1 live");
}
END_TEST

START_TEST(exports_shows_who_made_and_holds_a_buffer)
{
	struct vfio_region_dma_range ranges[] = {
		{ 0x3000, 0x1000 }, { 0x10000, 0x2000 },
	};
	struct json_object *root, *in, *holder;
	struct dvl_device dev;
	char *map;
	int fd;

	dvt_tool_or_skip();
	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvl_export(dev.fd, 2, ranges, 2, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	map = dvt_map(fd, 0x3000, PROT_READ);
	ck_assert_int_ge(dvt_read32(map), 0);
	dvt_tool_run(&tool, 0, "exports %s --json", dev.bdf);
	ck_assert_int_eq(tool.status, 0);
	root = dvt_tool_json(&tool);
	in = dvt_json_find(dvt_json_get(root, "devices"), "bdf", dev.bdf);
	ck_assert_ptr_nonnull(in);
	in = dvt_json_find(dvt_json_get(in, "exports"), "kind", "export");
	ck_assert_ptr_nonnull(in);
	dvt_json_assert_number(in, "bar", 2);
	dvt_json_assert_number(in, "size", 0x3000);
	dvt_json_assert_number(in, "pid", getpid());
	dvt_json_assert_number(in, "mappings", 1);
	dvt_json_assert_text(in, "state", "usable");
	dvt_json_assert_text(in, "flags", "[ \"read_only\" ]");
	ck_assert_int_ge(json_object_get_int(dvt_json_get(in, "faults")), 1);
	holder = dvt_json_get(in, "holders");
	ck_assert_uint_eq(json_object_array_length(holder), 1);
	holder = json_object_array_get_idx(holder, 0);
	dvt_json_assert_number(holder, "pid", getpid());
	dvt_json_assert_number(holder, "descriptors", 1);
	dvt_json_assert_number(holder, "mappings", 1);
	dvt_json_assert_number(in, "nr_extents", 2);
	in = dvt_json_get(in, "extents");
	ck_assert_uint_eq(json_object_array_length(in), 2);
	in = json_object_array_get_idx(in, 1);
	dvt_json_assert_number(in, "offset", 0x10000);
	dvt_json_assert_number(in, "length", 0x2000);
	json_object_put(root);
}
END_TEST

START_TEST(exports_shows_why_a_buffer_is_blocked)
{
	struct json_object *root, *in;
	struct dvl_device dev;

	dvt_tool_or_skip();
	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_export(&dev, 2, 0, 4096, O_RDWR | O_CLOEXEC);
	dvt_memory_off(&dev);
	dvt_tool_run(&tool, 0, "exports %s --json", dev.bdf);
	dvt_memory_on(&dev);
	root = dvt_tool_json(&tool);
	in = dvt_json_find(dvt_json_get(root, "devices"), "bdf", dev.bdf);
	dvt_json_assert_text(in, "state", "blocked");
	dvt_json_assert_text(in, "causes", "[ \"decode_off\" ]");
	in = dvt_json_find(dvt_json_get(in, "exports"), "kind", "export");
	dvt_json_assert_text(in, "state", "blocked");
	dvt_json_assert_text(in, "causes", "[ \"decode_off\" ]");
	json_object_put(root);
}
END_TEST

START_TEST(exports_shows_importers)
{
	struct json_object *root, *in;
	struct dvt_import import;

	dvt_tool_or_skip();
	dvt_import_or_skip(&import, DVT_BY_US);
	dvt_peer_import(&import.peer, import.fd);
	dvt_tool_run(&tool, 0, "exports %s --json", import.dev.bdf);
	root = dvt_tool_json(&tool);
	in = dvt_json_find(dvt_json_get(root, "devices"), "bdf",
			   import.dev.bdf);
	in = dvt_json_find(dvt_json_get(in, "exports"), "kind", "export");
	dvt_json_assert_number(in, "imports", 1);
	in = dvt_json_find(dvt_json_get(in, "importers"), "device",
			   import.peer.bdf);
	ck_assert_ptr_nonnull(in);
	dvt_json_assert_number(in, "mapped", 1);
	json_object_put(root);
}
END_TEST

static struct json_object *region_of(struct json_object *root, const char *bar)
{
	struct json_object *region;

	region = dvt_json_find(dvt_json_get(root, "regions"), "bar", bar);
	ck_assert_msg(region, "no BAR %s", bar);
	return region;
}

START_TEST(regions_tells_what_a_bar_is_good_for)
{
	const char *bdf = dvt_bdf("DVP_BDF");
	struct json_object *root;

	dvt_tool_or_skip();
	if (!bdf)
		dvt_skip("no device for DVP_BDF");
	dvt_tool_run(&tool, 0, "regions %s --json", bdf);
	ck_assert_int_eq(tool.status, 0);
	root = dvt_tool_json(&tool);
	dvt_json_assert_text(root, "source", "driver");
	dvt_json_assert_text(region_of(root, "2"), "export", "yes");
	dvt_json_assert_number(region_of(root, "2"), "size", 64 * DVT_MIB);
	dvt_json_assert_text(region_of(root, "5"), "export", "no");
	dvt_json_assert_text(region_of(root, "5"), "reason", "absent");
	json_object_put(root);
}
END_TEST

START_TEST(regions_names_a_port_bar)
{
	const char *bdf = dvt_bdf("DVP_BDF_IO");
	struct json_object *root;

	dvt_tool_or_skip();
	if (!bdf)
		dvt_skip("no device for DVP_BDF_IO");
	dvt_tool_run(&tool, 0, "regions %s --json", bdf);
	root = dvt_tool_json(&tool);
	dvt_json_assert_text(region_of(root, "1"), "kind", "io");
	dvt_json_assert_text(region_of(root, "1"), "reason", "io_port");
	json_object_put(root);
}
END_TEST

START_TEST(regions_says_the_same_without_the_driver)
{
	const char *bdf = dvt_bdf("DVP_BDF_PLAIN");
	struct json_object *root;

	dvt_tool_or_skip();
	if (!bdf)
		dvt_skip("no device for DVP_BDF_PLAIN");
	dvt_tool_run(&tool, 0, "regions %s --json", bdf);
	ck_assert_int_eq(tool.status, 0);
	root = dvt_tool_json(&tool);
	dvt_json_assert_text(root, "source", "sysfs");
	dvt_json_assert_text(region_of(root, "2"), "export", "yes");
	dvt_json_assert_text(region_of(root, "5"), "reason", "absent");
	json_object_put(root);
}
END_TEST

START_TEST(nobody_sees_states_and_not_buffers)
{
	const char *bdf = dvt_bdf("DVP_BDF");
	struct json_object *root, *in;

	dvt_tool_or_skip();
	if (!bdf)
		dvt_skip("no device for DVP_BDF");
	dvt_tool_run(&tool, DVT_NOBODY, "status %s --json", bdf);
	ck_assert_int_eq(tool.status, 0);
	root = dvt_tool_json(&tool);
	in = dvt_json_find(dvt_json_get(root, "devices"), "bdf", bdf);
	dvt_json_assert_text(in, "state", "closed");
	json_object_put(root);

	dvt_tool_run(&tool, DVT_NOBODY, "exports %s --json", bdf);
	ck_assert_int_eq(tool.status, 3);
	root = dvt_tool_json(&tool);
	dvt_assert_has(json_object_get_string(dvt_json_get(root, "unseen")),
		       "root");
	json_object_put(root);

	dvt_tool_run(&tool, DVT_NOBODY, "peek %s --bar 2 0", bdf);
	ck_assert_int_eq(tool.status, 3);
	dvt_tool_run(&tool, DVT_NOBODY, "regions %s", bdf);
	ck_assert_int_eq(tool.status, 0);
}
END_TEST

DVT_MAIN_PARAM("tool",
	       { each_command_has_help },
	       { wrong_use_is_named_and_gives_2 },
	       { missing_device_gives_1 },
	       { device_of_another_driver_gives_77_and_the_way },
	       { status_shows_bound_devices_and_their_counters },
	       { exports_shows_who_made_and_holds_a_buffer },
	       { exports_shows_why_a_buffer_is_blocked },
	       { exports_shows_importers },
	       { regions_tells_what_a_bar_is_good_for },
	       { regions_names_a_port_bar },
	       { regions_says_the_same_without_the_driver },
	       { nobody_sees_states_and_not_buffers })
