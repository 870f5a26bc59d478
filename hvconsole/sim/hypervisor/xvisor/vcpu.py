"""vCPUs as Xvisor keeps them: guests' and its own threads'; states, and time spent in each."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from hvconsole.sim.machine import HZ

if TYPE_CHECKING:
    from hvconsole.sim.hypervisor.xvisor.guest import Guest

GUEST_PRIORITY: Final = 3


class State(IntEnum):
    """What a vCPU is in, with Xvisor's own numbers."""

    RESET = 0x2
    READY = 0x4
    RUNNING = 0x8
    PAUSED = 0x10
    HALTED = 0x20

    @property
    def word(self) -> str:
        """As lists have it."""
        return self.name.capitalize()


@dataclass(slots=True, eq=False)
class Vcpu:
    """One vCPU.

    Attributes:
        number: Its id, given out anew when it is free.
        name: ``guest0/vcpu0``, or the thread's.
        cpu: In whose queue it stands.
        priority: 0 to 7, higher runs first.
        affinity: CPUs it may run on.
        guest: Whose it is; None for a thread of Xvisor's.
        index: Which of its guest's.
        state: READY stands for running as well: that is the scheduler's to say.
        since: Tick of the last change of state.
        reset_at: Tick of the last reset, or of its creation.
        resets: How often it was reset.
        spent: Ticks in READY, PAUSED and HALTED since the last reset, without the present one.
        ran_before: The machine's count of its CPU time at the last reset.
    """

    number: int
    name: str
    cpu: int
    priority: int
    affinity: frozenset[int]
    guest: Guest | None = None
    index: int = 0
    state: State = State.RESET
    since: int = 0
    reset_at: int = 0
    resets: int = 0
    spent: dict[State, int] = field(default_factory=dict)
    ran_before: int = 0

    @property
    def is_active(self) -> bool:
        """It may run."""
        return self.state is State.READY

    def become(self, state: State, now: int, ran: int) -> None:
        """Change its state.

        Args:
            state: The new one.
            now: Tick.
            ran: The machine's count of its CPU time.
        """
        self.spent[self.state] = self.spent.get(self.state, 0) + now - self.since
        if state is State.RESET:
            self.spent, self.ran_before = {}, ran
            self.reset_at = now
            self.resets += 1
        self.state, self.since = state, now

    def time_in(self, state: State, now: int) -> int:
        """Return ticks since the last reset in a state, the present one included."""
        present = now - self.since if state is self.state else 0
        return self.spent.get(state, 0) + present


def threads(cpus: int) -> list[tuple[str, int | None, int]]:
    """Return Xvisor's own threads in the order of their ids: name, CPU if it is bound, priority."""
    every = range(cpus)
    found: list[tuple[str, int | None, int]] = []
    for cpu in every:
        found += [(f"idle/{cpu}", cpu, 0), (f"ipi/{cpu}", cpu, 7), (f"syswq/{cpu}", cpu, 3)]
    found.append(("mterm", None, 3))
    found += [(f"vmsg/{cpu}", cpu, 3) for cpu in every]
    found.append(("hubd", None, 3))
    found += [(f"netswitch/{cpu}", cpu, 3) for cpu in every]
    return [*found, ("kpsmoused", None, 3), ("partd", None, 3), ("initrd", None, 3)]


def clock(ticks: int) -> str:
    """Return a time as ``vcpu dumpstat`` has it: ``h:mm:ss:mmm``."""
    ms = ticks * 1000 // HZ
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}:{ms:03}"
