"""Which CPUs Linux has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hvconsole.sim.board.board import Board


def online(board: Board) -> list[int]:
    """Return the CPUs that Linux has online, ascending."""
    bare = board.machine.bare
    if bare is not None:
        return sorted(bare.online)
    if board.machine.xvisor is not None:
        return [0]  # guest0's Linux is started on its first vCPU alone
    xen = board.machine.xen
    units = xen.domains.get(board.domain, []) if xen is not None else []
    return [unit.index for unit in units if not unit.offline]


def possible(board: Board) -> list[int]:
    """Return the CPUs that Linux could have."""
    if board.machine.xvisor is not None:
        return [0]
    return list(range(board.machine.setup.cpus))


def cpu_list(cpus: Iterable[int]) -> str:
    """Return CPU numbers as the kernel writes them: ``0-1,3``."""
    parts: list[list[int]] = []
    for cpu in sorted(cpus):
        if parts and parts[-1][-1] == cpu - 1:
            parts[-1].append(cpu)
        else:
            parts.append([cpu])
    return ",".join(f"{p[0]}-{p[-1]}" if len(p) > 1 else str(p[0]) for p in parts)
