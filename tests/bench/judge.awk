# SPDX-License-Identifier: GPL-2.0-only
#
# Judges the figures of one kernel. Reads the file "bounds", then the program's lines
# "bench FIGURE SIDE VALUE"; KERNEL is the kernel's name. Prints a row for each bound,
# and for each figure without one, with tabs in between:
#
#	kernel  name  text  ours  against  ratio  limit  mark
#
# The mark is pass, MISS, or - where there is no limit. A ratio is judged as it is
# printed. A limit whose figures are missing is missed.

# A kernel's name fits a pattern that ends in a star, or that is the same.
function fits(pattern)
{
	if (pattern ~ /\*$/)
		return index(KERNEL, substr(pattern, 1, length(pattern) - 1)) == 1
	return KERNEL == pattern
}

# The mean of several boots
function keep(key, number)
{
	nr_values[key]++
	value[key] += (number - value[key]) / nr_values[key]
}

# What a figure is compared with
function value_against(figure, against)
{
	if (against == "in-tree")
		return value[figure, "in-tree"]
	if (sub(/^in-tree:/, "", against))
		return value[against, "in-tree"]
	return value[against, "ours"]
}

# The ratio as printed, with the digits that the limit needs
function ratio_of(ours, against, limit)
{
	if (limit ~ /^\+/)
		return sprintf("%+.0f", ours - against)
	if (limit ~ /^~/)
		return sprintf("%.2f", ours > against ? ours / against : against / ours)
	if (limit == "-" || limit + 0 >= 1)
		return sprintf("%.2f", ours / against)
	return sprintf(limit + 0 >= 0.1 ? "%.3f" : "%.4f", ours / against)
}

function meets(ratio, limit)
{
	sub(/^~/, "", limit)
	return ratio + 0 <= limit + 0
}

function row(name, text, ours, against, ratio, limit, mark)
{
	printf "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", KERNEL, name, text, ours, against, ratio, limit, mark
}

function judge(name, figure, against, limit, text,	ours, theirs, ratio)
{
	ours = value[figure, "ours"]
	theirs = value_against(figure, against)
	if (ours == "" || theirs == "") {
		row(name, text, ours == "" ? "-" : ours, theirs == "" ? "-" : theirs, "-",
			limit, limit == "-" ? "-" : "MISS")
		return
	}
	ratio = ratio_of(ours, theirs, limit)
	row(name, text, ours, theirs, ratio, limit,
		limit == "-" ? "-" : meets(ratio, limit) ? "pass" : "MISS")
}

# A row's name is its figure, unless that is compared with another one of ours.
FILENAME ~ /bounds$/ {
	if ($0 ~ /^[ \t]*(#|$)/ || !fits($2))
		next
	name = $3 ~ /^in-tree/ ? $1 : $1 "/" $3
	if (name in limits)
		next
	names[++nr] = name
	figures[name] = $1
	others[name] = $3
	limits[name] = $4
	text = $0
	sub(/^[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+[ \t]+/, "", text)
	texts[name] = text
	bounded[$1]
	next
}

$1 == "bench" && NF == 4 {
	keep($2 SUBSEP $3, $4)
	if (!($2 in bounded) && !($2 in shown))
		rest[++nr_rest] = $2
	shown[$2]
}

END {
	for (i = 1; i <= nr; i++) {
		name = names[i]
		judge(name, figures[name], others[name], limits[name], texts[name])
	}
	for (i = 1; i <= nr_rest; i++)
		judge(rest[i], rest[i], "in-tree", "-", rest[i])
}
