# SPDX-License-Identifier: GPL-2.0-only
#
# The benchmark's program for the VM, static. Included by tests/user.mk. It reads the
# clock of the machine "count", which is x86's.

BENCH_OBJS := $(patsubst %.c,$(USER_OBJ)/%.o,$(wildcard tests/bench/*.c)) \
	$(USER_OBJ)/tests/device/dvt_port.o

user: $(if $(filter x86_64-%,$(shell $(USER_CC) -dumpmachine)),$(USER_VM)/dvp-bench)

$(USER_VM)/dvp-bench: $(BENCH_OBJS) $(USER_OBJ)/libdvl.a
	@mkdir -p $(@D)
	$(USER_CC) -static -o $@ $^
