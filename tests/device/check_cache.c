// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cache modes, as the page table entries and the PAT register have them: what
 * MEMATTR promises reaches the entries, and stays there.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dvt_importer.h"
#include "dvt_place.h"

#define BAR 2
#define PAGE 0x1000UL

static const char *cache_name(unsigned int cache)
{
	static const char * const names[] = {
		[DVP_CACHE_UC] = "UC", [DVP_CACHE_WC] = "WC",
		[DVP_CACHE_WT] = "WT", [DVP_CACHE_WP] = "WP",
		[DVP_CACHE_WB] = "WB", [DVP_CACHE_UC_MINUS] = "UC-",
	};

	return cache < DVT_ARRAY_SIZE(names) && names[cache] ? names[cache] :
							       "reserved";
}

/*
 * Whether an entry has what an attribute promises. UC- is uncached unless an
 * MTRR says write-combining; nothing in the system sets one for a BAR.
 */
static bool is_attr(unsigned int cache, uint32_t memattr)
{
	if (memattr == DMABUF_VFIO_PCI_MEMATTR_WC)
		return cache == DVP_CACHE_WC;
	return cache == DVP_CACHE_UC || cache == DVP_CACHE_UC_MINUS;
}

static void assert_attr(int importer, char *addr, uint32_t memattr)
{
	struct dvp_importer_pte pte;

	dvt_assert_usable(addr);
	dvt_pte(importer, addr, &pte);
	ck_assert_uint_ne(pte.level, DVP_PTE_NONE);
	ck_assert_msg(is_attr(pte.cache, memattr),
		      "attribute %u, but the entry %#llx of level %u is %s",
		      memattr, pte.raw, pte.level, cache_name(pte.cache));
}

/*
 * A buffer of 8 MiB, exported for huge entries, with an attribute; -1 where the kernel
 * can't give it.
 */
static int export_with(const struct dvl_device *dev, uint32_t memattr)
{
	int fd;

	if (memattr == DMABUF_VFIO_PCI_MEMATTR_WC &&
	    !(dvt_caps(dev) & DMABUF_VFIO_PCI_CAP_MEMATTR_WC))
		return -1;
	fd = dvt_export_huge(dev, BAR, 0, 4 * DVT_HUGE, O_RDWR);
	ck_assert_int_eq(dvl_memattr(dev->fd, fd, memattr), 0);
	return fd;
}

#define NO_WC "this machine has no write-combining apart from uncached"

#define export_or_skip(fd, dev, memattr)				\
	do {								\
		(fd) = export_with(dev, memattr);			\
		if ((fd) < 0)						\
			dvt_skip(NO_WC);				\
	} while (0)

/*
 * Rows: both attributes, each mapped congruently, where the kernel may use
 * large entries, and not.
 */
enum { NR_ROWS = 4 };

static uint32_t row_memattr(int row)
{
	return row & 1 ? DMABUF_VFIO_PCI_MEMATTR_WC :
			 DMABUF_VFIO_PCI_MEMATTR_NC;
}

static char *row_map(int row, int fd)
{
	return dvt_map_at(fd, 0, 4 * DVT_HUGE, PROT_READ | PROT_WRITE, DVT_HUGE,
			  row & 2 ? PAGE : 0);
}

START_TEST(write_combining_is_offered_on_x86)
{
	struct dvl_device dev;

	dvt_open_or_skip(&dev, "DVP_BDF");
	ck_assert(dvt_caps(&dev) & DMABUF_VFIO_PCI_CAP_MEMATTR_WC);
}
END_TEST

START_TEST(default_is_uncached)
{
	struct dvl_device dev;
	int importer, fd;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = _i & 1 ? dvt_export_huge(&dev, BAR, 0, 4 * DVT_HUGE, O_RDWR) :
		      dvt_export(&dev, BAR, 0, 4 * DVT_HUGE, O_RDWR);
	assert_attr(importer, row_map(_i & 2, fd),
		    DMABUF_VFIO_PCI_MEMATTR_NC);
}
END_TEST

START_TEST(bar_mapping_of_the_device_is_uncached)
{
	struct dvl_device dev;
	int importer;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	map = dvl_region_mmap(&dev, BAR, 0, DVT_MIB, PROT_READ | PROT_WRITE);
	ck_assert_ptr_ne(map, MAP_FAILED);
	assert_attr(importer, map, DMABUF_VFIO_PCI_MEMATTR_NC);
}
END_TEST

START_TEST(attribute_is_in_every_entry)
{
	struct dvl_device dev;
	int importer, fd;
	size_t off;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	export_or_skip(fd, &dev, row_memattr(_i));
	map = row_map(_i, fd);
	for (off = 0; off < 4 * DVT_HUGE; off += 0x11000)
		assert_attr(importer, map + off, row_memattr(_i));
}
END_TEST

START_TEST(attribute_survives_a_reset)
{
	struct dvl_device dev;
	int importer, fd;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	export_or_skip(fd, &dev, row_memattr(_i));
	map = row_map(_i, fd);
	assert_attr(importer, map, row_memattr(_i));
	ck_assert_int_eq(dvl_device_reset(&dev), 0);
	assert_attr(importer, map, row_memattr(_i));
	dvt_memory_off(&dev);
	dvt_memory_on(&dev);
	assert_attr(importer, map, row_memattr(_i));
}
END_TEST

START_TEST(attribute_survives_mprotect)
{
	struct dvl_device dev;
	int importer, fd;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	export_or_skip(fd, &dev, row_memattr(_i));
	map = row_map(_i, fd);
	assert_attr(importer, map, row_memattr(_i));

	/* A part, which splits the mapping, and then the whole. */
	ck_assert_int_eq(mprotect(map, DVT_MIB, PROT_READ), 0);
	ck_assert_int_eq(mprotect(map, DVT_MIB, PROT_READ | PROT_WRITE), 0);
	assert_attr(importer, map, row_memattr(_i));
	ck_assert_int_eq(mprotect(map, 4 * DVT_HUGE, PROT_NONE), 0);
	ck_assert_int_eq(mprotect(map, 4 * DVT_HUGE, PROT_READ | PROT_WRITE),
			 0);
	assert_attr(importer, map, row_memattr(_i));
	assert_attr(importer, map + 3 * DVT_HUGE, row_memattr(_i));
}
END_TEST

START_TEST(attribute_survives_mremap)
{
	struct dvl_device dev;
	int importer, fd;
	char *map, *there;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	export_or_skip(fd, &dev, row_memattr(_i));
	map = row_map(_i, fd);
	there = row_map(_i, fd);
	assert_attr(importer, map, row_memattr(_i));
	there = mremap(map, 4 * DVT_HUGE, 4 * DVT_HUGE,
		       MREMAP_MAYMOVE | MREMAP_FIXED, there);
	ck_assert_ptr_ne(there, MAP_FAILED);
	assert_attr(importer, there, row_memattr(_i));
	assert_attr(importer, there + DVT_HUGE, row_memattr(_i));
}
END_TEST

/* What a child saw; it has the same mapping at the same address. */
static bool child_sees_attr(int importer, const char *addr, uint32_t memattr)
{
	struct dvp_importer_pte pte;

	return dvt_read32(addr) >= 0 && !dvt_pte_try(importer, addr, &pte) &&
	       pte.level != DVP_PTE_NONE && is_attr(pte.cache, memattr);
}

START_TEST(attribute_survives_fork)
{
	struct dvl_device dev;
	int importer, fd, status;
	char *map;
	pid_t pid;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	export_or_skip(fd, &dev, row_memattr(_i));
	map = row_map(_i, fd);
	assert_attr(importer, map, row_memattr(_i));
	pid = fork();
	if (!pid)
		_exit(!child_sees_attr(importer, map, row_memattr(_i)) ||
		      !child_sees_attr(importer, map + DVT_HUGE,
				       row_memattr(_i)));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	assert_attr(importer, map, row_memattr(_i));
}
END_TEST

START_TEST(mappings_keep_the_attribute_that_they_were_made_with)
{
	struct dvl_device dev;
	char *nc, *wc, *last;
	int importer, fd;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	export_or_skip(fd, &dev, DMABUF_VFIO_PCI_MEMATTR_WC);
	wc = row_map(0, fd);
	ck_assert_int_eq(dvl_memattr(dev.fd, fd, DMABUF_VFIO_PCI_MEMATTR_NC),
			 0);
	nc = row_map(0, fd);
	ck_assert_int_eq(dvl_memattr(dev.fd, fd, DMABUF_VFIO_PCI_MEMATTR_WC),
			 0);
	last = row_map(0, fd);

	/* First touches come after the changes, and again after a zap. */
	assert_attr(importer, wc, DMABUF_VFIO_PCI_MEMATTR_WC);
	assert_attr(importer, nc, DMABUF_VFIO_PCI_MEMATTR_NC);
	assert_attr(importer, last, DMABUF_VFIO_PCI_MEMATTR_WC);
	dvt_memory_off(&dev);
	dvt_memory_on(&dev);
	assert_attr(importer, nc, DMABUF_VFIO_PCI_MEMATTR_NC);
	assert_attr(importer, wc, DMABUF_VFIO_PCI_MEMATTR_WC);
}
END_TEST

START_TEST(attribute_of_one_buffer_is_not_that_of_another)
{
	struct dvl_device dev;
	int importer, wc, nc;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	export_or_skip(wc, &dev, DMABUF_VFIO_PCI_MEMATTR_WC);
	export_or_skip(nc, &dev, DMABUF_VFIO_PCI_MEMATTR_NC);
	assert_attr(importer, row_map(0, wc), DMABUF_VFIO_PCI_MEMATTR_WC);
	assert_attr(importer, row_map(0, nc), DMABUF_VFIO_PCI_MEMATTR_NC);
}
END_TEST

START_TEST(refused_value_leaves_the_attribute_as_it_was)
{
	struct dvl_device dev;
	int importer, fd;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	export_or_skip(fd, &dev, row_memattr(_i));
	ck_assert_int_eq(dvl_memattr(dev.fd, fd, 7), -EINVAL);
	assert_attr(importer, row_map(_i, fd), row_memattr(_i));
}
END_TEST

DVT_MAIN("cache",
	 { write_combining_is_offered_on_x86 },
	 { default_is_uncached, 4 },
	 { bar_mapping_of_the_device_is_uncached },
	 { attribute_is_in_every_entry, NR_ROWS },
	 { attribute_survives_a_reset, NR_ROWS },
	 { attribute_survives_mprotect, NR_ROWS },
	 { attribute_survives_mremap, NR_ROWS },
	 { attribute_survives_fork, NR_ROWS },
	 { mappings_keep_the_attribute_that_they_were_made_with },
	 { attribute_of_one_buffer_is_not_that_of_another },
	 { refused_value_leaves_the_attribute_as_it_was, NR_ROWS })
