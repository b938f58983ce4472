// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that have something open or mapped, found in one walk through /proc.
 * Root sees all of them, others their own.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"

/**
 * struct search - what is looked for, and where
 * @link: the name, as /proc shows it
 * @fn: called for each find
 * @arg: for @fn
 * @holder: the process that is looked at
 * @pid: its number, as text
 */
struct search {
	const char *link;
	tool_holder_fn fn;
	void *arg;
	struct tool_holder holder;
	const char *pid;
};

/* A name that ends in a colon is the beginning of one. */
static bool fits(const struct search *search, const char *name)
{
	size_t len = strlen(search->link);

	return search->link[len - 1] == ':' ?
	       !strncmp(name, search->link, len) : !strcmp(name, search->link);
}

static void look_at_fd(const char *name, void *arg)
{
	struct search *search = arg;
	char path[64], full[PATH_MAX], target[PATH_MAX];
	struct stat stat_of;
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%.16s/fd/%.16s", search->pid,
		 name);
	tool_path(full, sizeof(full), path);
	len = readlink(full, target, sizeof(target) - 1);
	if (len < 0)
		return;
	target[len] = '\0';
	if (!fits(search, target) || stat(full, &stat_of))
		return;
	search->holder.inode = stat_of.st_ino;
	search->holder.is_mapping = false;
	search->fn(&search->holder, search->arg);
}

/* "start-end perms offset device inode  name" */
static void look_at_maps(struct search *search)
{
	unsigned long long inode;
	char *text, *rest, *line;
	int at;

	text = tool_read_all("/proc/%s/maps", search->pid);
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		at = 0;
		if (sscanf(line, "%*s %*s %*s %*s %llu %n", &inode, &at) != 1 ||
		    !at || !fits(search, line + at))
			continue;
		search->holder.inode = inode;
		search->holder.is_mapping = true;
		search->fn(&search->holder, search->arg);
	}
	free(text);
}

static void look_at_process(const char *name, void *arg)
{
	struct search *search = arg;
	char *letter;

	if (!isdigit((unsigned char)*name))
		return;
	search->pid = name;
	search->holder.pid = atoi(name);
	tool_read(search->holder.comm, sizeof(search->holder.comm),
		  "/proc/%s/comm", name);
	/* A name may be anything; a terminal shall not see what it is not. */
	for (letter = search->holder.comm; *letter; letter++) {
		if (*letter < ' ' || *letter > '~')
			*letter = '?';
	}
	tool_each_entry(look_at_fd, search, "/proc/%s/fd", name);
	look_at_maps(search);
}

/**
 * tool_each_holder() - look for processes that have files of some name
 * @link: the name, as /proc shows it; or how it begins, up to a colon
 * @fn: called for each descriptor and each mapping, process by process
 * @arg: for @fn
 */
void tool_each_holder(const char *link, tool_holder_fn fn, void *arg)
{
	struct search search = { .link = link, .fn = fn, .arg = arg };

	tool_each_entry(look_at_process, &search, "/proc");
}
