r"""A serial console's text: lines, what may be shown of them, and what they raise alarm about.

After a hypervisor has parked a board's CPUs only its serial line still speaks, so everything that
can be known about the end of a board is read from here. Bytes come in any portions, from a line
that anything on the board writes to: nothing here raises, and memory is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from hvconsole.model.text import plain

MAX_LINE = 4096
_SHOWN = 1000  # cells of one line; a screen is far narrower
_LINE_END = re.compile(rb"[\r\n]")


class LineSplitter:
    r"""Console bytes in, lines without their ends out.

    ``\n``, ``\r\n``, ``\n\r`` and a lone ``\r`` (U-Boot's progress) all end a line; a return next
    to a newline makes no empty line of its own. A line of more than `MAX_LINE` bytes is handed
    out in pieces of that size.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._after_return = False

    @property
    def partial(self) -> bytes:
        """The line that has not ended yet; prompts stand here."""
        return bytes(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes and return the lines they complete."""
        lines: list[bytes] = []
        at = 0
        for match in _LINE_END.finditer(data):
            lines += self._extend(data[at : match.start()])
            lines += self._end(data[match.start()])
            at = match.end()
        lines += self._extend(data[at:])
        return lines

    def _extend(self, data: bytes) -> Iterator[bytes]:
        if data:
            self._after_return = False
        self._buffer += data
        while len(self._buffer) > MAX_LINE:
            yield bytes(self._buffer[:MAX_LINE])
            del self._buffer[:MAX_LINE]

    def _end(self, byte: int) -> Iterator[bytes]:
        is_return = byte == ord("\r")
        if not self._buffer and (is_return or self._after_return):
            self._after_return = is_return and self._after_return
            return
        yield bytes(self._buffer)
        self._buffer.clear()
        self._after_return = is_return


def shown(line: bytes, limit: int = _SHOWN) -> str:
    """Return a console line as text that a terminal shows and does nothing else with.

    Backspaces take effect (countdowns), tabs become blanks, escape sequences and control
    characters go, bytes that are not UTF-8 are shown escaped. The indentation stays.

    Args:
        line: One line, without its end.
        limit: The most terminal cells that the result may take.
    """
    text = line.decode("utf-8", "backslashreplace").expandtabs()
    if "\b" in text:
        text = _overtype(text)
    indent = min(len(text) - len(text.lstrip(" ")), limit)
    return " " * indent + plain(text, limit - indent)


def _overtype(text: str) -> str:
    """Apply backspaces as a terminal does: the next character replaces what stands there."""
    out: list[str] = []
    column = 0
    for char in text:
        if char == "\b":
            column = max(column - 1, 0)
            continue
        out[column : column + 1] = [char]
        column += 1
    return "".join(out)


class Prompt(StrEnum):
    """Who waits for input at the end of the console's text."""

    UBOOT = "u-boot"
    XVISOR = "xvisor"
    LOGIN = "login"
    PASSWORD = "password"  # noqa: S105  # the word that asks for one
    SHELL = "shell"


_PROMPTS = (
    (Prompt.UBOOT, re.compile(rb"^(?:=>|U-Boot>|[\w-]{0,20}(?:u-boot|U-Boot)[\w-]{0,20}[#>]) ?$")),
    (
        Prompt.XVISOR,
        re.compile(rb"^(?:[^\s@#]{1,64}@)?XVisor# $"),
    ),  # before SHELL, which it fits too
    (Prompt.LOGIN, re.compile(rb"(?:^|\s)login: ?$")),
    (Prompt.PASSWORD, re.compile(rb"[Pp]assword: ?$")),
    (Prompt.SHELL, re.compile(rb"(?:^|[\w~/\])])[#$] $")),
)


def prompt_of(partial: bytes) -> Prompt | None:
    """Return who waits for input, if the unfinished line looks like a prompt.

    Args:
        partial: What `LineSplitter.partial` holds once the line is quiet.
    """
    tail = partial[-200:]
    return next((prompt for prompt, pattern in _PROMPTS if pattern.search(tail)), None)


class AlarmKind(StrEnum):
    """What an alarm is about."""

    LINUX_PANIC = "linux-panic"
    LINUX_OOPS = "linux-oops"
    LINUX_BUG = "linux-bug"
    LINUX_STALL = "linux-stall"
    XEN_PANIC = "xen-panic"
    CPU_PARKED = "cpu-parked"
    CPU_STOPPED = "cpu-stopped"
    UNHANDLED_ACCESS = "unhandled-access"
    HYPERVISOR_FATAL = "hypervisor-fatal"
    GUEST_FAULT = "guest-fault"
    REBOOT = "reboot"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing on the console that a person must know.

    Attributes:
        kind: What it is about.
        text: The line that says so, safe to show.
        details: What the line tells, by name: ``cpu``, ``cell``, ``address``, ``size``,
            ``access``, ``reason``, ``stage``, ``guest`` (the console of Xvisor's guest that wrote
            it), ``class`` and ``fipa`` (of a fault under Xvisor); and ``cause``, an earlier line
            that explains it.
    """

    kind: AlarmKind
    text: str
    details: dict[str, str] = field(default_factory=dict)


_UNHANDLED = (
    r"Unhandled (?P<access>(?:data|port|MMIO)? ?(?:read|write)) at "
    r"(?P<address>0x[0-9a-fA-F]+)(?:\((?P<size>\d+)\))?"
)

# Searched for anywhere in a line: hypervisor, kernel and guests share the wire and cut into each
# other's lines. Group names are the names of the details.
_SIGNS: tuple[tuple[AlarmKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (AlarmKind.CPU_PARKED, r'Parking CPU (?P<cpu>\d+)(?: \(Cell: "(?P<cell>[^"]*)"\))?'),
        (AlarmKind.CPU_STOPPED, r'Stopping CPU (?P<cpu>\d+)(?: \(Cell: "(?P<cell>[^"]*)"\))?'),
        (AlarmKind.UNHANDLED_ACCESS, _UNHANDLED),
        (AlarmKind.HYPERVISOR_FATAL, r"FATAL: (?P<reason>.+)"),
        (
            AlarmKind.GUEST_FAULT,
            r"do_hyp_trap: ec=(?P<class>0x[0-9A-Fa-f]+)(?:.*\bfipa=(?P<fipa>0x[0-9A-Fa-f]+))?",
        ),
        (AlarmKind.XEN_PANIC, r"\(XEN\).*Panic on CPU (?P<cpu>\d+)"),
        (AlarmKind.LINUX_PANIC, r"Kernel panic - not syncing(?:: (?P<reason>.+))?"),
        (AlarmKind.LINUX_OOPS, r"Internal error: (?P<reason>.+)"),
        (
            AlarmKind.LINUX_OOPS,
            r"Unable to handle kernel (?P<reason>.+?) at virtual address (?P<address>[0-9a-fx]+)",
        ),
        (
            AlarmKind.LINUX_STALL,
            r"BUG: (?P<reason>soft lockup|workqueue lockup)(?: - CPU#(?P<cpu>\d+))?",
        ),
        (AlarmKind.LINUX_STALL, r"rcu: INFO: (?P<reason>\S+ (?:self-)?detected stalls?)"),
        (AlarmKind.LINUX_STALL, r"INFO: (?P<reason>task .{1,80} blocked for more than \d+ s)"),
        (AlarmKind.LINUX_BUG, r"kernel BUG at (?P<reason>.+?)!"),
        (AlarmKind.LINUX_BUG, r"\bBUG: (?P<reason>.+)"),
    )
)

# Lines that name the cause of an alarm that follows them.
_CAUSES = re.compile(
    r"\(XEN\) (?P<xen>CPU\d+: Unexpected Trap: .+|Assertion '.+' failed.*|Xen BUG at .+)"
    r"|(?P<jailhouse>Unhandled (?:\w+ )?(?:read|write) at .+|FATAL: .+)"
)
_EXPLAINED = frozenset({AlarmKind.XEN_PANIC, AlarmKind.CPU_PARKED, AlarmKind.CPU_STOPPED})
_CAUSE_LINES = 100  # a Xen crash dump has about 60 lines between its cause and its panic

# Xvisor begins each line of a guest's console with its name.
_OF_GUEST = re.compile(r"\[(?P<guest>[!-.0-Z^-~]{1,64}/[!-Z^-~]{1,64})\] ")

# What a board says while it comes up, in order. CPU 0 alone: a Jailhouse cell's Linux, which
# comes up on another one, is no reboot. Xvisor's first line is what its `version` says, too.
_STAGES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("u-boot-spl", re.compile(r"^U-Boot SPL \d{4}\.\d\d")),
    ("u-boot", re.compile(r"^U-Boot \d{4}\.\d\d")),
    ("xvisor", re.compile(r"^INIT: host address space")),
    ("xen", re.compile(r"\(XEN\) Xen version \d")),
    ("linux", re.compile(r"Booting Linux on physical CPU (?:0x)?0+\b")),
)


class AlarmFinder:
    """Console lines in, alarms out.

    A boot is told once: by the first of its stages that is seen. It is for the caller to know
    whether that boot was asked for.
    """

    REBOOT_STAGES: ClassVar = tuple(name for name, _ in _STAGES)

    def __init__(self) -> None:
        self._cause = ""
        self._cause_age = 0
        self._stage = len(_STAGES)  # as if booted: the first banner is a reboot

    def feed(self, line: bytes) -> list[Alarm]:
        """Take one line and return what it raises alarm about."""
        text = shown(line)
        self._cause_age += 1
        guest = _OF_GUEST.match(text)
        alarms = [*([] if guest else self._boots(text)), *self._signs(text, guest)]
        cause = _CAUSES.search(text)
        # The first of several explains the rest: "Unhandled …" stands before "FATAL: …".
        if cause and (not self._cause or self._cause_age > _CAUSE_LINES):
            self._cause, self._cause_age = cause["xen"] or cause["jailhouse"], 0
        return alarms

    def _signs(self, text: str, guest: re.Match[str] | None) -> Iterator[Alarm]:
        for kind, pattern in _SIGNS:
            match = pattern.search(text)
            if match is None:
                continue
            details = {name: value for name, value in match.groupdict().items() if value}
            if kind in _EXPLAINED and self._cause and self._cause_age <= _CAUSE_LINES:
                details["cause"] = self._cause
                self._cause = ""
            if guest is not None and kind is not AlarmKind.GUEST_FAULT:
                details["guest"] = guest["guest"]
            yield Alarm(kind, text.strip(), details)
            return

    def _boots(self, text: str) -> Iterator[Alarm]:
        for rank, (stage, pattern) in enumerate(_STAGES):
            if pattern.search(text):
                if rank <= self._stage:
                    yield Alarm(AlarmKind.REBOOT, text.strip(), {"stage": stage})
                self._stage = rank
                self._cause = ""
                return


def in_boot_loader(text: bytes) -> bool:
    """Whether a boot loader is what wrote last, and does not wait at its prompt.

    Args:
        text: The newest text of a console, in bytes.
    """
    splitter = LineSplitter()
    stage = ""
    for line in splitter.feed(text):
        readable = shown(line)
        stage = next((name for name, sign in _STAGES if sign.search(readable)), stage)
        if prompt_of(line) is Prompt.LOGIN or readable.startswith("Starting kernel"):
            stage = ""
    return stage in {"u-boot-spl", "u-boot"} and prompt_of(splitter.partial) is None
