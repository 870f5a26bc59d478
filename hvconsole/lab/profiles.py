"""The lab's boards as every other command takes them. Cheap to import."""

from __future__ import annotations

import msgspec

from hvconsole.lab.inventory import profile
from hvconsole.lab.modes import KVM_WORDS, NATIVE, SCHEDULERS
from hvconsole.lab.places import ARM64_BOARD, BANANA_BOARD, BOARDS, check_name
from hvconsole.model.board import BoardProfile
from hvconsole.model.boot import BootMode, BootProof

# U-Boot's script on the disk chooses by this variable, and passes it on to Linux.
_UBOOT = ("setenv mode {}", "run bootcmd")
_MODE_WORD = "hvconsole.mode={}"
_TIMEOUT_S = 180.0
_BANANA_TIMEOUT_S = 360.0
_UNFINISHED = {"rtds", "null", "arinc653"}


def lab_names() -> tuple[str, ...]:
    """Return the names of the lab's boards, whether or not they are built."""
    return BOARDS


def lab_profile(name: str) -> BoardProfile:
    """Return a running board's profile, its boot modes with it.

    Raises:
        UsageProblem: There is none of that name.
        Problem: It does not run, or is not built; with the command that changes that.
    """
    timeout = _BANANA_TIMEOUT_S if check_name(name) == BANANA_BOARD else _TIMEOUT_S
    modes = kvm_modes(timeout) if name == ARM64_BOARD else lab_modes(timeout)
    return msgspec.structs.replace(profile(name), modes=modes)


def lab_modes(timeout_s: float = _TIMEOUT_S) -> dict[str, BootMode]:
    """Return the ways to boot a 32-bit lab board, by name; the first is its own."""
    native = _mode(NATIVE, "Linux alone", BootProof(hypervisor="none"), timeout_s)
    modes = {NATIVE: native}
    for scheduler in SCHEDULERS:
        name = f"xen-{scheduler}"
        rebuilt = " (not in release builds; the lab's own build)"
        about = f"Xen with the {scheduler} scheduler{rebuilt if scheduler in _UNFINISHED else ''}"
        proof = BootProof(hypervisor="xen", scheduler=scheduler)
        modes[name] = _mode(name, about, proof, timeout_s)
    return modes


def kvm_modes(timeout_s: float = _TIMEOUT_S) -> dict[str, BootMode]:
    """Return the ways to boot the 64-bit lab board, by name."""
    about = {
        NATIVE: "Linux alone, KVM switched off",
        "kvm-nvhe": "Linux with KVM, its own part apart in EL2 (nVHE)",
        "kvm-vhe": "Linux with KVM, both in EL2 (VHE)",
    }
    return {
        name: _mode(
            name,
            about[name],
            BootProof(hypervisor="none" if name == NATIVE else "kvm"),
            timeout_s,
            *words.split(),
        )
        for name, words in KVM_WORDS.items()
    }


def _mode(name: str, about: str, proof: BootProof, timeout_s: float, *cmdline: str) -> BootMode:
    return BootMode(
        about=about,
        uboot=tuple(line.format(name) for line in _UBOOT),
        proof=msgspec.structs.replace(proof, cmdline=(_MODE_WORD.format(name), *cmdline)),
        timeout_s=timeout_s,
    )
