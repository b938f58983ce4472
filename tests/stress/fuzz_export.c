// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exports: made near to right, and judged by the rules of the contract.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define MAX_RANGES 262144U
#define OPEN_FLAGS (O_ACCMODE | O_CLOEXEC | O_NONBLOCK)
#define EXPORT_FLAGS \
	(DMABUF_VFIO_PCI_EXPORT_HUGE | DMABUF_VFIO_PCI_EXPORT_CPU_ONLY)

enum {
	FEW_RANGES = 8,
	/* From here on, there may be no memory. */
	MANY_RANGES = 4096,
};

static uint64_t bar_pages(const struct fuzz *fuzz, unsigned int bar)
{
	if (bar >= FUZZ_NR_BARS)
		return 0;
	return (fuzz->bars[bar].len + FUZZ_PAGE - 1) / FUZZ_PAGE;
}

static uint32_t choose_bar(struct fuzz *fuzz)
{
	static const uint32_t odd[] = { 6, 7, 8, 9, 64, 0x80000000, ~0U };
	uint32_t bar, tries;

	if (fuzz_one_in(fuzz, 24))
		return odd[fuzz_below(fuzz, DVT_ARRAY_SIZE(odd))];
	bar = fuzz_below(fuzz, FUZZ_NR_BARS);
	for (tries = 0; tries < FUZZ_NR_BARS && !fuzz->bars[bar].mmap; tries++)
		bar = (bar + 1) % FUZZ_NR_BARS;
	return fuzz_one_in(fuzz, 24) ? fuzz_below(fuzz, FUZZ_NR_BARS) : bar;
}

/*
 * Feature 11 ignores other bits, as in-tree does. It does not judge an access
 * mode of 3 either, and a buffer of that mode is of no use here.
 */
static uint32_t spoil_open_flags(struct fuzz *fuzz, uint32_t number,
				 uint32_t flags)
{
	uint32_t bit = 1U << fuzz_below(fuzz, 32);

	if (number == VFIO_DEVICE_FEATURE_DMA_BUF && bit & O_ACCMODE)
		return flags;
	return flags | bit;
}

static uint32_t choose_open_flags(struct fuzz *fuzz, uint32_t number)
{
	static const uint32_t modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	uint32_t flags = modes[fuzz_below(fuzz, DVT_ARRAY_SIZE(modes))];

	if (fuzz_one_in(fuzz, 2))
		flags |= O_CLOEXEC;
	if (fuzz_one_in(fuzz, 8))
		flags |= O_NONBLOCK;
	if (fuzz_one_in(fuzz, 24))
		flags = spoil_open_flags(fuzz, number, flags);
	return flags;
}

static uint32_t choose_nr(struct fuzz *fuzz)
{
	if (fuzz_one_in(fuzz, 1024))
		return MAX_RANGES - fuzz_below(fuzz, 2);
	if (fuzz_one_in(fuzz, 16))
		return fuzz_below(fuzz, 512);
	return 1 + fuzz_below(fuzz, FEW_RANGES);
}

/* Right ranges; the many of a long list all look alike. */
static void make_ranges(struct fuzz *fuzz, struct vfio_region_dma_range *ranges,
			uint32_t nr, uint64_t pages)
{
	uint32_t i;

	for (i = 0; i < nr; i++) {
		if (nr > 512 && i >= 64) {
			ranges[i] = ranges[i % 64];
			continue;
		}
		ranges[i].offset = fuzz_below(fuzz, pages ? pages : 1);
		ranges[i].length = 1;
		if (pages > ranges[i].offset + 1 && nr <= 512)
			ranges[i].length += fuzz_below(fuzz, pages -
						       ranges[i].offset);
		ranges[i].offset *= FUZZ_PAGE;
		ranges[i].length *= FUZZ_PAGE;
	}
}

static uint64_t odd_value(struct fuzz *fuzz, uint64_t old, uint64_t len)
{
	switch (fuzz_below(fuzz, 8)) {
	case 0:
		return 0;
	case 1:
		return old + (1UL << fuzz_below(fuzz, 12));
	case 2:
		return -FUZZ_PAGE * fuzz_below(fuzz, 3);
	case 3:
		return 1UL << fuzz_below(fuzz, 64);
	case 4:
		return len;
	case 5:
		return len + FUZZ_PAGE;
	case 6:
		return -old;
	default:
		return chance_any(&fuzz->rng);
	}
}

static void spoil_range(struct fuzz *fuzz, struct vfio_region_dma_range *ranges,
			uint32_t nr, uint64_t len)
{
	struct vfio_region_dma_range *range;

	if (!nr || !fuzz_one_in(fuzz, 4))
		return;
	range = &ranges[fuzz_below(fuzz, nr)];
	if (fuzz_one_in(fuzz, 2))
		range->offset = odd_value(fuzz, range->offset, len);
	else
		range->length = odd_value(fuzz, range->length, len);
}

static void spoil_head(struct fuzz *fuzz,
		       struct vfio_device_feature_dma_buf *head)
{
	static const uint32_t odd[] = {
		0, MAX_RANGES, MAX_RANGES + 1, 0x0fffffff, 0x10000000, ~0U,
	};

	if (fuzz_one_in(fuzz, 24))
		head->flags = 1U << fuzz_below(fuzz, 32);
	if (fuzz_one_in(fuzz, 24))
		head->nr_ranges += fuzz_one_in(fuzz, 2) ? 1 : -1;
	if (fuzz_one_in(fuzz, 24))
		head->nr_ranges = odd[fuzz_below(fuzz, DVT_ARRAY_SIZE(odd))];
}

/**
 * fuzz_export_make() - make the payload of an export
 * @fuzz: the round
 * @number: VFIO_DEVICE_FEATURE_DMA_BUF or DMABUF_VFIO_PCI_FEATURE_EXPORT
 * @call: its data is filled in
 */
void fuzz_export_make(struct fuzz *fuzz, uint32_t number,
		      struct fuzz_call *call)
{
	struct vfio_device_feature_dma_buf *head = (void *)call->data;
	uint32_t nr = choose_nr(fuzz), bar = choose_bar(fuzz);
	uint64_t pages = bar_pages(fuzz, bar);

	*head = (struct vfio_device_feature_dma_buf){
		.region_index = bar,
		.open_flags = choose_open_flags(fuzz, number),
		.flags = number == DMABUF_VFIO_PCI_FEATURE_EXPORT ?
			 fuzz_below(fuzz, EXPORT_FLAGS + 1) : 0,
		.nr_ranges = nr,
	};
	make_ranges(fuzz, head->dma_ranges, nr, pages);
	spoil_range(fuzz, head->dma_ranges, nr, pages * FUZZ_PAGE);
	spoil_head(fuzz, head);
	call->len = sizeof(*head) + nr * sizeof(head->dma_ranges[0]);
	fuzz_say(fuzz, "export of BAR %#x, flags %#x and %#x, %#x ranges", bar,
		 head->open_flags, head->flags, head->nr_ranges);
}

static void judge_flags(const struct vfio_device_feature_dma_buf *head,
			uint32_t number, struct fuzz_verdict *verdict)
{
	if (number == VFIO_DEVICE_FEATURE_DMA_BUF) {
		if (head->flags)
			fuzz_refuse(verdict, EINVAL);
		return;
	}
	if (head->flags & ~EXPORT_FLAGS || head->open_flags & ~OPEN_FLAGS ||
	    (head->open_flags & O_ACCMODE) == O_ACCMODE)
		fuzz_refuse(verdict, EINVAL);
}

static void judge_head(const struct vfio_device_feature_dma_buf *head,
		       uint64_t room, struct fuzz_verdict *verdict)
{
	if (!head->nr_ranges)
		fuzz_refuse(verdict, EINVAL);
	if (head->nr_ranges > MAX_RANGES)
		fuzz_refuse(verdict, E2BIG);
	if (room / sizeof(head->dma_ranges[0]) < head->nr_ranges)
		fuzz_refuse(verdict, EINVAL);
	if (head->nr_ranges > MANY_RANGES)
		fuzz_allow(verdict, ENOMEM);
}

static void judge_bar(const struct fuzz *fuzz, uint32_t bar,
		      struct fuzz_verdict *verdict)
{
	if (bar >= FUZZ_NR_BARS || !fuzz->bars[bar].len)
		fuzz_refuse(verdict, ENODEV);
	else if (fuzz->bars[bar].io)
		fuzz_refuse(verdict, EINVAL);
	else if (!fuzz->bars[bar].mmap)
		fuzz_refuse(verdict, ENODEV);
}

static void judge_range(const struct vfio_region_dma_range *range, uint64_t len,
			struct fuzz_verdict *verdict)
{
	uint64_t end;

	if (!range->length || (range->offset | range->length) % FUZZ_PAGE)
		fuzz_refuse(verdict, EINVAL);
	else if (__builtin_add_overflow(range->offset, range->length, &end))
		fuzz_refuse(verdict, EOVERFLOW);
	else if (end > len)
		fuzz_refuse(verdict, EINVAL);
}

/**
 * fuzz_export_judge() - judge what an export may return
 * @fuzz: the round
 * @number: VFIO_DEVICE_FEATURE_DMA_BUF or DMABUF_VFIO_PCI_FEATURE_EXPORT
 * @call: the call; its frame is right
 * @place: where it is
 * @verdict: success, to be changed
 */
void fuzz_export_judge(const struct fuzz *fuzz, uint32_t number,
		       const struct fuzz_call *call,
		       const struct fuzz_place *place,
		       struct fuzz_verdict *verdict)
{
	const struct vfio_device_feature_dma_buf *head = (void *)call->data;
	uint64_t len = bar_pages(fuzz, head->region_index) * FUZZ_PAGE;
	size_t fixed = FUZZ_HEAD + sizeof(*head), have;
	uint32_t i;

	if (place->readable < fixed) {
		fuzz_refuse(verdict, EFAULT);
		return;
	}
	judge_flags(head, number, verdict);
	judge_head(head, call->argsz - fixed, verdict);
	judge_bar(fuzz, head->region_index, verdict);
	have = (place->readable - fixed) / sizeof(head->dma_ranges[0]);
	if (have < head->nr_ranges) {
		fuzz_refuse(verdict, EFAULT);
		return;
	}
	for (i = 0; i < head->nr_ranges; i++)
		judge_range(&head->dma_ranges[i], len, verdict);
}

/**
 * fuzz_export_done() - an export has succeeded
 * @fuzz: the round
 * @call: the call
 * @fd: the buffer
 */
void fuzz_export_done(struct fuzz *fuzz, const struct fuzz_call *call, int fd)
{
	const struct vfio_device_feature_dma_buf *head = (void *)call->data;
	uint32_t mode = head->open_flags & O_ACCMODE, i;
	uint64_t size = 0;

	for (i = 0; i < head->nr_ranges; i++)
		size += head->dma_ranges[i].length;
	fuzz_expect(fuzz, lseek(fd, 0, SEEK_END) == (off_t)size,
		    "another size");
	fuzz_expect(fuzz, (fcntl(fd, F_GETFL) & O_ACCMODE) == (int)mode,
		    "another access mode");
	fuzz_expect(fuzz, !(fcntl(fd, F_GETFD) & FD_CLOEXEC) ==
		    !(head->open_flags & O_CLOEXEC), "close-on-exec");
	fuzz_buffer_add(fuzz, fd, size / FUZZ_PAGE, mode);
}
