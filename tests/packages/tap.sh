# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the programs here that are shell scripts print TAP with. Needs "say" of
# tests/vm/lib.sh.

tap_count=0
tap_failed=0

# claim NAME COMMAND...: one test, which holds if COMMAND does
claim()
{
	local tap_name=$1

	shift
	((++tap_count))
	if "$@"; then
		say "ok $tap_count - $tap_name"
	else
		((++tap_failed))
		say "not ok $tap_count - $tap_name"
		say "# it was asked: $*"
	fi
}

# give_up REASON: a test that fails for all that can't be tried
give_up()
{
	((++tap_count))
	say "not ok $tap_count - $1"
	tap_end
	exit 1
}

tap_end()
{
	say "1..$tap_count"
}

# equal A B, has TEXT WORD, lacks TEXT WORD: for claims, which show what they saw
equal()
{
	[[ $1 == "$2" ]]
}

has()
{
	[[ $1 == *"$2"* ]]
}

lacks()
{
	[[ $1 != *"$2"* ]]
}

# below A B: A and B are numbers, and A is the lower one
below()
{
	[[ $1 =~ ^[1-9][0-9]*$ && $2 =~ ^[1-9][0-9]*$ ]] && (($1 < $2))
}
