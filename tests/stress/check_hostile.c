// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hostile borrowers, and an owner that revokes, resets and switches memory off. Each
 * call of the owner returns, the kernel logs no warning, and no borrower reads the word
 * that the owner writes to a buffer's memory after REVOKE.
 *
 *	DVP_HOSTILE_OPS	how many operations in all, of all borrowers
 *	DVP_HOSTILE_SEED	seed of the owner's calls in the first round
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dvt_config.h"
#include "dvt_show.h"
#include "hostile.h"
#include "rounds.h"

#define BAR 2

enum { NR_OPS = 2000, ROUND_OPS = 2000, NR_BORROWERS = 2, NR_BUFFERS = 4 };

static uint64_t first_seed;
static unsigned long nr_ops;

/**
 * struct owner - the owner of the device
 * @dev: the device
 * @fds: the lent buffers, one piece of the BAR each
 * @borrowers: the borrowers
 * @nr_calls: how many calls of each kind have returned
 * @rng: state of the random numbers
 */
struct owner {
	struct dvl_device dev;
	int fds[NR_BUFFERS];
	struct dvt_child borrowers[NR_BORROWERS];
	unsigned long nr_calls[8];
	uint64_t rng;
};

static uint64_t start_of(unsigned int buffer)
{
	return buffer * DVT_MIB;
}

/* Writes the first word of each page by the device's descriptor. */
static void write_words(const struct owner *owner, unsigned int buffer,
			uint32_t word)
{
	uint64_t off;

	for (off = 0; off < HOSTILE_LEN; off += HOSTILE_PAGE)
		dvt_poke32(&owner->dev, BAR, start_of(buffer) + off, word);
}

/* Never blocks: a borrower whose socket is full gets nothing. */
static void offer(const struct owner *owner, int fd)
{
	struct pollfd poll_fd = { .events = POLLOUT };
	int i;

	for (i = 0; i < NR_BORROWERS; i++) {
		poll_fd.fd = owner->borrowers[i].sock;
		if (poll(&poll_fd, 1, 0) == 1)
			dvl_send_fd(poll_fd.fd, fd);
	}
}

static void lend(struct owner *owner, unsigned int buffer)
{
	write_words(owner, buffer, 0x11111111);
	owner->fds[buffer] = dvt_export(&owner->dev, BAR, start_of(buffer),
					HOSTILE_LEN, O_RDWR | O_CLOEXEC);
	offer(owner, owner->fds[buffer]);
}

/* The memory holds the secret from REVOKE to the next export. */
static void take_back(struct owner *owner)
{
	unsigned int buffer = chance_below(&owner->rng, NR_BUFFERS);
	int ret = dvl_revoke(owner->dev.fd, owner->fds[buffer]);

	ck_assert_msg(!ret, "REVOKE: %d", ret);
	write_words(owner, buffer, HOSTILE_SECRET);
	if (chance_one_in(&owner->rng, 2))
		usleep(1000);
	close(owner->fds[buffer]);
	lend(owner, buffer);
}

static void lend_another(struct owner *owner)
{
	unsigned int buffer = chance_below(&owner->rng, NR_BUFFERS);
	int fd = dvt_export(&owner->dev, BAR, start_of(buffer), HOSTILE_LEN,
			    O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(dvl_revoke(owner->dev.fd, fd), 0);
	close(fd);
}

static void switch_memory(struct owner *owner)
{
	dvt_memory_off(&owner->dev);
	dvt_memory_on(&owner->dev);
}

static void reset(struct owner *owner)
{
	ck_assert_int_eq(dvl_device_reset(&owner->dev), 0);
	dvt_memory_on(&owner->dev);
}

static void write_noop(struct owner *owner)
{
	static const struct dvt_span word = { 0, 2 };

	ck_assert_int_eq(dvt_span_write(&owner->dev, PCI_COMMAND, &word, 0, 0), 0);
}

static void look(struct owner *owner)
{
	struct dvt_counters counters;

	dvt_counters_take(&counters, owner->dev.bdf);
	free(dvt_show_read(owner->dev.bdf, "exports"));
}

static void (* const calls[])(struct owner *owner) = {
	take_back, take_back, take_back, lend_another, switch_memory, reset,
	write_noop, look,
};

static void call_any(struct owner *owner)
{
	unsigned int which = chance_below(&owner->rng, DVT_ARRAY_SIZE(calls));

	calls[which](owner);
	owner->nr_calls[which]++;
}

/* Whether a borrower still runs. Asserts that the others ended well. */
static bool any_lives(struct owner *owner)
{
	bool lives = false;
	int i, status;

	for (i = 0; i < NR_BORROWERS; i++) {
		if (!owner->borrowers[i].pid)
			continue;
		if (!waitpid(owner->borrowers[i].pid, &status, WNOHANG)) {
			lives = true;
			continue;
		}
		owner->borrowers[i].pid = 0;
		ck_assert_msg(!WIFEXITED(status) ||
			      WEXITSTATUS(status) != HOSTILE_SAW_SECRET,
			      "borrower %d has read what came after REVOKE", i);
		ck_assert_msg(!status, "borrower %d: wait status %#x", i, status);
	}
	return lives;
}

static void borrowers_start(struct owner *owner)
{
	unsigned long share = rounds_share(nr_ops, ROUND_OPS) / NR_BORROWERS + 1;
	int i;

	for (i = 0; i < NR_BORROWERS; i++)
		dvt_child_fork(&owner->borrowers[i], DVT_NOBODY, hostile_run,
			       &share);
}

/* References that a process had in flight are dropped a moment after its exit. */
static void wait_for_the_last(const char *bdf)
{
	char value[32] = "";

	do {
		usleep(1000);
		ck_assert_int_eq(dvl_sysfs_read(bdf, "dmabuf/exports_live", value,
						sizeof(value)), 0);
	} while (strcmp(value, "0"));
}

START_TEST(hostile_borrowers_hurt_nobody)
{
	static struct owner owner;
	unsigned int i;

	owner.rng = first_seed + _i;
	dvt_open_or_skip(&owner.dev, "DVP_BDF");
	printf("seed %" PRIu64 "\n", owner.rng);
	fflush(stdout);
	borrowers_start(&owner);
	for (i = 0; i < NR_BUFFERS; i++)
		lend(&owner, i);
	while (any_lives(&owner))
		call_any(&owner);
	/* Every kind of call still works. */
	for (i = 0; i < 4 * DVT_ARRAY_SIZE(calls); i++)
		call_any(&owner);
	for (i = 0; i < DVT_ARRAY_SIZE(calls); i++)
		printf("calls of kind %u: %lu\n", i, owner.nr_calls[i]);
	for (i = 0; i < NR_BUFFERS; i++)
		close(owner.fds[i]);
	for (i = 0; i < NR_BORROWERS; i++)
		close(owner.borrowers[i].sock);
	wait_for_the_last(owner.dev.bdf);
	rounds_assert_nothing_left(owner.dev.bdf);
}
END_TEST

int main(void)
{
	struct dvt_test tests[] = {
		{ hostile_borrowers_hurt_nobody },
		{ NULL },
	};

	first_seed = rounds_seed("DVP_HOSTILE_SEED");
	nr_ops = rounds_setting("DVP_HOSTILE_OPS", NR_OPS);
	tests[0].rows = rounds_count(nr_ops, ROUND_OPS);
	return dvt_main("hostile", tests);
}
