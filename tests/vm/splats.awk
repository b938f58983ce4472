# SPDX-License-Identifier: GPL-2.0-only
#
# Counts the complaints in a kernel log. Prints the number, and how many warnings are
# none; and for each of the first MAX complaints what it says, with the lines that
# follow, to OUT.
#
# A complaint is a line that matches a head, or one that matches a trace and has
# no head shortly before it: an oops prints both, and is one.
#
# A test that makes the IOMMU stop a device says so in the log, before and after, by
# writing to /dev/kmsg:
#
#	dvt: expect DMA faults of 0000:09:00.0, stream 0x00000900
#	dvt: expect no DMA faults
#
# In between, faults of that device are no complaints. An SMMU names the device by its
# stream, in the line after the one that says what happened. That they come is for the
# test to look at. A test that makes allocations fail says
#
#	dvt: expect failing allocations
#	dvt: expect no failing allocations
#
# In between, what the kernel says of an allocation that failed, with its trace, and of
# a page fault that it tries again for want of memory, are no complaints. Nor are its
# own warnings about code that cannot bear it: the IOMMU's domain as a group is let go
# or a device was reset, a new group of VFIO without a name, and objects that 6.12
# cannot put down who allocated them.
#
# A data race that KCSAN reports is a complaint if a function of a module is in either
# stack, and no module but ours is loaded on such a kernel: the kernel's own races
# are many, and known. A report goes from one ruler to the next.

BEGIN {
	head = "WARNING: |BUG: |kernel BUG at|[Uu]se.after.free|refcount_t: " \
		"|possible circular locking|possible recursive locking" \
		"|possible irq lock inversion|inconsistent lock state|suspicious RCU usage" \
		"|lock held when returning|turning off the locking correctness validator" \
		"|blocked for more than|soft lockup|hard LOCKUP" \
		"|detected stalls|self-detected stall|rcu: INFO: " \
		"|UBSAN: |kmemleak: .*disabled|unreferenced object" \
		"|allocated at module unload" \
		"|DMA-API: [^ ]+ [^ ]+: |DMA-API: .*out of memory|: nobody cared" \
		"|Kernel panic|list_(add|del) corruption" \
		"|: bad p(te|md|ud|4d|gd) |VM_FAULT_OOM leaked" \
		"|x86/PAT: .*(expected mapping type|conflicting|freeing invalid)" \
		"|unregister_netdevice: waiting|Unable to handle kernel"
	# The first line of a report has no device, the second one with or without the
	# domain.
	dma_fault = "DMAR: .*[Ff]ault"
	smmu_fault = "arm-smmu-v3 [^ ]+: event 0x[0-9a-f]+ received"
	dma_any = "DMAR: DRHD: handling fault status|DMAR: .* fault event.* suppressed"
	trace = "Call Trace:|Oops|general protection fault[:,]|cut here|stack segment"
	starved = "page allocation failure: |vmalloc error: |VM_FAULT_OOM leaked" \
		"|WARNING: .*(release_dma_owner|pci_dev_reset_iommu_done|vfio_group_release" \
		"|alloc_tagging_slab_alloc_hook)"
	near = 60
	last = -near
}

# A line of the log
function look(line,	is_head)
{
	nr++
	if (line ~ smmu_fault) {
		in_smmu = 1
		return
	}
	is_head = line ~ head || in_smmu && !(stream && index(line, stream)) ||
		line ~ dma_fault && !(faulty && (line ~ dma_any || index(line, faulty)))
	in_smmu = 0
	if (starving && line ~ starved) {
		excused += line ~ /WARNING: /
		last = nr
		return
	}
	# What comes of it, the next line tells.
	if (starving && line ~ /cut here/)
		return
	if (!is_head && !(line ~ trace && nr - last > near)) {
		if (show > 0) {
			print "    | " line > OUT
			show--
		}
		return
	}
	# One complaint can have several heads, such as lockdep's banner.
	if (nr - last > 4 || !is_head) {
		count++
		show = count <= MAX ? 20 : 0
	}
	last = nr
	if (show > 0)
		print "    | " line > OUT
}

# Hands on a report of a race that is about us, and drops another.
function flush_race(	i)
{
	for (i = 1; is_ours && i <= nr_race; i++)
		look(race[i])
	nr_race = in_race = is_ours = 0
}

{
	sub(/\r$/, "")
	if ($0 ~ /dvt: expect no DMA faults/) {
		faulty = stream = ""
	} else if (match($0, /dvt: expect DMA faults of 0000:/)) {
		faulty = substr($0, RSTART + RLENGTH, 7) "]"
		stream = substr($0, index($0, ", stream ") + 9)
	} else if ($0 ~ /dvt: expect (no )?failing allocations/) {
		starving = $0 !~ /expect no/
	}
}

/BUG: KCSAN: / { in_race = 1 }

in_race {
	race[++nr_race] = $0
	if ($0 ~ /\[[a-z_0-9]+\]$/)
		is_ours = 1
	if ($0 ~ /=====$/)
		flush_race()
	next
}

{ look($0) }

END {
	flush_race()
	print count + 0, excused + 0
}
