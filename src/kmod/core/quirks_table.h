/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The quirks of devices: entries of the array in quirks.c, see struct dvp_quirk
 * in quirks.h. A vendor adds his here, or gives another file with the build,
 * VFIO_DMABUF_QUIRKS=FILE.
 *
 *	{
 *		.id	= { PCI_DEVICE(0x1af4, 0x1110) },
 *		.bar	= 2,
 *		.offset	= 0,
 *		.length	= SZ_64K,
 *		.action	= DVP_QUIRK_DENY,
 *	},
 *
 * No device is known yet that needs one.
 */
