// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor, about the module: installed for a kernel, built for it, known to depmod,
 * allowed by modprobe's configuration, and the one that is loaded.
 */
#include <errno.h>
#include <libkmod.h>
#include <string.h>

#include "doctor.h"

/**
 * struct hunt - looking for a module's file that depmod does not know
 * @release: the kernel
 * @dir: directory below the kernel's
 * @found: path below the kernel's directory, "" while there is none
 */
struct hunt {
	const char *release;
	const char *dir;
	char found[512];
};

static void hunt_entry(const char *name, void *arg)
{
	struct hunt *hunt = arg;

	if (!strncmp(name, DVP_NAME ".ko", sizeof(DVP_NAME ".ko") - 1))
		snprintf(hunt->found, sizeof(hunt->found), "%s/%s", hunt->dir,
			 name);
}

static bool find_file(struct hunt *hunt)
{
	static const char *const dirs[] = {
		"updates/dkms", "updates", "extra", "weak-updates",
	};
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		hunt->dir = dirs[i];
		tool_each_entry(hunt_entry, hunt, "/lib/modules/%s/%s",
				hunt->release, dirs[i]);
		if (hunt->found[0])
			return true;
	}
	return false;
}

static void say_not_installed(struct doctor *doctor, const char *release)
{
	struct hunt hunt = { .release = release };

	if (find_file(&hunt)) {
		doctor_say(doctor, "module", DOCTOR_FAIL,
			   "%s is there, and modules.dep does not have it",
			   hunt.found);
		doctor_fix(doctor, "depmod %s", release);
		return;
	}
	doctor_say(doctor, "module", DOCTOR_FAIL, "%s is not installed",
		   DVP_NAME);
	doctor_fix(doctor, "apt install %s-dkms, or make install KVER=%s in its source",
		   DVP_NAME, release);
}

static void check_vermagic(struct doctor *doctor, const char *release,
			   const struct tool_module *module)
{
	size_t len = strlen(release);

	if (!strncmp(module->vermagic, release, len) &&
	    (module->vermagic[len] == ' ' || !module->vermagic[len])) {
		doctor_say(doctor, "built-for", DOCTOR_OK, "%s", release);
		return;
	}
	doctor_say(doctor, "built-for", DOCTOR_FAIL,
		   "%s was built for \"%s\"", module->path, module->vermagic);
	doctor_fix(doctor, "build it for this kernel: dkms build --force %s/%s -k %s, and dkms install",
		   module->name, module->version, release);
}

/* modprobe reads this on behalf of driverctl, too. */
static void check_modprobe(struct doctor *doctor,
			   const struct tool_module *module)
{
	const char *command = NULL;
	struct kmod_module *mod;
	struct kmod_ctx *ctx;

	ctx = kmod_new(NULL, NULL);
	if (!ctx)
		return;
	if (kmod_module_new_from_path(ctx, module->path, &mod) >= 0) {
		command = kmod_module_get_install_commands(mod);
		if (command && *command) {
			doctor_say(doctor, "modprobe.d", DOCTOR_FAIL,
				   "modprobe runs \"%s\" instead of loading it",
				   command);
			doctor_fix(doctor, "take \"install %s\" out of /etc/modprobe.d",
				   module->name);
		}
		kmod_module_unref(mod);
	}
	kmod_unref(ctx);
	if (!command || !*command)
		doctor_say(doctor, "modprobe.d", DOCTOR_OK,
			   "nothing there keeps it from being loaded");
}

/**
 * doctor_module() - look at the modules that are installed for a kernel
 * @doctor: the run
 * @kernel: the kernel
 */
void doctor_module(struct doctor *doctor, const struct tool_kernel *kernel)
{
	static struct tool_module modules[TOOL_MAX_MODULES];
	int i, nr;

	nr = tool_modules_installed(kernel->release, modules,
				    TOOL_MAX_MODULES);
	if (nr == -EACCES) {
		doctor_say(doctor, "module", DOCTOR_SKIP,
			   "modules.dep cannot be read");
		return;
	}
	if (nr <= 0 || !tool_module_find(modules, nr, DVP_NAME))
		say_not_installed(doctor, kernel->release);
	for (i = 0; i < nr; i++) {
		doctor_say(doctor, "module", DOCTOR_OK,
			   "%s %s, srcversion %s, %s", modules[i].name,
			   modules[i].version, modules[i].srcversion,
			   modules[i].path);
		check_vermagic(doctor, kernel->release, &modules[i]);
		doctor_signature(doctor, kernel, &modules[i]);
		check_modprobe(doctor, &modules[i]);
	}
}

static void judge_loaded(struct doctor *doctor, const struct tool_module *file,
			 const struct tool_module *loaded)
{
	if (!file) {
		doctor_say(doctor, "loaded", DOCTOR_WARN,
			   "%s %s is loaded, and not installed for this kernel",
			   loaded->name, loaded->version);
		doctor_fix(doctor, "install it, or it is gone after a reboot");
	} else if (strcmp(file->srcversion, loaded->srcversion)) {
		doctor_say(doctor, "loaded", DOCTOR_FAIL,
			   "%s %s (srcversion %s) is loaded, %s (%s) is installed",
			   loaded->name, loaded->version, loaded->srcversion,
			   file->version, file->srcversion);
		doctor_fix(doctor, "end what uses it, modprobe -r %s, modprobe %s; or reboot",
			   loaded->name, loaded->name);
	} else {
		doctor_say(doctor, "loaded", DOCTOR_OK,
			   "%s %s is loaded, the one that is installed",
			   loaded->name, loaded->version);
	}
}

/**
 * doctor_loaded() - compare the module that is loaded with the one installed
 * @doctor: the run
 */
void doctor_loaded(struct doctor *doctor)
{
	static struct tool_module modules[TOOL_MAX_MODULES];
	struct tool_module loaded;
	int i, nr;

	snprintf(doctor->subject, sizeof(doctor->subject), "module");
	nr = tool_modules_installed(doctor->running, modules,
				    TOOL_MAX_MODULES);
	if (tool_module_loaded(DVP_NAME, &loaded))
		judge_loaded(doctor, nr > 0 ?
			     tool_module_find(modules, nr, DVP_NAME) : NULL,
			     &loaded);
	else
		doctor_say(doctor, "loaded", DOCTOR_SKIP,
			   "%s is not loaded: driverctl loads it, or modprobe %s",
			   DVP_NAME, DVP_NAME);
	for (i = 0; i < nr; i++) {
		if (strcmp(modules[i].name, DVP_NAME) &&
		    tool_module_loaded(modules[i].name, &loaded))
			judge_loaded(doctor, &modules[i], &loaded);
	}
}
