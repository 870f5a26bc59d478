"""What the Serial screen stands on: the line, the terminal, and when it is painted."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from textual import events
from textual.app import ComposeResult
from textual.timer import Timer

from hvconsole.link.duplex import Duplex
from hvconsole.model.problem import LinkProblem, Problem
from hvconsole.model.text import plain
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.screens.playback import PlaybackScreen
from hvconsole.ui.source import SerialLine, Status
from hvconsole.ui.view import serial_menu as menu
from hvconsole.ui.view.serial import Terminal, refusal
from hvconsole.ui.view.serial_keys import LineEnd
from hvconsole.ui.view.serial_look import Look
from hvconsole.ui.widgets.terminal import TerminalPanel

_LEAST_BETWEEN_PAINTS_S = 1 / 20
_UNSEEN_S = 0.1  # between portions while another screen is looked at
_PASTE_BYTES = 16
_PASTE_PAUSE_S = 0.005


class Mode(Enum):
    """Whose the next key is."""

    TYPING = auto()
    MENU = auto()
    CONTROL = auto()
    LOOKING = auto()
    QUERY = auto()
    ASKED = auto()


@dataclass(frozen=True)
class _Shown:
    """A guest's console that is shown, and what ends listening to it."""

    console: Duplex
    stop: Callable[[], None]


class SerialBase(PlaybackScreen):
    """The line and its terminal; subclasses give keys their meaning.

    Attributes:
        mode: Whose the next key is.
        look: What is seen of the terminal, or of the log.
        line_end: What Enter sends.
        asked: What is sent if the question is answered with Enter, and the question.
        wanted: What has been typed of something to search for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.terminal = self._own = Terminal()
        self.live = self.look = self._own_look = Look(self.terminal)
        self._guest: _Shown | None = None
        self.mode = Mode.TYPING
        self.line_end: LineEnd = "CR"
        self.asked: tuple[bytes, str] = (b"", "")
        self.wanted = ""
        self.remark = ""
        self.sends_paste = False
        self._unsubscribe: Callable[[], None] | None = None
        self._refused = ""
        self._silent = False
        self._painted_at = 0.0
        self._due: Timer | None = None

    @property
    def line(self) -> SerialLine | Duplex | None:
        """The guest's console that is typed to, else the board's serial line, if it has one."""
        return self.joined or self.source.serial_console

    @property
    def joined(self) -> Duplex | None:
        """The guest's console that is shown instead of the board's line; None for none."""
        desk = self.source.hypervisor
        return desk.joined if desk is not None else None

    @property
    def replays(self) -> bool:
        """Whether this is a recording: keys are the console's then."""
        return self.source.playback is not None

    @property
    def panel(self) -> TerminalPanel:
        """The terminal as a widget."""
        return self.query_one(TerminalPanel)

    def key(self, event: events.Key) -> None:
        """Take a key; all keys come here."""
        raise NotImplementedError

    def paste(self, text: str) -> None:
        """Take a pasted text."""
        raise NotImplementedError

    def body(self) -> ComposeResult:
        """Yield the terminal, and the seek bar of a recording."""
        yield TerminalPanel(self.look, self.key, self.paste, id="terminal")
        yield from self.seek_bar()

    def on_mount(self) -> None:
        """Show what the line said before, and what it says from now on."""
        if (line := self.source.serial_console) is not None:
            self._own.feed_history(line.scrollback)
            self._silent = not line.scrollback
            self._unsubscribe = line.subscribe(self._heard)

    def on_unmount(self) -> None:
        """Listen no longer."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self._guest is not None:
            self._guest.stop()

    def frame(self, status: Status) -> None:
        """Take what came, and show how the line is."""
        line = self.line
        if line is not None and not refusal(status, line.name):
            self._refused = ""
        self.show_position()
        if self._due is None:  # else it is painted in a moment anyway
            self.paint()

    def paint(self) -> None:
        """Take what there is time for, and paint it."""
        if self._due is not None:
            self._due.stop()
            self._due = None
        self._attend()
        panel = self.panel
        panel.fit()
        self.terminal.settle()
        if self.terminal is not self._own:  # the board's line goes on meanwhile
            self._own.settle()
            self._own.screen.answers()  # who asked then gets none, as where nobody looks
        if not self.is_active or not self.size:
            self._take_soon()
            return
        self._painted_at = time.monotonic()
        self._answer()
        panel.look = self.look
        panel.title, panel.info = self._title(), self._info()
        panel.overlay = self.overlay(panel.size.width)
        panel.repaint()
        self._take_soon()

    def overlay(self, room: int) -> list[Row]:
        """Return the rows that cover the lowest of the terminal."""
        said = self._asked_for() or self.remark or self._refused or self._how_it_is()
        return menu.said(said, room) if said else []

    def _asked_for(self) -> str:
        """Say what the next key does, where that is special."""
        if self.mode is Mode.ASKED:
            return f"{self.asked[1]}  Enter sends, any other key drops"
        if self.mode is Mode.QUERY:
            return f"/{self.wanted}▏   Enter searches, Esc does not"
        if self.mode is Mode.CONTROL:
            return "the next key is sent with Ctrl: [ is ESC, @ NUL, ? DEL"
        return ""

    def _how_it_is(self) -> str:
        """Say why nothing moves: the picture stands still, or nothing was said yet."""
        if self.look.paused:
            since = f"{self.look.since:,} lines since" if self.look.since else "nothing new yet"
            return f"paused: {since}; Ctrl+] p goes on"
        line = self.source.serial_console
        seen = self._silent and self.mode is Mode.TYPING and self.look is self._own_look
        if not seen or line is None or not line.is_open or self.replays or self.host.read_only:
            return ""
        return "nothing came yet: Enter asks the board for its prompt"

    def ask(self, data: bytes, question: str) -> None:
        """Send something if the person says so."""
        if self.may_type():
            self.asked, self.mode = (data, question), Mode.ASKED

    def write(self, data: bytes) -> None:
        """Type something, if that may be."""
        if self.may_type() and self.line is not None:
            try:
                self.line.write(data)
            except Problem as problem:
                self.tell(problem)

    async def send_paced(self, data: bytes) -> None:
        """Send in pieces that a UART's FIFO takes; Ctrl+C ends it."""
        self.sends_paste = True
        for at in range(0, len(data), _PASTE_BYTES):
            if not self.sends_paste or not self.may_type() or self.line is None:
                break
            self.line.write(data[at : at + _PASTE_BYTES])
            await asyncio.sleep(_PASTE_PAUSE_S)
        self.sends_paste = False

    def may_type(self) -> bool:
        """Return whether something may be typed now; say why not."""
        if self.line is None:
            self.tell(
                LinkProblem("this board has no serial line", hint="add serial = to its table")
            )
            return False
        self._refused = refusal(self.source.status, self.line.name)
        return not self._refused

    def _heard(self, data: bytes) -> None:
        take = self._own.feed_history if self.replays else self._own.feed
        take(data)
        self._silent = self._silent and not data
        self._take_soon()

    def _take_soon(self) -> None:
        """See to it that what waits is painted, but not more often than eyes can tell."""
        if self._due is None and (self.terminal.waits or self._own.waits):
            rest = self._painted_at + _LEAST_BETWEEN_PAINTS_S - time.monotonic()
            wait = max(rest, 0.001) if self.is_active else _UNSEEN_S
            self._due = self.set_timer(wait, self.paint)

    def _answer(self) -> None:
        """Tell the board what it asked its terminal, where typing is allowed."""
        answer = self.terminal.screen.answers()
        line = self.line
        if not answer or line is None or not line.is_open or self.host.read_only:
            return
        if not refusal(self.source.status, line.name):
            with contextlib.suppress(Problem):  # nobody asked for it here
                line.write(answer)

    def _attend(self) -> None:
        """Show the terminal of what is typed to: a guest's console, or the board's line."""
        joined, shown = self.joined, self._guest
        if joined is (shown.console if shown is not None else None):
            return
        if shown is not None:
            shown.stop()
        if joined is None:
            self._guest, self.terminal, self.live = None, self._own, self._own_look
        else:
            self.terminal = terminal = Terminal()
            self.live = Look(terminal)
            terminal.feed_history(joined.scrollback)

            def heard(data: bytes) -> None:
                terminal.feed(data)
                self._take_soon()

            self._guest = _Shown(joined, joined.subscribe(heard))
        self.look, self.mode = self.live, Mode.TYPING
        self.asked, self.remark, self.sends_paste = (b"", ""), "", False
        self.panel.look = self.look

    def _title(self) -> str:
        if self.look is not self.live:
            return "serial · what the log holds"
        if self._guest is not None:
            return f"{plain(self._guest.console.name, 60)} · Ctrl+] g leaves it"
        guest = self.source.status.typing_to
        to = f" · typing to {plain(guest, 40)}" if guest else ""
        return f"serial · {self.line.name}{to}" if self.line is not None else "serial"

    def _info(self) -> tuple[tuple[str, int], ...]:
        line, muted = self.line, int(Role.MUTED)
        if line is None:
            return (("this board has no serial line", int(Role.WARN)),)
        status = self.source.status
        columns, rows = self.terminal.size
        parts = [f"{columns}×{rows}"]
        if self.line_end != "CR":
            parts.append(f"Enter {self.line_end}")
        if not self.replays:
            logged = status.recording and self._guest is None
            parts.append("log on" if logged else "log off")
        if self.look.at is not None:
            at, end = self.look.at - self.look.oldest + 1, self.look.end - self.look.oldest
            parts.append(f"line {at:,} of {end:,}")
        elif self.look.back:
            parts.append(f"{self.look.back:,} lines back")
        if self.terminal.skipped:
            parts.append(f"{self.terminal.skipped >> 10:,} KiB not shown")
        busy = bool(line.is_open and refusal(status, line.name))
        good = line.is_open and not busy
        state = "busy" if busy else line.state
        out = [(" · ".join(parts), muted), (state, int(Role.GOOD if good else Role.WARN))]
        if self.look.terminal.alarms:
            number = self.look.terminal.alarms
            out.insert(0, (f"{number} alarm{'s' * (number > 1)}", int(Role.BAD)))
        return tuple(out)
