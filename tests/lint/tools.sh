# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's own checkers, taken from the linux-source package of the newest
# kernel of the list, and kept in the cache. Needs tests/vm/lib.sh.

tools_parts=(
	'*/scripts/checkpatch.pl' '*/scripts/spelling.txt' '*/scripts/const_structs.checkpatch'
	'*/scripts/kernel-doc*' '*/tools/docs/kernel-doc' '*/tools/lib/python/*'
)

# tools_fetch: sets t_dir to the directory with them
tools_fetch()
{
	local row ret=0 version

	row=$(kernels_all | tail -n 1 | awk '{ print $1 }')
	kernel_fetch "$row" || return
	version=$(apt_private "$k_distro" apt-cache madison "linux-source-$k_series" |
		awk '{ print $3 }' | sort -V | tail -n 1)
	[[ $version ]] || {
		say "no package linux-source-$k_series"
		return 1
	}
	t_dir=$cache/tools/${k_series}_$version
	[[ ! -d $t_dir ]] || return 0
	lock "$cache/lock" "the cache" || return
	step "fetch the checkers of linux-source-$k_series ($version)" \
		"$cache/log/tools.log" tools_unpack "linux-source-$k_series=$version" || ret=$?
	unlock
	return "$ret"
}

tools_unpack()
{
	local tmp=$cache/tmp/tools

	rm -rf "$tmp"
	mkdir -p "$tmp/root" "${t_dir%/*}" || return
	(cd "$tmp" && apt_private "$k_distro" apt-get download "$1") || return
	dpkg-deb --fsys-tarfile "$tmp"/*.deb | tar -xO --wildcards '*.tar.xz' |
		xz -dc -T "$jobs" | tar -x -C "$tmp/root" --strip-components=1 --wildcards \
		"${tools_parts[@]/#\*/linux-source-*}" 2>&1 |
		grep -v 'Not found in archive\|previous errors'
	[[ -e $tmp/root/scripts/checkpatch.pl ]] || {
		say "the package has no checkpatch.pl"
		return 1
	}
	mv "$tmp/root" "$t_dir" && rm -rf "$tmp"
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
