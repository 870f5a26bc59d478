"""The ear of our own programs: they end when nobody wants them any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal

from hvconsole.sim.board.programs.options import EXIT_ALONE, EXIT_ENDED, EXIT_SIGNALLED
from hvconsole.sim.board.shell.call import Invocation
from hvconsole.sim.board.shell.streams import Reading

Reason = Literal["time", "stop", "stdin-closed", "no-heartbeat", "signal"]
STATUS: Final[Mapping[Reason, int]] = {
    "time": EXIT_ENDED,
    "stop": EXIT_ENDED,
    "stdin-closed": EXIT_ALONE,
    "no-heartbeat": EXIT_ALONE,
    "signal": EXIT_SIGNALLED,
}


async def until_the_end(
    call: Invocation,
    over: Awaitable[Reason],
    *,
    silence_s: float,
    guarded: bool,
    asked: Callable[[int], None] = lambda _count: None,
) -> Reason:
    """Wait for the end of a program; return why it came.

    Args:
        call: The program.
        over: Done when it ends by itself, with the reason.
        silence_s: How long standard input may be silent, in real seconds; 0 for ever.
        guarded: Listen to standard input at all.
        asked: Called with how many ``t`` have come, whenever there are more.
    """
    signalled = asyncio.Event()
    if call.process is not None:
        call.process.catches = lambda _number: signalled.set()
    async with asyncio.TaskGroup() as tasks:
        ended = asyncio.ensure_future(over)
        signal = tasks.create_task(signalled.wait())
        heard = tasks.create_task(
            _listen(call.streams.stdin, silence_s if guarded else None, asked)
        )
        try:
            await asyncio.wait({ended, signal, heard}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (ended, signal, heard):
                each.cancel()
    if ended.done() and not ended.cancelled():
        return ended.result()
    return heard.result() if not heard.cancelled() else "signal"


async def _listen(stdin: Reading, silence_s: float | None, asked: Callable[[int], None]) -> Reason:
    """Listen for q, for the end, and for silence; None hears nothing."""
    if silence_s is None:
        await asyncio.Event().wait()
    count = 0
    while True:
        try:
            async with asyncio.timeout(silence_s or None):
                data = await stdin.read(256)
        except TimeoutError:
            return "no-heartbeat"
        except OSError:
            return "stdin-closed"
        if not data:
            return "stdin-closed"
        if b"t" in data:
            count += data.count(b"t")
            asked(count)
        if b"q" in data:
            return "stop"
