"""A terminal of the board: its line discipline, stty, and a person's shell behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from hvconsole.sim.board.modes import HOSTNAME
from hvconsole.sim.board.processes import SESSION, TERMINAL
from hvconsole.sim.board.shell.interactive import Interactive
from hvconsole.sim.board.shell.streams import Call, Pipe, Streams
from hvconsole.sim.hypervisor.host import ToolCall

if TYPE_CHECKING:
    from hvconsole.sim.board.board import Board

_BACKSPACE: Final = b"\x08\x7f"
_END, _KILL, _CR, _LF = 4, 21, 13, 10
_SIGNALS: Final = {3: 2, 28: 3}
"""Keys that send a signal, and which: Ctrl-C, Ctrl-\\."""
_LONGEST_LINE: Final = 4095
_SANE: Final = {"echo": True, "icanon": True, "icrnl": True, "isig": True, "ixon": True}
_OUTPUT: Final = {"onlcr": True}
_RAW: Final = dict.fromkeys((*_SANE, *_OUTPUT), False) | {"echo": True}
_VALUED: Final = frozenset({"cols", "columns", "ispeed", "min", "ospeed", "rows", "time"})


class Discipline:
    """Between a line and who reads it: echo, editing, whole lines, signals, as stty has them.

    Args:
        out: Where echo and output go.
        arrived: Takes what a reader gets: a line with its end, or bytes as they are typed.
        signal: A key was typed that sends this signal: 2 or 3.
        end: Ctrl-D was typed on an empty line.
    """

    def __init__(
        self,
        out: Callable[[bytes], None],
        arrived: Callable[[bytes], None],
        signal: Callable[[int], None],
        end: Callable[[], None],
    ) -> None:
        self._out, self._arrived, self._signal, self._end = out, arrived, signal, end
        self._is = _SANE | _OUTPUT
        self._typed = bytearray()

    @property
    def echo(self) -> bool:
        """Whether what is typed comes back."""
        return self._is["echo"]

    @echo.setter
    def echo(self, on: bool) -> None:
        self._is["echo"] = on

    def feed(self, data: bytes) -> None:
        """Take what was typed."""
        for byte in data:
            self._key(_LF if byte == _CR and self._is["icrnl"] else byte)

    def output(self, data: bytes) -> None:
        """Take what a program writes: each line's end becomes CR LF."""
        self._out(data.replace(b"\n", b"\r\n") if self._is["onlcr"] else data)

    def stty(self, words: list[str]) -> str | None:
        """Change the settings; return what stty prints, None where a word means nothing."""
        if words in ([], ["-a"]):
            shown = " ".join(name if on else f"-{name}" for name, on in self._is.items())
            return f"speed 115200 baud; line = 0;\n{shown}\n"
        if words == ["-g"]:
            return ":".join(f"{on:x}" for on in self._is.values()) + "\n"
        if words == ["size"]:
            return "24 80\n"
        changed = dict(self._is)
        words = list(words)
        while words:
            word = words.pop(0)
            if word in _VALUED and words:
                words.pop(0)
            elif (settings := _said(word, changed)) is None:
                return None
            else:
                changed = settings
        self._become(changed)
        return ""

    def _become(self, settings: dict[str, bool]) -> None:
        self._is = settings
        if not settings["icanon"] and self._typed:  # an unfinished line can be read at once
            typed, self._typed = bytes(self._typed), bytearray()
            self._arrived(typed)

    def _key(self, byte: int) -> None:
        if byte in _SIGNALS and self._is["isig"]:
            self._typed.clear()
            self._say(b"^C" if byte in b"\x03" else b"^\\")
            self._signal(_SIGNALS[byte])
        elif not self._is["icanon"]:
            self._say(bytes([byte]))
            self._arrived(bytes([byte]))
        else:
            self._edit(byte)

    def _edit(self, byte: int) -> None:
        if byte == _LF:
            self._say(b"\n")
            typed, self._typed = bytes(self._typed), bytearray()
            self._arrived(typed + b"\n")
        elif byte in _BACKSPACE:
            if self._typed:
                self._typed.pop()
                self._say(b"\x08 \x08")
        elif byte == _END:
            if not self._typed:
                self._end()
        elif byte == _KILL:
            self._say(b"\x08 \x08" * len(self._typed))
            self._typed.clear()
        elif len(self._typed) < _LONGEST_LINE:
            self._typed.append(byte)
            self._say(bytes([byte]))

    def _say(self, data: bytes) -> None:
        if self._is["echo"]:
            self.output(data)


def _said(word: str, settings: dict[str, bool]) -> dict[str, bool] | None:
    """Return settings changed as a word of stty's says; None where it means nothing."""
    name = word.removeprefix("-")
    if word in {"sane", "cooked", "-raw"}:
        return _SANE | _OUTPUT
    if word in {"raw", "-cooked"}:
        return _RAW | {"echo": settings["echo"]}
    if name in settings:
        return settings | {name: name == word}
    saved = word.split(":")
    if len(saved) == len(settings) and set(saved) <= {"0", "1"}:  # as stty -g prints them
        return dict(zip(settings, (each == "1" for each in saved), strict=True))
    return settings if word.isdecimal() else None  # a speed: this line has none


class TerminalShell:
    """A login shell on a terminal of its own.

    Args:
        board: Whose shell.
        out: Where echo and output go.
        clogged: Whether the line takes nothing at present.
        host: The name in the prompt.
    """

    def __init__(
        self,
        board: Board,
        out: Callable[[bytes], None],
        clogged: Callable[[], bool],
        host: str = HOSTNAME,
    ) -> None:
        self._processes = board.processes
        self._stdin = Pipe()
        self._discipline = Discipline(out, self._arrived, self._typed, self._stdin.end)
        written = Call(self._discipline.output, clogged)
        streams = Streams(self._stdin, written, written)
        self._person = Interactive(board.shell("-sh", streams=streams), self._pass_on, host)

    def feed(self, data: bytes) -> None:
        """Take what was typed."""
        self._discipline.feed(data)

    def end(self) -> None:
        """Nobody types any more."""
        self._stdin.end()

    async def run(self) -> int:
        """Run until the shell is left; return its status. It has to be a task of its own."""
        TERMINAL.set(self._discipline)
        SESSION.set(self)
        return await self._person.run()

    def _arrived(self, data: bytes) -> None:
        self._stdin.write(data)

    def _typed(self, number: int) -> None:
        self._person.interrupt(number)

    def _pass_on(self, number: int) -> bool:
        return self._processes.signal_from(self, number)


async def stty(call: ToolCall) -> int:
    """Read or change the settings of the terminal that it was started on."""
    terminal = TERMINAL.get()
    if terminal is None:
        call.err("stty: 'standard input': Inappropriate ioctl for device\n")
        return 1
    printed = terminal.stty(list(call.words[1:]))
    if printed is None:
        call.err(f"stty: invalid argument '{' '.join(call.words[1:])}'\n")
        return 1
    call.out(printed)
    return 0
