// SPDX-License-Identifier: GPL-2.0-only
/*
 * A borrower that stalls the zap of its mapping: one child maps a buffer and has the
 * test module's MMU notifier block whoever zaps that mapping; a second child revokes
 * the buffer and blocks there.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../importer/dvp_importer.h"
#include "bench.h"

#define MODULE "dvp-importer.ko"
/* A driver whose REVOKE waits for all borrowers gets on after this. */
#define HOLD_MS 2000
#define PAUSE_US 1000
/* The device node appears a moment after the module is there. */
#define NODE_TRIES 1000

static int open_module(void)
{
	const char *dir = getenv("DVP_MODULES");
	char path[256];
	int fd, tries;

	fd = open(DVP_IMPORTER_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd >= 0 || !dir)
		return fd;
	snprintf(path, sizeof(path), "%s/%s", dir, MODULE);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fd;
	bench_must(syscall(SYS_finit_module, fd, "", 0));
	close(fd);
	fd = -1;
	for (tries = 0; fd < 0 && tries < NODE_TRIES; tries++) {
		usleep(PAUSE_US);
		fd = open(DVP_IMPORTER_DEVICE, O_RDWR | O_CLOEXEC);
	}
	return fd;
}

static void tell(int sock)
{
	bench_must(send(sock, "", 1, MSG_NOSIGNAL));
}

static bool hear(int sock)
{
	char byte;

	return recv(sock, &byte, 1, 0) == 1;
}

/*
 * Stalls until the other end of @sock is closed, or for HOLD_MS. Tells when the
 * notifier is in place, when somebody waits in it, and before HOLD_MS ends the stall.
 */
static void borrow(int importer, int fd, int sock)
{
	char *map = bench_map_buffer(fd, BENCH_PAGE, NULL);
	struct dvp_importer_stall stall = {
		.addr = (uintptr_t)map,
		.len = BENCH_PAGE,
	};
	struct pollfd end = { .fd = sock };

	(void)*(const volatile char *)map;
	bench_must(ioctl(importer, DVP_IMPORTER_STALL, &stall));
	tell(sock);
	while (!bench_must(ioctl(importer, DVP_IMPORTER_STALLED)))
		usleep(PAUSE_US);
	tell(sock);
	if (!poll(&end, 1, HOLD_MS))
		tell(sock);
	/*
	 * Not left to exit(), which unmaps before it closes: it would wait for a lock
	 * that the revoker holds while it waits for this close.
	 */
	close(importer);
}

static pid_t start_borrower(struct bench_stall *stall, int importer, int fd)
{
	int socks[2];
	pid_t pid;

	bench_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks));
	pid = bench_must(fork());
	if (!pid) {
		close(socks[0]);
		borrow(importer, fd, socks[1]);
		_exit(0);
	}
	close(socks[1]);
	stall->sock = socks[0];
	return pid;
}

/* It must not have the socket, whose close ends the stall. */
static pid_t start_revoker(struct bench_stall *stall,
			   const struct bench_device *device, int fd)
{
	pid_t pid = bench_must(fork());

	if (pid)
		return pid;
	close(stall->sock);
	bench_revoke_one(device, fd);
	_exit(0);
}

/*
 * Returns NULL while REVOKE of a buffer is stuck, until bench_stall_end(); or why there
 * is no stall.
 */
const char *bench_stall_begin(struct bench_stall *stall,
			      const struct bench_device *device)
{
	int importer, fd;

	importer = open_module();
	if (importer < 0)
		return "there is no " MODULE;
	fd = bench_must(bench_export_one(device, BENCH_PAGE, 0));
	stall->borrower = start_borrower(stall, importer, fd);
	/* From here on the borrower's close is the last. */
	close(importer);
	if (!hear(stall->sock))
		bench_die("the borrower cannot stall");
	stall->revoker = start_revoker(stall, device, fd);
	if (!hear(stall->sock))
		bench_die("the borrower stalls nobody");
	close(fd);
	return NULL;
}

/* Returns whether the stall lasted until now. */
bool bench_stall_end(struct bench_stall *stall)
{
	int status = 0;
	bool lasted;
	char byte;

	lasted = recv(stall->sock, &byte, 1, MSG_DONTWAIT) < 0;
	close(stall->sock);
	bench_must(waitpid(stall->borrower, NULL, 0));
	bench_must(waitpid(stall->revoker, &status, 0));
	if (status)
		bench_die("the stuck REVOKE failed, status %d", status);
	return lasted;
}
