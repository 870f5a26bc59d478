"""A terminal's lines as rows of cells: exactly as wide as the room, hits and selection marked."""

from __future__ import annotations

from hvconsole.model.text import width
from hvconsole.ui.chart.cells import Role, Row, selected
from hvconsole.ui.view.line import pad
from hvconsole.ui.view.serial import REBOOT, AnyLine
from hvconsole.ui.view.serial_look import Look
from hvconsole.wire.vt_line import HIDDEN, REVERSE, Line

PEN = 1 << 60
"""Roles from here on are pens of the terminal."""

CURSOR = PEN | REVERSE
_ALARM = " ◀ {} "


def rows(look: Look, room: int, height: int, *, cursor: bool) -> list[Row]:
    """Return what is seen of a terminal.

    Args:
        look: Which part of it.
        room: Width of every row in cells.
        height: The most rows.
        cursor: Whether to show where the cursor is.
    """
    first, lines = look.seen()
    out = [row_of(line, room) for line in lines[:height]]
    wanted = look.query.casefold()
    for y, line in enumerate(lines[:height]):
        number = first + y
        if line.alarm:
            out[y] = _with_alarm(out[y], line.alarm, room)
        if number in look.selection:
            out[y] = [(text, selected(int(Role.TEXT))) for text, _ in out[y]]
        if wanted:
            out[y] = _with_hits(out[y], wanted, current=number == look.at)
        if number == look.at:
            out[y] = over(out[y], 0, 1, CURSOR)
    place = look.terminal.cursor
    if cursor and place is not None and look.follows and not look.paused and place[1] < height:
        x, y = place
        at = _index_of(look.terminal.lines[y], x)
        out[y] = over(out[y], at, at + 1, CURSOR)
    return out


def row_of(line: AnyLine, room: int) -> Row:
    """Return a line as a row; what is to be hidden (a password, typed) becomes blanks."""
    pieces = line.pieces() if isinstance(line, Line) else line.pieces
    row: Row = [
        (" " * width(text) if pen & HIDDEN else text, pen | PEN if pen else int(Role.TEXT))
        for text, pen in pieces
    ]
    if isinstance(line, Line) and len(line.chars) == room:
        return row
    return pad(row, room)


def over(row: Row, begin: int, end: int, role: int) -> Row:
    """Give characters of a row, from one up to another, a different role."""
    out: Row = []
    at = 0
    for text, own in row:
        here, at = at, at + len(text)
        if here >= end or at <= begin:
            out.append((text, own))
            continue
        before, after = max(begin - here, 0), min(end - here, len(text))
        for part, its in ((text[:before], own), (text[before:after], role), (text[after:], own)):
            if part:
                out.append((part, its))
    return out


def _with_hits(row: Row, wanted: str, *, current: bool) -> Row:
    text = "".join(part for part, _ in row)
    folded = text.casefold()
    if len(folded) != len(text):  # some capitals become two letters: places would be off
        folded = text.lower() if len(text.lower()) == len(text) else text
    role = int(Role.ALERT if current else Role.CHIP)
    at = folded.find(wanted)
    while at >= 0:
        row = over(row, at, at + len(wanted), role)
        at = folded.find(wanted, at + len(wanted))
    return row


def _with_alarm(row: Row, alarm: str, room: int) -> Row:
    """Put what is wrong at the end of the line that says so; what stood there gives way."""
    said = _ALARM.format(alarm)
    if width(said) > room // 2:
        said = " ◀ "
    if width(said) > room:
        return row
    left = room - width(said)
    text = "".join(part for part, _ in row).rstrip(" ")
    role = Role.BANNER if alarm == REBOOT else Role.ALERT
    return [*pad(_first(row, len(text)), left), (said, int(role))]


def _first(row: Row, count: int) -> Row:
    """Return the first characters of a row."""
    out: Row = []
    for text, role in row:
        if count > 0:
            out.append((text[:count], role))
        count -= len(text)
    return out


def _index_of(line: Line, column: int) -> int:
    """Return at which character of a line's text a column is."""
    chars = line.chars[:column]
    return sum(map(len, chars)) - (0 if line.chars[column] else 1)
