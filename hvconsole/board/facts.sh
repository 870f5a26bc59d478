# Read by sh -s TOKEN on a board: tells what it is and changes nothing. POSIX sh, busybox included.
# Each section is headed by "@TOKEN name"; each value stands on a line of its own.
# The script itself is on standard input, so nothing in it may read from there.
token=$1
LC_ALL=C
export LC_ALL
exec 2>/dev/null

section() { printf '\n@%s %s\n' "$token" "$1"; }
show() { section "$1"; shift; cat "$@"; }
# Device tree strings end in NUL.
strings() { section "$1"; tr '\0' '\n' <"$2"; }

section machine; uname -m
section kernel; uname -r
section hostname; uname -n
section uid; id -u
section user; id -un
show boot_id /proc/sys/kernel/random/boot_id
show os_release /etc/os-release
show cmdline /proc/cmdline
show online /sys/devices/system/cpu/online
section capabilities; sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status
section allowed; sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status
show meminfo /proc/meminfo
show load /proc/loadavg
show clocksource /sys/devices/system/clocksource/clocksource0/current_clocksource
show rt_runtime /proc/sys/kernel/sched_rt_runtime_us
show rt_period /proc/sys/kernel/sched_rt_period_us
# In a shell of its own each: an option that is not known ends some shells.
section limits; (ulimit -l) || echo; (ulimit -r) || echo

strings model /proc/device-tree/model
strings compatible /proc/device-tree/compatible
show firmware /sys/class/dmi/id/sys_vendor /sys/class/dmi/id/product_name
show hypervisor /sys/hypervisor/type
strings hypervisor_node /proc/device-tree/hypervisor/compatible
show jailhouse /sys/devices/jailhouse/enabled
show xen_capabilities /proc/xen/capabilities
section kvm; [ -c /dev/kvm ] && echo yes
section cpu_flags; grep -m 1 -i -o -w hypervisor /proc/cpuinfo

section counter_module; [ -d /sys/module/hvcounter ] && echo yes

section compilers
for name in cc gcc clang; do
  path=$(command -v "$name") || continue
  printf '%s\t%s\n' "$path" "$("$path" --version </dev/null | head -n 1)"
done

section clocks
for folder in /sys/devices/system/cpu/cpu[0-9]*/cpufreq; do
  [ -d "$folder" ] || continue
  cpu=${folder%/cpufreq}
  printf '%s\t%s\t%s\t%s\t%s\n' "${cpu##*/cpu}" "$(cat "$folder/scaling_governor")" \
    "$(cat "$folder/scaling_cur_freq")" "$(cat "$folder/scaling_min_freq")" \
    "$(cat "$folder/scaling_max_freq")"
done

# A root cell that does not cover the sensor has its CPU parked for reading it.
if [ "$(cat /sys/devices/jailhouse/enabled)" != 1 ]; then
  section thermal
  for zone in /sys/class/thermal/thermal_zone*; do
    [ -r "$zone/temp" ] && printf '%s\t%s\n' "$(cat "$zone/type")" "$(cat "$zone/temp")"
  done
fi

section places
for folder in /tmp "$XDG_RUNTIME_DIR" /var/tmp "$HOME/.cache" "$HOME"; do
  [ -n "$folder" ] && real=$(cd -P -- "$folder" && pwd -P) || continue
  [ -w "$real" ] && writable=yes || writable=no
  free=$(df -Pk "$real" | sed -n \
    '2s/^.*[[:space:]]\([0-9][0-9]*\)[[:space:]][[:space:]]*[0-9][0-9]*%[[:space:]].*$/\1/p')
  printf '%s\t%s\t%s\n' "$real" "$writable" "$free"
done
show mounts /proc/mounts
section end
