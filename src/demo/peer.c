// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last steps: another device imports the quarter and writes to it by DMA,
 * and cannot any more once the quarter is taken back. It is driven through the
 * test module dvp-importer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../tests/importer/dvp_peer.h"
#include "demo.h"

#define DMA_OFF 0x10000
#define DMA_WORDS (DVP_PEER_DMA_MAX / 4)
#define FIRST_WORD 0xd3a00000
#define SECOND_WORD 0xbad00000

#define LOG_TRIES 1000
#define LOG_PAUSE_US 10000

/**
 * struct peer - the other device
 * @node: the test module's node for it
 * @bdf: its address
 * @addr: where it sees the quarter
 */
struct peer {
	int node;
	const char *bdf;
	uint64_t addr;
};

static const char *reason_against(const struct quarter *quarter,
				  const char *bdf)
{
	struct dmabuf_vfio_pci_info info;

	if (dvl_info(quarter->dev.fd, &info))
		return "the driver does not say whether other devices can import";
	if (!(info.caps & DMABUF_VFIO_PCI_CAP_DMA_IMPORT))
		return "no device can import: the kernel pins it all, or has no P2PDMA, or p2p=off";
	if (!bdf)
		return "no other device was named (--peer)";
	return NULL;
}

static int peer_call(const struct peer *peer, unsigned long request,
		     unsigned long arg)
{
	return ioctl(peer->node, request, arg) ? -errno : 0;
}

static struct dvp_peer_state_arg peer_state(const struct peer *peer)
{
	struct dvp_peer_state_arg state = { 0 };
	int ret = peer_call(peer, DVP_PEER_STATE, (uintptr_t)&state);

	if (ret)
		demo_expect(false, "the device says where it stands%s",
			    demo_why(ret));
	return state;
}

/* Words that count from @first on go to the quarter by DMA. */
static int peer_write(const struct peer *peer, uint32_t first, uint32_t flags)
{
	uint32_t words[DMA_WORDS], i;
	struct dvp_peer_dma_arg arg = {
		.offset = DMA_OFF,
		.data = (uintptr_t)words,
		.len = sizeof(words),
		.to_buffer = 1,
		.flags = flags,
	};

	for (i = 0; i < DMA_WORDS; i++)
		words[i] = first + i;
	return peer_call(peer, DVP_PEER_DMA, (uintptr_t)&arg);
}

static bool bar_holds_words(const struct quarter *quarter, uint32_t first)
{
	uint32_t i;

	for (i = 0; i < DMA_WORDS; i++)
		if (quarter->map[(quarter->off + DMA_OFF) / 4 + i] != first + i)
			return false;
	return true;
}

static void peer_open(struct peer *peer, const char *bdf)
{
	char path[80];

	peer->bdf = bdf;
	snprintf(path, sizeof(path), DVP_PEER_DEVICE "%s", bdf);
	peer->node = open(path, O_RDWR | O_CLOEXEC);
	demo_expect(peer->node >= 0, "%s is bound to " DVP_PEER_DRIVER "%s",
		    bdf, demo_why(peer->node < 0 ? -errno : 0));
}

static void step_import(struct peer *peer, int fd)
{
	struct dvp_peer_attach_arg attach = { .dmabuf_fd = fd };
	struct dvp_peer_entry entry = { 0 };
	struct dvp_peer_entries_arg entries = {
		.nr = 1, .entries = (uintptr_t)&entry,
	};
	int ret;

	ret = peer_call(peer, DVP_PEER_ATTACH, (uintptr_t)&attach);
	demo_expect(!ret, "the device attached to the buffer%s",
		    demo_why(ret));
	ret = peer_call(peer, DVP_PEER_MAP, DVP_PEER_FROM_DEVICE);
	if (!ret)
		ret = peer_call(peer, DVP_PEER_ENTRIES, (uintptr_t)&entries);
	demo_expect(!ret, "it has the buffer mapped%s", demo_why(ret));
	peer->addr = entry.addr;
	demo_say("the device sees the quarter at bus address %#lx",
		 peer->addr);
}

static void step_copy(struct demo *demo, const struct quarter *quarter,
		      const struct peer *peer)
{
	struct demo_report report;
	int ret;

	ret = peer_write(peer, FIRST_WORD, 0);
	demo_expect(!ret, "its DMA engine wrote %u bytes%s", DVP_PEER_DMA_MAX,
		    demo_why(ret));
	report = demo_ask(demo, DEMO_READ, DMA_OFF + 8, 0);
	demo_expect(report.result == FIRST_WORD + 2,
		    "the child sees what the device wrote");
	demo_expect(bar_holds_words(quarter, FIRST_WORD),
		    "the primary sees every word of it");
}

/* Where the BAR itself is, as the processor sees it. */
static uint64_t bar_addr(const struct quarter *quarter)
{
	unsigned long start = 0;
	char text[1024], *line;
	unsigned int i;

	if (dvl_sysfs_read(quarter->dev.bdf, "resource", text, sizeof(text)))
		return 0;
	for (i = 0, line = text; line && i < quarter->bar; i++) {
		line = strchr(line, '\n');
		line += !!line;
	}
	if (line)
		sscanf(line, "%lx", &start);
	return start;
}

/* How an SMMU names a device: bus, device and function as one number. */
static unsigned int stream_of(const char *bdf)
{
	unsigned int domain, bus, dev, fn;

	if (sscanf(bdf, "%x:%x:%x.%x", &domain, &bus, &dev, &fn) != 4)
		return 0;
	return bus << 8 | dev << 3 | fn;
}

/* Tells the test bench that the faults that follow are on purpose. */
static bool log_announce(const char *what)
{
	int log = open("/dev/kmsg", O_WRONLY | O_CLOEXEC), len;
	char line[96];
	bool done;

	/* In one write; and a stream would want to seek first. */
	len = snprintf(line, sizeof(line), "dvt: expect %s\n", what);
	done = log >= 0 && write(log, line, len) == len;
	if (log >= 0)
		close(log);
	return done;
}

/* The line in which the kernel says that it stopped the device. */
static bool log_has_fault(int log, const char *bdf, char *line, size_t size)
{
	const char *name = strchr(bdf, ':') + 1;
	int tries = LOG_TRIES;
	ssize_t len;

	while (tries) {
		len = read(log, line, size - 1);
		if (len < 0) {
			usleep(LOG_PAUSE_US);
			tries--;
			continue;
		}
		line[len] = '\0';
		line[strcspn(line, "\n")] = '\0';
		if (strstr(line, name) && (strstr(line, "fault addr") ||
					   strstr(line, "arm-smmu-v3")))
			return true;
	}
	return false;
}

/* The addresses that it had before, whether or not it may still use them. */
static void step_stale(const struct quarter *quarter, const struct peer *peer)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char line[1024], faults[64];
	bool stopped, said;
	int ret;

	snprintf(faults, sizeof(faults), "DMA faults of %s, stream 0x%08x",
		 peer->bdf, stream_of(peer->bdf));
	said = !lseek(log, 0, SEEK_END) && log_announce(faults);
	ret = peer_write(peer, SECOND_WORD, DVP_PEER_STALE);
	stopped = !ret && log_has_fault(log, peer->bdf, line, sizeof(line));
	said &= log_announce("no DMA faults");
	close(log);
	demo_expect(!ret, "its engine tried the old bus address again%s",
		    demo_why(ret));
	demo_expect(said && stopped, "the IOMMU stopped it");
	demo_say("the kernel's log: %s", strchr(line, ';') + 1);
	demo_expect(bar_holds_words(quarter, FIRST_WORD),
		    "the BAR is unchanged");
}

static void step_take_back(struct demo *demo, const struct quarter *quarter,
			   const struct peer *peer, int fd)
{
	struct dvp_peer_state_arg state;
	struct demo_report report;
	int ret;

	demo_step("The primary takes the quarter back from both");
	ret = dvl_revoke(quarter->dev.fd, fd);
	demo_expect(!ret, "the buffer is revoked%s", demo_why(ret));
	report = demo_ask(demo, DEMO_READ, DMA_OFF, 0);
	demo_expect(report.result == DEMO_SIGBUS, "the child gets SIGBUS");
	state = peer_state(peer);
	demo_expect(state.notified == 1 && !state.mapped,
		    "the device was told, and has let go");
	ret = peer_call(peer, DVP_PEER_MAP, DVP_PEER_FROM_DEVICE);
	demo_expect(ret == -ENODEV, "it cannot map the buffer again");
	if (peer->addr == bar_addr(quarter) + quarter->off)
		demo_say("DMA is not translated here: nothing but the importer stops its engine");
	else
		step_stale(quarter, peer);
}

/**
 * demo_peer() - let another device write to the quarter, and stop it
 * @demo: the child, which has the quarter mapped
 * @quarter: the quarter
 * @fd: the dma-buf; revoked at the end, unless the steps are left out
 * @bdf: address of the other device, or NULL
 */
void demo_peer(struct demo *demo, const struct quarter *quarter, int fd,
	       const char *bdf)
{
	const char *reason = reason_against(quarter, bdf);
	struct peer peer;

	demo_step("Another device writes to the quarter by DMA");
	if (reason) {
		demo_say("left out: %s", reason);
		return;
	}
	peer_open(&peer, bdf);
	step_import(&peer, fd);
	step_copy(demo, quarter, &peer);
	step_take_back(demo, quarter, &peer, fd);
	close(peer.node);
}
