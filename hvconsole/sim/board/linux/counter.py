"""The counter module on the simulated board: /sys/kernel/hvcounter, as kmod/sysfs.c shows it."""

from __future__ import annotations

import errno
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from hvconsole.sim.board.linux.live import fixed, text
from hvconsole.sim.board.linux.online import online, possible
from hvconsole.sim.board.nodes import Folder
from hvconsole.sim.board.tree import failed

if TYPE_CHECKING:
    from hvconsole.sim.board.board import Board

NAME: Final = "hvcounter"
FOLDER: Final = f"/sys/kernel/{NAME}"
# Registers as Linux leaves them, and as they are with the counter open to user space.
_CLOSED: Final = {"cntkctl": 0xC6}
_OPEN: Final = {"cntkctl": 0xC7}
_CYCLES_CLOSED: Final = {"pmcr": 0x41072000, "pmcnten": 0, "pmuserenr": 0}
_CYCLES_OPEN: Final = {"pmcr": 0x41072001, "pmcnten": 0x80000000, "pmuserenr": 1}


class CounterModule:
    """The module while it is loaded.

    Args:
        board: Where.
        cycles: The cycle counter is opened as well (``pmccntr=1``).
    """

    def __init__(self, board: Board, *, cycles: bool) -> None:
        self._board = board
        self._found = _CLOSED | (_CYCLES_CLOSED if cycles else {})
        self._open = _OPEN | (_CYCLES_OPEN if cycles else {})
        self._applied = dict.fromkeys(possible(board), 0)
        self._since = dict.fromkeys(self._applied, 0)
        for cpu in online(board):
            self.cpu_online(cpu)
        self._show(cycles=cycles)

    def cpu_online(self, cpu: int) -> None:
        """A CPU came online: the counter is opened there."""
        self._applied[cpu] += 1
        self._since[cpu] = time.monotonic_ns()

    def remove(self) -> None:
        """Take the files away."""
        self._board.withdraw(FOLDER)

    def _show(self, *, cycles: bool) -> None:
        tree = self._board.tree
        for name, value in (("cntpct", "Y"), ("pmccntr", "Y" if cycles else "N")):
            path = f"/sys/module/{NAME}/parameters/{name}"
            tree.place(path, fixed(f"{value}\n"), parents=True)
        tree.place(FOLDER, Folder())
        for cpu in self._applied:
            self._show_cpu(cpu)

    def _show_cpu(self, cpu: int) -> None:
        def found(register: str) -> str:
            self._known(cpu)
            return f"0x{self._found[register]:08x}\n"

        def current(register: str) -> str:
            if cpu not in online(self._board):
                raise failed(errno.ENXIO, FOLDER)
            return f"0x{self._open[register]:08x}\n"

        def since() -> str:
            self._known(cpu)
            return f"{self._since[cpu]}\n"

        files = {"applied": text(lambda: f"{self._applied[cpu]}\n"), "last_online_ns": text(since)}
        for register in self._found:
            files[f"{register}_found"] = text(partial(found, register))
            files[f"{register}_current"] = text(partial(current, register))
        for name, node in files.items():
            self._board.tree.place(f"{FOLDER}/cpu{cpu}/{name}", node, parents=True)

    def _known(self, cpu: int) -> None:
        if not self._applied[cpu]:
            raise failed(errno.ENODATA, FOLDER)
