// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers and mappings when memory runs out: each allocation of each call fails
 * once. A call that needs memory says so and leaves nothing behind; one that takes
 * something back works without any; a touch works in the end, for the kernel tries
 * a page fault again.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dvt_failnth.h"

#define PAGE 4096UL
#define BAR 2
#define LEN (4 * DVT_MIB)

/* Far from everything else, so that all levels of the page tables are new. */
#define PLACE ((void *)0x100000000000UL)

enum { MANY = 1024 };

/**
 * struct scene - what the calls are about
 * @dev: the device, open
 * @bar_off: of the BAR in the device's descriptor
 * @fd: a buffer
 * @map: a mapping
 */
struct scene {
	struct dvl_device dev;
	off_t bar_off;
	int fd;
	void *map;
};

static void nothing_before(void *arg)
{
	(void)arg;
}

static void nothing_after(void *arg, int ret)
{
	(void)arg;
	(void)ret;
}

static void close_made(void *arg, int ret)
{
	(void)arg;
	if (ret >= 0)
		ck_assert_int_eq(close(ret), 0);
}

static void make_buffer(void *arg)
{
	struct scene *scene = arg;

	scene->fd = dvt_export(&scene->dev, BAR, 0, LEN, O_RDWR | O_CLOEXEC);
}

static void end_buffer(void *arg, int ret)
{
	struct scene *scene = arg;

	(void)ret;
	ck_assert_int_eq(close(scene->fd), 0);
}

static void map_buffer(struct scene *scene, int fd, off_t off)
{
	scene->map = mmap(PLACE, LEN, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_FIXED_NOREPLACE, fd, off);
	ck_assert_msg(scene->map == PLACE, "mmap: %m");
}

static void make_mapping(void *arg)
{
	struct scene *scene = arg;

	make_buffer(scene);
	map_buffer(scene, scene->fd, 0);
}

/* No address of it is congruent: small entries. */
static void make_odd_mapping(void *arg)
{
	struct scene *scene = arg;

	scene->fd = dvt_export(&scene->dev, BAR, PAGE, LEN,
			       O_RDWR | O_CLOEXEC);
	map_buffer(scene, scene->fd, 0);
}

static void make_wc_mapping(void *arg)
{
	struct scene *scene = arg;

	make_buffer(scene);
	ck_assert_int_eq(dvl_memattr(scene->dev.fd, scene->fd,
				     DMABUF_VFIO_PCI_MEMATTR_WC), 0);
	map_buffer(scene, scene->fd, 0);
}

static void make_bar_mapping(void *arg)
{
	struct scene *scene = arg;

	scene->fd = dup(scene->dev.fd);
	ck_assert_int_ge(scene->fd, 0);
	map_buffer(scene, scene->fd, scene->bar_off);
}

static void make_touched_mapping(void *arg)
{
	struct scene *scene = arg;

	make_mapping(scene);
	dvt_assert_usable(scene->map);
}

static void end_mapping(void *arg, int ret)
{
	struct scene *scene = arg;

	ck_assert_int_eq(munmap(scene->map, LEN), 0);
	end_buffer(scene, ret);
}

static int call_export(void *arg)
{
	struct scene *scene = arg;

	return dvl_export_one(scene->dev.fd, BAR, 0, LEN, O_RDWR | O_CLOEXEC);
}

/* Every other page, so that no two of them become one range. */
static int call_export_many(void *arg)
{
	static struct vfio_region_dma_range ranges[MANY];
	struct scene *scene = arg;
	unsigned int i;

	for (i = 0; i < MANY; i++)
		ranges[i] = (struct vfio_region_dma_range){
			.offset = 2 * i * PAGE, .length = PAGE };
	return dvl_export(scene->dev.fd, BAR, ranges, MANY, O_RDWR | O_CLOEXEC);
}

static void exported_is_usable(void *arg, int fd)
{
	void *map = dvt_map(fd, LEN, PROT_READ | PROT_WRITE);

	(void)arg;
	ck_assert_int_eq(lseek(fd, 0, SEEK_END), LEN);
	dvt_assert_usable(map);
	dvt_assert_usable((char *)map + LEN - PAGE);
	ck_assert_int_eq(munmap(map, LEN), 0);
}

static int try_map(struct scene *scene, int fd, off_t off)
{
	scene->map = mmap(PLACE, LEN, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_FIXED_NOREPLACE, fd, off);
	return scene->map == MAP_FAILED ? -errno : 0;
}

static int call_mmap(void *arg)
{
	struct scene *scene = arg;

	return try_map(scene, scene->fd, 0);
}

static int call_mmap_bar(void *arg)
{
	struct scene *scene = arg;

	return try_map(scene, scene->dev.fd, scene->bar_off);
}

static void mapping_is_usable(void *arg, int ret)
{
	struct scene *scene = arg;

	(void)ret;
	dvt_assert_usable(scene->map);
	dvt_assert_usable((char *)scene->map + LEN - PAGE);
}

static void unmap_made(void *arg, int ret)
{
	struct scene *scene = arg;

	if (ret >= 0)
		ck_assert_int_eq(munmap(scene->map, LEN), 0);
}

static void unmap_made_and_end(void *arg, int ret)
{
	unmap_made(arg, ret);
	end_buffer(arg, ret);
}

/* SIGBUS would be no answer to want of memory. */
static int call_touch(void *arg)
{
	struct scene *scene = arg;

	return dvt_write32(scene->map, 1) ? -EFAULT : 0;
}

static int call_memattr(void *arg)
{
	struct scene *scene = arg;

	return dvl_memattr(scene->dev.fd, scene->fd,
			   DMABUF_VFIO_PCI_MEMATTR_WC);
}

static int call_info(void *arg)
{
	struct dmabuf_vfio_pci_info info;
	struct scene *scene = arg;

	return dvl_info(scene->dev.fd, &info);
}

static int call_revoke(void *arg)
{
	struct scene *scene = arg;

	return dvl_revoke(scene->dev.fd, scene->fd);
}

static void mapping_is_gone(void *arg, int ret)
{
	struct scene *scene = arg;

	(void)ret;
	dvt_assert_sigbus(scene->map);
}

static int call_dup(void *arg)
{
	struct scene *scene = arg;
	int fd = fcntl(scene->fd, F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static void dup_close_both(void *arg, int ret)
{
	close_made(arg, ret);
	end_buffer(arg, ret);
}

static int call_close(void *arg)
{
	struct scene *scene = arg;

	return close(scene->fd) ? -errno : 0;
}

static int call_munmap(void *arg)
{
	struct scene *scene = arg;

	return munmap(scene->map, LEN) ? -errno : 0;
}

/* What is left of it is two mappings. */
static int call_munmap_middle(void *arg)
{
	struct scene *scene = arg;

	return munmap((char *)scene->map + LEN / 2, PAGE) ? -errno : 0;
}

static int call_mremap(void *arg)
{
	struct scene *scene = arg;
	void *to = (char *)PLACE + (1UL << 40);

	if (mremap(scene->map, LEN, LEN, MREMAP_MAYMOVE | MREMAP_FIXED, to) ==
	    MAP_FAILED)
		return -errno;
	scene->map = to;
	return 0;
}

/* Without memory to end the old mapping, move_vma() leaves it beside the new. */
static void end_both_mappings(void *arg, int ret)
{
	ck_assert_int_eq(munmap(PLACE, LEN), 0);
	end_mapping(arg, ret);
}

static int call_fork(void *arg)
{
	pid_t pid = fork();

	(void)arg;
	if (!pid)
		_exit(0);
	return pid < 0 ? -errno : pid;
}

static void reap_and_end(void *arg, int pid)
{
	int status;

	if (pid > 0) {
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
	}
	end_mapping(arg, pid);
}

static const struct dvt_failnth_call calls[] = {
	{ "export of 1 range", DVT_MUST_FAIL, 0, nothing_before, call_export,
	  exported_is_usable, close_made },
	{ "export of 1024 ranges", DVT_MUST_FAIL, 0, nothing_before,
	  call_export_many, exported_is_usable, close_made },
	{ "mmap of a buffer", DVT_MUST_FAIL, 0, make_buffer, call_mmap,
	  mapping_is_usable, unmap_made_and_end },
	{ "mmap of a BAR", DVT_MUST_FAIL, 0, nothing_before, call_mmap_bar,
	  mapping_is_usable, unmap_made },
	{ "first touch, congruent", DVT_MUST_WORK, 0, make_mapping, call_touch,
	  mapping_is_usable, end_mapping },
	{ "first touch, not congruent", DVT_MUST_WORK, 0, make_odd_mapping,
	  call_touch, mapping_is_usable, end_mapping },
	{ "first touch, write-combining", DVT_MUST_WORK, 0, make_wc_mapping,
	  call_touch, mapping_is_usable, end_mapping },
	{ "first touch, BAR", DVT_MUST_WORK, 0, make_bar_mapping, call_touch,
	  mapping_is_usable, end_mapping },
	{ "munmap", DVT_MAY_FAIL, 0, make_touched_mapping, call_munmap, NULL,
	  end_mapping },
	{ "munmap of the middle", DVT_MUST_FAIL, 0, make_touched_mapping,
	  call_munmap_middle, mapping_is_usable, end_mapping },
	{ "mremap that moves", DVT_MUST_FAIL, 0, make_touched_mapping,
	  call_mremap, mapping_is_usable, end_both_mappings },
	{ "fork with a mapping", DVT_MUST_FAIL, 0, make_touched_mapping,
	  call_fork, mapping_is_usable, reap_and_end },
	{ "memattr", DVT_MUST_WORK, 0, make_buffer, call_memattr, NULL,
	  end_buffer },
	{ "info", DVT_MUST_WORK, 0, nothing_before, call_info, NULL,
	  nothing_after },
	{ "revoke of a touched mapping", DVT_MUST_WORK, 0, make_touched_mapping,
	  call_revoke, mapping_is_gone, end_mapping },
	{ "dup of a buffer", DVT_MAY_FAIL, 0, make_buffer, call_dup, NULL,
	  dup_close_both },
	{ "close of a buffer", DVT_MUST_WORK, 0, make_buffer, call_close, NULL,
	  nothing_after },
};

START_TEST(call_survives_each_failed_allocation)
{
	struct vfio_region_info info;
	struct scene scene;

	dvt_failnth_or_skip();
	dvt_open_or_skip(&scene.dev, "DVP_BDF");
	ck_assert_int_eq(dvl_region_info(&scene.dev, BAR, &info), 0);
	scene.bar_off = info.offset;
	dvt_failnth_sweep(&calls[_i], &scene);
}
END_TEST

DVT_MAIN_FAILNTH("failnth",
		 { call_survives_each_failed_allocation,
		   DVT_ARRAY_SIZE(calls) })
