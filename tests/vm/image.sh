# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The initramfs of one boot: busybox, the kernel's modules that are needed, our
# own, the programs, init. Uncompressed, since unpacking is what an emulated
# machine does worst. Needs lib.sh; fetch.sh and build.sh must have been used.

image_modules=(vfio-pci vfio_iommu_type1)
# Exporters and the like that tests load where a kernel has them.
image_modules_wanted=(vgem)

# image_kernel_modules ROOT: those and what they depend on
image_kernel_modules()
{
	local module path

	{
		for module in "${image_modules[@]}"; do
			modprobe -d "$k_entry" -S "$k_abi" --show-depends "$module" || return
		done
		for module in "${image_modules_wanted[@]}"; do
			modprobe -d "$k_entry" -S "$k_abi" --show-depends "$module" 2>/dev/null
		done
		true
	} | awk '$1 == "insmod" { print $2 }' | sort -u | while read -r path; do
		module=$1/${path#"$k_entry/"}
		mkdir -p "${module%/*}" || return
		case $path in
		*.xz) xz -dc "$path" >"${module%.xz}" ;;
		*.zst) zstd -qdc "$path" >"${module%.zst}" ;;
		*) cp "$path" "$module" ;;
		esac || return
	done || return
	mkdir -p "$1/lib/modules/$k_abi" || return
	cp "$k_entry/lib/modules/$k_abi"/modules.{builtin,builtin.modinfo,order} \
		"$1/lib/modules/$k_abi/" || return
	depmod -b "$1" "$k_abi"
}

# image_tool ROOT: the tool with its libraries, for the tests of it. It is linked as
# it is for everybody, since libkmod comes as a shared library only.
image_tool()
{
	local path

	if [[ $k_arch != amd64 ]]; then
		image_tool_cross "$1"
		return
	fi
	cp "$build/tool/vfio-dmabuf" "$1/bin/" || return
	ldd "$build/tool/vfio-dmabuf" | awk '$2 == "=>" { print $3 } $1 ~ "^/" { print $1 }' |
		while read -r path; do
			mkdir -p "$1${path%/*}" && cp "$path" "$1$path" || return
		done
}

# image_tool_cross ROOT: the same, where ldd cannot run the loader
image_tool_cross()
{
	local todo=("$(cross_dir)/tree/build/tool/vfio-dmabuf") libs=/usr/lib/${build_cross%-}
	local seen=" " path name

	cp "${todo[0]}" "$1/bin/" && mkdir -p "$1$libs" "$1/lib" || return
	while ((${#todo[@]})); do
		path=${todo[0]}
		todo=("${todo[@]:1}")
		for name in $(readelf -d "$path" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
			[[ $seen != *" $name "* ]] || continue
			seen+="$name "
			cp -L "$k_chroot$libs/$name" "$1$libs/" || return
			todo+=("$1$libs/$name")
		done
	done
	cp -L "$k_chroot$libs"/ld-linux-*.so.1 "$1/lib/"
}

image_busybox()
{
	if [[ $k_arch == amd64 ]]; then
		command -v busybox
	else
		say "$(cross_dir)/bin/busybox"
	fi
}

# image_build FILE ROLES PROGRAM...: packs FILE; ROLES is the list for the guest
image_build()
{
	local file=$1 roles=$2 root=$1.d path

	shift 2
	rm -rf "$root"
	mkdir -p "$root"/{bin,dev,etc,lib,modules,proc,sys,tests,tmp} || return
	mknod -m 600 "$root/dev/console" c 5 1 || return
	cp "$(image_busybox)" "$root/bin/busybox" || return
	cp "$vm_dir/init" "$root/init" && cp "$roles" "$root/roles" || return
	printf '%s\n' 'root:x:0:0::/:/bin/sh' 'nobody:x:65534:65534::/:/bin/sh' >"$root/etc/passwd"
	printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' >"$root/etc/group"
	image_kernel_modules "$root" || return
	if [[ -d ${b_dir:-}/modules ]]; then
		cp "$b_dir"/modules/*.ko "$root/modules/" || return
	fi
	for path; do
		cp "$(program_path "$path")" "$root/tests/" || return
	done
	[[ " $* " != */check_tool* ]] || image_tool "$root" || return
	[[ " $* " != */check_kexec* ]] || cp "$k_entry/vmlinuz" "$root/vmlinuz" || return
	chmod -R a+rX "$root"
	(cd "$root" && find . -print0 | sort -z | cpio --quiet -0 -o -H newc) >"$file" || return
	rm -rf "$root"
}
