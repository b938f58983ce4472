# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Reads a plan: what is booted in which machine, with which programs. Needs lib.sh,
# machine.sh and boot.sh.

plan=$vm_dir/plan	# or another one, set by who has been told

# plan_choose NAME: the file "plan.NAME" instead
plan_choose()
{
	plan=$vm_dir/plan.$1
	[[ -f $plan ]] || die "there is no plan ${plan#"$top"/}"
}

# plan_rows KERNEL: "MACHINE PATTERN..." of the rows whose pattern fits
plan_rows()
{
	local kernels rest

	while read -r kernels rest; do
		# shellcheck disable=SC2053	# a pattern it is
		[[ $kernels == \#* || $1 != $kernels ]] || say "$rest"
	done <"$plan"
}

# plan_machines KERNEL: its machines, or parts of them, as the plan has them
plan_machines()
{
	plan_rows "$1" | awk '!seen[$1]++ { print $1 }'
}

# plan_programs KERNEL MACHINE PROGRAM...: those of the programs, given by path, that
# run there: the last pattern that fits decides, and one with a minus takes out. One
# from elsewhere than our own directory runs everywhere.
plan_programs()
{
	local kernel=$1 machine=$2 program patterns pattern runs

	shift 2
	read -ra patterns < <(plan_rows "$kernel" |
		awk -v m="$machine" '$1 == m { $1 = ""; printf "%s", $0 } END { print "" }')
	for program; do
		if [[ $program != "$build"/user/vm/* ]]; then
			say "$program"
			continue
		fi
		runs=
		for pattern in "${patterns[@]}"; do
			# shellcheck disable=SC2053	# a pattern it is
			[[ ${program##*/} == ${pattern#-} ]] || continue
			runs=$([[ $pattern == -* ]] || say 1)
		done
		[[ ! $runs ]] || say "$program"
	done
}
