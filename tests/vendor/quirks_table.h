/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An example of a vendor's table of quirks: what the module is built with that
 * check_quirks.c loads beside the other. The device is QEMU's ivshmem, whose
 * BAR 0 has registers and whose BAR 2 is memory.
 */

	/* Registers are for the owner only. */
	{
		.id	= { PCI_DEVICE(0x1af4, 0x1110) },
		.bar	= 0,
		.action	= DVP_QUIRK_DENY,
	},
	/* So is a page in the memory that the firmware reads. */
	{
		.id	= { PCI_DEVICE(0x1af4, 0x1110) },
		.bar	= 2,
		.offset	= SZ_1M,
		.length	= SZ_64K,
		.action	= DVP_QUIRK_DENY,
	},
	/* Here the device protects its memory by windows of 64 KiB. */
	{
		.id	= { PCI_DEVICE(0x1af4, 0x1110) },
		.bar	= 2,
		.offset	= SZ_4M,
		.length	= SZ_4M,
		.action	= DVP_QUIRK_ALIGN,
		.align	= SZ_64K,
	},
	/* Doorbells: writes must not be combined. */
	{
		.id	= { PCI_DEVICE(0x1af4, 0x1110) },
		.bar	= 2,
		.offset	= SZ_8M,
		.length	= SZ_1M,
		.action	= DVP_QUIRK_UNCACHED,
	},
	/* One board of several. */
	{
		.id	= { PCI_DEVICE_SUB(0x1af4, 0x1110, 0x1af4, 0x1100) },
		.bar	= 2,
		.offset	= 10 * SZ_1M,
		.length	= SZ_1M,
		.action	= DVP_QUIRK_DENY,
	},
	/* And another, which has nothing to lend at all. */
	{
		.id	= { PCI_DEVICE_SUB(0x1af4, 0x1110, 0x1af4, 0x0001) },
		.bar	= 2,
		.action	= DVP_QUIRK_DENY,
	},
