// SPDX-License-Identifier: GPL-2.0-only
/*
 * What whoever holds a buffer can do with it: touch it, and pass it on.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress.h"

static void count(struct stress_worker *worker, enum stress_answer answer)
{
	struct stress_log *log = &worker->shared->logs[worker->number];

	if (answer == STRESS_YES)
		log->nr_sure++;
	else if (answer == STRESS_NO)
		log->nr_refused++;
	else
		log->nr_open++;
}

static bool is_right(struct stress_worker *worker, const struct stress_map *map,
		     int spot, int64_t value)
{
	const struct stress_slot *slot = &worker->shared->slots[map->buf.slot];

	if (slot->gate == STRESS_FLR)
		return value == worker->shared->constant;
	return spot < 0 ||
	       stress_tag_is_of(value, map->buf.slot, spot, map->buf.gen);
}

static void judge(struct stress_worker *worker, const struct stress_map *map,
		  int spot, enum stress_answer answer, bool write, int64_t got)
{
	const char *what = write ? "write" : "read";
	unsigned int slot = map->buf.slot, gen = map->buf.gen;

	count(worker, answer);
	if (got == DVT_SIGBUS && answer == STRESS_YES)
		stress_fail(worker, "%s of %u.%u, spot %d: SIGBUS from memory that is there",
			    what, slot, gen, spot);
	else if (got == DVT_SIGSEGV)
		stress_fail(worker, "%s of %u.%u, spot %d: SIGSEGV", what,
			    slot, gen, spot);
	else if (got >= 0 && answer == STRESS_NO)
		stress_fail(worker, "%s of %u.%u, spot %d: went through to memory that is gone (%#lx)",
			    what, slot, gen, spot, got);
	else if (got >= 0 && !write && !is_right(worker, map, spot, got))
		stress_fail(worker, "read of %u.%u, spot %d: %#lx is not what it holds",
			    slot, gen, spot, got);
}

/* A protection that forbids it comes before everything else. */
static bool is_protected(struct stress_worker *worker,
			 const struct stress_map *map, bool write, int64_t got)
{
	if (!write || map->writable)
		return false;
	if (got != DVT_SIGSEGV)
		stress_fail(worker, "write of %u.%u: %ld, not SIGSEGV",
			    map->buf.slot, map->buf.gen, got);
	return true;
}

static void touch(struct stress_worker *worker, const struct stress_map *map,
		  uint32_t page, bool write)
{
	struct stress_slot *slot = &worker->shared->slots[map->buf.slot];
	uint32_t *word = (void *)(map->addr + page * STRESS_PAGE + STRESS_WORD);
	uint32_t slot_page, value;
	struct stress_look look;
	int64_t got;
	int spot;

	slot_page = stress_model_slot_page(slot, &map->buf, map->page + page);
	spot = stress_model_spot(slot, slot_page);
	/* Elsewhere nobody could say whose word it is. */
	write &= spot >= 0;
	value = slot->gate == STRESS_FLR ? worker->shared->constant :
		stress_tag(map->buf.slot, spot, map->buf.gen, worker->stamp++);

	stress_note(worker, write ? "write" : "read", &map->buf, page);
	stress_model_look(worker->shared, &map->buf, &look);
	got = write ? dvt_write32(word, value) : dvt_read32(word);
	if (!is_protected(worker, map, write, got))
		judge(worker, map, spot,
		      stress_model_answer(worker->shared, &map->buf, &look),
		      write, got);
}

/* Mostly a page with a spot, where the mapping has one. */
static uint32_t choose_page(struct stress_worker *worker,
			    const struct stress_map *map)
{
	const struct stress_slot *slot = &worker->shared->slots[map->buf.slot];
	uint32_t page = stress_below(worker, map->nr_pages), i, at, slot_page;

	if (stress_one_in(worker, 8))
		return page;
	for (i = 0; i < map->nr_pages; i++) {
		at = (page + i) % map->nr_pages;
		slot_page = stress_model_slot_page(slot, &map->buf,
						   map->page + at);
		if (stress_model_spot(slot, slot_page) >= 0)
			return at;
	}
	return page;
}

static bool has_ended(struct stress_worker *worker,
		      const struct stress_buffer *buf)
{
	unsigned int state;

	state = atomic_load(&worker->shared->slots[buf->slot].state);
	return stress_model_has_ended(state, buf->gen);
}

static void touch_any(struct stress_worker *worker)
{
	const struct stress_map *map;

	map = &worker->maps[stress_below(worker, worker->nr_maps)];
	touch(worker, map, choose_page(worker, map),
	      stress_one_in(worker, map->writable ? 2 : 16));
}

/**
 * stress_op_touch() - read or write a word of some mappings
 * @worker: who
 */
void stress_op_touch(struct stress_worker *worker)
{
	unsigned int i;

	for (i = 0; worker->nr_maps && i < 4; i++)
		touch_any(worker);
	/* Little else can be done with what has ended. */
	for (i = 0; i < worker->nr_maps; i++)
		if (has_ended(worker, &worker->maps[i].buf) &&
		    stress_one_in(worker, 3))
			stress_map_drop(worker, i);
}

/**
 * stress_op_fork() - let a child touch what it has inherited
 * @worker: who
 *
 * The child of a thread must not take a lock: another thread may have had it.
 */
void stress_op_fork(struct stress_worker *worker)
{
	int status;
	pid_t pid;

	stress_note(worker, "fork", NULL, 0);
	/* A child has the devices open as long as it lives. */
	if (worker->lender) {
		pthread_rwlock_rdlock(&worker->lender->open[STRESS_RAM]);
		pthread_rwlock_rdlock(&worker->lender->open[STRESS_FLR]);
	}
	pid = fork();
	if (!pid) {
		stress_op_touch(worker);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		stress_fail(worker, "the child: pid %d, status %#x", pid,
			    status);
	if (worker->lender) {
		pthread_rwlock_unlock(&worker->lender->open[STRESS_FLR]);
		pthread_rwlock_unlock(&worker->lender->open[STRESS_RAM]);
	}
}

/**
 * stress_handle_add() - there is one more descriptor
 * @worker: whose
 * @fd: the descriptor; closed if the worker has enough of them
 * @buf: what it is of
 *
 * Return: whether it was taken.
 */
bool stress_handle_add(struct stress_worker *worker, int fd,
		       const struct stress_buffer *buf)
{
	if (worker->nr_handles == STRESS_NR_HANDLES) {
		close(fd);
		return false;
	}
	worker->handles[worker->nr_handles++] = (struct stress_handle){
		.buf = *buf,
		.fd = fd,
	};
	return true;
}

static void drop(struct stress_worker *worker, unsigned int i)
{
	if (close(worker->handles[i].fd))
		stress_fail(worker, "close: %s", strerror(errno));
	worker->handles[i] = worker->handles[--worker->nr_handles];
}

static struct stress_handle *any_handle(struct stress_worker *worker)
{
	if (!worker->nr_handles)
		return NULL;
	return &worker->handles[stress_below(worker, worker->nr_handles)];
}

/**
 * stress_op_close() - close a descriptor; mappings made by it stay
 * @worker: who
 *
 * Those of buffers that have ended first, as little can be done with them.
 */
void stress_op_close(struct stress_worker *worker)
{
	struct stress_handle *handle = any_handle(worker);
	unsigned int i;

	if (!handle)
		return;
	for (i = 0; i < worker->nr_handles; i++)
		if (has_ended(worker, &worker->handles[i].buf))
			handle = &worker->handles[i];
	stress_note(worker, "close", &handle->buf, 0);
	drop(worker, handle - worker->handles);
}

/**
 * stress_op_dup() - make another descriptor
 * @worker: who
 */
void stress_op_dup(struct stress_worker *worker)
{
	struct stress_handle *handle = any_handle(worker);
	int fd;

	if (!handle)
		return;
	stress_note(worker, "dup", &handle->buf, 0);
	fd = fcntl(handle->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		stress_fail(worker, "dup: %s", strerror(errno));
	else
		stress_handle_add(worker, fd, &handle->buf);
}

union fd_message {
	char buf[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

/**
 * stress_op_send() - pass a buffer to another worker, if there is room
 * @worker: who
 */
void stress_op_send(struct stress_worker *worker)
{
	unsigned int to = stress_below(worker, STRESS_NR_WORKERS);
	struct stress_handle *handle = any_handle(worker);
	union fd_message control = { 0 };
	struct iovec iov;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};

	if (!handle)
		return;
	iov = (struct iovec){ &handle->buf, sizeof(handle->buf) };
	control.align = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
	};
	memcpy(CMSG_DATA(&control.align), &handle->fd, sizeof(int));
	stress_note(worker, "send", &handle->buf, to);
	if (sendmsg(worker->shared->inbox_in[to], &msg,
		    MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN &&
	    errno != ETOOMANYREFS)
		stress_fail(worker, "send: %s", strerror(errno));
}

/**
 * stress_op_receive() - take a buffer that somebody has passed
 * @worker: who
 */
void stress_op_receive(struct stress_worker *worker)
{
	union fd_message control = { 0 };
	struct stress_buffer buf = { 0 };
	struct iovec iov = { &buf, sizeof(buf) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	int fd;

	stress_note(worker, "receive", NULL, 0);
	if (recvmsg(worker->shared->inbox_out[worker->number], &msg,
		    MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != sizeof(buf))
		return;
	memcpy(&fd, CMSG_DATA(&control.align), sizeof(fd));
	stress_note(worker, "receive", &buf, fd);
	stress_handle_add(worker, fd, &buf);
}

/**
 * stress_drop_all() - let go of everything
 * @worker: who
 */
void stress_drop_all(struct stress_worker *worker)
{
	if (worker->lender)
		stress_import_drop(worker);
	while (worker->nr_maps)
		stress_map_drop(worker, worker->nr_maps - 1);
	while (worker->nr_handles)
		drop(worker, worker->nr_handles - 1);
}
