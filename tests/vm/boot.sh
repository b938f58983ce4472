# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Boots a kernel with an image, watches, and judges. Needs lib.sh, machine.sh
# and image.sh; the kernel must have been fetched, and b_dir be its directory. What
# a boot leaves is in b_logs, the directory of the machine below that.

boot_limit=${DVP_BOOT_LIMIT:-3600}	# seconds for the whole boot
program_limit=${DVP_PROGRAM_LIMIT:-1200}	# and for one program in it
boot_memory=${DVP_MEMORY:-1536}		# MiB
b_label=				# what each line of progress begins with

# progress: shows what the guest says while it says it
progress()
{
	local word rest ok=0 bad=0 status seconds more

	while read -r word rest; do
		case $word in
		@start) ok=0 bad=0 ;;
		@tap)
			[[ $rest == "ok "* ]] && ((ok++))
			[[ $rest == "not ok "* ]] && ((bad++))
			;;
		@end)
			read -r rest status seconds <<<"${rest%$'\r'}"
			more=
			((bad == 0)) || more=", $bad not ok"
			((status <= 128)) || more+=", status $status"
			# In one piece, as other boots may print meanwhile.
			printf '    %s%-28s %3d ok, %3d s%s\n' "$b_label" "$rest" \
				"$ok" "$seconds" "$more"
			;;
		@fail) printf '    %s%s\n' "$b_label" "$rest" ;;
		esac
	done
}

# transcript: only what the programs print
transcript()
{
	sed -un 's/\r$//; s/^@out //p; s/^@fail /init: /p'
}

# boot_qemu ARG...: the machine with its devices, in its chroot
boot_qemu()
{
	chroot_run "$m_chroot" "$k_entry" "$b_logs" "${limit[@]}" "${qemu_command[@]}" "${qemu_devices[@]}" \
		-kernel /kernel/vmlinuz -initrd /dvp/initrd -append "$kernel_append" "$@"
}

# boot_once FILTER: one boot, with the guest's words going through FILTER and to
# b_logs/channel.log. Returns QEMU's status: 124 after boot_limit.
boot_once()
{
	local status watcher limit=(timeout "--kill-after=10" "$boot_limit")

	machine_append "$machine" "$nonce" "$mode" "$program_limit"
	: >"$b_logs/channel.log"
	watch_prepare || return
	watch >/dev/null 2>&1 </dev/null &
	watcher=$!
	boot_qemu "${qemu_monitor[@]}" -chardev file,id=console,path=/dvp/console.log \
		-serial chardev:console \
		-chardev stdio,id=channel,signal=off "${qemu_channel[@]}" \
		</dev/null 2>"$b_logs/qemu.log" |
		tee "$b_logs/channel.log" | "$1"
	status=${PIPESTATUS[0]}
	kill "$watcher" 2>/dev/null
	wait "$watcher" 2>/dev/null
	return "$status"
}

# boot_accused: whether the boot that ended has said anything against us by then
boot_accused()
{
	grep -qE '^@(tap not ok|fail)' "$b_logs/channel.log" && return
	[[ ! -s $b_logs/stuck ]] &&
		(($(awk -v MAX=0 -v OUT=/dev/null -f "$vm_dir/splats.awk" "$b_logs/console.log" | cut -d ' ' -f 1)))
}

# boot_retrying FILTER: boots again, twice at most, where QEMU and not the guest
# under test is to blame, and says so in b_note: where QEMU itself dies of a
# signal; where watch has seen that it lost an interrupt; and where the guest dies
# before our init, so before any code of ours has run ("@begin" hasn't been said).
# One way to that is known: under TCG a processor can run a breakpoint that the
# kernel, patching itself, has already taken back. A boot with a failure or a
# splat in it stands, however it ended.
boot_retrying()
{
	local try

	b_note=
	for try in 1 2 3; do
		b_status=0
		boot_once "$1" || b_status=$?
		# 137: killed after the time limit was ignored
		if [[ -s $b_logs/channel.log ]] && boot_accused; then
			break
		elif ((b_status > 128 && b_status != 137)); then
			b_note="QEMU died of signal $((b_status - 128)), boot $try of 3"
		elif [[ -s $b_logs/stuck ]]; then
			b_note="QEMU lost an interrupt, boot $try of 3"
		elif ((b_status == 0)) && ! grep -q '^@begin' "$b_logs/channel.log"; then
			b_note="the kernel died before init, boot $try of 3"
		else
			break
		fi
		cp "$b_logs/console.log" "$b_logs/console.$try.log"
		cp "$b_logs/qemu.log" "$b_logs/qemu.$try.log"
		say "    $b_label$b_note: $(tail -n 1 "$b_logs/qemu.log")"
	done
}

# boot_judge: sets b_passed, b_failed, b_skipped and b_splats, and leaves the
# names in b_logs/verdict.failed, verdict.skipped and verdict.splats, and what
# programs found out in verdict.figures
# shellcheck disable=SC2034	# not all callers look at all of it
boot_judge()
{
	local out=$b_logs/verdict finished taint excused

	: >"$out.failed"
	: >"$out.skipped"
	: >"$out.splats"
	: >"$out.figures"
	read -r b_passed b_failed b_skipped finished taint < <(awk -v NONCE="$nonce" -v OUT="$out" \
		-v EXPECTED="$nr_programs" -v TAP="$([[ $mode == check ]] && echo 1)" -f "$vm_dir/verdict.awk" "$b_logs/channel.log")
	read -r b_splats excused < <(awk -v MAX=3 -v OUT="$out.splats" -f "$vm_dir/splats.awk" "$b_logs/console.log")
	# The kernel keeps a book of its own: 4 machine check, 5 bad page, 7 oops,
	# 9 warning, 14 soft lockup.
	((!excused)) || ((taint &= ~(1 << 9)))
	if ((!b_splats && (taint & (1 << 4 | 1 << 5 | 1 << 7 | 1 << 9 | 1 << 14)))); then
		b_splats=1
		say "    | the kernel is tainted ($taint)" >>"$out.splats"
	fi
	((finished)) || boot_died >>"$out.failed"
	((finished)) || ((b_failed++))
	return 0
}

# boot_died: says how a boot ended that didn't get to its end
boot_died()
{
	case $b_status in
	124 | 137) say "machine: no end within $boot_limit s; see console.log" ;;
	0) say "machine: it stopped before the end; see console.log" ;;
	*) say "machine: QEMU ended with status $b_status: $(tail -n 1 "$b_logs/qemu.log")" ;;
	esac
}

# boot_prepare MACHINE ROLES: what does not depend on the image. ROLES are the rows
# of a list like the file "roles", which is left in b_logs.
boot_prepare()
{
	b_logs=$b_dir/$1
	mkdir -p "$b_logs" || return
	say "$2" >"$b_logs/roles"
	chroot_machine "${k_arch#amd64}" && machine_devices <"$b_logs/roles" &&
		machine_command "$1" "$boot_memory"
}

# boot FILTER MODE MACHINE ROLES PROGRAM...: the whole of it
boot()
{
	local filter=$1 mode=$2 machine=$3 roles=$4 nonce nr_programs

	shift 4
	nr_programs=$#
	nonce=$(od -An -N 8 -t x1 /dev/urandom | tr -d ' \n')
	boot_prepare "$machine" "$roles" || return
	{
		image_build "$b_logs/initrd" "$b_logs/roles" "$@" &&
			clients_append "$b_logs/initrd" "$@"
	} >"$b_logs/image.log" 2>&1 || {
		cat "$b_logs/image.log"
		return 1
	}
	boot_retrying "$filter"
	boot_judge
}

# roles_rows NAME...: the rows of the list that are named; "all" for all
roles_rows()
{
	awk -v names=" $* " '/^DVP_/ && (names == " all " || index(names, " " $1 " "))' \
		"$vm_dir/roles"
}

# programs_find [PATTERN...]: the paths of test programs, all without a pattern
programs_find()
{
	local pattern path dir

	(($#)) || set -- 'check_*'
	for pattern; do
		if [[ $pattern == */* ]]; then
			realpath -e "$pattern" || return
			continue
		fi
		for path in "$build"/user/vm/$pattern; do
			# A program that has lost its source is no test any more.
			for dir in device stress; do
				[[ -x $path && -e $top/tests/$dir/${path##*/}.c ]] || continue
				say "$path"
			done
		done
	done | sort -u
}

# boot_shell MACHINE ROLES: the machine with its console on the terminal
boot_shell()
{
	local limit=()

	boot_prepare "$1" "$2" || return
	image_build "$b_logs/initrd" "$b_logs/roles" "$build"/user/vm/* || return
	machine_append "$1" none shell 0 || return
	boot_qemu -serial mon:stdio -chardev file,id=channel,path=/dvp/channel.log \
		"${qemu_channel[@]}"
}
