"""One measured run: the sampler and its loads, from their start to their end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hvconsole.link.protocol import Link, Process
from hvconsole.model.problem import BoardProblem, LinkProblem, Problem, RecordProblem
from hvconsole.model.run import RunSettings
from hvconsole.model.status import ASKED_ENDS
from hvconsole.session.hub import Hub
from hvconsole.wire.values import Hello

SAMPLER = "hvsampler"
HEARTBEAT_S = 2.0
HEARTBEAT_TIMEOUT_S = 10.0

_HELLO_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 5.0
# Exit statuses of the sampler, as probes/README.md lists them.
_USAGE, _NO_PERMISSION = 2, 3
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126


@dataclass(frozen=True, slots=True)
class RunEnd:
    """Why a run ended: a word of the end frame, or ``link-lost`` or ``failed``; and the details."""

    reason: str
    detail: str = ""

    @property
    def clean(self) -> bool:
        """Whether the run ended as it was asked to."""
        return self.reason in ASKED_ENDS

    @property
    def problem(self) -> Problem:
        """An end that was not asked for, as a person is told of it."""
        return BoardProblem(
            f"the run ended: {self.reason}",
            detail=self.detail,
            hint="what was measured until then is kept; start another run when ready",
        )


def sampler_arguments(settings: RunSettings, program: str) -> list[str]:
    """Return the sampler's argument list for a run."""
    threshold = "auto" if settings.threshold_ns is None else str(settings.threshold_ns)
    words = [program, "--counter", settings.counter, "--threshold-ns", threshold]
    words += ["--heartbeat-timeout", f"{HEARTBEAT_TIMEOUT_S:g}"]
    if settings.cpus:
        words += ["--cpu", ",".join(map(str, settings.cpus))]
    if settings.seconds is not None:
        words += ["--seconds", f"{settings.seconds:g}"]
    if settings.fifo:
        words += ["--fifo", str(settings.fifo)]
    if settings.fenced:
        words += ["--fence"]
    if settings.window_ms is not None:
        words += ["--window-ms", str(settings.window_ms)]
    return words


class MeasuredRun:
    """Starts sampler and loads over a link, keeps them alive by heartbeats, and ends them.

    Nothing stays behind on the board, whatever happens here: without heartbeats, and when its
    standard input ends, each of our programs ends itself.

    Args:
        link: The way to the board, open.
        hub: Where the bytes go; it is begun anew.
        programs: Path on the board by name, `SAMPLER` and each load among them.
        settings: What to measure.
        trouble: Called with a problem that does not end the run (the recording failed, say).
    """

    def __init__(
        self,
        link: Link,
        hub: Hub,
        programs: Mapping[str, str],
        settings: RunSettings,
        trouble: Callable[[Problem], None],
    ) -> None:
        self._link = link
        self._hub = hub
        self._programs = programs
        self._settings = settings
        self._trouble = trouble
        self._greeted = asyncio.Event()
        self._sampler: Process | None = None
        self._loads: list[Process] = []
        self._asked = 0

    async def start(self) -> Hello:
        """Start everything; return once the sampler has calibrated itself and begun.

        Raises:
            BoardProblem: A program does not start; its own words are in the detail.
            LinkProblem: The board was lost meanwhile.
        """
        self._hub.restart(past=False)
        try:
            for load in self._settings.loads:
                await self._start_load(load.name, load.cpu)
            words = sampler_arguments(self._settings, self._programs[SAMPLER])
            self._sampler = await self._link.stream(words, self._take)
            return await self._greeting(self._sampler)
        except BaseException:
            await self._end_all()
            raise

    async def wait(self) -> RunEnd:
        """Keep the run alive until it ends; return why it ended."""
        sampler = self._sampler
        if sampler is None:
            raise RuntimeError("the run has not been started")
        beating = asyncio.create_task(self._beat())
        try:
            status = await sampler.wait()
        except LinkProblem as problem:
            return RunEnd("link-lost", problem.title)
        finally:
            beating.cancel()
            await self._end_all()
        if reason := self._hub.live.ended:
            return RunEnd(reason, _last_line(sampler.stderr))
        return RunEnd("failed", _last_line(sampler.stderr) or f"the sampler ended with {status}")

    def ask(self) -> int:
        """Ask the sampler what its counter says; return the number of the question.

        A note with the answer comes, see docs/wire-format.md.
        """
        self._asked += 1
        if self._sampler is not None:
            self._sampler.write(b"t")
        return self._asked

    async def stop(self) -> None:
        """Ask the sampler to end and give it time to say so."""
        if self._sampler is None:
            return
        self._sampler.write(b"q")
        with contextlib.suppress(TimeoutError, LinkProblem):
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                await self._sampler.wait()
        self._sampler.close_stdin()

    async def _start_load(self, name: str, cpu: int) -> None:
        words = [self._programs[name], "--cpu", str(cpu)]
        words += ["--heartbeat-timeout", f"{HEARTBEAT_TIMEOUT_S:g}"]
        load = await self._link.stream(words, _discard)
        self._loads.append(load)
        # A load that cannot run says so at once; one that runs says nothing.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                status = await load.wait()
                raise _failure(name, words, status, load.stderr)

    def _take(self, data: bytes) -> None:
        try:
            self._hub.feed(data)
        except RecordProblem as problem:
            self._hub.sink = None  # measuring goes on; what is on disk stays readable
            self._trouble(problem)
        if self._hub.live.hello is not None:
            self._greeted.set()

    async def _greeting(self, sampler: Process) -> Hello:
        ended = asyncio.create_task(sampler.wait())
        greeted = asyncio.create_task(self._greeted.wait())
        beating = asyncio.create_task(self._beat())
        try:
            async with asyncio.timeout(_HELLO_TIMEOUT_S):
                await asyncio.wait({ended, greeted}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise BoardProblem(
                f"the sampler on {self._link.name} said nothing for {_HELLO_TIMEOUT_S:g} s",
                detail=_last_line(sampler.stderr),
                hint="is the CPU to be sampled taken by a real-time task? hvconsole doctor tells",
            ) from None
        finally:
            greeted.cancel()
            beating.cancel()
            if not ended.done():
                ended.cancel()
        if (hello := self._hub.live.hello) is not None:
            return hello
        raise _failure(SAMPLER, [self._programs[SAMPLER]], ended.result(), sampler.stderr)

    async def _beat(self) -> None:
        while True:
            for process in [*self._loads, *([self._sampler] if self._sampler else [])]:
                process.write(b"h")
            await asyncio.sleep(HEARTBEAT_S)

    async def _end_all(self) -> None:
        """End the standard input of all our programs, and wait a while for them."""
        programs = [*self._loads, *([self._sampler] if self._sampler else [])]
        for process in programs:
            process.close_stdin()
        with contextlib.suppress(TimeoutError, LinkProblem):
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                for process in programs:
                    await process.wait()


def _discard(_data: bytes) -> None:
    """Loads have nothing to say on their standard output."""


def _last_line(stderr: bytes) -> str:
    lines = stderr.decode("utf-8", "backslashreplace").strip().splitlines()
    return lines[-1] if lines else ""


def _failure(name: str, words: Sequence[str], status: int, stderr: bytes) -> BoardProblem:
    said = stderr.decode("utf-8", "backslashreplace").strip()
    detail = said or f"it ended with status {status} and said nothing"
    if status == _NO_PERMISSION and "cannot be read" in detail:
        hint = "load the module as the message says, or take what can be read: --counter auto"
    elif status == _NO_PERMISSION:
        hint = (
            "connect as root, or allow it on the board: setcap cap_sys_nice,cap_ipc_lock+ep FILE, "
            "or 'ulimit -r 99'; or measure without --fifo"
        )
    elif status == _USAGE:
        hint = "correct the option that the message names"
    elif status in {_NOT_FOUND, _NOT_EXECUTABLE}:
        hint = f"{words[0]} cannot be run there; is its folder mounted noexec? hvconsole doctor"
    else:
        hint = "hvconsole doctor BOARD checks what it needs"
    return BoardProblem(f"{name} does not run on the board", detail=detail, hint=hint)
