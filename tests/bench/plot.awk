# SPDX-License-Identifier: GPL-2.0-only
#
# From rows of judge.awk, those with a bound, for the plot, with tabs in between: a row
# number for each bound, its text, the kernel, and the part used of what the bound
# allows, 1 being all of it.

$7 != "-" && $6 != "-" {
	if (!($2 in row))
		row[$2] = ++nr
	limit = $7
	sub(/^[~+]/, "", limit)
	used = $7 ~ /^\+/ ? $4 / ($5 + limit) : $6 / limit
	printf "%d\t%s\t%s\t%.4f\n", row[$2], $3, $1, used
}
