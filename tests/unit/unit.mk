# SPDX-License-Identifier: GPL-2.0-only
#
# What the unit tests need beyond their own source; included by tests/user.mk.

UNIT_SRCS_check_judge := tests/unit/model.c src/kmod/core/extent.c
UNIT_SRCS_check_merge := tests/unit/model.c src/kmod/core/extent.c
UNIT_SRCS_check_find := tests/unit/model.c src/kmod/core/extent.c
UNIT_SRCS_check_tool_words := $(addprefix src/tool/,options.c live.c kernel.c files.c json.c say.c) \
	src/lib/sysfs.c

# A script, which runs as it is.
UNIT_TESTS += tests/unit/check_probes

include tests/abi/abi.mk
