"""Linux in a cell: ``jailhouse cell linux`` as a plan, and the proof that the cell lives.

The command creates, loads and starts in one go. It may say that all is well, and the cell's state
'running', while the cell's CPUs are parked. So its exits are watched: a Linux that lives takes
timer interrupts, and each of them is an exit.
"""

from __future__ import annotations

from hvconsole.hypervisor.actions import Create, LinuxCell
from hvconsole.hypervisor.plan import Expectation, Step
from hvconsole.model.hypervisor import Guest, Survey
from hvconsole.model.problem import UsageProblem
from hvconsole.model.text import plain

_BOOT_S = 20.0
_COMMAND_S = 120.0


def linux_step(action: Create, linux: LinuxCell, before: Survey, undo: tuple[str, ...]) -> Step:
    """Return the step that boots Linux in a new cell.

    Args:
        action: The cell; its configuration lies on the board.
        linux: What to boot.
        before: What there is now.
        undo: Destroys the cells that there are not now.

    Raises:
        UsageProblem: A file is not named by its whole path.
    """
    files = {"-d": linux.dtb, "-i": linux.initrd}
    for path in (action.source, linux.kernel, *filter(None, files.values())):
        if not path.startswith("/"):
            raise UsageProblem(
                f"'{plain(path, 60)}' is no whole path on the board", hint="say /…: it lies there"
            )
    options = [word for name, path in files.items() if path for word in (name, path)]
    options += ["-c", linux.cmdline] if linux.cmdline else []
    return Step(
        about=f"boot Linux in a cell from {plain(action.source, 60)}",
        argv=("jailhouse", "cell", "linux", action.source, linux.kernel, *options),
        expect=Expectation(
            text="a new cell runs, and its CPUs take interrupts",
            holds=_Lives(frozenset(guest.key for guest in before.guests)),
            within_s=_BOOT_S,
        ),
        undo=undo,
        keep_undo=True,
        timeout_s=_COMMAND_S,
    )


class _Lives:
    """Whether a cell that was not there before runs, and its counters move between two looks.

    Args:
        before: Keys of the cells that were there.
    """

    def __init__(self, before: frozenset[str]) -> None:
        self._before = before
        self._first: dict[str, int] = {}

    def __call__(self, seen: Survey) -> bool:
        new = [guest for guest in seen.guests if guest.key not in self._before]
        return any([self._moves(guest) for guest in new])  # noqa: C419  # each one is looked at

    def _moves(self, cell: Guest) -> bool:
        if cell.state != "running" or cell.failed:
            return False
        now = cell.counters.get("total", 0)
        return now != self._first.setdefault(cell.key, now)
