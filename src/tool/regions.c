// SPDX-License-Identifier: GPL-2.0-only
/*
 * regions: what can be done with each BAR of a device on this kernel. A driver
 * that has the device is asked; without one, sysfs and the kernel's
 * configuration say as much as they can.
 */
#include <errno.h>
#include <string.h>

#include "tool.h"

#define FLAG_PREFETCH	0x00002000

static void add_region(struct json_object *regions, int bar, uint64_t size,
		       const char *kind, bool prefetch)
{
	struct json_object *region = tool_json_append(regions);

	tool_json_number(region, "bar", bar);
	tool_json_number(region, "size", size);
	tool_json_text(region, "kind", "%s", kind);
	tool_json_bool(region, "prefetchable", prefetch);
}

static struct json_object *last(struct json_object *array)
{
	return json_object_array_get_idx(array,
					 json_object_array_length(array) - 1);
}

static void add_answer(struct json_object *region, const char *key,
		       const char *reason_key, const char *reason)
{
	bool unknown = reason && !strcmp(reason, "unknown");

	tool_json_text(region, key, "%s", unknown ? "unknown" :
		       reason ? "no" : "yes");
	tool_json_maybe(region, reason_key, reason);
}

static void add_answers(struct json_object *region, const char *no_export,
			const char *no_import)
{
	add_answer(region, "export", "reason", no_export);
	add_answer(region, "map", "map_reason", no_export);
	add_answer(region, "import", "import_reason", no_import);
}

static const char *reason_of(struct json_object *line, const char *key)
{
	const char *reason = tool_json_get_text(line, key);

	return !*reason || !strcmp(reason, "none") ? NULL : reason;
}

/* Lines of the driver's file: regions, and quirks of this device. */
static void take_line(struct json_object *line, void *arg)
{
	struct json_object *root = arg;
	struct json_object *regions = tool_json_get(root, "regions");
	const char *kind = tool_json_get_text(line, "kind_of_line");

	if (!strcmp(kind, "quirk")) {
		json_object_object_del(line, "kind_of_line");
		json_object_array_add(tool_json_get(root, "quirks"),
				      json_object_get(line));
	} else if (!strcmp(kind, "region")) {
		add_region(regions, tool_json_get_number(line, "bar"),
			   tool_json_get_number(line, "size"),
			   tool_json_get_text(line, "kind"),
			   tool_json_get_number(line, "prefetch"));
		add_answers(last(regions), reason_of(line, "reason"),
			    reason_of(line, "import_reason"));
	}
}

static void take_device(struct json_object *line, void *arg)
{
	struct json_object *root = arg;

	if (strcmp(tool_json_get_text(line, "kind_of_line"), "device"))
		return;
	tool_json_bool(root, "huge_mappings",
		       tool_json_get_number(line, "huge"));
	tool_json_bool(root, "write_combining",
		       tool_json_get_number(line, "wc"));
	tool_json_text(root, "p2p", "%s", tool_json_get_text(line, "p2p"));
	tool_json_text(root, "feature_dma_buf", "%s",
		       tool_json_get_text(line, "feature_dma_buf"));
}

static int take_sysfs(struct json_object *root, const char *bdf)
{
	struct json_object *regions = tool_json_get(root, "regions");
	struct tool_bar bars[TOOL_NR_BARS];
	const char *no_export, *no_import;
	int ret, i;

	ret = tool_bars_read(bdf, bars);
	for (i = 0; !ret && i < TOOL_NR_BARS; i++) {
		add_region(regions, i, bars[i].size, tool_bar_kind(bars, i),
			   bars[i].flags & FLAG_PREFETCH);
		no_export = tool_bar_why_no_export(bars, i);
		no_import = no_export ? "no_export" :
					tool_bar_why_no_import(bars, i);
		add_answers(last(regions), no_export, no_import);
	}
	return ret;
}

static void print_region(struct json_object *region)
{
	const char *reason = tool_json_get_text(region, "reason");
	const char *import = tool_json_get_text(region, "import");
	bool can = !strcmp(tool_json_get_text(region, "export"), "yes");
	int bar = tool_json_get_number(region, "bar");
	char size[32];

	if (!strcmp(reason, "absent"))
		return;
	if (bar == TOOL_BAR_ROM)
		printf("ROM    ");
	else
		printf("BAR %d  ", bar);
	tool_size(tool_json_get_number(region, "size"), size, sizeof(size));
	printf("%8s  %s%s\n", size, tool_json_get_text(region, "kind"),
	       tool_json_get_bool(region, "prefetchable") ?
	       ", prefetchable" : "");
	printf("       export and map: ");
	if (!can) {
		tool_print(COLOUR_WARN, "no");
		printf(": %s\n", tool_bar_explain(reason));
		return;
	}
	tool_print(COLOUR_GOOD, "yes\n");
	printf("       import:         ");
	tool_print(!strcmp(import, "yes") ? COLOUR_GOOD : COLOUR_WARN, "%s",
		   import);
	reason = tool_json_get_text(region, "import_reason");
	printf("%s%s\n", *reason ? ": " : "", tool_bar_explain(reason));
}

static void print_quirk(struct json_object *quirk)
{
	const char *value = tool_json_get_text(quirk, "value");

	printf("quirk of BAR %lld, %#llx bytes from %#llx: %s %s\n",
	       (long long)tool_json_get_number(quirk, "bar"),
	       (long long)tool_json_get_number(quirk, "length"),
	       (long long)tool_json_get_number(quirk, "offset"),
	       tool_json_get_text(quirk, "action"), value);
}

static void print_text(struct json_object *root)
{
	struct json_object *list = tool_json_get(root, "regions");
	const char *driver = tool_json_get_text(root, "driver");
	size_t i;

	tool_print(COLOUR_BOLD, "%s", tool_json_get_text(root, "bdf"));
	printf("  %s:%s  %s\n", tool_json_get_text(root, "vendor"),
	       tool_json_get_text(root, "device"),
	       *driver ? driver : "no driver");
	for (i = 0; i < json_object_array_length(list); i++)
		print_region(json_object_array_get_idx(list, i));
	list = tool_json_get(root, "quirks");
	for (i = 0; i < json_object_array_length(list); i++)
		print_quirk(json_object_array_get_idx(list, i));
	if (tool_json_get(root, "write_combining"))
		printf("write-combining: %s; entries of 2 MiB: %s\n",
		       tool_json_get_bool(root, "write_combining") ?
		       "yes" : "no",
		       tool_json_get_bool(root, "huge_mappings") ?
		       "yes" : "no");
	tool_json_print_texts(tool_json_get(root, "unseen"), "note");
}

static bool any_exports(struct json_object *root)
{
	struct json_object *list = tool_json_get(root, "regions");
	size_t i;

	for (i = 0; i < json_object_array_length(list); i++) {
		if (!strcmp(tool_json_get_text(json_object_array_get_idx(list, i),
					       "export"), "yes"))
			return true;
	}
	return false;
}

static int gather(struct json_object *root, const struct tool_device *dev)
{
	struct json_object *unseen = tool_json_get(root, "unseen");
	int ret = -ENOENT;

	if (dev->family) {
		ret = tool_live_read(dev, "regions", take_line, root);
		if (ret)
			tool_live_unseen(unseen, dev, "the driver's own judgement",
					 ret);
		else
			ret = tool_live_read(dev, "device", take_device, root);
	} else {
		tool_json_append_text(unseen, "%s is not bound to the driver: this is what sysfs and the kernel's configuration tell; to bind it: driverctl set-override %s %s",
				      dev->bdf, dev->bdf, DVP_NAME);
	}
	tool_json_text(root, "source", "%s", ret ? "sysfs" : "driver");
	return ret ? take_sysfs(root, dev->bdf) : 0;
}

static int run(const struct tool_options *opts)
{
	struct json_object *root;
	struct tool_device dev;
	int ret;

	ret = tool_device_require(opts->bdf, &dev);
	if (ret)
		return ret;
	if (!tool_device_can_bind(&dev)) {
		tool_error("%s is a bridge, which VFIO does not take",
			   opts->bdf);
		return TOOL_NOT_APPLICABLE;
	}
	root = tool_json_new("regions");
	tool_device_json(root, &dev);
	tool_json_array(root, "regions");
	tool_json_array(root, "quirks");
	tool_json_array(root, "unseen");
	ret = gather(root, &dev);
	if (ret) {
		tool_error("%s: its BARs cannot be read: %s", opts->bdf,
			   strerror(-ret));
		ret = tool_exit_of(ret);
	} else {
		ret = any_exports(root) ? TOOL_OK : TOOL_NOT_APPLICABLE;
		if (opts->json)
			tool_json_print(root, ret);
		else
			print_text(root);
	}
	json_object_put(root);
	return ret;
}

const struct tool_command tool_regions = {
	.name = "regions",
	.synopsis = "BDF [--json]",
	.summary = "What each BAR of a device can be used for here, and why not",
	.help =
"Shows each BAR: its size and kind, whether it can be exported and mapped by\n"
"processes, whether other devices can import it on this kernel, and if not, why.\n"
"Root is told what the driver says of a device that is bound to it; otherwise it\n"
"is what sysfs and the kernel's configuration tell. The device is not opened.\n"
"\n"
"Exit status: 0 a BAR can be exported; 1 no such device; 2 wrong use; 77 none of\n"
"its BARs can be exported.\n",
	.takes = NEEDS_BDF | TAKES_JSON,
	.run = run,
};
