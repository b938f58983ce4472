# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Kernels built here, from Debian's linux-source packages and the fragments in
# "kconfig", with the compiler of their distribution. What they become in the cache
# has the layout of an unpacked stock kernel, so nothing else can tell them apart.
# Needs fetch.sh, chroot.sh.

# Other architectures, what no fragment enables, and what isn't code. Each Kconfig
# file has to stay: they all include each other.
source_unused=(
	'Documentation/*/*' 'LICENSES/*' 'rust/*.rs' 'samples/*.[ch]' 'sound/*.[ch]'
	'tools/perf/*' 'tools/testing/*' 'drivers/gpu/*/*.[ch]' 'drivers/net/*/*.[ch]'
	'drivers/media/*.[ch]' 'drivers/scsi/*.[ch]' 'drivers/staging/*.[ch]'
	'drivers/infiniband/*.[ch]' 'arch/[!Kx]*/*.[chS]' 'arch/[!Kx]*.dts*'
	'arch/[!Kx]*/configs/*' 'arch/xtensa/*.[chS]'
)

# newest_source DISTRO SERIES SUITE...: the version of its linux-source package
newest_source()
{
	local distro=$1 series=$2 wanted=" ${*:3} " best= version suite

	while read -r version suite; do
		[[ $wanted == *" $suite "* ]] || continue
		[[ ! $best ]] || dpkg --compare-versions "$version" gt "$best" || continue
		best=$version
	done < <(apt_private "$distro" apt-cache madison "linux-source-$series" |
		sed -n 's#^ *[^ ]* | *\([^ ]*\) | [^ ]* \([^ ]*\)/main .*#\1 \2#p')
	[[ $best ]] && say "$best"
}

# source_unpack DISTRO SERIES VERSION TMP TAR-ARG...: downloads into TMP, and
# unpacks into TMP/tree what the arguments leave
source_unpack()
{
	local tmp=$4

	rm -rf "$tmp"
	mkdir -p "$tmp/tree" || return
	(cd "$tmp" && apt_private "$1" apt-get download "linux-source-$2=$3") || return
	dpkg-deb --fsys-tarfile "$tmp"/*.deb | tar -xO --wildcards '*.tar.xz' |
		xz -dc -T "$jobs" | tar -x -C "$tmp/tree" --strip-components=1 \
		--no-same-owner --wildcards "${@:5}" || return
	rm "$tmp"/*.deb
}

# source_fragment NAME: all that the row of the kernel asks for
source_fragment()
{
	local part

	for part in ${k_config//,/ }; do
		grep -E '^(# )?CONFIG_' "$vm_dir/kconfig/$part" || return
	done
	say "CONFIG_LOCALVERSION=\"-${1#"$k_series-"}\""
}

# source_key NAME: what else than the version makes a kernel another one
source_key()
{
	{
		source_fragment "$1"
		say "${source_unused[*]} ${source_kept[*]}"
		dpkg-query --admindir="$(chroot_path "$k_distro" "$build_packages")/var/lib/dpkg" \
			-W 'gcc-[0-9]*' 'binutils' 2>/dev/null
	} | cksum | cut -d ' ' -f 1
}

# source_make ARG...: make in the tree, which is /dvp in the chroot
source_make()
{
	chroot_run "$k_chroot" "$tmp/entry" "$tmp/tree" make -C /dvp -j"$jobs" ARCH=x86_64 \
		KBUILD_BUILD_USER=dvp KBUILD_BUILD_HOST=dvp "$@"
}

# source_verify: whether the configuration came out as asked for. Kconfig is silent
# about what it leaves out, such as KASAN where another option forbids it.
source_verify()
{
	awk '
		/^CONFIG_/ {
			name = $0
			sub(/=.*/, "", name)
		}
		/^# CONFIG_.* is not set$/ { name = $2 }
		NR == FNR { have[name] = $0; name = ""; next }
		name != "" && have[name] != $0 && !(name == $2 && have[name] == "") {
			print "asked for: " $0 "; got: " (have[name] ? have[name] : "nothing")
			bad = 1
		}
		{ name = "" }
		END { exit bad }' "$tmp/tree/.config" "$tmp/tree/fragment"
}

source_configure()
{
	local release

	source_fragment "$1" >"$tmp/tree/fragment" || return
	# Rather than tinyconfig, which is this with SLUB_TINY and its like.
	source_make KCONFIG_ALLCONFIG=fragment allnoconfig && source_verify || return
	release=$(source_make -s kernelrelease) || return
	[[ $release == "$k_abi" ]] || {
		say "the release is $release and not $k_abi"
		return 1
	}
}

# What building a module against a kernel takes of its tree.
source_kept=(Makefile .config Module.symvers include scripts arch/x86/include
	arch/x86/Makefile arch/x86/Makefile_32.cpu tools/objtool/objtool)

# source_compile: compiles, and moves what is kept into the entry
source_compile()
{
	local modules=$tmp/entry/lib/modules/$k_abi headers=$tmp/entry/usr/src/linux-headers-$k_abi

	source_make bzImage modules || return
	mkdir -p "$modules/kernel" "$headers" || return
	mv "$tmp/tree/arch/x86/boot/bzImage" "$tmp/entry/vmlinuz" || return
	mv "$tmp/tree"/modules.{builtin,builtin.modinfo,order} "$modules/" || return
	depmod -b "$tmp/entry" "$k_abi" || return
	rm -rf "$tmp/tree/include/dt-bindings"
	(cd "$tmp/tree" && tar -c "${source_kept[@]}") | tar -x -C "$headers" || return
	mv "$tmp/entry" "$k_entry" && rm -rf "$tmp"
}

# source_build NAME: all of it, with a line of progress for each stage
source_build()
{
	local tmp=$cache/tmp/source-$1 log=$cache/log/source-$1 arg unused=()

	for arg in "${source_unused[@]}"; do
		unused+=("--exclude=linux-source-$k_series/$arg")
	done
	mkdir -p "${k_entry%/*}"
	step "fetch $1: linux-source-$k_series ($k_version)" "$log-fetch.log" \
		source_unpack "$k_distro" "$k_series" "$k_version" "$tmp" "${unused[@]}" || return
	mkdir -p "$tmp/entry/usr/src" || return
	step "configure $1 ($k_abi)" "$log-configure.log" source_configure "$1" || return
	step "compile $1, once; this takes minutes" "$log-compile.log" source_compile
}

# source_fetch NAME: the kernel of that row in the cache; the row has been read.
# Others may use the rest of the cache meanwhile.
source_fetch()
{
	local ret=0

	chroot_build "$k_distro" || {
		k_reason="no build environment"
		return 1
	}
	lock "$cache/lock" "the cache" || return
	kernel_look "$1" && cache_prune kernels || ret=$?
	unlock
	((ret == 0)) || return "$ret"
	if [[ ! -d $k_entry ]]; then
		lock "$cache/lock-$1" "kernel $1 is being built" || return
		[[ -d $k_entry ]] || source_build "$1" || ret=$?
		unlock
	fi
	((ret == 0)) || {
		k_reason="building $k_abi failed, see $cache/log"
		return "$ret"
	}
	touch "$k_entry"
}
