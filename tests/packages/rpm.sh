# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2154
# SPDX-License-Identifier: GPL-2.0-only
#
# A Debian system with dkms, rpm, and the headers of two kernels, to build and to
# install rpm packages in. It lies above a chroot of the cache, in memory, and in
# the mount namespace of whoever sourced this; so it is gone when that ends. rpm is
# a guest there: it has a database of its own, and doesn't know what dpkg installed.

. "$(dirname -- "${BASH_SOURCE[0]}")/../vm/lib.sh"
. "$top/tests/packages/tap.sh"

rpm_packages=$build_packages,dkms,openssl,procps,file,rpm,rpmlint,pkg-config
rpm_packages+=,libkmod-dev,libjson-c-dev

# rpm_chroot DISTRO: sets chroot to what lies below
rpm_chroot()
{
	chroot_fetch "$1" "$rpm_packages" "system for rpm packages"
}

# rpm_root DISTRO KERNEL...: sets r_root to that system, and r_kernels to the releases
# of those kernels, which are names of tests/vm/kernels.list
rpm_root()
{
	local distro=$1 layer name sources=() modules=() kbuild

	shift
	"$vm_dir/deps" build >&2 || return
	rpm_chroot "$distro" || return
	layer=$build/packages/rpm-$distro
	r_root=$layer/root
	r_kernels=()
	mkdir -p "$layer" && mount -t tmpfs none "$layer" || return
	mkdir -p "$layer"/{root,files,modules,sources}{,.work} || return
	rpm_overlay "$chroot" files "$r_root" || return
	for name; do
		# One that is there will do, and need not wait for who fills the cache.
		{ kernel_resolve "$name" && [[ -d $k_entry ]]; } || kernel_fetch "$name" ||
			return
		r_kernels+=("$k_abi")
		modules+=("$k_entry/lib/modules")
		sources+=("$k_entry/usr/src")
		for kbuild in "$k_entry"/usr/lib/linux-kbuild-*; do
			[[ -d $kbuild ]] || continue
			mkdir -p "$r_root/usr/lib/${kbuild##*/}" &&
				mount --bind "$kbuild" "$r_root/usr/lib/${kbuild##*/}" || return
		done
	done
	mkdir -p "$r_root"/usr/{lib/modules,src}
	rpm_overlay "$(IFS=:; echo "${modules[*]}")" modules "$r_root/usr/lib/modules" &&
		rpm_overlay "$(IFS=:; echo "${sources[*]}")" sources "$r_root/usr/src" || return
	for name in "${r_kernels[@]}"; do
		ln -s "/usr/src/linux-headers-$name" "$r_root/usr/lib/modules/$name/build" || return
	done
	mount -t proc proc "$r_root/proc" && mount --rbind /dev "$r_root/dev"
}

# rpm_overlay LOWER NAME WHERE: a layer, for what changes, above LOWER
rpm_overlay()
{
	mount -t overlay -o "lowerdir=$1,upperdir=$layer/$2,workdir=$layer/$2.work" none "$3"
}

# rpm_in COMMAND...: runs COMMAND in that system
rpm_in()
{
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive chroot "$r_root" "$@"
}

# rpm_guest ARG...: installs and erases. Debian's first rpm wants to be told that it
# may; none of them knows of the packages that dpkg installed.
rpm_guest()
{
	local force=()

	! rpm_in rpm --force-debian --version >/dev/null 2>&1 || force=(--force-debian)
	rpm_in rpm "${force[@]}" --nodeps "$@"
}

# rpm_tree NAME: a clean copy of the source at /src/NAME of that system, in r_tree
rpm_tree()
{
	r_tree=$r_root/src/$1
	mkdir -p "$r_tree" && tree_sync "$r_tree"
}

# rpm_make NAME [VARIABLE=VALUE...]: "make rpm" in that tree; the packages are then
# in /out/NAME of that system
rpm_make()
{
	local tree=$1

	shift
	rpm_in make -C "/src/$tree" BUILD="/out/$tree" "$@" rpm
}

# rpm_paths PACKAGE: its files and directories, but those that rpm adds by itself
rpm_paths()
{
	rpm_in rpm -qp --queryformat '[%{FILENAMES}\n]' "$1" |
		grep -v '^/usr/lib/\.build-id\|^/usr/share/licenses/' | sort
}

# rpm_snapshot: all paths of that system, but for what is rpm's own, what depmod makes
# of any module, the key that dkms makes for itself when it first signs one, and
# directories of the distribution that a small system lacks
rpm_snapshot()
{
	(cd "$r_root" && find . \( -path ./proc -o -path ./dev -o -path ./root/.rpmdb \
		-o -path ./src -o -path ./out -o -path ./last \) -prune -o -print) |
		grep -v '/modules\.[a-z.]*$\|^\./var/lib/dkms/mok\.' |
		grep -vx '\./usr/share/\(licenses\|man/man[48]\|pkgconfig\)' | sort
}
