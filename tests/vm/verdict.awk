# SPDX-License-Identifier: GPL-2.0-only
#
# Judges what the guest said on its channel. Prints "PASSED FAILED SKIPPED
# DONE TAINT": DONE is 1 if the closing line with NONCE was there, after as many
# programs as EXPECTED. The names go to OUT.failed and OUT.skipped, and what a
# program prints behind "figure: " to OUT.figures. Without TAP, a program has only its
# status to say how it went.
#
# A test that skips returns early, so Check calls it passed; the skip log has its
# name, and it is taken off again.

function bad(what)
{
	failed++
	print what > (OUT ".failed")
}

# Ends the program that runs: all that it promised must have come.
function close_program(why,	name)
{
	if (program == "")
		return
	for (name in nr_skips) {
		if (nr_skips[name] > nr_ok[name]) {
			bad(program ": " name ": skipped, but did not end well")
			nr_skips[name] = nr_ok[name]
		}
		passed -= nr_skips[name]
		skipped += nr_skips[name]
	}
	if (why != "")
		bad(program ": " why (last_test != "" ? ", after " last_test : ""))
	else if (TAP && plan == "")
		bad(program ": it ended without a plan")
	else if (TAP && plan + 0 == 0)
		bad(program ": it ran no test")
	else if (plan + 0 != nr_tests)
		bad(program ": " nr_tests " of " plan " tests were reported")
	split("", nr_skips)
	split("", nr_ok)
	program = last_test = plan = ""
}

# "not ok 3 - file:case:name: message"
function tap(line,	good, name, message)
{
	if (line ~ /^1\.\.[0-9]+$/) {
		plan = substr(line, 4)
		return
	}
	if (line !~ /^(not )?ok [0-9]+ - /)
		return
	good = line ~ /^ok/
	sub(/^(not )?ok [0-9]+ - /, "", line)
	sub(/^[^:]*:[^:]*:/, "", line)
	name = message = line
	sub(/:.*/, "", name)
	sub(/^[^:]*: */, "", message)
	nr_tests++
	last_test = name
	if (good) {
		passed++
		nr_ok[name]++
	} else {
		any_failed = 1
		bad(program ": " name ": " message)
	}
}

{ sub(/\r$/, "") }

$1 == "@start" {
	close_program("")
	program = $2
	nr_tests = any_failed = 0
}

$1 == "@tap" { tap(substr($0, 6)) }

$1 == "@out" && $2 == "figure:" {
	print program ": " substr($0, length($1 $2) + 3) > (OUT ".figures")
}

$1 == "@skip" {
	line = substr($0, length($1 $2) + 3)
	name = line
	sub(/:.*/, "", name)
	nr_skips[name]++
	print program ": " line > (OUT ".skipped")
}

$1 == "@end" {
	why = ""
	if ($3 == 137)
		why = "it took too long, or was killed"
	else if ($3 > 128)
		why = "it died of signal " ($3 - 128)
	else if ($3 != 0 && !any_failed)
		why = "it ended with status " $3
	close_program(why)
}

$1 == "@fail" { bad("init: " substr($0, 7)) }
$1 == "@taint" { taint = $2 }
$1 == "@done" && $2 == NONCE && $3 == EXPECTED { done = 1 }

END {
	close_program("the machine died")
	print passed + 0, failed + 0, skipped + 0, done + 0, taint + 0
}
