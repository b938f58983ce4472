# SPDX-License-Identifier: GPL-2.0-only
#
# From rows of judge.awk, those with a bound, as the plot needs them, with tabs in
# between: a row number for each figure, its text, the kernel, and what was used of
# what the bound allows, 1 being all of it.

$7 != "-" && $6 != "-" {
	if (!($2 in row))
		row[$2] = ++nr
	allowed = $7 ~ /^\+/ ? $5 + $7 : $5 * $7
	printf "%d\t%s\t%s\t%.4f\n", row[$2], $3, $1, $4 / allowed
}
