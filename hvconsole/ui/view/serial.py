"""What a serial console's terminal shows: any bytes in, a screen of plain characters out."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence

from hvconsole.link.serial_name import goes_over
from hvconsole.model.status import Status
from hvconsole.wire.console import AlarmFinder, AlarmKind
from hvconsole.wire.vt_line import Line, Past
from hvconsole.wire.vt_screen import Screen

SCROLLBACK = 5000
MOST_WAITING = 64 << 10
_SLICE = 256  # bytes between looks at the clock: of the costliest sequences some 10 ms
_FRAME_S = 0.004
_MOST_LINE = 4096
REBOOT = AlarmKind.REBOOT.value

AnyLine = Line | Past


class Terminal:
    """A terminal without a screen of its own.

    Titles, clipboards and pictures go nowhere: only characters get out. A frame takes what it has
    time for; the rest waits. What is more than `MOST_WAITING` is skipped, and counted.

    Args:
        columns: Width in cells.
        rows: Height in lines.
        kept: How many lines are kept that scrolled out.
        clock: Tells seconds.

    Attributes:
        screen: The terminal's screen.
        past: What scrolled out, oldest first.
        left: How many lines ever scrolled out: the number of the screen's first line.
        skipped: Bytes that were never shown; the log has them.
        alarms: How many alarms were met, restarts of the board left out.
    """

    def __init__(
        self,
        columns: int = 80,
        rows: int = 24,
        *,
        kept: int = SCROLLBACK,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.past: deque[Past] = deque(maxlen=kept)
        self.left = 0
        self.skipped = 0
        self.alarms = 0
        self.screen = Screen(columns, rows, self._scrolled, self._ended, self._forget)
        self._clock = clock
        self._finder = AlarmFinder()
        self._waiting = bytearray()
        self._history = 0  # of what waits, so much came before the screen was opened

    def feed(self, data: bytes) -> None:
        """Take bytes as they came; they are shown with the next frames."""
        self._waiting += data
        excess = len(self._waiting) - self._history - MOST_WAITING
        if excess > 0:
            self._skip(excess)

    def feed_history(self, data: bytes) -> None:
        """Take what came before; all of it is shown, and nothing in it is answered."""
        self._waiting += data
        self._history = len(self._waiting)

    def settle(self) -> bool:
        """Take what there is time for; return whether anything may have changed."""
        if not self._waiting:
            return False
        end = self._clock() + _FRAME_S
        while self._waiting:
            portion = bytes(self._waiting[:_SLICE])
            del self._waiting[:_SLICE]
            self.screen.feed(portion)
            if self._history > 0:
                self._history = max(self._history - len(portion), 0)
                self.screen.answers()
            if self._clock() >= end:
                break
        return True

    def settle_all(self) -> None:
        """Take everything that waits, however long it takes."""
        while self._waiting:
            self.settle()

    @property
    def waits(self) -> bool:
        """Whether something is to be taken yet."""
        return bool(self._waiting)

    def resize(self, columns: int, rows: int) -> None:
        """Take another size, in cells."""
        if columns > 0 and rows > 0:
            self.screen.resize(columns, rows)

    def clear(self) -> None:
        """Forget what is seen and what scrolled out; the board is told nothing."""
        grid = self.screen.grid
        kept = grid.lines[grid.y]
        grid.lines = [kept, *(Line(grid.columns) for _ in range(grid.rows - 1))]
        grid.y = 0  # the line with the prompt stays
        self._forget()

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines."""
        return self.screen.grid.columns, self.screen.grid.rows

    @property
    def cursor(self) -> tuple[int, int] | None:
        """Column and line of the cursor; None where it is not shown."""
        grid = self.screen.grid
        if not self.screen.cursor_shown:
            return None
        return min(grid.x, grid.columns - 1), grid.y

    @property
    def lines(self) -> Sequence[Line]:
        """The lines of the screen."""
        return self.screen.grid.lines

    def _skip(self, excess: int) -> None:
        """Drop the oldest, up to the end of a line if there is one near."""
        at = self._waiting.find(b"\n", excess, excess + _MOST_LINE)
        excess = at + 1 if at >= 0 else excess
        del self._waiting[:excess]
        self._history = 0
        self.skipped += excess
        self.screen.lost()

    def _scrolled(self, line: Past) -> None:
        self.past.append(line)
        self.left += 1

    def _forget(self) -> None:
        self.past.clear()
        self.alarms = sum(line.alarm not in {"", REBOOT} for line in self.lines)

    def _ended(self, lines: list[Line]) -> None:
        """Look at a line that has ended; mark it if it tells of something grave."""
        text = "".join(line.text for line in lines)
        if not text:
            return
        for alarm in self._finder.feed(text.encode("utf-8", "replace")):
            lines[-1].alarm = alarm.kind.value.replace("-", " ")
            self.alarms += lines[-1].alarm != REBOOT  # those are often asked for


def refusal(status: Status, line: str) -> str:
    """Return why nothing may be typed now; empty if it may.

    Args:
        status: The state of affairs.
        line: Name of the serial line.
    """
    if status.link == "replay":
        return "a recording: nothing can be typed"
    if status.read_only:
        return "read-only: typing could change the board"
    if status.typing_to and status.run not in {"preparing", "running", "ending"}:
        return ""
    if status.link == "connected" and goes_over(status.link_detail, line):
        doing = "a run measures" if status.run in {"preparing", "running"} else "the session works"
        return f"{doing} over this line: typing would spoil it"
    return ""
