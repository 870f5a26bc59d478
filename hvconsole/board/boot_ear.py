"""Listening to a board's console while it boots: how far it is, who waits, what went wrong."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable
from typing import Protocol

from hvconsole.board.uboot_text import counts_down
from hvconsole.link.serial_protocol import ByteSink, SerialPort
from hvconsole.wire.console import (
    Alarm,
    AlarmFinder,
    AlarmKind,
    LineSplitter,
    Prompt,
    prompt_of,
    shown,
)

_KEPT_LINES = 400
_TOLD_ALARMS = 8
_QUIET_S = 0.4

_UBOOT = re.compile(r"^U-Boot (?:SPL )?\d{4}\.\d\d")
_KERNEL = "the kernel"
_SYSTEMS = (
    ("Xvisor", re.compile(r"^INIT: host address space|^Xvisor v\d")),
    ("Xen", re.compile(r"\(XEN\) ")),
    ("Linux", re.compile(r"Booting Linux on physical CPU|\bLinux version \d")),
    # U-Boot's last word; a Linux that boots quietly says none of its own.
    (_KERNEL, re.compile(r"^Starting kernel ")),
)
_FATAL = frozenset({AlarmKind.LINUX_PANIC, AlarmKind.XEN_PANIC, AlarmKind.HYPERVISOR_FATAL})


class Console(Protocol):
    """A serial console that somebody else owns; `hvconsole.session.console_watch` is one."""

    @property
    def is_open(self) -> bool:
        """Whether something can be typed now."""

    @property
    def port(self) -> SerialPort:
        """Where to type."""

    def subscribe(self, callback: ByteSink) -> Callable[[], None]:
        """Hand everything that arrives to `callback`; return what ends that."""


class BootEar:
    """What the console has said since `forget`, understood as far as a boot needs it.

    Attributes:
        restarts: How often the board has begun to boot.
        uboot: U-Boot has come up.
        system: What has been started after it: ``Xen``, ``Linux``; empty as long as nothing was.
        alarms: What went wrong, the first of each kind, restarts apart.
        fatal: What stopped the board, if it has not restarted since.

    Args:
        prompt: What the board's U-Boot shows when it waits.
    """

    def __init__(self, prompt: bytes) -> None:
        self._prompt = prompt
        self._splitter = LineSplitter()
        self._finder = AlarmFinder()
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._news = asyncio.Event()
        self._heard_at = 0.0
        self._fatal_at = 0.0
        self.fatal: Alarm | None = None
        self.restarts = 0
        self.uboot = False
        self.system = ""
        self.alarms: list[Alarm] = []

    @property
    def lines(self) -> tuple[str, ...]:
        """The last lines, the unfinished one included, safe to show."""
        partial = shown(self._splitter.partial)
        return (*self._lines, partial) if partial.strip() else tuple(self._lines)

    @property
    def at_uboot(self) -> bool:
        """Whether U-Boot waits for a command."""
        partial = self._splitter.partial
        return partial == self._prompt or prompt_of(partial) is Prompt.UBOOT

    @property
    def waits(self) -> Prompt | None:
        """Who waits for input."""
        return Prompt.UBOOT if self.at_uboot else prompt_of(self._splitter.partial)

    @property
    def is_user_shell(self) -> bool:
        """Whether the shell that waits is that of a user other than root."""
        return self._splitter.partial.rstrip().endswith(b"$")

    def fatal_for(self, now: float) -> float:
        """Return how long the board has been stopped, seconds; `now` is the event loop's time."""
        return now - self._fatal_at if self.fatal is not None else 0.0

    def feed(self, data: bytes) -> None:
        """Take what the console says."""
        self._heard_at = asyncio.get_running_loop().time()
        for line in self._splitter.feed(data):
            self._take(line)
        if counts_down(self._splitter.partial):
            self.uboot = True
        self._news.set()

    def forget(self) -> None:
        """Begin anew: what was said before belongs to the boot before."""
        self._splitter.feed(b"\n")
        self.restarts, self.uboot, self.system = 0, False, ""
        self.fatal = None
        self.alarms.clear()

    def tail(self, count: int = 12) -> list[str]:
        """Return the last lines that are not empty."""
        return [line for line in self.lines if line.strip()][-count:]

    async def until(self, condition: Callable[[], object], timeout: float | None = None) -> bool:
        """Wait until something holds; return whether it does."""
        try:
            async with asyncio.timeout(timeout):
                while not condition():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def quiet(self, seconds: float = _QUIET_S, most: float = 3.0) -> None:
        """Wait until nothing was said for a while, or give up waiting for that."""
        loop = asyncio.get_running_loop()
        end = loop.time() + most
        heard = True
        while heard and loop.time() < end:
            at = self._heard_at
            heard = await self.until(lambda: self._heard_at != at, seconds)  # noqa: B023  # awaited here

    def _take(self, line: bytes) -> None:
        text = shown(line)
        self._lines.append(text)
        for alarm in self._finder.feed(line):
            if alarm.kind is AlarmKind.REBOOT:
                self.restarts += 1
                self.uboot, self.system, self.fatal = False, "", None
                continue
            # A panic is announced, followed by its details, and announced to be over.
            if len(self.alarms) < _TOLD_ALARMS and alarm.kind not in {a.kind for a in self.alarms}:
                self.alarms.append(alarm)
            if alarm.kind in _FATAL and self.fatal is None:
                self.fatal, self._fatal_at = alarm, self._heard_at
        self.uboot = self.uboot or bool(_UBOOT.search(text)) or counts_down(line)
        if not (self.restarts or self.uboot):
            return  # these are the last words of the boot before
        for name, pattern in _SYSTEMS:
            if pattern.search(text) and self.system in {"", _KERNEL}:
                self.system = name
