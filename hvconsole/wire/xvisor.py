r"""Xvisor's terminal on a serial line: its prompt, its answers, and what breaks in between.

The terminal echoes each character, ends a command with CR or LF, and answers line by line until
its prompt stands at the end. A fault of a guest is printed at any moment: behind the prompt, into
the echo of a command, into the middle of an answer. It begins with a line end of its own, so it is
taken out here and the two halves of the line that it broke are joined again.

Format: terminal sessions with Xvisor v0.3.2, and ``core/vmm_cmdmgr.c`` and ``core/vmm_stdio.c`` of
that version. Sans-IO: bytes in, values out, whatever portions they come in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hvconsole.model.text import plain
from hvconsole.wire.console import LineSplitter
from hvconsole.wire.xvisor_guest import guest_of_line

ENTER = b"\r"
ERASE = b"\x7f"
LEAVE = b"\x1bxq"
"""Leaves a bound guest console. ESC swallows the two bytes after it at the prompt: harmless."""

VCPU_ROW = re.compile(
    r" ?(?P<id>\d{1,6}) +(?P<cpu>\d{1,4}) +(?P<prio>\d{1,3}) +(?P<state>[A-Z][a-z]+) +"
    r"(?P<name>.*?) +\{(?P<affinity>[\d, ]*)\} *"
)
"""A row of ``vcpu list``."""

PROMPT = re.compile(rb"(?:[^\s@#]{1,64}@)?XVisor# ")
_ERASED = re.compile(rb"[^\x1b]?\x1b\[D \x1b\[D")
_TRAP = b"do_hyp_trap:"
_FIELDS = re.compile(r"(?P<name>ec|il|iss|fipa|error)=(?P<value>-?(?:0x)?[0-9A-Fa-f]{1,18})")
_PC = re.compile(r"\bPC=(?P<pc>0x[0-9A-Fa-f]{1,16})")
# Whole lines of a register dump, and whatever such a line may begin with.
_REGISTERS = re.compile(rb"[A-Z][\w ]* Registers|\s+(?:[\w\[\]]+ *=0x[0-9A-Fa-f]+\s*)+")
_MAYBE = re.compile(
    rb"[A-Z][\w ]*|\s+(?:[\w\[\]]+ *=0x[0-9A-Fa-f]+\s+)*"
    rb"(?:[\w\[\]]+ *(?:=(?:0(?:x[0-9A-Fa-f]*)?)?)?)?\s*"
)
_LAST_REGISTER = re.compile(rb"\s+R12=0x[0-9A-Fa-f]+\s*")
_FAILED = re.compile(r"Error: command (?P<name>\S+) failed \(code -?(?P<code>\d{1,3})\)")
_UNKNOWN = re.compile(r"Error: unknown command ?(?P<name>.*)")
NO_SUCH_COMMAND = 127
"""Status of an answer that says ``unknown command``, as in a shell."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What a guest did that Xvisor does not allow; the vCPU is Halted then.

    Attributes:
        text: The line that tells it, without its end.
        fields: ``ec`` (exception class), ``il``, ``iss``, ``fipa`` (guest's address), ``error``
            and ``pc``, as it tells them.
    """

    text: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """A line that ended, as text; what is no UTF-8 is replaced, and can be typed no more."""

    text: str


class Terminal:
    """What the terminal writes, understood: lines, faults, and where it waits.

    `feed` gives the same values however the bytes are cut into portions.
    """

    def __init__(self) -> None:
        self._lines = LineSplitter()
        self._held: bytes | None = None  # ended, or broken by a fault that has yet to show
        self._cut = b""  # the first half of a line that a fault broke
        self._block: list[bytes] | None = None

    def feed(self, data: bytes) -> list[Line | Fault]:
        """Take bytes; return what they complete, in order."""
        out: list[Line | Fault] = []
        for line in self._lines.feed(data):
            self._take(line, out)
        partial = self._lines.partial
        if self._block is not None and partial and not _MAYBE.fullmatch(partial):
            self._end_block(out)
        if self._block is None and partial and not _TRAP.startswith(partial[: len(_TRAP)]):
            self._release(out)
        return out

    @property
    def partial(self) -> bytes:
        """The line that has not ended; erased characters are gone from it."""
        if self._block is not None:
            return b""
        text = self._cut + self._lines.partial
        while (shorter := _ERASED.sub(b"", text, count=1)) != text:
            text = shorter
        return text

    @property
    def typed(self) -> bytes | None:
        """What stands behind the prompt; None where no prompt begins the line."""
        partial = self.partial
        match = PROMPT.match(partial)
        return partial[match.end() :] if match is not None else None

    @property
    def waits(self) -> bool:
        """Whether the terminal waits for a command, with nothing typed yet."""
        return self.typed == b""

    @property
    def bound(self) -> str:
        """The guest console that keys go to now, ``guest0/uart0``; empty for none."""
        return guest_of_line(self.partial)[0]

    def _take(self, line: bytes, out: list[Line | Fault]) -> None:
        if self._block is not None:
            if self._is_of_block(line):
                self._block.append(line)
                if _LAST_REGISTER.fullmatch(line):
                    self._end_block(out)
                return
            self._end_block(out)
        at = line.find(_TRAP)
        if at < 0:
            self._release(out)
            self._held, self._cut = self._cut + line, b""
            return
        # The fault's own line end stands before it: it broke the line that is held, or ended none.
        before, self._held = self._held or b"", None
        self._cut = (before or self._cut) + line[:at]
        self._block = [line[at:]]

    def _is_of_block(self, line: bytes) -> bool:
        block = self._block or []
        return (len(block) == 1 and not line) or _REGISTERS.fullmatch(line) is not None

    def _end_block(self, out: list[Line | Fault]) -> None:
        block, self._block = self._block or [], None
        text = block[0].decode("ascii", "backslashreplace")
        fields = {match["name"]: match["value"] for match in _FIELDS.finditer(text)}
        for line in block[1:]:
            if match := _PC.search(line.decode("ascii", "replace")):
                fields["pc"] = match["pc"]
        out.append(Fault(plain(text, 200), fields))

    def _release(self, out: list[Line | Fault]) -> None:
        held, self._held = self._held, None
        if held is not None:
            out.append(Line(held.decode("utf-8", "replace")))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the terminal said to a command.

    Attributes:
        lines: The answer, without echo and prompt.
        faults: What guests did meanwhile.
    """

    lines: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def status(self) -> int:
        """0 for success, else the code that Xvisor tells, without its sign.

        Not to be believed alone: ``guest pause`` fails after it has paused a part of the vCPUs.
        """
        for line in reversed(self.lines):
            if match := _FAILED.fullmatch(line):
                return int(match["code"]) or 1
            if _UNKNOWN.fullmatch(line):
                return NO_SUCH_COMMAND
        return 0

    @property
    def text(self) -> str:
        """The answer as text, each line ended."""
        return "".join(f"{line}\n" for line in self.lines)


_CLASSES = {
    0x00: "an instruction that the CPU does not know",
    0x12: "a hypercall that Xvisor does not know",
    0x13: "a call of the firmware that Xvisor does not know",
    0x20: "an instruction fetched where the guest has no memory",
    0x24: "a read or write where the guest has no memory or device",
}
_MOST_IPA_BITS = 48


def fault_words(fields: Mapping[str, str]) -> str:
    """Say a fault: what kind (Arm's exception class, Arm ARM B3.13.6), and at which address.

    On 32-bit boards Xvisor prints the address in the upper half of ``fipa``; below it stands
    whatever was on its stack.

    Args:
        fields: ``ec`` or ``class``, and ``fipa``, as `Fault` and the console's alarms have them.
    """
    number = int(fields.get("ec") or fields.get("class") or "0", 16)
    kind = _CLASSES.get(number, "a fault")
    told = f"{kind} (exception class {number:#x})"
    if not (fipa := fields.get("fipa")):
        return told
    address = int(fipa, 16)
    if address >> _MOST_IPA_BITS:
        address >>= 32
    return f"{told}, at the guest's address {address:#x}"
