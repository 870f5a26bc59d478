#!/bin/sh
# The first process of a board that exists only to try hvcounter. It prints one section a step,
# "== step", and what it saw; the test reads them from the serial line.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
echo 1 > /proc/sys/kernel/printk

state() {
    probe 0 1
    for file in /sys/kernel/hvcounter/cpu*/*; do
        [ -e "$file" ] && echo "${file#/sys/kernel/hvcounter/} $(cat "$file" 2>&1)"
    done
}

step() { echo; echo "== $1"; }

step before
state
step loaded
insmod /hvcounter.ko pmccntr=1
state
step offline
echo 0 > /sys/devices/system/cpu/cpu1/online
cat /sys/kernel/hvcounter/cpu1/cntkctl_current
cat /sys/kernel/hvcounter/cpu1/cntkctl_found
step online
echo 1 > /sys/devices/system/cpu/cpu1/online
state
step unloaded
rmmod hvcounter
state
step loaded-while-offline
echo 0 > /sys/devices/system/cpu/cpu1/online
insmod /hvcounter.ko
cat /sys/kernel/hvcounter/cpu1/cntkctl_found
echo 1 > /sys/devices/system/cpu/cpu1/online
state
step unloaded-again
rmmod hvcounter
state
step nothing-to-open
insmod /hvcounter.ko cntpct=0
echo "status $?"
step replugged-often
insmod /hvcounter.ko
for i in 1 2 3 4 5 6 7 8 9 10; do
    echo 0 > /sys/devices/system/cpu/cpu1/online
    echo 1 > /sys/devices/system/cpu/cpu1/online
done
state
rmmod hvcounter
step meddled
insmod /hvcounter.ko
insmod /meddle.ko
state
rmmod hvcounter
rmmod meddle
step powered-down
insmod /hvcounter.ko pmccntr=1
insmod /meddle.ko power_down=1
state
rmmod hvcounter
rmmod meddle
step as-the-console-does
insmod /hvcounter.ko
for cpu in 0 1; do
    folder=/sys/kernel/hvcounter/cpu$cpu
    grep -H '' $folder/applied $folder/last_online_ns $folder/cntkctl_found
done
for i in 1 2; do
    sh -c '[ ! -d /sys/module/hvcounter ] || exec rmmod hvcounter'
    echo "undone with $?"
done
probe 0 1
step log
dmesg | grep -E 'hvcounter|meddle|Oops|BUG|WARNING'
step end
poweroff -f
