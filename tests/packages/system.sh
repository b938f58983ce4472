# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2154,SC2034
# SPDX-License-Identifier: GPL-2.0-only
#
# Real Debian systems to install packages in and to boot: systemd, udev, the
# distribution's own kernel and initial ramdisk, driverctl and dkms. A bare system of
# each distribution is in the cache, as are all chroots; what a test installs goes
# on top of it, and the whole becomes the disk of a machine. Sourced by test
# programs that are confined (tests/vm/confine); sets no shell options.

. "$(dirname -- "${BASH_SOURCE[0]}")/../vm/lib.sh"
# shellcheck source=tap.sh
. "$top/tests/packages/tap.sh"
# shellcheck source=system-boot.sh
. "$top/tests/packages/system-boot.sh"

# What an administrator has, and not more: the rest of dkms is its dependencies.
system_packages=systemd-sysv,udev,dbus,login,kmod,pciutils,initramfs-tools,zstd
system_packages+=,linux-image-amd64,linux-headers-amd64,dkms,driverctl,mokutil,openssl
system_packages+=,libjson-c5

# system_base DISTRO: sets chroot to the bare system
system_base()
{
	"$vm_dir/deps" build systems >&2 && chroot_fetch "$1" "$system_packages" system
}

# system_overlay: mounts a new layer above the bare system in chroot, at s_root. In
# this mount namespace, so nothing has to be taken down.
system_overlay()
{
	s_layer=$s_dir/layer
	s_root=$s_layer/root
	rm -rf "$s_layer"
	mkdir -p "$s_layer"/{upper,work,root} || return
	mount -t overlay -o "lowerdir=$chroot,upperdir=$s_layer/upper,workdir=$s_layer/work" \
		system "$s_root"
}

# system_in COMMAND...: runs COMMAND in that layer
system_in()
{
	# shellcheck disable=SC2016	# for the inner shell
	unshare --mount --propagation private -- sh -c '
		root=$1
		shift
		mount -t proc proc "$root/proc" && mount -t tmpfs none "$root/tmp" &&
			mount --rbind /dev "$root/dev" || exit
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ LC_ALL=C.UTF-8 \
			DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"' - "$s_root" "$@"
}

# system_agent: what drives the system from the host
system_agent()
{
	local guest=$top/tests/packages/guest units=$s_root/etc/systemd/system

	install -D "$guest/agent" "$s_root/usr/local/sbin/dvp-agent" &&
		install "$guest/at-login" "$s_root/usr/local/sbin/dvp-at-login" &&
		install -D -m 644 "$guest/dvp-agent.service" "$units/dvp-agent.service" &&
		install -D -m 644 "$guest/login.conf" \
			"$units/serial-getty@ttyS0.service.d/dvp.conf" &&
		system_in systemctl enable dvp-agent.service &&
		say "/dev/vda / ext4 defaults 0 1" >"$s_root/etc/fstab" &&
		say system >"$s_root/etc/hostname"
}

# system_install DEB...: the packages, as dpkg installs them; their dependencies are
# part of the bare system
system_install()
{
	mkdir -p "$s_root/var/tmp/deb" && cp "$@" "$s_root/var/tmp/deb/" || return
	# The pattern is for the shell inside.
	system_in sh -c 'dpkg -i /var/tmp/deb/*.deb && rm -r /var/tmp/deb'
}

# system_release: the only kernel that the layer has
system_release()
{
	local release

	release=$(ls "$s_root/lib/modules")
	[[ $release && $release != *$'\n'* ]] && say "$release"
}

# system_disk FILE: the layer and what is below it as a file system
system_disk()
{
	rm -f "$1"
	truncate -s 3G "$1" && mke2fs -q -F -t ext4 -E lazy_itable_init=1 -d "$s_root" "$1"
}

# system_build DEB...: a system with these packages in s_dir: its disk, and copies of its
# kernel and initial ramdisk, for QEMU
system_build()
{
	local release

	system_overlay && system_agent && system_install "$@" || return
	release=$(system_release) || return
	cp -L "$s_root/boot/vmlinuz-$release" "$s_dir/vmlinuz" &&
		cp -L "$s_root/boot/initrd.img-$release" "$s_dir/initrd" || return
	say "$release" >"$s_dir/release"
	system_disk "$s_dir/disk" && umount "$s_root" && rm -rf "$s_layer"
}

# system_key DEB...: what the system is made of
system_key()
{
	{
		say "$chroot"
		cksum "$top"/tests/packages/{system.sh,guest/*} "$@" | sed 's| /.*/| |'
	} | cksum | cut -d ' ' -f 1
}

# system_cached DISTRO DEB...: the same, from the cache, which keeps one of each
# distribution, of the packages that were last asked for
system_cached()
{
	local distro=$1 kept=$cache/disks/$1 to=$s_dir key

	shift
	key=$(system_key "$@")
	if [[ $(cat "$kept/key" 2>/dev/null) != "$key" ]]; then
		rm -rf "$kept"
		mkdir -p "$kept" || return
		s_dir=$kept
		step "install the packages in a system of $distro" "$to/install.log" \
			system_build "$@" || return
		say "$key" >"$kept/key"
		s_dir=$to
	fi
	cp --sparse=always "$kept"/* "$s_dir/"
}

# system_make DISTRO NAME: sets s_dir to a new system with the packages of the tree,
# to be booted, and s_release to its kernel
system_make()
{
	local ret=0

	s_dir=$build/packages/systems/$2
	rm -rf "$s_dir"
	mkdir -p "$s_dir" || return
	deb_packages "$own" "$version" >"$s_dir/deb.log" 2>&1 || {
		tail -n 25 "$s_dir/deb.log"
		return 1
	}
	system_base "$1" || return
	lock "$cache/lock-disks" "the systems of other tests" || return
	system_cached "$1" "$debs"/*.deb || ret=$?
	unlock
	chroot_machine || return
	system_direct ""
	s_release=$(cat "$s_dir/release") && return "$ret"
}
