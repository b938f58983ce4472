# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The QEMU machines: an emulated IOMMU, and the devices of the list in "roles",
# most of them behind a root port of their own, so that each has a group of its
# own. The file "machines" says how they differ.

# machines_all: the rows of that file, without comments
machines_all()
{
	grep -v '^[[:space:]]*\(#\|$\)' "$vm_dir/machines"
}

# machine_kind NAME: which of them it is. What runs in one may be parted into boots:
# iommu-1, iommu-2 and so on.
machine_kind()
{
	say "${1%-[0-9]*}"
}

# machine_row NAME: sets m_cpu and m_append
machine_row()
{
	local name

	while read -r name m_cpu m_append; do
		[[ $name == "$(machine_kind "$1")" ]] && return
	done < <(machines_all)
	say "no machine is called $1 in ${vm_dir#"$top"/}/machines" >&2
	return 1
}

# device ROLE PORT: sets qemu_device to the options of the device that goes
# behind the root port called PORT. Its id is the role in small letters, by which
# tests take it out.
device()
{
	local id=${1,,}

	case $1 in
	DVP_BDF | DVP_BDF_TWIN) shared_memory "$id" 64M "bus=$2,addr=0" ;;
	DVP_BDF_1G | DVP_BDF_1G_TWIN) shared_memory "$id" 1G "bus=$2,addr=0" ;;
	DVP_BDF_PAIR0)	shared_memory "$id" 16M "bus=$2,addr=0.0,multifunction=on" ;;
	DVP_BDF_PAIR1)	shared_memory "$id" 16M "bus=$2,addr=0.1,multifunction=on" ;;
	DVP_BDF_PLAIN)	shared_memory "$id" 16M "bus=$2,addr=0" ;;
	# Function level reset, power management, MSI-X
	DVP_BDF_FLR)	virtio_net "$id" "bus=$2,ats=on" ;;
	# A DMA engine, INTx and MSI
	DVP_BDF_EDU)	qemu_device=(-device "edu,id=$id,bus=$2") ;;
	# The same as importers of peer-to-peer DMA, which reach all addresses
	DVP_BDF_PEER | DVP_BDF_SW_PEER)
			qemu_device=(-device "edu,id=$id,bus=$2,dma_mask=0xffffffffffffffff") ;;
	DVP_BDF_SW)	shared_memory "$id" 64M "bus=$2,addr=0" ;;
	# Two that only a hot reset can reset together, one of which can sleep
	DVP_BDF_DUO0)	shared_memory "$id" 16M "bus=$2,addr=0.0,multifunction=on" ;;
	DVP_BDF_DUO1)	virtio_net "$id" "bus=$2,addr=0.1,multifunction=on" ;;
	# What tests take out of the machine
	DVP_BDF_PLUG)	shared_memory "$id" 16M "bus=$2,addr=0" ;;
	# A BAR of RAM and one of registers
	DVP_BDF_DISPLAY) qemu_device=(-device "bochs-display,id=$id,bus=$2") ;;
	# A physical function with virtual ones
	DVP_BDF_PF)	qemu_device=(-device "nvme-subsys,id=$id-subsystem"
			-device "nvme,id=$id,serial=dvp,subsys=$id-subsystem,bus=$2,sriov_max_vfs=4,sriov_vq_flexible=8,sriov_vi_flexible=4,max_ioqpairs=10,msix_qsize=10") ;;
	# A network card that the kernel's own selftests of VFIO have a driver for
	DVP_BDF_IGB)	qemu_device=(-device "igb,id=$id,bus=$2,romfile=") ;;
	# An I/O port BAR
	DVP_BDF_IO)	qemu_device=(-device "e1000,id=$id,bus=$2,romfile=") ;;
	*)		return 1 ;;
	esac
}

# virtio_net ID PLACE: a network card that can be told to sleep
virtio_net()
{
	qemu_device=(-device "virtio-net-pci,id=$1,$2,romfile=,iommu_platform=on,disable-legacy=on")
}

# shared_memory ID SIZE PLACE: an ivshmem-plain, whose BAR2 is plain RAM
shared_memory()
{
	qemu_device=(-object "memory-backend-ram,id=$1-memory,size=$2,share=on,prealloc=off"
		-device "ivshmem-plain,id=$1,memdev=$1-memory,$3")
}

# bridge ID OPTIONS: adds a bridge to qemu_devices unless one of that id is there.
# Chassis and slot together have to differ from bridge to bridge.
bridge()
{
	[[ " ${qemu_devices[*]} " != *",id=$1,"* ]] || return 0
	qemu_devices+=(-device "${2%%,*},id=$1,${2#*,}")
}

# machine_devices: sets qemu_devices for the rows of the list on stdin
machine_devices()
{
	local role place slot nr port qemu_device

	qemu_devices=()
	while read -r role place _; do
		slot=${place%/*}
		nr=$((16#$slot))
		port=port$slot
		bridge "$port" "pcie-root-port,bus=pcie.0,addr=0x$slot,chassis=$nr,slot=$nr"
		if [[ $place == */* ]]; then
			bridge "switch$slot" "x3130-upstream,bus=$port"
			port=port$slot-${place#*/}
			bridge "$port" "xio3130-downstream,bus=switch$slot,addr=0x${place#*/},chassis=$((nr + 64)),slot=$((16#${place#*/}))"
		fi
		device "$role" "$port" || return
		qemu_devices+=("${qemu_device[@]}")
	done
}

# machine_command MACHINE MEMORY: sets qemu_command to the machine without its
# devices, and qemu_channel to the port for the guest's words.
#
# TCG unless asked otherwise: /dev/kvm can exist and still be unable to run a
# stock kernel. EPYC, as the kernel's check for peer-to-peer DMA knows its host
# bridge. x2apic, as the end of an interrupt, written to the local APIC's memory,
# was seen to get lost while BARs came and went; there it is a register.
machine_command()
{
	local m_cpu m_append accel

	if [[ $k_arch == arm64 ]]; then
		machine_command_arm64 "$@"
		return
	fi
	machine_row "$1" || return
	accel=(-accel "tcg,thread=multi" -cpu "$m_cpu,+x2apic")

	[[ ${DVP_ACCEL:-} != kvm ]] || accel=(-accel kvm -cpu host)
	qemu_channel=(-serial "chardev:channel")
	qemu_command=(qemu-system-x86_64 -nodefaults -no-user-config -display none
		-no-reboot -machine "q35,kernel-irqchip=split" -smp 2 -m "$2" "${accel[@]}"
		-device "intel-iommu,intremap=on,eim=on,caching-mode=on,device-iotlb=on"
		"${qemu_guest_monitor[@]}")
	[[ $1 != slots && $1 != aer ]] ||
		qemu_command+=(-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off)
	[[ $1 != count ]] || machine_count
}

# machine_command_arm64 MACHINE MEMORY: the same; there is "iommu" only. By its device tree, Linux 6.1 puts each port
# into the IOMMU group of the device behind it; by the firmware's ACPI tables it does not.
# The machine has one serial port that all kernels know, for the console, so the guest's
# words and its monitor go through cards.
machine_command_arm64()
{
	[[ $(machine_kind "$1") == iommu ]] || {
		say "there is no machine $1 for arm64" >&2
		return 1
	}
	qemu_command=(qemu-system-aarch64 -nodefaults -no-user-config -display none
		-no-reboot -machine "virt,iommu=smmuv3,gic-version=3" -smp 2 -m "$2"
		-accel "tcg,thread=multi" -cpu neoverse-n1
		-bios /usr/share/qemu-efi-aarch64/QEMU_EFI.fd)
	qemu_channel=(-device "pci-serial,chardev=channel,addr=0x2")
	qemu_command+=(-chardev "socket,id=guest,path=/dvp/guest,server=on,wait=off"
		-mon "chardev=guest,mode=control"
		-chardev "socket,id=guestport,path=/dvp/guest"
		-device "pci-serial,chardev=guestport,addr=0x3")
}

# machine_count: makes the clock count instructions. One processor, run in one thread,
# an instruction a nanosecond, and no wait for a time that can be skipped. QEMU ends
# itself where a timer is read or set by a register. Instructions are written down where
# the guest asks for it.
machine_count()
{
	qemu_command=("${qemu_command[@]/thread=multi/thread=single}")
	qemu_command=("${qemu_command[@]/+x2apic/-x2apic,-tsc-deadline}"
		-smp 1 -icount "shift=0,sleep=off" -D /dvp/exec.log)
}

# A monitor that the guest talks to, on its third serial port, to have devices taken
# out and put in: QEMU is at both ends of the socket. The port has an interrupt of its
# own, as the usual one is the console's.
qemu_guest_monitor=(-chardev "socket,id=guest,path=/dvp/guest,server=on,wait=off"
	-mon "chardev=guest,mode=control"
	-chardev "socket,id=guestport,path=/dvp/guest"
	-device "isa-serial,chardev=guestport,index=2,irq=5")

# machine_append MACHINE NONCE MODE LIMIT: sets kernel_append, the kernel's command
# line. What programs go by is passed on: the kernel puts it into the environment.
# An oops ends the boot; a warning is counted by who reads the log, so it doesn't.
# The watchdogs are patient, and nobody counts how many ticks come in a moment of the
# boot, since the host may be busy. The clock is QEMU's own, the same on both
# processors.
machine_append()
{
	local m_cpu m_append name

	machine_row "$1" || return
	if [[ $k_arch == arm64 ]]; then
		kernel_append="console=ttyAMA0 dvp_channel=ttyS0 dvp_monitor=ttyS1"
	else
		kernel_append="console=ttyS0 dvp_channel=ttyS1 dvp_monitor=ttyS2 $m_append"
		# The firmware puts BARs where an EPYC has its HyperTransport, and calls
		# that reserved; one that is plugged in again has to fit there, too.
		kernel_append+=" tsc=reliable no_timer_check pci=no_e820"
	fi
	kernel_append+=" loglevel=8 mitigations=off"
	kernel_append+=" oops=panic panic=-1 watchdog_thresh=30"
	kernel_append+=" rcupdate.rcu_cpu_stall_timeout=60"
	kernel_append+=" dvp_machine=$(machine_kind "$1") dvp_nonce=$2 dvp_mode=$3 dvp_limit=$4"
	for name in "${!DVP_STRESS_@}" "${!DVP_FUZZ_@}" "${!DVP_HOSTILE_@}"; do
		kernel_append+=" $name=${!name}"
	done
}
