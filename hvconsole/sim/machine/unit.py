"""vCPUs: what schedulers schedule, and what a sampler on one of them goes through."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hvconsole.model.ticks import I64
from hvconsole.sim.machine.chunk import Cause
from hvconsole.sim.machine.lane import Absence
from hvconsole.sim.machine.noise import F64, key_of, mix
from hvconsole.sim.machine.profile import Activity


@dataclass(slots=True)
class Tape:
    """What the hypervisor does to one vCPU that is sampled, until somebody collects it."""

    start: list[int] = field(default_factory=list)
    instructions: list[float] = field(default_factory=list)
    blocks: list[tuple[I64, F64]] = field(default_factory=list)
    aways: list[Absence] = field(default_factory=list)
    away_since: int | None = None
    away_cause: Cause = Cause.PREEMPTED

    def charge(self, now: int, instructions: float) -> None:
        """Note time that the hypervisor takes while the vCPU has the CPU."""
        self.start.append(now)
        self.instructions.append(instructions)

    def leave(self, now: int, cause: Cause) -> None:
        """Note that the vCPU lost the CPU."""
        self.away_since, self.away_cause = now, cause

    def enter(self, now: int) -> None:
        """Note that it has it back."""
        if self.away_since is not None and now > self.away_since:
            self.aways.append(Absence(self.away_since, now, self.away_cause))
        self.away_since = None

    def collect(self) -> tuple[I64, F64]:
        """Hand over the charges: starts in ticks, instructions, both shape (n,)."""
        blocks = self.blocks
        if self.start:
            blocks.append(
                (
                    np.array(self.start, dtype=np.int64),
                    np.array(self.instructions, dtype=np.float64),
                )
            )
        self.start, self.instructions, self.blocks = [], [], []
        if not blocks:
            return np.empty(0, np.int64), np.empty(0)
        start, instructions = zip(*blocks, strict=True)
        return np.concatenate(start), np.concatenate(instructions)


@dataclass(slots=True, eq=False)
class Unit:
    """One vCPU: its parameters, its state, and what its scheduler keeps about it.

    Attributes:
        domain, index: Which vCPU it is.
        weight, cap: Of its domain (cap in percent of one CPU, 0 for none).
        period, budget: Of RTDS, ticks.
        extratime: Of RTDS.
        affinity: CPUs it may run on; None for all of the pool.
        activity: How it wakes and works; None for one that is always busy.
        burning: Its guest burns CPU time of its own accord.
        paused: By the toolstack.
        offline: Its guest does without it.
        cpu: Where it runs, None while it does not.
        home: Where it ran last.
        dispatched: Since when it runs.
        asleep: It has nothing to do.
        work_left: Ticks until it sleeps again; unused while busy.
        ran: Ticks it had in all.
        tape: Set while somebody samples on it.
        order: Rank among equals, larger is later.
        credit: Credit and Credit2: ticks of CPU time.
        priority: Credit: boost, under or over; Xvisor: 0 to 7, higher runs first.
        active: Credit takes part in the accounting.
        parked: Credit, Credit2: over its cap.
        quota: Credit2: what the cap leaves of this period; RTDS: what is left of the budget.
        level: RTDS: how many budgets it used in this period.
        deadline: RTDS: end of this period.
    """

    domain: int
    index: int
    weight: int = 256
    cap: int = 0
    period: int = 0
    budget: int = 0
    extratime: bool = True
    affinity: frozenset[int] | None = None
    activity: Activity | None = None
    burning: bool = False
    paused: bool = False
    offline: bool = False
    cpu: int | None = None
    home: int = 0
    dispatched: int = 0
    asleep: bool = False
    work_left: int = 0
    ran: int = 0
    tape: Tape | None = None
    order: int = 0
    credit: int = 0
    priority: int = 1
    active: bool = False
    parked: bool = False
    quota: int = 0
    level: int = 0
    deadline: int = 0

    @property
    def runnable(self) -> bool:
        """It has work and may do it, as far as the toolstack is concerned."""
        return not (self.held or self.asleep)

    @property
    def held(self) -> bool:
        """It may not run, whatever work it has."""
        return self.paused or self.offline

    @property
    def busy(self) -> bool:
        """It never sleeps."""
        return self.activity is None

    def allowed(self, cpu: int) -> bool:
        """It may run on this CPU."""
        return self.affinity is None or cpu in self.affinity

    def waking_after(self, now: int, seed: int) -> int:
        """Return the tick, after `now`, at which an idle vCPU next wakes."""
        if self.activity is None:
            raise ValueError("a busy vCPU does not wake")
        period = self.activity.period
        key = key_of(seed, f"wake d{self.domain}v{self.index}")
        slot = now // period
        while True:
            waking = slot * period + mix(key ^ slot) % period
            if waking > now:
                return waking
            slot += 1
