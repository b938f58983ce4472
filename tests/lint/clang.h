/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a kernel that gcc compiled has in its configuration, and one that clang compiles
 * has not: Kconfig lets only gcc have address spaces by name. tests/lint/checkers.sh
 * has the like for make.
 */
#undef CONFIG_CC_IS_GCC
#undef CONFIG_CC_HAS_NAMED_AS
#undef CONFIG_USE_X86_SEG_SUPPORT
#undef CONFIG_UBSAN_BOUNDS_STRICT
#define CONFIG_CC_IS_CLANG 1
