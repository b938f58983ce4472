// SPDX-License-Identifier: GPL-2.0-only
/*
 * REVOKE of one mapped buffer: alone, among many others, and while the revocation of
 * another buffer is stuck in the MMU notifier of its borrower.
 */
#include <sys/ioctl.h>

#include "bench.h"

#define NR_ROUNDS 20
#define NR_OTHERS BENCH_SET_MOST

void bench_revoke_one(const struct bench_device *device, int fd)
{
	struct {
		struct vfio_device_feature call;
		struct dmabuf_vfio_pci_revoke payload;
	} req = {
		.call.argsz = sizeof(req),
		.call.flags = VFIO_DEVICE_FEATURE_SET |
			      DMABUF_VFIO_PCI_FEATURE_REVOKE,
		.payload.dmabuf_fd = fd,
	};

	bench_must(ioctl(device->dev.fd, VFIO_DEVICE_FEATURE, &req));
}

static uint64_t measure_once(const struct bench_device *device, char *room)
{
	struct bench_set *one = bench_set_new(device);
	uint64_t cost;

	bench_set_export(one, 1);
	bench_set_map(one, 1, room);
	bench_set_touch(one);
	bench_mark_begin();
	cost = bench_clock();
	bench_revoke_one(device, one->fds[0]);
	cost = bench_clock() - cost;
	bench_mark_end();
	bench_set_free(one);
	return cost;
}

static uint64_t measure(const struct bench_side *side, char *room)
{
	uint64_t least = UINT64_MAX;
	int i;

	for (i = 0; i < NR_ROUNDS; i++)
		bench_keep_least(&least, measure_once(&side->dev, room));
	return least;
}

static void measure_alone(const struct bench_side *side, char *room)
{
	const char *figure = "revoke_alone";
	int i;

	bench_print(figure, side->name, measure(side, room));

	if (!bench_profile_begin(figure, side))
		return;
	for (i = 0; i < BENCH_PROFILE_ROUNDS; i++)
		measure_once(&side->dev, room);
	bench_profile_end();
}

/* Half of the others are mapped and touched. */
static void measure_among(const struct bench_side *side, char *room)
{
	struct bench_set *others = bench_set_new(&side->dev);

	bench_set_export(others, NR_OTHERS);
	bench_set_map(others, NR_OTHERS / 2, room + BENCH_SLOT);
	bench_set_touch(others);
	bench_print("revoke_among", side->name, measure(side, room));
	bench_set_free(others);
}

static void measure_stalled(const struct bench_side *side, char *room)
{
	const char *figure = "revoke_stalled", *why;
	struct bench_stall stall;
	uint64_t least;

	why = bench_stall_begin(&stall, &side->dev);
	if (why) {
		bench_missing(figure, why);
		return;
	}
	least = measure(side, room);
	if (bench_stall_end(&stall))
		bench_print(figure, side->name, least);
	else
		bench_missing(figure, "REVOKE waits for another borrower");
}

void bench_revoke(const struct bench_side *side)
{
	char *room = bench_room((NR_OTHERS / 2 + 1) * BENCH_SLOT);

	if (!side->ours)
		return;
	measure_alone(side, room);
	measure_among(side, room);
	measure_stalled(side, room);
}
