# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-only
#
# Programs of others that use devices, as their makers ship them, for the machine.
# A test program called check_client_NAME finds NAME below /clients there: an
# archive in the cache, which is appended to the image of a boot that runs such a
# program, and to no other. Needs lib.sh, chroot.sh, source.sh.

# What QEMU needs for a PC besides libraries, as far as its release has it.
qemu_program=/usr/bin/qemu-system-x86_64
qemu_files=(
	/usr/share/seabios/bios-256k.bin /usr/share/qemu/kvmvapic.bin
	'/usr/lib/*/qemu/accel-tcg-x86_64.so'
)

# The kernel's own selftests are built as their Makefile does it, but statically.
selftests_packages=gcc,make,libc6-dev,uuid-dev
selftests_source=(
	Makefile Kbuild 'scripts/*' 'include/*' 'arch/x86/*Makefile*'
	'arch/x86/include/*' 'arch/x86/entry/syscalls/*' 'tools/arch/x86/include/*'
	'tools/include/*' 'tools/scripts/*' 'tools/testing/selftests/*.mk'
	'tools/testing/selftests/kselftest*.h' 'tools/testing/selftests/vfio/*'
	'drivers/dma/*/*.h' 'drivers/net/ethernet/intel/igb/*.h'
)

# clients_of PROGRAM...: the clients that these test programs need
clients_of()
{
	local program

	for program; do
		program=${program##*/}
		[[ $program != check_client_* ]] || say "${program#check_client_}"
	done | sort -u
}

# clients_fetch NAME PROGRAM...: has the archives in the cache that the programs need
# on kernel NAME, whose row and version were read, and links to them in b_dir/clients
clients_fetch()
{
	local dir=$build/vm/$1/clients client archive

	shift
	rm -rf "$dir"
	for client in $(clients_of "$@"); do
		"client_$client" || return
		mkdir -p "$dir" && ln -s "$archive" "$dir/$client" || return
	done
}

# clients_append FILE PROGRAM...: appends to the image FILE what they need. The
# kernel unpacks one archive after the other.
clients_append()
{
	local file=$1 client

	shift
	for client in $(clients_of "$@"); do
		cat "$b_dir/clients/$client" >>"$file" || return
	done
}

# client_make TEXT FUNCTION: has FUNCTION fill a directory, unless the archive is
# there and newer than the chroot that it comes from
client_make()
{
	local ret=0

	lock "$cache/lock-clients" "$1" || return
	if [[ ! $archive -nt $chroot ]]; then
		cache_prune clients
		step "$1" "$cache/log/client-$client.log" client_pack "$2" || ret=$?
	fi
	unlock
	return "$ret"
}

# client_key WORD...: what else makes an archive another one
client_key()
{
	cksum <<<"$*" | cut -d ' ' -f 1
}

# client_pack FUNCTION: what FUNCTION leaves in tmp/root becomes the archive
client_pack()
{
	local tmp=$cache/tmp/client-$client root

	root=$tmp/root
	rm -rf "$tmp"
	mkdir -p "$root/clients/$client" "${archive%/*}" || return
	"$1" "$root/clients/$client" || return
	(cd "$root" && find . -mindepth 1 -print0 | sort -z |
		cpio --quiet -0 -o -H newc) >"$tmp/archive" || return
	mv "$tmp/archive" "$archive" && rm -rf "$tmp"
}

# client_qemu: QEMU of the kernel's own distribution, to be entered by chroot()
client_qemu()
{
	chroot_fetch "$k_distro" qemu-system-x86 "place with QEMU" || return
	archive=$cache/clients/qemu-${chroot##*/}-$(client_key "${qemu_files[@]}").cpio
	client_make "pack QEMU of $k_distro" client_pack_qemu
}

# client_pack_qemu DIR: the program, the libraries that it names, and its files
client_pack_qemu()
{
	local file path paths

	mapfile -t paths < <(chroot "$chroot" ldd "$qemu_program" |
		sed -n 's|^[^/]*\(/[^ ]*\) (0x.*|\1|p')
	((${#paths[@]})) || return
	for file in "${qemu_files[@]}"; do
		# The star in it is meant.
		# shellcheck disable=SC2231
		for path in "$chroot"$file; do
			[[ ! -e $path ]] || paths+=("${path#"$chroot"}")
		done
	done
	for path in "$qemu_program" "${paths[@]}"; do
		# Directories on the way may be links, which the guest need not have.
		mkdir -p "$1${path%/*}" && cp -L "$chroot$path" "$1$path" || return
	done
	mkdir -p "$1"/{dev,proc,sys,tmp}
}

# client_selftests: tools/testing/selftests/vfio of the kernel's own source
client_selftests()
{
	chroot_fetch "$k_distro" "$selftests_packages" "build environment for selftests" ||
		return
	archive=$cache/clients/selftests-$k_version-$(client_key "${selftests_source[@]}").cpio
	client_make "build the selftests of $k_version" client_build_selftests
}

# client_build_selftests DIR
client_build_selftests()
{
	local source=$tmp/source vfio=tools/testing/selftests/vfio named

	source_unpack "$k_distro" "$k_series" "$k_version" "$source" \
		"${selftests_source[@]/#/linux-source-$k_series/}" || return
	mkdir -p "$tmp/entry/usr/src" || return
	client_make_selftests . headers && client_make_selftests "$vfio" all || return
	find "$source/tree/$vfio" -maxdepth 1 -type f -perm /100 -name '*_test' \
		-exec cp {} "$1" \;
	# One compares the name of a driver. Its copy expects ours instead.
	named=$vfio/vfio_pci_sriov_uapi_test
	sed -i 's/strcmp(vf_driver, "vfio-pci")/strcmp(vf_driver, "dmabuf-vfio-pci")/' \
		"$source/tree/$named.c"
	grep -q '"dmabuf-vfio-pci"' "$source/tree/$named.c" || return
	client_make_selftests "$vfio" all && cp "$source/tree/$named" "$1/${named##*/}.named"
}

# client_make_selftests DIR TARGET: make in their source, which is /dvp in the chroot
client_make_selftests()
{
	chroot_run "$chroot" "$tmp/entry" "$source/tree" \
		env LDFLAGS=-static make -C "/dvp/$1" -j"$jobs" ARCH=x86_64 "$2"
}
