# SPDX-License-Identifier: GPL-2.0-only
#
# What people type. "make help" lists it; Kbuild has what kbuild and DKMS read,
# tests/user.mk the user-space programs, tests/vm the virtual machines.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
BUILD ?= build
KERNEL ?= 7.3-trixie

# Some systems have a NAME in everyone's environment: only one that was typed
# counts.
ifneq ($(origin NAME),command line)
NAME := dmabuf-vfio-pci
endif
# In the source package of a vendor: its NAME and VFIO_PCI_IDS
-include src/vendor.mk
VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)

MODULE_ARGS := NAME=$(NAME) $(if $(VFIO_PCI_IDS),VFIO_PCI_IDS="$(VFIO_PCI_IDS)") \
	$(if $(VFIO_DMABUF_QUIRKS),VFIO_DMABUF_QUIRKS="$(VFIO_DMABUF_QUIRKS)")
# -j and the like are for the programs here; a run of the VMs counts for itself.
CLEAN_ENV := env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u NAME

.PHONY: all install uninstall clean help headers demo check vmtest bench profile lint \
	fuzz unit user deb rpm check-packages check-debug check-defects check-mutants

all: headers
	+$(MAKE) -C $(KDIR) M=$(CURDIR) $(MODULE_ARGS) modules

headers:
	@test -e $(KDIR)/Makefile || { \
		echo "There are no headers of kernel $(KVER) in $(KDIR)." >&2; \
		echo "On Debian: apt-get install linux-headers-$(KVER)" >&2; \
		exit 1; }

# INSTALL_MOD_PATH, if given, is the root that it is installed below. Headers of a
# distribution come without its signing key: signing is then left to the user.
install: all
	+$(MAKE) -C $(KDIR) M=$(CURDIR) $(MODULE_ARGS) INSTALL_MOD_DIR=updates \
		$(if $(wildcard $(KDIR)/certs/signing_key.pem),,CONFIG_MODULE_SIG_ALL=) \
		modules_install
	depmod $(if $(INSTALL_MOD_PATH),-b $(INSTALL_MOD_PATH)) $(KVER)

uninstall:
	rm -f $(INSTALL_MOD_PATH)/lib/modules/$(KVER)/updates/$(NAME).ko \
		$(INSTALL_MOD_PATH)/lib/modules/$(KVER)/updates/$(NAME).ko.*
	test ! -d $(INSTALL_MOD_PATH)/lib/modules/$(KVER) || depmod $(if $(INSTALL_MOD_PATH),-b $(INSTALL_MOD_PATH)) $(KVER)

# Without headers there can be no objects of a kernel build, but for those of
# another machine.
clean:
	+@test ! -e $(KDIR)/Makefile || $(MAKE) -C $(KDIR) M=$(CURDIR) $(MODULE_ARGS) clean
	rm -rf $(BUILD)

demo:
	@$(CLEAN_ENV) BUILD=$(BUILD) tests/vm/demo $(KERNEL)

check:
	@$(CLEAN_ENV) BUILD=$(BUILD) tests/vm/check

vmtest:
	@$(CLEAN_ENV) BUILD=$(BUILD) tests/vm/check --no-unit

# Kernels with all their own checks on, which are slower by far.
check-debug: export DVP_BOOT_LIMIT ?= 7200
check-debug: export DVP_PROGRAM_LIMIT ?= 3600
check-debug:
	@$(CLEAN_ENV) BUILD=$(BUILD) tests/vm/check --no-unit --plan debug

# What the kernel's own driver does with the tests of known defects.
check-defects:
	@$(CLEAN_ENV) BUILD=$(BUILD) tests/vm/defects

# Which tests notice that the module is broken.
check-mutants:
	@$(CLEAN_ENV) BUILD=$(BUILD) tests/mutants/run

bench:
	@$(CLEAN_ENV) BUILD=$(BUILD) tests/bench/run

profile:
	@$(CLEAN_ENV) BUILD=$(BUILD) tests/bench/profile

# Packages of a module with another name have that name, and its ids.
PACKAGE_ENV := $(CLEAN_ENV) BUILD=$(BUILD) NAME=$(NAME) \
	VFIO_PCI_IDS="$(VFIO_PCI_IDS)" VERSION=$(VERSION)

deb:
	@$(PACKAGE_ENV) debian/build

rpm:
	@$(PACKAGE_ENV) rpm/build

check-packages:
	@$(CLEAN_ENV) BUILD=$(BUILD) tests/packages/run $(TESTS)

lint:
	@$(CLEAN_ENV) BUILD=$(BUILD) tests/lint/run

fuzz:
	@$(CLEAN_ENV) BUILD=$(BUILD) tests/fuzz/run

help:
	@echo "dmabuf-vfio-pci $(VERSION)"
	@echo
	@echo "  make             build the module for the running kernel"
	@echo "  make install     and install it; make uninstall takes it away"
	@echo "  make clean       remove all that was built here"
	@echo
	@echo "  make demo        boot a kernel in QEMU and show the main job (root)"
	@echo "  make check       all tests, in VMs with every kernel of the list (root)"
	@echo "  make vmtest      only those in VMs (root)"
	@echo "  make unit        only those that need no VM"
	@echo "  make bench       what it costs beside vfio-pci, in instructions (root)"
	@echo "  make profile     and by which functions of the kernel, on 7.3 or KERNELS (root)"
	@echo "  make check-packages"
	@echo "                   packages, and systems with them installed (root)"
	@echo "  make check-debug the tests in VMs, on kernels that check themselves (root)"
	@echo "  make check-defects"
	@echo "                   show known defects of vfio-pci, for comparison (root)"
	@echo "  make check-mutants"
	@echo "                   break the module in small ways; a test has to notice (root)"
	@echo "  make lint        style, static checks, proofs, and project rules (root)"
	@echo "  make fuzz        arithmetic on ranges under libFuzzer (root)"
	@echo "  make tool        build the tool vfio-dmabuf"
	@echo "  make install-tool"
	@echo "                   install it, man pages and the header; DESTDIR=, PREFIX="
	@echo "  make deb, rpm    build packages; NAME= and VFIO_PCI_IDS= for those of a vendor"
	@echo "  make user        build the test programs and the demo"
	@echo
	@echo "  KVER=RELEASE, KDIR=DIR       another kernel to build for"
	@echo "  NAME=NAME                    another name for module and driver"
	@echo "  VFIO_PCI_IDS='1af4:1110 ...' ids to be found by, as vfio_pci aliases"
	@echo "  VFIO_DMABUF_QUIRKS=FILE      another table of what must not be exported"
	@echo "  INSTALL_MOD_PATH=DIR         install below DIR"
	@echo "  KERNEL=NAME                  for demo: one of tests/vm/kernels.list"
	@echo "  KERNELS='NAME ...'           for check and its like: those only; 6.12 will do"
	@echo "  MACHINES='NAME ...'          for check, check-debug: those of tests/vm/machines"
	@echo "                               only, or a part as the plan has it, iommu-2"
	@echo "  TESTS='PATTERN ...'          for all of these and check-packages: programs, such"
	@echo "                               as 'check_mmap*' and check_rpm"
	@echo "  BOOTS=N                      for check, check-debug: so many machines at a time"
	@echo "  FUZZ_SECONDS=N               for fuzz: instead of 60"
	@echo "  UPDATE=1                     look for newer kernel builds now"
	@echo "  NO_INSTALL=1                 say what packages are missing, and stop"
	@echo "  DVP_CACHE=DIR                instead of /var/cache/dmabuf-vfio-pci"

include tests/user.mk
-include src/tool/tool.mk
