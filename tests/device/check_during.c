// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is read while a reset lasts, by every way that leads to one: through a
 * mapping that was touched before, here and in another process, and through
 * new mappings, whose first touch may come at any moment. Each read finds what
 * is there, or SIGBUS, and in all three ways SIGBUS comes.
 */
#include <linux/pci_regs.h>
#include <string.h>
#include <unistd.h>

#include "dvt_hammer.h"

/* Enough for each to be scheduled while a reset lasts, whatever the load. */
enum { NR_RESETS = 50 };

/* Memory with the pattern, and a word of virtio's registers that stays. */
#define MEMORY_BAR 2
#define MEMORY_LEN (4 * DVT_MIB)
#define VIRTIO_BAR 4
#define VIRTIO_LEN 0x1000
#define VIRTIO_SELECT 0
#define VIRTIO_FEATURES 4

/**
 * struct scene - a device, and what resets it
 * @dev: the device
 * @by: the device that the reset goes through; often the same
 */
struct scene {
	struct dvl_device dev;
	struct dvl_device by;
};

static void reset_ioctl(const struct scene *scene)
{
	ck_assert_int_eq(dvl_device_reset(&scene->by), 0);
}

static void reset_hot(const struct scene *scene)
{
	ck_assert_int_eq(dvl_device_hot_reset(&scene->by, &scene->by.group, 1),
			 0);
}

static void reset_sysfs(const struct scene *scene)
{
	ck_assert_int_eq(dvl_sysfs_write(scene->by.bdf, "reset", "1"), 0);
}

static void reset_flr(const struct scene *scene)
{
	int cap = dvl_config_find_cap(&scene->by, PCI_CAP_ID_EXP);
	uint16_t control;

	ck_assert_int_gt(cap, 0);
	ck_assert_int_eq(dvl_config_read(&scene->by, cap + PCI_EXP_DEVCTL,
					 &control, 2), 0);
	control |= PCI_EXP_DEVCTL_BCR_FLR;
	ck_assert_int_eq(dvl_config_write(&scene->by, cap + PCI_EXP_DEVCTL,
					  &control, 2), 0);
}

/**
 * struct way - a way to a reset
 * @role: the device
 * @by: NULL, or the role of the device that the reset goes through
 * @reset: does it
 */
static const struct way {
	const char *role;
	const char *by;
	void (*reset)(const struct scene *scene);
} ways[] = {
	{ "DVP_BDF", NULL, reset_ioctl },
	{ "DVP_BDF", NULL, reset_hot },
	{ "DVP_BDF", NULL, reset_sysfs },
	{ "DVP_BDF_PAIR0", "DVP_BDF_PAIR1", reset_hot },
	{ "DVP_BDF_FLR", NULL, reset_ioctl },
	{ "DVP_BDF_FLR", NULL, reset_flr },
	{ "DVP_BDF_FLR", NULL, reset_sysfs },
};

/* The three ways to read. */
enum { HERE, THERE, FRESH, NR_READERS };

static const char * const reader_names[NR_READERS] = {
	"touched here", "touched in another process", "not yet touched",
};

/**
 * struct readers - all that read
 * @hammers: one for each way, shared with the child
 * @child: runs one of them
 */
struct readers {
	struct dvt_hammer *hammers;
	struct dvt_child child;
};

static int read_there(int sock, void *hammer)
{
	(void)sock;
	dvt_hammer_run(hammer);
	return 0;
}

/* @fd and @off: where new mappings of what is at @map come from. */
static void readers_start(struct readers *r, void *map, int fd, uint64_t off,
			  const struct dvt_hammer *what)
{
	int i;

	r->hammers = mmap(NULL, NR_READERS * sizeof(*what),
			  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			  -1, 0);
	ck_assert_ptr_ne(r->hammers, MAP_FAILED);
	for (i = 0; i < NR_READERS; i++) {
		r->hammers[i] = *what;
		r->hammers[i].addr = map;
		r->hammers[i].fd = -1;
	}
	r->hammers[FRESH].fd = fd;
	r->hammers[FRESH].off = off;
	dvt_child_fork(&r->child, DVT_NOBODY, read_there, &r->hammers[THERE]);
	dvt_hammer_start_thread(&r->hammers[HERE]);
	dvt_hammer_start_thread(&r->hammers[FRESH]);
}

static void readers_wait_good(struct readers *r)
{
	int i;

	for (i = 0; i < NR_READERS; i++)
		dvt_hammer_wait_good(&r->hammers[i], 5);
}

static bool readers_saw_sigbus(const struct readers *r)
{
	bool all = true;
	int i;

	for (i = 0; i < NR_READERS; i++)
		all = all && atomic_load(&r->hammers[i].nr_sigbus);
	return all;
}

static void readers_stop(struct readers *r)
{
	int i;

	atomic_store(&r->hammers[THERE].stop, true);
	dvt_child_stop(&r->child);
	dvt_hammer_assert_good(&r->hammers[THERE]);
	dvt_hammer_stop(&r->hammers[HERE]);
	dvt_hammer_stop(&r->hammers[FRESH]);
	for (i = 0; i < NR_READERS; i++)
		ck_assert_msg(r->hammers[i].nr_sigbus > 0,
			      "%s: no SIGBUS in %d resets", reader_names[i],
			      NR_RESETS);
}

/* What there is to read. */
static struct dvt_hammer prepare(const struct dvl_device *dev, bool virtio)
{
	struct dvt_hammer what = { .fd = -1 };

	if (!virtio) {
		dvt_pattern_fill(dev, MEMORY_BAR, 0, MEMORY_LEN);
		what.nr_pages = MEMORY_LEN / getpagesize();
		what.expected = DVT_PATTERN;
		return what;
	}
	/* What the device offers, first half: no reset changes it. */
	dvt_poke32(dev, VIRTIO_BAR, VIRTIO_SELECT, 0);
	what.expected = dvt_peek32(dev, VIRTIO_BAR, VIRTIO_FEATURES);
	what.nr_pages = 1;
	what.word = VIRTIO_FEATURES;
	ck_assert_uint_ne(what.expected, 0);
	return what;
}

static void judge(const struct way *way, const struct scene *scene,
		  bool through_device)
{
	bool virtio = !strcmp(way->role, "DVP_BDF_FLR");
	unsigned int bar = virtio ? VIRTIO_BAR : MEMORY_BAR;
	size_t len = virtio ? VIRTIO_LEN : MEMORY_LEN;
	struct dvt_hammer what = prepare(&scene->dev, virtio);
	struct vfio_region_info info = { 0 };
	int fd = scene->dev.fd, i;
	struct readers r;

	if (through_device)
		ck_assert_int_eq(dvl_region_info(&scene->dev, bar, &info), 0);
	else
		fd = dvt_export(&scene->dev, bar, 0, len, O_RDWR);
	readers_start(&r, dvt_map_from(fd, info.offset, len, PROT_READ), fd,
		      info.offset, &what);
	readers_wait_good(&r);
	for (i = 0; i < NR_RESETS && !readers_saw_sigbus(&r); i++) {
		way->reset(scene);
		readers_wait_good(&r);
	}
	readers_stop(&r);
}

#define open_or_skip(scene, way)					\
	do {								\
		dvt_open_or_skip(&(scene)->dev, (way)->role);		\
		(scene)->by = (scene)->dev;				\
		if ((way)->by && !dvt_bdf((way)->by))			\
			dvt_skip("no device for %s", (way)->by);	\
		if ((way)->by)						\
			dvt_open_in(&(scene)->by, dvt_bdf((way)->by),	\
				    &(scene)->dev);			\
	} while (0)

START_TEST(buffer_read_during_a_reset_gives_its_contents_or_sigbus)
{
	struct scene scene;

	open_or_skip(&scene, &ways[_i]);
	judge(&ways[_i], &scene, false);
}
END_TEST

START_TEST(bar_mapping_read_during_a_reset_gives_its_contents_or_sigbus)
{
	struct scene scene;

	open_or_skip(&scene, &ways[_i]);
	judge(&ways[_i], &scene, true);
}
END_TEST

DVT_MAIN("during",
	 { buffer_read_during_a_reset_gives_its_contents_or_sigbus,
	   DVT_ARRAY_SIZE(ways) },
	 { bar_mapping_read_during_a_reset_gives_its_contents_or_sigbus,
	   DVT_ARRAY_SIZE(ways) })
