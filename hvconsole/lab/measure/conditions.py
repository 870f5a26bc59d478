"""What can be measured in virtual time: Linux alone, Xen with each of its schedulers, and KVM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from hvconsole.lab.arch import ARM32, ARM64, Arch
from hvconsole.lab.modes import NATIVE
from hvconsole.model.problem import UsageProblem

_BUSY = "-busy"
_ALONE_S, _BUSY_S = 1.0, 2.0


@dataclass(frozen=True, slots=True)
class Condition:
    """One fixed measurement.

    Attributes:
        name: ``native``, ``xen-rtds``, ``xen-rtds-busy``.
        mode: The boot mode.
        busy: Beside Linux a guest computes for ever on the same, only CPU.
        seconds: How long is sampled, in virtual time.
        tuning: What is done before it is measured, empty for nothing. On Xen the arguments of an
            ``xl`` that sets the scheduler, several parted by ``then``; with KVM ``nice``, ``fifo``
            or ``quota`` (µs in every 100 ms) and a value, for the guest's virtual CPU.
        guest: Not Linux on the board samples, but Linux in a guest.
        arch: Of the board.
        cpus: CPUs of the board. QEMU runs them in turns, so one that computes takes time from the
            other: gaps as long as QEMU's turn that are no scheduler's.
        during: What is done while it is measured: after how many seconds, and the arguments of an
            ``xl``.
    """

    name: str
    mode: str
    busy: bool
    seconds: float
    tuning: tuple[str, ...] = ()
    guest: bool = False
    arch: Arch = ARM32
    cpus: int = 1
    during: tuple[tuple[float, tuple[str, ...]], ...] = ()


def _conditions() -> dict[str, Condition]:
    alone = [NATIVE, "xen-null", "xen-credit2", "xen-credit", "xen-rtds"]
    # null gives each virtual CPU one of its own, and there is but one.
    contended = ["xen-credit", "xen-credit2", "xen-rtds"]
    every = [Condition(mode, mode, busy=False, seconds=_ALONE_S) for mode in alone]
    every += [Condition(mode + _BUSY, mode, busy=True, seconds=_BUSY_S) for mode in contended]
    every += [
        Condition("arm64-native", NATIVE, busy=False, seconds=_ALONE_S, arch=ARM64),
        *(_kvm(mode) for mode in _KVM),
        *(_kvm(mode, guest=True) for mode in _KVM),
        _kvm(_KVM[0], busy=True),
    ]
    return {one.name: one for one in every}


def _kvm(
    mode: str, *, busy: bool = False, guest: bool = False, tuning: tuple[str, ...] = ()
) -> Condition:
    name = "".join(
        (
            mode,
            _BUSY if busy else "",
            "-guest" if guest else "",
            *(f"-{tuning[0]}" for _ in tuning[:1]),
        )
    )
    seconds = _BUSY_S if busy else _ALONE_S
    return Condition(name, mode, busy, seconds, tuning, guest, ARM64)


_KVM = ("kvm-nvhe", "kvm-vhe")
CONDITIONS = _conditions()

# What a scheduler's values do to the one beside whom a busy guest runs. Not part of --all: each is
# an experiment of its own.
_TUNINGS = {
    "xen-credit-busy-weight": ("sched-credit", "-d", "0", "-w", "512"),
    "xen-credit-busy-cap": ("sched-credit", "-d", "busy", "-c", "20"),
    "xen-credit-busy-slice": ("sched-credit", "-s", "-t", "5"),
    "xen-rtds-busy-budget": (
        "sched-rtds",
        "-d",
        "busy",
        "-v",
        "0",
        "-p",
        "20000",
        "-b",
        "8000",
        "-e",
        "0",
    ),
}
TUNED = {
    name: Condition(name, name.split(_BUSY)[0], busy=True, seconds=_BUSY_S, tuning=words)
    for name, words in _TUNINGS.items()
}
_KVM_TUNINGS = (("quota", "20000"), ("nice", "19"), ("fifo", "1"))
_OF_KVM = [
    _kvm(_KVM[1], busy=True),
    *(_kvm(_KVM[0], busy=True, tuning=words) for words in _KVM_TUNINGS),
]
KVM_TUNED = {one.name: one for one in _OF_KVM}


def _moved(
    name: str, during: str, *, seconds: float = _BUSY_S, cpus: int = 1, tuning: str = ""
) -> Condition:
    steps = (step.split() for step in during.split("; "))
    timed = tuple((float(after), tuple(words)) for after, *words in steps)
    name = f"xen-credit-busy-{name}"
    return Condition(
        name,
        "xen-credit",
        busy=True,
        seconds=seconds,
        tuning=tuple(tuning.split()),
        cpus=cpus,
        during=timed,
    )


# What is done to the busy guest while Linux is sampled: what Linux loses changes at that moment.
_OF_LIFE = "0.9 pause busy; 1.6 unpause busy; 2.2 destroy busy"
_TO_ITS_OWN_POOL = "cpupool-cpu-remove Pool-0 1 then cpupool-create /other.cfg"
_MOVED = [
    _moved("pause", _OF_LIFE, seconds=3.0),
    _moved("pin", "1.2 vcpu-pin busy 0 1", cpus=2, tuning="vcpu-pin busy 0 0"),
    _moved("migrate", "1.2 cpupool-migrate busy other", cpus=2, tuning=_TO_ITS_OWN_POOL),
]
MOVED = {one.name: one for one in _MOVED}
EVERY = {**CONDITIONS, **TUNED, **MOVED, **KVM_TUNED}


def conditions_named(names: Sequence[str]) -> list[Condition]:
    """Return conditions by name, ``xen-`` and ``kvm-`` may be left out; in the table's order.

    Raises:
        UsageProblem: There is none of a name.
    """
    wanted = {_named(name) for name in names}
    return [one for one in EVERY.values() if one.name in wanted]


def _named(name: str) -> str:
    for known in (name, f"xen-{name}", f"kvm-{name}"):
        if known in EVERY:
            return known
    near = get_close_matches(name, EVERY, n=1)
    raise UsageProblem(
        f"nothing to measure is named '{name}'",
        hint=f"did you mean '{near[0]}'?" if near else f"choose from: {', '.join(EVERY)}",
    )
