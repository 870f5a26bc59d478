"""A session's board booted into another mode: the run kept, the link taken away and given back."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping

from hvconsole.board.boot import Booted, boot_into
from hvconsole.board.boot_proof import failures, is_empty, settled_evidence
from hvconsole.board.boot_report import check_mode
from hvconsole.board.boot_terms import BootPatience
from hvconsole.link.protocol import Link
from hvconsole.model.board import BoardProfile
from hvconsole.model.boot import BootEvent, BootMode, BootOutcome, BootProgress, BootProof, BootStep
from hvconsole.model.problem import BoardProblem, Cancelled, Problem
from hvconsole.session.handover import Handover
from hvconsole.wire.console import LineSplitter, shown

_PATIENCE = BootPatience()
_LINES = 500
_LINE_CELLS = 300

TellEvent = Callable[[BootEvent], None]
TellLine = Callable[[str], None]


class Boots:
    """The boot modes of a session's board, and the way into one.

    Args:
        profile: The board.
        handover: Takes the board out of the session's hands, and gives it back.
    """

    def __init__(self, profile: BoardProfile, handover: Handover) -> None:
        self._profile = profile
        self._handover = handover
        self._now: _Log | None = None
        self._task: asyncio.Task[object] | None = None

    @property
    def modes(self) -> Mapping[str, BootMode]:
        """The modes that the board can be booted into, by name."""
        return self._profile.modes

    @property
    def current(self) -> str:
        """The mode that this session booted the board into and that holds; empty for none."""
        return self._handover.mode

    @property
    def progress(self) -> BootProgress | None:
        """The boot that is being done, or the last one; None before the first."""
        return self._now.progress if self._now is not None else None

    @property
    def is_booting(self) -> bool:
        """Whether one is being done now."""
        return self._now is not None and self._now.outcome == "running"

    async def boot(
        self,
        mode: str,
        *,
        verify: bool = True,
        timeout_s: float | None = None,
        tell: TellEvent | None = None,
        tell_line: TellLine | None = None,
    ) -> BootProgress:
        """Boot the board into a mode and prove it.

        Args:
            mode: One of `modes`.
            verify: Read the proof back.
            timeout_s: Longest time from the restart to the proof; None takes the mode's own.
            tell: Told of every step.
            tell_line: Told of every line of the console, safe to show.

        Raises:
            Problem: It is not in the mode; the session tries to reconnect to whatever is there.
        """
        if self.is_booting:
            raise BoardProblem(
                f"{self._profile.name} is being booted already", hint="wait until that ended"
            )
        console = self._handover.console
        check_mode(self._profile, mode, has_console=console is not None and console.is_open)
        link = await self._handover.lend_link(mode)
        log = self._now = _Log(mode, tell, tell_line)
        self._task = asyncio.current_task()
        unsubscribe = console.subscribe(log.feed) if console is not None else lambda: None
        if console is not None:
            console.expects_boot = True
        try:
            if link is not None:
                await self._settle(link, log)
            booted = await boot_into(
                self._profile,
                mode,
                link=link,
                connect=self._handover.connect,
                console=console,
                tell=log.add,
                verify=verify,
                timeout_s=timeout_s,
            )
            log.end(booted)
            await self._handover.take_link(booted.link, mode)
        except Problem as problem:
            log.fail(problem)
            self._handover.note_action(f"boot {mode}: {problem.title}")
            self._handover.go_on_without(problem)
            raise
        except BaseException:
            log.fail()
            self._handover.go_on_without(Cancelled("the boot was given up"))
            raise
        finally:
            unsubscribe()
            if console is not None:
                console.expects_boot = False
        self._handover.note_action(f"booted {mode}, {log.outcome}")
        return log.progress

    async def prove_again(self, link: Link) -> Problem | None:
        """Hold a board that restarted by itself against the mode it was booted into.

        The mode is forgotten where it is not proven: no run may be called after it.

        Returns:
            What is not as it was; None where it did not restart, all is, or nothing was known.

        Raises:
            LinkProblem: The link was lost; the mode is still in doubt, and to be proven next time.
        """
        name = self._handover.doubted
        if not name:
            return None
        failed = await self._failures(link, name, self._profile.modes[name].proof)
        self._handover.proven("" if failed else name)
        if not failed:
            self._handover.note_action(f"restarted by itself, and is in {name} again")
            return None
        self._handover.note_action(f"restarted by itself, and is not known to be in {name}")
        return BoardProblem(
            f"{self._profile.name} restarted by itself and is not known to be in mode {name}",
            detail="\n".join(failed),
            hint=f"boot it into {name} again, or measure it as it is: runs are not called {name}",
        )

    async def _failures(self, link: Link, name: str, proof: BootProof) -> list[str]:
        if is_empty(proof):
            return [f"mode '{name}' has no proof: only a boot into it is sure"]
        try:
            evidence = await settled_evidence(
                link,
                proof,
                within_s=_PATIENCE.settle,
                again_s=_PATIENCE.again,
                sudo=self._profile.sudo,
            )
        except BoardProblem as problem:
            return [problem.title]
        return failures(proof, evidence)

    async def stop(self) -> None:
        """Give up the boot that is being done; the board is left where it stands."""
        task = self._task
        if self.is_booting and task is not None and task is not asyncio.current_task():
            task.cancel()
            await asyncio.wait({task})

    async def _settle(self, link: Link, log: _Log) -> None:
        """Undo what was changed; what resists is told, and most of it ends with the restart."""
        try:
            await self._handover.settle(link)
        except Problem as problem:
            log.note(BootStep.SETTLE, problem.title)


class _Log:
    """What one boot has said so far."""

    def __init__(self, mode: str, tell: TellEvent | None, tell_line: TellLine | None) -> None:
        self._mode = mode
        self._tell = tell
        self._tell_line = tell_line
        self._events: list[BootEvent] = []
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._splitter = LineSplitter()
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._ended: float | None = None
        self._evidence: tuple[tuple[str, str], ...] = ()
        self._problem: Problem | None = None
        self.outcome: BootOutcome = "running"

    @property
    def progress(self) -> BootProgress:
        """The boot as of now."""
        partial = shown(self._splitter.partial, _LINE_CELLS)
        lines = (*self._lines, partial) if partial.strip() else tuple(self._lines)
        return BootProgress(
            mode=self._mode,
            events=tuple(self._events),
            lines=lines,
            outcome=self.outcome,
            evidence=self._evidence,
            seconds=(self._ended or self._loop.time()) - self._began,
            problem=self._problem,
        )

    def feed(self, data: bytes) -> None:
        """Take what the console says."""
        for line in self._splitter.feed(data):
            text = shown(line, _LINE_CELLS)
            self._lines.append(text)
            if self._tell_line is not None:
                self._tell_line(text)

    def add(self, event: BootEvent) -> None:
        """Take what happened."""
        self._events.append(event)
        if self._tell is not None:
            self._tell(event)

    def note(self, step: BootStep, text: str) -> None:
        """Say something unusual."""
        self.add(BootEvent(step, "note", text, self._loop.time() - self._began))

    def end(self, booted: Booted) -> None:
        """The board is in the mode, as far as anybody looked."""
        self._ended = self._loop.time()
        self.outcome = "proven" if booted.proven else "unproven"
        self._evidence = booted.evidence.as_pairs() if booted.evidence is not None else ()

    def fail(self, problem: Problem | None = None) -> None:
        """The board is not in the mode; without a problem, somebody gave up."""
        self._problem = problem
        self._ended = self._loop.time()
        self.outcome = "failed"
