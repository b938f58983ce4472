// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls with arguments at random, in rounds that are bounded by calls.
 *
 *	DVP_FUZZ_CALLS	how many calls in all
 *	DVP_FUZZ_SEED	of the first round of those whose seed is not given
 *
 * Half of the rounds do what they did the last time, the others something new. A
 * round is told by its seed: as DVP_FUZZ_SEED it comes first among the others.
 */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "dvt_fault.h"
#include "fuzz.h"
#include "rounds.h"

enum {
	NR_CALLS = 20000,
	ROUND_CALLS = 2500,
	SETTLE_EVERY = 32,
	CLOSED_FD = 900,
};

/* Which of its own a device has follows from the seed, too. */
static const char * const roles[] = {
	"DVP_BDF_FLR", "DVP_BDF", "DVP_BDF_FLR", "DVP_BDF_IO",
};

static uint64_t new_seed;
static unsigned long nr_calls;

/* The flags that sysfs shows beside the addresses of a BAR. */
static bool is_io(const char *bdf, unsigned int bar)
{
	unsigned long start, end, flags = 0;
	char path[128], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", bdf);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	do {
		ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
	} while (bar--);
	fclose(file);
	ck_assert_int_eq(sscanf(line, "%lx %lx %lx", &start, &end, &flags), 3);
	return flags & 0x100;
}

static void look_at_bars(struct fuzz *fuzz)
{
	struct vfio_region_info info;
	unsigned int i;

	for (i = 0; i < FUZZ_NR_BARS; i++) {
		ck_assert_int_eq(dvl_region_info(&fuzz->dev, i, &info), 0);
		fuzz->region_off[i] = info.offset;
		fuzz->bars[i].len = info.size;
		fuzz->bars[i].mmap = info.flags & VFIO_REGION_INFO_FLAG_MMAP;
		fuzz->bars[i].io = is_io(fuzz->dev.bdf, i);
	}
	fuzz->wc = dvt_caps(&fuzz->dev) & DMABUF_VFIO_PCI_CAP_MEMATTR_WC;
}

static unsigned int first_bar(const struct fuzz *fuzz)
{
	unsigned int bar;

	for (bar = 0; bar < FUZZ_NR_BARS; bar++)
		if (fuzz->bars[bar].mmap)
			return bar;
	ck_abort_msg("%s has nothing to map", fuzz->dev.bdf);
}

/* One of an earlier opening, and one that is there only by its path. */
static void open_device(struct fuzz *fuzz, const char *bdf)
{
	char path[64];
	int dead, live;

	dvt_open(&fuzz->dev, bdf);
	look_at_bars(fuzz);
	dead = dvt_export(&fuzz->dev, first_bar(fuzz), 0, FUZZ_PAGE, O_RDWR);
	dvl_device_close(&fuzz->dev);
	fuzz_others_add(fuzz, dead, ENODEV);

	dvt_open(&fuzz->dev, bdf);
	live = dvt_export(&fuzz->dev, first_bar(fuzz), 0, FUZZ_PAGE, O_RDWR);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", live);
	fuzz_others_add(fuzz, open(path, O_PATH | O_CLOEXEC), EBADF);
	ck_assert_int_ge(fuzz->others[fuzz->nr_others - 1].fd, 0);
	close(live);
	fuzz_others_add(fuzz, fuzz->dev.fd, EINVAL);
}

static void collect_others(struct fuzz *fuzz)
{
	fuzz->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ck_assert_int_ge(fuzz->event, 0);
	fuzz_others_add(fuzz, memfd_create("fuzz", MFD_CLOEXEC), EINVAL);
	fuzz_others_add(fuzz, CLOSED_FD, EBADF);
	fuzz_others_add(fuzz, -1, EBADF);
	fuzz_others_add(fuzz, INT32_MAX, EBADF);
}

static void call_any(struct fuzz *fuzz)
{
	uint32_t which = fuzz_below(fuzz, 2048);

	if (!which)
		fuzz_reset(fuzz);
	else if (which < 256)
		fuzz_config(fuzz);
	else if (which < 1024)
		fuzz_map(fuzz);
	else
		fuzz_feature(fuzz);
}

static void run(struct fuzz *fuzz, unsigned int nr)
{
	for (fuzz->nr = 0; fuzz->nr < nr; fuzz->nr++) {
		fuzz->rng = chance_mix(fuzz->seed) ^ chance_mix(fuzz->nr);
		call_any(fuzz);
		if (fuzz->nr % SETTLE_EVERY == SETTLE_EVERY - 1)
			fuzz_settle(fuzz);
	}
	fuzz_settle(fuzz);
}

static void let_go(struct fuzz *fuzz)
{
	unsigned int i;

	for (i = 0; i < FUZZ_NR_MAPS; i++)
		fuzz_map_reserve(fuzz, &fuzz->maps[i]);
	for (i = 0; i < fuzz->nr_buffers; i++)
		fuzz_buffer_drop(fuzz, i);
	for (i = 0; i < fuzz->nr_others; i++)
		if (fuzz->others[i].fd < CLOSED_FD && fuzz->others[i].fd >= 0 &&
		    fuzz->others[i].fd != fuzz->dev.fd)
			close(fuzz->others[i].fd);
	close(fuzz->event);
	dvl_device_close(&fuzz->dev);
}

static void run_round(struct fuzz *fuzz, const char *bdf, unsigned int nr)
{
	struct dvt_traces before;
	double start;
	int log;

	printf("seed %" PRIu64 " with %s\n", fuzz->seed, bdf);
	fflush(stdout);
	/* Registers that a config write reaches can start DMA. */
	log = dvt_fault_expect(bdf);
	dvt_traces_take(&before);
	collect_others(fuzz);
	open_device(fuzz, bdf);
	fuzz_place_init(fuzz);
	fuzz_map_init(fuzz);
	start = rounds_clock();
	run(fuzz, nr);
	printf("seed %" PRIu64 ": %u calls in %.1f s, %u of them good, %u bad\n",
	       fuzz->seed, nr, rounds_clock() - start, fuzz->nr_good, fuzz->nr_bad);
	fflush(stdout);
	let_go(fuzz);
	dvt_traces_assert_same(&before);
	rounds_assert_nothing_left(bdf);
	dvt_fault_over(log);
	ck_assert_uint_gt(fuzz->nr_good, 0);
	ck_assert_uint_gt(fuzz->nr_bad, 0);
}

START_TEST(every_call_comes_to_what_the_contract_says)
{
	static struct fuzz fuzz;
	const char *role;

	/* One of the old, one of the new. */
	fuzz.seed = _i % 2 ? new_seed + _i / 2 : (uint64_t)_i / 2;
	role = roles[fuzz.seed % DVT_ARRAY_SIZE(roles)];
	if (!dvt_bdf(role))
		dvt_skip("no device for %s", role);
	run_round(&fuzz, dvt_bdf(role), rounds_share(nr_calls, ROUND_CALLS));
}
END_TEST

/*
 * Each call waits for the one before, so a second processor gives nothing but
 * interrupts that it has to answer whenever a mapping goes.
 */
static void stay_on_one_processor(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		abort();
}

int main(void)
{
	struct dvt_test tests[] = {
		{ every_call_comes_to_what_the_contract_says },
		{ NULL },
	};

	stay_on_one_processor();
	new_seed = rounds_seed("DVP_FUZZ_SEED");
	nr_calls = rounds_setting("DVP_FUZZ_CALLS", NR_CALLS);
	tests[0].rows = rounds_count(nr_calls, ROUND_CALLS);
	return dvt_main("fuzz", tests);
}
