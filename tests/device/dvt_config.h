/* SPDX-License-Identifier: GPL-2.0-only */
/* Config writes of any width around a register, and the power state. */
#ifndef DVT_CONFIG_H
#define DVT_CONFIG_H

#include "dvt.h"

/**
 * struct dvt_span - a write around a register
 * @off: where it starts, from the register; 0 or less
 * @len: how many bytes, at most 64
 */
struct dvt_span {
	int off;
	unsigned int len;
};

int dvt_span_write(const struct dvl_device *dev, unsigned int reg,
		   const struct dvt_span *span, uint8_t mask, uint8_t bits);
bool dvt_memory_is_on(const struct dvl_device *dev);
unsigned int dvt_pm_ctrl(const struct dvl_device *dev);

/* All that cover the low byte of COMMAND. */
enum { DVT_NR_COMMAND_SPANS = 10 };
extern const struct dvt_span dvt_command_spans[DVT_NR_COMMAND_SPANS];

#endif /* DVT_CONFIG_H */
