// SPDX-License-Identifier: GPL-2.0-only
/*
 * A borrower's MMU notifier can block: amdgpu's waits for fences. It then stalls each
 * call that zaps the borrower's mapping. Calls that do not need this buffer gone make
 * progress.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dvt_call.h"
#include "dvt_import.h"
#include "dvt_importer.h"
#include "dvt_param.h"
#include "dvt_show.h"

/* A device with a reset of its own, and BARs of registers that keep a word. */
#define ROLE "DVP_BDF_FLR"
#define BAR 4
#define LEN 0x1000
#define RW (PROT_READ | PROT_WRITE)
#define PAUSE_US 10000

/* Requests to the borrower. */
enum ask { ASK_STALLED, ASK_GO, ASK_READ };

static int64_t answer(enum ask ask, int importer, const void *map)
{
	switch (ask) {
	case ASK_STALLED:
		return dvt_stalled(importer);
	case ASK_GO:
		return dvt_stall_go(importer);
	case ASK_READ:
		return dvt_read32(map);
	}
	return -EINVAL;
}

/*
 * Only this process has the test module's node open, so its exit releases every
 * stalled call.
 */
static int hold_on(int sock, void *arg)
{
	int importer = open(DVP_IMPORTER_DEVICE, O_RDWR | O_CLOEXEC);
	int fd = dvl_recv_fd(sock);
	void *map = mmap(NULL, LEN, RW, MAP_SHARED, fd, 0);
	int64_t ret;
	enum ask ask;

	(void)arg;
	if (importer < 0 || map == MAP_FAILED || dvt_read32(map) < 0)
		return 1;
	ret = dvt_stall(importer, map, LEN);
	while (send(sock, &ret, sizeof(ret), MSG_NOSIGNAL) == sizeof(ret) &&
	       recv(sock, &ask, sizeof(ask), 0) == sizeof(ask))
		ret = answer(ask, importer, map);
	return 0;
}

/**
 * struct stall - a device with a borrower that stalls zaps
 * @dev: the device, open
 * @fd: the buffer that the borrower has mapped
 * @borrower: the borrower
 * @call: a call that it stalls
 */
struct stall {
	struct dvl_device dev;
	int fd;
	struct dvt_child borrower;
	struct dvt_call call;
};

static int64_t hear(const struct stall *stall)
{
	int64_t ret = -EPIPE;

	ck_assert_int_eq(recv(stall->borrower.sock, &ret, sizeof(ret), 0),
			 sizeof(ret));
	return ret;
}

static int64_t ask(const struct stall *stall, enum ask what)
{
	ck_assert_int_eq(send(stall->borrower.sock, &what, sizeof(what),
			      MSG_NOSIGNAL), sizeof(what));
	return hear(stall);
}

static void wait_stalled(const struct stall *stall)
{
	int64_t nr;

	while (!(nr = ask(stall, ASK_STALLED)))
		usleep(PAUSE_US);
	ck_assert_int_ge(nr, 1);
}

/* NULL, or why there is no stall. */
static const char *stall_start(struct stall *stall)
{
	int importer = dvt_importer_open();
	int64_t ret;

	if (importer < 0)
		return "no test module to hold up others";
	close(importer);
	stall->fd = dvt_export(&stall->dev, BAR, 0, LEN, O_RDWR);
	dvt_child_fork(&stall->borrower, 0, hold_on, NULL);
	ck_assert_int_eq(dvl_send_fd(stall->borrower.sock, stall->fd), 0);
	ret = hear(stall);
	if (ret == -EOPNOTSUPP) {
		dvt_child_stop(&stall->borrower);
		return "this kernel has no MMU notifiers";
	}
	ck_assert_int_eq(ret, 0);
	return NULL;
}

#define stall_or_skip(stall)						\
	do {								\
		const char *why_;					\
									\
		dvt_open_or_skip(&(stall)->dev, ROLE);			\
		why_ = stall_start(stall);				\
		if (why_)						\
			dvt_skip("%s", why_);				\
	} while (0)

/* The same, and REVOKE of the buffer is stalled. */
#define revoke_stalled_or_skip(stall)					\
	do {								\
		stall_or_skip(stall);					\
		dvt_call_start(&(stall)->call, DVT_CALL_REVOKE,		\
			       &(stall)->dev, (stall)->fd);		\
		wait_stalled(stall);					\
	} while (0)

static void let_go(struct stall *stall)
{
	dvt_call_assert_waits(&stall->call);
	ck_assert_int_eq(ask(stall, ASK_GO), 0);
	ck_assert_int_eq(dvt_call_end(&stall->call), 0);
	ck_assert_int_eq(ask(stall, ASK_READ), DVT_SIGBUS);
	dvt_child_stop(&stall->borrower);
}

START_TEST(other_buffers_are_exported_mapped_and_revoked)
{
	struct stall stall;
	char *map, *later;
	int fd, other;

	stall_or_skip(&stall);
	fd = dvt_export(&stall.dev, BAR, 0, LEN, O_RDWR);
	map = dvt_map(fd, LEN, RW);
	dvt_assert_usable(map);
	later = dvt_map(fd, LEN, RW);
	dvt_call_start(&stall.call, DVT_CALL_REVOKE, &stall.dev, stall.fd);
	wait_stalled(&stall);

	/* A page with an entry, one without, and a new mapping. */
	dvt_assert_usable(map);
	dvt_assert_usable(later);
	dvt_assert_usable(dvt_map(fd, LEN, RW));
	other = dvt_export(&stall.dev, BAR, 0, LEN, O_RDWR);
	dvt_assert_usable(dvt_map(other, LEN, RW));
	dvt_assert_usable(dvl_region_mmap(&stall.dev, BAR, 0, LEN, RW));
	ck_assert_int_eq(dvl_revoke(stall.dev.fd, fd), 0);
	dvt_assert_sigbus(map);
	ck_assert_int_eq(dvl_revoke(stall.dev.fd, other), 0);
	close(fd);
	close(other);
	let_go(&stall);
}
END_TEST

START_TEST(everything_is_shown)
{
	static const char * const files[] = { "device", "exports", "regions" };
	struct dvt_counters counters;
	struct stall stall;
	char *text;
	size_t i;

	revoke_stalled_or_skip(&stall);
	dvt_counters_take(&counters, dvt_bdf(ROLE));
	dvt_assert_state(stall.dev.bdf, "usable");
	for (i = 0; i < DVT_ARRAY_SIZE(files); i++) {
		if (access("/sys/kernel/debug/" DVL_DRIVER, F_OK))
			break;
		text = dvt_show_read(stall.dev.bdf, files[i]);
		ck_assert_ptr_nonnull(text);
		free(text);
	}
	let_go(&stall);
}
END_TEST

START_TEST(others_of_the_same_device_can_be_called)
{
	struct dmabuf_vfio_pci_info info;
	struct stall stall;
	uint32_t word;
	int fd;

	revoke_stalled_or_skip(&stall);
	fd = dvt_export(&stall.dev, BAR, 0, LEN, O_RDWR);
	ck_assert_int_eq(dvl_info(stall.dev.fd, &info), 0);
	ck_assert_int_eq(dvl_memattr(stall.dev.fd, fd,
				     DMABUF_VFIO_PCI_MEMATTR_NC), 0);
	ck_assert_int_eq(dvl_config_read(&stall.dev, 0, &word, sizeof(word)), 0);
	ck_assert_int_eq(dvl_region_read(&stall.dev, BAR, 0, &word,
					 sizeof(word)), 0);
	/* It is already revoked although the call has not returned. */
	ck_assert_ptr_eq(mmap(NULL, LEN, RW, MAP_SHARED, stall.fd, 0),
			 MAP_FAILED);
	ck_assert_int_eq(errno, ENODEV);
	let_go(&stall);
}
END_TEST

START_TEST(other_devices_are_reset_and_switched_off)
{
	struct dvl_device other;
	struct stall stall;
	char *map;

	revoke_stalled_or_skip(&stall);
	dvt_open_or_skip(&other, "DVP_BDF");
	map = dvt_map(dvt_export(&other, 2, 0, LEN, O_RDWR), LEN, RW);
	dvt_assert_usable(map);
	dvt_memory_off(&other);
	dvt_assert_sigbus(map);
	dvt_memory_on(&other);
	dvt_assert_usable(map);
	dvl_device_close(&other);
	let_go(&stall);
}
END_TEST

/* Calls that end access to all buffers wait for the stalled one. */
START_TEST(call_that_needs_the_buffer_gone_waits_for_it_alone)
{
	struct stall stall;
	char *map;
	int fd;

	stall_or_skip(&stall);
	fd = dvt_export(&stall.dev, BAR, 0, LEN, O_RDWR);
	map = dvt_map(fd, LEN, RW);
	dvt_assert_usable(map);
	dvt_call_start(&stall.call, _i, &stall.dev, stall.fd);
	wait_stalled(&stall);
	dvt_call_assert_waits(&stall.call);
	ck_assert_int_eq(ask(&stall, ASK_GO), 0);
	ck_assert_int_eq(dvt_call_end(&stall.call), 0);
	if (_i == DVT_CALL_RESET || _i == DVT_CALL_REVOKE)
		dvt_assert_usable(map);
	else
		dvt_assert_sigbus(map);
	ck_assert_int_eq(ask(&stall, ASK_READ) == DVT_SIGBUS,
			 _i != DVT_CALL_RESET);
	dvt_child_stop(&stall.borrower);
}
END_TEST

/* A reset need not wait for a buffer that is being revoked; it must return. */
START_TEST(reset_beside_a_stalled_revoke_ends_with_it)
{
	struct dvt_call reset;
	struct stall stall;

	revoke_stalled_or_skip(&stall);
	dvt_call_start(&reset, DVT_CALL_RESET, &stall.dev, stall.fd);
	while (ask(&stall, ASK_STALLED) < 2)
		usleep(PAUSE_US);
	dvt_call_assert_waits(&reset);
	let_go(&stall);
	ck_assert_int_eq(dvt_call_end(&reset), 0);
	dvt_assert_usable(dvt_map(dvt_export(&stall.dev, BAR, 0, LEN, O_RDWR),
				  LEN, RW));
}
END_TEST

START_TEST(death_of_the_borrower_lets_the_call_end)
{
	struct stall stall;

	revoke_stalled_or_skip(&stall);
	dvt_call_assert_waits(&stall.call);
	dvt_child_kill(&stall.borrower);
	ck_assert_int_eq(dvt_call_end(&stall.call), 0);
}
END_TEST

START_TEST(importers_of_other_buffers_go_on)
{
	struct dvt_import import;
	struct stall stall;

	dvt_import_or_skip(&import, DVT_BY_US);
	dvt_peer_import(&import.peer, import.fd);
	revoke_stalled_or_skip(&stall);
	dvt_import_assert_leads_to(&import, 0, 0);
	ck_assert_int_eq(dvl_revoke(import.dev.fd, import.fd), 0);
	dvt_peer_assert_state(&import.peer, 0, 1);
	let_go(&stall);
}
END_TEST

DVT_MAIN_PARAM("borrower_stall",
	       { other_buffers_are_exported_mapped_and_revoked },
	       { everything_is_shown },
	       { others_of_the_same_device_can_be_called },
	       { other_devices_are_reset_and_switched_off },
	       { call_that_needs_the_buffer_gone_waits_for_it_alone,
		 DVT_NR_CALLS },
	       { reset_beside_a_stalled_revoke_ends_with_it },
	       { death_of_the_borrower_lets_the_call_end },
	       { importers_of_other_buffers_go_on })
