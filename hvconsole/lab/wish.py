"""What a person wants of a board, and whether it can be had."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from hvconsole.lab import cpio
from hvconsole.lab.bootscript import note
from hvconsole.lab.machine import Hardware
from hvconsole.lab.modes import NATIVE, check_mode
from hvconsole.lab.places import ARM64_BOARD, BANANA_BOARD, check_name
from hvconsole.model.problem import UsageProblem

MAX_HOURS = 24.0 * 14
_MEMORY_MB = (768, 3072)  # below, U-Boot's script has no room; above, QEMU's machine has none
_XEN_MEMORY_MB = 1024
_MAX_CPUS = 8
_OVERLAY_MB = 128  # it passes through memory on its way to the disk


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a board is to be started.

    Attributes:
        mode: One of the board's modes.
        kernel: A Linux kernel instead of Debian's.
        hypervisor: Another Xen instead of the lab's.
        append: Words for Linux's command line.
        xen_append: Words for Xen's.
        overlay: Folder of files that are laid over the board's disk.
        hardware: CPUs and memory; on lab-virt only.
        snapshot: Come out of a snapshot of the booted board; make it, the first time.
        uboot: Begin with U-Boot; without, lab-virt begins with its kernel or Xen at once.
        hours: End by itself after that many.
    """

    mode: str = NATIVE
    kernel: Path | None = None
    hypervisor: Path | None = None
    append: str = ""
    xen_append: str = ""
    overlay: Path | None = None
    hardware: Hardware = field(default_factory=Hardware)
    snapshot: bool = False
    uboot: bool = True
    hours: float = 12.0

    def has_own_files(self) -> bool:
        """Return whether the person brings files along."""
        return any((self.kernel, self.hypervisor, self.overlay))

    def note(self) -> bytes:
        """Return what U-Boot's script is told."""
        mode = "" if self.mode == NATIVE else self.mode
        return note({"default_mode": mode, "append": self.append, "xen_append": self.xen_append})


def check(name: str, wish: Wish) -> None:
    """Make sure that a wish makes sense, before anything is started.

    Raises:
        UsageProblem: It does not.
    """
    check_name(name)
    check_mode(name, wish.mode)
    _check_xen(name, wish)
    if wish.snapshot and wish.has_own_files():
        raise UsageProblem(
            "a board with your own files cannot come out of a snapshot",
            hint="leave out --snapshot",
        )
    if wish.snapshot and name == BANANA_BOARD:
        raise UsageProblem(
            "lab-bpi cannot be kept as a snapshot", hint="leave out --snapshot, or take lab-virt"
        )
    if not 0 < wish.hours <= MAX_HOURS:
        raise UsageProblem(f"a board runs for up to {MAX_HOURS:g} hours, not {wish.hours:g}")
    for path in (wish.kernel, wish.hypervisor):
        if path is not None and not path.is_file():
            raise UsageProblem(f"there is no file {path}")
    if wish.overlay is not None and not wish.overlay.is_dir():
        raise UsageProblem(f"there is no folder {wish.overlay}")
    _check_hardware(name, wish)
    wish.note()  # it refuses words that cannot be passed on


def _check_xen(name: str, wish: Wish) -> None:
    if name == ARM64_BOARD and (wish.hypervisor is not None or wish.xen_append):
        raise UsageProblem(
            f"{name} starts no Xen",
            detail="its hypervisor is KVM, a part of Linux",
            hint="lab-virt does: --mode xen-credit2; words for KVM go into --append",
        )
    if wish.hypervisor is not None and wish.mode == NATIVE:
        raise UsageProblem(
            "mode native starts no hypervisor",
            detail=f"yet {wish.hypervisor} is to be one",
            hint="choose a mode: --mode xen-credit2; what Linux loads itself, as Jailhouse, "
            "goes into an overlay folder",
        )


def _check_hardware(name: str, wish: Wish) -> None:
    hardware = wish.hardware
    if name == BANANA_BOARD:
        if hardware != Hardware() or not wish.uboot:
            raise UsageProblem(
                "lab-bpi is as it is: one CPU, a gigabyte of memory, and it begins with U-Boot",
                hint="lab-virt can have more or less of these",
            )
        return
    if not 1 <= hardware.cpus <= _MAX_CPUS:
        raise UsageProblem(f"a board has 1 to {_MAX_CPUS} CPUs, not {hardware.cpus}")
    least = _XEN_MEMORY_MB if wish.mode.startswith("xen-") else _MEMORY_MB[0]
    if not least <= hardware.memory_mb <= _MEMORY_MB[1]:
        raise UsageProblem(
            f"in mode {wish.mode} a board has {least} to {_MEMORY_MB[1]} MiB of memory, "
            f"not {hardware.memory_mb}"
        )


def overlay_entries(source: Path) -> list[cpio.Entry]:
    """Return a user's folder as the initramfs carries it.

    Raises:
        UsageProblem: It is too large, or holds what cannot be on a board.
    """
    size = sum(path.lstat().st_size for path in source.rglob("*") if not path.is_dir())
    if size > _OVERLAY_MB << 20:
        raise UsageProblem(
            f"{source} holds {size >> 20} MiB; a board takes {_OVERLAY_MB} at its start",
            hint="bring large files later, by scp",
        )
    return cpio.tree(source, "overlay")
