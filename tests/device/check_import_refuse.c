// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is refused as an importer, by what errno, and that the log says why just
 * once. On a kernel that lets nobody import, everybody is.
 *
 * The log's memory is as old as the binding of the exporting device, so each
 * test binds it anew.
 */
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dvt_import.h"
#include "dvt_importer.h"
#include "dvt_param.h"

/**
 * struct refusal - an exporter whose log is fresh, and an importer
 * @import: both of them, and a buffer
 * @map: the buffer, for the processor
 * @before: what was there before anybody tried
 * @log: a mark in the kernel's log
 */
struct refusal {
	struct dvt_import import;
	void *map;
	struct dvt_traces before;
	int log;
};

static void refusal_start(struct refusal *r, const char *exporter,
			  const char *importer)
{
	struct dvl_device *dev = &r->import.dev;

	ck_assert_int_eq(dvl_sysfs_unbind(dvt_bdf(exporter)), 0);
	dvt_bind(dvt_bdf(exporter), DVL_DRIVER);
	dvt_open(dev, dvt_bdf(exporter));
	dvt_peer_open(&r->import.peer, dvt_bdf(importer));
	r->import.fd = dvt_export(dev, DVT_IMPORT_BAR, 0, DVT_IMPORT_LEN,
				  O_RDWR);
	r->map = dvt_map(r->import.fd, DVT_IMPORT_LEN, PROT_READ | PROT_WRITE);
	r->log = dvt_log_mark();
	dvt_traces_take(&r->before);
}

#define refusal_start_or_skip(r, exporter, importer)			\
	do {								\
		if (!dvt_bdf(exporter) || !dvt_bdf(importer))		\
			dvt_skip("no devices for %s and %s", exporter,	\
				 importer);				\
		refusal_start(r, exporter, importer);			\
	} while (0)

static bool kernel_can_import(struct refusal *r)
{
	dvt_param_set("p2p", "force");
	return dvt_caps(&r->import.dev) & DMABUF_VFIO_PCI_CAP_DMA_IMPORT;
}

/* So many lines since the last look name both devices. */
static void assert_lines(struct refusal *r, const char *importer,
			 unsigned int nr)
{
	ck_assert_uint_eq(dvt_log_count(r->log, r->import.dev.bdf, importer),
			  nr);
}

/* Nothing is left of it, nothing suffered from it. */
static void assert_no_trace(struct refusal *r)
{
	dvt_traces_assert_same(&r->before);
	dvt_assert_usable(r->map);
}

START_TEST(importer_that_cannot_be_stopped_is_refused_with_one_line)
{
	static const unsigned int kinds[] = {
		DVP_PEER_NO_P2P, DVP_PEER_STATIC, DVP_PEER_PINNED,
		DVP_PEER_UNREVOCABLE,
	};
	struct refusal r;
	int i, ret;

	if (kinds[_i] == DVP_PEER_PINNED &&
	    dvt_kernel_facts() & DVP_KERNEL_REVOCABLE)
		dvt_skip("importers of this kernel release pinned buffers");
	refusal_start_or_skip(&r, "DVP_BDF", "DVP_BDF_PEER");
	for (i = 0; i < 3; i++) {
		ret = dvt_peer_attach_kind(&r.import.peer, r.import.fd,
					   kinds[_i]);
		if (ret == -ENOTTY)
			dvt_skip("this kernel has no such importers");
		ck_assert_int_eq(ret, -EOPNOTSUPP);
		assert_lines(&r, r.import.peer.bdf, !i);
	}
	assert_no_trace(&r);
	if (!kernel_can_import(&r))
		return;
	/* What was refused was the kind, not the device. */
	dvt_peer_import(&r.import.peer, r.import.fd);
}
END_TEST

/* It takes the end of its mapping as final, but it unmaps. */
START_TEST(pinned_importer_is_let_in_where_it_releases_what_it_pins)
{
	struct dvt_import import;

	dvt_import_or_skip(&import, DVT_BY_US);
	if (!(dvt_kernel_facts() & DVP_KERNEL_REVOCABLE))
		dvt_skip("importers of this kernel do not release pinned buffers");
	ck_assert_int_eq(dvt_peer_attach_kind(&import.peer, import.fd,
					      DVP_PEER_PINNED), 0);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL), 0);
	dvt_import_assert_leads_to(&import, 0, 0);
	dvt_memory_off(&import.dev);
	dvt_peer_assert_state(&import.peer, 0, 1);
	dvt_memory_on(&import.dev);
	dvt_import_assert_stopped(&import);
	ck_assert_int_eq(dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL), 0);
	ck_assert_int_eq(dvl_revoke(import.dev.fd, import.fd), 0);
	dvt_peer_assert_state(&import.peer, 0, 2);
	ck_assert_int_eq(dvt_peer_detach(&import.peer), 0);
}
END_TEST

START_TEST(each_reason_has_its_own_line)
{
	struct refusal r;

	refusal_start_or_skip(&r, "DVP_BDF", "DVP_BDF_PEER");
	if (!kernel_can_import(&r))
		dvt_skip("on this kernel there is one reason for all");
	ck_assert_int_eq(dvt_peer_attach_kind(&r.import.peer, r.import.fd,
					      DVP_PEER_STATIC), -EOPNOTSUPP);
	assert_lines(&r, "static", 1);
	ck_assert_int_eq(dvt_peer_attach_kind(&r.import.peer, r.import.fd,
					      DVP_PEER_NO_P2P), -EOPNOTSUPP);
	assert_lines(&r, "does not accept memory of other devices", 1);
	ck_assert_int_eq(dvt_peer_attach_kind(&r.import.peer, r.import.fd,
					      DVP_PEER_STATIC), -EOPNOTSUPP);
	assert_lines(&r, r.import.peer.bdf, 0);
}
END_TEST

START_TEST(importer_that_is_no_pci_device_is_refused_with_one_line)
{
	struct dvp_importer_attach arg = { .dynamic = _i };
	struct refusal r;
	int importer, i;

	refusal_start_or_skip(&r, "DVP_BDF", "DVP_BDF_PEER");
	dvt_param_set("p2p", "auto");
	importer = dvt_importer_open();
	ck_assert_int_ge(importer, 0);
	dvt_traces_take(&r.before);
	arg.dmabuf_fd = r.import.fd;
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(ioctl(importer, DVP_IMPORTER_ATTACH, &arg),
				 -1);
		ck_assert_int_eq(errno, EOPNOTSUPP);
		assert_lines(&r, "dvp-importer", !i);
	}
	assert_no_trace(&r);
}
END_TEST

/**
 * struct option - a value of the parameter p2p
 * @word: the value
 * @needs: what a kernel must have for it to let others import, DVP_KERNEL_*
 * @translates: an IOMMU must translate, too
 */
static const struct option {
	const char *word;
	unsigned int needs;
	bool translates;
} options[] = {
	{ "auto", DVP_KERNEL_MOVES | DVP_KERNEL_P2PDMA },
	{ "strict", DVP_KERNEL_MOVES | DVP_KERNEL_P2PDMA, .translates = true },
	{ "force", DVP_KERNEL_MOVES },
	{ "off", ~0U },
};

START_TEST(kernel_that_pins_every_import_lets_nobody_in_under_any_option)
{
	struct refusal r;
	size_t i;

	refusal_start_or_skip(&r, "DVP_BDF", "DVP_BDF_PEER");
	if (kernel_can_import(&r))
		dvt_skip("others can import on this kernel");
	for (i = 0; i < DVT_ARRAY_SIZE(options); i++) {
		dvt_param_set("p2p", options[i].word);
		ck_assert_uint_eq(dvt_caps(&r.import.dev) &
				  DMABUF_VFIO_PCI_CAP_DMA_IMPORT, 0);
		ck_assert_int_eq(dvt_peer_attach(&r.import.peer, r.import.fd),
				 -EOPNOTSUPP);
		assert_lines(&r, r.import.peer.bdf, !i);
	}
	assert_no_trace(&r);
}
END_TEST

START_TEST(info_bit_says_whether_a_device_behind_the_same_switch_can_attach)
{
	const struct option *option = &options[_i];
	unsigned int has = dvt_kernel_facts() & option->needs;
	bool expected = has == option->needs;
	struct refusal r;

	refusal_start_or_skip(&r, "DVP_BDF_SW", "DVP_BDF_SW_PEER");
	dvt_param_set("p2p", option->word);
	ck_assert_int_eq(!!(dvt_caps(&r.import.dev) &
			    DMABUF_VFIO_PCI_CAP_DMA_IMPORT), expected);
	if (option->translates)
		expected &= dvt_machine_translates();
	ck_assert_int_eq(dvt_peer_attach(&r.import.peer, r.import.fd),
			 expected ? 0 : -EOPNOTSUPP);
}
END_TEST

START_TEST(p2p_off_refuses_to_attach_and_to_map_with_one_line)
{
	struct dvt_peer late;
	struct refusal r;
	int i;

	refusal_start_or_skip(&r, "DVP_BDF", "DVP_BDF_PEER");
	if (!kernel_can_import(&r))
		dvt_skip("nobody can import on this kernel");
	ck_assert_int_eq(dvt_peer_attach(&r.import.peer, r.import.fd), 0);
	dvt_peer_open(&late, r.import.peer.bdf);
	assert_lines(&r, late.bdf, 0);

	dvt_param_set("p2p", "off");
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(dvt_peer_attach(&late, r.import.fd),
				 -EOPNOTSUPP);
		assert_lines(&r, late.bdf, !i);
	}
	ck_assert_int_eq(dvt_peer_map(&r.import.peer, DVP_PEER_BIDIRECTIONAL),
			 -EOPNOTSUPP);
	dvt_peer_assert_state(&r.import.peer, 0, 0);

	/* A refusal ends with the parameter's value. */
	dvt_param_set("p2p", "force");
	ck_assert_int_eq(dvt_peer_attach(&late, r.import.fd), 0);
	ck_assert_int_eq(dvt_peer_map(&r.import.peer, DVP_PEER_BIDIRECTIONAL),
			 0);
	dvt_import_assert_leads_to(&r.import, 0, 0);
}
END_TEST

/* By _i: the BAR is smaller than a page, the flag says so, the buffer is larger. */
static int export_for_cpus(const struct dvl_device *dev, int which)
{
	struct vfio_region_dma_range ranges[2] = {
		{ .length = getpagesize() }, { .length = getpagesize() },
	};

	switch (which) {
	case 0:
		ck_assert_uint_lt(dvt_bar_len(dev, 0), getpagesize());
		return dvl_export_flags(dev->fd, 0, ranges, 1, O_RDWR, 0);
	case 1:
		return dvl_export_flags(dev->fd, DVT_IMPORT_BAR, ranges, 1,
					O_RDWR, DMABUF_VFIO_PCI_EXPORT_CPU_ONLY);
	default:
		ranges[0].length = dvt_bar_len(dev, DVT_IMPORT_BAR);
		return dvl_export_flags(dev->fd, DVT_IMPORT_BAR, ranges, 2,
					O_RDWR, 0);
	}
}

START_TEST(buffer_that_is_for_cpus_only_is_refused_with_one_line)
{
	struct refusal r;
	void *map;
	int fd, i;

	refusal_start_or_skip(&r, "DVP_BDF", "DVP_BDF_PEER");
	if (!kernel_can_import(&r))
		dvt_skip("nobody can import on this kernel");
	fd = export_for_cpus(&r.import.dev, _i);
	if (!_i && fd < 0)
		dvt_skip("VFIO lets nobody mmap the small BAR");
	ck_assert_int_ge(fd, 0);
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(dvt_peer_attach(&r.import.peer, fd),
				 -EOPNOTSUPP);
		assert_lines(&r, r.import.peer.bdf, !i);
	}
	map = dvt_map(fd, getpagesize(), PROT_READ);
	ck_assert_int_ge(dvt_read32(map), 0);
}
END_TEST

START_TEST(buffer_that_is_not_usable_gives_enodev)
{
	struct dvt_import import;
	int fd;

	dvt_import_or_skip(&import, _i);
	dvt_memory_off(&import.dev);
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd), -ENODEV);
	fd = dvt_export(&import.dev, DVT_IMPORT_BAR, 0, DVT_MIB, O_RDWR);
	ck_assert_int_eq(dvt_peer_attach(&import.peer, fd), -ENODEV);

	dvt_memory_on(&import.dev);
	dvt_peer_import(&import.peer, fd);
	dvt_import_assert_leads_to(&import, 0, 0);
	ck_assert_int_eq(dvt_peer_detach(&import.peer), 0);
	dvt_peer_import(&import.peer, import.fd);
	ck_assert_int_eq(dvt_peer_detach(&import.peer), 0);

	dvl_device_close(&import.dev);
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd), -ENODEV);
	dvt_import_reopen(&import);
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd), -ENODEV);
}
END_TEST

START_TEST(revoked_buffer_gives_enodev)
{
	struct dvt_import import;

	dvt_import_or_skip(&import, DVT_BY_US);
	ck_assert_int_eq(dvl_revoke(import.dev.fd, import.fd), 0);
	ck_assert_int_eq(dvt_peer_attach(&import.peer, import.fd), -ENODEV);
	/* The same range, exported again, is another buffer. */
	import.fd = dvt_export(&import.dev, DVT_IMPORT_BAR, 0, DVT_IMPORT_LEN,
			       O_RDWR);
	dvt_peer_import(&import.peer, import.fd);
	dvt_import_assert_leads_to(&import, 0, 0);
}
END_TEST

DVT_MAIN_PARAM("import_refuse",
	       { importer_that_cannot_be_stopped_is_refused_with_one_line, 4 },
	       { pinned_importer_is_let_in_where_it_releases_what_it_pins },
	       { each_reason_has_its_own_line },
	       { importer_that_is_no_pci_device_is_refused_with_one_line, 2 },
	       { kernel_that_pins_every_import_lets_nobody_in_under_any_option },
	       { info_bit_says_whether_a_device_behind_the_same_switch_can_attach,
		 DVT_ARRAY_SIZE(options) },
	       { p2p_off_refuses_to_attach_and_to_map_with_one_line },
	       { buffer_that_is_for_cpus_only_is_refused_with_one_line, 3 },
	       { buffer_that_is_not_usable_gives_enodev, DVT_NR_EXPORTERS },
	       { revoked_buffer_gives_enodev })
