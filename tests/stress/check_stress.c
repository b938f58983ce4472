// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything at once, at random, in rounds that are bounded by operations.
 *
 *	DVP_STRESS_OPS	how many operations in all
 *	DVP_STRESS_SEED	of the first round; the next one has the next number
 *
 * A round is told by its seed, so one that failed is repeated as the first: what
 * each worker does is the same then, if not when.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rounds.h"
#include "stress.h"

enum {
	NR_OPS = 20000,
	ROUND_OPS = 2500,
};

#define START_PAUSE_US 1000
#define PREFER_WRITER PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP

/* The register that keeps its word: what a virtio device offers, first half. */
#define FLR_SELECT 0
#define FLR_WORD STRESS_WORD

static uint64_t first_seed;
static unsigned long nr_ops;

static const char * const roles[STRESS_NR_GATES] = {
	[STRESS_RAM] = "DVP_BDF",
	[STRESS_FLR] = "DVP_BDF_FLR",
};

/**
 * struct round - what one round needs
 * @go: the workers may start
 */
struct round {
	struct stress_shared *shared;
	struct stress_lender lender;
	struct stress_worker workers[STRESS_NR_WORKERS];
	pthread_t threads[STRESS_NR_LENDERS];
	pid_t pids[STRESS_NR_BORROWERS];
	atomic_bool *go;
};

static void *shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(memory, MAP_FAILED);
	return memory;
}

static void prepare(struct round *round, unsigned int nr)
{
	unsigned long ops = rounds_share(nr_ops, ROUND_OPS);
	struct stress_shared *shared;
	int i, sockets[2];

	round->go = shared_memory(sizeof(*round->go));
	shared = shared_memory(sizeof(*shared));
	shared->seed = first_seed + nr;
	shared->nr_ops = (ops + STRESS_NR_WORKERS - 1) / STRESS_NR_WORKERS;
	stress_model_init(shared);
	for (i = 0; i < STRESS_NR_WORKERS; i++) {
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC,
					    0, sockets), 0);
		shared->inbox_in[i] = sockets[0];
		shared->inbox_out[i] = sockets[1];
		round->workers[i].shared = shared;
		round->workers[i].number = i;
		round->workers[i].peer.fd = -1;
	}
	round->shared = shared;
}

static void start_borrower(struct round *round, unsigned int i)
{
	struct stress_worker *worker = &round->workers[STRESS_NR_LENDERS + i];

	round->pids[i] = fork();
	ck_assert_int_ge(round->pids[i], 0);
	if (round->pids[i])
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!atomic_load(round->go))
		usleep(START_PAUSE_US);
	stress_work(worker);
	_exit(0);
}

static void open_devices(struct round *round)
{
	struct stress_lender *lender = &round->lender;
	pthread_rwlockattr_t attr;
	unsigned int i;

	pthread_rwlockattr_init(&attr);
	/* Else who wants to close a device never comes to do it. */
	pthread_rwlockattr_setkind_np(&attr, PREFER_WRITER);
	for (i = 0; i < STRESS_NR_GATES; i++) {
		dvt_open(&lender->devs[i], dvt_bdf(roles[i]));
		pthread_rwlock_init(&lender->open[i], &attr);
	}
	lender->wc = dvt_caps(&lender->devs[0]) & DMABUF_VFIO_PCI_CAP_MEMATTR_WC;
	dvt_poke32(&lender->devs[STRESS_FLR], 4, FLR_SELECT, 0);
	round->shared->constant = dvt_peek32(&lender->devs[STRESS_FLR], 4,
					     FLR_WORD);
	ck_assert_uint_ne(round->shared->constant, 0);
}

/* The BAR has something in it from the start that can be judged. */
static void fill_slots(struct round *round)
{
	struct stress_slot *slot = round->shared->slots;
	unsigned int i;

	for (i = 0; i < STRESS_NR_SLOTS; i++, slot++)
		slot->poisoned = stress_tag_fill(&round->workers[0], slot, 0,
						 true);
}

static void *run_lender(void *arg)
{
	stress_work(arg);
	return NULL;
}

static void start_lenders(struct round *round)
{
	bool imports = dvt_caps(&round->lender.devs[STRESS_RAM]) &
		       DMABUF_VFIO_PCI_CAP_DMA_IMPORT && dvt_bdf("DVP_BDF_PEER");
	unsigned int i;

	for (i = 0; i < STRESS_NR_LENDERS; i++) {
		round->workers[i].lender = &round->lender;
		if (imports)
			dvt_peer_open(&round->workers[i].peer,
				      dvt_bdf("DVP_BDF_PEER"));
	}
	fill_slots(round);
	atomic_store(round->go, true);
	for (i = 0; i < STRESS_NR_LENDERS; i++)
		ck_assert_int_eq(pthread_create(&round->threads[i], NULL,
						run_lender,
						&round->workers[i]), 0);
}

static void wait_for_all(struct round *round)
{
	unsigned int i, worst = 0;
	int status;

	for (i = 0; i < STRESS_NR_LENDERS; i++)
		ck_assert_int_eq(pthread_join(round->threads[i], NULL), 0);
	for (i = 0; i < STRESS_NR_BORROWERS; i++) {
		ck_assert_int_eq(waitpid(round->pids[i], &status, 0),
				 round->pids[i]);
		worst |= status;
	}
	ck_assert_msg(!round->shared->failed, "%s", round->shared->message);
	ck_assert_msg(!worst, "a borrower ended with status %#x", worst);
}

static void close_all(struct round *round)
{
	unsigned int i;

	for (i = 0; i < STRESS_NR_SLOTS; i++)
		if (round->shared->slots[i].fd >= 0)
			close(round->shared->slots[i].fd);
	for (i = 0; i < STRESS_NR_WORKERS; i++) {
		close(round->shared->inbox_in[i]);
		close(round->shared->inbox_out[i]);
		if (round->workers[i].peer.fd >= 0)
			dvt_peer_close(&round->workers[i].peer);
	}
	for (i = 0; i < STRESS_NR_GATES; i++)
		dvl_device_close(&round->lender.devs[i]);
}

static void assert_works(const char *bdf)
{
	struct dvl_device dev;
	uint8_t *map;
	int fd;

	dvt_open(&dev, bdf);
	fd = dvt_export(&dev, 2, 0, DVT_MIB, O_RDWR);
	map = dvt_map(fd, DVT_MIB, PROT_READ | PROT_WRITE);
	dvt_assert_usable(map);
	ck_assert_int_eq(dvl_revoke(dev.fd, fd), 0);
	dvt_assert_sigbus(map);
	munmap(map, DVT_MIB);
	close(fd);
	dvl_device_close(&dev);
}

/* A round in which nothing could be judged would be no test. */
static void assert_judged(const struct round *round, double seconds)
{
	unsigned int i, sure = 0, refused = 0, open = 0, ops = 0;
	const struct stress_log *log = round->shared->logs;

	for (i = 0; i < STRESS_NR_WORKERS; i++, log++) {
		ops += log->nr;
		sure += log->nr_sure;
		refused += log->nr_refused;
		open += log->nr_open;
	}
	printf("seed %" PRIu64 ": %u operations in %.1f s; touches: %u had to succeed, %u to fail, %u could do either\n",
	       round->shared->seed, ops, seconds, sure, refused, open);
	fflush(stdout);
	ck_assert_uint_gt(sure, 0);
	ck_assert_uint_gt(refused, 0);
}

START_TEST(every_touch_finds_what_the_model_says)
{
	static struct round round;
	struct dvt_traces before;
	unsigned int i;
	double start;

	for (i = 0; i < STRESS_NR_GATES; i++)
		if (!dvt_bdf(roles[i]))
			dvt_skip("no device for %s", roles[i]);
	printf("seed %" PRIu64 "\n", first_seed + _i);
	fflush(stdout);
	dvt_traces_take(&before);
	prepare(&round, _i);
	for (i = 0; i < STRESS_NR_BORROWERS; i++)
		start_borrower(&round, i);
	open_devices(&round);
	start = rounds_clock();
	start_lenders(&round);
	wait_for_all(&round);
	close_all(&round);
	assert_judged(&round, rounds_clock() - start);
	dvt_traces_assert_same(&before);
	for (i = 0; i < STRESS_NR_GATES; i++)
		rounds_assert_nothing_left(dvt_bdf(roles[i]));
	assert_works(dvt_bdf(roles[STRESS_RAM]));
}
END_TEST

int main(void)
{
	struct dvt_test tests[] = {
		{ every_touch_finds_what_the_model_says },
		{ NULL },
	};

	first_seed = rounds_seed("DVP_STRESS_SEED");
	nr_ops = rounds_setting("DVP_STRESS_OPS", NR_OPS);
	tests[0].rows = rounds_count(nr_ops, ROUND_OPS);
	return dvt_main("stress", tests);
}
