# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Checkers of C that run in the chroot with them: the kernel's semantic patches, gcc's
# analyzer, clang, and the proofs. Each prints a line for each finding. Needs lib.sh,
# tools.sh.

# checkers_prepare: the tree as /dvp/tree of the chroot, beside the kernel's semantic
# patches; after tools_fetch, whose kernel is there to have headers
checkers_prepare()
{
	c_dir=$build/lint/c
	c_entry=$k_entry
	c_abi=$k_abi
	mkdir -p "$c_dir" && chroot_checkers && tree_sync "$c_dir/tree" || return
	rm -rf "$c_dir/coccinelle"
	cp -r "$t_dir/scripts/coccinelle" "$c_dir/coccinelle"
}

# checkers_run COMMAND...: in the tree
checkers_run()
{
	chroot_run "$c_chroot" "$c_entry" "$c_dir" env -C /dvp/tree "$@"
}

# run_coccinelle: each semantic patch that can report, on the module, but for a few
# whose rules have parts that an OCaml compiler would have to compile
run_coccinelle()
{
	local scripts

	mapfile -t scripts < <(cd "$c_dir" && grep -rlw 'virtual report' coccinelle |
		xargs grep -L ':ocaml' | sed 's|^|/dvp/|' | sort)
	((${#scripts[@]})) || say "the kernel's source has no semantic patches"
	printf '%s\n' "${scripts[@]}" | checkers_run xargs -P "$jobs" -n 1 tests/lint/cocci \
		src/kmod 2>&1 | grep -v '^warning: line .* should .* be a metavariable?$' |
		reports_unexpected "$lint_dir/coccinelle.ignore"
}

# reports_unexpected LIST: of the reports on stdin those that LIST does not have, and
# what is in LIST alone
reports_unexpected()
{
	awk '
		FNR == NR && /^#/ { next }
		FNR == NR {
			sub(/ *\|.*/, "")
			file[++nr] = $1
			sub(/^[^ ]* */, "")
			words[nr] = $0
			next
		}
		{
			for (i = 1; i <= nr; i++)
				if (index($0, file[i] ":") == 1 && index($0, words[i])) {
					met[i] = 1
					next
				}
			print
		}
		END {
			for (i = 1; i <= nr; i++)
				if (!met[i])
					print "no longer reported: " file[i] ": " words[i]
		}' "$1" -
}

# run_analyzer: gcc's, on library, tool and demo. What it says fails a build with our
# flags; a file that was found clean is looked at again only after a change.
run_analyzer()
{
	local log=$build/lint/analyzer.full

	if ! checkers_run make -k -j"$jobs" BUILD=/dvp/analyzed USER_CC="gcc -fanalyzer" \
		TOOL_CC="gcc -fanalyzer" objects >"$log" 2>&1 &&
	    ! grep -qE '(error|warning):' "$log"; then
		tail -n 5 "$log"
	fi
	grep -E '(error|warning):' "$log" | reports_unexpected "$lint_dir/analyzer.ignore"
}

# proofs: the names of all
proofs()
{
	sed -n 's/^void \([a-z_]*\)(.*/\1/p' "$top/tests/proof/extent.c"
}

# prove NAME NR ARG...: of requests of NR ranges; what CBMC says goes to stdout
prove()
{
	checkers_run timeout 900 cbmc -D_GNU_SOURCE "-DNR_RANGES=$2" -I tests/unit \
		-I tests/unit/shim -I src/kmod -I include --function "$1" \
		--unwind $(($2 + 2)) --unsigned-overflow-check "${@:3}" \
		tests/proof/extent.c src/kmod/core/extent.c 2>&1
}

# run_proof NAME: for one to four ranges. Nothing in extent.c is meant to wrap around but
# what says so, so unsigned numbers may not, either. That the end can be reached is seen
# once.
run_proof()
{
	local log=$build/lint/proof-$1.full nr

	for nr in 1 2 3 4; do
		prove "$1" "$nr" >"$log" && continue
		grep ': FAILURE$' "$log" || tail -n 5 "$log"
		return
	done
	prove "$1" 2 -DPROOF_CONTROL >"$log"
	[[ $(grep ': FAILURE$' "$log") == *' the end is reached: FAILURE' ]] ||
		say "$1: what it is given cannot be, or it fails before the end"
}

# What the configuration of a kernel would be if clang compiled it, as far as it differs
# and make has to know. clang.h has the rest. Everything else is the kernel's own. Its
# headers name the address space of a percpu variable twice, which gcc takes for once.
clang_args=(CC=clang
	KCFLAGS="-include /dvp/tests/lint/clang.h -Wno-duplicate-decl-specifier"
	CONFIG_CC_IS_GCC= CONFIG_CC_IS_CLANG=y CONFIG_GCC_VERSION=0
	CONFIG_CC_IMPLICIT_FALLTHROUGH=-Wimplicit-fallthrough
	CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT=
	CONFIG_UBSAN_BOUNDS_STRICT= CONFIG_UBSAN_ARRAY_BOUNDS=y
	CONFIG_FTRACE_MCOUNT_USE_CC= CONFIG_FTRACE_MCOUNT_USE_OBJTOOL=y)

# run_clang: the module, for the newest kernel, with the warnings of W=1. From scratch,
# or those of the last time would not be seen.
run_clang()
{
	local b_dir=$build/lint/clang k_chroot=$c_chroot k_entry=$c_entry version ret=0
	local kdir=/usr/src/linux-headers-$c_abi log=$build/lint/clang/build.log

	rm -rf "$b_dir"
	mkdir -p "$b_dir/tree" && tree_sync "$b_dir/tree" || return
	version=$(checkers_run clang -dumpversion | awk -F . '{ print $1 * 10000 + $2 * 100 + $3 }')
	build_make "$kdir" "" "${clang_args[@]}" "CONFIG_CLANG_VERSION=$version" >"$log" 2>&1 ||
		ret=$?
	build_warnings "$log" || ((ret == 0)) || tail -n 20 "$log"
	[[ -e $b_dir/tree/dmabuf-vfio-pci.ko ]] || say "there is no module"
}
