# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# One chroot for each distribution, with the compiler that its kernels are built
# with. It is made once, never changed, and the same for all kernels of that
# distribution: their headers are mounted into it. Needs lib.sh and apt.sh.

# The libraries that kbuild's own tools are linked against differ in name from
# release to release; the -dev packages bring the right ones.
chroot_packages=gcc,make,kmod,sparse,libc6-dev,libelf-dev,libssl-dev,zlib1g-dev,pahole

# chroot_path DISTRO
chroot_path()
{
	local key

	key=$(sha256sum <<<"$chroot_packages") || return
	say "$cache/chroots/$1-${key:0:8}"
}

# chroot_make DISTRO DIR: into a temporary directory, then renamed
chroot_make()
{
	local tmp=$cache/tmp/chroot

	rm -rf "$tmp"
	mkdir -p "$tmp" "${2%/*}" || return
	apt_settings >"$tmp/apt.conf" || return
	grep -h . "$cache/apt/$1/suites/$1" "$cache/apt/$1/suites/$1"-{updates,security} \
		>"$tmp/sources.list" 2>/dev/null
	TMPDIR=$tmp mmdebstrap --mode=root --variant=essential --format=directory \
		--architectures=amd64 --include="$chroot_packages" \
		--aptopt="$tmp/apt.conf" \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		"$1" "$tmp/root" - <"$tmp/sources.list" || return
	mkdir -p "$tmp/root/dvp" || return
	mv "$tmp/root" "$2" && rm -rf "$tmp"
}

# chroot_fetch DISTRO: sets k_chroot, making it anew every month for the sake of
# compiler updates. The lists of the distribution must be there.
chroot_fetch()
{
	local ret=0

	k_chroot=$(chroot_path "$1") || return
	[[ -d $k_chroot && $(find "$k_chroot" -maxdepth 0 -mtime -30) ]] && return
	lock "$cache/lock" "the cache" || return
	cache_prune chroots
	if [[ ! -d $k_chroot ]]; then
		step "make a build environment of $1" "$cache/log/chroot-$1.log" \
			chroot_make "$1" "$k_chroot" || ret=$?
	fi
	unlock
	return "$ret"
}

# chroot_run CHROOT ENTRY DIR COMMAND...: runs COMMAND in the chroot with the
# headers of the kernel ENTRY where they belong and DIR as /dvp. The mounts are
# in a namespace of their own, so nothing has to be taken down.
chroot_run()
{
	unshare --mount --propagation private -- "$vm_dir/chroot-enter" "$@"
}
