// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments of an export: each errno of the contract, by both feature numbers,
 * and what flags and open flags do. A call that fails leaves no trace and no line
 * in the kernel's log.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dvt.h"

#define BAR 2
#define PAGE 4096UL
#define HUGE_OFF 0xfffffffffffff000UL

static const uint32_t features[] = {
	VFIO_DEVICE_FEATURE_DMA_BUF,
	DMABUF_VFIO_PCI_FEATURE_EXPORT,
};

/**
 * struct export_row - a call that must fail
 * @name: what is wrong with it
 * @bar: region_index
 * @open_flags: as in the call
 * @flags: as in the call
 * @nr_ranges: as in the call
 * @ranges: as in the call
 * @err: the errno
 * @other: another that the contract allows, 0 if none
 */
static const struct export_row {
	const char *name;
	uint32_t bar, open_flags, flags, nr_ranges;
	struct vfio_region_dma_range ranges[2];
	int err, other;
} rows[] = {
	{ "no range", BAR, O_RDWR, 0, 0, { }, EINVAL },
	{ "flags 4", BAR, O_RDWR, 4, 1, { { 0, PAGE } }, EINVAL },
	{ "flags 7", BAR, O_RDWR, 7, 1, { { 0, PAGE } }, EINVAL },
	{ "flags 1 << 31", BAR, O_RDWR, 1U << 31, 1, { { 0, PAGE } }, EINVAL },
	{ "the ROM", 6, O_RDWR, 0, 1, { { 0, PAGE } }, ENODEV },
	{ "config space", 7, O_RDWR, 0, 1, { { 0, PAGE } }, ENODEV },
	{ "VGA", 8, O_RDWR, 0, 1, { { 0, PAGE } }, ENODEV },
	{ "region 9", 9, O_RDWR, 0, 1, { { 0, PAGE } }, ENODEV },
	{ "region 2^32 - 1", ~0U, O_RDWR, 0, 1, { { 0, PAGE } }, ENODEV },
	{ "region 2^31", 1U << 31, O_RDWR, 0, 1, { { 0, PAGE } }, ENODEV },
	{ "an absent BAR", 5, O_RDWR, 0, 1, { { 0, PAGE } }, ENODEV },
	{ "upper half of a BAR", 3, O_RDWR, 0, 1, { { 0, PAGE } }, ENODEV },
	{ "length 0", BAR, O_RDWR, 0, 1, { { 0, 0 } }, EINVAL },
	{ "length 0 second", BAR, O_RDWR, 0, 2,
	  { { 0, PAGE }, { PAGE, 0 } }, EINVAL },
	{ "length 1", BAR, O_RDWR, 0, 1, { { 0, 1 } }, EINVAL },
	{ "length off the grid", BAR, O_RDWR, 0, 1,
	  { { 0, PAGE + 512 } }, EINVAL },
	{ "offset off the grid", BAR, O_RDWR, 0, 1,
	  { { 512, PAGE } }, EINVAL },
	{ "second offset off the grid", BAR, O_RDWR, 0, 2,
	  { { 0, PAGE }, { PAGE - 1, PAGE } }, EINVAL },
	{ "starts at the end", BAR, O_RDWR, 0, 1,
	  { { 64 * DVT_MIB, PAGE } }, EINVAL },
	{ "ends past the end", BAR, O_RDWR, 0, 1,
	  { { 64 * DVT_MIB - PAGE, 2 * PAGE } }, EINVAL },
	{ "second ends past the end", BAR, O_RDWR, 0, 2,
	  { { 0, PAGE }, { PAGE, 64 * DVT_MIB } }, EINVAL },
	{ "longer than the BAR", BAR, O_RDWR, 0, 1,
	  { { 0, 64 * DVT_MIB + PAGE } }, EINVAL },
	{ "offset far away", BAR, O_RDWR, 0, 1,
	  { { 1UL << 40, PAGE } }, EINVAL },
	{ "negative length", BAR, O_RDWR, 0, 1,
	  { { 0, HUGE_OFF } }, EINVAL, EOVERFLOW },
	{ "end wraps to 0", BAR, O_RDWR, 0, 1,
	  { { HUGE_OFF, PAGE } }, EOVERFLOW, EINVAL },
	{ "end wraps into the BAR", BAR, O_RDWR, 0, 1,
	  { { HUGE_OFF, 2 * PAGE } }, EOVERFLOW, EINVAL },
	{ "start in the BAR, end wraps", BAR, O_RDWR, 0, 1,
	  { { 2 * PAGE, HUGE_OFF } }, EOVERFLOW, EINVAL },
	{ "lengths wrap", BAR, O_RDWR, 0, 2,
	  { { 0, 1UL << 63 }, { 0, 1UL << 63 } }, EOVERFLOW, EINVAL },
};

static int export_row(int fd, uint32_t feature, const struct export_row *row)
{
	struct {
		struct vfio_device_feature_dma_buf head;
		struct vfio_region_dma_range ranges[2];
	} req = {
		.head.region_index = row->bar,
		.head.open_flags = row->open_flags,
		.head.flags = row->flags,
		.head.nr_ranges = row->nr_ranges,
	};

	memcpy(req.ranges, row->ranges, sizeof(req.ranges));
	return dvl_feature(fd, feature, VFIO_DEVICE_FEATURE_GET, &req,
			   sizeof(req.head) +
			   row->nr_ranges * sizeof(req.ranges[0]));
}

START_TEST(bad_argument_gives_its_errno_and_nothing_else)
{
	const struct export_row *row = &rows[_i];
	struct dvt_traces before;
	struct dvl_device dev;
	int log, ret;
	size_t i;

	dvt_open_or_skip(&dev, "DVP_BDF");
	ck_assert_uint_eq(dvt_bar_len(&dev, BAR), 64 * DVT_MIB);
	log = dvt_log_mark();
	dvt_traces_take(&before);
	for (i = 0; i < DVT_ARRAY_SIZE(features); i++) {
		ret = export_row(dev.fd, features[i], row);
		ck_assert_msg(ret == -row->err ||
			      (row->other && ret == -row->other),
			      "%s, feature %#x: %d instead of %d", row->name,
			      features[i], ret, -row->err);
	}
	dvt_traces_assert_same(&before);
	dvt_log_assert_silent(log);
}
END_TEST

/* By feature 11 no flag is valid, as in-tree. */
START_TEST(export_flags_belong_to_the_private_feature)
{
	/* HUGE, CPU_ONLY, and both. */
	struct export_row row = {
		.bar = BAR, .open_flags = O_RDWR, .flags = 1 + _i,
		.nr_ranges = 1, .ranges = { { 0, PAGE } },
	};
	struct dvl_device dev;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	ck_assert_int_eq(export_row(dev.fd, VFIO_DEVICE_FEATURE_DMA_BUF, &row),
			 -EINVAL);
	fd = export_row(dev.fd, DMABUF_VFIO_PCI_FEATURE_EXPORT, &row);
	ck_assert_int_ge(fd, 0);
	dvt_assert_usable(dvt_map(fd, PAGE, PROT_READ | PROT_WRITE));
}
END_TEST

/* Not an access mode, O_CLOEXEC or O_NONBLOCK. */
static const uint32_t odd_open_flags[] = {
	O_RDWR | O_APPEND, O_RDWR | O_DIRECT, O_RDWR | O_SYNC, O_RDWR | O_CREAT,
	O_RDWR | O_PATH, O_RDWR | 1U << 31,
};

START_TEST(other_open_flags_are_ignored_by_feature_11_and_refused_by_ours)
{
	struct export_row row = {
		.bar = BAR, .open_flags = odd_open_flags[_i], .nr_ranges = 1,
		.ranges = { { 0, PAGE } },
	};
	struct dvt_traces before;
	struct dvl_device dev;
	int fd, log;

	dvt_open_or_skip(&dev, "DVP_BDF");
	log = dvt_log_mark();
	dvt_traces_take(&before);
	ck_assert_int_eq(export_row(dev.fd, DMABUF_VFIO_PCI_FEATURE_EXPORT,
				    &row), -EINVAL);
	dvt_traces_assert_same(&before);
	dvt_log_assert_silent(log);

	fd = export_row(dev.fd, VFIO_DEVICE_FEATURE_DMA_BUF, &row);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	dvt_assert_usable(dvt_map(fd, PAGE, PROT_READ | PROT_WRITE));
}
END_TEST

START_TEST(private_feature_knows_three_access_modes)
{
	struct export_row row = {
		.bar = BAR, .open_flags = O_ACCMODE, .nr_ranges = 1,
		.ranges = { { 0, PAGE } },
	};
	struct dvl_device dev;

	dvt_open_or_skip(&dev, "DVP_BDF");
	ck_assert_int_eq(export_row(dev.fd, DMABUF_VFIO_PCI_FEATURE_EXPORT,
				    &row), -EINVAL);
}
END_TEST

/* The request of the tests below: two pages of the BAR as two ranges. */
struct two_ranges {
	struct vfio_device_feature head;
	struct vfio_device_feature_dma_buf export;
	struct vfio_region_dma_range ranges[2];
};

static void ask_for_two(struct two_ranges *req, uint32_t feature)
{
	*req = (struct two_ranges){
		.head.argsz = sizeof(*req),
		.head.flags = feature | VFIO_DEVICE_FEATURE_GET,
		.export.region_index = BAR,
		.export.open_flags = O_RDWR,
		.export.nr_ranges = 2,
		.ranges = { { 0, PAGE }, { 8 * PAGE, PAGE } },
	};
}

START_TEST(argsz_short_of_the_ranges_gives_einval)
{
	struct two_ranges req;
	struct dvt_traces before;
	struct dvl_device dev;
	uint32_t argsz;
	size_t i;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_traces_take(&before);
	for (i = 0; i < DVT_ARRAY_SIZE(features); i++) {
		ask_for_two(&req, features[i]);
		for (argsz = 0; argsz < sizeof(req); argsz++) {
			req.head.argsz = argsz;
			ck_assert_int_eq(ioctl(dev.fd, VFIO_DEVICE_FEATURE,
					       &req), -1);
			ck_assert_int_eq(errno, EINVAL);
		}
	}
	dvt_traces_assert_same(&before);
}
END_TEST

START_TEST(argsz_longer_than_the_ranges_is_accepted)
{
	struct {
		struct two_ranges req;
		uint8_t tail[64];
	} arg;
	struct dvl_device dev;
	size_t i;

	dvt_open_or_skip(&dev, "DVP_BDF");
	for (i = 0; i < DVT_ARRAY_SIZE(features); i++) {
		memset(&arg, 0xff, sizeof(arg));
		ask_for_two(&arg.req, features[i]);
		arg.req.head.argsz = sizeof(arg);
		ck_assert_int_ge(ioctl(dev.fd, VFIO_DEVICE_FEATURE, &arg), 0);
	}
}
END_TEST

START_TEST(set_instead_of_get_gives_einval)
{
	struct two_ranges req;
	struct dvl_device dev;
	size_t i;

	dvt_open_or_skip(&dev, "DVP_BDF");
	for (i = 0; i < DVT_ARRAY_SIZE(features); i++) {
		ask_for_two(&req, features[i]);
		req.head.flags = features[i] | VFIO_DEVICE_FEATURE_SET;
		ck_assert_int_eq(ioctl(dev.fd, VFIO_DEVICE_FEATURE, &req), -1);
		ck_assert_int_eq(errno, EINVAL);
		req.head.flags = features[i];
		ck_assert_int_eq(ioctl(dev.fd, VFIO_DEVICE_FEATURE, &req), -1);
		ck_assert_int_eq(errno, EINVAL);
	}
}
END_TEST

START_TEST(probe_exports_nothing)
{
	struct two_ranges req;
	struct dvt_traces before;
	struct dvl_device dev;
	size_t i;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_traces_take(&before);
	for (i = 0; i < DVT_ARRAY_SIZE(features); i++) {
		ask_for_two(&req, features[i]);
		req.head.flags |= VFIO_DEVICE_FEATURE_PROBE;
		ck_assert_int_eq(ioctl(dev.fd, VFIO_DEVICE_FEATURE, &req), 0);
	}
	dvt_traces_assert_same(&before);
}
END_TEST

START_TEST(size_of_the_buffer_is_the_sum_of_the_lengths)
{
	struct two_ranges req;
	struct dvl_device dev;
	size_t i;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	for (i = 0; i < DVT_ARRAY_SIZE(features); i++) {
		ask_for_two(&req, features[i]);
		req.ranges[1].length = 3 * PAGE;
		fd = ioctl(dev.fd, VFIO_DEVICE_FEATURE, &req);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(lseek(fd, 0, SEEK_END), 4 * PAGE);
	}
}
END_TEST

START_TEST(closing_a_buffer_leaves_no_trace)
{
	struct dvt_traces before;
	struct dvl_device dev;
	int fd, i;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_traces_take(&before);
	for (i = 0; i < 100; i++) {
		fd = dvt_export(&dev, BAR, 0, PAGE, O_RDWR);
		ck_assert_int_eq(close(fd), 0);
	}
	dvt_traces_assert_same(&before);
}
END_TEST

START_TEST(a_buffer_holds_the_module_and_nothing_else)
{
	struct dvt_traces before, after;
	struct dvl_device dev;

	dvt_open_or_skip(&dev, "DVP_BDF");
	dvt_traces_take(&before);
	dvt_export(&dev, BAR, 0, PAGE, O_RDWR);
	dvt_traces_take(&after);
	ck_assert_int_eq(after.nr_fds, before.nr_fds + 1);
	ck_assert_int_eq(after.module_refs, before.module_refs + 1);
	/* Does not keep the device open. */
	dvl_device_close(&dev);
	dvt_open(&dev, dvt_bdf("DVP_BDF"));
}
END_TEST

START_TEST(o_cloexec_is_honoured)
{
	struct dvl_device dev;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, PAGE, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	fd = dvt_export(&dev, BAR, 0, PAGE, O_RDWR);
	ck_assert_int_eq(fcntl(fd, F_GETFD), 0);
}
END_TEST

START_TEST(o_nonblock_is_accepted)
{
	struct dvl_device dev;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, PAGE, O_RDWR | O_NONBLOCK);
	dvt_assert_usable(dvt_map(fd, PAGE, PROT_READ | PROT_WRITE));
}
END_TEST

START_TEST(access_mode_of_the_descriptor_is_the_one_asked_for)
{
	static const uint32_t modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	struct dvl_device dev;
	size_t i;
	int fd;

	dvt_open_or_skip(&dev, "DVP_BDF");
	for (i = 0; i < DVT_ARRAY_SIZE(modes); i++) {
		fd = dvt_export(&dev, BAR, 0, PAGE, modes[i] | O_CLOEXEC);
		ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, modes[i]);
	}
}
END_TEST

DVT_MAIN("export",
	 { bad_argument_gives_its_errno_and_nothing_else,
	   DVT_ARRAY_SIZE(rows) },
	 { export_flags_belong_to_the_private_feature, 3 },
	 { other_open_flags_are_ignored_by_feature_11_and_refused_by_ours,
	   DVT_ARRAY_SIZE(odd_open_flags) },
	 { private_feature_knows_three_access_modes },
	 { argsz_short_of_the_ranges_gives_einval },
	 { argsz_longer_than_the_ranges_is_accepted },
	 { set_instead_of_get_gives_einval },
	 { probe_exports_nothing },
	 { size_of_the_buffer_is_the_sum_of_the_lengths },
	 { closing_a_buffer_leaves_no_trace },
	 { a_buffer_holds_the_module_and_nothing_else },
	 { o_cloexec_is_honoured },
	 { o_nonblock_is_accepted },
	 { access_mode_of_the_descriptor_is_the_one_asked_for })
