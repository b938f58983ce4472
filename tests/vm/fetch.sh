# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Stock kernels in the cache: kernels/ABI_VERSION_PARTS holds what the packages of
# one kernel have below boot/, usr/ and lib/modules/. An entry appears whole, by
# a rename, or not at all. Needs lib.sh and apt.sh.

missing=3	# returned where the mirror doesn't carry what the list names

# apt_suites APT: all suites that rows of it name, without question marks. The tools that
# a kernel for another architecture is built with come from amd64's.
apt_suites()
{
	kernels_all | awk -v distro="${1%-*}" -v arch="$(apt_arch "$1")" '
		$2 == distro && (arch == "amd64" || $5 ~ arch) { print $4 }' |
		tr -d '?' | tr , '\n' | sort -u
}

# fetch_lists APT: up-to-date lists, or a day old, or what there is if the
# mirror can't be reached
fetch_lists()
{
	local suites

	mapfile -t suites < <(apt_suites "$1")
	[[ ! ${looked[$1]:-} ]] || return 0
	apt_is_fresh "$1" "${suites[@]}" && return
	looked[$1]=1
	step "look for new builds in ${suites[*]}" "$cache/log/apt-$1.log" \
		apt_update "$1" "${suites[@]}" && return
	[[ -s $cache/apt/$1/etc/sources.list ]] || return 1
	say "  going on with the lists of an earlier look"
}
declare -A looked

# newest_build APT SERIES FLAVOUR SUITE...: prints "ABI VERSION SUITE" of the newest
# build of a flavour
newest_build()
{
	local apt=$1 series=${2//./\\.} flavour=$3 suites best= abi version suite

	suites=" ${*:4} "
	while read -r abi version suite; do
		[[ $suites == *" $suite "* ]] || continue
		[[ ! $best ]] || dpkg --compare-versions "$version" gt "${best#* }" || continue
		best="$abi $version"
	done < <(apt_private "$apt" apt-cache pkgnames linux-image- |
		grep -E "^linux-image-$series\.[0-9][^-]*(-[0-9]+)?-$flavour$" |
		xargs -r env APT_CONFIG="$cache/apt/$apt/apt.conf" apt-cache madison |
		sed -n 's#^ *linux-image-\([^ ]*\) | *\([^ ]*\) | [^ ]* \([^ ]*\)/main .*#\1 \2 \3#p')
	[[ $best ]] && say "$best"
}

# kernel_packages APT ABI: the packages that make up that kernel and what
# modules are built against, by following the dependencies on its other parts
kernel_packages()
{
	local todo=("linux-image-$2" "linux-headers-$2") seen=" " package

	while ((${#todo[@]})); do
		package=${todo[0]}
		todo=("${todo[@]:1}")
		[[ $seen == *" $package "* ]] && continue
		seen+="$package "
		mapfile -t -O "${#todo[@]}" todo < <(apt_private "$1" \
			apt-cache show --no-all-versions "$package" |
			sed -n 's/^Depends: //p' | tr -s ',| ' '\n' |
			grep -E '^linux-(base|headers|kbuild|binary|modules)-[0-9]' | sort -u)
	done
	xargs -n 1 <<<"$seen"
}

# The parts of a kernel's packages that are of use here, below /. Of the modules,
# the subsystems that the VM loads something from.
kernel_parts=(
	'./boot/vmlinuz-*' './usr/src/*' './usr/lib/linux-kbuild-*'
	'*/modules/*/vmlinuz' '*/modules/*/modules.*' '*/modules/*/kernel/lib/*'
	'*/modules/*/kernel/virt/*' '*/modules/*/kernel/drivers/vfio/*'
	'*/modules/*/kernel/drivers/iommu/*' '*/modules/*/kernel/drivers/dma-buf/*'
	'*/modules/*/kernel/drivers/pci/*' '*/modules/*/kernel/drivers/virtio/*'
	'*/modules/*/kernel/drivers/gpu/drm/vgem/*' '*/modules/*/kernel/drivers/gpu/drm/drm*'
)

# fetch_entry APT ABI VERSION ENTRY: downloads and unpacks, then publishes
fetch_entry()
{
	local apt=$1 abi=$2 version=$3 entry=$4 dir=$cache/tmp/kernel packages deb

	rm -rf "$dir"
	mkdir -p "$dir/deb" "$dir/root" "${entry%/*}" || return
	mapfile -t packages < <(kernel_packages "$apt" "$abi")
	packages[0]+="=$version"
	packages[1]+="=$version"
	(cd "$dir/deb" && apt_private "$apt" apt-get download "${packages[@]}" &&
		fetch_tools "$apt" "${packages[@]}") || return
	for deb in "$dir"/deb/*.deb; do
		unpack "$deb" "$dir/root" || return
	done
	fetch_settle "$dir/root" "$abi" || return
	mv "$dir/root" "$entry" && rm -rf "$dir"
}

# fetch_tools APT PACKAGE...: replaces the package with kbuild's own programs by the one
# that runs here
fetch_tools()
{
	local apt=$1 package

	shift
	[[ $(apt_arch "$apt") != amd64 ]] || return 0
	for package; do
		[[ $package == linux-kbuild-* ]] || continue
		rm -f "$package"_*.deb
		apt_private "${apt%-*}" apt-get download "$package" || return
	done
}

# unpack DEB ROOT: the parts that DEB has; a pattern without a match is no error,
# while a broken package is one
unpack()
{
	local list=$cache/tmp/kernel/list

	dpkg-deb --fsys-tarfile "$1" >"$list.tar" || return
	tar -tf "$list.tar" | awk -v parts="${kernel_parts[*]}" '
		BEGIN {
			n = split(parts, part, " ")
			for (i = 1; i <= n; i++) {
				gsub(/[.]/, "[.]", part[i])
				gsub(/[*]/, ".*", part[i])
			}
		}
		!/\/$/ {
			for (i = 1; i <= n; i++)
				if ($0 ~ "^" part[i] "$") {
					print
					next
				}
		}' >"$list" || return
	tar -xf "$list.tar" -C "$2" --no-recursion -T "$list" || return
	rm "$list.tar"
}

# fetch_settle ROOT ABI: brings older and newer packages to one layout, and
# checks that all is there that everything else relies on
fetch_settle()
{
	local root=$1 abi=$2 path

	mkdir -p "$root/lib/modules"
	[[ ! -d $root/usr/lib/modules ]] ||
		cp -al "$root/usr/lib/modules/." "$root/lib/modules/" || return
	for path in "$root/boot/vmlinuz-$abi" "$root/lib/modules/$abi/vmlinuz"; do
		[[ ! -e $path ]] || mv "$path" "$root/vmlinuz" || return
	done
	rm -rf "${root:?}/boot" "${root:?}/usr/lib/modules"
	for path in vmlinuz "lib/modules/$abi/kernel/drivers/vfio" "usr/src/linux-headers-$abi"; do
		[[ -e $root/$path ]] || {
			say "the packages of $abi have no $path"
			return 1
		}
	done
	depmod -b "$root" "$abi"
}

# kernel_resolve NAME: sets k_abi, k_version and k_entry from the lists, or
# returns $missing with the reason in k_reason. A kernel that is built here is named
# after what the list calls it.
kernel_resolve()
{
	local suite line suites=()

	kernel_row "$1" || return
	for suite in ${k_suites//,/ }; do
		if [[ $suite != *\? && ! -s $cache/apt/$k_apt/suites/$suite ]]; then
			k_reason="the mirror carries no $suite"
			return "$missing"
		fi
		suites+=("${suite%\?}")
	done
	if [[ $k_config != - ]]; then
		k_version=$(newest_source "$k_distro" "$k_series" "${suites[@]}") || {
			k_reason="no linux-source-$k_series in ${suites[*]}"
			return "$missing"
		}
		k_abi=${k_version%%-*}-${1#"$k_series-"}
		k_entry=$cache/kernels/${k_abi}_${k_version}_$(source_key "$1")
		return
	fi
	line=$(newest_build "$k_apt" "$k_series" "$k_flavour" "${suites[@]}") || {
		k_reason="no $k_series kernel for $k_flavour in ${suites[*]}"
		return "$missing"
	}
	read -r k_abi k_version <<<"$line"
	k_entry=$cache/kernels/${k_abi}_${k_version}_$(cksum <<<"${kernel_parts[*]}" | cut -d ' ' -f 1)
}

# kernel_fetch NAME: the same, with the kernel in the cache afterwards
kernel_fetch()
{
	local ret=0

	kernel_row "$1" || return
	if [[ $k_config != - ]]; then
		source_fetch "$1"
		return
	fi
	lock "$cache/lock" "the cache" || return
	kernel_fetch_locked "$1" || ret=$?
	unlock
	return "$ret"
}

# kernel_look NAME: kernel_resolve with lists that are up to date
kernel_look()
{
	{ fetch_lists "$k_distro" && fetch_lists "$k_apt"; } || {
		k_reason="the lists of $k_apt could not be fetched"
		return 1
	}
	kernel_resolve "$1"
}

kernel_fetch_locked()
{
	kernel_look "$1" || return
	if [[ ! -d $k_entry ]]; then
		cache_prune kernels
		step "fetch $1: $k_abi ($k_version)" "$cache/log/fetch-$1.log" \
			fetch_entry "$k_apt" "$k_abi" "$k_version" "$k_entry" || {
			k_reason="fetching $k_abi failed"
			return 1
		}
	fi
	touch "$k_entry"
}

# cache_prune KIND: drops entries that no run has used for a month
cache_prune()
{
	[[ -d $cache/$1 ]] || return 0
	find "$cache/$1" -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf {} +
}
