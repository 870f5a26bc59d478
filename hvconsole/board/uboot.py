"""U-Boot's prompt over a serial line: stopping autoboot, checked echoes, variables."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hvconsole.board.uboot_text import (
    at_prompt,
    check_length,
    checked_variable,
    command_line,
    counts_down,
    parse_variable,
)
from hvconsole.link.serial_protocol import SerialPort
from hvconsole.model.problem import BoardProblem

_BUFFER = 64 * 1024
_FIFO = 16  # bytes a UART takes before somebody reads them
_ECHO_S = 4.0
_KEY_S = 0.1
_INTERRUPT = b"\x03"

_BANNER = re.compile(rb"U-Boot (?:SPL )?\d{4}\.\d\d")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a U-Boot command did: its status (0 is success) and what it wrote."""

    status: int
    output: str


class UBoot:
    r"""A board's U-Boot at the other end of a serial port.

    The port's owner hands everything that arrives to `feed`, beside whoever else reads it.

    Args:
        port: Where to type.
        prompt: What U-Boot shows when it waits.
        stop_keys: What stops its autoboot; a password or ``b"\x03"`` on some boards.
    """

    def __init__(
        self, port: SerialPort, *, prompt: bytes = b"=> ", stop_keys: bytes = b" "
    ) -> None:
        self._port = port
        self._prompt = prompt
        self._stop_keys = stop_keys
        self._buffer = b""
        self._news = asyncio.Event()

    def feed(self, data: bytes) -> None:
        """Take what the board sent."""
        self._buffer = (self._buffer + data)[-_BUFFER:]
        self._news.set()

    async def interrupt(self, timeout: float) -> None:
        """Wait for U-Boot to come up, keep it from booting, reach its prompt.

        Keys are pressed from U-Boot's first line on: with a delay of zero the countdown is over
        before it can be read.

        Args:
            timeout: Seconds; the board must have been reset by then.

        Raises:
            BoardProblem: No U-Boot came up, or its autoboot did not stop.
        """
        await self._until(
            lambda: bool(_BANNER.search(self._buffer)) or counts_down(self._buffer),
            timeout,
            "U-Boot did not come up",
            "reset the board, and check that this is its console",
        )
        try:
            async with asyncio.timeout(timeout):
                while not self._prompt_seen():
                    await self._port.send(self._stop_keys)
                    self._news.clear()
                    # Not wait_for: before Python 3.12 it can swallow being cancelled.
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_KEY_S):
                            await self._news.wait()
        except TimeoutError:
            raise self._problem(
                "U-Boot's autoboot did not stop",
                "is another key needed to stop it, or is its prompt another one?",
            ) from None
        await self.sync()

    async def sync(self, timeout: float = 3.0) -> None:
        """Reach an empty prompt from one with anything typed at it.

        Raises:
            BoardProblem: There is no U-Boot prompt.
        """
        self._buffer = b""
        await self._port.send(_INTERRUPT)
        await self._until(
            lambda: at_prompt(self._buffer, self._prompt),
            timeout,
            "U-Boot does not answer",
            "is the board at its U-Boot prompt?",
        )

    async def run(self, argv: Sequence[str], timeout: float = 10.0) -> Reply:
        """Run a command to its end.

        Raises:
            UsageProblem: It cannot be typed.
            BoardProblem: It did not end in time, or what was typed does not come back.
        """
        return await self.line(command_line(argv), timeout)

    async def line(self, line: str, timeout: float = 10.0) -> Reply:
        """Run a line of hush to its end, as it is: with its variables, quotes and ``;``.

        Raises:
            UsageProblem: It is too long.
            BoardProblem: It did not end in time, or what was typed does not come back.
        """
        mark = f"hv{secrets.token_hex(3)}="
        await self._type(check_length(f"{line}; echo {mark}$?"))
        end = re.compile(rb"%s(\d+)\r*\n" % mark.encode())
        await self._until(
            lambda: end.search(self._buffer) and at_prompt(self._buffer, self._prompt),
            timeout,
            f"U-Boot's {line.split(' ', 1)[0]} did not end",
            "give it more time, or reset the board",
        )
        found = end.search(self._buffer)
        assert found is not None  # noqa: S101  # the condition above
        output = self._buffer[: found.start()].decode("ascii", "backslashreplace")
        return Reply(int(found[1]), output.replace("\r", ""))

    async def start(self, line: str) -> None:
        """Type a line that leaves U-Boot (``boot``, ``bootz …``), as it is.

        Raises:
            BoardProblem: What was typed does not come back.
        """
        await self._type(check_length(line))

    async def getenv(self, name: str) -> str | None:
        """Return a variable's value, or None if there is none.

        Raises:
            UsageProblem: That cannot be a variable's name.
        """
        reply = await self.run(["printenv", checked_variable(name)])
        return parse_variable(name, reply.output) if reply.status == 0 else None

    async def setenv(self, name: str, value: str | None) -> None:
        """Set a variable (None removes it) in memory, and read it back.

        Raises:
            BoardProblem: It has another value afterwards.
        """
        await self.run(["setenv", checked_variable(name), *([value] if value else [])])
        now = await self.getenv(name)
        if now != (value or None):
            raise BoardProblem(
                f"U-Boot did not take variable {name}", detail=f"set: {value!r}\nread: {now!r}"
            )

    async def _type(self, line: str) -> None:
        """Type a line and end it; each piece must have come back before the next is sent."""
        for piece in (_FIFO, 1):
            await self.sync()
            if await self._echoed(line.encode(), piece):
                self._buffer = b""
                await self._port.send(b"\r")
                await self._until(lambda: b"\n" in self._buffer, _ECHO_S, "U-Boot went silent", "")
                self._buffer = self._buffer.partition(b"\n")[2]
                return
        problem = self._problem(
            "U-Boot does not repeat what is typed",
            "check the line's settings, and that nobody else types",
        )
        await self._port.send(_INTERRUPT)
        raise problem

    async def _echoed(self, line: bytes, piece: int) -> bool:
        self._buffer = b""
        for at in range(0, len(line), piece):
            await self._port.send(line[at : at + piece])
            sent = line[: at + piece]
            try:
                async with asyncio.timeout(_ECHO_S):
                    while len(self._buffer) < len(sent):
                        self._news.clear()
                        await self._news.wait()
            except TimeoutError:
                return False
            if self._buffer != sent:
                return False
        return True

    def _prompt_seen(self) -> bool:
        """Whether the last line begins with the prompt; stop keys may stand behind it."""
        last = self._buffer.replace(b"\r", b"\n").rpartition(b"\n")[2]
        return last.startswith(self._prompt)

    async def _until(
        self, done: Callable[[], object], timeout: float, title: str, hint: str
    ) -> None:
        try:
            async with asyncio.timeout(timeout):
                while not done():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise self._problem(title, hint) from None

    def _problem(self, title: str, hint: str) -> BoardProblem:
        tail = self._buffer[-300:].decode("ascii", "backslashreplace")
        seen = "".join(char if char.isprintable() or char == "\n" else "" for char in tail)
        return BoardProblem(title, detail=f"last seen: {seen.strip() or 'nothing'}", hint=hint)
