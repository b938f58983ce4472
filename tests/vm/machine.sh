# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The QEMU machine: an emulated IOMMU, and each device of the list in "roles"
# behind a root port of its own, so that each has a group of its own.

# device ROLE PORT: sets qemu_device to the options of the device that goes
# behind the root port called PORT
device()
{
	local id=${1,,}

	case $1 in
	DVP_BDF)	shared_memory "$id" 64M "bus=$2,addr=0" ;;
	DVP_BDF_1G)	shared_memory "$id" 1G "bus=$2,addr=0" ;;
	DVP_BDF_PAIR0)	shared_memory "$id" 16M "bus=$2,addr=0.0,multifunction=on" ;;
	DVP_BDF_PAIR1)	shared_memory "$id" 16M "bus=$2,addr=0.1,multifunction=on" ;;
	# Function level reset, power management, MSI-X
	DVP_BDF_FLR)	qemu_device=(-device "virtio-net-pci,bus=$2,romfile=,ats=on,iommu_platform=on,disable-legacy=on") ;;
	# A DMA engine, INTx and MSI
	DVP_BDF_EDU)	qemu_device=(-device "edu,bus=$2") ;;
	# A BAR of RAM and one of registers
	DVP_BDF_DISPLAY) qemu_device=(-device "bochs-display,bus=$2") ;;
	# A physical function with virtual ones
	DVP_BDF_PF)	qemu_device=(-device "nvme-subsys,id=$id"
			-device "nvme,serial=dvp,subsys=$id,bus=$2,sriov_max_vfs=4,sriov_vq_flexible=8,sriov_vi_flexible=4,max_ioqpairs=10,msix_qsize=10") ;;
	# An I/O port BAR
	DVP_BDF_IO)	qemu_device=(-device "e1000,bus=$2,romfile=") ;;
	*)		return 1 ;;
	esac
}

# shared_memory ID SIZE PLACE: an ivshmem-plain, whose BAR2 is plain RAM
shared_memory()
{
	qemu_device=(-object "memory-backend-ram,id=$1,size=$2,share=on,prealloc=off"
		-device "ivshmem-plain,memdev=$1,$3")
}

# machine_devices: sets qemu_devices for the rows of the list on stdin
machine_devices()
{
	local role slot ports=" " qemu_device

	qemu_devices=()
	while read -r role slot _; do
		if [[ $ports != *" $slot "* ]]; then
			ports+="$slot "
			qemu_devices+=(-device "pcie-root-port,id=port$slot,bus=pcie.0,addr=0x$slot,chassis=$((16#$slot)),slot=$((16#$slot))")
		fi
		device "$role" "port$slot" || return
		qemu_devices+=("${qemu_device[@]}")
	done
}

# machine_command MEMORY: sets qemu_command to the machine without its devices.
#
# TCG unless asked otherwise: /dev/kvm can exist and still be unable to run a
# stock kernel. EPYC, as the kernel's check for peer-to-peer DMA knows its host
# bridge. x2apic, as the end of an interrupt, written to the local APIC's memory,
# was seen to get lost while BARs came and went; there it is a register.
machine_command()
{
	local accel=(-accel "tcg,thread=multi" -cpu "EPYC,+x2apic")

	[[ ${DVP_ACCEL:-} != kvm ]] || accel=(-accel kvm -cpu host)
	qemu_command=(qemu-system-x86_64 -nodefaults -no-user-config -display none
		-no-reboot -machine "q35,kernel-irqchip=split" -smp 2 -m "$1" "${accel[@]}"
		-device "intel-iommu,intremap=on,eim=on,caching-mode=on,device-iotlb=on")
}

# machine_append NONCE MODE LIMIT: sets kernel_append, the kernel's command line.
# An oops ends the boot; a warning is counted by who reads the log, so it doesn't.
# The watchdogs are patient, since the host may be busy. The clock is QEMU's own,
# the same on both processors.
machine_append()
{
	kernel_append="console=ttyS0 loglevel=8 intel_iommu=on mitigations=off tsc=reliable"
	kernel_append+=" oops=panic panic=-1 watchdog_thresh=30"
	kernel_append+=" rcupdate.rcu_cpu_stall_timeout=60"
	kernel_append+=" dvp_nonce=$1 dvp_mode=$2 dvp_limit=$3"
}
