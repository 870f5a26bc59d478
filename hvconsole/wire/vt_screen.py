"""A terminal without a picture: what a VT220 with colours does with a stream of bytes.

Titles, clipboards, pictures and palettes end here. Questions are answered only where somebody
takes the answers, and only with figures of our own: size and place of the cursor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hvconsole.wire.vt import Parameters, Parser
from hvconsole.wire.vt_acts import ACTS, MOVES
from hvconsole.wire.vt_grid import Grid
from hvconsole.wire.vt_line import Line, Past

_GRAPHICS = str.maketrans(
    "`abcdefghijklmnopqrstuvwxyz{|}~", "◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·"
)  # DEC special graphics, what dialog and menuconfig draw their lines with
_MOST_ANSWERS = 4
_ALTERNATE = frozenset({47, 1047, 1049})


@dataclass(frozen=True, slots=True)
class _Saved:
    x: int = 0
    y: int = 0
    pen: int = 0
    charsets: tuple[str, str] = ("B", "B")
    shifted: int = 0
    origin: bool = False


class Screen:
    """Bytes in, lines of cells out.

    Args:
        columns: Width in cells, at least 1.
        rows: Height in lines, at least 1.
        leave: Takes lines that scroll out at the top of the main screen.
        ended: Is told of every line that a line feed ends on the main screen, with those before
            that go on with it.
        forget: Asks that what scrolled out be forgotten.

    Attributes:
        cursor_shown: Whether the cursor is to be seen.
        application_keys: Whether arrow keys send their other sequences.
        bracketed_paste: Whether pasted text is to be marked as such.
    """

    def __init__(
        self,
        columns: int,
        rows: int,
        leave: Callable[[Past], None] = lambda _: None,
        ended: Callable[[list[Line]], None] = lambda _: None,
        forget: Callable[[], None] = lambda: None,
    ) -> None:
        self._leave, self._ended, self._forget = leave, ended, forget
        self._parser = Parser(self)
        self._begin(columns, rows)

    def _begin(self, columns: int, rows: int) -> None:
        self._main = Grid(columns, rows, self._leave)
        self._alternate: Grid | None = None
        self.grid = self._main
        self.cursor_shown = True
        self.application_keys = False
        self.bracketed_paste = False
        self._line_feed_returns = False
        self._charsets = ("B", "B")
        self._shifted = 0
        self._saved = _Saved()
        self._answers: list[bytes] = []

    @property
    def on_alternate(self) -> bool:
        """Whether the alternate screen is shown (editors, pagers)."""
        return self._alternate is not None

    def feed(self, data: bytes) -> None:
        """Take bytes, in any portions."""
        self._parser.feed(data)

    def lost(self) -> None:
        """Take notice that bytes are missing here: what was begun is not gone on with."""
        self._parser.reset()

    def answers(self) -> bytes:
        """Return, once, what the board asked to be told."""
        answer = b"".join(self._answers)
        self._answers.clear()
        return answer

    def resize(self, columns: int, rows: int) -> None:
        """Take another size."""
        self._main.resize(columns, rows)
        if self._alternate is not None:
            self._alternate.resize(columns, rows)

    def write(self, text: str) -> None:
        """Put characters."""
        if self._charsets[self._shifted] == "0":
            text = text.translate(_GRAPHICS)
        self.grid.put(text)

    def control(self, char: str) -> None:
        """Do what a control character says."""
        grid = self.grid
        if char in "\n\x0b\x0c":
            if grid is self._main:
                self._ended(grid.whole_line())
            if self._line_feed_returns:
                grid.x = 0
            grid.index()
        elif char == "\r":
            grid.x = 0
        elif char == "\b":
            grid.x = max(min(grid.x, grid.columns - 1) - 1, 0)
        elif char == "\t":
            grid.tab(1)
        elif char in "\x0e\x0f":
            self._shifted = int(char == "\x0e")

    def escape(self, intermediate: str, final: str) -> None:
        """Do what an escape sequence says."""
        grid = self.grid
        match intermediate, final:
            case "", "7":
                self._save()
            case "", "8":
                self._restore()
            case "", "D":
                grid.index()
            case "", "E":
                grid.go(0, None)
                grid.index()
            case "", "M":
                grid.reverse_index()
            case "", "H":
                grid.stops.add(min(grid.x, grid.columns - 1))
            case "", "c":
                self._keep_screen()
                self._begin(grid.columns, grid.rows)
            case "#", "8":
                self._align()
            case "(" | ")", _:
                first, second = self._charsets
                self._charsets = (final, second) if intermediate == "(" else (first, final)

    def sequence(self, mark: str, parameters: Parameters, intermediate: str, final: str) -> None:
        """Do what a control sequence says."""
        if intermediate == "!" and final == "p":
            self._soft_reset()
        elif intermediate:
            return
        elif mark == "?" and final in "hl":
            for figure in parameters:
                self._private_mode(figure, on=final == "h")
        elif mark == "" or (mark == "?" and final in "JK"):
            self._plain(parameters, final)

    def _plain(self, parameters: Parameters, final: str) -> None:
        grid, count = self.grid, parameters.steps()
        if final in MOVES:
            right, down, returns = MOVES[final]
            grid.move(right * count, down * count)
            if returns:
                grid.x = 0
        elif final in "@PX":
            grid.edit(final, count)
        elif (act := ACTS.get(final)) is not None:
            act(grid, parameters)
        elif (own := _ACTS.get(final)) is not None:
            own(self, grid, parameters)

    def erase(self, grid: Grid, figures: Parameters) -> None:
        """Blank the screen or a part; 3 forgets what scrolled out."""
        what = figures.value(0)
        if what == 3:  # noqa: PLR2004  # xterm's figure for it
            self._forget()
        elif what <= 2:  # noqa: PLR2004
            if what == 2 and grid is self._main:  # noqa: PLR2004
                self._keep_screen()
            grid.erase_screen(what)

    def answer(self, grid: Grid, figures: Parameters) -> None:
        """Answer: all is well (5), or where the cursor is (6)."""
        if len(self._answers) >= _MOST_ANSWERS:
            return
        if figures.value(0) == 5:  # noqa: PLR2004
            self._answers.append(b"\x1b[0n")
        elif figures.value(0) == 6:  # noqa: PLR2004
            x, y = min(grid.x, grid.columns - 1), grid.y - (grid.top if grid.origin else 0)
            self._answers.append(f"\x1b[{y + 1};{x + 1}R".encode())

    def say_what(self, _grid: Grid, figures: Parameters) -> None:
        """Answer what this is: a VT102."""
        if figures.value(0) == 0 and len(self._answers) < _MOST_ANSWERS:
            self._answers.append(b"\x1b[?6c")

    def mode(self, grid: Grid, figures: Parameters, *, on: bool) -> None:
        """Set or reset: insert (4), line feeds return (20)."""
        for figure in figures:
            if figure == 4:  # noqa: PLR2004
                grid.inserts = on
            elif figure == 20:  # noqa: PLR2004
                self._line_feed_returns = on

    def _private_mode(self, figure: int, *, on: bool) -> None:
        grid = self.grid
        if figure == 1:
            self.application_keys = on
        elif figure == 6:  # noqa: PLR2004
            grid.origin = on
            grid.go(0, 0)
        elif figure == 7:  # noqa: PLR2004
            grid.wraps = on
            grid.x = min(grid.x, grid.columns - 1)
        elif figure == 25:  # noqa: PLR2004
            self.cursor_shown = on
        elif figure == 2004:  # noqa: PLR2004
            self.bracketed_paste = on
        elif figure == 1048:  # noqa: PLR2004
            self._save() if on else self._restore()
        elif figure in _ALTERNATE:
            self._switch(on=on, saves=figure == 1049)  # noqa: PLR2004

    def _switch(self, *, on: bool, saves: bool) -> None:
        if on and self._alternate is None:
            if saves:
                self._save()
            main = self._main
            self._alternate = self.grid = Grid(main.columns, main.rows, lambda _: None)
            self.grid.x, self.grid.y, self.grid.pen = main.x, main.y, main.pen
        elif not on and self._alternate is not None:
            self._main.pen = self.grid.pen
            self._alternate, self.grid = None, self._main
            if saves:
                self._restore()

    def _keep_screen(self) -> None:
        """Let what a program clears be found among what scrolled out."""
        lines = self._main.lines
        filled = [at for at, line in enumerate(lines) if not line.is_blank]
        for line in lines[: filled[-1] + 1 if filled else 0]:
            self._leave(line.past())

    def _save(self) -> None:
        g = self.grid
        self._saved = _Saved(g.x, g.y, g.pen, self._charsets, self._shifted, g.origin)

    def _restore(self) -> None:
        saved, grid = self._saved, self.grid
        grid.x, grid.y = min(saved.x, grid.columns), min(saved.y, grid.rows - 1)
        grid.pen, grid.origin = saved.pen, saved.origin
        self._charsets, self._shifted = saved.charsets, saved.shifted

    def _soft_reset(self) -> None:
        grid = self.grid
        grid.wraps, grid.inserts, grid.origin, grid.pen = True, False, False, 0
        grid.top, grid.bottom = 0, grid.rows - 1
        self.cursor_shown, self.application_keys = True, False
        self._charsets, self._shifted, self._saved = ("B", "B"), 0, _Saved()

    def _align(self) -> None:
        for line in self.grid.lines:
            line.put(0, "E" * self.grid.columns, 0)
        self.grid.x = self.grid.y = 0


# What concerns more than the grid; the rest is `vt_acts.ACTS`.
_ACTS: dict[str, Callable[[Screen, Grid, Parameters], None]] = {
    "J": Screen.erase,
    "c": Screen.say_what,
    "h": lambda screen, grid, p: screen.mode(grid, p, on=True),
    "l": lambda screen, grid, p: screen.mode(grid, p, on=False),
    "n": Screen.answer,
    "s": lambda screen, _grid, _p: screen._save(),  # noqa: SLF001  # of this module
    "u": lambda screen, _grid, _p: screen._restore(),  # noqa: SLF001  # of this module
}
