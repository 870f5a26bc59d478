"""The CPUs' common clock, as its files govern it."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

from hvconsole.model.problem import BoardProblem
from hvconsole.sim.board.linux.live import fixed, text
from hvconsole.sim.board.nodes import Node
from hvconsole.sim.board.tree import failed
from hvconsole.sim.machine.changes import LimitFrequency
from hvconsole.sim.machine.thermal import OPERATING_POINTS

if TYPE_CHECKING:
    from hvconsole.sim.board.board import Board

FREQUENCIES: Final = tuple(sorted(khz for khz, _ in OPERATING_POINTS))
GOVERNORS: Final = (
    "conservative",
    "ondemand",
    "userspace",
    "powersave",
    "performance",
    "schedutil",
)
_LONGEST: Final = 9


class Governor:
    """The governor and its limits. The model runs at the highest frequency that is allowed.

    Args:
        board: Whose clock it is.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self._name = "schedutil"
        self._low, self._high = FREQUENCIES[0], FREQUENCIES[-1]
        self._set = self._high

    def files(self, folder: str) -> dict[str, Node]:
        """Return the files of ``cpufreq`` by path."""
        listed = " ".join(map(str, FREQUENCIES))
        files: dict[str, Node] = {
            "scaling_governor": text(lambda: f"{self._name}\n", self._govern),
            "scaling_available_governors": fixed(" ".join(GOVERNORS) + "\n"),
            "scaling_available_frequencies": fixed(f"{listed}\n"),
            "scaling_driver": fixed("cpufreq-dt\n"),
            "scaling_cur_freq": text(lambda: f"{self._board.machine.frequency_khz}\n"),
            "scaling_min_freq": text(lambda: f"{self._low}\n", self._set_low),
            "scaling_max_freq": text(lambda: f"{self._high}\n", self._set_high),
            "scaling_setspeed": text(self._shown_speed, self._set_speed),
            "cpuinfo_cur_freq": text(lambda: f"{self._board.machine.frequency_khz}\n"),
            "cpuinfo_min_freq": fixed(f"{FREQUENCIES[0]}\n"),
            "cpuinfo_max_freq": fixed(f"{FREQUENCIES[-1]}\n"),
            "affected_cpus": fixed("0 1\n"),
        }
        return {f"{folder}/{name}": node for name, node in files.items()}

    def _govern(self, name: str) -> None:
        if name not in GOVERNORS:
            raise failed(errno.EINVAL, "scaling_governor")
        self._act(name, self._low, self._high, self._set)

    def _set_low(self, value: str) -> None:
        self._act(self._name, min(_khz(value), self._high), self._high, self._set)

    def _set_high(self, value: str) -> None:
        self._act(self._name, self._low, max(_khz(value), self._low), self._set)

    def _set_speed(self, value: str) -> None:
        if self._name != "userspace":
            raise failed(errno.EINVAL, "scaling_setspeed")
        self._act(self._name, self._low, self._high, _khz(value))

    def _shown_speed(self) -> str:
        return f"{self._set}\n" if self._name == "userspace" else "<unsupported>\n"

    def _act(self, name: str, low: int, high: int, chosen: int) -> None:
        """Let the machine follow; nothing is kept where it cannot."""
        allowed = [khz for khz in FREQUENCIES if low <= khz <= high] or [FREQUENCIES[-1]]
        limits = {
            "performance": (allowed[-1], allowed[-1]),
            "powersave": (allowed[0], allowed[0]),
            "userspace": (_nearest(allowed, chosen),) * 2,
        }.get(name, (allowed[0], allowed[-1]))
        try:
            self._board.apply(LimitFrequency(*limits))
        except BoardProblem as problem:
            raise failed(errno.EINVAL, "cpufreq") from problem
        self._name, self._low, self._high, self._set = name, low, high, chosen


def _nearest(allowed: list[int], khz: int) -> int:
    return min(allowed, key=lambda each: abs(each - khz))


def _khz(value: str) -> int:
    if not value.isdecimal() or not value.isascii() or len(value) > _LONGEST:
        raise failed(errno.EINVAL, "scaling frequency")
    return int(value)
