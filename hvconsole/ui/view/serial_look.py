"""Looking at what a terminal shows and showed: scrolling, pausing, searching, selecting."""

from __future__ import annotations

from itertools import islice

from hvconsole.ui.view.serial import AnyLine, Terminal

MOST_QUERY = 200


class Look:
    """Which part of a terminal's lines is seen.

    Lines have numbers that stay theirs: those that scrolled out first, then those of the screen.

    Args:
        terminal: What is looked at.

    Attributes:
        query: What is searched for, in any case; empty for nothing.
        mark: Number of the line where a selection began; None for none.
        at: Number of the line that keys move; None while nothing but the newest is looked at.
    """

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.query = ""
        self.mark: int | None = None
        self.at: int | None = None
        self._first: int | None = None  # the first line seen; None follows the newest
        self._frozen: tuple[int, list[AnyLine]] | None = None
        self._left_then = 0

    @property
    def paused(self) -> bool:
        """Whether the picture stands still."""
        return self._frozen is not None

    @property
    def follows(self) -> bool:
        """Whether the newest is seen."""
        return self._first is None

    @property
    def back(self) -> int:
        """How many lines the view is scrolled back."""
        return 0 if self._first is None else max(self.newest_first - self._first, 0)

    @property
    def since(self) -> int:
        """How many lines scrolled out since the picture stands still."""
        return self.terminal.left - self._left_then if self.paused else 0

    @property
    def oldest(self) -> int:
        """Number of the oldest line there is."""
        if self._frozen is not None:
            return self._frozen[0]
        return self.terminal.left - len(self.terminal.past)

    @property
    def end(self) -> int:
        """Number behind that of the last line."""
        if self._frozen is not None:
            return self._frozen[0] + len(self._frozen[1])
        return self.terminal.left + len(self.terminal.lines)

    @property
    def newest_first(self) -> int:
        """Number of the first line that is seen when the newest are."""
        return max(self.end - self.terminal.size[1], self.oldest)

    def pause(self) -> None:
        """Let the picture stand still; or go on."""
        if self._frozen is not None:
            self._frozen = None
            self.follow()
            return
        terminal = self.terminal
        screen = [line.past() for line in terminal.lines]
        self._frozen = self.oldest, [*terminal.past, *screen]
        self._left_then = terminal.left

    def follow(self) -> None:
        """Look at the newest."""
        self._first = self.at = self.mark = None

    def scroll(self, lines: int) -> None:
        """Go back by lines, forward if negative; forward to the end follows again."""
        first = self.newest_first if self._first is None else self._first
        first = max(first - lines, self.oldest)
        self._first = first if first < self.newest_first else None

    def begin(self) -> None:
        """Begin to move about, at the last line that is seen and holds something."""
        first, seen = self.seen()
        filled = [n for n, line in enumerate(seen) if line.text]
        self.at = first + (filled[-1] if filled else 0)
        self._first = first

    def move(self, lines: int) -> None:
        """Move down by lines, up if negative; the view comes along."""
        if self.at is None:
            self.begin()
        if self.at is not None:
            self.show(self.at + lines)

    def show(self, number: int) -> None:
        """Move to a line and bring it into view."""
        rows = self.terminal.size[1]
        self.at = number = min(max(number, self.oldest), self.end - 1)
        first = self.newest_first if self._first is None else self._first
        if not first <= number < first + rows:
            first = number - rows // 2
        self._first = min(max(first, self.oldest), self.newest_first)

    def find(self, query: str, step: int = -1) -> bool:
        """Search from where it stands, upwards (−1) or downwards (1); return whether it is there.

        Args:
            query: What to search for; small and capital letters are the same.
            step: The direction.
        """
        self.query = query[:MOST_QUERY]
        if not self.query:
            return False
        begin = self.end if self.at is None else self.at
        numbers = self.hits()
        if step < 0:
            found = next((n for n in reversed(numbers) if n < begin), None)
        else:
            found = next((n for n in numbers if n > begin), None)
        if found is None and numbers:
            found = numbers[-1] if step < 0 else numbers[0]  # go round
        if found is not None:
            self.show(found)
        return found is not None

    def hits(self) -> list[int]:
        """Return the numbers of all lines that hold what is searched for."""
        wanted = self.query.casefold()
        if not wanted:
            return []
        return [n for n, line in self._all() if wanted in line.text.casefold()]

    def alarm(self, step: int) -> bool:
        """Go to the next line with an alarm, upwards (−1) or downwards (1)."""
        begin = self.end if self.at is None else self.at
        numbers = [n for n, line in self._all() if line.alarm]
        near = [n for n in numbers if (n < begin if step < 0 else n > begin)]
        if near:
            self.show(near[-1] if step < 0 else near[0])
        return bool(near)

    def select(self) -> None:
        """Begin a selection at the line that keys move, or end it."""
        self.mark = self.at if self.mark is None else None

    @property
    def selection(self) -> range:
        """Numbers of the lines that are selected; empty without a selection."""
        if self.mark is None or self.at is None:
            return range(0)
        return range(min(self.mark, self.at), max(self.mark, self.at) + 1)

    def text(self) -> str:
        """Return the selected lines, or else those that are seen; wrapped ones made whole."""
        _, seen = self.seen()
        if self.selection:
            seen = [line for n, line in self._all() if n in self.selection]
        out = "".join(line.text + ("" if line.wrapped else "\n") for line in seen)
        return out.rstrip("\n") + "\n" if out.strip() else ""

    def seen(self) -> tuple[int, list[AnyLine]]:
        """Return the number of the first line seen, and the lines."""
        rows = self.terminal.size[1]
        if self._first is None and self._frozen is None:
            return self.terminal.left, list(self.terminal.lines)
        if self._first is None:
            first = self.newest_first
        else:
            first = self._first = max(self._first, self.oldest)
        return first, self._part(first, rows)

    def _part(self, first: int, count: int) -> list[AnyLine]:
        if self._frozen is not None:
            begin = first - self._frozen[0]
            return self._frozen[1][begin : begin + count]
        terminal = self.terminal
        begin = first - self.oldest
        # A deque counts its way from the nearer end.
        out: list[AnyLine] = [
            terminal.past[n] for n in range(begin, min(begin + count, len(terminal.past)))
        ]
        rest = count - len(out)
        skip = max(begin - len(terminal.past), 0)
        return [*out, *islice(terminal.lines, skip, skip + rest)]

    def _all(self) -> list[tuple[int, AnyLine]]:
        if self._frozen is not None:
            return list(enumerate(self._frozen[1], self.oldest))
        lines: list[AnyLine] = [*self.terminal.past, *self.terminal.lines]
        return list(enumerate(lines, self.oldest))
