"""Which CPUs Linux has."""

from __future__ import annotations

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
