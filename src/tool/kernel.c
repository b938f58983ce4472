// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernels: which are installed, and how they were configured. Nothing here asks
 * the running kernel about another one.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "tool.h"

/**
 * tool_kernel_running() - the release of the kernel that runs
 * @buf: where it goes
 * @size: size of @buf
 */
void tool_kernel_running(char *buf, size_t size)
{
	struct utsname uts;

	if (!tool_rooted() && !uname(&uts))
		snprintf(buf, size, "%s", uts.release);
	else
		tool_read(buf, size, "/proc/sys/kernel/osrelease");
}

/**
 * tool_kernel_open() - find a kernel's configuration
 * @kernel: filled in
 * @release: the kernel
 *
 * Looks where distributions put it, then in the headers.
 */
void tool_kernel_open(struct tool_kernel *kernel, const char *release)
{
	static const char *const places[] = {
		"/boot/config-%s", "/lib/modules/%s/config",
		"/usr/lib/modules/%s/config", "/lib/modules/%s/build/.config",
	};
	size_t i;

	memset(kernel, 0, sizeof(*kernel));
	snprintf(kernel->release, sizeof(kernel->release), "%s", release);
	for (i = 0; !kernel->config && i < sizeof(places) / sizeof(places[0]);
	     i++) {
		snprintf(kernel->config_path, sizeof(kernel->config_path),
			 places[i], release);
		kernel->config = tool_read_all("%s", kernel->config_path);
	}
	if (!kernel->config)
		kernel->config_path[0] = '\0';
}

/**
 * tool_kernel_close() - forget a kernel's configuration
 * @kernel: the kernel
 */
void tool_kernel_close(struct tool_kernel *kernel)
{
	free(kernel->config);
	kernel->config = NULL;
}

/* What stands behind "option=", or NULL. */
static const char *value_of(const struct tool_kernel *kernel,
			    const char *option)
{
	size_t len = strlen(option);
	const char *line = kernel->config;

	for (; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, option, len) && line[len] == '=')
			return line + len + 1;
	}
	return NULL;
}

/**
 * tool_kernel_option() - how an option is set
 * @kernel: the kernel
 * @option: its name, with CONFIG_
 *
 * Return: 'y', 'm' or another first letter of the value; 'n' for one that the
 * kernel has and that is not set; '-' for one that it does not know; '?' without
 * a configuration.
 */
char tool_kernel_option(const struct tool_kernel *kernel, const char *option)
{
	const char *value = value_of(kernel, option);
	char line[128];

	if (!kernel->config)
		return '?';
	if (value)
		return *value;
	snprintf(line, sizeof(line), "# %s is not set\n", option);
	return strstr(kernel->config, line) ? 'n' : '-';
}

/**
 * tool_kernel_text() - the value of an option that is a text
 * @kernel: the kernel
 * @option: its name, with CONFIG_
 * @buf: where it goes, without the quotes
 * @size: size of @buf
 *
 * Return: whether it has one.
 */
bool tool_kernel_text(const struct tool_kernel *kernel, const char *option,
		      char *buf, size_t size)
{
	const char *value = value_of(kernel, option);

	if (!value || *value != '"')
		return false;
	snprintf(buf, size, "%.*s", (int)strcspn(value + 1, "\"\n"),
		 value + 1);
	return true;
}

/**
 * tool_kernel_is_installed() - whether a kernel is there, not only its headers
 * @release: the kernel
 *
 * Return: true if it can have modules.
 */
bool tool_kernel_is_installed(const char *release)
{
	return tool_exists("/lib/modules/%s/modules.builtin", release) ||
	       tool_exists("/lib/modules/%s/kernel", release) ||
	       tool_exists("/boot/vmlinuz-%s", release);
}

/**
 * struct list - kernels found so far
 * @releases: their releases
 * @nr: how many
 * @max: how many fit
 */
struct list {
	char (*releases)[128];
	int nr;
	int max;
};

static void add(const char *name, void *arg)
{
	struct list *list = arg;

	if (list->nr < list->max && tool_kernel_is_installed(name))
		snprintf(list->releases[list->nr++], sizeof(list->releases[0]),
			 "%s", name);
}

/**
 * tool_kernels_installed() - which kernels are installed
 * @releases: filled in
 * @max: how many fit
 *
 * Return: how many there are.
 */
int tool_kernels_installed(char releases[][128], int max)
{
	struct list list = { .releases = releases, .max = max };

	tool_each_entry(add, &list, "/lib/modules");
	return list.nr;
}
