# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-only
#
# Boots the system in s_dir, once for each script that it is given, and takes down
# what the agent in it says. A reboot is the guest's own, through systemd; what comes
# up next finds the same disk and the same firmware variables. Needs system.sh.
#
# The machine is that of tests/vm with two devices that have drivers of the kernel's:
# a network card of virtio, and an NVMe controller, each behind a root port.

system_roles="DVP_BDF_FLR 10 0 -
DVP_BDF_PF 11 0 -"
system_limit=${DVP_BOOT_LIMIT:-900}	# seconds for a boot
system_append="root=/dev/vda rw console=ttyS0 intel_iommu=on mitigations=off"
system_append+=" tsc=reliable no_timer_check oops=panic panic=-1 watchdog_thresh=30"
system_append+=" rcupdate.rcu_cpu_stall_timeout=60"

# system_direct APPEND: from now on QEMU starts the kernel, without firmware and with
# APPEND on its command line
system_direct()
{
	s_start=(-kernel /dvp/vmlinuz -initrd /dvp/initrd -append "$system_append $1")
}

# system_qemu: the machine, with what is in s_dir
system_qemu()
{
	local qemu_command qemu_devices

	machine_devices <<<"$system_roles" || return
	machine_command iommu 2048 || return
	chroot_run "$m_chroot" "$s_entry" "$s_dir" \
		timeout --kill-after=10 "$system_limit" "${qemu_command[@]}" \
		"${qemu_devices[@]}" "${s_start[@]}" \
		-drive if=none,id=disk,file=/dvp/disk,format=raw,cache=unsafe \
		-device virtio-blk-pci,bus=pcie.0,addr=0x4,drive=disk,bootindex=2 \
		-fw_cfg "name=opt/org.dvp/nonce,file=/dvp/nonce" \
		-fw_cfg "name=opt/org.dvp/script,file=/dvp/script" \
		-chardev file,id=console,path=/dvp/console.log -serial chardev:console \
		-chardev file,id=channel,path=/dvp/channel.log -serial chardev:channel \
		</dev/null
}

# system_dead: whether a boot ended before systemd came up, so before it could have to
# do with what is tested. Emulated machines were seen to do that (tests/vm/boot.sh).
system_dead()
{
	! grep -q 'systemd\[1\]:' "$s_dir/console.log"
}

# system_boot NAME: boots once; the agent's script comes on stdin. What was said is
# then in s_said, a directory with NAME.out, NAME.status and so on. Fails if the agent
# did not get to its end, or the machine not to its own.
system_boot()
{
	local nonce status

	nonce=$(od -An -N 8 -t x1 /dev/urandom | tr -d ' \n')
	printf '%s' "$nonce" >"$s_dir/nonce"
	cat >"$s_dir/script"
	s_said=$s_dir/said/$1
	s_entry=$s_dir/none
	mkdir -p "$s_said" "$s_entry/usr/src" || return
	say "# boot: $1"
	status=0
	system_qemu 2>"$s_dir/qemu.log" || status=$?
	if ((status)) && system_dead; then
		say "# it ended before systemd came up; once more"
		status=0
		system_qemu 2>"$s_dir/qemu.log" || status=$?
	fi
	system_listen
	((status == 0)) && grep -qx "@done $nonce" "$s_said/channel.log" && return
	say "# QEMU ended with $status; the last lines of the console:"
	tail -n 5 "$s_said/console.log" | sed 's/^/#   /'
	return 1
}

# system_listen: sorts what the agent said by what it ran
system_listen()
{
	local log

	for log in channel.log console.log; do
		tr -d '\r' <"$s_dir/$log" >"$s_said/$log"
	done
	awk -v dir="$s_said" '
		$1 == "@out" {
			file = dir "/" $2 ".out"
			sub(/^@out [^ ]+ /, "")
			print >file
		}
		$1 == "@status" { print $3 >(dir "/" $2 ".status") }' "$s_said/channel.log"
	system_transcript <"$s_said/channel.log"
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
