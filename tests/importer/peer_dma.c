// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DMA engine of QEMU's edu device. It moves bytes between the bus and a
 * memory inside of the device; a way between RAM and a dma-buf has two steps.
 */
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/minmax.h>
#include <linux/uaccess.h>

#include "peer.h"

/* Registers in BAR 0. */
#define DVP_EDU_SOURCE		0x80
#define DVP_EDU_DESTINATION	0x88
#define DVP_EDU_LENGTH		0x90
#define DVP_EDU_COMMAND		0x98

#define DVP_EDU_COMMAND_RUN	BIT(0)
#define DVP_EDU_COMMAND_OUT	BIT(1)

/* Where the engine sees its own memory. */
#define DVP_EDU_MEMORY		0x40000

/* A transfer takes a tenth of a second, on a machine that has nothing to do. */
#define DVP_EDU_PAUSE_US	5000
#define DVP_EDU_LIMIT_US	(60 * USEC_PER_SEC)

static int dvp_peer_run(struct dvp_peer *peer, u64 source, u64 destination,
			u32 len, u64 command)
{
	u64 value;

	lockdep_assert_held(&peer->engine);

	writeq(source, peer->regs + DVP_EDU_SOURCE);
	writeq(destination, peer->regs + DVP_EDU_DESTINATION);
	writeq(len, peer->regs + DVP_EDU_LENGTH);
	writeq(command | DVP_EDU_COMMAND_RUN, peer->regs + DVP_EDU_COMMAND);
	return readq_poll_timeout(peer->regs + DVP_EDU_COMMAND, value,
				  !(value & DVP_EDU_COMMAND_RUN),
				  DVP_EDU_PAUSE_US, DVP_EDU_LIMIT_US);
}

/* From one bus address to another. */
static int dvp_peer_move(struct dvp_peer *peer, u64 source, u64 destination,
			 u32 len)
{
	int ret = dvp_peer_run(peer, source, DVP_EDU_MEMORY, len, 0);

	return ret ? ret : dvp_peer_run(peer, DVP_EDU_MEMORY, destination, len,
					DVP_EDU_COMMAND_OUT);
}

static int dvp_peer_find(const struct dvp_peer_context *ctx, u64 offset,
			 u32 len, u64 *addr)
{
	const struct dvp_peer_entry *entry = ctx->entries;
	const struct dvp_peer_entry *end = entry + ctx->nr_entries;

	for (; entry < end && offset >= entry->len; entry++)
		offset -= entry->len;
	if (entry == end || len > entry->len - offset)
		return -EINVAL;
	*addr = entry->addr + offset;
	return 0;
}

static int dvp_peer_transfer(struct dvp_peer *peer, u64 addr,
			     const struct dvp_peer_dma_arg *arg)
{
	void __user *data = u64_to_user_ptr(arg->data);
	int ret;

	lockdep_assert_held(&peer->engine);

	if (arg->to_buffer) {
		if (copy_from_user(peer->page, data, arg->len))
			return -EFAULT;
		return dvp_peer_move(peer, peer->page_addr, addr, arg->len);
	}
	ret = dvp_peer_move(peer, addr, peer->page_addr, arg->len);
	if (!ret && copy_to_user(data, peer->page, arg->len))
		ret = -EFAULT;
	return ret;
}

/**
 * dvp_peer_dma() - move bytes between the caller and the dma-buf
 * @ctx: the importer
 * @arg: what and where
 *
 * Return: 0; -ENOTCONN without a mapping, if DVP_PEER_STALE is not set; or a
 * negative errno.
 */
int dvp_peer_dma(struct dvp_peer_context *ctx,
		 const struct dvp_peer_dma_arg *arg)
{
	struct dvp_peer *peer = ctx->peer;
	u64 addr;
	int ret;

	lockdep_assert_held(&ctx->lock);

	if (arg->flags & ~DVP_PEER_STALE || arg->reserved || !arg->len ||
	    arg->len > DVP_PEER_DMA_MAX)
		return -EINVAL;
	if (!(arg->flags & DVP_PEER_STALE) && !READ_ONCE(ctx->sgt))
		return -ENOTCONN;
	ret = dvp_peer_find(ctx, arg->offset, arg->len, &addr);
	if (ret)
		return ret;
	mutex_lock(&peer->engine);
	ret = dvp_peer_transfer(peer, addr, arg);
	mutex_unlock(&peer->engine);
	return ret;
}
