// SPDX-License-Identifier: GPL-2.0-only
/*
 * One descriptor over a UNIX socket, with one byte beside it: an ancillary
 * message alone would get lost on a stream.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "dvl.h"

union fd_message {
	char buf[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

/**
 * dvl_send_fd() - pass a descriptor to the process at the other end
 * @sock: a UNIX socket
 * @fd: the descriptor; stays open here
 *
 * Return: 0 or a negative errno.
 */
int dvl_send_fd(int sock, int fd)
{
	union fd_message control = { 0 };
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	return sendmsg(sock, &msg, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

/**
 * dvl_recv_fd() - receive a descriptor
 * @sock: a UNIX socket
 *
 * Return: the descriptor, closed on exec, or a negative errno; -ENOMSG if
 * something else arrived, -EPIPE if the other end was closed.
 */
int dvl_recv_fd(int sock)
{
	union fd_message control;
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg;
	ssize_t got;
	int fd;

	got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	if (got < 0)
		return -errno;
	if (!got)
		return -EPIPE;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_level != SOL_SOCKET ||
	    cmsg->cmsg_type != SCM_RIGHTS ||
	    cmsg->cmsg_len != CMSG_LEN(sizeof(int)))
		return -ENOMSG;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(int));
	return fd;
}
