"""How warm what runs makes the board: a sum over its CPUs, each 0 to 1."""

from __future__ import annotations

from collections.abc import Callable

from hvconsole.sim.machine.bare import Bare
from hvconsole.sim.machine.load import GUEST_HEAT, IDLE_HEAT
from hvconsole.sim.machine.xen import Xen
from hvconsole.sim.machine.xvisor import Xvisor

Work = Callable[[int], float]
"""How warm its work makes a CPU of the Linux we log in to."""


def heat_of_bare(bare: Bare, work: Work) -> float:
    """Return the heat of Linux's CPUs and of the cells'."""
    cells = sum(
        len(cell.cpus) * (GUEST_HEAT if cell.busy else IDLE_HEAT) for cell in bare.cells.values()
    )
    return cells + sum(work(cpu) for cpu in bare.online)


def heat_of_pools(below: Xen | Xvisor, work: Work) -> float:
    """Return the heat of all pools: their CPUs share what their busy vCPUs do."""
    total = 0.0
    for pool in below.pools.values():
        busy = [
            work(unit.index) if unit.domain == 0 else GUEST_HEAT
            for unit in pool.units
            if unit.busy and not unit.held
        ]
        working = min(len(busy), len(pool.cpus))
        total += working * sum(busy) / max(len(busy), 1)
        total += (len(pool.cpus) - working) * IDLE_HEAT
    return total
