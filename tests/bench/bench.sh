# shellcheck shell=bash source-path=SCRIPTDIR/../vm source=../vm/lib.sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What "run" and "profile" share. Sourced; sets no shell options.

bench_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
. "$bench_dir/../vm/lib.sh"

program=$build/user/vm/dvp-bench
out=$build/bench

# bench_begin COMMAND DEFAULT SCRIPT [ARG...]: sets "names" to the stock kernels of
# KERNELS, or of the words of DEFAULT, and has what COMMAND needs installed and built
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

# bench_prepare NAME: has the kernel and the module for it. The lock is kept until
# unlock.
bench_prepare()
{
	k_reason=failed
	kernel_fetch "$1" || return
	b_dir=$build/vm/$1
	lock "$b_dir/lock" "${b_dir#"$top"/}"
	kernel_build "$1" && chroot_machine
}

# bench_roles [swapped]: the rows of the list, with each device in its twin's place and
# the other way round. Where a device lies makes a difference: what the kernel goes
# through to find its memory, for one.
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

# bench_boot MACHINE MODE [swapped]: boots k_abi; the figures go to stdout
# shellcheck disable=SC2034	# who sources this says why it failed
bench_boot()
{
	boot bench_progress "bench-$2" "$1" "$(bench_roles "${3:-}")" "$program" >&2 || {
		k_reason="the VM could not be set up, see ${b_logs#"$top"/}/image.log"
		return 1
	}
	sed -n 's/\r$//; s/^@out bench /bench /p' "$b_logs/channel.log"
	((b_failed == 0 && b_splats == 0)) && return
	cat "$b_logs/verdict.failed" "$b_logs/verdict.splats" >&2
	k_reason="the VM failed, see ${b_logs#"$top"/}"
	return 1
}

# bench_progress: what the program complains of
bench_progress()
{
	sed -un 's/\r$//; /^@out \(bench\|symbol\|profile\) /d
		s/^@out \(.*\)/    | \1/p; s/^@fail /    | init: /p'
}
