"""The loads, as processes: a load in the machine until their standard input ends."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from hvconsole.model.problem import BoardProblem
from hvconsole.sim.board.linux.online import online
from hvconsole.sim.board.programs.guard import STATUS, Reason, until_the_end
from hvconsole.sim.board.programs.options import (
    EXIT_ENDED,
    EXIT_FAILED,
    EXIT_USAGE,
    WrongOptionError,
    seconds,
    take_apart,
    whole,
)
from hvconsole.sim.board.shell.call import Invocation
from hvconsole.sim.machine.changes import StartLoad, StopLoad

if TYPE_CHECKING:
    from hvconsole.sim.board.board import Board

_KNOWN: Final = {
    "cpu": True,
    "seconds": True,
    "heartbeat-timeout": True,
    "no-guard": False,
    "describe": False,
    "version": False,
}
_HOUR_S: Final = "3600"
_STORM_HZ: Final = "20000"


async def cpuburn(board: Board, call: Invocation) -> int:
    """Burn as the NEON loops do."""
    return await _load(board, call, call.name)


async def burn(board: Board, call: Invocation) -> int:
    """Burn as the load in C does: busy, and cooler."""
    return await _load(board, call, "spin")


async def storm(board: Board, call: Invocation) -> int:
    """Flood a CPU with interrupts, ``--rate`` of them a second."""
    return await _load(board, call, "storm")


async def _load(board: Board, call: Invocation, load: str) -> int:
    known = {**_KNOWN, "rate": True} if load == "storm" else _KNOWN
    try:
        options = dict(take_apart(call.words[1:], known))
        allowed = online(board)
        cpu = whole("cpu", options.get("cpu", str(allowed[0])), 0, 1023)
        time_s = seconds("seconds", options.get("seconds", _HOUR_S))
        silence_s = seconds("heartbeat-timeout", options.get("heartbeat-timeout", "10"))
        rate = whole("rate", options.get("rate", _STORM_HZ), 1, 100_000) if load == "storm" else 0
    except WrongOptionError as wrong:
        return call.fail(str(wrong), EXIT_USAGE)
    if "version" in options or "describe" in options:
        call.out(f"{call.name}: simulated\n")
        return EXIT_ENDED
    if cpu not in allowed:
        return call.fail("cannot run on that CPU: Invalid argument", EXIT_USAGE)
    keeper = board.timekeeper
    await keeper.to_round_moment()
    machine = keeper.machine
    try:
        keeper.apply(StartLoad(load, cpu, float(rate)), same_tick=True)
    except BoardProblem as problem:
        return call.fail(problem.title, EXIT_FAILED)
    try:
        reason = await until_the_end(
            call, _over(board, time_s), silence_s=silence_s, guarded="no-guard" not in options
        )
    finally:
        with contextlib.suppress(BoardProblem):
            if keeper.machine is machine:  # a reboot ends it as well
                keeper.apply(StopLoad(load, cpu))
    return STATUS[reason]


async def _over(board: Board, time_s: float) -> Reason:
    await board.timekeeper.sleep(time_s)
    return "time"
