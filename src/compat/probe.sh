#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# probe.sh PROBES RESULT COMPILER [FLAG ...]
#
# Compiles each file of PROBES against the headers that the module is built
# for, and writes to RESULT a line for make with the names of those that
# compile, in capitals. Kept while neither compiler, flags, headers nor probes
# change. Prints nothing, or why the compiler cannot be used.
set -u

probes=$1 result=$2
shift 2

key=$({ printf '%s\n' "$@"; "$1" --version; cat "$probes"/*.c "$0"
	for header in include/generated/autoconf.h include/generated/utsrelease.h; do
		for tree in . ${DVP_OBJTREE:+"$DVP_OBJTREE"}; do
			[ ! -f "$tree/$header" ] || cat "$tree/$header"
		done
	done; } 2>&1 | cksum)
grep -qsxF "# $key" "$result" && exit 0

fail() {
	echo "$*"
	exit 1
}

mkdir -p "${result%/*}" || fail "cannot make ${result%/*}"
work=$(mktemp -d "${result%/*}/probe.XXXXXX") || fail "cannot write to ${result%/*}"
trap 'rm -rf "$work"' EXIT

compile() { # NAME, flags
	name=$1
	shift
	"$@" -DMODULE -DKBUILD_BASENAME="\"$name\"" -DKBUILD_MODNAME="\"dvp\"" \
		-D__KBUILD_MODNAME=dvp -c -o "$work/$name.o" "$probes/$name.c" \
		>"$work/$name.log" 2>&1
}

compile control_yes "$@" ||
	fail "$1 cannot compile for this kernel: $(grep -m 1 -iE 'error|not found' \
		"$work/control_yes.log")"
compile control_no "$@" &&
	fail "$1 compiles what no kernel has: it is not a C compiler"

have=
for probe in "$probes"/*.c; do
	name=${probe##*/}
	name=${name%.c}
	case $name in
	control_*) continue ;;
	esac
	if compile "$name" "$@"; then
		have="$have $(echo "$name" | tr '[:lower:]' '[:upper:]')"
	fi
done

printf '# %s\nDVP_HAVE :=%s\n' "$key" "$have" >"$work/result" ||
	fail "cannot write to $work"
mv "$work/result" "$result" || fail "cannot write $result"
