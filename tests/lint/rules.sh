# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The project's own rules. Each function reads no input and prints a line for
# each finding. "files" is the array of all files, relative to the top.

# one licence, said in the first lines of every file but the licence itself
rule_spdx()
{
	local file

	for file in "${files[@]}"; do
		# Their formats have no room for a comment.
		[[ $file != @(COPYING|debian/changelog|debian/source/format) ]] || continue
		head -n 3 "$file" | grep -qE \
			'SPDX-License-Identifier: GPL-2\.0-only( WITH Linux-syscall-note)?( \*/| -->)?$' ||
			say "$file: no SPDX line with the project's licence"
	done
}

# features are detected, versions are not
rule_no_kernel_version()
{
	grep -rnwE 'LINUX_VERSION_CODE|KERNEL_VERSION' src | grep -v '^src/compat/'
}

# the version is written in dkms.conf alone
rule_one_version()
{
	local version

	version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
	[[ $version ]] || say "dkms.conf: no PACKAGE_VERSION"
	printf '%s\0' "${files[@]}" | grep -zvE '^(dkms\.conf|debian/changelog|CHANGELOG.*)$' |
		xargs -0 grep -nFw -- "$version"
}

# mirrors come from the machine's settings; a host without a dot says nothing
rule_no_mirror()
{
	local host

	apt-get -o Dir::State::lists=/nonexistent update --print-uris 2>/dev/null |
		sed -n "s|^'[a-z+]*://\([^/:]*\.[^/:]*\).*|\1|p" | sort -u | while read -r host; do
			printf '%s\0' "${files[@]}" | xargs -0 grep -nFw -- "$host"
		done
}

# no line ends in a blank, and every file in a newline
rule_blanks()
{
	local file

	# An empty line of a patch's context is a blank.
	printf '%s\0' "${files[@]}" | xargs -0 grep -nIE '[[:blank:]]+$' |
		grep -v '^COPYING:\|\.patch:'
	for file in "${files[@]}"; do
		[[ ! -s $file || ! $(tail -c 1 "$file") ]] || say "$file: no newline at the end"
	done
}
