// SPDX-License-Identifier: GPL-2.0-only
/*
 * MODULE_IMPORT_NS() takes a bare word. Where it does, a string compiles too,
 * with the quotes inside the name; so the bare form is the one to try.
 */
#include <linux/module.h>

MODULE_IMPORT_NS(DMA_BUF);
