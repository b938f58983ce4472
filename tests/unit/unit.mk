# SPDX-License-Identifier: GPL-2.0-only
#
# What the unit tests need beyond their own source; included by tests/user.mk.

UNIT_SRCS_check_judge := tests/unit/model.c src/kmod/range.c
UNIT_SRCS_check_merge := tests/unit/model.c src/kmod/range.c
UNIT_SRCS_check_find := tests/unit/model.c src/kmod/range.c

# The program in README.md compiles as it is printed there.
UNIT_CHECKS += readme-example
.PHONY: readme-example
readme-example:
	@mkdir -p $(USER_UNIT)
	@awk '/^```c$$/ { code = 1; next } /^```$$/ { code = 0 } code' README.md \
		>$(USER_UNIT)/readme_example.c
	$(USER_CC) -Wall -Wextra -Werror -Iinclude -o $(USER_UNIT)/readme_example \
		$(USER_UNIT)/readme_example.c

include tests/abi/abi.mk
