# shellcheck shell=bash source-path=SCRIPTDIR
# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts in this directory share: where things are, how progress is
# shown, and the list of kernels; then the files for each stage, which build on
# it. Sourced; sets no shell options.
#
# Functions speak through a few globals: k_* describe the kernel at hand, set by
# kernel_row, kernel_resolve and chroot_build; b_* its build and boot, of which
# b_dir is set by the caller and the rest by kernel_build and boot.

vm_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
top=$(cd -- "$vm_dir/../.." && pwd)
cache=${DVP_CACHE:-/var/cache/dmabuf-vfio-pci}
build=${BUILD:-build}
[[ $build == /* ]] || build=$top/$build

# Not every root shell has the places of depmod and its like.
PATH=$PATH:/usr/sbin:/sbin

# The architecture of the kernel at hand: see kernel_row.
k_arch=amd64

# Compilers at a time; a build is small, and more only heats the machine.
jobs=$(nproc)
((jobs > 4)) && jobs=4

say()
{
	printf '%s\n' "$*"
}

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# need_root COMMAND
need_root()
{
	((EUID == 0)) || die "$1 needs root, for chroots and mounts: sudo $1"
}

# step TEXT LOG COMMAND...: one line of progress, with the time it took. The
# output goes to LOG, and its end is shown if the command fails.
step()
{
	local text=$1 log=$2 start=$SECONDS ret=0

	shift 2
	mkdir -p "${log%/*}"
	printf '  %s ... ' "$text"
	"$@" >"$log" 2>&1 || ret=$?
	if ((ret)); then
		printf 'failed after %d s; the end of %s:\n' $((SECONDS - start)) "$log"
		tail -n 25 "$log" | sed 's/^/    | /'
	else
		printf '%d s\n' $((SECONDS - start))
	fi
	return "$ret"
}

# user_begin, user_end: around a make for the programs. One that was cut short may
# have left half an object behind, so the next starts from scratch.
user_begin()
{
	[[ ! -e $build/user/unfinished ]] || rm -rf "$build/user"
	mkdir -p "$build/user" && touch "$build/user/unfinished"
}

# A compiler that fails, rather than dies, takes its output back.
user_end()
{
	rm -f "$build/user/unfinished"
}

# user_make LABEL TARGET
user_make()
{
	local ret=0

	user_begin || return
	step "$1" "$build/user.log" make -C "$top" -j"$jobs" BUILD="$build" "$2" || ret=$?
	user_end
	return "$ret"
}

# lock FILE TEXT: holds FILE until the shell ends, saying TEXT if it must wait.
# The descriptor is left in lock_fd, for unlock.
lock()
{
	mkdir -p "${1%/*}"
	exec {lock_fd}>>"$1" || return
	flock -n "$lock_fd" && return
	say "  waiting for another run: $2"
	flock "$lock_fd"
}

unlock()
{
	exec {lock_fd}>&-
}

# kernels_all: the rows of the list, without comments
kernels_all()
{
	grep -v '^[[:space:]]*\(#\|$\)' "$vm_dir/kernels.list"
}

# kernels_select WORD...: the names that the words mean, each the start of one
# or more names; all of them without words
kernels_select()
{
	local word name found

	if (($# == 0)); then
		kernels_all | awk '{ print $1 }'
		return
	fi
	for word; do
		found=
		while read -r name _; do
			[[ $name == "$word" || $name == "$word"-* ]] || continue
			say "$name"
			found=1
		done < <(kernels_all)
		[[ $found ]] || {
			say "no kernel is called $word in ${vm_dir#"$top"/}/kernels.list" >&2
			return 1
		}
	done
}

# kernels_one WORD: the one name that WORD means: WORD itself if that is a name, and else,
# of several, the stock kernel
kernels_one()
{
	local names

	if kernels_all | awk '{ print $1 }' | grep -Fxq "$1"; then
		say "$1"
		return
	fi
	names=$(kernels_select "$1") || return
	if [[ $names == *$'\n'* ]]; then
		names=$(grep -Fx "$names" <(kernels_stock))
	fi
	if [[ ! $names || $names == *$'\n'* ]]; then
		say "$1 means more than one kernel: $(kernels_select "$1" | xargs)" >&2
		return 1
	fi
	say "$names"
}

# kernels_stock: the names of the kernels that are Debian's own builds for amd64
kernels_stock()
{
	kernels_all | awk '$5 == "amd64" && $6 == "-" { print $1 }'
}

# kernel_row NAME: sets k_distro, k_series, k_suites, k_flavour and k_config; k_arch, the
# architecture; and k_apt, the private apt that has its packages
kernel_row()
{
	local name

	# shellcheck disable=SC2034	# not everybody needs all of them
	while read -r name k_distro k_series k_suites k_flavour k_config; do
		k_arch=amd64
		k_apt=$k_distro
		[[ $k_flavour != *arm64* ]] || k_arch=arm64 k_apt+=-arm64
		[[ $name == "$1" ]] && return
	done < <(kernels_all)
	say "no kernel is called $1" >&2
	return 1
}

. "$vm_dir/apt.sh"
. "$vm_dir/fetch.sh"
. "$vm_dir/chroot.sh"
. "$vm_dir/source.sh"
. "$vm_dir/build.sh"
. "$vm_dir/machine.sh"
. "$vm_dir/image.sh"
. "$vm_dir/watch.sh"
. "$vm_dir/boot.sh"
. "$vm_dir/plan.sh"
# shellcheck source=../clients/clients.sh
. "$top/tests/clients/clients.sh"
