# shellcheck shell=bash disable=SC2154,SC2034
# SPDX-License-Identifier: GPL-2.0-only
#
# Secure Boot for a system of system.sh: OVMF with Microsoft's keys, as machines are
# sold, and Debian's shim, GRUB and kernel as they are signed. Keys of one's own go
# through MokManager, with the keys that a person would press. Needs system.sh.

firmware_distro=trixie
firmware_packages=ovmf,shim-signed,grub-efi-amd64-signed,mtools,dosfstools
firmware_limit=300	# seconds that a screen may take to come

# The boot partition, with what a firmware looks for on a disk that it doesn't know
# shellcheck disable=SC2016	# it is for another shell
firmware_steps='
cp /usr/share/OVMF/OVMF_CODE_4M.secboot.fd /dvp/code.fd &&
cp /usr/share/OVMF/OVMF_VARS_4M.ms.fd /dvp/vars.fd &&
truncate -s 40M /dvp/esp && mkfs.vfat /dvp/esp && export MTOOLS_SKIP_CHECK=1 &&
mmd -i /dvp/esp EFI EFI/BOOT EFI/debian &&
mcopy -i /dvp/esp /usr/lib/shim/shimx64.efi.signed ::EFI/BOOT/BOOTX64.EFI &&
mcopy -i /dvp/esp /usr/lib/shim/mmx64.efi.signed ::EFI/BOOT/mmx64.efi &&
mcopy -i /dvp/esp /usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed ::EFI/BOOT/grubx64.efi &&
mcopy -i /dvp/esp /dvp/grub.cfg ::EFI/debian/grub.cfg'

# system_firmware: from now on the system is started by firmware, with Secure Boot
system_firmware()
{
	mkdir -p "$s_dir/none/usr/src" || return
	sed "s|@RELEASE@|$s_release|; s|@APPEND@|$system_append|" \
		"$top/tests/packages/guest/grub.cfg" >"$s_dir/grub.cfg" || return
	chroot_fetch "$firmware_distro" "$firmware_packages" firmware >&2 &&
		chroot_run "$chroot" "$s_dir/none" "$s_dir" sh -c "$firmware_steps" \
			>"$s_dir/firmware.log" 2>&1 || return
	s_start=(-machine smm=on -global "driver=cfi.pflash01,property=secure,value=on"
		-drive "if=pflash,unit=0,readonly=on,format=raw,file=/dvp/code.fd"
		-drive "if=pflash,unit=1,format=raw,file=/dvp/vars.fd"
		-drive "if=none,id=esp,file=/dvp/esp,format=raw"
		-device "virtio-blk-pci,bus=pcie.0,addr=0x5,drive=esp,bootindex=1")
}

# firmware_press KEY...: presses them, with the names that QEMU has for them
firmware_press()
{
	local key

	for key; do
		printf 'sendkey %s\n' "$key"
	done >&"$monitor"
}

# firmware_screen TEXT: waits until a screen with TEXT is there, and forgets it
firmware_screen()
{
	local end=$((SECONDS + firmware_limit))

	while ((SECONDS < end)); do
		if tail -c "+$((seen + 1))" "$s_dir/console.log" | grep -qaF "$1"; then
			say "# MokManager: $1"
			# What is being drawn belongs to this screen.
			sleep 2
			seen=$(stat -c %s "$s_dir/console.log")
			return
		fi
		sleep 1
	done
	say "# no screen came that says: $1"
	return 1
}

# firmware_enrol PASSWORD: confirms the key that mokutil has asked for. The first
# screen stays for ten seconds only.
firmware_enrol()
{
	local seen=0 letters

	mapfile -t letters < <(grep -o . <<<"$1")
	firmware_screen "Press any key" && firmware_press ret &&
		firmware_screen "Enroll MOK" && firmware_press down ret &&
		firmware_screen "Continue" && firmware_press down ret &&
		firmware_screen "Enroll the key" && firmware_press down ret &&
		firmware_screen "Password" || return
	firmware_press "${letters[@]}" ret
	firmware_screen "Reboot" && firmware_press ret
}

# firmware_confirm PASSWORD: the boot in which that happens, before any system
firmware_confirm()
{
	local machine monitor start=("${s_start[@]}") ret=0

	rm -f "$s_dir"/monitor.{in,out}
	mkfifo "$s_dir/monitor.in" "$s_dir/monitor.out" || return
	# Both ways, so that neither opening nor writing has to wait for QEMU.
	exec {monitor}<>"$s_dir/monitor.in" || return
	: >"$s_dir/console.log"
	s_start+=(-chardev "pipe,id=monitor,path=/dvp/monitor" -mon chardev=monitor)
	system_qemu 2>"$s_dir/qemu.log" &
	machine=$!
	cat "$s_dir/monitor.out" >"$s_dir/monitor.log" &
	firmware_enrol "$1" || ret=$?
	# Where it went wrong, the machine would wait for ever.
	((!ret)) || printf 'quit\n' >&"$monitor"
	wait "$machine" || ret=1
	exec {monitor}>&-
	cp "$s_dir/console.log" "$s_dir/mokmanager.log"
	s_start=("${start[@]}")
	return "$ret"
}
