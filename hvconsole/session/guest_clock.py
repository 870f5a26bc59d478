"""Asks the samplers of a host and a guest for their counters, in turns, as long as both run."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Sequence
from typing import Final

from hvconsole.model.guest_clock import GuestClock
from hvconsole.model.problem import BoardProblem
from hvconsole.session.hub import Hub
from hvconsole.session.run import MeasuredRun
from hvconsole.stream.clock_join import ClockJoin
from hvconsole.stream.trapped import read_ns, trapped
from hvconsole.wire.values import Heartbeat, Hello, Note, NoteCode, Value

_ANSWER_S: Final = 3.0
_QUICK: Final = 10
"""Rounds of questions at first; the best of them counts."""
_QUICK_PAUSE_S, _PAUSE_S = 0.05, 5.0
"""A question wakes a sampled CPU: later ones only show whether the offset still holds."""


def trapped_reads(name: str, host: Hello, guest: Hello) -> BoardProblem | None:
    """Say that each read of a guest's counter leaves the guest; None where it does not.

    Args:
        name: The guest's, safe to show.
        host: The first frame of the board's run.
        guest: The first frame of the guest's.
    """
    if not trapped(host, guest):
        return None
    costs = f"{read_ns(guest):.0f} ns there, {read_ns(host):.0f} ns on the host"
    return BoardProblem(
        f"the hypervisor answers each read of {guest.counter.upper()} in guest {name}",
        detail=f"a read takes {costs}: it traps",
        hint="gaps shorter than some reads are not seen there; CNTVCT is not trapped",
    )


class GuestClockWatch:
    """Finds how a guest's counter stands to its host's.

    Args:
        host: The host's run, and where its values come.
        guest: The guest's.
        shared: See `ClockJoin`.
    """

    def __init__(
        self,
        host: tuple[MeasuredRun, Hub, Hello],
        guest: tuple[MeasuredRun, Hub, Hello],
        *,
        shared: bool,
    ) -> None:
        self._join = ClockJoin(host[2], guest[2], shared=shared)
        self._runs = (host[0], guest[0])
        self._answered = (asyncio.Event(), asyncio.Event())
        self._stops = (host[1].listen(self._host_said), guest[1].listen(self._guest_said))

    @property
    def clock(self) -> GuestClock:
        """What is known by now."""
        return self._join.clock

    async def ask(self, known: Callable[[GuestClock], None]) -> None:
        """Ask until cancelled.

        Args:
            known: Told once the first questions were answered.
        """
        for number in itertools.count(1):
            for who in (0, 1, 0):
                await self._question(who)
            if number == _QUICK:
                known(self.clock)
            await asyncio.sleep(_QUICK_PAUSE_S if number < _QUICK else _PAUSE_S)

    def close(self) -> None:
        """Listen no longer."""
        for stop in self._stops:
            stop()

    async def _question(self, who: int) -> None:
        self._answered[who].clear()
        number = self._runs[who].ask()
        (self._join.guest_asked if who else self._join.host_asked)(number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ANSWER_S):
                await self._answered[who].wait()

    def _host_said(self, values: Sequence[Value]) -> None:
        for value in values:
            match value:
                case Heartbeat():
                    self._join.host_ticked(value.tick)
                case Note(code=NoteCode.ANSWER):
                    self._join.host_answered(value.value, value.start)
                    self._answered[0].set()

    def _guest_said(self, values: Sequence[Value]) -> None:
        for value in values:
            match value:
                case Heartbeat():
                    self._join.guest_ticked(value.tick)
                case Note(code=NoteCode.ANSWER):
                    self._join.guest_answered(value.value, value.start)
                    self._answered[1].set()
