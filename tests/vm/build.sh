# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds the tree's modules for a stock kernel, with its distribution's compiler.
# The tree is copied first, so that builds for several kernels never mix. The
# copy stays, and only what changed is compiled again. Needs lib.sh, chroot.sh.

# tree_files: the files that make up the source, each ended by a NUL: what git
# knows and doesn't ignore, or all but build products where there is no git
tree_files()
{
	local git=(git -c "safe.directory=$top" -C "$top")

	if [[ $("${git[@]}" rev-parse --show-toplevel 2>/dev/null) == "$top" ]]; then
		"${git[@]}" ls-files -z --cached --others --exclude-standard
	else
		(cd "$top" && find . \( -path ./build -o -path ./.git \) -prune -o \
			-type f ! -name '*.o' ! -name '*.ko' ! -name '*.mod*' \
			! -name '.*.cmd' -printf '%P\0')
	fi
}

# tree_sync DIR: makes DIR hold those files. A file whose content is the same is
# not touched, or make would compile it again; what is gone is removed.
tree_sync()
{
	local dir=$1 list=$1.files file

	tree_files | sort -z >"$list.new" || return
	while IFS= read -r -d '' file; do
		[[ -f $top/$file ]] || continue
		cmp -s "$top/$file" "$dir/$file" && continue
		mkdir -p "$(dirname "$dir/$file")" || return
		cp -p "$top/$file" "$dir/$file" && touch "$dir/$file" || return
	done <"$list.new"
	if [[ -e $list ]]; then
		while IFS= read -r -d '' file; do
			[[ -f $top/$file ]] || rm -f "$dir/$file"
		done <"$list"
	fi
	mv "$list.new" "$list"
}

# build_make LOG-MARK KDIR DIR ARG...: one kbuild run in the chroot, in /dvp/DIR
build_make()
{
	local kdir=$1 dir=$2

	shift 2
	[[ $k_arch == amd64 ]] || set -- ARCH="$k_arch" CROSS_COMPILE="$build_cross" "$@"
	chroot_run "$k_chroot" "$k_entry" "$b_dir/tree" make -j"$jobs" -C "$kdir" \
		M="/dvp${dir:+/$dir}" W=1 "$@" modules
}

# What the names of the compiler's programs for arm64 start with
build_cross=aarch64-linux-gnu-

# The module as a vendor builds it, to be loaded beside ours.
build_vendor=(NAME=acme-vfio-pci VFIO_PCI_IDS=1af4:1110
	VFIO_DMABUF_QUIRKS=tests/vendor/quirks_table.h)

# build_modules ARG...: builds what the tree has, with the arguments for kbuild. The
# vendor's has a copy of its own, as objects of the two differ; arguments are about
# ours alone.
build_modules()
{
	local kdir=/usr/src/linux-headers-$k_abi

	tree_sync "$b_dir/tree" || return
	build_make "$kdir" "" "$@" || return
	[[ ! -e $top/tests/importer/Kbuild ]] ||
		build_make "$kdir" tests/importer "$@" || return
	if (($#)); then
		rm -rf "$b_dir/tree/vendor" "$b_dir/tree/vendor.files"
	elif [[ -e $top/tests/vendor/quirks_table.h ]]; then
		tree_sync "$b_dir/tree/vendor" &&
			build_make "$kdir" vendor "${build_vendor[@]}"
	fi
}

# build_warnings LOG: what the compiler or modpost complained about. A chroot
# whose compiler is a point release away from the kernel's is no fault of ours.
build_warnings()
{
	grep -iE '(^|[ :])warning:' "$1" |
		grep -v 'warning: the compiler differs from the one used to build'
}

# kernel_build NAME [ARG...]: the modules of the tree in b_dir/modules, and the programs
# for the kernel's architecture unless that is this machine's; or the reason in k_reason.
# The kernel must have been fetched.
#
# The mark says that products may be half written, or that warnings were not
# fixed: an incremental build would pass over both, so it starts from scratch.
kernel_build()
{
	local name=$1 mark log

	shift
	chroot_build "$k_distro" "${k_arch#amd64}" || {
		k_reason="no build environment"
		return 1
	}
	b_dir=$build/vm/$name
	mark=$b_dir/unfinished
	log=$b_dir/build.log
	if [[ -e $mark || $(cat "$b_dir/built-for" 2>/dev/null) != "$k_entry $k_chroot $*" ]]; then
		rm -rf "$b_dir/tree" "$b_dir/tree.files"
	fi
	mkdir -p "$b_dir/tree"
	rm -rf "$b_dir/modules"
	say "$k_entry $k_chroot $*" >"$b_dir/built-for"
	touch "$mark"
	step "build $name ($k_abi)" "$log" build_modules "$@" || {
		k_reason="the build failed, see ${log#"$top"/}"
		return 1
	}
	if build_warnings "$log" >"$b_dir/warnings"; then
		sed 's/^/    | /' "$b_dir/warnings"
		# shellcheck disable=SC2034	# for who asks why
		k_reason="warnings of the compiler, see ${log#"$top"/}"
		return 1
	fi
	mkdir "$b_dir/modules"
	find "$b_dir/tree" -name '*.ko' -exec cp {} "$b_dir/modules" \; || return
	rm "$mark"
	[[ $k_arch == amd64 ]] || cross_user || {
		# shellcheck disable=SC2034	# for the caller
		k_reason="the test programs could not be built"
		return 1
	}
}

# cross_dir: where the test programs for another architecture than this machine's are.
# Each environment has its own, as the libraries of the tool come from there.
cross_dir()
{
	say "$build/$k_arch/${k_chroot##*/}"
}

# cross_user: builds these in the environment that the kernel's modules are built in
cross_user()
{
	local dir ret=0 lock_fd

	dir=$(cross_dir)
	lock "$dir/lock" "${dir#"$top"/}" || return
	step "build the test programs for $k_arch" "$dir/user.log" cross_user_make "$dir" ||
		ret=$?
	unlock
	return "$ret"
}

cross_user_make()
{
	local libs=/usr/lib/${build_cross%-}

	tree_sync "$1/tree" || return
	chroot_run "$k_chroot" "$k_entry" "$1/tree" \
		env PKG_CONFIG_LIBDIR="$libs/pkgconfig:/usr/share/pkgconfig" \
		make -C /dvp -j"$jobs" BUILD=/dvp/build USER_CC="${build_cross}gcc" \
		TOOL_CC="${build_cross}gcc" \
		AR="${build_cross}ar" LD="${build_cross}ld" user || return
	mkdir -p "$1/bin" && cp "$k_chroot/bin/busybox" "$1/bin/"
}

# program_path PATH: where a test program for the kernel at hand is
program_path()
{
	if [[ $k_arch == amd64 || $1 != "$build"/user/* ]]; then
		say "$1"
	else
		say "$(cross_dir)/tree/build/${1#"$build/"}"
	fi
}
