"""The modes that the lab's boards boot into."""

from __future__ import annotations

from difflib import get_close_matches

from hvconsole.lab.places import ARM64_BOARD
from hvconsole.model.problem import UsageProblem

NATIVE = "native"
SCHEDULERS = ("credit", "credit2", "rtds", "null", "arinc653")
XEN_MODES = (NATIVE, *(f"xen-{name}" for name in SCHEDULERS))

# Where KVM's own part runs: in EL2 beside Linux in EL1 (nVHE), or both in EL2 (VHE), as Linux does
# by itself where the CPU can. Alone, Linux leaves EL2 and has no /dev/kvm.
# (Linux: Documentation/admin-guide/kernel-parameters.txt, kvm-arm.mode=.)
KVM_WORDS = {
    NATIVE: "kvm-arm.mode=none",
    "kvm-nvhe": "kvm-arm.mode=nvhe",
    "kvm-vhe": "",
}
KVM_MODES = tuple(KVM_WORDS)


def modes_of(board: str) -> tuple[str, ...]:
    """Return the modes of a lab board."""
    return KVM_MODES if board == ARM64_BOARD else XEN_MODES


def usual_mode(board: str) -> str:
    """Return the mode that a lab board is started in where none is asked for."""
    return "kvm-nvhe" if board == ARM64_BOARD else NATIVE


def check_mode(board: str, mode: str) -> str:
    """Return a mode's name.

    Raises:
        UsageProblem: The board has none of that name.
    """
    modes = modes_of(board)
    if mode in modes:
        return mode
    near = get_close_matches(mode, modes, n=1)
    raise UsageProblem(
        f"{board} has no mode '{mode}'",
        hint=f"did you mean '{near[0]}'?" if near else f"choose from: {', '.join(modes)}",
    )
