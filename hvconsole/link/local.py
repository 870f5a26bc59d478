"""This machine as a board: its commands are our child processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
from collections.abc import Iterable, Sequence
from pathlib import Path

from hvconsole.link.local_terminal import LocalTerminal
from hvconsole.link.output import Collector, GuardedSink, OutputTooLongError, Tail
from hvconsole.link.protocol import Capability, Completed, Process, Sink
from hvconsole.link.words import checked_path, checked_words, shown
from hvconsole.model.problem import BoardProblem, LinkProblem

# What a shell reports for a program that cannot be started; the same over every link.
NOT_EXECUTABLE, NOT_FOUND = 126, 127

_GRACE_S = 2.0


class LocalLink:
    """Commands on this machine. Each child has a session, and so a process group, of its own."""

    def __init__(self) -> None:
        self._children: set[_Child] = set()
        self._terminals: list[LocalTerminal] = []
        self._closed: asyncio.Future[Exception | None] | None = None

    @property
    def name(self) -> str:
        """Always ``this machine``."""
        return "this machine"

    @property
    def capabilities(self) -> Capability:
        """Everything, and paths here are paths on the board."""
        return Capability.RUN | Capability.STREAM | Capability.PUT | Capability.SAME_MACHINE

    async def open(self) -> None:
        """Make ready; there is nothing to connect to."""
        self._closed = asyncio.get_running_loop().create_future()

    async def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 30.0
    ) -> Completed:
        """Run a command to its end.

        Raises:
            BoardProblem: It did not end in time, or wrote more than 64 MiB; it was ended.
            LinkProblem: The link is closed.
        """
        words = checked_words(argv)
        output = Collector()
        process = await self.stream(words, output)
        try:
            process.write(stdin)
            process.close_stdin()
            async with asyncio.timeout(timeout):
                status = await process.wait()
        except TimeoutError:
            raise too_slow(words, self.name, timeout) from None
        except OutputTooLongError:
            raise too_long(words, self.name) from None
        finally:
            if isinstance(process, _Child):
                process.kill()
        return Completed(words, status, output.data, process.stderr)

    async def stream(self, argv: Sequence[str], sink: Sink) -> Process:
        """Start a command; hand its standard output to `sink` as it arrives."""
        words = checked_words(argv)
        if self._closed is None or self._closed.done():
            raise LinkProblem("this machine is not connected", hint="open the link first")
        loop = asyncio.get_running_loop()
        try:
            _, child = await loop.subprocess_exec(
                lambda: _Child(sink, self._children), *words, start_new_session=True
            )
        except OSError as error:
            return _NotStarted(words[0], error)
        return child

    async def terminal(self, argv: Sequence[str], sink: Sink) -> Process:
        """Start a command on a terminal of its own; closing its input hangs that up."""
        words = checked_words(argv)
        if self._closed is None or self._closed.done():
            raise LinkProblem("this machine is not connected", hint="open the link first")
        try:
            process = await LocalTerminal.start(words, sink)
        except OSError as error:
            return _NotStarted(words[0], error)
        self._terminals.append(process)
        return process

    async def put(self, data: bytes, path: str, *, mode: int = 0o644) -> None:
        """Write a file: whole or not at all.

        Raises:
            BoardProblem: It cannot be written.
        """
        target = Path(checked_path(path))
        try:
            await asyncio.to_thread(_write_whole, data, target, mode)
        except OSError as error:
            raise cannot_write(path, self.name, error.strerror or str(error)) from error

    async def closed(self) -> Exception | None:
        """Wait until the link is closed; this one only ever is by us."""
        if self._closed is None:
            return None
        return await asyncio.shield(self._closed)

    async def close(self) -> None:
        """End our children: by their standard input, then SIGTERM, then SIGKILL."""
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)
        children = list(self._children)
        for terminal in self._terminals:
            terminal.close_stdin()
        for child in children:
            child.close_stdin()
        for end in (signal.SIGTERM, signal.SIGKILL):
            if await _all_ended(children):
                return
            for child in children:
                child.signal(end)
        await _all_ended(children)
        for child in children:
            child.kill()


def too_slow(words: Sequence[str], where: str, seconds: float) -> BoardProblem:
    """Return the problem of a command that does not end."""
    return BoardProblem(
        f"{shown(words[0])} did not end within {seconds:g} s on {where}",
        detail=" ".join(words),
        hint="is the board overloaded, or does the command wait for something?",
    )


def too_long(words: Sequence[str], where: str) -> BoardProblem:
    """Return the problem of a command that does not stop writing."""
    return BoardProblem(
        f"{shown(words[0])} wrote too much on {where}",
        detail=f"{' '.join(words)}: more than 64 MiB",
        hint="such output has to be streamed",
    )


def cannot_write(path: str, where: str, reason: str) -> BoardProblem:
    """Return the problem of a file that cannot be written."""
    return BoardProblem(
        f"cannot write {shown(path)} on {where}",
        detail=reason,
        hint="does its folder exist there, is it writable, and is there room? hvconsole doctor",
    )


def _write_whole(data: bytes, target: Path, mode: int) -> None:
    """Write beside the target, then rename over it."""
    beside = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123  # takes the descriptor over
            file.write(data)
            file.flush()  # writing after it would take set-user-id away again
            os.fchmod(handle, mode)
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


async def _all_ended(children: Iterable[_Child]) -> bool:
    """Wait a while for the children; return whether all of them ended."""
    waits = [child.ended for child in children if not child.ended.done()]
    if not waits:
        return True
    _, alive = await asyncio.wait(waits, timeout=_GRACE_S)
    return not alive


class _Child(asyncio.SubprocessProtocol):
    """One child process; a protocol instead of streams, so that output costs one call a chunk."""

    def __init__(self, sink: Sink, siblings: set[_Child]) -> None:
        self._sink = GuardedSink(sink)
        self._tail = Tail()
        self._siblings = siblings
        self._transport: asyncio.SubprocessTransport
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def stderr(self) -> bytes:
        return self._tail.data

    def write(self, data: bytes) -> None:
        stdin = self._transport.get_pipe_transport(0)
        if isinstance(stdin, asyncio.WriteTransport) and not stdin.is_closing():
            stdin.write(data)

    def close_stdin(self) -> None:
        stdin = self._transport.get_pipe_transport(0)
        if isinstance(stdin, asyncio.WriteTransport) and not stdin.is_closing():
            stdin.write_eof()

    async def wait(self) -> int:
        status = await asyncio.shield(self.ended)
        if self._sink.error is not None:
            raise self._sink.error
        return status

    def signal(self, number: signal.Signals) -> None:
        """Signal the child's process group, as long as the child itself is there.

        A child that was reaped gives its number free; the group is left alone then.
        """
        if self._transport.get_returncode() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._transport.get_pid(), number)

    def kill(self) -> None:
        """End it at once, and stop listening to whoever holds its pipes. Safe when it ended."""
        self.signal(signal.SIGKILL)
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.SubprocessTransport):
            raise TypeError(f"no transport of a child process: {transport!r}")
        self._transport = transport
        self._siblings.add(self)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd != 1:
            self._tail.add(data)
        elif not self._sink.feed(data):
            self.kill()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called once the child ended and its pipes are drained."""
        del exc
        self._siblings.discard(self)
        if not self.ended.done():
            status = self._transport.get_returncode()
            self.ended.set_result(-signal.SIGKILL if status is None else status)


class _NotStarted:
    """A program that could not be started, told in the way a shell tells it."""

    def __init__(self, program: str, error: OSError) -> None:
        missing = isinstance(error, FileNotFoundError)
        self._status = NOT_FOUND if missing else NOT_EXECUTABLE
        self.stderr = f"{program}: {error.strerror}\n".encode(errors="backslashreplace")

    def write(self, data: bytes) -> None:
        """Nobody reads it."""

    def close_stdin(self) -> None:
        """There is none."""

    async def wait(self) -> int:
        return self._status
