# SPDX-License-Identifier: GPL-2.0-only
#
# Draws what plot.awk prints: DATA is that file, KERNELS the names in it, OUT the SVG.

set terminal svg size 1100,1000 background "white" font "sans,12"
set output OUT
set datafile separator "\t"
set title "Part used of what each bound allows: left of the line is met"
set logscale x
set yrange [*:*] reverse
set offsets 0, 0, 1, 1
set grid
set key outside bottom center horizontal
set arrow from 1, graph 0 to 1, graph 1 nohead linewidth 2 linecolor "black"
plot for [k in KERNELS] DATA using (strcol(3) eq k ? $4 : NaN):1:ytic(2) \
	with points pointsize 1 linewidth 2 title k
