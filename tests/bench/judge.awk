# SPDX-License-Identifier: GPL-2.0-only
#
# Judges the figures of one kernel. Reads the file "bounds", then the lines of the
# program, "bench FIGURE SIDE VALUE"; KERNEL is the kernel's name. Prints a row for
# each figure, with tabs in between:
#
#	kernel  figure  text  ours  against  ratio  limit  mark
#
# The mark is pass, MISS, or - where there is no bound. A ratio is judged as it is
# printed. A bound whose figures are missing is missed.

# A kernel's name fits a pattern with a star at the end, or the same.
function fits(pattern)
{
	if (pattern ~ /\*$/)
		return index(KERNEL, substr(pattern, 1, length(pattern) - 1)) == 1
	return KERNEL == pattern
}

# Of several boots the mean counts, or the least where the wall's clock was read, as
# what else the host does only adds to that.
function keep(key, number)
{
	nr_values[key]++
	if (key !~ /^cpus_/)
		value[key] += (number - value[key]) / nr_values[key]
	else if (nr_values[key] == 1 || number + 0 < value[key])
		value[key] = number + 0
}

function row(figure, ours, against, ratio, limit, mark)
{
	printf "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", KERNEL, figure,
		(figure in text ? text[figure] : figure), ours, against, ratio, limit, mark
}

function judge(figure,	ours, against, ratio, digits, good)
{
	ours = value[figure, "ours"]
	against = other[figure] == "in-tree" ? value[figure, "in-tree"] : value[other[figure], "ours"]
	if (ours == "" || against == "") {
		row(figure, ours == "" ? "-" : ours, against == "" ? "-" : against, "-",
			limit[figure], limit[figure] == "-" ? "-" : "MISS")
		return
	}
	if (limit[figure] ~ /^\+/) {
		ratio = sprintf("%+.0f", ours - against)
		good = ratio + 0 <= limit[figure] + 0
	} else {
		digits = limit[figure] ~ /\.[0-9][0-9][0-9]/ ? 4 : 2
		ratio = sprintf("%." digits "f", ours / against)
		good = ratio + 0 <= limit[figure] + 0
	}
	row(figure, ours, against, ratio, limit[figure],
		limit[figure] == "-" ? "-" : good ? "pass" : "MISS")
}

FILENAME ~ /bounds$/ {
	if ($0 ~ /^[ \t]*(#|$)/ || ($1 in limit) || !fits($2))
		next
	order[++nr] = $1
	other[$1] = $3
	limit[$1] = $4
	text[$1] = $0
	sub(/^[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+[ \t]+/, "", text[$1])
	next
}

$1 == "bench" && NF == 4 {
	keep($2 SUBSEP $3, $4)
	if (!($2 in limit) && !($2 in shown) && $2 !~ /_faults$/)
		rest[++nr_rest] = $2
	shown[$2]
}

END {
	for (i = 1; i <= nr; i++)
		judge(order[i])
	for (i = 1; i <= nr_rest; i++) {
		figure = rest[i]
		other[figure] = "in-tree"
		limit[figure] = "-"
		judge(figure)
	}
}
