#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# probe.sh PROBES CACHE OBJTREE COMPILER [FLAG ...]
#
# Compiles each file of PROBES against the headers that the module is built for. Prints
# "have" and the names of those that compile, in capitals; or why the compiler cannot be
# used.
#
# Keeps the answer in CACHE, in a file whose name depends on all that goes into it:
# compiler, flags, probes, and the contents of the headers that probes include. So
# builds for different headers never share an answer, even at the same time.
#
# Probes see the .config of OBJTREE, too: DVP_DOT_CONFIG where there is one, and
# DVP_OFF_CONFIG_FOO where it says that the option CONFIG_FOO exists and is off.
set -u
export LC_ALL=C

probes=$1 cache=$2 config=$3/.config
shift 3

fail() {
	echo "$*"
	exit
}

mkdir -p "$cache" || fail "cannot make $cache"
work=$(mktemp -d "$cache/work.XXXXXX") || fail "cannot write to $cache"
trap 'rm -rf "$work"' EXIT

if [ -f "$config" ]; then
	echo '#define DVP_DOT_CONFIG'
	sed -n 's/^# \(CONFIG_[[:alnum:]_]*\) is not set$/#define DVP_OFF_\1/p' "$config"
fi >"$work/config.h"
set -- "$@" -include "$work/config.h" -DMODULE -DKBUILD_MODNAME='"dvp"' \
	-D__KBUILD_MODNAME=dvp -DKBUILD_BASENAME='"probe"'

# The headers of all probes. Without one of them there is no list, and no key.
cat "$probes"/*.c | grep '^#include' >"$work/all.c"
key=
if "$@" -M "$work/all.c" >"$work/list" 2>/dev/null; then
	key=$({
		printf '%s\n' "$@" | sed "s|$work||"
		"$@" --version
		cat "$0" "$probes"/*.c
		tr -s ' ' '\n' <"$work/list" | grep / | xargs cat
	} 2>&1 | sha256sum | cut -c -32)
	cat "$cache/$key" 2>/dev/null && exit
fi

compile() { # NAME COMPILER [FLAG ...]
	name=$1
	shift
	"$@" -c -o "$work/$name.o" "$probes/$name.c" >"$work/$name.log" 2>&1
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

echo "have$have" | tee "$work/result"
[ -z "$key" ] || mv "$work/result" "$cache/$key"
