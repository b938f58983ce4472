// SPDX-License-Identifier: GPL-2.0-only
/* An importer may have operations, and yet no way to be told. */
#include <linux/dma-buf.h>

bool dvp_probe(struct dma_buf_attachment *attach);

bool dvp_probe(struct dma_buf_attachment *attach)
{
	return dma_buf_attach_revocable(attach);
}
