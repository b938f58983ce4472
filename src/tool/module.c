// SPDX-License-Identifier: GPL-2.0-only
/*
 * Modules of this family, by libkmod: those that are installed for a kernel,
 * whether it runs or not, and those that are loaded. A module of the family
 * says so in a field of modinfo; older ones are known by our name.
 */
#include <errno.h>
#include <libkmod.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define FAMILY_FIELD "dmabuf_vfio_pci"

/* The name with dashes is in the file's name alone. */
static void name_of_file(const char *path, char *buf, size_t size)
{
	const char *base = strrchr(path, '/');
	char *end;

	snprintf(buf, size, "%s", base ? base + 1 : path);
	end = strstr(buf, ".ko");
	if (end)
		*end = '\0';
}

/* Where a field of modinfo goes, or NULL for one that is not kept. */
static char *field_of(struct tool_module *module, const char *key,
		      size_t *size)
{
	struct {
		const char *key;
		char *place;
		size_t size;
	} fields[] = {
		{ "version", module->version, sizeof(module->version) },
		{ "srcversion", module->srcversion,
		  sizeof(module->srcversion) },
		{ "vermagic", module->vermagic, sizeof(module->vermagic) },
		{ "signer", module->signer, sizeof(module->signer) },
		{ "sig_key", module->sig_key, sizeof(module->sig_key) },
		{ FAMILY_FIELD, module->format, sizeof(module->format) },
	};
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (!strcmp(fields[i].key, key)) {
			*size = fields[i].size;
			return fields[i].place;
		}
	}
	return NULL;
}

static int read_info(struct kmod_module *mod, struct tool_module *module)
{
	struct kmod_list *list = NULL, *entry;
	const char *key, *value;
	size_t size;
	char *place;
	int ret;

	ret = kmod_module_get_info(mod, &list);
	if (ret < 0)
		return ret;
	kmod_list_foreach(entry, list) {
		key = kmod_module_info_get_key(entry);
		value = kmod_module_info_get_value(entry);
		place = field_of(module, key, &size);
		if (place && value)
			snprintf(place, size, "%s", value);
	}
	kmod_module_info_free_list(list);
	return 0;
}

/* Opening all of a kernel's modules takes seconds: look where ours can be. */
static bool is_candidate(const char *path)
{
	const char *base = strrchr(path, '/');

	return strncmp(path, "kernel/", 7) ||
	       strstr(base ? base : path, "vfio");
}

/**
 * struct search - looking for modules of the family
 * @ctx: libkmod's
 * @dir: directory of the kernel
 * @modules: filled in
 * @nr: how many there are
 * @max: how many fit
 */
struct search {
	struct kmod_ctx *ctx;
	char dir[256];
	struct tool_module *modules;
	int nr;
	int max;
};

static void look_at(struct search *search, const char *relative)
{
	struct tool_module *module = &search->modules[search->nr];
	struct kmod_module *mod;

	if (search->nr == search->max || !is_candidate(relative))
		return;
	memset(module, 0, sizeof(*module));
	snprintf(module->path, sizeof(module->path), "%s%s%s",
		 relative[0] == '/' ? "" : search->dir,
		 relative[0] == '/' ? "" : "/", relative);
	name_of_file(relative, module->name, sizeof(module->name));
	if (kmod_module_new_from_path(search->ctx, module->path, &mod) < 0)
		return;
	if (!read_info(mod, module) &&
	    (module->format[0] || !strcmp(module->name, DVP_NAME)))
		search->nr++;
	kmod_module_unref(mod);
}

/**
 * tool_modules_installed() - modules of the family that depmod knows
 * @kernel: the kernel's release
 * @modules: filled in
 * @nr: how many fit
 *
 * Return: how many there are, or a negative errno, -ENOENT without an index.
 */
int tool_modules_installed(const char *kernel, struct tool_module *modules,
			   int nr)
{
	static const char *const no_config[] = { NULL };
	struct search search = { .modules = modules, .max = nr };
	char path[PATH_MAX], *index, *rest, *line;

	index = tool_read_all("/lib/modules/%s/modules.dep", kernel);
	if (!index)
		return -errno;
	snprintf(path, sizeof(path), "/lib/modules/%s", kernel);
	tool_path(search.dir, sizeof(search.dir), path);
	search.ctx = kmod_new(search.dir, no_config);
	if (!search.ctx) {
		free(index);
		return -ENOMEM;
	}
	rest = index;
	while ((line = strsep(&rest, "\n"))) {
		line[strcspn(line, ":")] = '\0';
		if (*line)
			look_at(&search, line);
	}
	kmod_unref(search.ctx);
	free(index);
	return search.nr;
}

/**
 * tool_module_fold() - the name that a module has in /sys/module
 * @buf: where it goes
 * @size: size of @buf
 * @name: its name, with dashes or without
 */
void tool_module_fold(char *buf, size_t size, const char *name)
{
	snprintf(buf, size, "%s", name);
	for (; *buf; buf++) {
		if (*buf == '-')
			*buf = '_';
	}
}

/**
 * tool_module_loaded() - look for a module in the running kernel
 * @name: its name, with dashes or without
 * @module: filled in, or NULL
 *
 * Return: whether it is loaded.
 */
bool tool_module_loaded(const char *name, struct tool_module *module)
{
	char folded[64];

	tool_module_fold(folded, sizeof(folded), name);
	if (!tool_exists("/sys/module/%s/initstate", folded))
		return false;
	if (!module)
		return true;
	memset(module, 0, sizeof(*module));
	snprintf(module->name, sizeof(module->name), "%s", name);
	tool_read(module->version, sizeof(module->version),
		  "/sys/module/%s/version", folded);
	tool_read(module->srcversion, sizeof(module->srcversion),
		  "/sys/module/%s/srcversion", folded);
	return true;
}

/**
 * tool_module_find() - the module of a driver
 * @modules: modules
 * @nr: how many
 * @name: name of the driver
 *
 * Return: the module, or NULL.
 */
const struct tool_module *tool_module_find(const struct tool_module *modules,
					   int nr, const char *name)
{
	int i;

	for (i = 0; i < nr; i++) {
		if (!strcmp(modules[i].name, name))
			return &modules[i];
	}
	return NULL;
}
