# SPDX-License-Identifier: GPL-2.0-only
#
# The table of README.md, from figures.tsv: a line for each bound, a column for each
# kernel. Each cell: ours : reference, ratio; a missed bound in bold.

BEGIN { FS = "\t" }

function number(value)
{
	return value >= 1000 ? sprintf("%.0f", value) : sprintf("%.4g", value)
}

$7 != "-" {
	split($1, name, "-")
	kernel = name[1]
	if (!(kernel in known)) {
		known[kernel]
		kernels[++nr_kernels] = kernel
	}
	if (!($2 in text)) {
		text[$2] = $3
		figures[++nr_figures] = $2
	}
	if (!index(bounds[$2], $7))
		bounds[$2] = bounds[$2] (bounds[$2] == "" ? "" : ", ") $7
	mark = $8 == "pass" ? "" : "**"
	cell[$2, kernel] = $6 == "-" ? "**missing**" : number($4) " : " number($5) ", " mark $6 mark
}

END {
	line = "| measure | bound |"
	rule = "| --- | --- |"
	for (k = 1; k <= nr_kernels; k++) {
		line = line " " kernels[k] " |"
		rule = rule " --- |"
	}
	print line
	print rule
	for (i = 1; i <= nr_figures; i++) {
		line = "| " text[figures[i]] " | " bounds[figures[i]] " |"
		for (k = 1; k <= nr_kernels; k++)
			line = line " " cell[figures[i], kernels[k]] " |"
		gsub(/  +\|/, " |", line)
		print line
	}
}
