/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An address space of an iommufd, devices that are attached to it, and a DMA
 * engine among them, which shows what an address leads to.
 */
#ifndef DVT_IOMMUFD_H
#define DVT_IOMMUFD_H

#include "dvt.h"

/**
 * struct dvt_iommufd - an iommufd
 * @fd: its descriptor
 * @ioas: an address space of it
 */
struct dvt_iommufd {
	int fd;
	uint32_t ioas;
};

const char *dvt_iommufd_lack(void);
const char *dvt_iommufd_file_lack(void);
void dvt_iommufd_open(struct dvt_iommufd *io);
void dvt_iommufd_attach(const struct dvt_iommufd *io, struct dvl_device *dev,
			const char *bdf);
void *dvt_iommufd_memory(const struct dvt_iommufd *io, uint64_t iova,
			 size_t len);

/**
 * struct dvt_engine - an edu device, driven from here
 * @dev: the device, attached to an address space
 * @regs: its registers
 */
struct dvt_engine {
	struct dvl_device dev;
	volatile uint8_t *regs;
};

/* The engine moves at most so much at once, and has that many address bits. */
#define DVT_ENGINE_MAX 4096
#define DVT_ENGINE_BITS 28

void dvt_engine_open(struct dvt_engine *engine, const struct dvt_iommufd *io,
		     const char *bdf);
void dvt_engine_copy(const struct dvt_engine *engine, uint64_t from,
		     uint64_t to, size_t len);
void dvt_engine_copy_stopped(const struct dvt_engine *engine, uint64_t from,
			     uint64_t to, size_t len);

#endif /* DVT_IOMMUFD_H */
