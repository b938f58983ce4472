# SPDX-License-Identifier: GPL-2.0-only
#
# Counts the complaints in a kernel log. Prints the number, and for each of the
# first MAX what it says, with the lines that follow, to OUT.
#
# A complaint is a line that matches a head, or one that matches a trace and has
# no head shortly before it: an oops prints both, and is one.
#
# A test that makes the IOMMU stop a device says so in the log, before and after, by
# writing to /dev/kmsg:
#
#	dvt: expect DMA faults of 0000:09:00.0
#	dvt: expect no DMA faults
#
# In between, faults of that device are no complaints. That they come is for the
# test to look at.

BEGIN {
	head = "WARNING: |BUG: |kernel BUG at|[Uu]se.after.free|refcount_t: " \
		"|possible circular locking|possible recursive locking" \
		"|possible irq lock inversion|inconsistent lock state|suspicious RCU usage" \
		"|lock held when returning|turning off the locking correctness validator" \
		"|blocked for more than|soft lockup|hard LOCKUP" \
		"|detected stalls|self-detected stall|rcu: INFO: " \
		"|UBSAN: |kmemleak: .*disabled|unreferenced object" \
		"|DMA-API: [^ ]+ [^ ]+: |DMA-API: .*out of memory|: nobody cared" \
		"|Kernel panic|list_(add|del) corruption" \
		"|: bad p(te|md|ud|4d|gd) |VM_FAULT_OOM leaked" \
		"|x86/PAT: .*(expected mapping type|conflicting|freeing invalid)" \
		"|unregister_netdevice: waiting|Unable to handle kernel"
	# The first line of a report has no device, the second one with or without the
	# domain.
	dma_fault = "DMAR: .*[Ff]ault"
	dma_any = "DMAR: DRHD: handling fault status|DMAR: .* fault event.* suppressed"
	trace = "Call Trace:|Oops|general protection fault[:,]|cut here|stack segment"
	near = 60
	last = -near
}

{
	sub(/\r$/, "")
	if ($0 ~ /dvt: expect no DMA faults/)
		faulty = ""
	else if (match($0, /dvt: expect DMA faults of 0000:/))
		faulty = substr($0, RSTART + RLENGTH, 7) "]"
	is_head = $0 ~ head ||
		$0 ~ dma_fault && !(faulty && ($0 ~ dma_any || index($0, faulty)))
	if (!is_head && !($0 ~ trace && NR - last > near)) {
		if (show > 0) {
			print "    | " $0 > OUT
			show--
		}
		next
	}
	# One complaint can have several heads, such as lockdep's banner.
	if (NR - last > 4 || !is_head) {
		count++
		show = count <= MAX ? 20 : 0
	}
	last = NR
	if (show > 0)
		print "    | " $0 > OUT
}

END {
	print count + 0
}
