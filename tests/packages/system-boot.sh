# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-only
#
# Boots the system in s_dir, once for each script that it is given, and takes down
# what the agent in it says. A reboot is the guest's own, through systemd; what comes
# up next finds the same disk and the same firmware variables. Needs system.sh.
#
# The machine is that of tests/vm with one device that has a driver of the kernel's:
# a network card of virtio, with function level reset, behind a root port.

system_role=DVP_BDF_FLR
system_port=10
system_limit=${DVP_BOOT_LIMIT:-900}	# seconds for a boot
system_append="root=/dev/vda rw console=ttyS0 intel_iommu=on mitigations=off"
system_append+=" tsc=reliable no_timer_check oops=panic panic=-1 watchdog_thresh=30"
system_append+=" rcupdate.rcu_cpu_stall_timeout=60"
system_firmware=()

# system_qemu: the machine, with what is in s_dir
system_qemu()
{
	local qemu_command qemu_devices

	machine_devices <<<"$system_role $system_port 0 -" || return
	machine_command iommu 2048 || return
	chroot_run "$m_chroot" "$s_entry" "$s_dir" \
		timeout --kill-after=10 "$system_limit" "${qemu_command[@]}" \
		"${qemu_devices[@]}" "${system_firmware[@]}" \
		-kernel /dvp/vmlinuz -initrd /dvp/initrd -append "$system_append $*" \
		-drive if=none,id=disk,file=/dvp/disk,format=raw,cache=unsafe \
		-device virtio-blk-pci,bus=pcie.0,addr=0x4,drive=disk \
		-fw_cfg "name=opt/org.dvp/nonce,file=/dvp/nonce" \
		-fw_cfg "name=opt/org.dvp/script,file=/dvp/script" \
		-chardev file,id=console,path=/dvp/console.log -serial chardev:console \
		-chardev file,id=channel,path=/dvp/channel.log -serial chardev:channel \
		</dev/null
}

# system_boot NAME APPEND: boots once; the agent's script comes on stdin. What was
# said is then in s_said, a directory with NAME.out, NAME.status and so on. Fails if
# the agent did not get to its end, or the machine not to its own.
system_boot()
{
	local nonce status

	nonce=$(od -An -N 8 -t x1 /dev/urandom | tr -d ' \n')
	printf '%s' "$nonce" >"$s_dir/nonce"
	cat >"$s_dir/script"
	s_said=$s_dir/said/$1
	rm -rf "$s_said"
	mkdir -p "$s_said" "$s_dir/none/usr/src" && s_entry=$s_dir/none || return
	say "# boot $1"
	system_qemu "$2" 2>"$s_dir/qemu.log"
	status=$?
	tr -d '\r' <"$s_dir/channel.log" >"$s_said/channel.log"
	tr -d '\r' <"$s_dir/console.log" >"$s_said/console.log"
	system_transcript <"$s_said/channel.log"
	awk -v dir="$s_said" '
		$1 == "@out" {
			file = dir "/" $2 ".out"
			sub(/^@out [^ ]+ /, "")
			print >file
		}
		$1 == "@status" { print $3 >(dir "/" $2 ".status") }' "$s_said/channel.log"
	((status == 0)) && grep -qx "@done $nonce" "$s_said/channel.log"
}

# system_transcript: what was done in a boot, as a person would see it
system_transcript()
{
	sed -n 's/^@run [^ ]* /# $ /p; s/^@out [^ ]* /#   /p; s/^@status [^ ]* \([^0].*\)/#   (status \1)/p'
}

# out NAME: what COMMAND of that name printed in the last boot
out()
{
	cat "$s_said/$1.out" 2>/dev/null
}

# status NAME NUMBER: whether that was how it ended
status()
{
	[[ $(cat "$s_said/$1.status" 2>/dev/null) == "$2" ]]
}
