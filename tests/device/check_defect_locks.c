// SPDX-License-Identifier: GPL-2.0-only
/*
 * Orders of locks that can close a cycle. What a page fault takes is below
 * mmap_lock, and whoever copies from or to user memory may fault:
 *
 *   - in vfio-pci a fault takes memory_lock, under which a reset takes the mutex
 *     of the device's IOMMU group (7.x), which is then below mmap_lock, too;
 *   - in drafts for it mmap() exports a dma-buf, and so takes memory_lock, while
 *     readers of a BAR copy to user memory with that held.
 *
 * Lockdep has seen such an order when it has happened once, deadlock or not.
 */
#include <linux/pci_regs.h>
#include <pthread.h>
#include <unistd.h>

#include "dvt_defect.h"

#define ROLE "DVP_BDF_FLR"
#define BAR 4
#define PAGE 4096UL
enum { NR_ROUNDS = 200, NR_PAGES = 16 };

#define lockdep_or_skip()						\
	do {								\
		if (!dvt_has_lockdep())					\
			dvt_skip("this kernel does not watch locks");	\
		ck_assert_msg(dvt_lockdep_is_content(),			\
			      "lockdep has switched itself off");	\
	} while (0)

/* Under the lock of a whole address space, or of a mapping. */
static bool fault_takes(const char *lock)
{
	return dvt_lock_leads_to("&mm->mmap_lock", lock) ||
	       dvt_lock_leads_to("vm_lock", lock);
}

static void fault_and_reset(const struct dvl_device *dev)
{
	void *map = dvl_region_mmap(dev, BAR, 0, PAGE, PROT_READ | PROT_WRITE);

	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_int_ge(dvt_read32(map), 0);
	ck_assert_int_eq(dvl_device_reset(dev), 0);
	ck_assert_int_ge(dvt_read32(map), 0);
	ck_assert_int_eq(munmap(map, PAGE), 0);
}

/* A device with address translation services, as the reset waits for those. */
START_TEST(fault_takes_nothing_that_a_reset_holds)
{
	struct dvl_device dev;

	lockdep_or_skip();
	dvt_open_or_skip(&dev, ROLE);
	fault_and_reset(&dev);
	if (dvt_in_tree()) {
		ck_assert(fault_takes("memory_lock"));
		ck_assert(dvt_lock_leads_to("memory_lock", "&group->mutex"));
	} else {
		ck_assert(fault_takes("&buf->fault_lock"));
		ck_assert(!dvt_lock_leads_to("&buf->fault_lock",
					     "&gate->lock"));
		ck_assert(!dvt_lock_leads_to("&buf->fault_lock",
					     "memory_lock"));
		ck_assert(!dvt_lock_leads_to("&buf->fault_lock",
					     "&group->mutex"));
	}
	ck_assert(dvt_lockdep_is_content());
}
END_TEST

static const struct dvl_device *shared;

/* Each page that it reads to is a fault, under which others map. */
static void *read_to_fresh_pages(void *arg)
{
	size_t len = NR_PAGES * PAGE;
	char *pages;
	int i;

	for (i = 0; i < NR_ROUNDS; i++) {
		pages = mmap(NULL, len, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		/* -EIO while memory is off: it is about who waits for whom. */
		dvl_region_read(shared, 2, 0, pages, len);
		dvl_config_read(shared, 0, pages + PAGE / 2, 64);
		munmap(pages, len);
	}
	return arg;
}

static void *map_and_touch(void *arg)
{
	void *map;
	int i;

	for (i = 0; i < NR_ROUNDS; i++) {
		map = dvl_region_mmap(shared, 2, 0, PAGE, PROT_READ);
		if (map == MAP_FAILED)
			return NULL;
		dvt_read32(map);
		munmap(map, PAGE);
	}
	return arg;
}

static void *switch_memory(void *arg)
{
	uint16_t command, off;
	int i;

	if (dvl_config_read(shared, PCI_COMMAND, &command, 2))
		return NULL;
	off = command & ~PCI_COMMAND_MEMORY;
	for (i = 0; i < NR_ROUNDS; i++)
		if (dvl_config_write(shared, PCI_COMMAND, &off, 2) ||
		    dvl_config_write(shared, PCI_COMMAND, &command, 2))
			return NULL;
	return arg;
}

START_TEST(mapping_does_not_wait_for_a_reader_that_faults)
{
	static void *(* const work[])(void *) = {
		read_to_fresh_pages, map_and_touch, switch_memory,
	};
	pthread_t threads[DVT_ARRAY_SIZE(work)];
	struct dvl_device dev;
	void *done;
	size_t i;

	dvt_open_or_skip(&dev, "DVP_BDF");
	shared = &dev;
	for (i = 0; i < DVT_ARRAY_SIZE(work); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, work[i],
						&dev), 0);
	for (i = 0; i < DVT_ARRAY_SIZE(work); i++) {
		ck_assert_int_eq(pthread_join(threads[i], &done), 0);
		ck_assert_ptr_nonnull(done);
	}
	if (dvt_has_lockdep()) {
		ck_assert(dvt_lockdep_is_content());
		ck_assert(!dvt_lock_leads_to("memory_lock", "&mm->mmap_lock"));
	}
}
END_TEST

DVT_MAIN("defect: locks",
	 { fault_takes_nothing_that_a_reset_holds },
	 { mapping_does_not_wait_for_a_reader_that_faults })
