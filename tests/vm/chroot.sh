# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Small Debian systems in the cache to run things in. For each distribution, one
# with the compiler that its kernels are built with; one with the QEMU that all
# kernels are booted in; and one with checkers of C. They are made once and not changed:
# the headers of a kernel, or what a machine boots, are mounted into them. Needs lib.sh,
# apt.sh.

# For modules, and for kernels of our own. The libraries that kbuild's own tools are
# linked against differ in name from release to release; the -dev packages bring the
# right ones.
build_packages=gcc,make,kmod,sparse,flex,bison,bc,libc6-dev,libelf-dev,libssl-dev,zlib1g-dev,pahole

# For another architecture: besides, its compiler, and the libraries of the test programs.
build_packages_arm64=$build_packages,gcc-aarch64-linux-gnu,pkgconf,libc6-dev:arm64
build_packages_arm64+=,check:arm64,libkmod-dev:arm64,libjson-c-dev:arm64,busybox-static:arm64

# Not the host's QEMU, nor trixie's own: in 10.0 and before, what a processor remembers
# of a device's page is a number in the memory map, and TCG looks that up in the newest
# map. When one processor moves a BAR, or switches it off, an access of the other one can
# reach a wrong device until its TLB is flushed: a register of the IOMMU or of an
# interrupt controller is not written, and the guest hangs or crashes. 11.1 remembers the
# device itself; check_machine tells them apart.
machine_distro=trixie
machine_packages=qemu-system-x86/trixie-backports,qemu-system-common/trixie-backports
machine_packages+=,qemu-system-data/trixie-backports,seabios/trixie-backports
machine_packages_arm64=qemu-system-arm/trixie-backports,qemu-system-common/trixie-backports
machine_packages_arm64+=,qemu-system-data/trixie-backports,qemu-efi-aarch64

# chroot_sources DISTRO PACKAGES: the sources of a release, and of each suite that a
# package is asked of, behind a slash
chroot_sources()
{
	local suites suite

	suites=$(tr , '\n' <<<"$2" | sed -n 's|.*/||p' | sort -u)
	for suite in "$1" "$1-updates" "$1-security" $suites; do
		[[ ! -e $cache/apt/$1/suites/$suite ]] || cat "$cache/apt/$1/suites/$suite"
	done
}

# clang with its sanitizers, what knows the kernel's semantic patches, and a prover;
# besides, what the programs and a module are built with.
checkers_distro=trixie
checkers_packages=$build_packages,clang,libclang-rt-dev,coccinelle,libpython3-dev,cbmc
checkers_packages+=,pkg-config,libkmod-dev,libjson-c-dev,check

# chroot_make DISTRO DIR PACKAGES: into a temporary directory, then renamed
chroot_make()
{
	local tmp=$cache/tmp/chroot archs=amd64

	[[ $3 != *:arm64* ]] || archs+=,arm64
	rm -rf "$tmp"
	mkdir -p "$tmp" "${2%/*}" || return
	apt_settings >"$tmp/apt.conf" || return
	chroot_sources "$1" "$3" >"$tmp/sources.list" || return
	TMPDIR=$tmp mmdebstrap --mode=root --variant=essential --format=directory \
		--architectures="$archs" --include="$3" \
		--aptopt="$tmp/apt.conf" \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		"$1" "$tmp/root" - <"$tmp/sources.list" || return
	mkdir -p "$tmp/root/dvp" "$tmp/root/kernel" || return
	mv "$tmp/root" "$2" && rm -rf "$tmp"
}

# chroot_path DISTRO PACKAGES
chroot_path()
{
	say "$cache/chroots/$1-$(cksum <<<"$2" | cut -d ' ' -f 1)"
}

# chroot_fetch DISTRO PACKAGES TEXT: sets chroot to the path, making it anew every
# month for the sake of updates. TEXT says what it is for.
chroot_fetch()
{
	local ret=0

	chroot=$(chroot_path "$1" "$2")
	[[ -d $chroot && $(find "$chroot" -maxdepth 0 -mtime -30) ]] && return
	lock "$cache/lock" "the cache" || return
	cache_prune chroots
	if [[ ! -d $chroot ]]; then
		{ [[ -s $cache/apt/$1/suites/$1 ]] || fetch_lists "$1"; } &&
			step "make a $3 from $1" "$cache/log/chroot-$1.log" \
				chroot_make "$1" "$chroot" "$2" || ret=$?
	fi
	unlock
	return "$ret"
}

# chroot_build DISTRO [ARCH]: sets k_chroot, to build in, for amd64 or for ARCH
chroot_build()
{
	local wanted=$build_packages

	[[ ${2:-amd64} != arm64 ]] || wanted=$build_packages_arm64
	chroot_fetch "$1" "$wanted" "build environment${2:+ for $2}" && k_chroot=$chroot
}

# chroot_machine [ARCH]: sets m_chroot, to run QEMU in
chroot_machine()
{
	local wanted=$machine_packages

	[[ ${1:-amd64} != arm64 ]] || wanted=$machine_packages_arm64
	chroot_fetch "$machine_distro" "$wanted" "machine environment${1:+ for $1}" &&
		m_chroot=$chroot
}

# chroot_checkers: sets c_chroot, to look at the source in
chroot_checkers()
{
	# shellcheck disable=SC2034	# for who checks
	chroot_fetch "$checkers_distro" "$checkers_packages" "checker environment" &&
		c_chroot=$chroot
}

# chroot_run CHROOT ENTRY DIR COMMAND...: runs COMMAND in the chroot. The kernel
# ENTRY is /kernel, with its headers where they belong, and DIR is /dvp. The
# mounts are in a namespace of their own, so nothing has to be taken down.
chroot_run()
{
	unshare --mount --propagation private -- "$vm_dir/chroot-enter" "$@"
}
