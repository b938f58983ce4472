# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The life of the rpm packages in the system of rpm_root: installed, renewed, beside
# those of a vendor, in trouble, erased. Needs rpm.sh, and the packages in /out of
# that system.

own=dmabuf-vfio-pci
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$top/dkms.conf")
newer=$version.1

# package TREE WHAT: the path of a package that was made of that tree
package()
{
	(cd "$r_root" && ls "out/$1"/rpm/*[-.]"$2"[-.]*rpm) | sed 's,^,/,'
}

# field_is MODULE FIELD VALUE: of the module of each kernel; "-" for no module
field_is()
{
	local kernel found ret=0

	for kernel in "${r_kernels[@]}"; do
		found=$(rpm_in modinfo -k "$kernel" -F "$2" "$1" 2>/dev/null || echo -)
		[[ $found == "$3" ]] || {
			say "# $2 of $1 for $kernel: ${found:-not there}"
			ret=1
		}
	done
	return "$ret"
}

# dkms_knows NAME: versions, kernels and states, one after the other
dkms_knows()
{
	rpm_in dkms status "$1" 2>/dev/null | tr ',:' '  ' | awk '{ print $1, $2, $NF }' |
		sort | xargs
}

# installed_everywhere NAME VERSION: for every kernel, and no other version for any
installed_everywhere()
{
	equal "$(dkms_knows "$1")" \
		"$(printf '%s installed\n' "${r_kernels[@]/#/$1/$2 }" | sort | xargs)" &&
		field_is "$1" version "$2"
}

# said TEXT: in the output of the last step
said()
{
	grep -qF -- "$1" "$r_root/last"
}

# act WHAT COMMAND...: a step, whose output goes to the log and is kept
act()
{
	local ret

	shift
	"$@" >"$r_root/last" 2>&1
	ret=$?
	cat "$r_root/last"
	return "$ret"
}

# found_by MODULE ID...: whether that is what it is found by, for each kernel
found_by()
{
	local module=$1 kernel id

	shift
	for kernel in "${r_kernels[@]}"; do
		for id; do
			rpm_in modinfo -k "$kernel" -F alias "$module" |
				grep -qi "^vfio_pci:v0000${id%:*}d0000${id#*:}" || return
		done
	done
}

life_begins()
{
	local bare=9.9.9-bare

	mkdir -p "$r_root/usr/lib/modules/$bare/kernel"
	act "install" rpm_guest -i "$(package ours dkms)" "$(package ours utils)" \
		"$(package ours devel)"
	claim "install_builds_for_every_kernel$1" installed_everywhere "$own" "$version"
	claim "kernel_without_headers_is_named_with_the_way_out$1" \
		said "not built for kernel $bare, which has no headers here. Install kernel-devel-$bare"
	claim "install_says_nothing_else$1" equal "$(grep -vc "$bare" "$r_root/last")" 0
	claim "tool_runs_where_its_libraries_are$1" rpm_in vfio-dmabuf --version
	rm -r "$r_root/usr/lib/modules/$bare"
}

life_goes_on()
{
	act "another release" rpm_guest -U "$(package again dkms)"
	claim "other_release_of_the_version_is_built_from_its_own_source$1" \
		field_is "$own" dvp_again yes
	claim "erasing_the_old_release_leaves_the_new_one$1" \
		installed_everywhere "$own" "$version"
	act "newer version" rpm_guest -U "$(package newer dkms)" "$(package newer utils)" \
		"$(package newer devel)"
	claim "upgrade_builds_for_every_kernel$1" installed_everywhere "$own" "$newer"
	claim "upgrade_takes_the_old_source_away$1" \
		equal "$(cd "$r_root/usr/src" && echo "$own"-*)" "$own-$newer"
	claim "upgrade_leaves_no_note_of_dkms_in_tmp$1" equal "$(ls "$r_root/tmp")" ""
}

life_with_a_vendor()
{
	act "a vendor's" rpm_guest -i "$(package vendor dkms)" "$(package vendor utils)" \
		"$(package vendor devel)"
	claim "vendor_installs_beside_ours$1" installed_everywhere "$vendor" "$version"
	claim "vendor_takes_nothing_of_ours_away$1" installed_everywhere "$own" "$newer"
	claim "vendor_is_found_by_his_ids$1" found_by "$vendor" 1af4:1110 10de:0042
	act "erase the vendor's" rpm_guest -e "$vendor-dkms" "$vendor-utils" "$vendor-devel"
	claim "erasing_the_vendor_leaves_ours$1" installed_everywhere "$own" "$newer"
	claim "erasing_the_vendor_leaves_nothing_of_his$1" \
		equal "$(dkms_knows "$vendor")$(rpm_snapshot | grep acme)" ""
}

# The oldest kernel is the one that it can't be built for.
life_in_trouble()
{
	claim "build_that_fails_does_not_fail_the_upgrade$1" \
		act "broken source" rpm_guest -U "$(package broken dkms)"
	claim "kernel_that_cannot_be_built_for_is_named_with_the_reason$1" grep -q \
		"DKMS could not build it for kernel ${r_kernels[0]}: .*made to fail" "$r_root/last"
	claim "other_kernels_are_built_for$1" equal "$(dkms_knows "$own")" \
		"$own/$newer.1 ${r_kernels[1]} installed"
}

life_ends()
{
	claim "erase_works$1" act erase rpm_guest -e "$own-dkms" "$own-utils" "$own-devel"
	claim "erase_leaves_no_module$1" field_is "$own" version -
	claim "erase_leaves_no_dkms_entry$1" equal "$(dkms_knows "$own")" ""
	claim "erase_leaves_no_file$1" diff "$r_root/out/before" <(rpm_snapshot)
}

# claims_about_life DISTRO
claims_about_life()
{
	rpm_in rpm --initdb
	: >"$r_root/last"
	rpm_snapshot >"$r_root/out/before"
	life_begins "_on_$1"
	life_goes_on "_on_$1"
	life_with_a_vendor "_on_$1"
	((${#r_kernels[@]} < 2)) || life_in_trouble "_on_$1"
	life_ends "_on_$1"
}
