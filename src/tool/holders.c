// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that have something open or mapped. Root sees all of them, others
 * their own.
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
 * struct search - what is looked for, and what a process has of it
 * @inode: of the file; 0 where its name says enough
 * @link: how its name begins, as /proc shows it
 * @fn: called for each process that has it
 * @arg: for @fn
 * @pid: the process that is looked at, as text
 * @nr_fds: descriptors of the file that it has
 */
struct search {
	uint64_t inode;
	const char *link;
	tool_holder_fn fn;
	void *arg;
	const char *pid;
	int nr_fds;
};

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
	if (search->inode) {
		if (strncmp(target, search->link, strlen(search->link)) ||
		    stat(full, &stat_of) || stat_of.st_ino != search->inode)
			return;
	} else if (strcmp(target, search->link)) {
		return;
	}
	search->nr_fds++;
}

/* "start-end perms offset device inode  name" */
static int count_maps(const struct search *search)
{
	char *text, *rest, *line;
	unsigned long long inode;
	int nr = 0, at;

	text = tool_read_all("/proc/%s/maps", search->pid);
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		at = 0;
		if (sscanf(line, "%*s %*s %*s %*s %llu %n", &inode, &at) == 1 &&
		    at && inode == search->inode &&
		    !strncmp(line + at, search->link, strlen(search->link)))
			nr++;
	}
	free(text);
	return nr;
}

static void look_at_process(const char *name, void *arg)
{
	struct search *search = arg;
	int nr_maps, nr_fds;
	char comm[32], *letter;

	if (!isdigit((unsigned char)*name))
		return;
	search->pid = name;
	search->nr_fds = 0;
	tool_each_entry(look_at_fd, search, "/proc/%s/fd", name);
	nr_fds = search->nr_fds;
	nr_maps = search->inode ? count_maps(search) : 0;
	if (!nr_fds && !nr_maps)
		return;
	tool_read(comm, sizeof(comm), "/proc/%s/comm", name);
	/* A name may be anything; a terminal shall not see what it is not. */
	for (letter = comm; *letter; letter++) {
		if (*letter < ' ' || *letter > '~')
			*letter = '?';
	}
	search->fn(atoi(name), comm, nr_fds, nr_maps, search->arg);
}

/**
 * tool_each_holder() - call a function for each process that has a file
 * @inode: the file's inode, whose name begins with @link; or 0 for the file that
 *	is called @link
 * @link: its name, as /proc shows it
 * @fn: the function; gets the process and how often it has the file open and
 *	mapped
 * @arg: for @fn
 */
void tool_each_holder(uint64_t inode, const char *link, tool_holder_fn fn,
		      void *arg)
{
	struct search search = {
		.inode = inode, .link = link, .fn = fn, .arg = arg,
	};

	tool_each_entry(look_at_process, &search, "/proc");
}
