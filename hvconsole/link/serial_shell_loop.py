"""The loop of shell on the board, driven: each line arrives once, or a problem says why not."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Iterable

from hvconsole.link.duplex import Duplex
from hvconsole.model.problem import BoardProblem, LinkProblem
from hvconsole.wire import shell

_ANSWER_S = 2.0  # a short line's text is done and acknowledged long before
_TRIES = 6
_LATEST_S = 8.0
_KNOCKS = 3
_START_S = 5.0
_ECHO_S = 60.0
_WINDOW = 3  # lines under way: 3 × MAX_TEXT fit a terminal's 4,095 bytes

Heard = Callable[[bytes, list[tuple[shell.Reply, int]]], None]


class ShellLoop:
    """Runs texts of shell on the board, in order.

    Args:
        line: The line; a shell must wait at its other end.
        heard: Is handed all bytes and the replies among them, before anybody else.
    """

    def __init__(self, line: Duplex, heard: Heard) -> None:
        self._line = line
        self._heard = heard
        self._token = secrets.token_hex(4)
        self._replies = shell.Replies(self._token)
        self._queue: deque[shell.Reply] = deque()
        self._news = asyncio.Event()
        self._stop = line.subscribe(self._take)
        self._done = self._heard_bytes = 0
        self._problem: LinkProblem | None = None
        self.hexadecimal = False
        self.gzip = False
        self.checksum: Callable[[bytes], int] = shell.posix_crc

    async def start(self) -> None:
        """Start the loop and teach it.

        Raises:
            BoardProblem: The board has no folder to work in, or counts no checksums.
            LinkProblem: It does not answer.
        """
        for _ in range(_KNOCKS):
            self._line.write(shell.knock_line(self._token).encode())
            if await self._told("q"):
                self._line.write(shell.start_line(self._token).encode())
                if await self._told("r"):
                    break
        else:
            raise LinkProblem(f"{self._line.name}: the shell does not do as it is told")
        await self.send(shell.setup_texts())
        body = ""
        for _ in range(3):
            await self.send(['R "i$m$g$t:$d"'.replace("$d", "${d:+ok}")])
            if (reply := await self.wait_for("i", 1.0)) is not None:
                body = reply.body
                break
        what, _, usable = body.partition(":")
        if not usable:
            raise BoardProblem(
                f"{self._line.name}: the board has no place to work in",
                detail="no folder for temporary files, or neither cksum nor sha256sum",
            )
        self.hexadecimal, self.gzip = what[:1] == "h", what[1:2] == "z"
        self.checksum = shell.CHECKSUMS.get(what[2:], shell.posix_crc)

    async def send(self, texts: Iterable[str]) -> None:
        """Have texts done, several under way at a time; return once all are done.

        Raises:
            LinkProblem: The board does not acknowledge them.
        """
        lines = list(texts)
        base = self._done
        at, tries = 0, 0
        while (done := self._done - base) < len(lines):
            at = max(at, done)
            # Once more, one at a time: a slow board still has those that it was late with to read.
            while at < len(lines) and at - done < (1 if tries else _WINDOW):
                self._line.write(shell.numbered(self._token, base + at + 1, lines[at]))
                at += 1
            if await self._progress(base + done, min(_ANSWER_S * 1.5**tries, _LATEST_S)):
                tries = 0
                continue
            tries += 1
            if tries > _TRIES:
                raise self._lost()
            at = done  # some line was lost, or its answer: from there on once more

    async def finish(self, text: str, timeout: float) -> shell.Reply | None:
        """Have one text done that may take long; return its status, or None if it takes longer."""
        number = self._done + 1
        line = shell.numbered(self._token, number, text)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        self._queue.clear()
        self._line.write(line)
        while True:
            left = deadline - loop.time()
            reply = await self.wait_for("s", min(max(left, 0.0), 5.0))
            if reply is not None:
                self._done = max(self._done, number)  # its acknowledgement may be cut
                return reply
            if self._done >= number:  # done, but the status was cut by something else
                await self.send(["S"])
                return await self.wait_for("s", _ANSWER_S)
            if left <= 0:
                return None
            self._line.write(line)  # taken once at most; asks for the acknowledgement at least

    async def foreground(self) -> shell.Reply:
        """Run the command on the line itself; return its status once it ended.

        While it runs nothing may be sent again: it would be the process's input.

        Raises:
            LinkProblem: It ended, and its status never came.
        """
        number = self._done + 1
        self._queue.clear()
        self._line.write(shell.numbered(self._token, number, "Z"))
        while True:
            if (reply := await self.wait_for("s", 1.0)) is not None:
                self._done = max(self._done, number)
                self.type(b"\x15\n")  # input that came too late for the process
                return reply
            if self._done >= number:  # the status was cut by a message of the kernel
                self.type(b"\x15\n")
                await self.send(["S"])

    async def fetch(self, which: str, crc: int, size: int) -> bytes:
        """Return an output (``o`` or ``e``) of the last command, asked for until it is whole.

        Raises:
            LinkProblem: It never came whole.
        """
        transfer = shell.Transfer(crc, size, self.hexadecimal, self.checksum)
        if not size:
            return b""
        for _ in range(_TRIES):
            self._queue.clear()
            await self._output(which, transfer)
            if (data := transfer.data()) is not None:
                return data
        raise LinkProblem(
            f"{self._line.name}: output does not come whole",
            detail=f"{size} bytes, {_TRIES} tries; other things are written to the line meanwhile",
            hint="quieten the kernel: dmesg -n 1; stop what writes to the console",
        )

    async def _output(self, which: str, transfer: shell.Transfer) -> None:
        number = self._done + 1
        self._line.write(shell.numbered(self._token, number, f"O {which}"))
        silent = 0
        while self._done < number and silent < _TRIES:
            before = len(transfer.lines)
            await self._progress(number - 1)
            while self._queue:
                reply = self._queue.popleft()
                if reply.kind == which:
                    transfer.take(reply.body)
            if self._done < number and len(transfer.lines) == before:
                silent += 1
                self._line.write(shell.numbered(self._token, number, f"O {which}"))

    async def wait_for(self, kind: str, timeout: float) -> shell.Reply | None:
        """Return the next reply of a kind; None if none came in time."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while True:
            self._check()
            while self._queue:
                reply = self._queue.popleft()
                if reply.kind == kind:
                    return reply
            if (left := deadline - loop.time()) <= 0:
                return None
            self._news.clear()
            try:
                async with asyncio.timeout(left):
                    await self._news.wait()
            except TimeoutError:
                return None

    async def _told(self, kind: str) -> bool:
        """Wait for a reply as long as something is said: an echo alone may take half a minute."""
        loop = asyncio.get_running_loop()
        latest = loop.time() + _ECHO_S
        while True:
            heard = self._heard_bytes
            if await self.wait_for(kind, _START_S) is not None:
                return True
            if self._heard_bytes == heard or loop.time() > latest:
                return False

    async def end(self) -> None:
        """End the loop: the terminal's settings come back, its folder goes."""
        try:
            self._line.write(f"{shell.LEAVE}\n".encode())
        except LinkProblem:
            pass
        else:
            await asyncio.sleep(0.3)
        self._stop()

    def abandon(self, problem: LinkProblem) -> None:
        """Nobody is there any more: whoever waits is told, and nothing more is typed.

        What answers on the line now may be a boot loader, which a key would stop.
        """
        self._problem = problem
        self._stop()
        self._news.set()

    def type(self, data: bytes) -> None:
        """Type to whatever reads the line now; the interrupt keys end what runs there."""
        self._check()
        self._line.write(data)

    def _check(self) -> None:
        if self._problem is not None:
            raise self._problem

    def _lost(self) -> LinkProblem:
        return LinkProblem(
            f"{self._line.name}: the shell no longer answers",
            detail=f"{_TRIES} times the same line without an acknowledgement",
            hint="has the board been restarted? the Serial screen shows what it says",
        )

    async def _progress(self, done: int, patience: float = _ANSWER_S) -> bool:
        """Wait until more than `done` lines are done; return whether that came in time."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        while self._done <= done:
            self._check()
            if (left := deadline - loop.time()) <= 0:
                return False
            heard = len(self._queue)
            self._news.clear()
            try:
                async with asyncio.timeout(left):
                    await self._news.wait()
            except TimeoutError:
                return False
            if len(self._queue) > heard:
                deadline = loop.time() + patience  # it is talking: that takes as long as it takes
        return True

    def _take(self, data: bytes) -> None:
        self._heard_bytes += len(data)
        found = self._replies.cut(data)
        self._heard(data, found)
        for reply, _ in found:
            if reply.kind == "a":
                if reply.body.isdigit():
                    self._done = max(self._done, int(reply.body))
            else:
                self._queue.append(reply)
        if found:
            self._news.set()
