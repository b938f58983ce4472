# shellcheck shell=bash source-path=SCRIPTDIR/../vm source=../vm/lib.sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What "run" and "profile" share. Sourced; sets no shell options.

bench_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
. "$bench_dir/../vm/lib.sh"

program=$build/user/vm/dvp-bench
out=$build/bench

# bench_begin COMMAND DEFAULT SCRIPT [ARG...]: sets "names" to the stock kernels in
# KERNELS, or in DEFAULT, and installs and builds what COMMAND needs
bench_begin()
{
	local words selected

	read -ra words <<<"${KERNELS:-$2}"
	selected=$(kernels_select "${words[@]}") || exit 2
	mapfile -t names < <(grep -Fx "$selected" <(kernels_stock))
	((${#names[@]})) || die "no stock kernel is called $KERNELS"

	if [[ ! ${DVP_CONFINED:-} ]]; then
		need_root "$1"
		"$vm_dir/deps" build vm user bench || exit
		exec "$vm_dir/confine" "${@:3}"
	fi
	user_make "build the benchmark" "$program" || exit
	mkdir -p "$out" || exit
}

# bench_prepare NAME: fetches the kernel and builds the module. The lock is held until
# unlock.
bench_prepare()
{
	k_reason=failed
	kernel_fetch "$1" || return
	b_dir=$build/vm/$1
	lock "$b_dir/lock" "${b_dir#"$top"/}"
	kernel_build "$1" && chroot_machine
}

# bench_roles [swapped]: the rows of the list; swapped, each device takes its twin's
# place. A device's place makes a difference, for example to how long the kernel looks
# for its memory.
bench_roles()
{
	awk -v swapped="${1:-}" '
		/^DVP_/ {
			if (swapped) {
				if (!sub(/_TWIN$/, "", $1))
					$1 = $1 "_TWIN"
				$4 = $4 == "vfio-pci" ? "dmabuf-vfio-pci" : "vfio-pci"
			}
			print
		}' "$bench_dir/roles"
}

# bench_boot MODE [swapped]: boots k_abi; the figures go to stdout
# shellcheck disable=SC2034	# the caller prints the reason
bench_boot()
{
	boot bench_progress "bench-$1" count "$(bench_roles "${2:-}")" "$program" >&2 || {
		k_reason="the VM could not be set up, see ${b_logs#"$top"/}/image.log"
		return 1
	}
	sed -n 's/\r$//; s/^@out bench /bench /p' "$b_logs/channel.log"
	((b_failed == 0 && b_splats == 0)) && return
	cat "$b_logs/verdict.failed" "$b_logs/verdict.splats" >&2
	k_reason="the VM failed, see ${b_logs#"$top"/}"
	return 1
}

# bench_progress: the errors of the program
bench_progress()
{
	sed -un 's/\r$//; /^@out \(bench\|symbol\|profile\) /d
		s/^@out \(.*\)/    | \1/p; s/^@fail /    | init: /p'
}
