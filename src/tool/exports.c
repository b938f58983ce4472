// SPDX-License-Identifier: GPL-2.0-only
/*
 * exports: the buffers that live, whoever made them. Root sees each of them in
 * debugfs; others see the counters of each device.
 */
#include <errno.h>
#include <string.h>

#include "tool.h"

/**
 * struct exports - what is gathered
 * @root: the object that is printed
 * @devices: array of devices
 * @device: the one that is being read
 * @only: address of the one device that was asked for, or NULL
 * @error: of the last file that could not be read
 */
struct exports {
	struct json_object *root;
	struct json_object *devices;
	struct json_object *device;
	const char *only;
	int error;
};

/* A list of words instead of one text. */
static void split(struct json_object *line, const char *key)
{
	char text[128];

	snprintf(text, sizeof(text), "%s", tool_json_get_text(line, key));
	tool_json_split(line, key, text, ",");
}

static void take_export(struct json_object *buffers, struct json_object *line)
{
	int64_t nr_extents = tool_json_get_number(line, "extents");

	json_object_object_del(line, "kind_of_line");
	tool_json_number(line, "nr_extents", nr_extents);
	tool_json_array(line, "extents");
	tool_json_array(line, "importers");
	tool_json_array(line, "holders");
	split(line, "flags");
	split(line, "causes");
	json_object_array_add(buffers, json_object_get(line));
}

/* Lines behind the one of a buffer have its id. */
static void take_line(struct json_object *line, void *arg)
{
	const struct exports *exports = arg;
	struct json_object *buffers, *buffer, *list = NULL;
	const char *kind = tool_json_get_text(line, "kind_of_line");
	size_t nr;

	buffers = tool_json_get(exports->device, "exports");
	if (!strcmp(kind, "export")) {
		take_export(buffers, line);
		return;
	}
	nr = json_object_array_length(buffers);
	buffer = nr ? json_object_array_get_idx(buffers, nr - 1) : NULL;
	if (tool_json_get_number(buffer, "id") !=
	    tool_json_get_number(line, "id"))
		return;
	if (!strcmp(kind, "extent"))
		list = tool_json_get(buffer, "extents");
	else if (!strcmp(kind, "importer"))
		list = tool_json_get(buffer, "importers");
	if (!list)
		return;
	json_object_object_del(line, "kind_of_line");
	json_object_object_del(line, "id");
	json_object_array_add(list, json_object_get(line));
}

static void add_device(const struct tool_device *dev, void *arg)
{
	struct exports *exports = arg;
	int ret;

	if (!dev->family || (exports->only && strcmp(exports->only, dev->bdf)))
		return;
	exports->device = tool_json_append(exports->devices);
	tool_device_json(exports->device, dev);
	tool_device_state(exports->device, dev);
	tool_json_array(exports->device, "exports");
	ret = tool_live_read(dev, "exports", take_line, exports);
	if (!ret)
		return;
	tool_json_null(exports->device, "exports");
	tool_live_unseen(tool_json_get(exports->root, "unseen"), dev,
			 "its buffers", ret);
	exports->error = ret;
}

static struct json_object *find_buffer(const struct exports *exports,
				       uint64_t inode)
{
	struct json_object *buffers, *buffer;
	size_t i, j;

	for (i = 0; i < json_object_array_length(exports->devices); i++) {
		buffers = tool_json_get(json_object_array_get_idx(exports->devices, i),
					"exports");
		for (j = 0; buffers && j < json_object_array_length(buffers);
		     j++) {
			buffer = json_object_array_get_idx(buffers, j);
			if ((uint64_t)tool_json_get_number(buffer, "inode") ==
			    inode)
				return buffer;
		}
	}
	return NULL;
}

/* The inode of a dma-buf is what a process that holds it is found by. */
static void add_holder(const struct tool_holder *holder, void *arg)
{
	struct json_object *buffer = find_buffer(arg, holder->inode);
	struct json_object *list, *last;
	const char *key = holder->is_mapping ? "mappings" : "descriptors";
	size_t nr;

	if (!buffer)
		return;
	list = tool_json_get(buffer, "holders");
	nr = json_object_array_length(list);
	last = nr ? json_object_array_get_idx(list, nr - 1) : NULL;
	if (tool_json_get_number(last, "pid") != holder->pid) {
		last = tool_json_append(list);
		tool_json_number(last, "pid", holder->pid);
		tool_json_text(last, "comm", "%s", holder->comm);
		tool_json_number(last, "descriptors", 0);
		tool_json_number(last, "mappings", 0);
	}
	tool_json_number(last, key, tool_json_get_number(last, key) + 1);
}

static void print_extents(struct json_object *buffer)
{
	struct json_object *extent, *list = tool_json_get(buffer, "extents");
	size_t i, nr = json_object_array_length(list);
	char size[32];

	for (i = 0; i < nr; i++) {
		extent = json_object_array_get_idx(list, i);
		printf("    extent    %#llx, %s\n",
		       (long long)tool_json_get_number(extent, "offset"),
		       tool_size(tool_json_get_number(extent, "length"), size,
				 sizeof(size)));
	}
	if ((size_t)tool_json_get_number(buffer, "nr_extents") > nr)
		printf("    extent    and %lld more\n",
		       (long long)tool_json_get_number(buffer, "nr_extents") -
		       (long long)nr);
}

static void print_importers(struct json_object *buffer)
{
	struct json_object *importer, *list;
	const char *driver;
	size_t i;

	list = tool_json_get(buffer, "importers");
	for (i = 0; i < json_object_array_length(list); i++) {
		importer = json_object_array_get_idx(list, i);
		driver = tool_json_get_text(importer, "driver");
		printf("    importer  %s (%s), %s\n",
		       tool_json_get_text(importer, "device"),
		       *driver ? driver : "no driver",
		       tool_json_get_number(importer, "mapped") ?
		       "mapped" : "attached");
	}
}

static void print_holders(struct json_object *buffer)
{
	struct json_object *holder, *list = tool_json_get(buffer, "holders");
	size_t i;

	for (i = 0; i < json_object_array_length(list); i++) {
		holder = json_object_array_get_idx(list, i);
		printf("    held by   process %lld (%s): %lld descriptors, %lld mappings\n",
		       (long long)tool_json_get_number(holder, "pid"),
		       tool_json_get_text(holder, "comm"),
		       (long long)tool_json_get_number(holder, "descriptors"),
		       (long long)tool_json_get_number(holder, "mappings"));
	}
}

static void print_buffer(struct json_object *buffer)
{
	const char *state = tool_json_get_text(buffer, "state");
	bool is_mmap = !strcmp(tool_json_get_text(buffer, "kind"), "bar_mmap");
	char size[32];

	printf("  %s %lld: %s of BAR %lld, %s",
	       is_mmap ? "BAR mappings" : "buffer",
	       (long long)tool_json_get_number(buffer, "id"),
	       tool_size(tool_json_get_number(buffer, "size"), size,
			 sizeof(size)),
	       (long long)tool_json_get_number(buffer, "bar"),
	       strcmp(tool_json_get_text(buffer, "memattr"), "wc") ?
	       "uncached" : "write-combining");
	tool_json_print_words(tool_json_get(buffer, "flags"), ", ");
	printf("\n    state     ");
	tool_print(strcmp(state, "usable") ? COLOUR_WARN : COLOUR_GOOD, "%s",
		   state);
	tool_json_print_words(tool_json_get(buffer, "causes"), " ");
	putchar('\n');
	print_extents(buffer);
	printf("    mapped    %lld times by processes, %lld by devices; %lld faults, %lld refused\n",
	       (long long)tool_json_get_number(buffer, "mappings"),
	       (long long)tool_json_get_number(buffer, "imports"),
	       (long long)tool_json_get_number(buffer, "faults"),
	       (long long)tool_json_get_number(buffer, "refused"));
	print_importers(buffer);
	printf("    made by   process %lld (%s)\n",
	       (long long)tool_json_get_number(buffer, "pid"),
	       tool_json_get_text(buffer, "comm"));
	print_holders(buffer);
}

static void print_device(struct json_object *in)
{
	struct json_object *buffers = tool_json_get(in, "exports");
	struct json_object *counters = tool_json_get(in, "counters");
	size_t i;

	tool_print(COLOUR_BOLD, "%s", tool_json_get_text(in, "bdf"));
	printf("  %s  %s", tool_json_get_text(in, "driver"),
	       tool_json_get_text(in, "state"));
	tool_json_print_words(tool_json_get(in, "causes"), " ");
	putchar('\n');
	if (buffers && !json_object_array_length(buffers))
		printf("  no buffers\n");
	for (i = 0; buffers && i < json_object_array_length(buffers); i++)
		print_buffer(json_object_array_get_idx(buffers, i));
	if (!buffers && counters)
		printf("  %lld buffers live; %lld mappings by processes, through the device too; %lld by devices\n",
		       (long long)tool_json_get_number(counters, "exports_live"),
		       (long long)tool_json_get_number(counters, "mappings_live"),
		       (long long)tool_json_get_number(counters, "imports_live"));
}

static void print_text(struct exports *exports)
{
	size_t i;

	for (i = 0; i < json_object_array_length(exports->devices); i++)
		print_device(json_object_array_get_idx(exports->devices, i));
	tool_json_print_texts(tool_json_get(exports->root, "unseen"),
			      "not seen");
}

static int judge(const struct exports *exports)
{
	if (!json_object_array_length(exports->devices)) {
		tool_error("no device is bound to %s", DVP_NAME);
		return TOOL_NOT_APPLICABLE;
	}
	if (!exports->error)
		return TOOL_OK;
	return tool_exit_of(exports->error) == TOOL_PERMISSION ?
	       TOOL_PERMISSION : TOOL_NOT_APPLICABLE;
}

static int run(const struct tool_options *opts)
{
	static struct exports exports;
	struct tool_device dev;
	int ret;

	if (opts->bdf[0]) {
		ret = tool_device_require_bound(opts->bdf, &dev);
		if (ret)
			return ret;
		exports.only = opts->bdf;
	}
	exports.root = tool_json_new("exports");
	exports.devices = tool_json_array(exports.root, "devices");
	tool_json_array(exports.root, "unseen");
	tool_each_device(add_device, &exports);
	tool_each_holder("/dmabuf:", add_holder, &exports);
	ret = judge(&exports);
	if (opts->json)
		tool_json_print(exports.root, ret);
	else
		print_text(&exports);
	json_object_put(exports.root);
	return ret;
}

const struct tool_command tool_exports = {
	.name = "exports",
	.synopsis = "[BDF] [--json]",
	.summary = "The buffers that live, their mappings, importers and makers",
	.help =
"Shows each live buffer of one device or all: its BAR and physically contiguous\n"
"extents, its state (usable, blocked or revoked) and the causes, mappings by\n"
"processes, importers, page faults, the process that made it and those that hold\n"
"it. A BAR that is mapped through the device's own descriptor is shown as well,\n"
"until the device is closed. Users other than root see only counters.\n"
"\n"
"Exit status: 0 fine; 1 no such device; 2 wrong use; 3 only root may see the\n"
"buffers; 77 no device is bound, or this kernel or driver does not show them.\n",
	.takes = TAKES_BDF | TAKES_JSON,
	.run = run,
};
