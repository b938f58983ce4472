# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's own checkers, taken from the linux-source package of the newest
# kernel of the list, and kept in the cache. Needs tests/vm/lib.sh.

tools_parts=(
	'*/scripts/checkpatch.pl' '*/scripts/spelling.txt' '*/scripts/const_structs.checkpatch'
	'*/scripts/kernel-doc*' '*/tools/docs/kernel-doc' '*/tools/lib/python/*'
	'*/scripts/coccinelle/*'
)

# tools_fetch: sets t_dir to the directory with them
tools_fetch()
{
	local row ret=0 version

	row=$(kernels_stock | tail -n 1)
	kernel_fetch "$row" || return
	# shellcheck disable=SC2086	# a list it is
	version=$(newest_source "$k_distro" "$k_series" ${k_suites//[,?]/ }) || {
		say "no package linux-source-$k_series"
		return 1
	}
	t_dir=$cache/tools/${k_series}_${version}_$(cksum <<<"${tools_parts[*]}" | cut -d ' ' -f 1)
	[[ ! -d $t_dir ]] || return 0
	lock "$cache/lock" "the cache" || return
	step "fetch the checkers of linux-source-$k_series ($version)" \
		"$cache/log/tools.log" tools_unpack || ret=$?
	unlock
	return "$ret"
}

tools_unpack()
{
	local tmp=$cache/tmp/tools

	mkdir -p "${t_dir%/*}" || return
	# tar complains about patterns that fit nothing.
	source_unpack "$k_distro" "$k_series" "$version" "$tmp" \
		"${tools_parts[@]/#\*/linux-source-*}" 2>&1 |
		grep -v 'Not found in archive\|previous errors'
	[[ -e $tmp/tree/scripts/checkpatch.pl ]] || {
		say "the package has no checkpatch.pl"
		return 1
	}
	mv "$tmp/tree" "$t_dir" && rm -rf "$tmp"
}

# tools_kernel_doc FILE...: the script moved in newer kernels
tools_kernel_doc()
{
	if [[ -e $t_dir/tools/docs/kernel-doc ]]; then
		python3 "$t_dir/tools/docs/kernel-doc" "$@"
	else
		perl "$t_dir/scripts/kernel-doc" "$@"
	fi
}
