// SPDX-License-Identifier: GPL-2.0-only
/*
 * The test module dvp-importer: loading it, and asking it about page table
 * entries of the calling process, and about the kernel.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dvt_importer.h"
#include "dvt_module.h"

/* The node appears a moment after the module is there. */
#define NODE_TRIES 200
#define NODE_PAUSE_US 10000

static int load_and_open(void)
{
	int fd, ret, tries;

	fd = open(DVP_IMPORTER_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	ret = dvt_module_load("dvp-importer", "");
	if (ret)
		return ret;
	for (tries = 0; fd < 0 && tries < NODE_TRIES; tries++) {
		if (tries)
			usleep(NODE_PAUSE_US);
		fd = open(DVP_IMPORTER_DEVICE, O_RDWR | O_CLOEXEC);
	}
	return fd < 0 ? -errno : fd;
}

/**
 * dvt_importer_open() - open the test module, and load it if need be
 *
 * Fails the test where DVP_MODULES promises the module.
 *
 * Return: a descriptor, or a negative errno.
 */
int dvt_importer_open(void)
{
	int fd = load_and_open();

	if (fd < 0 && getenv("DVP_MODULES"))
		ck_abort_msg("dvp-importer of %s cannot be used: %s",
			     getenv("DVP_MODULES"), strerror(-fd));
	return fd;
}

/**
 * dvt_kernel_facts() - what the kernel was configured for
 *
 * The test module knows, as it was compiled for it.
 *
 * Return: DVP_KERNEL_* bits.
 */
unsigned int dvt_kernel_facts(void)
{
	int importer = dvt_importer_open(), facts;

	ck_assert_int_ge(importer, 0);
	facts = ioctl(importer, DVP_IMPORTER_KERNEL);
	ck_assert_int_ge(facts, 0);
	close(importer);
	return facts;
}

/**
 * dvt_pte_try() - read the page table entry behind an address
 * @importer: from dvt_importer_open()
 * @addr: the address, in this process
 * @pte: filled in
 *
 * Return: 0 or a negative errno.
 */
int dvt_pte_try(int importer, const void *addr,
		struct dvp_importer_pte *pte)
{
	*pte = (struct dvp_importer_pte){ .addr = (uintptr_t)addr };
	return ioctl(importer, DVP_IMPORTER_READ_PTE, pte) ? -errno : 0;
}

/**
 * dvt_pte() - read the page table entry behind an address that is mapped
 * @importer: from dvt_importer_open()
 * @addr: the address, in this process
 * @pte: filled in
 */
void dvt_pte(int importer, const void *addr,
	     struct dvp_importer_pte *pte)
{
	int ret = dvt_pte_try(importer, addr, pte);

	ck_assert_msg(!ret, "reading the entry of %p: %s", addr,
		      strerror(-ret));
}

/**
 * dvt_pte_level() - which kind of entry translates an address
 * @importer: from dvt_importer_open()
 * @addr: the address, in this process
 *
 * Return: DVP_PTE_*.
 */
unsigned int dvt_pte_level(int importer, const void *addr)
{
	struct dvp_importer_pte pte;

	dvt_pte(importer, addr, &pte);
	return pte.level;
}

/**
 * dvt_stall() - stall tasks of other processes that zap a mapping of this one
 * @importer: from dvt_importer_open()
 * @addr: the mapping
 * @len: its length
 *
 * Return: 0, or a negative errno; -EOPNOTSUPP where the kernel cannot.
 */
int dvt_stall(int importer, const void *addr, size_t len)
{
	struct dvp_importer_stall stall = { .addr = (uintptr_t)addr, .len = len };

	return ioctl(importer, DVP_IMPORTER_STALL, &stall) ? -errno : 0;
}

/**
 * dvt_stall_go() - release stalled tasks, and stall no more
 * @importer: of dvt_stall()
 *
 * Return: 0 or a negative errno.
 */
int dvt_stall_go(int importer)
{
	return ioctl(importer, DVP_IMPORTER_GO) ? -errno : 0;
}

/**
 * dvt_stalled() - count stalled tasks
 * @importer: of dvt_stall()
 *
 * Return: how many, or a negative errno.
 */
int dvt_stalled(int importer)
{
	int nr = ioctl(importer, DVP_IMPORTER_STALLED);

	return nr < 0 ? -errno : nr;
}
