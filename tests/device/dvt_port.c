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

/* The third port of a PC, and its interrupt, as tests/vm/machine.sh has it. */
#define COM3 0x3e8
#define INTERRUPT 5

static int open_port(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/*
 * A kernel that does not ask ACPI gives the port the console's interrupt, and cannot
 * start it. An open of such a port gives EIO until the last close, whatever is set
 * meanwhile: see TTY_IO_ERROR in drivers/tty/serial/serial_core.c. The port of a card
 * has an interrupt of its own.
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
	} else if (serial.port == COM3 && serial.irq != INTERRUPT) {
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
