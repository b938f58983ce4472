// SPDX-License-Identifier: GPL-2.0-only
/*
 * status: the modules of the family, loaded and installed, and the devices that
 * are bound to them or should be.
 */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "tool.h"

/**
 * struct status - what is gathered
 * @root: the object that is printed
 * @modules: array of modules
 * @devices: array of devices
 * @installed: modules of the running kernel
 * @nr_installed: how many
 * @nr_problems: what is wrong, counted
 * @only: address of the one device that was asked for, or NULL
 */
struct status {
	struct json_object *root;
	struct json_object *modules;
	struct json_object *devices;
	struct tool_module installed[TOOL_MAX_MODULES];
	int nr_installed;
	int nr_problems;
	const char *only;
};

static void add_problem(struct status *status, struct json_object *in,
			const char *problem, const char *fix)
{
	tool_json_text(in, "problem", "%s", problem);
	tool_json_text(in, "fix", "%s", fix);
	status->nr_problems++;
}

static void module_part(struct json_object *in, const char *key,
			const struct tool_module *module)
{
	struct json_object *part;

	if (!module) {
		tool_json_null(in, key);
		return;
	}
	part = tool_json_object(in, key);
	tool_json_maybe(part, "version", module->version);
	tool_json_maybe(part, "srcversion", module->srcversion);
	if (module->path[0])
		tool_json_text(part, "path", "%s", module->path);
}

static bool is_known(struct status *status, const char *name)
{
	size_t i;

	for (i = 0; i < json_object_array_length(status->modules); i++) {
		if (!strcmp(tool_json_get_text(json_object_array_get_idx(status->modules, i),
					       "name"), name))
			return true;
	}
	return false;
}

static void add_module(struct status *status, const char *name)
{
	const struct tool_module *file;
	struct tool_module loaded;
	struct json_object *in;
	bool is_loaded;

	if (is_known(status, name))
		return;
	file = tool_module_find(status->installed, status->nr_installed, name);
	is_loaded = tool_module_loaded(name, &loaded);
	if (!file && !is_loaded)
		return;
	in = tool_json_append(status->modules);
	tool_json_text(in, "name", "%s", name);
	module_part(in, "loaded", is_loaded ? &loaded : NULL);
	module_part(in, "installed", file);
	if (file && is_loaded && strcmp(file->srcversion, loaded.srcversion))
		add_problem(status, in,
			    "the module that is loaded is not the one that is installed",
			    "end what uses it, unload it with modprobe -r, and load it again; or reboot");
}

static void device_problem(struct status *status, struct json_object *in,
			   const struct tool_device *dev)
{
	char fix[128];

	if (dev->family || !tool_device_is_meant(dev))
		return;
	snprintf(fix, sizeof(fix), "%s doctor %s says why", tool_name,
		 dev->bdf);
	add_problem(status, in, "it is meant for the driver, and not bound to it",
		    fix);
}

static void add_device(const struct tool_device *dev, void *arg)
{
	struct status *status = arg;
	struct json_object *in;

	if (!status->only && !dev->family && !tool_device_is_meant(dev))
		return;
	if (dev->family)
		add_module(status, dev->driver);
	in = tool_json_append(status->devices);
	tool_device_json(in, dev);
	tool_json_bool(in, "can_bind", !dev->family &&
		       tool_device_can_bind(dev));
	if (dev->family && !tool_device_state(in, dev))
		tool_json_append_text(tool_json_get(status->root, "unseen"),
				      "%s: state and counters: this version of the driver does not show them",
				      dev->bdf);
	device_problem(status, in, dev);
}

static void print_part(struct json_object *in, const char *key)
{
	struct json_object *part = tool_json_get(in, key);

	printf("  %-9s  ", key);
	if (!part) {
		tool_print(COLOUR_DIM, "no\n");
		return;
	}
	printf("%s  srcversion %s  %s\n", tool_json_get_text(part, "version"),
	       tool_json_get_text(part, "srcversion"),
	       tool_json_get_text(part, "path"));
}

static void print_problem(struct json_object *in)
{
	if (!tool_json_get(in, "problem"))
		return;
	tool_print(COLOUR_BAD, "  problem: %s\n",
		   tool_json_get_text(in, "problem"));
	printf("  way out: %s\n", tool_json_get_text(in, "fix"));
}

static void print_state(struct json_object *in)
{
	struct json_object *counters = tool_json_get(in, "counters");

	if (!counters)
		return;
	printf("  state      %s", tool_json_get_text(in, "state"));
	tool_json_print_words(tool_json_get(in, "causes"), " ");
	printf("\n  exports    %lld live of %lld\n",
	       (long long)tool_json_get_number(counters, "exports_live"),
	       (long long)tool_json_get_number(counters, "exports_total"));
	printf("  mappings   %lld live of %lld by processes, %lld of %lld by devices\n",
	       (long long)tool_json_get_number(counters, "mappings_live"),
	       (long long)tool_json_get_number(counters, "mappings_total"),
	       (long long)tool_json_get_number(counters, "imports_live"),
	       (long long)tool_json_get_number(counters, "imports_total"));
}

static void print_device(struct json_object *in)
{
	const char *driver = tool_json_get_text(in, "driver");

	tool_print(COLOUR_BOLD, "%s", tool_json_get_text(in, "bdf"));
	printf("  %s:%s  ", tool_json_get_text(in, "vendor"),
	       tool_json_get_text(in, "device"));
	tool_print(tool_json_get_bool(in, "bound") ? COLOUR_GOOD : COLOUR_WARN,
		   "%s", *driver ? driver : "no driver");
	if (tool_json_get(in, "iommu_group"))
		printf("  group %lld",
		       (long long)tool_json_get_number(in, "iommu_group"));
	putchar('\n');
	print_state(in);
	print_problem(in);
	if (tool_json_get_bool(in, "can_bind"))
		printf("  to bind it: driverctl set-override %s %s\n",
		       tool_json_get_text(in, "bdf"), DVP_NAME);
}

static void print_text(struct status *status)
{
	struct json_object *in;
	size_t i, nr = json_object_array_length(status->modules);

	if (!nr)
		printf("Module %s is neither loaded nor installed for kernel %s.\n",
		       DVP_NAME, tool_json_get_text(status->root, "kernel"));
	for (i = 0; i < nr; i++) {
		in = json_object_array_get_idx(status->modules, i);
		tool_print(COLOUR_BOLD, "module %s\n",
			   tool_json_get_text(in, "name"));
		print_part(in, "loaded");
		print_part(in, "installed");
		print_problem(in);
	}
	nr = json_object_array_length(status->devices);
	if (!nr)
		printf("No device is bound to it.\n");
	for (i = 0; i < nr; i++)
		print_device(json_object_array_get_idx(status->devices, i));
	tool_json_print_texts(tool_json_get(status->root, "unseen"),
			      "not seen");
}

static void gather(struct status *status, const struct tool_options *opts,
		   const char *kernel)
{
	struct tool_device dev;
	int i;

	status->nr_installed = tool_modules_installed(kernel,
						      status->installed,
						      TOOL_MAX_MODULES);
	if (status->nr_installed < 0) {
		tool_json_append_text(tool_json_get(status->root, "unseen"),
				      "installed modules: /lib/modules/%s/modules.dep: %s",
				      kernel, strerror(-status->nr_installed));
		status->nr_installed = 0;
	}
	add_module(status, DVP_NAME);
	for (i = 0; i < status->nr_installed; i++)
		add_module(status, status->installed[i].name);
	if (!opts->bdf[0]) {
		tool_each_device(add_device, status);
	} else if (!tool_device_read(opts->bdf, &dev)) {
		status->only = opts->bdf;
		add_device(&dev, status);
	}
}

static int judge(struct status *status, const struct tool_options *opts)
{
	struct json_object *first;

	if (status->nr_problems)
		return TOOL_PROBLEM;
	if (!opts->bdf[0])
		return json_object_array_length(status->modules) ||
		       json_object_array_length(status->devices) ?
		       TOOL_OK : TOOL_NOT_APPLICABLE;
	first = json_object_array_get_idx(status->devices, 0);
	return tool_json_get_bool(first, "bound") ? TOOL_OK :
						    TOOL_NOT_APPLICABLE;
}

static int run(const struct tool_options *opts)
{
	static struct status status;
	struct tool_device dev;
	struct utsname uts;
	int ret;

	if (opts->bdf[0]) {
		ret = tool_device_require(opts->bdf, &dev);
		if (ret)
			return ret;
	}
	if (uname(&uts)) {
		tool_error("uname: %m");
		return TOOL_PROBLEM;
	}
	status.root = tool_json_new("status");
	tool_json_text(status.root, "kernel", "%s", uts.release);
	status.modules = tool_json_array(status.root, "modules");
	status.devices = tool_json_array(status.root, "devices");
	tool_json_array(status.root, "unseen");
	gather(&status, opts, uts.release);

	ret = judge(&status, opts);
	if (opts->json)
		tool_json_print(status.root, ret);
	else
		print_text(&status);
	json_object_put(status.root);
	return ret;
}

const struct tool_command tool_status = {
	.name = "status",
	.synopsis = "[BDF] [--json]",
	.summary = "Which devices are bound, and the module loaded and installed",
	.help =
"Shows modules of this driver's family, loaded and installed for the running\n"
"kernel, and the devices that are bound to one or are meant to be: driver, group,\n"
"state (closed, usable or blocked, with the causes), live buffers and mappings.\n"
"Counters that stay above 0 after the device is closed and no process holds a\n"
"buffer are a leak.\n"
"\n"
"Exit status: 0 fine; 1 no such device, a device that is meant for the driver\n"
"is not bound to it, or the module that is loaded is not the one installed;\n"
"2 wrong use; 77 the device is not bound, or there is neither module nor device.\n",
	.takes = TAKES_BDF | TAKES_JSON,
	.run = run,
};
