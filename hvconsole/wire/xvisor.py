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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hvconsole.model.problem import UsageProblem
from hvconsole.model.text import plain
from hvconsole.wire.console import LineSplitter

MAX_COMMAND = 256
"""Characters of a line. What is longer is cut, and the cut command is carried out."""

ENTER = b"\r"
ERASE = b"\x7f"
LEAVE = b"\x1bxq"
"""Leaves a bound guest console. ESC swallows the two bytes after it at the prompt: harmless."""

NEXT = ";"
"""A word that separates commands; the first that fails ends the line."""

WHEN = "when"
"""Begins a command of our own: ``when NAME STATES COMMAND``; see `Condition`."""

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
_TAG = re.compile(rb"\[(?P<port>[!-.0-Z^-~]{1,64}/[!-Z^-~]{1,64})\] ")
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
        match = _TAG.match(self.partial)
        return match["port"].decode() if match is not None else ""

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


@dataclass(frozen=True, slots=True)
class Condition:
    """A command that is carried out only where the board is as it was meant for.

    Undoing may come late: a guest may be gone by then, be in another state, or its vCPUs may have
    other numbers. Xvisor's terminal knows no conditions, so its list of vCPUs is read first.

    Attributes:
        name: A guest or one of its vCPUs.
        states: One of its vCPUs must be in one of these.
        argv: The command; a word ``@`` becomes the vCPU's number.
    """

    name: str
    states: tuple[str, ...]
    argv: tuple[str, ...]

    def command(self, vcpu_list: Sequence[str]) -> tuple[str, ...]:
        """Return the command, or nothing where there is nothing to do.

        Args:
            vcpu_list: Lines of ``vcpu list``.
        """
        for line in vcpu_list:
            row = VCPU_ROW.fullmatch(line)
            if row is None or row["state"] not in self.states:
                continue
            if row["name"] == self.name or row["name"].startswith(f"{self.name}/"):
                return tuple(row["id"] if word == "@" else word for word in self.argv)
        return ()


def condition(argv: Sequence[str]) -> Condition | None:
    """Return the condition that a command begins with; None where there is none."""
    match tuple(argv):
        case (first, name, states, *rest) if first == WHEN and rest:
            return Condition(name, tuple(states.split(",")), tuple(rest))
        case _:
            return None


def is_typable(word: str) -> bool:
    """Whether a word reaches a command as it is: the terminal knows no quotes and no escapes."""
    return bool(word) and all("!" <= char <= "~" and char != NEXT for char in word)


def command_line(argv: Sequence[str]) -> bytes:
    """Return a command as it is typed, without Enter.

    Args:
        argv: Its words; a word ``;`` begins another command.

    Raises:
        UsageProblem: A word cannot be typed, the line is too long, or the command is one of those
            that would take the terminal away.
    """
    words = tuple(argv)
    for word in words:
        if word != NEXT and not is_typable(word):
            raise UsageProblem(
                f"'{plain(word, 60)}' cannot be typed on Xvisor's terminal",
                detail="it knows no quotes: a blank ends a word, and ';' begins another command",
                hint="rename what it names, in the board's device tree",
            )
    _refuse_traps(words)
    line = " ".join(words).replace(f" {NEXT} ", NEXT)
    if len(line) > MAX_COMMAND:
        raise UsageProblem(
            f"a command of {len(line)} characters is too long for Xvisor's terminal",
            detail=f"it would be cut at {MAX_COMMAND} characters, and what is left carried out",
            hint="say it in several commands, or with shorter names",
        )
    return line.encode("ascii")


def _refuse_traps(words: tuple[str, ...]) -> None:
    commands: list[list[str]] = [[]]
    for word in words:
        if word == NEXT:
            commands.append([])
        else:
            commands[-1].append(word)
    for one in commands:
        if not one:
            raise UsageProblem("there is no command to type")
        if one[0] in {"reset", "shutdown"} and len(words) > 1:
            raise UsageProblem(
                f"'{one[0]}' is typed alone or not at all",
                detail="whatever stands beside it, it ends the hypervisor and all guests",
                hint="a guest is reset with: guest reset NAME",
            )
        if one[:2] in (["vserial", "bind"], ["vcpu", "monitor"]):
            raise UsageProblem(
                f"'{' '.join(one[:2])}' does not come back to the prompt",
                hint="vserial dump shows what a guest wrote; the Serial screen types to it",
            )


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


class Untagged:
    r"""A bound guest console in, what the guest itself wrote out.

    Xvisor begins each line with ``[guest0/uart0] ``, after a return as after a newline, and puts a
    return before each newline. What stands before the first such sign is not the guest's. Faults
    in between are left where they are.

    Args:
        port: The console that is bound.
    """

    def __init__(self, port: str) -> None:
        self._tag = f"[{port}] ".encode("ascii", "replace")
        self._rest = b""
        self._begun = False

    def feed(self, data: bytes) -> bytes:
        """Take bytes and return the guest's, in the same order."""
        text = self._rest + data
        if not self._begun:
            begin = text.find(self._tag)
            self._begun = begin >= 0
            if not self._begun:
                self._rest = text[-len(self._tag) :]
                return b""
            text = text[begin:]
        out = bytearray()
        at = 0
        while at < len(text):
            if text.startswith(self._tag, at):
                at += len(self._tag)
            elif text.startswith(b"\r\n", at):
                out += b"\n"
                at += 2
            elif self._may_begin(text[at : at + len(self._tag)]):
                break
            else:
                out.append(text[at])
                at += 1
        self._rest = text[at:]
        return bytes(out)

    def _may_begin(self, text: bytes) -> bool:
        """Whether more has to come before it is known what this is."""
        return text == b"\r" or (len(text) < len(self._tag) and self._tag.startswith(text))


def guest_of_line(line: bytes) -> tuple[str, bytes]:
    """Return the guest's console that wrote a line and the line without its tag; empty for none."""
    match = _TAG.match(line)
    return (match["port"].decode(), line[match.end() :]) if match is not None else ("", line)
