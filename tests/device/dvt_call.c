// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls in a process of their own; see dvt_call.h. Its one answer on the
 * socket is what the call returned.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dvt_call.h"

static int memory_off(const struct dvl_device *dev)
{
	uint16_t command;
	int ret = dvl_config_read(dev, PCI_COMMAND, &command, 2);

	if (ret)
		return ret;
	command &= ~PCI_COMMAND_MEMORY;
	return dvl_config_write(dev, PCI_COMMAND, &command, 2);
}

static int make(enum dvt_call_what what, struct dvl_device *dev, int fd)
{
	switch (what) {
	case DVT_CALL_REVOKE:
		return dvl_revoke(dev->fd, fd);
	case DVT_CALL_RESET:
		return dvl_device_reset(dev);
	case DVT_CALL_MEMORY_OFF:
		return memory_off(dev);
	case DVT_CALL_CLOSE:
		dvl_device_close(dev);
		return 0;
	case DVT_NR_CALLS:
		break;
	}
	return -EINVAL;
}

static int say(int sock, int64_t value)
{
	return send(sock, &value, sizeof(value), MSG_NOSIGNAL) != sizeof(value);
}

/* Says that it has the descriptors, and calls when it hears back. */
static int run(int sock, void *arg)
{
	const enum dvt_call_what *what = arg;
	struct dvl_device dev = DVL_DEVICE_CLOSED;
	int64_t go;
	int fd;

	dev.fd = dvl_recv_fd(sock);
	fd = dvl_recv_fd(sock);
	if (dev.fd < 0 || fd < 0 || say(sock, 0) ||
	    recv(sock, &go, sizeof(go), 0) != sizeof(go))
		return 1;
	return say(sock, make(*what, &dev, fd));
}

static int64_t hear(const struct dvt_call *call)
{
	int64_t value = 0;

	ck_assert_msg(recv(call->child.sock, &value, sizeof(value), 0) ==
		      sizeof(value), "the calling process died");
	return value;
}

/**
 * dvt_call_start() - let another process make a call
 * @call: filled in
 * @what: which call
 * @dev: the device; closed for DVT_CALL_CLOSE
 * @fd: a dma-buf of the device, the one that DVT_CALL_REVOKE is about
 *
 * The call may begin, and end, at any time from now on.
 */
void dvt_call_start(struct dvt_call *call, enum dvt_call_what what,
		    struct dvl_device *dev, int fd)
{
	dvt_child_fork(&call->child, 0, run, &what);
	ck_assert_int_eq(dvl_send_fd(call->child.sock, dev->fd), 0);
	ck_assert_int_eq(dvl_send_fd(call->child.sock, fd), 0);
	ck_assert_int_eq(hear(call), 0);
	if (what == DVT_CALL_CLOSE)
		dvl_device_close(dev);
	ck_assert_int_eq(say(call->child.sock, 0), 0);
}

/**
 * dvt_call_assert_waits() - it has not returned, and its process lives
 * @call: the call
 */
void dvt_call_assert_waits(const struct dvt_call *call)
{
	int64_t value = 0;
	ssize_t got = recv(call->child.sock, &value, sizeof(value),
			   MSG_DONTWAIT | MSG_PEEK);

	ck_assert_msg(got < 0 && errno == EAGAIN,
		      "the call did not wait: it returned %ld", value);
}

/**
 * dvt_call_end() - wait until a call returns
 * @call: the call
 *
 * Return: what it returned: 0 or a negative errno.
 */
int dvt_call_end(struct dvt_call *call)
{
	int64_t value = hear(call);

	dvt_child_stop(&call->child);
	return value;
}
