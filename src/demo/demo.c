// SPDX-License-Identifier: GPL-2.0-only
/*
 * dvp-demo: the main job in plain sight. A primary process opens a device,
 * lends a quarter of a BAR to a child without privilege, and takes it back.
 *
 * The transcript on standard output tells each step, what both sides see, and
 * what was expected; the first surprise ends it with a non-zero status.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "demo.h"

#define MIB (1024UL * 1024)
#define CHILD_WORD 0xc0de0000
#define PRIMARY_WORD 0x11111111
#define GUARD_WORD 0x9a4d9a4d

static const char usage[] =
	"usage: dvp-demo [--bar N] [--peer BDF] BDF\n"
	"\n"
	"Lends the second quarter of a BAR to a child that has no privilege, resets the\n"
	"device under it, takes the quarter back, and lends it again, this time to another\n"
	"device too, which writes to it by DMA until it is taken back.\n"
	"\n"
	"  BDF         PCI address of a device bound to " DVL_DRIVER ", 0000:01:00.0\n"
	"  --bar N     the BAR, 2 by default; it must be plain memory, as that of QEMU's\n"
	"              ivshmem-plain: the demo overwrites it\n"
	"  --peer BDF  the other device: QEMU's edu, bound to the test module dvp-importer\n"
	"  --help      this text\n"
	"\n"
	"Exit status: 0 if all went as it should, 1 on any surprise, 2 for wrong usage.\n";

static uint32_t bar_word(const struct quarter *quarter, uint64_t off)
{
	return quarter->map[off / 4];
}

static void step_child(struct demo *demo)
{
	struct demo_report report;

	demo_step("A child gives up everything but a socket");
	demo_child_start(demo);
	demo_say("I am pid %d, uid %d; the child is pid %d", getpid(),
		 getuid(), demo->child);
	report = demo_ask(demo, DEMO_INTRODUCE, 0, 0);
	demo_expect(report.result == 1, "the child holds one descriptor");
}

static void step_open(struct quarter *quarter, const char *bdf)
{
	struct vfio_region_info info;
	char driver[64] = "";
	int ret;

	demo_step("The primary opens the VFIO device");
	ret = dvl_sysfs_driver(bdf, driver, sizeof(driver));
	if (!ret && strcmp(driver, DVL_DRIVER))
		fprintf(stderr, "dvp-demo: bind it first:\n"
			"  modprobe %s\n"
			"  echo %s > /sys/bus/pci/devices/%s/driver_override\n"
			"  echo %s > /sys/bus/pci/devices/%s/driver/unbind\n"
			"  echo %s > /sys/bus/pci/drivers_probe\n",
			DVL_DRIVER, DVL_DRIVER, bdf, bdf, bdf, bdf);
	demo_expect(!ret && !strcmp(driver, DVL_DRIVER),
		    "%s is bound to %s%s", bdf, DVL_DRIVER, demo_why(ret));
	ret = dvl_device_open(&quarter->dev, bdf);
	demo_expect(!ret, "opened by its IOMMU group%s", demo_why(ret));
	ret = dvl_region_info(&quarter->dev, quarter->bar, &info);
	demo_expect(!ret && info.size >= 4 * (uint64_t)sysconf(_SC_PAGESIZE),
		    "BAR %u has four pages or more", quarter->bar);
	quarter->bar_len = info.size;
	quarter->len = info.size / 4;
	quarter->off = quarter->len;
	quarter->map = dvl_region_mmap(&quarter->dev, quarter->bar, 0,
				       info.size, PROT_READ | PROT_WRITE);
	demo_expect(quarter->map != MAP_FAILED,
		    "all %lu KiB of it are mapped here",
		    quarter->bar_len / 1024);
}

static int step_export(struct demo *demo, struct quarter *quarter)
{
	int fd;

	demo_step("It exports the second quarter of BAR %u, and passes the descriptor on",
		  quarter->bar);
	/* Guards on both sides of the quarter. */
	quarter->map[quarter->off / 4 - 1] = GUARD_WORD;
	quarter->map[(quarter->off + quarter->len) / 4] = GUARD_WORD;
	fd = dvl_export_one(quarter->dev.fd, quarter->bar, quarter->off,
			    quarter->len, O_RDWR | O_CLOEXEC);
	demo_expect(fd >= 0, "a dma-buf of %lu KiB from offset %lu KiB%s",
		    quarter->len / 1024, quarter->off / 1024, demo_why(fd));
	demo_give(demo, fd);
	return fd;
}

static bool quarter_is_filled(const struct quarter *quarter)
{
	size_t page = sysconf(_SC_PAGESIZE);
	uint64_t off;

	for (off = 0; off < quarter->len; off += 4)
		if (bar_word(quarter, quarter->off + off) !=
		    CHILD_WORD + off % page / 4)
			return false;
	return true;
}

static void step_write(struct demo *demo, const struct quarter *quarter)
{
	struct demo_report report;

	demo_step("The child writes and reads");
	report = demo_ask(demo, DEMO_FILL, 0, CHILD_WORD);
	demo_expect(!report.result, "no write failed");
	report = demo_ask(demo, DEMO_READ, 8, 0);
	demo_expect(report.result == CHILD_WORD + 2, "it reads what it wrote");
	demo_say("at %#lx of the BAR I read %#x", quarter->off + 8,
		 bar_word(quarter, quarter->off + 8));
	demo_expect(quarter_is_filled(quarter),
		    "the primary sees every word that the child wrote");
	quarter->map[quarter->off / 4] = PRIMARY_WORD;
	demo_say("I write %#x at %#lx of the BAR", PRIMARY_WORD, quarter->off);
	report = demo_ask(demo, DEMO_READ, 0, 0);
	demo_expect(report.result == PRIMARY_WORD,
		    "the child sees what the primary wrote");
}

static void step_ends(struct demo *demo, const struct quarter *quarter)
{
	struct demo_report report;

	demo_step("The child's map ends where it should");
	demo_say("beside the quarter I read %#x and %#x",
		 bar_word(quarter, quarter->off - 4),
		 bar_word(quarter, quarter->off + quarter->len));
	demo_expect(bar_word(quarter, quarter->off - 4) == GUARD_WORD &&
		    bar_word(quarter, quarter->off + quarter->len) ==
		    GUARD_WORD, "the words before and behind are untouched");
	report = demo_ask(demo, DEMO_READ, quarter->len - 4, 0);
	demo_expect(report.result >= 0, "the last word is there");
	report = demo_ask(demo, DEMO_READ, quarter->len, 0);
	demo_expect(report.result == DEMO_SIGSEGV,
		    "there is nothing behind it");
	report = demo_ask(demo, DEMO_MAP_MORE, 0, 0);
	demo_expect(report.result == -EINVAL,
		    "more than the quarter cannot be mapped");
}

/* One reset, with the child reading; what it saw meanwhile. */
static struct demo_report reset_while_reading(struct demo *demo,
					      const struct quarter *quarter)
{
	struct demo_report report;
	int ret;

	demo_order(demo, DEMO_HAMMER, 0, PRIMARY_WORD);
	ret = dvl_device_reset(&quarter->dev);
	demo_say("VFIO_DEVICE_RESET%s", ret ? demo_why(ret) : " done");
	/* Any order ends the hammering, and is then obeyed itself. */
	demo_order(demo, DEMO_READ, 0, 0);
	report = demo_report(demo);
	demo_expect(!ret, "the device was reset");
	demo_expect(!report.nr_bad, "the child never read a stale word");
	ret = demo_report(demo).result != PRIMARY_WORD;
	demo_expect(!ret, "the same mapping works again");
	return report;
}

/* A reset can be so short that the child does not run while it lasts. */
static void step_reset(struct demo *demo, const struct quarter *quarter)
{
	uint64_t nr_sigbus = 0;
	int left;

	demo_step("The primary resets the device while the child reads it");
	for (left = 10; left && !nr_sigbus; left--)
		nr_sigbus = reset_while_reading(demo, quarter).nr_sigbus;
	demo_expect(nr_sigbus, "access stopped during the reset");
}

static void step_revoke(struct demo *demo, const struct quarter *quarter,
			int fd)
{
	struct demo_report report;
	int ret;

	demo_step("The primary takes the quarter back");
	ret = dvl_revoke(quarter->dev.fd, fd);
	demo_expect(!ret, "the buffer is revoked%s", demo_why(ret));
	report = demo_ask(demo, DEMO_READ, 0, 0);
	demo_expect(report.result == DEMO_SIGBUS, "reading raises SIGBUS");
	report = demo_ask(demo, DEMO_WRITE, 4, 0xbad);
	demo_expect(report.result == DEMO_SIGBUS, "writing raises SIGBUS");
	demo_expect(bar_word(quarter, quarter->off + 4) == CHILD_WORD + 1,
		    "the write did not arrive");
	report = demo_ask(demo, DEMO_MAP, 0, 0);
	demo_expect(report.result == -ENODEV, "it cannot be mapped again");
	ret = dvl_revoke(quarter->dev.fd, fd);
	demo_expect(ret == -EBADFD, "revoking twice is an error, no more");
	close(fd);
}

static int step_again(struct demo *demo, const struct quarter *quarter)
{
	struct demo_report report;
	int fd;

	demo_step("It exports the same quarter again");
	report = demo_ask(demo, DEMO_READ, 8, 0);
	fd = dvl_export_one(quarter->dev.fd, quarter->bar, quarter->off,
			    quarter->len, O_RDWR | O_CLOEXEC);
	demo_expect(fd >= 0, "a new dma-buf of the same range%s", demo_why(fd));
	demo_expect(report.result == DEMO_SIGBUS,
		    "the old mapping had nothing left");
	demo_give(demo, fd);
	report = demo_ask(demo, DEMO_READ, 8, 0);
	demo_expect(report.result == CHILD_WORD + 2,
		    "what the child wrote is still there");
	report = demo_ask(demo, DEMO_WRITE, 12, 0x22222222);
	demo_expect(bar_word(quarter, quarter->off + 12) == 0x22222222,
		    "and the primary sees it write");
	return fd;
}

static int demo_run(const char *bdf, unsigned int bar, const char *peer)
{
	struct quarter quarter = { .bar = bar };
	struct demo demo;
	int fd;

	step_child(&demo);
	step_open(&quarter, bdf);
	fd = step_export(&demo, &quarter);
	step_write(&demo, &quarter);
	step_ends(&demo, &quarter);
	step_reset(&demo, &quarter);
	step_revoke(&demo, &quarter, fd);
	fd = step_again(&demo, &quarter);
	demo_peer(&demo, &quarter, fd, peer);
	close(fd);

	demo_step("The end");
	munmap((void *)quarter.map, quarter.bar_len);
	dvl_device_close(&quarter.dev);
	demo_child_stop(&demo);
	printf("\nEverything went as it should.\n");
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "bar", required_argument, NULL, 'b' },
		{ "peer", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	const char *peer = NULL;
	unsigned long bar = 2;
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (c) {
		case 'b':
			bar = strtoul(optarg, &end, 10);
			if (*end || end == optarg || bar > 5)
				goto err_usage;
			break;
		case 'p':
			peer = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			goto err_usage;
		}
	}
	if (optind + 1 != argc)
		goto err_usage;
	return demo_run(argv[optind], bar, peer);

err_usage:
	fputs(usage, stderr);
	return 2;
}
