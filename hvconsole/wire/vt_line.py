"""Lines of a terminal: what stands in each cell and how it is drawn."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from hvconsole.model.text import plain, width

Piece = tuple[str, int]
"""A text and the pen it is drawn with."""

COLOUR_BITS = 25
COLOUR_MASK = (1 << COLOUR_BITS) - 1
TRUE_COLOUR = 1 << 24
FLAGS_AT = 2 * COLOUR_BITS

BOLD, DIM, ITALIC, UNDERLINE, REVERSE, HIDDEN, STRIKE = (1 << (FLAGS_AT + n) for n in range(7))

_MARKS = 3  # code points in one cell: a letter and two marks


def pen_colours(pen: int) -> tuple[int, int]:
    """Return foreground and background of a pen.

    Returns:
        Each 0 for the default, 1 to 256 for an indexed colour (its number and 1), else
        `TRUE_COLOUR` with its 24 bits of red, green and blue.
    """
    return pen & COLOUR_MASK, (pen >> COLOUR_BITS) & COLOUR_MASK


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """A line that scrolled out and does not change any more.

    Attributes:
        pieces: Its texts without blanks at the end.
        wrapped: Whether the next line goes on with it.
        alarm: What is wrong, as the line says; empty for most.
    """

    pieces: tuple[Piece, ...]
    wrapped: bool = False
    alarm: str = ""

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(text for text, _ in self.pieces)


class Line:
    """A line of the screen.

    Attributes:
        chars: What stands in each cell; empty behind a character of two cells.
        pens: How each cell is drawn: 0 plainly, else two colours and flags in one figure.
        wrapped: Whether the next line goes on with it.
        alarm: What is wrong, as the line says.
    """

    __slots__ = ("_pieces", "alarm", "chars", "pens", "wrapped")

    def __init__(self, columns: int, pen: int = 0) -> None:
        self.chars = [" "] * columns
        self.pens = [pen] * columns
        self.wrapped = False
        self.alarm = ""
        self._pieces: list[Piece] | None = None

    def put(self, at: int, text: str, pen: int) -> None:
        """Write characters of one cell each; there is room for them."""
        end = at + len(text)
        self.split(at, end)
        self.chars[at:end] = text
        self.pens[at:end] = [pen] * (end - at)
        self._pieces = None

    def put_wide(self, at: int, char: str, pen: int) -> None:
        """Write a character of two cells."""
        self.split(at, at + 2)
        self.chars[at : at + 2] = [char, ""]
        self.pens[at : at + 2] = [pen, pen]
        self._pieces = None

    def add_mark(self, at: int, mark: str) -> None:
        """Put an accent on a character that stands there already."""
        while at > 0 and not self.chars[at]:
            at -= 1
        both = unicodedata.normalize("NFC", self.chars[at] + mark)
        if len(both) <= _MARKS and width(both) == width(self.chars[at]) and plain(both, 2) == both:
            self.chars[at] = both
            self._pieces = None

    def blank(self, begin: int, end: int, pen: int = 0) -> None:
        """Blank cells from one up to another."""
        end = min(end, len(self.chars))
        if begin < end:
            self.put(begin, " " * (end - begin), pen)

    def insert(self, at: int, count: int, pen: int) -> None:
        """Put blanks in between; what leaves on the right is gone."""
        columns = len(self.chars)
        count = min(count, columns - at)
        self.split(at, columns - count)
        self.chars[at:] = [" "] * count + self.chars[at : columns - count]
        self.pens[at:] = [pen] * count + self.pens[at : columns - count]
        self._pieces = None

    def delete(self, at: int, count: int, pen: int) -> None:
        """Take cells out; blanks come in from the right."""
        count = min(count, len(self.chars) - at)
        self.split(at, at + count)
        self.chars[at:] = self.chars[at + count :] + [" "] * count
        self.pens[at:] = self.pens[at + count :] + [pen] * count
        self._pieces = None

    def split(self, begin: int, end: int) -> None:
        """Blank characters of two cells that one of these borders cuts in half."""
        chars = self.chars
        for at in (begin, end):
            if 0 < at < len(chars) and not chars[at]:
                chars[at - 1] = chars[at] = " "
                self._pieces = None

    def resize(self, columns: int) -> None:
        """Cut on the right, or add blanks there."""
        more = columns - len(self.chars)
        if more < 0:
            self.split(columns, columns)
            del self.chars[columns:], self.pens[columns:]
        else:
            self.chars += [" "] * more
            self.pens += [0] * more
        self._pieces = None

    def pieces(self) -> list[Piece]:
        """Return the line as texts and pens; the same list until it changes."""
        if self._pieces is None:
            self._pieces = _pieces(self.chars, self.pens)
        return self._pieces

    @property
    def text(self) -> str:
        """The whole text, without blanks at the end unless the next line goes on with it."""
        text = "".join(self.chars)
        return text if self.wrapped else text.rstrip(" ")

    @property
    def is_blank(self) -> bool:
        """Whether nothing is written on it."""
        return self.chars.count(" ") == len(self.chars)

    def past(self) -> Past:
        """Return the line as it is kept after it scrolled out."""
        pieces = self.pieces()
        if not self.wrapped and pieces[-1][1] == 0:
            text = pieces[-1][0].rstrip(" ")
            pieces = [*pieces[:-1], (text, 0)] if text else pieces[:-1]
        return Past(tuple(pieces), self.wrapped, self.alarm)


def _pieces(chars: list[str], pens: list[int]) -> list[Piece]:
    first = pens[0]
    if pens.count(first) == len(pens):
        return [("".join(chars), first)]
    out: list[Piece] = []
    begin = 0
    for at in range(1, len(pens)):
        if pens[at] != pens[begin]:
            out.append(("".join(chars[begin:at]), pens[begin]))
            begin = at
    out.append(("".join(chars[begin:]), pens[begin]))
    return out


@lru_cache(maxsize=4096)
def cell(char: str) -> tuple[str, int]:
    """Return what is shown for a character, and how many cells it takes.

    Returns:
        What `hvconsole.model.text.plain` makes of it; ``("", 0)`` for what is not shown at all, and
        the character itself with 0 for a mark that belongs to the one before.
    """
    if unicodedata.category(char)[0] == "M":
        return (char, 0) if plain("a" + char, 2) == "a" + char else ("", 0)
    if char.isspace():
        return " ", 1
    shown = plain(char, 2)
    return (shown, width(shown)) if width(shown) > 0 else ("", 0)
