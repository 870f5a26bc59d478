"""A process in the foreground of a serial line: its output among the kernel's messages."""

from __future__ import annotations

import asyncio
import contextlib

from hvconsole.link.output import GuardedSink, Tail
from hvconsole.link.protocol import Sink
from hvconsole.link.serial_shell_loop import ShellLoop
from hvconsole.model.problem import LinkProblem
from hvconsole.wire import shell
from hvconsole.wire.frame import encode_frame
from hvconsole.wire.text import TextDecoder

_START_S = 10.0
_GRACE_S = 3.0
_INTERRUPT, _QUIT = b"\x03", b"\x1c"


class SerialProcess:
    """A `Process` whose standard output and input are the line itself.

    Args:
        name: Of the link, for problems.
        loop: What started it; its command is in the variable ``c`` there.
        sink: Takes its output.
        frames: Its output is the sampler's text framing; the sink is handed frames.
    """

    def __init__(self, name: str, loop: ShellLoop, sink: Sink, *, frames: bool) -> None:
        self.ended = False
        self._name = name
        self._loop = loop
        self._sink = GuardedSink(sink)
        self._text = TextDecoder() if frames else None
        self._begun = False
        self._last_frame = 0.0
        self._stderr = Tail()
        self._status: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._work: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None

    @property
    def stderr(self) -> bytes:
        """What it wrote to standard error; known once it ended."""
        return self._stderr.data

    async def start(self) -> None:
        """Let it begin.

        Raises:
            LinkProblem: The board does not answer.
        """
        self._work = asyncio.create_task(self._follow(), name=f"process on {self._name}")
        try:
            async with asyncio.timeout(_START_S):
                while not self._begun and not self._status.done():  # noqa: ASYNC110  # once
                    await asyncio.sleep(0.01)
        except TimeoutError:
            self.fail(LinkProblem(f"{self._name}: no program was started"))
            self._work.cancel()
            raise LinkProblem(f"{self._name}: no program was started") from None

    def write(self, data: bytes) -> None:
        """Send bytes to its standard input."""
        if not self.ended and self._ending is None:
            with contextlib.suppress(LinkProblem):
                self._loop.type(data)

    def close_stdin(self) -> None:
        """Interrupt it: a terminal that is read byte by byte has no end."""
        if not self.ended and self._ending is None:
            self._ending = asyncio.create_task(self._interrupt(), name=f"end on {self._name}")

    async def wait(self) -> int:
        """Wait until it ended; return its status."""
        status = await asyncio.shield(self._status)
        if self._sink.error is not None:
            raise self._sink.error
        return status

    @property
    def silent_s(self) -> float:
        """For how long no frame has come, in seconds; 0 for a program that writes none."""
        if self._text is None or not self._begun or self.ended:
            return 0.0
        return asyncio.get_running_loop().time() - self._last_frame

    def take(self, data: bytes, replies: list[tuple[shell.Reply, int]]) -> bytes:
        """Take what the line says; what belongs to the process is between two replies.

        Returns:
            What is none of the process's: text of the console.
        """
        start, end = (0, len(data)) if self._begun else (len(data), len(data))
        for reply, at in replies:
            if reply.kind == "g":
                self._begun = True
                self._last_frame = asyncio.get_running_loop().time()
                start, end = at, len(data)
            elif reply.kind == "s" and self._begun:
                end = at
                break
        piece = data[start:end]
        if not piece:
            return data
        if self._text is None:
            self._sink.feed(piece)
            return b""
        frames, text = self._text.feed(piece)
        if frames:
            self._last_frame = asyncio.get_running_loop().time()
            self._sink.feed(
                b"".join(encode_frame(f.kind, f.lane, f.sequence, f.payload) for f in frames)
            )
        return text

    def fail(self, problem: LinkProblem) -> None:
        """End it here: the line was lost."""
        self.ended = True
        if self._work is not None:
            self._work.cancel()
        if not self._status.done():
            self._status.set_exception(problem)
            self._status.exception()  # told by wait(), if anybody still waits

    async def _follow(self) -> None:
        try:
            reply = await self._loop.foreground()
            self.ended = True
            status, *sums = (int(word) for word in reply.body.split())
            self._stderr.add(await self._loop.fetch("e", sums[2], sums[3]))
        except LinkProblem as problem:
            self.fail(problem)
            return
        if not self._status.done():
            self._status.set_result(status)

    async def _interrupt(self) -> None:
        for key in (_INTERRUPT, _INTERRUPT, _QUIT):
            if self.ended:
                return
            with contextlib.suppress(LinkProblem):
                self._loop.type(key)
            await asyncio.sleep(_GRACE_S)
