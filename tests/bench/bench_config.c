// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes of two bytes to the COMMAND register, in pairs: memory decoding off and on,
 * which ends access; and INTx off and on, which a guest does for each interrupt and
 * which must leave mappings alone. Mappings are touched before each pair.
 */
#include <linux/pci_regs.h>
#include <stdio.h>
#include <unistd.h>

#include "bench.h"

#define NR_ROUNDS 20
#define NR_MOST 1024

static void write_command(const struct bench_device *device, uint16_t command)
{
	bench_must(pwrite(device->dev.fd, &command, sizeof(command),
			  device->config + PCI_COMMAND));
}

static uint64_t write_pair(const struct bench_device *device, uint16_t first,
			   uint16_t second)
{
	uint64_t cost = bench_clock();

	write_command(device, first);
	write_command(device, second);
	return bench_clock() - cost;
}

/* The first write of a pair flips @bit, the second flips it back. */
static void measure(const struct bench_side *side, const char *kind,
		    unsigned int nr, const struct bench_set *set, uint16_t bit)
{
	uint64_t least = UINT64_MAX;
	uint16_t command;
	char figure[32];
	int i;

	bench_must(dvl_config_read(&side->dev.dev, PCI_COMMAND, &command, 2));
	command |= PCI_COMMAND_MEMORY;
	for (i = 0; i < NR_ROUNDS; i++) {
		bench_set_touch(set);
		bench_keep_least(&least, write_pair(&side->dev, command ^ bit,
						    command));
	}
	snprintf(figure, sizeof(figure), "%s_%u", kind, nr);
	bench_print(figure, side->name, least);

	if (!bench_profile_begin(figure, side))
		return;
	for (i = 0; i < BENCH_PROFILE_ROUNDS; i++) {
		bench_set_touch(set);
		bench_mark_begin();
		write_pair(&side->dev, command ^ bit, command);
		bench_mark_end();
	}
	bench_profile_end();
}

static void measure_unmapped(const struct bench_side *side, unsigned int nr)
{
	struct bench_set *set = bench_set_new(&side->dev);

	bench_set_export(set, nr);
	measure(side, "decode_unmapped", nr, set, PCI_COMMAND_MEMORY);
	bench_set_free(set);
}

static void measure_buffers(const struct bench_side *side, const char *kind,
			    unsigned int nr, char *room, uint16_t bit)
{
	struct bench_set *set = bench_set_new(&side->dev);

	bench_set_export(set, nr);
	bench_set_map(set, nr, room);
	measure(side, kind, nr, set, bit);
	bench_set_free(set);
}

static void measure_bar(const struct bench_side *side, const char *kind,
			unsigned int nr, char *room, uint16_t bit)
{
	struct bench_set *set = bench_set_new(&side->dev);

	bench_set_map_bar(set, nr, room);
	measure(side, kind, nr, set, bit);
	bench_set_free(set);
}

/* To be called first, while the driver has no buffer of any kind. */
void bench_decode_unmapped(const struct bench_side *side)
{
	measure_unmapped(side, 0);
	if (!side->exports)
		return;
	measure_unmapped(side, 1);
	measure_unmapped(side, 64);
	measure_unmapped(side, NR_MOST);
}

void bench_decode_mapped(const struct bench_side *side)
{
	static const unsigned int nr[] = { 1, 64, NR_MOST };
	char *room = bench_room(NR_MOST * BENCH_SLOT);
	size_t i;

	for (i = 0; i < BENCH_ARRAY_SIZE(nr); i++) {
		measure_bar(side, "decode_bar", nr[i], room,
			    PCI_COMMAND_MEMORY);
		if (side->ours)
			measure_buffers(side, "decode_buffers", nr[i], room,
					PCI_COMMAND_MEMORY);
	}
}

void bench_intx(const struct bench_side *side)
{
	char *room = bench_room(64 * BENCH_SLOT);

	measure_bar(side, "intx_bar", 0, room, PCI_COMMAND_INTX_DISABLE);
	measure_bar(side, "intx_bar", 64, room, PCI_COMMAND_INTX_DISABLE);
	if (side->ours)
		measure_buffers(side, "intx_buffers", 64, room,
				PCI_COMMAND_INTX_DISABLE);
}
