// SPDX-License-Identifier: GPL-2.0-only
/* Config writes; see dvt_config.h. */
#include <linux/pci_regs.h>

#include "dvt_config.h"

const struct dvt_span dvt_command_spans[DVT_NR_COMMAND_SPANS] = {
	{ 0, 1 }, { 0, 2 }, { 0, 3 }, { 0, 4 }, { -4, 8 }, { -4, 64 },
	{ -1, 2 }, { -1, 3 }, { -2, 4 }, { -3, 7 },
};

/**
 * dvt_span_write() - change some bits of a byte by a wider write
 * @dev: an open device
 * @reg: the byte
 * @span: the write; its other bytes are written as they are
 * @mask: the bits to change
 * @bits: what they become
 *
 * Return: 0 or a negative errno.
 */
int dvt_span_write(const struct dvl_device *dev, unsigned int reg,
		   const struct dvt_span *span, uint8_t mask, uint8_t bits)
{
	uint8_t bytes[64];
	uint8_t *byte = &bytes[-span->off];
	int ret;

	ret = dvl_config_read(dev, reg + span->off, bytes, span->len);
	if (ret)
		return ret;
	*byte = (*byte & ~mask) | bits;
	return dvl_config_write(dev, reg + span->off, bytes, span->len);
}

/**
 * dvt_memory_is_on() - what COMMAND says
 * @dev: an open device
 *
 * Return: whether memory decoding is on.
 */
bool dvt_memory_is_on(const struct dvl_device *dev)
{
	uint16_t command;

	ck_assert_int_eq(dvl_config_read(dev, PCI_COMMAND, &command, 2), 0);
	return command & PCI_COMMAND_MEMORY;
}

/**
 * dvt_pm_ctrl() - where the power state is
 * @dev: an open device that has the power management capability
 *
 * Return: offset of the control register.
 */
unsigned int dvt_pm_ctrl(const struct dvl_device *dev)
{
	int cap = dvl_config_find_cap(dev, PCI_CAP_ID_PM);

	ck_assert_int_gt(cap, 0);
	return cap + PCI_PM_CTRL;
}
