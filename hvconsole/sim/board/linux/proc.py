"""/proc, and the device tree that it shows."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hvconsole.sim.board.linux.live import fixed, text
from hvconsole.sim.board.linux.online import online
from hvconsole.sim.board.modes import BUILD, KERNEL
from hvconsole.sim.board.nodes import Live, Node, Symlink
from hvconsole.sim.board.tree import failed
from hvconsole.sim.hypervisor.cpus import ranges

if TYPE_CHECKING:
    from hvconsole.sim.board.board import Board

_RT_RUNTIME: Final = "/proc/sys/kernel/sched_rt_runtime_us"
_DEVICE_TREE: Final = "/sys/firmware/devicetree/base"
_RT_PERIOD_US: Final = 1_000_000
_RAM_BEGIN: Final = 0x40000000
_MOUNTS: Final = (
    "/dev/mmcblk0p1 / ext4 rw,relatime 0 0\n"
    "proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\n"
    "sysfs /sys sysfs rw,nosuid,nodev,noexec,relatime 0 0\n"
    "udev /dev devtmpfs rw,nosuid,relatime,size=446312k,mode=755 0 0\n"
)
_CPU: Final = (
    "processor\t: {}\nmodel name\t: ARMv7 Processor rev 4 (v7l)\nBogoMIPS\t: 48.00\n"
    "Features\t: half thumb fastmult vfp edsp thumbee neon vfpv3 tls vfpv4 idiva idivt vfpd32 "
    "lpae evtstrm\n"
    "CPU implementer\t: 0x41\nCPU architecture: 7\nCPU variant\t: 0x0\n"
    "CPU part\t: 0xc07\nCPU revision\t: 4\n\n"
)


def proc_files(board: Board) -> dict[str, Node]:
    """Return the files of /proc by path."""
    mode = board.mode
    nodes: dict[str, Node] = {
        "/proc/device-tree": Symlink(_DEVICE_TREE),
        "/proc/cmdline": fixed(f"{mode.cmdline}\n"),
        "/proc/version": fixed(f"Linux version {KERNEL} (simulated) {BUILD}\n"),
        "/proc/iomem": text(lambda: _iomem(board)),
        "/proc/cpuinfo": text(lambda: _cpuinfo(board)),
        "/proc/interrupts": text(lambda: _interrupts(board)),
        "/proc/meminfo": fixed(_meminfo(mode.memory_kib)),
        "/proc/loadavg": text(lambda: _load(board)),
        "/proc/uptime": text(lambda: f"{board.uptime_s:.2f} {board.uptime_s:.2f}\n"),
        "/proc/mounts": fixed(_MOUNTS),
        "/proc/sysrq-trigger": Live(bytes, lambda data: _sysrq(board, data), 0o200),
        "/proc/modules": text(lambda: _modules(board)),
        "/proc/self/status": text(lambda: _status(board)),
        "/proc/sys/kernel/hostname": fixed(f"{mode.hostname}\n"),
        "/proc/sys/kernel/random/boot_id": fixed(f"{board.boot_id}\n"),
        "/proc/sys/kernel/sched_rt_period_us": fixed(f"{_RT_PERIOD_US}\n"),
        _RT_RUNTIME: text(
            lambda: f"{board.rt_runtime_us}\n", lambda value: _set_rt_runtime(board, value)
        ),
    }
    tree = {
        "model": "LeMaker Banana Pi\0",
        "compatible": "lemaker,bananapi\0allwinner,sun7i-a20\0",
        "chosen/bootargs": f"{mode.cmdline}\0",
        "#address-cells": "\0\0\0\1",
        "#size-cells": "\0\0\0\1",
        "memory@40000000/reg": "@\0\0\0@\0\0\0",  # 1 GiB at 0x40000000; mem= changes nothing
    }
    if mode.hypervisor == "xvisor":
        tree |= {"model": "Virt-v7\0", "compatible": "virt-v7,armv7a\0"}
    if mode.hypervisor == "xen":
        nodes["/proc/xen/capabilities"] = fixed("control_d\n")
        tree["hypervisor/compatible"] = "xen,xen-4.17\0xen,xen\0"
    for name, value in tree.items():
        nodes[f"{_DEVICE_TREE}/{name}"] = fixed(value)
    return nodes


def _sysrq(board: Board, data: bytes) -> None:
    """Do what a key of SysRq asks for: restart or crash at once; others have nothing to do here."""
    key = data[:1]
    if key == b"b":
        board.say("sysrq: Resetting")
        board.on_reboot()
    elif key == b"c":
        board.say("sysrq: Trigger a crash")
        board.say("Kernel panic - not syncing: sysrq triggered crash")
        board.crash(reboot_after_s=None)


def _set_rt_runtime(board: Board, value: str) -> None:
    """Switch the kernel's throttle of real-time tasks; samplers that start later meet it."""
    digits = value.removeprefix("-")
    if not digits.isdecimal() or not digits.isascii() or len(digits) > len(str(_RT_PERIOD_US)):
        raise failed(errno.EINVAL, _RT_RUNTIME)
    runtime = int(value)
    if not -1 <= runtime <= _RT_PERIOD_US:
        raise failed(errno.EINVAL, _RT_RUNTIME)
    board.rt_runtime_us = runtime
    setup = board.machine.setup
    throttled = 0 <= runtime < _RT_PERIOD_US
    board.machine.setup = replace(setup, guest=replace(setup.guest, rt_throttle=throttled))


def _iomem(board: Board) -> str:
    end = board.mode.ram_end - 1
    lines = [
        "01c25000-01c250ff : 1c25000.rtp rtp@1c25000",
        "01c28000-01c2801f : serial",
        f"{_RAM_BEGIN:08x}-{end:08x} : System RAM",
        "  40008000-40cfffff : Kernel code",
        "  40f00000-410c5e97 : Kernel data",
    ]
    bare = board.machine.bare
    if bare is not None and bare.jailhouse:
        lines.append("7c000000-7fffffff : Jailhouse hypervisor")
    return "".join(f"{line}\n" for line in lines)


def _cpuinfo(board: Board) -> str:
    cpus = "".join(_CPU.format(cpu) for cpu in online(board))
    return f"{cpus}Hardware\t: Allwinner sun7i (A20) Family\nRevision\t: 0000\nSerial\t\t: 0\n"


def _interrupts(board: Board) -> str:
    cpus = online(board)
    guest = board.machine.setup.guest
    seconds = board.uptime_s
    rows = [("24", [int(seconds * guest.hz)] * len(cpus), "GIC-0  27 Level     arch_timer")]
    for number, device in enumerate(guest.devices):
        counts = [int(seconds * device.rate_hz) if cpu == device.cpu else 0 for cpu in cpus]
        rows.append((str(40 + number), counts, f"GIC-0 {64 + number:>3} Level     {device.name}"))
    head = " " * 5 + "".join(f"{f'CPU{cpu}':>11}" for cpu in cpus)
    body = [
        f"{number:>3}: " + "".join(f"{count:>10} " for count in counts) + f"    {rest}"
        for number, counts, rest in rows
    ]
    return "".join(f"{line}\n" for line in [head, *body])


def _meminfo(total: int) -> str:
    used = min(210_000, total // 2)
    figures = {"MemTotal": total, "MemFree": total - used, "MemAvailable": total - used * 11 // 21}
    return "".join(f"{name + ':':<16}{value:>8} kB\n" for name, value in figures.items())


def _load(board: Board) -> str:
    busy = 0.08 + len(board.machine.sampled)
    return f"{busy:.2f} {busy / 2:.2f} {busy / 3:.2f} 1/84 {512 + len(board.processes.running)}\n"


def _modules(board: Board) -> str:
    return "".join(
        f"{name} {size} 0 - Live 0xbf000000 (O)\n" for name, size in board.modules.items()
    )


def _status(board: Board) -> str:
    allowed = ranges(online(board))
    return (
        f"Name:\tsh\nUid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\nCpus_allowed_list:\t{allowed}\n"
    )
