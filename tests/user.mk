# SPDX-License-Identifier: GPL-2.0-only
#
# User-space programs, included by the top-level Makefile.
#
#   user   static programs for the VM: one for each tests/device/check_*.c and
#          tests/stress/check_*.c, and dvp-demo; and the tool, which check_tool*
#          run
#   objects  library, demo and tool, for those who only compile
#   unit   host programs, one for each tests/unit/check_*.c and
#          tests/abi/check_*.c: built and run
#
# tests/unit/unit.mk may add to a unit program NAME:
#   UNIT_SRCS_NAME   more sources, e.g. src/kmod/core/extent.c
#   UNIT_CHECKS      targets that `unit` makes before it runs the programs
#
# tests/device/example.mk builds the example of README.md for check_example.

BUILD ?= build
USER_CC ?= gcc
USER_BUILD := $(BUILD)/user
USER_OBJ := $(USER_BUILD)/obj
USER_VM := $(USER_BUILD)/vm
USER_UNIT := $(USER_BUILD)/unit

USER_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror \
	-Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wno-missing-field-initializers \
	-pthread
USER_CPPFLAGS := -Iinclude -Isrc/lib -Itests/device
# Asked for late, so that targets that need no Check don't need its package.
CHECK_LIBS = $(shell pkg-config --static --libs check)
# For dvt_mark.c
DVT_LDFLAGS := -static -pthread -Wl,--wrap=_mark_point

DVL_OBJS := $(patsubst %.c,$(USER_OBJ)/%.o,$(wildcard src/lib/*.c))
DVT_OBJS := $(patsubst %.c,$(USER_OBJ)/%.o,$(wildcard tests/device/dvt*.c))
DEMO_OBJS := $(patsubst %.c,$(USER_OBJ)/%.o,$(wildcard src/demo/*.c))
DEVICE_TESTS := $(patsubst tests/device/%.c,$(USER_VM)/%,\
	$(wildcard tests/device/check_*.c))
STRESS_TESTS := $(patsubst tests/stress/%.c,$(USER_VM)/%,\
	$(wildcard tests/stress/check_*.c))
UNIT_TEST_SRCS := $(wildcard tests/unit/check_*.c tests/abi/check_*.c)
UNIT_TESTS := $(patsubst %.c,$(USER_UNIT)/%,$(notdir $(UNIT_TEST_SRCS)))

-include tests/unit/unit.mk
include tests/device/example.mk
include tests/bench/bench.mk

.PHONY: user objects unit
user: $(DEVICE_TESTS) $(STRESS_TESTS) $(if $(DEMO_OBJS),$(USER_VM)/dvp-demo) tool

objects: $(DVL_OBJS) $(DEMO_OBJS) tool-objects

$(USER_OBJ)/libdvl.a: $(DVL_OBJS)
	@rm -f $@
	$(AR) rcs $@ $^

$(USER_VM)/check_%: $(USER_OBJ)/tests/device/check_%.o $(DVT_OBJS) \
		$(USER_OBJ)/libdvl.a
	@mkdir -p $(@D)
	$(USER_CC) $(DVT_LDFLAGS) -o $@ $^ $(CHECK_LIBS)

# Each of these is in several files, check_NAME.c and NAME_*.c.
$(foreach test,$(STRESS_TESTS),$(eval $(test): $(patsubst %.c,$(USER_OBJ)/%.o,\
	$(wildcard tests/stress/$(patsubst check_%,%,$(notdir $(test)))_*.c))))
$(STRESS_TESTS): $(USER_VM)/check_%: $(USER_OBJ)/tests/stress/check_%.o \
		$(DVT_OBJS) $(USER_OBJ)/libdvl.a
	@mkdir -p $(@D)
	$(USER_CC) $(DVT_LDFLAGS) -o $@ $^ $(CHECK_LIBS)

# What the tool prints is read by the library that it is made with.
$(filter $(USER_VM)/check_tool%,$(DEVICE_TESTS)): CHECK_LIBS += -ljson-c

$(USER_VM)/dvp-demo: $(DEMO_OBJS) $(USER_OBJ)/libdvl.a
	@mkdir -p $(@D)
	$(USER_CC) -static -o $@ $^

$(USER_OBJ)/%.o: %.c
	@mkdir -p $(@D)
	$(USER_CC) $(USER_CPPFLAGS) $(USER_CFLAGS) -MMD -MP -c -o $@ $<

# Kernel files are compiled for user space against tests/unit/shim, with
# objects of their own.
$(USER_OBJ)/unit/%.o: %.c
	@mkdir -p $(@D)
	$(USER_CC) -Itests/unit/shim -Isrc/kmod $(USER_CPPFLAGS) \
		$(USER_CFLAGS) -MMD -MP -c -o $@ $<

# $(1): source of the program
define unit_program
$(USER_UNIT)/$(basename $(notdir $(1))): \
		$(patsubst %.c,$(USER_OBJ)/unit/%.o,$(1) \
		$(UNIT_SRCS_$(basename $(notdir $(1)))))
	@mkdir -p $$(@D)
	$(USER_CC) -pthread -o $$@ $$^ $$(CHECK_LIBS)
endef
$(foreach src,$(UNIT_TEST_SRCS),$(eval $(call unit_program,$(src))))

# All programs run even if an early one fails; the last lines are Check's.
unit: $(UNIT_CHECKS) $(UNIT_TESTS)
	@status=0; for test in $(UNIT_TESTS); do \
		$$test || status=1; \
	done; exit $$status

.SECONDARY:
-include $(shell find $(USER_OBJ) -name '*.d' 2>/dev/null)
