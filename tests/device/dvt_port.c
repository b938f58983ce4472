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

static int open_port(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/*
 * A kernel that does not ask ACPI takes it for the one that such ports once had. Where
 * the console has that, the port can't be started; who has opened it so meets EIO until
 * it is closed, whatever is set (TTY_IO_ERROR, drivers/tty/serial/serial_core.c).
 */
static int set_interrupt(const char *path)
{
	struct serial_struct serial;
	int fd = open_port(path);
	int ret = 0;

	if (fd < 0)
		return fd;
	if (ioctl(fd, TIOCGSERIAL, &serial)) {
		ret = -errno;
	} else if (serial.irq != INTERRUPT) {
		serial.irq = INTERRUPT;
		ret = ioctl(fd, TIOCSSERIAL, &serial) ? -errno : 0;
	}
	close(fd);
	return ret;
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
	int ret = set_interrupt(path);
	int fd;

	if (ret)
		return ret;
	fd = open_port(path);
	if (fd < 0)
		return fd;
	if (set_raw(fd)) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}
