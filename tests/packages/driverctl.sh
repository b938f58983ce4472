# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2154
# SPDX-License-Identifier: GPL-2.0-only
#
# What an administrator does with driverctl, on a real system of one distribution with
# the packages of the tree: override the drivers of two devices, reboot, give them
# back, reboot. Sourced by the programs for each distribution.
#
# Two, as there are two wishes. The network card is bound by driverctl's own rule of
# udev, some time during the boot: nothing there waits for it. The unit of the NVMe
# controller is made part of the boot, so that it is bound before anyone can log in.

# shellcheck source=deb.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/deb.sh"

# driverctl_set: the first boot
driverctl_set()
{
	system_boot set <<-'SCRIPT' || give_up "boot_to_set_the_overrides_ends_well"
	net=$(behind 10)
	nvme=$(behind 11)
	run net_was driver_of "$net"
	run nvme_was driver_of "$nvme"
	run wrong driverctl set-override "$net" dmabuf_vfio_pci
	run wrong_doctor vfio-dmabuf doctor "$net"
	run wrong_saved ls -A /etc/driverctl.d
	run net_set driverctl set-override "$net" dmabuf-vfio-pci
	run net_is driver_of "$net"
	run nvme_set driverctl set-override "$nvme" dmabuf-vfio-pci
	run nvme_is driver_of "$nvme"
	run order systemctl add-wants basic.target "driverctl@pci-$nvme.service"
	run status vfio-dmabuf status
	SCRIPT
	claim the_kernels_own_drivers_have_the_devices_at_first \
		equal "$(out net_was) $(out nvme_was)" "virtio-pci nvme"
	claim name_with_an_underscore_is_refused status wrong 1
	claim doctor_says_what_the_driver_is_called \
		has "$(out wrong_doctor)" '"dmabuf_vfio_pci": the driver is called dmabuf-vfio-pci,'
	claim doctor_finds_a_problem_then status wrong_doctor 1
	claim nothing_is_saved_of_a_wrong_name equal "$(out wrong_saved)" ""
	claim set_override_succeeds status net_set 0
	claim set_override_binds equal "$(out net_is)" dmabuf-vfio-pci
	claim set_override_binds_another_device equal "$(out nvme_is)" dmabuf-vfio-pci
	claim status_of_the_tool_shows_both equal \
		"$(out status | grep -cE '^0000:0[12]:00.0 .*dmabuf-vfio-pci')" 2
}

# driverctl_again: after a reboot
driverctl_again()
{
	system_boot again <<-'SCRIPT' || give_up "boot_with_overrides_ends_well"
	# Until systemd has nothing more to start.
	run running systemctl is-system-running --wait
	net=$(behind 10)
	nvme=$(behind 11)
	run net_is driver_of "$net"
	run nvme_is driver_of "$nvme"
	# Which need not mean that the prompt is there.
	until [ -e /run/dvp-at-login ]; do sleep 1; done
	run at_login grep -E "^($net|$nvme) " /run/dvp-at-login
	until when serial-getty@ttyS0.service ExecMainStartTimestampMonotonic | grep -q '[1-9]'; do
		sleep 1
	done
	run bound when "driverctl@pci-$nvme.service" ActiveEnterTimestampMonotonic
	run login when serial-getty@ttyS0.service ExecMainStartTimestampMonotonic
	run failed systemctl list-units --failed --plain --no-legend
	run status vfio-dmabuf status
	run doctor vfio-dmabuf doctor "$nvme"
	run net_unset driverctl unset-override "$net"
	run net_back driver_of "$net"
	run nvme_unset driverctl unset-override "$nvme"
	run nvme_back driver_of "$nvme"
	run saved ls -A /etc/driverctl.d
	SCRIPT
	claim device_is_bound_again_after_a_reboot equal "$(out net_is)" dmabuf-vfio-pci
	claim device_is_bound_before_login has "$(out at_login)" "0000:02:00.0 dmabuf-vfio-pci"
	claim its_unit_ends_before_login_starts below "$(out bound)" "$(out login)"
	claim no_unit_fails equal "$(out failed)" ""
	claim status_of_the_tool_shows_both_after_a_reboot equal \
		"$(out status | grep -cE '^0000:0[12]:00.0 .*dmabuf-vfio-pci')" 2
	claim doctor_finds_no_problem_with_it status doctor 0
	claim unset_override_gives_the_device_back equal "$(out net_back)" virtio-pci
	claim unset_override_gives_the_other_device_back equal "$(out nvme_back)" nvme
	claim no_override_stays_saved equal "$(out saved)" ""
}

# driverctl_back: after one more
driverctl_back()
{
	system_boot back <<-'SCRIPT' || give_up "boot_without_overrides_ends_well"
	run running systemctl is-system-running --wait
	run net_is driver_of "$(behind 10)"
	run nvme_is driver_of "$(behind 11)"
	run failed systemctl list-units --failed --plain --no-legend
	run loaded grep -c ^dmabuf_vfio_pci /proc/modules
	SCRIPT
	claim former_drivers_stay_after_a_reboot \
		equal "$(out net_is) $(out nvme_is)" "virtio-pci nvme"
	claim no_unit_fails_without_overrides equal "$(out failed)" ""
	claim module_is_not_loaded_without_an_override equal "$(out loaded)" 0
}

# driverctl_test DISTRO: the whole of it
driverctl_test()
{
	system_make "$1" "driverctl-$1" || give_up "packages_install_in_a_system_of_$1"
	say "# $1: $s_release"
	driverctl_set
	driverctl_again
	driverctl_back
	tap_end
	rm -f "$s_dir/disk"
	((!tap_failed))
}
