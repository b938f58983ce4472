// SPDX-License-Identifier: GPL-2.0-only
/* An eventfd is signalled by 1, without a number. */
#include <linux/eventfd.h>

void dvp_probe(struct eventfd_ctx *ctx);

void dvp_probe(struct eventfd_ctx *ctx)
{
	eventfd_signal(ctx);
}
