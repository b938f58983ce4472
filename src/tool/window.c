// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading and writing through an export, or through a dma-buf that somebody
 * handed down. Memory may be taken away at any moment: each access answers
 * whether it went through.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tool.h"

static sigjmp_buf on_sigbus;

static void take_sigbus(int signo)
{
	(void)signo;
	siglongjmp(on_sigbus, 1);
}

/* SA_NODEFER: the handler is left by a jump, which restores no mask. */
static void catch_sigbus(void)
{
	struct sigaction action = {
		.sa_handler = take_sigbus,
		.sa_flags = SA_NODEFER,
	};

	sigaction(SIGBUS, &action, NULL);
}

static int open_buffer(struct tool_window *win, int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);

	if (size < 0) {
		tool_error("descriptor %d is no dma-buf: %m", fd);
		return TOOL_USAGE;
	}
	win->fd = fd;
	win->size = size;
	return 0;
}

/**
 * tool_window_open() - open what an option names: a device's BAR or a dma-buf
 * @win: filled in; to be closed also when the call fails
 * @opts: the options
 *
 * Return: 0, or an exit status after saying what is wrong.
 */
int tool_window_open(struct tool_window *win, const struct tool_options *opts)
{
	struct tool_device dev;
	int ret;

	*win = (struct tool_window){
		.vfio = DVL_DEVICE_CLOSED, .fd = -1, .map = MAP_FAILED,
	};
	if (opts->fd >= 0)
		return open_buffer(win, opts->fd);
	ret = tool_device_require_bound(opts->bdf, &dev);
	if (!ret)
		ret = tool_open(&win->vfio, &dev);
	if (!ret)
		ret = tool_bar_size(&win->vfio, opts->bar, &win->size);
	return ret;
}

/**
 * tool_window_map() - map a piece of what was opened
 * @win: the window
 * @opts: the options
 * @off: start of the piece in the BAR or buffer
 * @len: its length
 * @writable: for writing, too
 *
 * Return: 0, or an exit status after saying what is wrong.
 */
int tool_window_map(struct tool_window *win, const struct tool_options *opts,
		    uint64_t off, uint64_t len, bool writable)
{
	uint64_t page = sysconf(_SC_PAGESIZE);
	struct vfio_region_dma_range range;
	uint64_t start = 0;

	if (off >= win->size || len > win->size - off) {
		tool_error("offset %#llx, %llu bytes: beyond the end, at %#llx",
			   (unsigned long long)off, (unsigned long long)len,
			   (unsigned long long)win->size);
		return TOOL_USAGE;
	}
	win->base = off & ~(page - 1);
	win->map_len = ((off + len + page - 1) & ~(page - 1)) - win->base;
	if (opts->fd >= 0) {
		start = win->base;
	} else {
		range.offset = win->base;
		range.length = win->map_len;
		win->fd = tool_export(&win->vfio, opts->bar, &range, 1,
				      O_CLOEXEC |
				      (writable ? O_RDWR : O_RDONLY), 0);
		if (win->fd < 0)
			return TOOL_PROBLEM;
	}
	win->map = mmap(NULL, win->map_len,
			writable ? PROT_READ | PROT_WRITE : PROT_READ,
			MAP_SHARED, win->fd, start);
	if (win->map != MAP_FAILED) {
		catch_sigbus();
		return 0;
	}
	if (errno == ENODEV)
		tool_error("the buffer has been revoked");
	else if (errno == EACCES)
		tool_error("the buffer is read-only");
	else
		tool_error("mmap: %m");
	return tool_exit_of(-errno);
}

static uint64_t load(const volatile void *addr, unsigned int width)
{
	switch (width) {
	case 1:
		return *(const volatile uint8_t *)addr;
	case 2:
		return *(const volatile uint16_t *)addr;
	case 4:
		return *(const volatile uint32_t *)addr;
	}
	return *(const volatile uint64_t *)addr;
}

static void store(volatile void *addr, unsigned int width, uint64_t value)
{
	switch (width) {
	case 1:
		*(volatile uint8_t *)addr = value;
		break;
	case 2:
		*(volatile uint16_t *)addr = value;
		break;
	case 4:
		*(volatile uint32_t *)addr = value;
		break;
	default:
		*(volatile uint64_t *)addr = value;
	}
}

/**
 * tool_window_read() - read once, in one access
 * @win: the window
 * @off: where in the BAR or buffer; a multiple of @width
 * @width: 1, 2, 4 or 8 bytes
 * @value: filled in
 *
 * Return: 0, or -EFAULT where the memory is gone.
 */
int tool_window_read(const struct tool_window *win, uint64_t off,
		     unsigned int width, uint64_t *value)
{
	if (sigsetjmp(on_sigbus, 0))
		return -EFAULT;
	*value = load((char *)win->map + (off - win->base), width);
	return 0;
}

/**
 * tool_window_write() - write once, in one access
 * @win: the window
 * @off: where in the BAR or buffer; a multiple of @width
 * @width: 1, 2, 4 or 8 bytes
 * @value: what to write
 *
 * Return: 0, or -EFAULT where the memory is gone.
 */
int tool_window_write(const struct tool_window *win, uint64_t off,
		      unsigned int width, uint64_t value)
{
	if (sigsetjmp(on_sigbus, 0))
		return -EFAULT;
	store((char *)win->map + (off - win->base), width, value);
	return 0;
}

/**
 * tool_window_gone() - say that an access gave SIGBUS
 * @opts: the options
 * @off: where it was
 *
 * Return: TOOL_PROBLEM.
 */
int tool_window_gone(const struct tool_options *opts, uint64_t off)
{
	char state[32], causes[128];

	if (opts->fd >= 0) {
		tool_error("offset %#llx: the memory is gone (SIGBUS): the buffer was revoked, or the device is in a reset, asleep, or has decoding off",
			   (unsigned long long)off);
		return TOOL_PROBLEM;
	}
	if (tool_read(state, sizeof(state),
		      "/sys/bus/pci/devices/%s/dmabuf/state", opts->bdf))
		strcpy(state, "unknown");
	if (tool_read(causes, sizeof(causes),
		      "/sys/bus/pci/devices/%s/dmabuf/causes", opts->bdf))
		strcpy(causes, "unknown");
	tool_error("%s, BAR %d, offset %#llx: the memory is gone (SIGBUS); the device is %s, causes: %s",
		   opts->bdf, opts->bar, (unsigned long long)off, state,
		   causes);
	return TOOL_PROBLEM;
}

/**
 * tool_window_close() - close what was opened
 * @win: the window
 */
void tool_window_close(struct tool_window *win)
{
	if (win->map != MAP_FAILED)
		munmap(win->map, win->map_len);
	if (win->vfio.fd >= 0 && win->fd >= 0)
		close(win->fd);
	dvl_device_close(&win->vfio);
}
