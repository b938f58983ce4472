# shellcheck shell=bash source-path=SCRIPTDIR
# SPDX-License-Identifier: GPL-2.0-only
#
# Debian systems with two kernels, for the tests of packages. They lie in layers: a
# chroot of the cache; the kernels, installed once, in the cache too; and in memory
# what a test does. The mounts are in the namespace of whoever sourced this, so they
# end with it. apt works in there with the mirrors of this machine.

# shellcheck source=system.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/system.sh"

deb_base=apt,ca-certificates,gcc,g++,make,dpkg-dev,patch,kmod,initramfs-tools,busybox
deb_base+=,openssl,lsb-release,linux-base,pkg-config,fakeroot
deb_dir=$build/packages/deb
own=dmabuf-vfio-pci
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$top/dkms.conf")
# shellcheck disable=SC2034	# for those who source this
later_version=$version.1

# deb_build DIR NAME VERSION: packages in DIR, as "make deb" makes them from a copy
# of the tree that has that version, and is no git repository
deb_build()
{
	local dir=$1 name=$2 args=()

	rm -rf "$dir"
	mkdir -p "$dir/tree" || return
	tree_files | sed -z '/^build\//d' | (cd "$top" && xargs -0 cp --parents -t "$dir/tree") || return
	sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$3\"/" "$dir/tree/dkms.conf" &&
		sed -i "1s/(.*)/($3)/" "$dir/tree/debian/changelog" || return
	[[ $name == "$own" ]] || args=(NAME="$name" VFIO_PCI_IDS="${4:-}")
	make -C "$dir/tree" deb BUILD="$dir" "${args[@]}" || return
	rm -rf "$dir/tree"
}

# deb_packages NAME VERSION [IDS]: sets debs to those packages, made unless they were
# made from what the tree has now
deb_packages()
{
	local key

	key=$(cd "$top" && tree_files | sort -z | xargs -0 cksum 2>/dev/null | cksum | cut -d ' ' -f 1)
	debs=$deb_dir/$1-$2
	[[ $(cat "$debs/key" 2>/dev/null) == "$key ${3:-}" ]] ||
		{ deb_build "$debs" "$@" && say "$key ${3:-}" >"$debs/key"; } || return
	debs+=/deb
}

# deb_lintian DISTRO: what lintian of that release says of the packages at hand
deb_lintian()
{
	chroot_fetch "$1" lintian "place for lintian" || return
	# shellcheck disable=SC2016	# for the inner shell
	unshare --mount --propagation private -- bash -c '
		mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" &&
			mount -t tmpfs tmpfs "$1/tmp" && mount --bind "$2" "$1/dvp" &&
			exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8 chroot "$1" sh -c \
			"cd /dvp && lintian --allow-root --fail-on error,warning *.changes"' \
		bash "$chroot" "$debs"
}

# deb_mounts ROOT DISTRO: what a system needs to run programs, and apt its packages
deb_mounts()
{
	mount -t proc proc "$1/proc" && mount -t tmpfs tmpfs "$1/tmp" &&
		mount --rbind /dev "$1/dev" && mkdir -p "$1/var/lib/apt/lists" &&
		mount --bind "$cache/apt/$2/state/lists" "$1/var/lib/apt/lists" &&
		mkdir -p "$1/var/cache/apt/archives" &&
		mount --bind "$cache/apt/$2/cache/archives" "$1/var/cache/apt/archives"
}

# deb_overlay LOWER UPPER ROOT DISTRO: mounts a layer and what belongs in it
deb_overlay()
{
	mkdir -p "$2/upper" "$2/work" "$3" || return
	mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" system "$3" &&
		deb_mounts "$3" "$4"
}

# deb_in COMMAND...: runs COMMAND in the system, in a process namespace of its own
deb_in()
{
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive chroot "$d_root" "$@" </dev/null
}

# deb_apt ARGUMENT...
deb_apt()
{
	deb_in apt-get -o APT::Sandbox::User=root -o APT::Keep-Downloaded-Packages=true \
		-o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-unsafe-io -y "$@"
}

# deb_sources DISTRO: apt in there has the mirrors and proxies of this machine
deb_sources()
{
	cat "$cache/apt/$1"/suites/* >"$d_root/etc/apt/sources.list" &&
		apt_settings >"$d_root/etc/apt/apt.conf.d/90machine" || return
	# What mmdebstrap left: no documentation. Here it is wanted.
	rm -f "$d_root"/etc/dpkg/dpkg.cfg.d/*
}

# deb_backports DISTRO: an option, to take what newer kernels need from there as well
deb_backports()
{
	[[ ! -s $cache/apt/$1/suites/$1-backports ]] || say "--target-release=$1-backports"
}

# deb_kernel NAME: packages of a kernel of tests/vm/kernels.list, with its headers
deb_kernel()
{
	kernel_row "$1" && kernel_look "$1" || return
	# shellcheck disable=SC2154	# both were set by kernel_look
	printf "%s=$k_version\n" "linux-image-$k_abi" "linux-headers-$k_abi"
}

# deb_older NAME: the same of the build before the newest
deb_older()
{
	local newest build

	kernel_row "$1" && kernel_look "$1" || return
	newest=$k_abi
	build=$(apt_private "$k_distro" apt-cache pkgnames linux-headers- |
		sed -n "s/^linux-headers-\(${k_series//./\\.}\.[0-9][^-]*\(-[0-9]*\)\?-amd64\)$/\1/p" |
		grep -vxF "$newest" | sort -V | tail -n 1)
	[[ $build ]] && printf "%s\n" "linux-image-$build" "linux-headers-$build"
}

# deb_kernels DISTRO PACKAGE...: the layer with these kernels, in the cache; sets
# d_layer
deb_kernels()
{
	local distro=$1 tmp=$cache/tmp/kernels-$1 key

	shift
	key=$(cksum <<<"$chroot $*" | cut -d ' ' -f 1)
	d_layer=$cache/systems/$distro-$key
	[[ ! -d $d_layer ]] || { touch "$d_layer"; return 0; }
	rm -rf "$tmp"
	mkdir -p "$cache/systems" || return
	cache_prune systems
	d_root=$tmp/root
	deb_overlay "$chroot" "$tmp" "$d_root" "$distro" || return
	deb_sources "$distro" || return
	# Nothing boots this: a ramdisk with few modules does. The option is one word.
	# shellcheck disable=SC2046
	say MODULES=list >"$d_root/etc/initramfs-tools/conf.d/few" &&
		deb_apt install --no-install-recommends $(deb_backports "$distro") "$@" || return
	umount -R "$d_root" && mv "$tmp/upper" "$d_layer" && rm -rf "$tmp"
}

# deb_lock DISTRO: until the program ends, as apt would not wait for another's apt
deb_lock()
{
	lock "$cache/lock-systems-$1" "the systems for packages of $1"
}

# deb_system DISTRO PACKAGE...: sets d_root to a system with these kernels, which
# is gone with the mount namespace of the caller
deb_system()
{
	local distro=$1 mem=$deb_dir/system

	chroot_fetch "$distro" "$deb_base" "system for packages" || return
	deb_lock "$distro" && deb_kernels "$@" || return
	mkdir -p "$mem" && mount -t tmpfs -o size=3g,mode=755 tmpfs "$mem" || return
	d_root=$mem/root
	deb_overlay "$d_layer:$chroot" "$mem" "$d_root" "$distro"
}

"$vm_dir/deps" build >&2 || give_up what_chroots_need_is_installed
