"""Short ways to a simulated board, for its tests: shells, and a link without a network."""

from __future__ import annotations

import asyncio
import contextlib
import os
import posixpath
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from hvconsole.link.protocol import Capability, Completed
from hvconsole.link.words import command_line
from hvconsole.sim.board.board import Board
from hvconsole.sim.board.shell.streams import Buffer, Bytes, Call, Pipe, Streams


async def run(board: Board, text: str, stdin: bytes = b"", *words: str) -> Completed:
    """Run a script in a shell of its own, as `sh -c` does."""
    out, err = Buffer(), Buffer()
    shell = board.shell("sh", *words, streams=Streams(Bytes(stdin), out, err))
    status = await shell.execute(text)
    return Completed(("sh",), status, bytes(out.data), bytes(err.data))


def run_really(text: str, folder: Path, *words: str, shell: Sequence[str] = ("dash",)) -> Completed:
    """Run a script in a shell of this machine."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [*shell, "-c", text, "sh", *words],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=20,
        check=False,
    )
    return Completed(("sh",), done.returncode, done.stdout, done.stderr)


@contextlib.asynccontextmanager
async def running(
    mode: str = "native", *, seed: int = 1, speed: float = 20.0
) -> AsyncIterator[Board]:
    """A board that was booted and whose time passes."""
    board = Board(seed=seed, speed=speed)
    board.boot(mode)
    board.timekeeper.start()
    try:
        yield board
    finally:
        board.processes.kill_all()
        await board.timekeeper.stop()


class _Process:
    def __init__(self, stdin: Pipe, task: asyncio.Task[int], errors: Buffer) -> None:
        self._stdin, self._task, self._errors = stdin, task, errors

    def write(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._stdin.write(data)

    def close_stdin(self) -> None:
        self._stdin.end()

    async def wait(self) -> int:
        return await asyncio.shield(self._task)

    @property
    def stderr(self) -> bytes:
        return bytes(self._errors.data)


class BoardLink:
    """A `Link` to a simulated board: commands go through its shell, as over SSH."""

    name = "root@simulated"
    capabilities = Capability.RUN | Capability.STREAM | Capability.PUT

    def __init__(self, board: Board) -> None:
        self.board = board
        self.said: list[str] = []

    async def open(self) -> None:
        pass

    async def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 30.0
    ) -> Completed:
        out = Buffer()
        process = await self.stream(argv, out.write)
        process.write(stdin)
        process.close_stdin()
        async with asyncio.timeout(timeout):
            status = await process.wait()
        return Completed(tuple(argv), status, bytes(out.data), process.stderr)

    async def stream(self, argv: Sequence[str], sink: Callable[[bytes], None]) -> _Process:
        line = command_line(argv)
        self.said.append(line)
        stdin, errors = Pipe(), Buffer()
        shell = self.board.shell(streams=Streams(stdin, Call(sink), errors))
        return _Process(stdin, asyncio.create_task(shell.execute(line)), errors)

    async def put(self, data: bytes, path: str, *, mode: int = 0o644) -> None:
        beside = posixpath.join(posixpath.dirname(path), ".beside")
        self.board.tree.write(beside, data, mode=mode)
        self.board.tree.rename(beside, path)

    async def closed(self) -> Exception | None:
        return None

    async def close(self) -> None:
        pass
