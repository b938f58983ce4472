# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Looks at a machine whose guest has gone silent, through QEMU's monitor, and
# tells a guest that hangs from a QEMU that made it hang. Needs lib.sh.
#
# Under TCG the end of an interrupt can get lost. Then a processor sleeps, with
# interrupts on, while its local APIC holds an interrupt in service, and takes no
# other for ever. No kernel does that by itself: Linux ends each interrupt before
# it goes idle. Anything else is left alone, for the time limits to deal with.

silence=330	# seconds; the longest that a test may be given, and some more

# watch_prepare: the two pipes of the monitor, which qemu_monitor names
watch_prepare()
{
	rm -f "$b_logs/monitor.in" "$b_logs/monitor.out" "$b_logs/stuck"
	mkfifo "$b_logs/monitor.in" "$b_logs/monitor.out"
}
qemu_monitor=(-chardev "pipe,id=monitor,path=/dvp/monitor" -mon chardev=monitor)

# watch_ask COMMAND...: what the monitor answers
watch_ask()
{
	printf '%s\n' "$@" >"$b_logs/monitor.in"
	timeout 3 cat "$b_logs/monitor.out" | tr -d '\r'
}

# watch_lost: the processors that have lost an end of interrupt
watch_lost()
{
	watch_ask 'info registers -a' 'info lapic 0' 'info lapic 1' | awk '
		/^CPU#/ { cpu = substr($1, 5) }
		/ RFL=/ {
			# The interrupt flag is bit 9: the lowest but one of the
			# third digit from the right.
			match($0, /RFL=[0-9a-f]+/)
			digit = substr($0, RSTART + RLENGTH - 3, 1)
			asleep[cpu] = / HLT=1/ && digit ~ /[2367abef]/
		}
		/local APIC state for CPU/ { apic = $NF }
		/^ISR/ && $2 ~ /^[0-9]/ { busy[apic] = 1 }
		END {
			for (cpu in busy)
				if (asleep[cpu])
					print cpu
		}' | sort
}

# watch: while the machine runs. If a processor has lost an interrupt, and still
# has five seconds later, says so in b_logs/stuck, and ends QEMU.
watch()
{
	local size last=-1 since=$SECONDS lost

	while sleep 5; do
		size=$(stat -c %s "$b_logs/channel.log")
		if [[ $size != "$last" ]]; then
			last=$size
			since=$SECONDS
		elif ((SECONDS - since > silence)); then
			since=$SECONDS
			lost=$(watch_lost)
			sleep 5
			[[ $lost && $(watch_lost) == "$lost" ]] || continue
			watch_ask 'info registers -a' 'info lapic 0' 'info lapic 1' >"$b_logs/stuck"
			printf 'quit\n' >"$b_logs/monitor.in"
			return
		fi
	done
}
