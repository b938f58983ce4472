// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config writes that change neither decoding nor the power state leave every entry and
 * every importer alone: a guest that masks INTx writes COMMAND twice for each interrupt.
 * A write whose source page is missing delays no other call, and importers stop before
 * memory goes, from whatever page the bytes come and however they change.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dvt_config.h"
#include "dvt_hammer.h"
#include "dvt_import.h"
#include "dvt_importer.h"
#include "dvt_param.h"
#include "dvt_place.h"
#include "dvt_show.h"
#include "dvt_v2.h"

#define BAR 2
#define LEN DVT_MIB
#define PAGE 0x1000UL
#define RW (PROT_READ | PROT_WRITE)
#define PAUSE_US 10000
#define INTX_OFF (PCI_COMMAND_INTX_DISABLE >> 8)

/**
 * struct noop - a write that changes neither decoding nor the power state
 * @role: the device
 * @bar: its BAR that is lent
 * @power: around the power register, else around COMMAND
 * @span: the write, from the register on
 * @intx: it toggles INTx disable
 */
static const struct noop {
	const char *role;
	unsigned int bar;
	bool power;
	struct dvt_span span;
	bool intx;
} noops[] = {
	{ "DVP_BDF", BAR, .span = { 0, 2 }, .intx = true },
	{ "DVP_BDF", BAR, .span = { 0, 4 }, .intx = true },
	{ "DVP_BDF", BAR, .span = { -4, 8 }, .intx = true },
	{ "DVP_BDF", BAR, .span = { 0, 1 } },
	{ "DVP_BDF", BAR, .span = { 0, 2 } },
	{ "DVP_BDF_FLR", 4, .span = { 0, 2 }, .intx = true },
	{ "DVP_BDF_FLR", 4, .power = true, .span = { 0, 1 } },
	{ "DVP_BDF_FLR", 4, .power = true, .span = { 0, 2 } },
	{ "DVP_BDF_FLR", 4, .power = true, .span = { 0, 4 } },
};

static void write_noop(const struct noop *noop, const struct dvl_device *dev,
		       bool odd)
{
	unsigned int reg = noop->power ? dvt_pm_ctrl(dev) : PCI_COMMAND;
	struct dvt_span span = noop->span;
	uint8_t mask = 0;

	if (noop->intx) {
		/* INTx disable is in the second byte of COMMAND. */
		reg++;
		span.off--;
		mask = INTX_OFF;
	}
	ck_assert_int_eq(dvt_span_write(dev, reg, &span, mask,
					odd ? mask : 0), 0);
}

static size_t lent_len(const struct dvl_device *dev, unsigned int bar)
{
	uint64_t len = dvt_bar_len(dev, bar);

	return len < LEN ? len : LEN;
}

/* Entries of a mapping of the device and of one of a buffer. */
START_TEST(write_that_changes_nothing_leaves_entries_in_place)
{
	const struct noop *noop = &noops[_i];
	struct dvl_device dev;
	unsigned int levels[2];
	int importer, i;
	char *maps[2];
	size_t len;

	dvt_importer_or_skip(importer);
	dvt_open_or_skip(&dev, noop->role);
	len = lent_len(&dev, noop->bar);
	maps[0] = dvt_map(dvt_export(&dev, noop->bar, 0, len, O_RDWR), len, RW);
	maps[1] = dvl_region_mmap(&dev, noop->bar, 0, len, RW);
	ck_assert_ptr_ne(maps[1], MAP_FAILED);
	for (i = 0; i < 2; i++) {
		ck_assert_int_ge(dvt_read32(maps[i]), 0);
		levels[i] = dvt_pte_level(importer, maps[i]);
		ck_assert_uint_ne(levels[i], DVP_PTE_NONE);
	}
	for (i = 0; i < 8; i++) {
		write_noop(noop, &dev, i % 2);
		dvt_assert_level(importer, maps[0], levels[0]);
		dvt_assert_level(importer, maps[1], levels[1]);
	}
	/* Control: a write that changes decoding does zap them. */
	dvt_memory_off(&dev);
	dvt_assert_level(importer, maps[0], DVP_PTE_NONE);
	dvt_assert_level(importer, maps[1], DVP_PTE_NONE);
}
END_TEST

START_TEST(write_that_changes_nothing_makes_no_reader_fault)
{
	enum { NR_WRITES = 300 };
	const struct noop *noop = &noops[_i];
	struct dvt_counters before;
	struct dvt_hammer hammer;
	struct dvl_device dev;
	size_t len, off;
	char *map;
	int i;

	dvt_open_or_skip(&dev, noop->role);
	len = lent_len(&dev, noop->bar);
	if (noop->bar == BAR)
		dvt_pattern_fill(&dev, noop->bar, 0, len);
	else
		dvt_poke32(&dev, noop->bar, 0, DVT_PATTERN);
	if (noop->bar != BAR)
		len = PAGE;
	map = dvt_map(dvt_export(&dev, noop->bar, 0, len, O_RDWR), len,
		      PROT_READ);
	for (off = 0; off < len; off += PAGE)
		ck_assert_int_ge(dvt_read32(map + off), 0);
	dvt_counters_take(&before, dvt_bdf(noop->role));
	dvt_hammer_start(&hammer, map, len);
	for (i = 0; i < NR_WRITES; i++)
		write_noop(noop, &dev, i % 2);
	dvt_hammer_wait_good(&hammer, 100);
	dvt_hammer_stop(&hammer);
	ck_assert_uint_eq(hammer.nr_sigbus, 0);
	ck_assert_uint_eq(hammer.nr_bad, 0);
	dvt_assert_delta(&before, DVT_FAULTS, 0);
	dvt_assert_delta(&before, DVT_BLOCKS, 0);
}
END_TEST

START_TEST(write_that_changes_nothing_leaves_importers_mapped)
{
	const struct noop *noop = &noops[_i];
	struct dvt_import import;
	void *map;
	int i;

	if (strcmp(noop->role, "DVP_BDF"))
		dvt_skip("importers are tried with DVP_BDF");
	dvt_import_busy_or_skip(&import, map, DVP_PEER_UNMAPS, 0);
	for (i = 0; i < 8; i++)
		write_noop(noop, &import.dev, i % 2);
	dvt_peer_assert_state(&import.peer, 1, 0);
	dvt_import_assert_leads_to(&import, 0, 0);
	dvt_assert_usable(map);
}
END_TEST

/*
 * Source pages that are missing
 */

/**
 * struct writer - a process that writes COMMAND from a page that userfaultfd serves
 * @child: the process; it sends the result of the write
 * @uffd: its userfaultfd
 * @page: address of the page in the process
 * @skew: how many bytes of the write lie before the page
 */
struct writer {
	struct dvt_child child;
	int uffd;
	uint64_t page;
	unsigned int skew;
};

static int userfaultfd_of(char *page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)page, .len = PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (uffd < 0)
		return -EOPNOTSUPP;
	if (ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg))
		return -errno;
	return uffd;
}

static int write_from_missing_page(int sock, void *arg)
{
	unsigned int skew = *(unsigned int *)arg;
	struct dvl_device dev = DVL_DEVICE_CLOSED;
	char *pages, *page;
	int64_t answer;
	int uffd;

	dev.fd = dvl_recv_fd(sock);
	pages = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (dev.fd < 0 || pages == MAP_FAILED)
		return 1;
	page = pages + PAGE;
	if (dvl_config_read(&dev, PCI_COMMAND - skew, page - skew, skew))
		return 1;
	uffd = userfaultfd_of(page);
	answer = uffd < 0 ? uffd : (intptr_t)page;
	if (send(sock, &answer, sizeof(answer), MSG_NOSIGNAL) != sizeof(answer))
		return 1;
	if (uffd < 0)
		return 0;
	if (dvl_send_fd(sock, uffd))
		return 1;
	answer = dvl_config_write(&dev, PCI_COMMAND - skew, page - skew, skew + 2);
	return send(sock, &answer, sizeof(answer), MSG_NOSIGNAL) != sizeof(answer);
}

static int64_t hear(const struct writer *writer)
{
	int64_t answer = 0;

	ck_assert_int_eq(recv(writer->child.sock, &answer, sizeof(answer), 0),
			 sizeof(answer));
	return answer;
}

/* NULL once the writer waits for its page, or why it cannot be made to. */
static const char *writer_start(struct writer *writer,
				const struct dvl_device *dev, unsigned int skew)
{
	struct uffd_msg msg;
	int64_t answer;

	writer->skew = skew;
	dvt_child_fork(&writer->child, 0, write_from_missing_page, &skew);
	ck_assert_int_eq(dvl_send_fd(writer->child.sock, dev->fd), 0);
	answer = hear(writer);
	if (answer == -EOPNOTSUPP) {
		dvt_child_stop(&writer->child);
		return "no userfaultfd here";
	}
	ck_assert_int_gt(answer, 0);
	writer->page = answer;
	writer->uffd = dvl_recv_fd(writer->child.sock);
	ck_assert_int_ge(writer->uffd, 0);
	ck_assert_int_eq(read(writer->uffd, &msg, sizeof(msg)), sizeof(msg));
	ck_assert_uint_eq(msg.event, UFFD_EVENT_PAGEFAULT);
	return NULL;
}

/* Provides the page, which starts with these two bytes. */
static void writer_serve(const struct writer *writer, uint16_t command)
{
	char bytes[PAGE] __attribute__((aligned(PAGE))) = {};
	struct uffdio_copy copy = {
		.dst = writer->page, .src = (uintptr_t)bytes, .len = PAGE,
	};

	memcpy(bytes, &command, sizeof(command));
	ck_assert_int_eq(ioctl(writer->uffd, UFFDIO_COPY, &copy), 0);
}

static uint16_t command_of(const struct dvl_device *dev)
{
	uint16_t command;

	ck_assert_int_eq(dvl_config_read(dev, PCI_COMMAND, &command, 2), 0);
	return command;
}

static const unsigned int skews[] = { 0, 4 };

#define writer_or_skip(writer, dev)					\
	do {								\
		const char *why_ = writer_start(writer, dev, skews[_i]);	\
									\
		if (why_)						\
			dvt_skip("%s", why_);				\
	} while (0)

START_TEST(borrowers_go_on_while_a_writer_waits_for_its_page)
{
	struct dvt_child borrower;
	struct writer writer;
	struct dvl_device dev;
	int64_t there;
	int i, fd;
	char *map;

	dvt_open_or_skip(&dev, "DVP_BDF");
	fd = dvt_export(&dev, BAR, 0, LEN, O_RDWR);
	dvt_child_start(&borrower, DVT_NOBODY);
	dvt_child_give(&borrower, fd);
	map = dvt_map(fd, LEN, RW);
	dvt_assert_usable(map);
	writer_or_skip(&writer, &dev);

	dvt_assert_usable(map);
	for (i = 0; i < 4; i++) {
		/* Faults in new mappings, in both processes. */
		dvt_assert_usable((char *)dvt_map(fd, LEN, RW) + i * PAGE);
		there = dvt_child_map(&borrower, LEN, 0, RW);
		ck_assert_int_gt(there, 0);
		ck_assert_int_ge(dvt_child_read32(&borrower, there), 0);
	}
	dvt_child_kill(&writer.child);
	dvt_assert_usable(map);
	dvt_child_stop(&borrower);
}
END_TEST

START_TEST(other_writes_resets_and_revokes_end_while_a_writer_waits)
{
	struct writer writer;
	struct dvl_device dev;
	int fd, other;
	char *map;

	dvt_open_or_skip(&dev, "DVP_BDF_FLR");
	fd = dvt_export(&dev, 4, 0, PAGE, O_RDWR);
	other = dvt_export(&dev, 4, 0, PAGE, O_RDWR);
	map = dvt_map(fd, PAGE, RW);
	dvt_assert_usable(map);
	writer_or_skip(&writer, &dev);

	write_noop(&noops[5], &dev, true);
	write_noop(&noops[5], &dev, false);
	dvt_memory_off(&dev);
	dvt_assert_sigbus(map);
	dvt_memory_on(&dev);
	dvt_assert_usable(map);
	ck_assert_int_eq(dvl_device_reset(&dev), 0);
	dvt_assert_usable(map);
	ck_assert_int_eq(dvl_revoke(dev.fd, other), 0);
	dvt_child_kill(&writer.child);
	dvt_assert_usable(map);
}
END_TEST

START_TEST(writer_that_waits_for_its_page_can_be_killed)
{
	struct writer writer;
	struct dvl_device dev;
	uint16_t command;

	dvt_open_or_skip(&dev, "DVP_BDF");
	command = command_of(&dev);
	writer_or_skip(&writer, &dev);
	dvt_child_kill(&writer.child);
	ck_assert_uint_eq(command_of(&dev), command);
	dvt_memory_off(&dev);
	dvt_memory_on(&dev);
}
END_TEST

START_TEST(write_takes_effect_when_its_page_comes)
{
	struct dvt_import import;
	struct writer writer;
	uint16_t command;
	void *map;

	dvt_import_or_skip(&import, DVT_BY_US);
	ck_assert_int_eq(dvt_peer_watch(&import.peer, import.dev.bdf), 0);
	dvt_peer_import(&import.peer, import.fd);
	map = dvt_map(import.fd, LEN, RW);
	dvt_assert_usable(map);
	command = command_of(&import.dev);
	writer_or_skip(&writer, &import.dev);
	writer_serve(&writer, command & ~PCI_COMMAND_MEMORY);
	ck_assert_int_eq(hear(&writer), 0);
	dvt_child_stop(&writer.child);
	ck_assert(!dvt_memory_is_on(&import.dev));
	dvt_assert_sigbus(map);
	ck_assert_uint_eq(dvt_peer_state(&import.peer).mapped, 0);
	ck_assert_uint_eq(dvt_peer_state(&import.peer).late, 0);
}
END_TEST

/*
 * Every kind of source page
 */

enum source {
	FROM_TOUCHED_PAGE,
	FROM_ZEROED_PAGE,
	FROM_FILE,
	FROM_PRIVATE_FILE,
	FROM_PAGE_GIVEN_UP,
	NR_SOURCES
};

static int memory_file(uint16_t command)
{
	int fd = memfd_create("dvt", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, PAGE), 0);
	ck_assert_int_eq(pwrite(fd, &command, 2, 0), 2);
	return fd;
}

/* Two bytes on a page that the write may have to fault in. */
static const void *source_of(enum source source, uint16_t command)
{
	bool anonymous = source == FROM_TOUCHED_PAGE ||
			 source == FROM_ZEROED_PAGE;
	int fd = anonymous ? -1 : memory_file(command);
	void *page;

	page = mmap(NULL, PAGE, RW,
		    (source == FROM_FILE ? MAP_SHARED : MAP_PRIVATE) |
		    (anonymous ? MAP_ANONYMOUS : 0), fd, 0);
	ck_assert_ptr_ne(page, MAP_FAILED);
	if (source == FROM_TOUCHED_PAGE)
		memcpy(page, &command, sizeof(command));
	if (source == FROM_ZEROED_PAGE || source == FROM_PAGE_GIVEN_UP) {
		*(volatile char *)page;
		ck_assert_int_eq(madvise(page, PAGE, MADV_DONTNEED), 0);
	}
	return page;
}

START_TEST(importers_stop_before_memory_goes_wherever_the_bytes_are)
{
	struct dvt_import import;
	const void *page;
	void *map;

	dvt_import_or_skip(&import, DVT_BY_US);
	ck_assert_int_eq(dvt_peer_watch(&import.peer, import.dev.bdf), 0);
	dvt_peer_import(&import.peer, import.fd);
	map = dvt_map(import.fd, LEN, RW);
	dvt_assert_usable(map);
	page = source_of(_i, command_of(&import.dev) & ~PCI_COMMAND_MEMORY);
	ck_assert_int_eq(dvl_config_write(&import.dev, PCI_COMMAND, page, 2), 0);
	ck_assert(!dvt_memory_is_on(&import.dev));
	dvt_assert_sigbus(map);
	dvt_peer_assert_state(&import.peer, 0, 1);
	ck_assert_uint_eq(dvt_peer_state(&import.peer).late, 0);
}
END_TEST

/**
 * struct flipper - a thread that changes the source of a write meanwhile
 * @bytes: the source
 * @bit: the bit that it flips
 * @stop: tells it to end
 */
struct flipper {
	_Atomic uint16_t bytes;
	uint16_t bit;
	atomic_bool stop;
};

static void *flip(void *arg)
{
	struct flipper *flipper = arg;

	while (!flipper->stop)
		flipper->bytes ^= flipper->bit;
	return NULL;
}

/* After a write, the buffer and the importer agree with COMMAND. */
static void assert_consistent(const struct dvt_import *import, const void *map)
{
	bool on = dvt_memory_is_on(&import->dev);
	struct dmabuf_vfio_pci_state state;

	if (!dvt_state(&import->dev, import->fd, &state))
		ck_assert_uint_eq(state.state, on ?
				  DMABUF_VFIO_PCI_STATE_USABLE :
				  DMABUF_VFIO_PCI_STATE_BLOCKED);
	if (on) {
		ck_assert_int_ge(dvt_read32(map), 0);
		return;
	}
	ck_assert_int_eq(dvt_read32(map), DVT_SIGBUS);
	ck_assert_uint_eq(dvt_peer_state(&import->peer).mapped, 0);
}

START_TEST(importers_stop_before_memory_goes_whatever_the_bytes_become)
{
	enum { NR_WRITES = 300 };
	struct flipper flipper = { .bit = PCI_COMMAND_MEMORY };
	struct dvt_import import;
	pthread_t thread;
	void *map;
	int i, ret;

	dvt_import_or_skip(&import, DVT_BY_US);
	ck_assert_int_eq(dvt_peer_watch(&import.peer, import.dev.bdf), 0);
	dvt_peer_import(&import.peer, import.fd);
	map = dvt_map(import.fd, LEN, RW);
	dvt_assert_usable(map);
	flipper.bytes = command_of(&import.dev);
	ck_assert_int_eq(pthread_create(&thread, NULL, flip, &flipper), 0);
	for (i = 0; i < NR_WRITES; i++) {
		ck_assert_int_eq(dvl_config_write(&import.dev, PCI_COMMAND,
						  (void *)&flipper.bytes, 2), 0);
		assert_consistent(&import, map);
		dvt_memory_on(&import.dev);
		ret = dvt_peer_map(&import.peer, DVP_PEER_BIDIRECTIONAL);
		ck_assert(!ret || ret == -EBUSY);
	}
	flipper.stop = true;
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_eq(dvt_peer_state(&import.peer).late, 0);
}
END_TEST

DVT_MAIN_PARAM("config_noop",
	       { write_that_changes_nothing_leaves_entries_in_place,
		 DVT_ARRAY_SIZE(noops) },
	       { write_that_changes_nothing_makes_no_reader_fault,
		 DVT_ARRAY_SIZE(noops) },
	       { write_that_changes_nothing_leaves_importers_mapped,
		 DVT_ARRAY_SIZE(noops) },
	       { borrowers_go_on_while_a_writer_waits_for_its_page,
		 DVT_ARRAY_SIZE(skews) },
	       { other_writes_resets_and_revokes_end_while_a_writer_waits,
		 DVT_ARRAY_SIZE(skews) },
	       { writer_that_waits_for_its_page_can_be_killed,
		 DVT_ARRAY_SIZE(skews) },
	       { write_takes_effect_when_its_page_comes,
		 DVT_ARRAY_SIZE(skews) },
	       { importers_stop_before_memory_goes_wherever_the_bytes_are,
		 NR_SOURCES },
	       { importers_stop_before_memory_goes_whatever_the_bytes_become })
