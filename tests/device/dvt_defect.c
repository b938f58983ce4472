// SPDX-License-Identifier: GPL-2.0-only
/* What the tests of defects share; see dvt_defect.h. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dvt_defect.h"

#define CHAINS "/proc/lockdep_chains"
#define STATS "/proc/lockdep_stats"

/**
 * dvt_in_tree() - is it vfio-pci that is tested
 *
 * Return: whether that has the first of the devices.
 */
bool dvt_in_tree(void)
{
	char driver[64];

	if (!dvt_bdf("DVP_BDF") ||
	    dvl_sysfs_driver(dvt_bdf("DVP_BDF"), driver, sizeof(driver)))
		return false;
	return !strcmp(driver, "vfio-pci");
}

/**
 * dvt_kernel_has() - what is the kernel made of
 * @symbol: name of a function
 *
 * Return: whether this kernel, or a module, has one.
 */
bool dvt_kernel_has(const char *symbol)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	char line[1024], name[512];
	bool has = false;

	ck_assert_msg(file, "kallsyms: %m");
	while (!has && fgets(line, sizeof(line), file))
		has = sscanf(line, "%*s %*s %511s", name) == 1 &&
		      !strcmp(name, symbol);
	fclose(file);
	return has;
}

/**
 * dvt_has_lockdep() - does this kernel watch the order of locks
 *
 * Return: whether it can be asked.
 */
bool dvt_has_lockdep(void)
{
	return !access(CHAINS, R_OK);
}

/**
 * dvt_lockdep_is_content() - has lockdep complained
 *
 * It watches until its first complaint.
 *
 * Return: true while it has not.
 */
bool dvt_lockdep_is_content(void)
{
	FILE *file = fopen(STATS, "r");
	bool content = false;
	char line[256];

	ck_assert_msg(file, STATS ": %m");
	while (fgets(line, sizeof(line), file))
		content |= strstr(line, "debug_locks:") && strstr(line, " 1");
	fclose(file);
	return content;
}

static bool is_name(const char *line, const char *name)
{
	const char *at = strstr(line, name);

	return at && strspn(at + strlen(name), "/0123456789\n") ==
		     strlen(at + strlen(name));
}

/**
 * dvt_lock_leads_to() - was a lock taken while another was held
 * @outer: end of the name of a class of locks
 * @inner: end of another's
 *
 * /proc/lockdep has what was taken right under another one only, which a lock that
 * was tried in between hides. A chain is all that was held at once: a line for each,
 * which begins with an address, in the order in which they were taken.
 *
 * Return: whether it has happened since the computer was started.
 */
bool dvt_lock_leads_to(const char *outer, const char *inner)
{
	FILE *file = fopen(CHAINS, "r");
	bool below = false, found = false;
	char line[512];

	ck_assert_msg(file, CHAINS ": %m");
	while (fgets(line, sizeof(line), file)) {
		if (line[0] != '[')
			below = false;
		found |= below && is_name(line, inner);
		below |= is_name(line, outer);
	}
	fclose(file);
	return found;
}
