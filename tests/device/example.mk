# SPDX-License-Identifier: GPL-2.0-only
#
# The example, as it is printed in README.md: its first program in C is the primary,
# its second the client. Both are the files of src/example to the byte; they compile
# on their own, with no more than the installed header, and check_example carries
# them into the VM. Included by tests/user.mk.

EXAMPLE_DIR := $(USER_BUILD)/example
EXAMPLE_NAMES := primary client
EXAMPLE_CFLAGS := -O2 -Wall -Wextra -Werror -Iinclude/uapi
EXAMPLE_OBJS := $(patsubst %,$(EXAMPLE_DIR)/%.o,$(EXAMPLE_NAMES))

# $(1): its place in README.md, $(2): its name
define example_program
$(EXAMPLE_DIR)/$(2).c: README.md src/example/$(2).c
	@mkdir -p $$(@D)
	@awk -v n=$(1) '/^```/ { code = /^```c$$$$/; nr += code; next } code && nr == n' \
		README.md >$$@.printed
	@cmp $$@.printed src/example/$(2).c
	@mv $$@.printed $$@

$(EXAMPLE_DIR)/$(2): $(EXAMPLE_DIR)/$(2).c include/uapi/dmabuf_vfio_pci.h
	$(USER_CC) $(EXAMPLE_CFLAGS) -static -o $$@ $$<

# As data of another program, between _binary_NAME_start and _binary_NAME_end.
$(EXAMPLE_DIR)/$(2).o: $(EXAMPLE_DIR)/$(2)
	@cd $$(@D) && $(LD) -r -b binary -z noexecstack -o $(2).o $(2)
endef
$(eval $(call example_program,1,primary))
$(eval $(call example_program,2,client))

$(USER_VM)/check_example: $(EXAMPLE_OBJS)
UNIT_CHECKS += $(patsubst %,$(EXAMPLE_DIR)/%,$(EXAMPLE_NAMES))
