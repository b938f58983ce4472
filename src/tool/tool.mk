# SPDX-License-Identifier: GPL-2.0-only
#
# The tool vfio-dmabuf, included by the top-level Makefile.
#
#   tool          $(BUILD)/tool/vfio-dmabuf
#   install-tool  installs it as TOOL below DESTDIR and PREFIX, with man pages,
#                 completion, examples, the header, and its pkg-config file; the
#                 tool goes to SBINDIR
#
# A module with another NAME has a tool with another name: acme-vfio-pci has
# acme-vfio-dmabuf. CPPFLAGS, CFLAGS and LDFLAGS are added to ours.

PREFIX ?= /usr
SBINDIR ?= $(PREFIX)/sbin
TOOL := $(if $(filter dmabuf-vfio-pci,$(NAME)),vfio-dmabuf,$(NAME:-vfio-pci=)-vfio-dmabuf)
TOOL_DOC := $(PREFIX)/share/doc/$(NAME)-utils
TOOL_CC ?= gcc
TOOL_BUILD := $(BUILD)/tool
TOOL_SRCS := $(wildcard src/tool/*.c) \
	$(addprefix src/lib/,device.c feature.c iommufd.c region.c sysfs.c)
TOOL_OBJS := $(TOOL_SRCS:%.c=$(TOOL_BUILD)/obj/%.o)
TOOL_CPPFLAGS := -D_GNU_SOURCE -Iinclude -Isrc/lib -Isrc/tool \
	'-DDVP_NAME="$(NAME)"' '-DDVP_TOOL="$(TOOL)"' '-DDVP_VERSION="$(VERSION)"'
# Who brings flags brings a compiler that may know more warnings.
TOOL_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra $(if $(CFLAGS),,-Werror) -Wmissing-prototypes \
	-Wstrict-prototypes -Wshadow -Wno-missing-field-initializers
# Asked for late, so that other targets don't need the packages.
TOOL_PACKAGES := libkmod json-c
TOOL_PKG_CFLAGS = $(shell pkg-config --cflags $(TOOL_PACKAGES))
TOOL_LIBS = $(shell pkg-config --libs $(TOOL_PACKAGES))

.PHONY: tool tool-objects install-tool tool-needs tool-flags

tool: $(TOOL_BUILD)/vfio-dmabuf

tool-objects: $(TOOL_OBJS)

$(TOOL_BUILD)/vfio-dmabuf: $(TOOL_OBJS)
	$(TOOL_CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(TOOL_LIBS)

$(TOOL_BUILD)/obj/%.o: %.c $(TOOL_BUILD)/flags | tool-needs
	@mkdir -p $(@D)
	$(TOOL_CC) $(TOOL_CPPFLAGS) $(CPPFLAGS) $(TOOL_CFLAGS) $(CFLAGS) \
		$(TOOL_PKG_CFLAGS) -MMD -MP -c -o $@ $<

tool-needs:
	@pkg-config --exists $(TOOL_PACKAGES) 2>/dev/null || { \
		echo "The tool needs the headers of libkmod and json-c, and pkg-config." >&2; \
		echo "On Debian: apt-get install pkg-config libkmod-dev libjson-c-dev" >&2; \
		exit 1; }

# Another name or other flags: everything is built anew.
$(TOOL_BUILD)/flags: tool-flags
	@mkdir -p $(@D)
	@printf '%s\n' "$(NAME) $(VERSION) $(CPPFLAGS) $(CFLAGS)" | cmp -s - $@ || \
		printf '%s\n' "$(NAME) $(VERSION) $(CPPFLAGS) $(CFLAGS)" >$@

# What is written for our names, for those of a vendor.
TOOL_RENAME = sed -e 's/\<vfio-dmabuf\>/$(TOOL)/g' -e 's/dmabuf-vfio-pci/$(NAME)/g' \
	-e 's,\(module/\|modules/\|events/\)dmabuf_vfio_pci,\1$(subst -,_,$(NAME)),g' \
	-e 's/dmabuf_vfio_pci:/$(subst -,_,$(NAME)):/g' \
	-e 's/DMABUF-VFIO-PCI/$(shell echo '$(NAME)' | tr '[:lower:]' '[:upper:]')/g' \
	-e 's/_vfio_dmabuf\>/_$(subst -,_,$(TOOL))/g' \
	-e 's,@VERSION@,$(VERSION),g' -e 's,@PREFIX@,$(PREFIX),g'

# $(1): file, $(2): what it is installed as; files that aren't there are left out
define tool_install
	$(if $(wildcard $(1)),install -d $(dir $(DESTDIR)$(2)))
	$(if $(wildcard $(1)),$(TOOL_RENAME) $(1) >$(DESTDIR)$(2) && chmod 644 $(DESTDIR)$(2))
endef

install-tool: tool
	install -D -m 755 $(TOOL_BUILD)/vfio-dmabuf $(DESTDIR)$(SBINDIR)/$(TOOL)
	install -D -m 644 include/uapi/dmabuf_vfio_pci.h \
		$(DESTDIR)$(PREFIX)/include/$(NAME)/dmabuf_vfio_pci.h
	$(call tool_install,src/tool/vfio-dmabuf.8,$(PREFIX)/share/man/man8/$(TOOL).8)
	$(call tool_install,src/tool/dmabuf-vfio-pci.4,$(PREFIX)/share/man/man4/$(NAME).4)
	$(call tool_install,src/tool/pkgconfig.in,$(PREFIX)/share/pkgconfig/$(NAME).pc)
	$(call tool_install,src/tool/bash-completion,$(PREFIX)/share/bash-completion/completions/$(TOOL))
	install -D -m 644 src/tool/VENDORS.md $(DESTDIR)$(TOOL_DOC)/VENDORS.md
	$(call tool_install,src/tool/dmabuf-vfio-pci.conf,$(TOOL_DOC)/examples/$(NAME).conf)
	$(call tool_install,src/example/primary.c,$(TOOL_DOC)/examples/primary.c)
	$(call tool_install,src/example/client.c,$(TOOL_DOC)/examples/client.c)

# The unit test of it is compiled with what it is compiled with.
$(USER_OBJ)/unit/src/tool/%.o $(USER_OBJ)/unit/tests/unit/check_tool_words.o: \
	USER_CPPFLAGS += $(TOOL_CPPFLAGS)
$(USER_UNIT)/check_tool_words: CHECK_LIBS += -ljson-c

-include $(TOOL_OBJS:.o=.d)
