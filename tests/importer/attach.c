// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaches a device to a dma-buf, as an importer would, and lets go again.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/module.h>

#include "dvp_importer.h"
#include "importer.h"

static void dvp_importer_moved(struct dma_buf_attachment *attach)
{
}

/* The callback's name differs between kernels, its place does not. */
static const struct dma_buf_attach_ops dvp_importer_dynamic = {
	true, dvp_importer_moved
};

/**
 * dvp_importer_attach() - attach to a dma-buf, and detach
 * @dev: the device that attaches
 * @attach: which dma-buf, and how
 *
 * Return: 0, or the negative errno of the attempt.
 */
int dvp_importer_attach(struct device *dev,
			const struct dvp_importer_attach *attach)
{
	struct dma_buf *dmabuf = dma_buf_get(attach->dmabuf_fd);
	struct dma_buf_attachment *attachment;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	if (attach->dynamic)
		attachment = dma_buf_dynamic_attach(dmabuf, dev,
						    &dvp_importer_dynamic,
						    NULL);
	else
		attachment = dma_buf_attach(dmabuf, dev);
	if (!IS_ERR(attachment))
		dma_buf_detach(dmabuf, attachment);
	dma_buf_put(dmabuf);
	return PTR_ERR_OR_ZERO(attachment);
}

/* MODULE_IMPORT_NS() wants a word on some kernels and a string on others. */
MODULE_INFO(import_ns, "DMA_BUF");
