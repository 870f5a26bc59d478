"""How busy guests kept the CPUs, for ``host cpu stats`` and the counts of interrupts."""

from __future__ import annotations

from typing import Final

from hvconsole.sim.machine import HZ

_WINDOW: Final = HZ
"""Utilisation is that of the last second."""


class Usage:
    """Who had guests to run, and for how long.

    Args:
        cpus: How many there are.
        now: Tick.

    Attributes:
        busy: The CPUs with a guest to run at present.
    """

    def __init__(self, cpus: int, now: int) -> None:
        self.busy: frozenset[int] = frozenset()
        self._since = now
        self._recent: list[tuple[int, int, frozenset[int]]] = []
        self._total = dict.fromkeys(range(cpus), 0)

    def changed(self, now: int, busy: frozenset[int]) -> None:
        """Note which CPUs have guests to run from now on."""
        if busy == self.busy:
            return
        for cpu in self.busy:
            self._total[cpu] += now - self._since
        self._recent.append((self._since, now, self.busy))
        self._recent = [stretch for stretch in self._recent if stretch[1] > now - _WINDOW]
        self._since, self.busy = now, busy

    def share(self, cpu: int, now: int) -> float:
        """Return the share of the last second in which guests had a CPU."""
        stretches = [*self._recent, (self._since, now, self.busy)]
        begin = now - _WINDOW
        taken = sum(
            max(end - max(start, begin), 0) for start, end, busy in stretches if cpu in busy
        )
        return min(taken / _WINDOW, 1.0)

    def ticks(self, cpu: int, now: int) -> int:
        """Return for how long guests have had a CPU since Xvisor began."""
        present = now - self._since if cpu in self.busy else 0
        return self._total[cpu] + present

    def seconds(self, cpu: int, now: int) -> float:
        """Return the same in seconds."""
        return self.ticks(cpu, now) / HZ
