// SPDX-License-Identifier: GPL-2.0-only
/* Random calls that make other subsystems access a mapping or a descriptor. */
#include <errno.h>
#include <linux/dma-buf.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hostile.h"

#ifndef DMA_BUF_IOCTL_EXPORT_SYNC_FILE
struct dma_buf_export_sync_file { __u32 flags; __s32 fd; };
struct dma_buf_import_sync_file { __u32 flags; __s32 fd; };
#define DMA_BUF_IOCTL_EXPORT_SYNC_FILE _IOWR(DMA_BUF_BASE, 2, struct dma_buf_export_sync_file)
#define DMA_BUF_IOCTL_IMPORT_SYNC_FILE _IOW(DMA_BUF_BASE, 3, struct dma_buf_import_sync_file)
#endif

/* Looks for the secret in bytes that a call has copied out of a mapping. */
static void judge_copy(struct hostile *h, const char *bytes, ssize_t len)
{
	uint32_t word;
	ssize_t off;

	for (off = 0; off + (ssize_t)sizeof(word) <= len; off += HOSTILE_PAGE) {
		memcpy(&word, bytes + off, sizeof(word));
		if (word == HOSTILE_SECRET)
			h->secret_seen = true;
	}
}

static void copy_from_process(struct hostile *h, pid_t pid)
{
	char bytes[HOSTILE_PAGE];
	struct iovec mine = { bytes, sizeof(bytes) };
	struct iovec other = { hostile_page(h), sizeof(bytes) };

	judge_copy(h, bytes, process_vm_readv(pid, &mine, 1, &other, 1, 0));
	memset(bytes, 0x11, sizeof(bytes));
	process_vm_writev(pid, &mine, 1, &other, 1, 0);
}

static void copy_own(struct hostile *h)
{
	copy_from_process(h, getpid());
}

/* Reads and writes a stopped child as a debugger does. */
static void trace_child(struct hostile *h)
{
	pid_t pid = fork();
	uint32_t word;
	int status;

	if (!pid) {
		raise(SIGSTOP);
		_exit(0);
	}
	if (pid < 0)
		return;
	if (!ptrace(PTRACE_ATTACH, pid, NULL, NULL) &&
	    waitpid(pid, &status, __WALL) == pid) {
		word = ptrace(PTRACE_PEEKDATA, pid, hostile_page(h), NULL);
		if (word == HOSTILE_SECRET)
			h->secret_seen = true;
		ptrace(PTRACE_POKEDATA, pid, hostile_page(h), (void *)0x22L);
		copy_from_process(h, pid);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, __WALL);
}

static void read_proc(struct hostile *h)
{
	static const char * const paths[] = {
		"/proc/self/smaps", "/proc/self/smaps_rollup",
		"/proc/self/numa_maps", "/proc/self/maps",
	};
	int fd = open(paths[chance_below(&h->rng, DVT_ARRAY_SIZE(paths))],
		      O_RDONLY | O_CLOEXEC);
	char text[4096];

	while (fd >= 0 && read(fd, text, sizeof(text)) > 0)
		;
	if (fd >= 0)
		close(fd);
}

static void read_pagemap(struct hostile *h)
{
	uint64_t entries[HOSTILE_LEN / HOSTILE_PAGE];
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (pread(fd, entries, sizeof(entries),
		  (uintptr_t)hostile_room(h) / HOSTILE_PAGE * 8) < 0)
		errno = 0;
	close(fd);
}

static void clear_references(struct hostile *h)
{
	char value = '1' + chance_below(&h->rng, 5);
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, &value, 1) < 0)
		errno = 0;
	close(fd);
}

static void read_own_mem(struct hostile *h)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	char bytes[64];

	if (fd < 0)
		return;
	judge_copy(h, bytes, pread(fd, bytes, sizeof(bytes),
				   (uintptr_t)hostile_page(h)));
	close(fd);
}

/* From the mapping to a pipe, by copying or by splicing, and back. */
static void pipe_it(struct hostile *h)
{
	struct iovec vec = { hostile_page(h), hostile_len(h) };
	char bytes[HOSTILE_PAGE];
	ssize_t got;

	switch (chance_below(&h->rng, 4)) {
	case 0:
		got = vmsplice(h->pipe[1], &vec, 1, SPLICE_F_NONBLOCK);
		break;
	case 1:
		got = vmsplice(h->pipe[1], &vec, 1,
			       SPLICE_F_NONBLOCK | SPLICE_F_GIFT);
		break;
	case 2:
		got = splice(hostile_any_fd(h), NULL, h->pipe[1], NULL,
			     HOSTILE_PAGE, SPLICE_F_NONBLOCK);
		break;
	default:
		got = write(h->pipe[1], vec.iov_base, vec.iov_len);
	}
	if (got > 0 && chance_one_in(&h->rng, 4))
		got = read(h->pipe[0], hostile_page(h), HOSTILE_PAGE);
	do {
		got = read(h->pipe[0], bytes, sizeof(bytes));
		judge_copy(h, bytes, got);
	} while (got > 0);
}

/* Reads a file into the mapping. */
static void read_file_to_it(struct hostile *h)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC |
		      (chance_one_in(&h->rng, 2) ? O_DIRECT : 0));

	if (fd < 0)
		return;
	if (read(fd, hostile_page(h), hostile_len(h)) < 0)
		errno = 0;
	close(fd);
}

static void use_futex(struct hostile *h)
{
	static const int ops[] = {
		FUTEX_WAIT, FUTEX_WAKE, FUTEX_WAIT | FUTEX_PRIVATE_FLAG,
		FUTEX_LOCK_PI, FUTEX_TRYLOCK_PI, FUTEX_CMP_REQUEUE,
		FUTEX_WAKE_OP,
	};
	struct timespec now = { 0 };

	syscall(SYS_futex, hostile_page(h),
		ops[chance_below(&h->rng, DVT_ARRAY_SIZE(ops))], 1, &now,
		hostile_page(h), 0);
}

static void register_userfaults(struct hostile *h)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (uintptr_t)hostile_page(h), hostile_len(h) },
		.mode = 1 + chance_below(&h->rng, 7),
	};
	/* UFFD_USER_MODE_ONLY: all that an unprivileged process may have. */
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | 1);

	if (uffd < 0)
		return;
	if (!ioctl(uffd, UFFDIO_API, &api))
		ioctl(uffd, UFFDIO_REGISTER, &reg);
	close(uffd);
}

/*
 * io_uring: registering a buffer pins it; a worker may copy other buffers.
 */

static int ring_of(struct hostile *h)
{
	struct io_uring_params params = {};

	if (h->ring < 0)
		h->ring = syscall(SYS_io_uring_setup, 8, &params);
	return h->ring;
}

static void register_with_ring(struct hostile *h)
{
	struct iovec vec = { hostile_page(h), hostile_len(h) };
	int ring = ring_of(h);

	if (ring < 0)
		return;
	if (!syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &vec,
		     1))
		syscall(SYS_io_uring_register, ring, IORING_UNREGISTER_BUFFERS,
			NULL, 0);
}

/* Submits one request on a new ring. */
static void submit(struct hostile *h, uint8_t opcode, int fd)
{
	struct io_uring_params params = {};
	int ring = syscall(SYS_io_uring_setup, 1, &params);
	size_t sq_len, sqes_len;
	struct io_uring_sqe *sqe;
	uint32_t *sq;

	if (ring < 0)
		return;
	sq_len = params.sq_off.array + params.sq_entries * sizeof(uint32_t);
	sqes_len = params.sq_entries * sizeof(*sqe);
	sq = mmap(NULL, sq_len, PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		  IORING_OFF_SQ_RING);
	sqe = mmap(NULL, sqes_len, PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		   IORING_OFF_SQES);
	if (sq != MAP_FAILED && sqe != MAP_FAILED) {
		*sqe = (struct io_uring_sqe){
			.opcode = opcode, .fd = fd,
			.addr = (uintptr_t)hostile_page(h),
			.len = HOSTILE_PAGE,
			.flags = chance_one_in(&h->rng, 2) ? IOSQE_ASYNC : 0,
		};
		sq[params.sq_off.array / sizeof(*sq)] = 0;
		__atomic_store_n(&sq[params.sq_off.tail / sizeof(*sq)], 1,
				 __ATOMIC_RELEASE);
		syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS,
			NULL, 0);
	}
	if (sq != MAP_FAILED)
		munmap(sq, sq_len);
	if (sqe != MAP_FAILED)
		munmap(sqe, sqes_len);
	close(ring);
}

/* pipe_it() looks at the bytes later. */
static void write_by_ring(struct hostile *h)
{
	submit(h, IORING_OP_WRITE, h->pipe[1]);
}

static void read_by_ring(struct hostile *h)
{
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);

	submit(h, IORING_OP_READ, fd);
	close(fd);
}

/*
 * Calls on the descriptor
 */

static void sync_files(struct hostile *h)
{
	struct dma_buf_export_sync_file export = {
		.flags = 1 + chance_below(&h->rng, 3),
	};
	struct dma_buf_import_sync_file import = {
		.flags = 1 + chance_below(&h->rng, 3),
	};

	if (ioctl(hostile_any_fd(h), DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export))
		return;
	import.fd = export.fd;
	ioctl(hostile_any_fd(h), DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &import);
	close(export.fd);
}

static void call_descriptor(struct hostile *h)
{
	struct dma_buf_sync sync = { .flags = chance_below(&h->rng, 8) };
	struct pollfd poll_fd = { .fd = hostile_any_fd(h), .events = POLLIN | POLLOUT };
	char bytes[16] = "hostile";

	ioctl(poll_fd.fd, DMA_BUF_IOCTL_SYNC, &sync);
	ioctl(poll_fd.fd, DMA_BUF_SET_NAME, bytes);
	poll(&poll_fd, 1, 0);
	lseek(poll_fd.fd, 0, SEEK_END);
	if (ftruncate(poll_fd.fd, 0) || fchmod(poll_fd.fd, 0777) ||
	    read(poll_fd.fd, bytes, sizeof(bytes)) < 0)
		errno = 0;
}

/* A descriptor in flight keeps the buffer until the socket goes. */
static void pass_on(struct hostile *h)
{
	int pair[2], fd = hostile_any_fd(h), copy;

	if (fd < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return;
	if (!dvl_send_fd(pair[0], fd) && chance_one_in(&h->rng, 2)) {
		copy = dvl_recv_fd(pair[1]);
		if (copy >= 0)
			close(copy);
	}
	close(pair[0]);
	close(pair[1]);
}

void (* const hostile_kernel_deeds[])(struct hostile *h) = {
	copy_own, trace_child, read_proc, read_pagemap, clear_references,
	read_own_mem, pipe_it, pipe_it, read_file_to_it, use_futex,
	register_userfaults, register_with_ring, write_by_ring, read_by_ring,
	sync_files, sync_files, call_descriptor, pass_on,
};

const unsigned int hostile_nr_kernel_deeds = DVT_ARRAY_SIZE(hostile_kernel_deeds);
