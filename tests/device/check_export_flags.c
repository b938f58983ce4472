// SPDX-License-Identifier: GPL-2.0-only
/*
 * Export flags and open_flags: the bits that each export feature accepts, and the
 * effect of HUGE and CPU_ONLY.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "dvt_import.h"
#include "dvt_importer.h"
#include "dvt_param.h"
#include "dvt_place.h"
#include "dvt_v2.h"

#define BAR 2
#define PAGE 0x1000UL
#define LEN (2 * DVT_HUGE)
#define UPSTREAM VFIO_DEVICE_FEATURE_DMA_BUF
#define PRIVATE DMABUF_VFIO_PCI_FEATURE_EXPORT
#define HUGE DMABUF_VFIO_PCI_EXPORT_HUGE
#define CPU_ONLY DMABUF_VFIO_PCI_EXPORT_CPU_ONLY
#define NR_BITS 32

static const uint32_t features[] = { UPSTREAM, PRIVATE };

static int try_one(const struct dvl_device *dev, uint32_t feature,
		   uint32_t open_flags, uint32_t flags)
{
	struct vfio_region_dma_range range = { .length = PAGE };

	return dvt_export_try(dev, &(struct dvt_request){
		.feature = feature, .bar = BAR, .ranges = &range,
		.nr_ranges = 1, .open_flags = open_flags, .flags = flags });
}

static void assert_exported(int fd)
{
	ck_assert_msg(fd >= 0, "export gave %d", fd);
	close(fd);
}

/*
 * HUGE
 */

static bool has_huge(const struct dvl_device *dev)
{
	return dvt_caps(dev) & DMABUF_VFIO_PCI_CAP_HUGE;
}

static unsigned int largest(const struct dvl_device *dev)
{
	return has_huge(dev) ? DVP_PTE_2M : DVP_PTE_4K;
}

/* All slots of a congruent mapping have entries of this level. */
static void assert_levels(const struct dvl_device *dev, int fd, size_t len,
			  size_t align, unsigned int level)
{
	int importer = dvt_importer_open();
	size_t off;
	char *map;

	ck_assert_int_ge(importer, 0);
	map = dvt_map_at(fd, 0, len, PROT_READ | PROT_WRITE, align, 0);
	dvt_touch_slots(map, len);
	for (off = 0; off < len; off += DVT_HUGE)
		dvt_assert_level(importer, map + off, level);
	dvt_assert_frames(importer, map, DVT_HUGE, dvt_bar_addr(dev->bdf, BAR));
	ck_assert_int_eq(munmap(map, len), 0);
	close(importer);
}

#define importer_needed()						\
	do {								\
		int importer_;						\
									\
		dvt_importer_or_skip(importer_);			\
		close(importer_);					\
	} while (0)

START_TEST(buffer_has_small_entries_without_the_flag)
{
	struct dvl_device dev;

	importer_needed();
	dvt_open_or_skip(&dev, "DVP_BDF");
	assert_levels(&dev, dvt_export(&dev, BAR, 0, LEN, O_RDWR), LEN,
		      DVT_HUGE, DVP_PTE_4K);
	assert_levels(&dev, dvt_export_flags(&dev, BAR, 0, LEN, O_RDWR, 0), LEN,
		      DVT_HUGE, DVP_PTE_4K);
	assert_levels(&dev,
		      dvt_export_flags(&dev, BAR, 0, LEN, O_RDWR, CPU_ONLY), LEN,
		      DVT_HUGE, DVP_PTE_4K);
}
END_TEST

START_TEST(buffer_has_huge_entries_with_the_flag_where_the_bit_is_on)
{
	struct dvl_device dev;

	importer_needed();
	dvt_open_or_skip(&dev, "DVP_BDF");
	assert_levels(&dev, dvt_export_flags(&dev, BAR, 0, LEN, O_RDWR, HUGE),
		      LEN, DVT_HUGE, largest(&dev));
	assert_levels(&dev, dvt_export_flags(&dev, BAR, 0, LEN, O_RDWR,
					     HUGE | CPU_ONLY),
		      LEN, DVT_HUGE, largest(&dev));
}
END_TEST

START_TEST(buffer_never_has_entries_of_a_gigabyte)
{
	uint64_t phys = 0, len = 0;
	struct dvl_device dev;
	int importer, fd;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF_1G");
	phys = dvt_bar_addr(dev.bdf, BAR);
	len = dvt_bar_len(&dev, BAR);
	ck_assert_uint_eq(len, 1UL << 30);
	ck_assert_uint_eq(phys & (len - 1), 0);
	fd = dvt_export_flags(&dev, BAR, 0, len, O_RDWR, HUGE);
	map = dvt_map_at(fd, 0, len, PROT_READ | PROT_WRITE, len, 0);
	ck_assert_int_ge(dvt_read32(map), 0);
	dvt_assert_level(importer, map, largest(&dev));
	dvt_assert_level(importer, map + DVT_HUGE, DVP_PTE_NONE);
	dvt_assert_usable(map + len - PAGE);
	dvt_assert_level(importer, map + len - PAGE, largest(&dev));
}
END_TEST

START_TEST(buffer_of_several_extents_has_small_entries_with_the_flag)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ 0, DVT_HUGE }, { 2 * DVT_HUGE, DVT_HUGE },
	};
	struct dvt_request req = {
		.feature = PRIVATE, .bar = BAR, .ranges = ranges,
		.nr_ranges = DVT_ARRAY_SIZE(ranges), .open_flags = O_RDWR,
		.flags = HUGE,
	};
	struct dvl_device dev;
	int fd;

	importer_needed();
	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export_try(&dev, &req);
	ck_assert_int_ge(fd, 0);
	assert_levels(&dev, fd, 2 * DVT_HUGE, DVT_HUGE, DVP_PTE_4K);
}
END_TEST

START_TEST(ranges_that_adjoin_are_one_extent)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ 0, DVT_HUGE }, { DVT_HUGE, DVT_HUGE },
	};
	struct dvt_request req = {
		.feature = PRIVATE, .bar = BAR, .ranges = ranges,
		.nr_ranges = DVT_ARRAY_SIZE(ranges), .open_flags = O_RDWR,
		.flags = HUGE,
	};
	struct dvl_device dev;
	int fd;

	importer_needed();
	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export_try(&dev, &req);
	ck_assert_int_ge(fd, 0);
	assert_levels(&dev, fd, 2 * DVT_HUGE, DVT_HUGE, largest(&dev));
}
END_TEST

START_TEST(parameter_huge_switches_the_flag_off)
{
	struct dvl_device dev;
	int fd;

	importer_needed();
	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_param_set("huge", "0");
	ck_assert(!has_huge(&dev));
	fd = dvt_export_flags(&dev, BAR, 0, LEN, O_RDWR, HUGE);
	assert_levels(&dev, fd, LEN, DVT_HUGE, DVP_PTE_4K);
}
END_TEST

START_TEST(huge_entries_end_with_revoke_and_with_decoding)
{
	struct dvl_device dev;
	int importer, fd;
	char *map;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export_flags(&dev, BAR, 0, LEN, O_RDWR, HUGE);
	map = dvt_map_at(fd, 0, LEN, PROT_READ | PROT_WRITE, DVT_HUGE, 0);
	dvt_touch_slots(map, LEN);
	dvt_memory_off(&dev);
	dvt_assert_level(importer, map, DVP_PTE_NONE);
	dvt_assert_level(importer, map + DVT_HUGE, DVP_PTE_NONE);
	dvt_assert_sigbus(map);
	dvt_memory_on(&dev);
	dvt_assert_usable(map);
	dvt_assert_level(importer, map, largest(&dev));
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	dvt_assert_level(importer, map, DVP_PTE_NONE);
	dvt_assert_sigbus(map);
}
END_TEST

/*
 * Accepted and refused bits
 */

START_TEST(unknown_flags_give_einval)
{
	struct dvt_traces before;
	struct dvl_device dev;
	unsigned int bit;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_traces_take(&before);
	for (bit = 2; bit < NR_BITS; bit++) {
		ck_assert_int_eq(try_one(&dev, PRIVATE, O_RDWR, 1U << bit),
				 -EINVAL);
		ck_assert_int_eq(try_one(&dev, PRIVATE, O_RDWR,
					 HUGE | CPU_ONLY | 1U << bit), -EINVAL);
	}
	dvt_traces_assert_same(&before);
	assert_exported(try_one(&dev, PRIVATE, O_RDWR, HUGE | CPU_ONLY));
}
END_TEST

START_TEST(feature_11_takes_no_flags)
{
	struct dvl_device dev;
	unsigned int bit;

	dvt_open_or_skip(&dev, "DVP_BDF");
	for (bit = 0; bit < NR_BITS; bit++)
		ck_assert_int_eq(try_one(&dev, UPSTREAM, O_RDWR, 1U << bit),
				 -EINVAL);
	assert_exported(try_one(&dev, UPSTREAM, O_RDWR, 0));
}
END_TEST

static bool is_known(uint32_t open_flag)
{
	return open_flag & (O_ACCMODE | O_CLOEXEC | O_NONBLOCK);
}

START_TEST(feature_11_ignores_other_open_flags)
{
	struct dvl_device dev;
	unsigned int bit;

	dvt_open_or_skip(&dev, "DVP_BDF");
	for (bit = 0; bit < NR_BITS; bit++)
		if (!is_known(1U << bit))
			assert_exported(try_one(&dev, UPSTREAM,
						O_RDWR | 1U << bit, 0));
}
END_TEST

START_TEST(private_export_refuses_other_open_flags)
{
	struct dvl_device dev;
	unsigned int bit;

	dvt_open_or_skip(&dev, "DVP_BDF");
	for (bit = 0; bit < NR_BITS; bit++)
		if (!is_known(1U << bit))
			ck_assert_int_eq(try_one(&dev, PRIVATE,
						 O_RDWR | 1U << bit, 0),
					 -EINVAL);
}
END_TEST

START_TEST(known_open_flags_reach_the_descriptor)
{
	static const uint32_t modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	uint32_t feature = features[_i];
	struct dvl_device dev;
	size_t i;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	for (i = 0; i < DVT_ARRAY_SIZE(modes); i++) {
		fd = try_one(&dev, feature, modes[i] | O_CLOEXEC | O_NONBLOCK, 0);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
		ck_assert_int_eq(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK),
				 modes[i] | O_NONBLOCK);
		fd = try_one(&dev, feature, modes[i], 0);
		ck_assert_int_eq(fcntl(fd, F_GETFD), 0);
		ck_assert_int_eq(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK),
				 modes[i]);
	}
}
END_TEST

/*
 * Importers
 */

START_TEST(cpu_only_buffer_takes_no_importer)
{
	struct dvt_import import;
	char *map;

	dvt_import_open_or_skip(&import, DVT_BY_US);
	ck_assert(dvt_caps(&import.dev) & DMABUF_VFIO_PCI_CAP_CPU_ONLY);
	import.fd = dvt_export_flags(&import.dev, DVT_IMPORT_BAR, 0,
				     DVT_IMPORT_LEN, O_RDWR, CPU_ONLY);
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd), -EOPNOTSUPP);
	map = dvt_map(import.fd, DVT_IMPORT_LEN, PROT_READ | PROT_WRITE);
	dvt_assert_usable(map);

	/* The flag is the buffer's: the same memory can be imported otherwise. */
	import.fd = dvt_export_flags(&import.dev, DVT_IMPORT_BAR, 0,
				     DVT_IMPORT_LEN, O_RDWR, HUGE);
	dvt_peer_import(&import.peer, import.fd);
	dvt_import_assert_leads_to(&import, 0, 0);
}
END_TEST

/* The page tables for 262,144 repeats of a BAR would take gigabytes. */
START_TEST(buffer_larger_than_its_bar_takes_no_importer)
{
	struct vfio_region_dma_range ranges[2];
	struct dvt_import import;
	uint64_t len;
	char *map;

	dvt_import_open_or_skip(&import, DVT_BY_US);
	len = dvt_bar_len(&import.dev, DVT_IMPORT_BAR);
	ranges[0] = (struct vfio_region_dma_range){ .length = len };
	ranges[1] = (struct vfio_region_dma_range){ .length = PAGE };
	import.fd = dvl_export(import.dev.fd, DVT_IMPORT_BAR, ranges, 2, O_RDWR);
	ck_assert_int_ge(import.fd, 0);
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd), -EOPNOTSUPP);

	map = dvt_map(import.fd, len + PAGE, PROT_READ | PROT_WRITE);
	ck_assert_int_eq(dvt_write32(map, 0x5eedf00d), 0);
	ck_assert_int_eq(dvt_read32(map + len), 0x5eedf00d);
}
END_TEST

START_TEST(buffer_that_repeats_but_fits_its_bar_takes_importers)
{
	struct vfio_region_dma_range ranges[2] = {};
	struct dvt_import import;
	uint64_t half;

	dvt_import_open_or_skip(&import, DVT_BY_US);
	half = dvt_bar_len(&import.dev, DVT_IMPORT_BAR) / 2;
	ranges[0].length = half;
	ranges[1].length = half;
	import.fd = dvl_export(import.dev.fd, DVT_IMPORT_BAR, ranges, 2, O_RDWR);
	ck_assert_int_ge(import.fd, 0);
	dvt_peer_import(&import.peer, import.fd);
	dvt_import_assert_leads_to(&import, half, 0);
}
END_TEST

/* Programs for the in-tree feature leave open_flags 0, and let devices write. */
START_TEST(feature_11_for_reading_lets_importers_write)
{
	static const unsigned int dirs[] = {
		DVP_PEER_BIDIRECTIONAL, DVP_PEER_TO_DEVICE, DVP_PEER_FROM_DEVICE,
	};
	struct dvt_import import;
	size_t i;

	dvt_import_open_or_skip(&import, DVT_BY_US);
	import.fd = dvt_export(&import.dev, DVT_IMPORT_BAR, 0, DVT_IMPORT_LEN,
			       O_RDONLY);
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd), 0);
	for (i = 0; i < DVT_ARRAY_SIZE(dirs); i++) {
		ck_assert_int_eq(dvt_peer_map(&import.peer, dirs[i]), 0);
		ck_assert_int_eq(dvt_peer_unmap(&import.peer), 0);
	}
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL), 0);
	dvt_import_assert_leads_to(&import, 0, 0);
	/* CPUs still may not write. */
	ck_assert_ptr_eq(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			      import.fd, 0), MAP_FAILED);
	ck_assert_int_eq(errno, EACCES);
}
END_TEST

/* Without an IOMMU nothing stops a device from writing. */
START_TEST(private_export_for_reading_lets_importers_only_read)
{
	struct dvt_import import;

	dvt_import_open_or_skip(&import, DVT_BY_US);
	import.fd = dvt_export_flags(&import.dev, DVT_IMPORT_BAR, 0,
				     DVT_IMPORT_LEN, O_RDONLY, 0);
	if (!dvt_machine_translates()) {
		ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd),
				 -EOPNOTSUPP);
		return;
	}
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd), 0);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL),
			 -EACCES);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_FROM_DEVICE),
			 -EACCES);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_TO_DEVICE), 0);
}
END_TEST

DVT_MAIN_PARAM("export_flags",
	       { buffer_has_small_entries_without_the_flag },
	       { buffer_has_huge_entries_with_the_flag_where_the_bit_is_on },
	       { buffer_never_has_entries_of_a_gigabyte },
	       { buffer_of_several_extents_has_small_entries_with_the_flag },
	       { ranges_that_adjoin_are_one_extent },
	       { parameter_huge_switches_the_flag_off },
	       { huge_entries_end_with_revoke_and_with_decoding },
	       { unknown_flags_give_einval },
	       { feature_11_takes_no_flags },
	       { feature_11_ignores_other_open_flags },
	       { private_export_refuses_other_open_flags },
	       { known_open_flags_reach_the_descriptor,
		 DVT_ARRAY_SIZE(features) },
	       { cpu_only_buffer_takes_no_importer },
	       { buffer_larger_than_its_bar_takes_no_importer },
	       { buffer_that_repeats_but_fits_its_bar_takes_importers },
	       { feature_11_for_reading_lets_importers_write },
	       { private_export_for_reading_lets_importers_only_read })
