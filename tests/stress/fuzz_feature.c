// SPDX-License-Identifier: GPL-2.0-only
/*
 * Feature calls: any feature, any operation, any size. What is said of the frame
 * comes first; then the feature has its own rules.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "fuzz.h"

#define OPERATIONS (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET)
#define KNOWN_FLAGS (VFIO_DEVICE_FEATURE_MASK | OPERATIONS | \
		     VFIO_DEVICE_FEATURE_PROBE)

/**
 * struct kind - a feature
 * @number: its number
 * @op: the operation that it has; 0: it is not ours
 * @fixed: bytes of payload that there must be
 * @weight: how often it is chosen
 */
struct kind {
	uint32_t number;
	uint32_t op;
	size_t fixed;
	unsigned int weight;
};

static const struct kind kinds[] = {
	{ VFIO_DEVICE_FEATURE_DMA_BUF, VFIO_DEVICE_FEATURE_GET,
	  sizeof(struct vfio_device_feature_dma_buf), 8 },
	{ DMABUF_VFIO_PCI_FEATURE_EXPORT, VFIO_DEVICE_FEATURE_GET,
	  sizeof(struct vfio_device_feature_dma_buf), 8 },
	{ DMABUF_VFIO_PCI_FEATURE_REVOKE, VFIO_DEVICE_FEATURE_SET,
	  sizeof(struct dmabuf_vfio_pci_revoke), 4 },
	{ DMABUF_VFIO_PCI_FEATURE_MEMATTR, VFIO_DEVICE_FEATURE_SET,
	  sizeof(struct dmabuf_vfio_pci_memattr), 4 },
	{ DMABUF_VFIO_PCI_FEATURE_INFO, VFIO_DEVICE_FEATURE_GET,
	  sizeof(struct dmabuf_vfio_pci_info), 2 },
	{ DMABUF_VFIO_PCI_FEATURE_EVENT, VFIO_DEVICE_FEATURE_SET,
	  sizeof(struct dmabuf_vfio_pci_event), 4 },
	{ DMABUF_VFIO_PCI_FEATURE_STATE, VFIO_DEVICE_FEATURE_GET,
	  sizeof(struct dmabuf_vfio_pci_state), 4 },
	{ 0, 0, 0, 1 },		/* any other */
};

static const struct kind *choose_kind(struct fuzz *fuzz)
{
	unsigned int sum = 0, i, at;

	for (i = 0; i < DVT_ARRAY_SIZE(kinds); i++)
		sum += kinds[i].weight;
	at = fuzz_below(fuzz, sum);
	for (i = 0; at >= kinds[i].weight; i++)
		at -= kinds[i].weight;
	return &kinds[i];
}

/* The core's; ours are taken out. */
static uint32_t other_number(struct fuzz *fuzz)
{
	static const uint32_t odd[] = {
		0xdb06, 0xdb10, 0xdaff, 0xffff, 0x8000, 0x1000,
	};
	uint32_t number = fuzz_below(fuzz, 20);

	if (fuzz_one_in(fuzz, 2) || number == VFIO_DEVICE_FEATURE_DMA_BUF)
		number = odd[fuzz_below(fuzz, DVT_ARRAY_SIZE(odd))];
	return number;
}

static uint32_t choose_flags(struct fuzz *fuzz, uint32_t op)
{
	if (fuzz_one_in(fuzz, 16))
		return op | VFIO_DEVICE_FEATURE_PROBE;
	if (fuzz_one_in(fuzz, 16))
		return op ^ OPERATIONS;
	if (fuzz_one_in(fuzz, 16))
		return chance_any(&fuzz->rng) & (OPERATIONS |
						 VFIO_DEVICE_FEATURE_PROBE);
	if (fuzz_one_in(fuzz, 32))
		return op | 1U << (19 + fuzz_below(fuzz, 13));
	return op;
}

static uint32_t choose_argsz(struct fuzz *fuzz, size_t right)
{
	static const uint32_t odd[] = { 0, 1, 7, 8, 9, 11, 12, 23, 24, ~0U };

	if (fuzz_one_in(fuzz, 24))
		return odd[fuzz_below(fuzz, DVT_ARRAY_SIZE(odd))];
	if (fuzz_one_in(fuzz, 24))
		return right + fuzz_below(fuzz, 33) - 16;
	return right;
}

static bool is_export(const struct kind *kind)
{
	return kind->number == VFIO_DEVICE_FEATURE_DMA_BUF ||
	       kind->number == DMABUF_VFIO_PCI_FEATURE_EXPORT;
}

/* The payload starts with the descriptor of a buffer. */
static bool has_target(const struct kind *kind)
{
	return kind->op == VFIO_DEVICE_FEATURE_SET ||
	       kind->number == DMABUF_VFIO_PCI_FEATURE_STATE;
}

/**
 * struct target - the buffer that a call is about
 * @error: errno for its descriptor, or 0
 * @buffer: index of the buffer, or -1
 * @value: the second word of the payload: an attribute, or an eventfd
 * @value_error: errno for @value, or 0
 */
struct target {
	int error;
	int buffer;
	uint32_t value;
	int value_error;
};

static void choose_memattr(struct fuzz *fuzz, struct target *target)
{
	static const uint32_t values[] = { 0, 1, 1, 2, 3, 0x80000000, ~0U };

	target->value = values[fuzz_below(fuzz, DVT_ARRAY_SIZE(values))];
	if (target->value > DMABUF_VFIO_PCI_MEMATTR_WC)
		target->value_error = EINVAL;
	else if (target->value == DMABUF_VFIO_PCI_MEMATTR_WC && !fuzz->wc)
		target->value_error = EOPNOTSUPP;
}

static void choose_event(struct fuzz *fuzz, struct target *target)
{
	const struct {
		int fd;
		int error;
	} rows[] = {
		{ fuzz->event, 0 }, { fuzz->event, 0 }, { -1, 0 },
		{ -2, EBADF }, { INT32_MAX, EBADF }, { fuzz->dev.fd, EINVAL },
	};
	uint32_t i = fuzz_below(fuzz, DVT_ARRAY_SIZE(rows));

	target->value = rows[i].fd;
	target->value_error = rows[i].error;
}

static void make_target(struct fuzz *fuzz, const struct kind *kind,
			struct fuzz_call *call, struct target *target)
{
	int32_t fd = fuzz_any_fd(fuzz, &target->error, &target->buffer);

	if (kind->number == DMABUF_VFIO_PCI_FEATURE_MEMATTR)
		choose_memattr(fuzz, target);
	else if (kind->number == DMABUF_VFIO_PCI_FEATURE_EVENT)
		choose_event(fuzz, target);
	else
		target->value = chance_any(&fuzz->rng);
	/* A revoked buffer still has a state. */
	if (kind->number == DMABUF_VFIO_PCI_FEATURE_STATE &&
	    target->error == EBADFD)
		target->error = 0;
	memset(call->data, 0xa5, kind->fixed);
	memcpy(call->data, &fd, sizeof(fd));
	if (kind->fixed > sizeof(fd))
		memcpy(call->data + sizeof(fd), &target->value,
		       sizeof(target->value));
	call->len = kind->fixed;
}

static void make(struct fuzz *fuzz, const struct kind *kind,
		 struct fuzz_call *call, struct target *target)
{
	uint32_t number = kind->number;
	size_t i;

	if (is_export(kind)) {
		fuzz_export_make(fuzz, number, call);
	} else if (has_target(kind)) {
		make_target(fuzz, kind, call, target);
	} else {
		call->len = kind->op ? kind->fixed : fuzz_below(fuzz, 64);
		for (i = 0; i < call->len; i++)
			call->data[i] = chance_any(&fuzz->rng);
	}
	if (!kind->op)
		number = other_number(fuzz);
	call->flags = number | choose_flags(fuzz, kind->op ? kind->op :
		VFIO_DEVICE_FEATURE_GET << fuzz_below(fuzz, 2));
	call->argsz = choose_argsz(fuzz, FUZZ_HEAD + call->len);
}

/* Returns whether the feature's own rules count. */
static bool judge_frame(const struct fuzz_call *call,
			const struct fuzz_place *place,
			struct fuzz_verdict *verdict)
{
	bool probe = call->flags & VFIO_DEVICE_FEATURE_PROBE;

	if (place->readable < FUZZ_HEAD) {
		fuzz_refuse(verdict, EFAULT);
		return false;
	}
	if (call->argsz < FUZZ_HEAD || call->flags & ~KNOWN_FLAGS ||
	    (!probe && (call->flags & OPERATIONS) == OPERATIONS)) {
		fuzz_refuse(verdict, EINVAL);
		return false;
	}
	return true;
}

/* A number that no kernel has, or one of the core's, which has its own rules. */
static void judge_other(const struct fuzz_call *call,
			struct fuzz_verdict *verdict)
{
	static const int errors[] = {
		EINVAL, ENOTTY, EFAULT, EPERM, EACCES, EBUSY, EOPNOTSUPP,
		ENODEV, ENOMEM, EIO, EBADF,
	};
	size_t i;

	if ((call->flags & VFIO_DEVICE_FEATURE_MASK) > 64) {
		fuzz_refuse(verdict, ENOTTY);
		return;
	}
	for (i = 0; i < DVT_ARRAY_SIZE(errors); i++)
		fuzz_allow(verdict, errors[i]);
}

static void judge_target(const struct kind *kind, const struct target *target,
			 const struct fuzz_place *place,
			 struct fuzz_verdict *verdict)
{
	if (target->error)
		fuzz_refuse(verdict, target->error);
	if (target->value_error)
		fuzz_refuse(verdict, target->value_error);
	if (kind->number == DMABUF_VFIO_PCI_FEATURE_STATE && !place->writable)
		fuzz_refuse(verdict, EFAULT);
}

/* Returns whether the call has gone as far as to do something. */
static bool judge(const struct fuzz *fuzz, const struct kind *kind,
		  const struct fuzz_call *call, const struct fuzz_place *place,
		  const struct target *target, struct fuzz_verdict *verdict)
{
	uint32_t op = call->flags & OPERATIONS;

	*verdict = (struct fuzz_verdict){ .success = true };
	if (!judge_frame(call, place, verdict))
		return false;
	if (!kind->op) {
		judge_other(call, verdict);
		return false;
	}
	if (op & ~kind->op)
		fuzz_refuse(verdict, EINVAL);
	else if (call->flags & VFIO_DEVICE_FEATURE_PROBE)
		return false;
	else if (!op || call->argsz - FUZZ_HEAD < kind->fixed)
		fuzz_refuse(verdict, EINVAL);
	else if (is_export(kind))
		fuzz_export_judge(fuzz, kind->number, call, place, verdict);
	else if (place->readable < FUZZ_HEAD + kind->fixed ||
		 (kind->number == DMABUF_VFIO_PCI_FEATURE_INFO &&
		  !place->writable))
		fuzz_refuse(verdict, EFAULT);
	else if (has_target(kind))
		judge_target(kind, target, place, verdict);
	return verdict->success;
}

/* @usable is false once something may have blocked the device. */
static void look_at_state(const struct fuzz *fuzz, const struct target *target,
			  const struct dmabuf_vfio_pci_state *state)
{
	bool revoked = fuzz->buffers[target->buffer].revoked;

	fuzz_expect(fuzz, !state->reserved, "reserved is not 0");
	fuzz_expect(fuzz, state->state <= DMABUF_VFIO_PCI_STATE_REVOKED,
		    "unknown state");
	fuzz_expect(fuzz, revoked ==
		    (state->state == DMABUF_VFIO_PCI_STATE_REVOKED),
		    "STATE is wrong about a revocation");
	fuzz_expect(fuzz, !state->causes ==
		    (state->state != DMABUF_VFIO_PCI_STATE_BLOCKED),
		    "state and causes differ");
	fuzz_expect(fuzz, !fuzz->usable ||
		    state->state != DMABUF_VFIO_PCI_STATE_BLOCKED,
		    "blocked without a cause");
}

static void done(struct fuzz *fuzz, const struct kind *kind,
		 const struct fuzz_call *call, const struct fuzz_place *place,
		 const struct target *target, int result)
{
	const struct dmabuf_vfio_pci_info *info = place->ptr + FUZZ_HEAD;

	if (kind->number == DMABUF_VFIO_PCI_FEATURE_INFO)
		fuzz_expect(fuzz, info->abi_version && !info->reserved,
			    "INFO is wrong");
	else if (kind->number == DMABUF_VFIO_PCI_FEATURE_REVOKE)
		fuzz->buffers[target->buffer].revoked = true;
	else if (kind->number == DMABUF_VFIO_PCI_FEATURE_STATE)
		look_at_state(fuzz, target, place->ptr + FUZZ_HEAD);
	else if (is_export(kind))
		fuzz_export_done(fuzz, call, result);
	fuzz_map_touch_all(fuzz);
}

static void call_it(struct fuzz *fuzz, const struct kind *kind, uint8_t *bytes)
{
	struct vfio_device_feature *head = (void *)bytes;
	struct fuzz_call call = { .data = head->data };
	struct target target = { .buffer = -1 };
	struct fuzz_verdict verdict;
	struct fuzz_place place;
	bool does;
	int ret;

	fuzz_say(fuzz, "feature");
	make(fuzz, kind, &call, &target);
	head->argsz = call.argsz;
	head->flags = call.flags;
	fuzz_place(fuzz, bytes, FUZZ_HEAD + call.len, &place);
	does = judge(fuzz, kind, &call, &place, &target, &verdict);
	if (!is_export(kind))
		fuzz_say(fuzz, "feature: fd error %d, value %#x", target.error,
			 target.value);
	snprintf(fuzz->what + strlen(fuzz->what),
		 sizeof(fuzz->what) - strlen(fuzz->what),
		 ", call %#x, argsz %#x, %#zx of %#zx readable", call.flags,
		 call.argsz, place.readable, FUZZ_HEAD + call.len);
	if (!kind->op)
		fuzz->usable = false;
	ret = ioctl(fuzz->dev.fd, VFIO_DEVICE_FEATURE, place.ptr);
	ret = ret < 0 ? -errno : ret;
	fuzz_judge(fuzz, &verdict, ret);
	if (does && ret >= 0)
		done(fuzz, kind, &call, &place, &target, ret);
}

/**
 * fuzz_feature() - one feature call
 * @fuzz: the round
 */
void fuzz_feature(struct fuzz *fuzz)
{
	static uint8_t bytes[FUZZ_MEMORY];

	call_it(fuzz, choose_kind(fuzz), bytes);
}
