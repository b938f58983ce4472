# SPDX-License-Identifier: GPL-2.0-only
#
# Counts the instructions in QEMU's log. First input: "symbol ADDRESS NAME", by address,
# and after all of them "profile FIGURE SIDE ROUNDS"; see bench_profile.c. Second: the
# log, with an instruction's address behind the first slash in its brackets. Prints
# FIGURE, FUNCTION, and how many of its instructions ran in a round, by our driver and by
# vfio-pci.

BEGIN { OFS = "\t" }

$1 == "symbol" {
	address[++nr_symbols] = $2
	name[nr_symbols] = $3
	if ($3 == "bench_mark_begin")
		mark_begin = $2
	else if ($3 == "bench_mark_end")
		mark_end = $2
}

# The first round of each figure does not count.
$1 == "profile" {
	for (i = 0; i < $4; i++)
		round[nr_rounds++] = i ? $2 SUBSEP $3 : ""
	rounds[$2, $3] = $4 - 1
}

$1 == "Trace" {
	split($0, part, "/")
	if (part[2] == mark_begin) {
		inside = 1
	} else if (part[2] == mark_end && inside) {
		inside = 0
		nr_seen++
	} else if (inside && round[nr_seen]) {
		run[round[nr_seen], part[2]]++
	}
}

# The function at an address: the last one that begins there or before. All of user
# space is one function.
function function_at(where, low, high, mid)
{
	if (where !~ /^ffff/)
		return "(user space)"
	low = 1
	high = nr_symbols
	while (low < high) {
		mid = int((low + high + 1) / 2)
		if (address[mid] <= where)
			low = mid
		else
			high = mid - 1
	}
	return name[low]
}

END {
	if (nr_seen != nr_rounds) {
		printf "%d rounds begun, %d seen\n", nr_rounds, nr_seen >"/dev/stderr"
		exit 1
	}
	for (key in run) {
		split(key, part, SUBSEP)
		what = function_at(part[3])
		count[part[1], what, part[2]] += run[key] / rounds[part[1], part[2]]
		seen[part[1], what]
	}
	for (key in seen) {
		split(key, part, SUBSEP)
		printf "%s\t%s\t%.1f\t%.1f\n", part[1], part[2],
			count[part[1], part[2], "ours"], count[part[1], part[2], "in-tree"]
	}
}
