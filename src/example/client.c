// SPDX-License-Identifier: GPL-2.0-only
/* client SOCKET: maps what a primary lends, and reads it until it is taken back. */
#include <err.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static sigjmp_buf back;

static void on_sigbus(int number)
{
	siglongjmp(back, number);
}

static int take(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	union { struct cmsghdr head; char space[CMSG_SPACE(sizeof(int))]; } pass;
	struct iovec byte = { &(char){ 0 }, 1 };
	struct msghdr msg = { .msg_iov = &byte, .msg_iovlen = 1,
			      .msg_control = &pass, .msg_controllen = sizeof(pass) };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (connect(sock, (struct sockaddr *)&addr, sizeof(addr)))
		err(1, "%s", path);
	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&msg))
		errx(1, "%s: no descriptor came", path);
	memcpy(&fd, CMSG_DATA(&pass.head), sizeof(fd));
	return fd;
}

int main(int argc, char **argv)
{
	volatile uint32_t *map;
	void *again;
	size_t len;
	int fd;

	if (argc != 2)
		errx(2, "usage: client SOCKET");
	fd = take(argv[1]);
	len = lseek(fd, 0, SEEK_END);
	map = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");
	setlinebuf(stdout);

	signal(SIGBUS, on_sigbus);
	if (sigsetjmp(back, 1)) {
		/* What is taken back for good cannot be mapped, either. */
		again = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
		if (again == MAP_FAILED)
			err(0, "SIGBUS, for good");
		munmap(again, len);
		puts("SIGBUS, for a while");
		sleep(1);
	}
	for (;; sleep(1))
		printf("%#zx bytes, the first word is %#x\n", len, *map);
}
