// SPDX-License-Identifier: GPL-2.0-only
/*
 * A serial port; see dvt_port.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "dvt_port.h"

/* That of the port, as tests/vm/machine.sh has it. */
#define INTERRUPT 5

/* A kernel that does not ask ACPI takes it for the one that such ports once had. */
static int set_interrupt(int fd)
{
	struct serial_struct serial;

	if (ioctl(fd, TIOCGSERIAL, &serial))
		return -1;
	if (serial.irq == INTERRUPT)
		return 0;
	serial.irq = INTERRUPT;
	return ioctl(fd, TIOCSSERIAL, &serial);
}

static int set_raw(int fd)
{
	struct termios attrs;

	if (tcgetattr(fd, &attrs))
		return -1;
	cfmakeraw(&attrs);
	cfsetspeed(&attrs, B115200);
	attrs.c_cflag |= CLOCAL | CREAD;
	return tcsetattr(fd, TCSAFLUSH, &attrs);
}

/**
 * dvt_port_open() - open the port, so that bytes pass it as they are
 * @path: its file
 *
 * What came before, it has given back: the port echoes until it is raw.
 *
 * Return: a descriptor, or a negative errno.
 */
int dvt_port_open(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	if (set_interrupt(fd) || set_raw(fd)) {
		err = errno;
		close(fd);
		return -err;
	}
	return fd;
}
