/* SPDX-License-Identifier: GPL-2.0-only */
/* A made-up table. The entry in the middle has no id. */

	{
		.id	= { PCI_DEVICE(0x1af4, 0x1110) },
		.bar	= 2,
		.offset	= SZ_1M,
		.length	= SZ_64K,
		.action	= DVP_QUIRK_ALIGN,
		.align	= SZ_64K,
	},
	{
		.bar	= 2,
		.action	= DVP_QUIRK_DENY,
	},
	{
		.id	= { PCI_DEVICE(0x1af4, 0x1110) },
		.bar	= 0,
		.action	= DVP_QUIRK_DENY,
	},
	{
		.id	= { PCI_DEVICE(0x1af4, 0x1111) },
		.bar	= 4,
		.action	= DVP_QUIRK_UNCACHED,
	},
