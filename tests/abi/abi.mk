# SPDX-License-Identifier: GPL-2.0-only
#
# Tests of the uapi header, against three <linux/vfio.h>: the system's, one
# that exports dma-bufs itself (newer), one that revokes them too (draft).
# Included by tests/unit/unit.mk.
#
# check_uapi runs in each world (user.mk has the rule for the system's), and
# header_alone.c compiles in each world and dialect.

ABI_DIR := $(USER_BUILD)/abi
ABI_WORLDS := system newer draft
ABI_DIALECTS := gnu11 c99 c++11 c++17
ABI_FLAGS_system :=
ABI_FLAGS_newer := -Itests/abi/newer
ABI_FLAGS_draft := -Itests/abi/draft -Itests/abi/newer -DDVP_ABI_DRAFT
ABI_HEADERS := $(wildcard tests/abi/*/linux/vfio.h) \
	include/uapi/dmabuf_vfio_pci.h
USER_CXX ?= g++
abi_compiler = $(if $(filter c++%,$(1)),$(USER_CXX) -x c++,$(USER_CC) -x c)

# $(1): a world
define abi_run
UNIT_TESTS += $(ABI_DIR)/check_uapi_$(1)

$(ABI_DIR)/check_uapi_$(1): tests/abi/check_uapi.c $(ABI_HEADERS)
	@mkdir -p $$(@D)
	$(USER_CC) $(ABI_FLAGS_$(1)) -DDVP_ABI_WORLD='"$(1)"' $(USER_CPPFLAGS) \
		$(USER_CFLAGS) -o $$@ $$< $$(CHECK_LIBS)
endef
$(foreach world,newer draft,$(eval $(call abi_run,$(world))))

# $(1): a world, $(2): a dialect of C or C++
define abi_alone
UNIT_CHECKS += $(ABI_DIR)/header_alone_$(1)_$(2).o

$(ABI_DIR)/header_alone_$(1)_$(2).o: tests/abi/header_alone.c $(ABI_HEADERS)
	@mkdir -p $$(@D)
	$(call abi_compiler,$(2)) -std=$(2) -Wall -Wextra -Werror \
		$(ABI_FLAGS_$(1)) -Iinclude -c -o $$@ $$<
endef
$(foreach world,$(ABI_WORLDS),$(foreach dialect,$(ABI_DIALECTS),\
	$(eval $(call abi_alone,$(world),$(dialect)))))
