"""The cells of a terminal's screen, its cursor, and what edits them."""

from __future__ import annotations

from collections.abc import Callable

from hvconsole.wire.vt_line import COLOUR_BITS, COLOUR_MASK, Line, Past, cell

_TAB = 8


class Grid:
    """Lines of cells and a cursor. Every figure from outside is cut to what there is room for.

    Args:
        columns: Width in cells, at least 1.
        rows: Height in lines, at least 1.
        leave: Takes lines that scroll out at the top.

    Attributes:
        x: Column of the cursor; ``columns`` while it waits behind the last cell to wrap.
        y: Line of the cursor.
        pen: How characters are drawn that are written now.
        top: First line of the region that scrolls.
        bottom: Last line of it.
    """

    def __init__(self, columns: int, rows: int, leave: Callable[[Past], None]) -> None:
        self.columns, self.rows = columns, rows
        self.lines = [Line(columns) for _ in range(rows)]
        self.x = self.y = 0
        self.pen = 0
        self.top, self.bottom = 0, rows - 1
        self.wraps = True
        self.inserts = False
        self.origin = False
        self.stops = set(range(_TAB, columns, _TAB))
        self.last = ""
        self._leave = leave

    @property
    def blank_pen(self) -> int:
        """What erased cells look like: they keep the background that is set."""
        return self.pen & (COLOUR_MASK << COLOUR_BITS)

    @property
    def line(self) -> Line:
        """The line the cursor is on."""
        return self.lines[self.y]

    def whole_line(self) -> list[Line]:
        """Return the line the cursor is on, with those before that go on with it."""
        first = self.y
        while first > 0 and self.lines[first - 1].wrapped:
            first -= 1
        return self.lines[first : self.y + 1]

    def put(self, text: str) -> None:
        """Write characters where the cursor is."""
        if text.isascii() and not self.inserts:
            self._put_narrow(text)
        else:
            for char in text:
                self._put_one(*cell(char))
        self.last = text[-1]

    def _put_narrow(self, text: str) -> None:
        at, end = 0, len(text)
        while at < end:
            self._wrap_if_due(1)
            part = text[at : at + self.columns - self.x]
            self.line.put(self.x, part, self.pen)
            self.x += len(part)
            at += len(part)
            if not self.wraps and self.x >= self.columns:
                self.x = self.columns - 1
                self.line.put(self.x, text[-1], self.pen)
                return

    def _put_one(self, shown: str, cells: int) -> None:
        if cells == 0:
            if shown and self.x > 0:
                self.line.add_mark(min(self.x, self.columns) - 1, shown)
            return
        if cells > self.columns:
            shown, cells = "?", 1
        self._wrap_if_due(cells)
        if self.inserts:
            self.line.insert(self.x, cells, self.pen)
        if cells == 1:
            self.line.put(self.x, shown, self.pen)
        else:
            self.line.put_wide(self.x, shown, self.pen)
        self.x += cells
        if not self.wraps:
            self.x = min(self.x, self.columns - 1)

    def _wrap_if_due(self, cells: int) -> None:
        if self.x + cells <= self.columns:
            return
        if not self.wraps:
            self.x = self.columns - cells
            return
        self.line.wrapped = True
        self.x = 0
        self.index()

    def index(self) -> None:
        """Go a line down; at the end of the region it scrolls."""
        if self.y == self.bottom:
            self.scroll_up(1)
        elif self.y < self.rows - 1:
            self.y += 1

    def reverse_index(self) -> None:
        """Go a line up; at the beginning of the region it scrolls."""
        if self.y == self.top:
            self.scroll_down(1)
        elif self.y > 0:
            self.y -= 1

    def scroll_up(self, count: int) -> None:
        """Let lines leave at the region's top, blank ones come in at its bottom."""
        for _ in range(min(count, self.bottom - self.top + 1)):
            gone = self.lines.pop(self.top)
            if self.top == 0:
                self._leave(gone.past())
            self.lines.insert(self.bottom, Line(self.columns, self.blank_pen))

    def scroll_down(self, count: int) -> None:
        """Let blank lines come in at the region's top."""
        for _ in range(min(count, self.bottom - self.top + 1)):
            self.lines.pop(self.bottom)
            self.lines.insert(self.top, Line(self.columns, self.blank_pen))

    def insert_lines(self, count: int) -> None:
        """Insert lines at the cursor, within the region."""
        if self.top <= self.y <= self.bottom:
            for _ in range(min(count, self.bottom - self.y + 1)):
                self.lines.pop(self.bottom)
                self.lines.insert(self.y, Line(self.columns, self.blank_pen))
            self.x = 0

    def delete_lines(self, count: int) -> None:
        """Take lines out at the cursor, within the region."""
        if self.top <= self.y <= self.bottom:
            for _ in range(min(count, self.bottom - self.y + 1)):
                self.lines.pop(self.y)
                self.lines.insert(self.bottom, Line(self.columns, self.blank_pen))
            self.x = 0

    def move(self, right: int, down: int) -> None:
        """Move the cursor; it stops at the edges, and at the region's if it is inside."""
        top = self.top if self.y >= self.top else 0
        bottom = self.bottom if self.y <= self.bottom else self.rows - 1
        self.x = min(max(min(self.x, self.columns - 1) + right, 0), self.columns - 1)
        self.y = min(max(self.y + down, top), bottom)

    def go(self, column: int | None, row: int | None) -> None:
        """Put the cursor somewhere, from 0; None leaves it."""
        if column is not None:
            self.x = min(max(column, 0), self.columns - 1)
        if row is not None:
            first, last = (self.top, self.bottom) if self.origin else (0, self.rows - 1)
            self.y = min(max(row + first, first), last)

    def tab(self, count: int) -> None:
        """Go to a tabulator, to an earlier one if the count is negative."""
        for _ in range(min(abs(count), self.columns)):
            if count > 0:
                after = (stop for stop in self.stops if stop > self.x)
                self.x = min(after, default=self.columns - 1)
            else:
                self.x = max((stop for stop in self.stops if stop < self.x), default=0)

    def erase_line(self, what: int) -> None:
        """Blank the line from the cursor on (0), up to it (1), or all of it (2)."""
        x = min(self.x, self.columns - 1)
        begin, end = ((x, self.columns), (0, x + 1), (0, self.columns))[what]
        self.line.blank(begin, end, self.blank_pen)
        if what != 1:
            self.line.wrapped = False

    def erase_screen(self, what: int) -> None:
        """Blank the screen from the cursor on (0), up to it (1), or all of it (2)."""
        if what < 2:  # noqa: PLR2004  # all of it needs no part of a line
            self.erase_line(what)
        rows = (range(self.y + 1, self.rows), range(self.y), range(self.rows))[what]
        for y in rows:
            self.lines[y] = Line(self.columns, self.blank_pen)

    def edit(self, final: str, count: int) -> None:
        """Insert (``@``), delete (``P``) or blank (``X``) cells at the cursor."""
        x = min(self.x, self.columns - 1)
        if final == "@":
            self.line.insert(x, count, self.blank_pen)
        elif final == "P":
            self.line.delete(x, count, self.blank_pen)
        else:
            self.line.blank(x, x + count, self.blank_pen)

    def set_region(self, top: int, bottom: int) -> None:
        """Set the region that scrolls, from 0; one that makes no sense is left."""
        bottom = min(bottom, self.rows - 1)
        if 0 <= top < bottom:
            self.top, self.bottom = top, bottom
            self.go(0, 0)

    def resize(self, columns: int, rows: int) -> None:
        """Take another size: lines leave at the top, or come in at the bottom."""
        if columns != self.columns:
            self._resize_lines(columns)
        while self.rows > rows:
            self.rows -= 1
            if self.y < self.rows:  # what is below the cursor is blank, mostly
                self.lines.pop()
            else:
                self._leave(self.lines.pop(0).past())
                self.y -= 1
        while self.rows < rows:
            self.lines.append(Line(columns))
            self.rows += 1
        self.top, self.bottom = 0, rows - 1
        self.x, self.y = min(self.x, columns), min(max(self.y, 0), rows - 1)

    def _resize_lines(self, columns: int) -> None:
        for line in self.lines:
            line.resize(columns)
        self.columns = columns
        self.stops = {stop for stop in self.stops if stop < columns}
        self.stops |= set(range(_TAB, columns, _TAB))
