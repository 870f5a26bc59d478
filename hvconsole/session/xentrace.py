"""Xen's scheduler records beside a run: traced over a link of its own, kept in the session."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from hvconsole.board.journal import Journal
from hvconsole.hypervisor.xen.trace.capture import COST, Trace, TraceEnd
from hvconsole.link.protocol import Link, Sink
from hvconsole.model.problem import LinkProblem, Problem, RecordProblem
from hvconsole.record.xentrace import XENTRACE, TraceFile

_MOST_BACKLOG: Final = 16 << 20


class RunTrace:
    """Traces Xen's scheduler from before a run to after it.

    It begins before there is a session folder; until `keep_in` names that, bytes are held in
    memory.

    Args:
        link: A link of the trace's own, not open yet: records must not hold up samples.
        board: The board's name, for the undo journal.
        journals: Where undo journals lie; None takes the user's folder.
        see: Given the bytes as they come, once they are kept.
    """

    cost = COST

    def __init__(
        self, link: Link, board: str, *, journals: Path | None = None, see: Sink | None = None
    ) -> None:
        self._link = link
        self._journal = Journal(board, folder=journals)
        self._trace = Trace(link, self._journal, self._take)
        self._backlog = bytearray()
        self._file: TraceFile | None = None
        self._kept_nowhere = False
        self._see = see

    async def start(self, seconds: float | None) -> None:
        """Connect and begin to trace.

        Raises:
            Problem: The board cannot be reached or traced; nothing is left open.
        """
        try:
            await self._link.open()
            await self._trace.start(seconds)
        except BaseException:
            await self._leave()
            raise

    async def wait(self) -> None:
        """Wait until the trace ends by itself."""
        await self._trace.wait()

    def keep_nowhere(self) -> None:
        """Nothing is recorded: forget what was traced once it was seen."""
        self._kept_nowhere = True
        self._backlog.clear()

    def keep_in(self, session: Path, name: str = XENTRACE) -> None:
        """Write into a session's folder from now on, what was traced until now first.

        Raises:
            RecordProblem: It cannot be written.
        """
        self._file = TraceFile.create(session, name)
        self._file.write(bytes(self._backlog))
        self._backlog.clear()

    async def stop(self) -> TraceEnd:
        """End the trace, leave the board as it was, and finish the file."""
        try:
            end = await self._trace.stop()
        finally:
            left = await self._leave()
        try:
            if self._file is not None:
                self._file.close()
        except RecordProblem as problem:
            left = left or problem
        return end if end.problem or left is None else replace(end, problem=left)

    def _take(self, data: bytes) -> None:
        self._keep(data)
        if self._see is not None:
            self._see(data)

    def _keep(self, data: bytes) -> None:
        if self._file is not None:
            self._file.write(data)
        elif self._kept_nowhere:
            pass
        elif len(self._backlog) + len(data) <= _MOST_BACKLOG:
            self._backlog += data
        else:
            raise RecordProblem(
                "the trace of Xen's scheduler was ended before the run began",
                detail=f"{_MOST_BACKLOG >> 20} MiB came while the run was being prepared",
            )

    async def _leave(self) -> Problem | None:
        """Undo what still stands and close the link; what cannot be undone stays journalled."""
        left: Problem | None = None
        try:
            not_undone = await self._journal.undo_all(self._link)
            if not_undone:
                left = not_undone[0].problem(self._link.name)
        except LinkProblem as problem:
            left = problem
        finally:
            self._journal.close()
            await self._link.close()
        return left
