// SPDX-License-Identifier: GPL-2.0-only
/*
 * A config write that is stuck in its own page fault: its user buffer is a page that
 * userfaultfd does not fill. It delays nobody else.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dvt_hammer.h"

#define PAGE 0x1000

/**
 * struct stuck - a buffer, and a process whose config write is stuck
 * @dev: the device
 * @fd: the buffer
 * @map: its mapping, filled with the pattern
 * @writer: the process
 * @uffd: fills the page that it waits for
 * @page: address of that page
 * @command: what COMMAND holds, and what the write is going to write
 */
struct stuck {
	struct dvl_device dev;
	int fd;
	void *map;
	struct dvt_child writer;
	int uffd;
	uint64_t page;
	uint16_t command;
};

static int watch_page(void *page)
{
	struct uffdio_register range = {
		.range = { .start = (uintptr_t)page, .len = PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_api api = { .api = UFFD_API };
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) ||
	    ioctl(uffd, UFFDIO_REGISTER, &range))
		return -1;
	return uffd;
}

/* Ends with the error number of the write. */
static int write_command(int sock, void *arg)
{
	struct stuck *stuck = arg;
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int uffd;

	stuck->dev.fd = dvl_recv_fd(sock);
	uffd = watch_page(page);
	if (uffd < 0 || dvl_send_fd(sock, uffd))
		return 126;
	return -dvl_config_write(&stuck->dev, PCI_COMMAND, page, 2);
}

/* Returns when the kernel waits for the page. */
static void stuck_start(struct stuck *stuck)
{
	struct dvl_device *dev = &stuck->dev;
	struct uffd_msg msg;

	dvt_pattern_fill(dev, 2, 0, DVT_MIB);
	stuck->fd = dvt_export(dev, 2, 0, DVT_MIB, O_RDWR);
	stuck->map = dvt_map(stuck->fd, DVT_MIB, PROT_READ | PROT_WRITE);
	ck_assert_int_eq(dvl_config_read(dev, PCI_COMMAND, &stuck->command, 2),
			 0);
	dvt_child_fork(&stuck->writer, 0, write_command, stuck);
	ck_assert_int_eq(dvl_send_fd(stuck->writer.sock, dev->fd), 0);
	stuck->uffd = dvl_recv_fd(stuck->writer.sock);
	ck_assert_int_ge(stuck->uffd, 0);
	ck_assert_int_eq(read(stuck->uffd, &msg, sizeof(msg)), sizeof(msg));
	ck_assert_int_eq(msg.event, UFFD_EVENT_PAGEFAULT);
	stuck->page = msg.arg.pagefault.address & ~(uint64_t)(PAGE - 1);
}

/* The write goes on, with COMMAND as it was but for the bits in @clear. */
static void stuck_end(struct stuck *stuck, uint16_t clear)
{
	static uint8_t bytes[PAGE];
	struct uffdio_copy copy = {
		.dst = stuck->page, .src = (uintptr_t)bytes, .len = PAGE,
	};

	stuck->command &= ~clear;
	memcpy(bytes, &stuck->command, 2);
	ck_assert_int_eq(ioctl(stuck->uffd, UFFDIO_COPY, &copy), 0);
	dvt_child_stop(&stuck->writer);
}

#define stuck_or_skip(stuck)						\
	do {								\
		dvt_open_or_skip(&(stuck)->dev, "DVP_BDF");		\
		stuck_start(stuck);					\
	} while (0)

static void assert_touched_anew(const struct stuck *stuck)
{
	void *map = dvt_map(stuck->fd, DVT_MIB, PROT_READ);

	ck_assert_int_eq(dvt_read32(map), DVT_PATTERN);
	ck_assert_int_eq(munmap(map, DVT_MIB), 0);
}

START_TEST(stuck_write_delays_no_fault)
{
	struct stuck stuck;

	stuck_or_skip(&stuck);
	assert_touched_anew(&stuck);
	stuck_end(&stuck, 0);
	assert_touched_anew(&stuck);
	ck_assert_int_eq(dvt_read32(stuck.map), DVT_PATTERN);
}
END_TEST

START_TEST(stuck_write_that_goes_on_ends_memory)
{
	struct stuck stuck;

	stuck_or_skip(&stuck);
	assert_touched_anew(&stuck);
	stuck_end(&stuck, PCI_COMMAND_MEMORY);
	ck_assert_int_eq(dvt_read32(stuck.map), DVT_SIGBUS);
	dvt_memory_on(&stuck.dev);
	ck_assert_int_eq(dvt_read32(stuck.map), DVT_PATTERN);
}
END_TEST

START_TEST(stuck_write_can_be_killed)
{
	struct stuck stuck;

	stuck_or_skip(&stuck);
	dvt_child_kill(&stuck.writer);
	assert_touched_anew(&stuck);
	ck_assert_int_eq(dvt_read32(stuck.map), DVT_PATTERN);
}
END_TEST

/* In a row: another write, a reset, REVOKE and an export. */
START_TEST(stuck_write_delays_no_other_call)
{
	struct stuck stuck;
	int fd;

	stuck_or_skip(&stuck);
	dvt_memory_off(&stuck.dev);
	ck_assert_int_eq(dvt_read32(stuck.map), DVT_SIGBUS);
	dvt_memory_on(&stuck.dev);
	assert_touched_anew(&stuck);
	ck_assert_int_eq(dvl_revoke(stuck.dev.fd, stuck.fd), 0);
	ck_assert_int_eq(dvt_read32(stuck.map), DVT_SIGBUS);
	fd = dvt_export(&stuck.dev, 2, DVT_MIB, DVT_MIB, O_RDWR);
	ck_assert_int_eq(munmap(dvt_map(fd, DVT_MIB, PROT_READ), DVT_MIB), 0);
	stuck_end(&stuck, 0);
}
END_TEST

DVT_MAIN("stuck",
	 { stuck_write_delays_no_fault },
	 { stuck_write_that_goes_on_ends_memory },
	 { stuck_write_can_be_killed },
	 { stuck_write_delays_no_other_call })
