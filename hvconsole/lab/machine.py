"""Emulated boards as QEMU is told of them: pure command lines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hvconsole.lab.arch import ARM32, Arch
from hvconsole.lab.modes import KVM_WORDS, NATIVE

_DOM0_KERNEL, _DOM0_INITRAMFS = 0x49000000, 0x4A000000
_BANANA = "bpim2u"
# Else QEMU counts at 62.5 MHz and U-Boot tells Linux of 24: time would pass 2.6 times as fast.
_BANANA_CPU = "cortex-a7,cntfrq=24000000"


@dataclass(frozen=True, slots=True)
class Software:
    """What a virt board boots when U-Boot is left out.

    Attributes:
        mode: One of `modes.modes_of` the board.
        kernel: Linux.
        initramfs: Its first file system.
        xen: Xen; None where there is none. Only its modes use it.
        append: Words for Linux's command line besides ours.
        xen_append: Likewise for Xen.
        dom0_mb: Memory of Xen's first domain, MiB.
    """

    mode: str
    kernel: Path
    initramfs: Path
    xen: Path | None
    append: str = ""
    xen_append: str = ""
    dom0_mb: int = 512


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a virt board consists of.

    Attributes:
        cpus: How many.
        memory_mb: In MiB.
    """

    cpus: int = 2
    memory_mb: int = 1024


def virt_words(hardware: Hardware, *, extra: str = "", arch: Arch = ARM32) -> list[str]:
    """Return QEMU's words for the bare virt board."""
    return [
        *("-M", arch.machine + extra, "-cpu", arch.cpu, "-smp", str(hardware.cpus)),
        *("-m", str(hardware.memory_mb), *_BARE),
    ]


def banana_words() -> list[str]:
    """Return QEMU's words for the bare Banana Pi: four CPUs, of which one is ever started."""
    return ["-M", _BANANA, "-cpu", _BANANA_CPU, "-m", "1024", *_BARE]


_BARE = ("-display", "none", "-nodefaults", "-no-user-config")


def direct_words(software: Software, linux: str, arch: Arch = ARM32) -> list[str]:
    """Return QEMU's words for a virt board that begins with its kernel or hypervisor.

    Args:
        software: What.
        linux: Words for Linux's command line, but for its console and those of `software`.
        arch: The board's architecture.
    """
    linux = f"{linux} {software.append}".strip()
    if not arch.xen:
        linux = f"{KVM_WORDS[software.mode]} {linux}".strip()
    if software.xen is None or software.mode == NATIVE:
        return [
            *("-kernel", str(software.kernel), "-initrd", str(software.initramfs)),
            *("-append", f"console={arch.console} {linux}"),
        ]
    scheduler = software.mode.removeprefix("xen-")
    xen = (
        f"dom0_mem={software.dom0_mb}M sched={scheduler} console=dtuart dtuart=/pl011@9000000 "
        f"{software.xen_append}"
    ).strip()
    bootargs = _escaped(f"console=hvc0 {linux}")
    kernel, initramfs = _escaped(str(software.kernel)), _escaped(str(software.initramfs))
    return [
        *("-kernel", str(software.xen), "-append", xen),
        *("-device", f"guest-loader,addr={_DOM0_KERNEL:#x},kernel={kernel},bootargs={bootargs}"),
        *("-device", f"guest-loader,addr={_DOM0_INITRAMFS:#x},initrd={initramfs}"),
    ]


def virt_devices(disk: Path, port: int) -> list[str]:
    """Return QEMU's words for a virt board's disk, network and randomness.

    Args:
        disk: In the form qcow2; it is written to.
        port: The loopback port that leads to the board's SSH.
    """
    return [
        *("-drive", f"if=none,id=root,file={_escaped(str(disk))},format=qcow2,cache=unsafe"),
        *("-device", "virtio-blk-device,drive=root"),
        *("-netdev", f"user,id=net,{_forward(port)}", "-device", "virtio-net-device,netdev=net"),
        *("-object", "rng-random,id=random,filename=/dev/urandom"),
        *("-device", "virtio-rng-device,rng=random"),
    ]


def banana_devices(disk: Path, port: int) -> list[str]:
    """Return QEMU's words for the Banana Pi's SD card and network; see `virt_devices`."""
    return [
        *("-drive", f"if=sd,file={_escaped(str(disk))},format=qcow2,cache=unsafe"),
        *("-nic", f"user,{_forward(port)}"),
    ]


def console_words(folder: Path) -> list[str]:
    """Return QEMU's words for the serial line, the monitor and the process's number."""
    place = _escaped(str(folder))
    return [
        "-chardev",
        f"socket,id=serial,path={place}/serial.sock,server=on,wait=off,logfile={place}/serial.log",
        *("-serial", "chardev:serial"),
        *("-monitor", f"unix:{place}/monitor.sock,server=on,wait=off"),
        *("-pidfile", str(folder / "pid")),
    ]


def _forward(port: int) -> str:
    return f"hostfwd=tcp:127.0.0.1:{port}-:22"


def _escaped(text: str) -> str:
    """Double the commas, at which QEMU takes its options apart."""
    return text.replace(",", ",,")
