// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits of an export: the most ranges, unreadable payloads, no descriptor
 * left, and who pays for the memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dvt.h"

#define BAR 2
#define PAGE 4096UL
#define MAX_RANGES 262144

/* A request as the ioctl takes it. */
struct request {
	struct vfio_device_feature head;
	struct vfio_device_feature_dma_buf export;
	struct vfio_region_dma_range ranges[];
};

static size_t request_size(uint32_t nr)
{
	return sizeof(struct request) +
	       (size_t)nr * sizeof(struct vfio_region_dma_range);
}

/* Ranges that can't be merged: each page after one that lies behind it. */
static void request_fill(struct request *req, uint32_t nr)
{
	uint32_t i;

	req->head.argsz = request_size(nr);
	req->head.flags = VFIO_DEVICE_FEATURE_DMA_BUF |
			  VFIO_DEVICE_FEATURE_GET;
	req->export.region_index = BAR;
	req->export.open_flags = O_RDWR | O_CLOEXEC;
	req->export.flags = 0;
	req->export.nr_ranges = nr;
	for (i = 0; i < nr; i++) {
		req->ranges[i].offset = (nr - 1 - i) % 1024 * PAGE;
		req->ranges[i].length = PAGE;
	}
}

static struct request *request_make(uint32_t nr)
{
	struct request *req = malloc(request_size(nr));

	ck_assert_ptr_nonnull(req);
	request_fill(req, nr);
	return req;
}

static int request_call(const struct dvl_device *dev, void *req)
{
	int ret = ioctl(dev->fd, VFIO_DEVICE_FEATURE, req);

	return ret < 0 ? -errno : ret;
}

START_TEST(the_most_ranges_that_info_tells_are_accepted)
{
	struct dmabuf_vfio_pci_info info;
	struct dvl_device dev;
	uint8_t *map;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	ck_assert_int_eq(dvl_info(dev.fd, &info), 0);
	ck_assert_uint_eq(info.max_ranges, MAX_RANGES);
	fd = request_call(&dev, request_make(MAX_RANGES));
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_END), MAX_RANGES * PAGE);
	map = dvt_map_from(fd, (MAX_RANGES - 1) * PAGE, PAGE, PROT_READ);
	dvt_poke32(&dev, BAR, 0, 0x1a57);
	ck_assert_int_eq(dvt_read32(map), 0x1a57);
}
END_TEST

START_TEST(one_range_more_gives_e2big)
{
	struct dvt_traces before;
	struct dvl_device dev;
	struct request *req;
	int log;

	dvt_open_or_skip(&dev, "DVP_BDF");
	req = request_make(MAX_RANGES + 1);
	log = dvt_log_mark();
	dvt_traces_take(&before);
	ck_assert_int_eq(request_call(&dev, req), -E2BIG);
	dvt_traces_assert_same(&before);
	dvt_log_assert_silent(log);
}
END_TEST

START_TEST(a_count_whose_size_overflows_is_refused)
{
	static const uint32_t counts[] = {
		~0U, 1U << 31, (1U << 28) + 1, 1U << 28, (1U << 28) - 1,
	};
	struct dvl_device dev;
	struct request *req;
	int log, ret;
	size_t i;

	dvt_open_or_skip(&dev, "DVP_BDF");
	req = request_make(1);
	log = dvt_log_mark();
	for (i = 0; i < DVT_ARRAY_SIZE(counts); i++) {
		req->export.nr_ranges = counts[i];
		ret = request_call(&dev, req);
		ck_assert_msg(ret == -E2BIG || ret == -EINVAL,
			      "%u ranges: %d", counts[i], ret);
	}
	dvt_log_assert_silent(log);
}
END_TEST

/* The last bytes of a page, with nothing mapped behind them. */
static void *end_of_page(size_t len)
{
	uint8_t *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(pages, MAP_FAILED);
	ck_assert_int_eq(munmap(pages + PAGE, PAGE), 0);
	return pages + PAGE - len;
}

/* On both sides of what the driver copies in different ways. */
static const uint32_t nr_copied[] = { 1, 3, 16, 17, 200 };

START_TEST(request_at_the_very_end_of_a_page_is_read)
{
	uint32_t nr = nr_copied[_i];
	struct dvl_device dev;
	struct request *req;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	req = end_of_page(request_size(nr));
	request_fill(req, nr);
	fd = request_call(&dev, req);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_END), nr * PAGE);
}
END_TEST

START_TEST(request_that_runs_off_the_page_gives_efault)
{
	uint32_t nr = nr_copied[_i];
	struct dvt_traces before;
	struct dvl_device dev;
	struct request *full;
	size_t len;
	int log;

	dvt_open_or_skip(&dev, "DVP_BDF");
	full = request_make(nr);
	log = dvt_log_mark();
	dvt_traces_take(&before);
	for (len = 0; len < request_size(nr); len += 4) {
		void *req = end_of_page(len);

		memcpy(req, full, len);
		ck_assert_int_eq(request_call(&dev, req), -EFAULT);
	}
	ck_assert_int_eq(request_call(&dev, NULL), -EFAULT);
	dvt_traces_assert_same(&before);
	dvt_log_assert_silent(log);
}
END_TEST

START_TEST(no_free_descriptor_gives_emfile_and_leaks_nothing)
{
	struct rlimit limit = { .rlim_cur = 64, .rlim_max = 64 };
	struct dvt_traces before;
	struct dvl_device dev;
	int fds[64], nr = 0, log;

	dvt_open_or_skip(&dev, "DVP_BDF");
	log = dvt_log_mark();
	dvt_traces_take(&before);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	do {
		fds[nr] = dup(0);
	} while (fds[nr] >= 0 && ++nr < 64);
	ck_assert_int_gt(nr, 0);
	ck_assert_int_eq(dvl_export_one(dev.fd, BAR, 0, PAGE, O_RDWR),
			 -EMFILE);
	ck_assert_int_eq(dvl_export_one(dev.fd, BAR, 0, PAGE, O_RDWR),
			 -EMFILE);
	while (nr--)
		close(fds[nr]);
	dvt_traces_assert_same(&before);
	dvt_log_assert_silent(log);
}
END_TEST

/*
 * A memory cgroup of our own. The kernel keeps a hierarchy until it is
 * unmounted and unused, so mounting it again finds it as it was.
 */
#define CGROUP "/tmp/dvt-cgroup"

static bool write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	bool ok;

	if (!file)
		return false;
	ok = fputs(text, file) >= 0;
	return !fclose(file) && ok;
}

static bool enter_cgroup(void)
{
	char pid[32];

	mkdir(CGROUP, 0755);
	if (mount("none", CGROUP, "cgroup2", 0, NULL))
		return false;
	snprintf(pid, sizeof(pid), "%d", getpid());
	if (write_file(CGROUP "/cgroup.subtree_control", "+memory") &&
	    (!mkdir(CGROUP "/dvt", 0755) || errno == EEXIST) &&
	    write_file(CGROUP "/dvt/cgroup.procs", pid))
		return true;
	umount2(CGROUP, MNT_DETACH);
	return false;
}

static void leave_cgroup(void)
{
	char pid[32];

	snprintf(pid, sizeof(pid), "%d", getpid());
	ck_assert(write_file(CGROUP "/cgroup.procs", pid));
	rmdir(CGROUP "/dvt");
	ck_assert_int_eq(umount2(CGROUP, MNT_DETACH), 0);
}

static long cgroup_bytes(void)
{
	FILE *file = fopen(CGROUP "/dvt/memory.current", "r");
	long bytes = -1;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%ld", &bytes), 1);
	fclose(file);
	return bytes;
}

START_TEST(ranges_are_charged_to_the_callers_memory_cgroup)
{
	/* What a run costs is the kernel's affair; 8 bytes is too little. */
	const long least = 8L * MAX_RANGES * 8;
	int fds[8], i;
	struct dvl_device dev;
	struct request *req;
	long before, with, after;

	dvt_open_or_skip(&dev, "DVP_BDF");
	req = request_make(MAX_RANGES);
	if (!enter_cgroup())
		dvt_skip("no memory controller in cgroup2");
	before = cgroup_bytes();
	for (i = 0; i < 8; i++) {
		fds[i] = request_call(&dev, req);
		ck_assert_int_ge(fds[i], 0);
	}
	with = cgroup_bytes();
	for (i = 0; i < 8; i++)
		close(fds[i]);
	after = cgroup_bytes();
	leave_cgroup();
	ck_assert_int_ge(with - before, least);
	ck_assert_int_lt(after - before, least / 4);
}
END_TEST

static void cgroup_limit(long bytes)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", bytes);
	ck_assert(write_file(CGROUP "/dvt/memory.max", text));
}

START_TEST(memory_limit_gives_enomem_and_leaks_nothing)
{
	struct dvt_traces before;
	struct dvl_device dev;
	struct request *req;
	int fds[16], nr = 0, log, ret;

	dvt_open_or_skip(&dev, "DVP_BDF");
	req = request_make(MAX_RANGES);
	if (!enter_cgroup())
		dvt_skip("no memory controller in cgroup2");
	log = dvt_log_mark();
	dvt_traces_take(&before);
	/* Room for a few exports, and for the test itself. */
	cgroup_limit(cgroup_bytes() + 16L * 1024 * 1024);
	do {
		ret = request_call(&dev, req);
		if (ret >= 0)
			fds[nr++] = ret;
	} while (ret >= 0 && nr < 16);
	while (nr--)
		close(fds[nr]);
	dvt_traces_assert_same(&before);
	leave_cgroup();
	ck_assert_int_eq(ret, -ENOMEM);
	dvt_log_assert_silent(log);
}
END_TEST

DVT_MAIN("export_limits",
	 { the_most_ranges_that_info_tells_are_accepted },
	 { one_range_more_gives_e2big },
	 { a_count_whose_size_overflows_is_refused },
	 { request_at_the_very_end_of_a_page_is_read,
	   DVT_ARRAY_SIZE(nr_copied) },
	 { request_that_runs_off_the_page_gives_efault,
	   DVT_ARRAY_SIZE(nr_copied) },
	 { no_free_descriptor_gives_emfile_and_leaks_nothing },
	 { ranges_are_charged_to_the_callers_memory_cgroup },
	 { memory_limit_gives_enomem_and_leaks_nothing })
