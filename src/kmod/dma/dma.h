/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Importers. attach.c uses route.c and table.c; drain.c tells importers to stop,
 * and waits for them, one buffer at a time.
 */
#ifndef DVP_DMA_H
#define DVP_DMA_H

#include "core/dvp.h"
#include "core/params.h"

/* Why an importer is refused, apart from its route. */
enum dvp_refusal {
	DVP_REFUSAL_CPU_ONLY,
	DVP_REFUSAL_LARGE,
	DVP_REFUSAL_PINS_ALL,
	DVP_REFUSAL_STATIC,
	DVP_REFUSAL_NO_PEER,
	DVP_REFUSAL_DEAF,
	DVP_REFUSAL_PINNED,
	DVP_REFUSAL_OFF,
	DVP_REFUSAL_NOT_PCI,
	DVP_REFUSAL_NO_IOMMU,
	DVP_REFUSAL_READ_ONLY,
	DVP_NR_REFUSALS,
};

/* An attachment: dma_buf_attachment.priv. */
struct dvp_import {
	/* In dvp_imports.list. */
	struct hlist_node node;
	struct device *dev;
	/* The kernel knows a route from the importer to the BAR. */
	bool routed;
	/* How often the importer has the buffer mapped; under dvp_buffer.resv. */
	unsigned int maps;
};

/* attach.c */
bool dvp_dma_can_import(void);
int dvp_dma_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach);
void dvp_dma_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach);
int dvp_dma_pin(struct dma_buf_attachment *attach);
void dvp_dma_unpin(struct dma_buf_attachment *attach);
struct sg_table *dvp_dma_map(struct dma_buf_attachment *attach,
			     enum dma_data_direction dir);
void dvp_dma_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
		   enum dma_data_direction dir);

/* route.c */
bool dvp_route_exists(struct dvp_gate *gate, struct device *dev);
bool dvp_route_translates(struct device *dev);

/* table.c */
struct sg_table *dvp_table_create(const struct dvp_buffer *buf,
				  struct device *dev,
				  enum dma_data_direction dir);
void dvp_table_destroy(struct sg_table *sgt, struct device *dev,
		       enum dma_data_direction dir);

/* drain.c */
int dvp_drain_create(void);
void dvp_drain_destroy(void);
void dvp_drain_init(struct dvp_imports *imports);
void dvp_drain_uncount(struct dvp_buffer *buf);
void dvp_drain_start(struct dvp_buffer *buf);
int dvp_drain_wait(struct dvp_buffer *buf, unsigned int state);

#endif /* DVP_DMA_H */
