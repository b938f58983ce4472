# shellcheck shell=bash source-path=SCRIPTDIR
# SPDX-License-Identifier: GPL-2.0-only
#
# The life of the packages on a system, as an administrator sees it: install, a new
# kernel, an old one that goes, kernels that the module can't be built for, upgrade,
# purge. Each function tries one of these and makes its claims.

# shellcheck source=deb.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/deb.sh"

# module_of KERNEL [NAME]: the version of the module there, if it fits the kernel
module_of()
{
	[[ $(deb_in modinfo -k "$1" -F vermagic "${2:-$own}") == "$1 "* ]] &&
		deb_in modinfo -k "$1" -F version "${2:-$own}"
}

# status_of KERNEL [NAME]: what DKMS says of it, such as VERSION:installed
status_of()
{
	deb_in dkms status "${2:-$own}" -k "$1" 2>/dev/null |
		sed -n 's|^[^/]*/\([^,]*\), [^:]*: \([a-z]*\).*|\1:\2|p'
}

# built_for KERNEL VERSION [NAME]: both agree
built_for()
{
	equal "$(module_of "$1" "${3:-}")" "$2" &&
		equal "$(status_of "$1" "${3:-}")" "$2:installed"
}

# not_built_for KERNEL: neither knows of a module
not_built_for()
{
	equal "$(status_of "$1")" "" &&
		equal "$(find "$d_root/lib/modules/$1" -name "$own.ko*" 2>/dev/null)" ""
}

# kernels: those of the system
kernels()
{
	ls "$d_root/lib/modules"
}

# told TEXT LINE: TEXT has one such line, and not more
told()
{
	equal "$(grep -cF -- "$2" <<<"$1")" 1
}

# files: all that a file system has but what changes by itself
files()
{
	deb_in find / -xdev \( -path /tmp -o -path /var/log -o -path /var/cache \
		-o -path /debs -o -path /var/lib/dpkg -o -path /var/lib/apt \) -prune \
		-o -print | sort
}

# owned: what packages say that they have, by the names that find has for it
owned()
{
	cat "$d_root"/var/lib/dpkg/info/*.list | sed -E 's,^/(lib|bin|sbin)(64)?/,/usr/\1\2/,' |
		sort -u
}

# run LOG COMMAND...: with its output in log; a failure is seen by its claims
run()
{
	log=$("$@" 2>&1)
	ran=$?
	say "$log"
}

# set_of old|new: the packages of one version, by their paths in there
set_of()
{
	(cd "$d_root" && printf '/%s\n' "debs/$1"/*.deb)
}

# life_prepare: packages of two versions, in the system
life_prepare()
{
	local which

	for which in old new; do
		case $which in
		old) deb_packages "$own" "$version" ;;
		new) deb_packages "$own" "$later_version" ;;
		esac || return
		mkdir -p "$d_root/debs/$which" && cp "$debs"/*.deb "$d_root/debs/$which/" || return
	done
}

life_install()
{
	local kernel list

	# The pattern is a list.
	# shellcheck disable=SC2046
	run deb_apt install $(set_of old)
	claim packages_install equal "$ran" 0
	claim two_kernels_or_more_are_there below 1 "$(kernels | wc -l)"
	for kernel in $(kernels); do
		claim "install_builds_for_$kernel" built_for "$kernel" "$version"
	done
	list=$(deb_in dpkg -L "$own-dkms" "$own-utils" "lib$own-dev")
	claim nothing_binds_or_loads_by_itself equal "" "$(grep -E \
		'^(/usr)?/lib/(udev|systemd|modprobe.d|modules-load.d)|^/etc/' <<<"$list")"
	claim tool_is_of_this_version has "$(deb_in vfio-dmabuf --version)" "$version"
	claim manual_pages_and_completion_are_there equal 3 "$(grep -cE \
		'/(man8/vfio-dmabuf.8.gz|man4/dmabuf-vfio-pci.4.gz|completions/vfio-dmabuf)$' \
		<<<"$list")"
	# shellcheck disable=SC2016	# for the shell inside
	claim header_is_found_by_pkg_config deb_in sh -ec '
		echo "#include <dmabuf_vfio_pci.h>
			int main(void) { return !DMABUF_VFIO_PCI_FEATURE_REVOKE; }" >/tmp/p.c
		cc -o /tmp/p /tmp/p.c $(pkg-config --cflags dmabuf-vfio-pci) && /tmp/p'
}

# life_kernel PACKAGE...: a kernel that is installed later, and goes again
life_kernel()
{
	local kernel=${1#linux-image-} parts

	kernel=${kernel%%=*}
	claim later_kernel_is_not_there_yet equal "" "$(ls -d "$d_root/lib/modules/$kernel" 2>/dev/null)"
	# shellcheck disable=SC2046	# one word or none
	run deb_apt install --no-install-recommends $(deb_backports "$d_distro") "$@"
	claim later_kernel_installs equal "$ran" 0
	claim later_kernel_is_built_for_by_its_own_hook built_for "$kernel" "$version"
	# Newer kernels have more parts, which apt never removes by itself.
	mapfile -t parts < <(deb_in dpkg-query -W -f "\${Package}\n" "linux-*-$kernel")
	run deb_apt purge "${parts[@]}"
	claim later_kernel_goes equal "$ran" 0
	claim a_kernel_that_goes_takes_its_module_along not_built_for "$kernel"
	claim a_kernel_that_goes_leaves_no_directory equal "" \
		"$(ls -d "$d_root/lib/modules/$kernel" 2>/dev/null)"
}

# fake_kernel KERNEL headers|none OPTION...: a package of a kernel, which runs the
# hooks as those of Debian do; its headers are those of another, but for OPTIONS
fake_kernel()
{
	local kernel=$1 headers=$2 like root=$deb_dir/fake option config script

	shift 2
	rm -rf "$root"
	like=$(kernels | grep -- '-amd64$' | tail -n 1)
	mkdir -p "$root"/{DEBIAN,boot,usr/src} "$root/usr/lib/modules/$kernel/kernel" || return
	printf '%s\n' "Package: linux-image-$kernel" 'Version: 1' 'Architecture: amd64' \
		'Maintainer: nobody <nobody@example.org>' 'Description: made up' \
		>"$root/DEBIAN/control"
	printf '%s\n' '#!/bin/sh -e' 'run-parts --verbose --exit-on-error \' \
		"--arg=$kernel --arg=/boot/vmlinuz-$kernel /etc/kernel/postinst.d" \
		>"$root/DEBIAN/postinst"
	for script in prerm postrm; do
		sed "s/postinst/$script/" "$root/DEBIAN/postinst" >"$root/DEBIAN/$script"
	done
	say "rm -rf /lib/modules/$kernel" >>"$root/DEBIAN/postrm"
	chmod 755 "$root"/DEBIAN/p*
	cp "$d_root/boot/config-$like" "$root/boot/config-$kernel" &&
		cp "$d_root/lib/modules/$like"/modules.{order,builtin,builtin.modinfo} \
			"$root/usr/lib/modules/$kernel/" || return
	if [[ $headers == headers ]]; then
		cp -a "$d_root/usr/src/linux-headers-$like" "$root/usr/src/linux-headers-$kernel" &&
			sed -i "s,^KBUILD_OUTPUT=.*,KBUILD_OUTPUT=/usr/src/linux-headers-$kernel," \
				"$root/usr/src/linux-headers-$kernel/Makefile" &&
			ln -s "/usr/src/linux-headers-$kernel" "$root/usr/lib/modules/$kernel/build" ||
			return
	fi
	for option; do
		for config in "$root/usr/src/linux-headers-$kernel"/{.config,include/config/auto.conf}; do
			sed -i "s/^$option=.*/# $option is not set/" "$config" || return
		done
	done
	dpkg-deb -b "$root" "$d_root/debs/$kernel.deb" >/dev/null && rm -rf "$root"
}

# life_without_option OPTION: a kernel without it
life_without_option()
{
	local option=$1 kernel=6.99-without

	claim "kernel_without_${option}_is_made" fake_kernel "$kernel" headers "$option"
	run deb_apt install "/debs/$kernel.deb"
	claim "kernel_without_${option}_installs" equal "$ran" 0
	claim "missing_${option}_is_named_in_one_line" told "$log" \
		"$own: no module for kernel $kernel, which is built without $option"
	claim "kernel_without_${option}_gets_no_module" not_built_for "$kernel"
	run deb_in dkms build "$own/$version" -k "$kernel"
	claim "build_without_${option}_is_refused" equal "$ran" 77
	claim "refused_build_names_${option}" told "$log" "which is built without $option"
}

# life_compiler: headers that want a compiler that nobody has
life_compiler()
{
	local kernel=6.97-compiler headers=$d_root/usr/src/linux-headers-6.97-compiler

	claim kernel_of_another_compiler_is_made fake_kernel "$kernel" headers
	deb_in dpkg --unpack --no-triggers "/debs/$kernel.deb"
	sed -i 's/gcc-[0-9][0-9]*/gcc-99/' "$headers"/{.config,.kernelvariables}
	run deb_in dkms autoinstall -k "$kernel"
	claim build_without_the_compiler_fails equal "$ran" 11
	claim missing_compiler_is_named_in_one_line told "$log" \
		"$own: kernel $kernel is built with gcc-99, which is not installed here"
	claim kernel_without_compiler_gets_no_module not_built_for "$kernel"
	deb_in dpkg --purge --force-remove-reinstreq "linux-image-$kernel"
}

# life_upgrade: to the next version, with a kernel that has no headers, and the one
# without an option, still there
life_upgrade()
{
	local kernel

	claim kernel_without_headers_is_made fake_kernel 6.98-headless none
	run deb_apt install /debs/6.98-headless.deb
	claim kernel_without_headers_installs equal "$ran" 0
	# shellcheck disable=SC2046
	run deb_apt install $(set_of new)
	claim upgrade_works equal "$ran" 0
	for kernel in $(kernels); do
		case $kernel in
		6.98-headless)
			claim missing_headers_are_named_in_one_line told "$log" \
				"$own: no module for kernel $kernel, as its headers are missing"
			;;
		6.99-without)
			claim upgrade_names_the_missing_option_in_one_line told "$log" \
				"$own: no module for kernel $kernel, which is built without"
			;;
		*)
			claim "upgrade_rebuilds_for_$kernel" built_for "$kernel" "$later_version"
			;;
		esac
	done
	claim upgrade_leaves_no_old_source equal "$own-$later_version" \
		"$(basename -a "$d_root/usr/src/$own"*)"
	run deb_apt purge linux-image-6.98-headless linux-image-6.99-without
	claim made_up_kernels_go equal "$ran" 0
}

# life_purge BEFORE: BEFORE is a list of the files at first
life_purge()
{
	run deb_apt purge "$own-dkms" "$own-utils" "lib$own-dev"
	claim purge_works equal "$ran" 0
	claim purge_leaves_no_dkms_entry equal "" "$(deb_in dkms status "$own" 2>/dev/null)"
	# The keys that DKMS makes at its first build are its own, and stay; links in
	# /etc/rc*.d and a directory in /run are those of sudo, which came along.
	claim purge_leaves_no_file equal "" "$(files | comm -23 - "$1" | comm -23 - <(owned) |
		grep -vE '^/var/lib/dkms(/mok\.(key|pub)|/dkms_dbversion)?$|^/etc/rc..d/|^/run/sudo$')"
	# The later kernel has brought newer headers of its interface along.
	claim purge_takes_no_file equal "" "$(files | comm -13 - "$1" |
		grep -vE '^/usr/(include|lib/linux)/')"
}

# life DISTRO LATER PACKAGE...: all of it, on a system with these kernels; LATER are
# the packages of the kernel that comes later
life()
{
	local d_distro=$1 later=$2 before=$deb_dir/before

	shift 2
	claim packages_are_built_and_lintian_clean deb_packages "$own" "$version"
	claim "lintian_of_${d_distro}_is_content" deb_lintian "$d_distro"
	claim packages_of_a_later_version_are_built deb_packages "$own" "$later_version"
	if ! deb_system "$d_distro" "$@" || ! life_prepare; then
		give_up system_can_be_made
	fi
	files >"$before"
	life_install
	# shellcheck disable=SC2086	# these are packages
	life_kernel $later
	life_without_option CONFIG_VFIO_PCI_CORE
	life_compiler
	life_upgrade
	life_purge "$before"
	tap_end
}
