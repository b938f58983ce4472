# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A private apt for each distribution and architecture: its own directories in the cache,
# the Debian mirrors, proxies and other transport settings of this machine. The machine's
# own apt is asked, and never changed.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# apt_mirrors SUITE: the archive addresses of this machine that may carry it,
# the likeliest first. A machine without the security archive most likely has a
# mirror that carries it beside the main one.
apt_mirrors()
{
	local found

	if [[ $1 != *-security ]]; then
		apt_configured archive
		return
	fi
	found=$(apt_configured security)
	[[ $found ]] || found=$(apt_configured archive | sed -n 's|/debian$|/debian-security|p')
	[[ ! $found ]] || say "$found"
}

# apt_configured KIND: addresses of archives, main or security. apt itself is
# asked what it would fetch, so every style of sources file is understood.
apt_configured()
{
	local kind uri suite

	apt-get -o Dir::State::lists=/nonexistent update --print-uris 2>/dev/null |
		sed -n "s|^'\(.*\)/dists/\(.*\)/InRelease' .*|\1 \2|p" |
		while read -r uri suite; do
			[[ $uri != cdrom:* ]] || continue
			kind=archive
			[[ $suite != *-security && $suite != */updates ]] || kind=security
			[[ $kind == "$1" ]] || continue
			case $uri in
			*/debian | */debian-security) say "0 $uri" ;;
			*debian*) say "1 $uri" ;;
			*) say "2 $uri" ;;
			esac
		done | sort -u -k 1,1n -k 2 | cut -d ' ' -f 2-
}

# apt_settings: the machine's transport settings, in apt.conf syntax
apt_settings()
{
	apt-config dump --format '%F "%v";%n' Acquire |
		grep -v '^Acquire::\(IndexTargets\|Languages\|GzipIndexes\|cdrom\)'
	say 'Acquire::Languages "none";'
	say 'Acquire::Retries "3";'
}

# apt_arch APT: its architecture. An apt is called by its distribution, with the
# architecture behind it unless that is amd64.
apt_arch()
{
	local arch=amd64

	[[ $1 != *-* ]] || arch=${1##*-}
	say "$arch"
}

# apt_prepare APT: writes the configuration, and points APT_CONFIG at it
apt_prepare()
{
	local dir=$cache/apt/$1 arch

	arch=$(apt_arch "$1")
	mkdir -p "$dir"/etc/{apt.conf.d,preferences.d} \
		"$dir"/{state/lists/partial,cache/archives/partial,suites} || return
	unset APT_CONFIG
	{
		cat <<-CONF || return
		Dir "$dir";
		Dir::Etc "etc";
		Dir::Etc::sourcelist "sources.list";
		Dir::Etc::sourceparts "/nonexistent";
		Dir::Etc::netrc "/etc/apt/auth.conf";
		Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
		Dir::State "state";
		Dir::State::status "$dir/status";
		Dir::Cache "cache";
		APT::Architecture "$arch";
		APT::Architectures "$arch";
		APT::Sandbox::User "root";
		APT::Update::Error-Mode "any";
		CONF
		apt_settings || return
	} >"$dir/apt.conf.new"
	: >"$dir/status"
	mv "$dir/apt.conf.new" "$dir/apt.conf"
	touch "$dir/etc/sources.list"
}

# apt_private APT COMMAND...: runs an apt command with that configuration
apt_private()
{
	APT_CONFIG=$cache/apt/$1/apt.conf "${@:2}"
}

# apt_update_suite APT SUITE: fetches its lists from the first mirror that
# has it. suites/SUITE is the sources line if it was found, and empty if no
# mirror carries it.
apt_update_suite()
{
	local dir=$cache/apt/$1 suite=$2 uri log line absent=1 any=

	log=$dir/$suite.log
	for uri in $(apt_mirrors "$suite"); do
		any=1
		line="deb [signed-by=$keyring] $uri $suite main"
		say "$line" >"$dir/$suite.try"
		if apt_private "$1" apt-get update -o APT::Get::List-Cleanup=false \
		    -o Dir::Etc::sourcelist="$dir/$suite.try" >"$log" 2>&1; then
			mv "$dir/$suite.try" "$dir/suites/$suite"
			return
		fi
		cat "$log"
		grep -q 'does not have a Release file\|404' "$log" || absent=
	done
	rm -f "$dir/$suite.try"
	[[ $any ]] || {
		say "apt on this machine has no Debian mirror for $suite"
		return 1
	}
	[[ $absent ]] || return 1
	: >"$dir/suites/$suite"
}

# apt_update APT SUITE...: fetches the lists. What an earlier look found
# stays as it was if a mirror can't be reached.
apt_update()
{
	local apt=$1 suite ret=0

	shift
	apt_prepare "$apt" || return
	for suite; do
		apt_update_suite "$apt" "$suite" || ret=1
	done
	cat "$cache/apt/$apt"/suites/* >"$cache/apt/$apt/etc/sources.list" || return
	((ret)) || touch "$cache/apt/$apt/stamp"
	return "$ret"
}

# apt_is_fresh APT SUITE...: whether the lists are all there, and were
# fetched within a day
apt_is_fresh()
{
	local dir=$cache/apt/$1 suite

	[[ ${UPDATE:-0} != 1 ]] || return
	[[ -e $dir/apt.conf && $(find "$dir/stamp" -mtime -1 2>/dev/null) ]] || return
	shift
	for suite; do
		[[ -e $dir/suites/$suite ]] || return
	done
}
