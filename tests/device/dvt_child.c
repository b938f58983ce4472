// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another process, that has a socket to the test and nothing else. The test
 * asks it step by step: take this descriptor, map it, read there; the child
 * answers what it saw and never judges.
 */
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dvt.h"

enum child_op {
	CHILD_GIVE,
	CHILD_MAP,
	CHILD_READ32,
	CHILD_WRITE32,
	CHILD_PROTECT,
	CHILD_UNMAP,
	CHILD_CLOSE_FD,
	CHILD_UID,
	CHILD_NR_FDS,
};

struct child_request {
	enum child_op op;
	int prot;
	uint32_t value;
	uint64_t addr;
	uint64_t len;
	uint64_t off;
};

static int64_t child_map(int fd, const struct child_request *req)
{
	void *addr = mmap(NULL, req->len, req->prot, MAP_SHARED, fd, req->off);

	return addr == MAP_FAILED ? -errno : (intptr_t)addr;
}

static int64_t child_do(int sock, int *fd, const struct child_request *req)
{
	void *addr = (void *)req->addr;

	switch (req->op) {
	case CHILD_GIVE:
		*fd = dvl_recv_fd(sock);
		return *fd < 0 ? *fd : 0;
	case CHILD_MAP:
		return child_map(*fd, req);
	case CHILD_READ32:
		return dvt_read32(addr);
	case CHILD_WRITE32:
		return dvt_write32(addr, req->value);
	case CHILD_PROTECT:
		return mprotect(addr, req->len, req->prot) ? -errno : 0;
	case CHILD_UNMAP:
		return munmap(addr, req->len) ? -errno : 0;
	case CHILD_CLOSE_FD:
		return close(*fd) ? -errno : 0;
	case CHILD_UID:
		return getuid();
	case CHILD_NR_FDS:
		return dvt_nr_fds();
	}
	return -EINVAL;
}

/* Until the test closes its end. */
static int child_serve(int sock, void *arg)
{
	struct child_request req;
	int64_t answer;
	int fd = -1;

	(void)arg;
	while (recv(sock, &req, sizeof(req), 0) == sizeof(req)) {
		answer = child_do(sock, &fd, &req);
		if (send(sock, &answer, sizeof(answer), MSG_NOSIGNAL) !=
		    sizeof(answer))
			return 1;
	}
	return 0;
}

static int64_t child_ask(struct dvt_child *child, struct child_request req)
{
	int64_t answer = 0;
	ssize_t got;

	got = send(child->sock, &req, sizeof(req), MSG_NOSIGNAL);
	ck_assert_msg(got == sizeof(req), "asking the child: %m");
	got = recv(child->sock, &answer, sizeof(answer), 0);
	ck_assert_msg(got == sizeof(answer), "the child died");
	return answer;
}

/* All but the socket, which becomes descriptor 0. */
static int close_others(int sock)
{
	if (sock && dup2(sock, 0) < 0)
		return -errno;
	return close_range(1, ~0U, 0) ? -errno : 0;
}

static int become(uid_t uid)
{
	if (uid && (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
		    setresuid(uid, uid, uid)))
		return -errno;
	/* After the change of identity, which forgets it. */
	return prctl(PR_SET_PDEATHSIG, SIGKILL) ? -errno : 0;
}

/**
 * dvt_child_fork() - run a function in another process
 * @child: filled in
 * @uid: user and group to become; 0 stays root
 * @fn: the function; gets the child's end of the socket
 * @arg: for @fn
 */
void dvt_child_fork(struct dvt_child *child, uid_t uid, dvt_child_fn fn,
		    void *arg)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
				    pair), 0);
	child->pid = fork();
	ck_assert_int_ge(child->pid, 0);
	if (!child->pid) {
		if (close_others(pair[1]) || become(uid))
			_exit(127);
		_exit(fn(0, arg));
	}
	close(pair[1]);
	child->sock = pair[0];
}

/**
 * dvt_child_start() - start a child that does what it is asked
 * @child: filled in
 * @uid: user and group to become; 0 stays root
 */
void dvt_child_start(struct dvt_child *child, uid_t uid)
{
	dvt_child_fork(child, uid, child_serve, NULL);
}

/**
 * dvt_child_give() - pass a descriptor; the next calls are about it
 * @child: the child
 * @fd: the descriptor, which stays open here
 */
void dvt_child_give(struct dvt_child *child, int fd)
{
	struct child_request req = { .op = CHILD_GIVE };
	int64_t answer = -1;

	ck_assert_int_eq(send(child->sock, &req, sizeof(req), MSG_NOSIGNAL),
			 sizeof(req));
	ck_assert_int_eq(dvl_send_fd(child->sock, fd), 0);
	ck_assert_int_eq(recv(child->sock, &answer, sizeof(answer), 0),
			 sizeof(answer));
	ck_assert_int_eq(answer, 0);
}

/**
 * dvt_child_map() - map the descriptor that was given last
 * @child: the child
 * @len: length in bytes
 * @off: start in the file
 * @prot: PROT_READ, PROT_WRITE
 *
 * Return: the address there, or a negative errno.
 */
int64_t dvt_child_map(struct dvt_child *child, size_t len, uint64_t off,
		      int prot)
{
	return child_ask(child, (struct child_request){
		.op = CHILD_MAP, .len = len, .off = off, .prot = prot });
}

/**
 * dvt_child_read32() - read a word
 * @child: the child
 * @addr: its address there
 *
 * Return: the word, DVT_SIGBUS or DVT_SIGSEGV.
 */
int64_t dvt_child_read32(struct dvt_child *child, uint64_t addr)
{
	return child_ask(child, (struct child_request){
		.op = CHILD_READ32, .addr = addr });
}

/**
 * dvt_child_write32() - write a word
 * @child: the child
 * @addr: its address there
 * @value: the word
 *
 * Return: 0, DVT_SIGBUS or DVT_SIGSEGV.
 */
int64_t dvt_child_write32(struct dvt_child *child, uint64_t addr,
			  uint32_t value)
{
	return child_ask(child, (struct child_request){
		.op = CHILD_WRITE32, .addr = addr, .value = value });
}

/**
 * dvt_child_protect() - mprotect()
 * @child: the child
 * @addr: address there
 * @len: length in bytes
 * @prot: PROT_READ, PROT_WRITE
 *
 * Return: 0 or a negative errno.
 */
int64_t dvt_child_protect(struct dvt_child *child, uint64_t addr, size_t len,
			  int prot)
{
	return child_ask(child, (struct child_request){
		.op = CHILD_PROTECT, .addr = addr, .len = len, .prot = prot });
}

/**
 * dvt_child_unmap() - munmap()
 * @child: the child
 * @addr: address there
 * @len: length in bytes
 *
 * Return: 0 or a negative errno.
 */
int64_t dvt_child_unmap(struct dvt_child *child, uint64_t addr, size_t len)
{
	return child_ask(child, (struct child_request){
		.op = CHILD_UNMAP, .addr = addr, .len = len });
}

/**
 * dvt_child_close_fd() - close the descriptor that was given last
 * @child: the child
 *
 * Return: 0 or a negative errno.
 */
int64_t dvt_child_close_fd(struct dvt_child *child)
{
	return child_ask(child, (struct child_request){ .op = CHILD_CLOSE_FD });
}

/**
 * dvt_child_uid() - ask the child who it is
 * @child: the child
 *
 * Return: its user id.
 */
int64_t dvt_child_uid(struct dvt_child *child)
{
	return child_ask(child, (struct child_request){ .op = CHILD_UID });
}

/**
 * dvt_child_nr_fds() - ask the child how many descriptors it has
 * @child: the child
 *
 * Return: how many, its end of the socket included.
 */
int64_t dvt_child_nr_fds(struct dvt_child *child)
{
	return child_ask(child, (struct child_request){ .op = CHILD_NR_FDS });
}

/**
 * dvt_child_stop() - let the child end, well
 * @child: the child
 */
void dvt_child_stop(struct dvt_child *child)
{
	int status;

	close(child->sock);
	ck_assert_int_eq(waitpid(child->pid, &status, 0), child->pid);
	ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status),
		      "the child ended with wait status %#x", status);
}

/**
 * dvt_child_kill() - end the child at once
 * @child: the child
 */
void dvt_child_kill(struct dvt_child *child)
{
	int status;

	ck_assert_int_eq(kill(child->pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child->pid, &status, 0), child->pid);
	close(child->sock);
}

/**
 * dvt_task_state() - what a process does
 * @pid: the process
 *
 * Return: the letter in /proc/PID/stat.
 */
char dvt_task_state(pid_t pid)
{
	char path[32], state = 0;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	stat = fopen(path, "r");
	ck_assert_ptr_nonnull(stat);
	ck_assert_int_eq(fscanf(stat, "%*d (%*[^)]) %c", &state), 1);
	fclose(stat);
	return state;
}
