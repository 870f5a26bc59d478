"""What happened on the board, newest first."""

from __future__ import annotations

from itertools import islice

from hvconsole.model import units
from hvconsole.model.text import clip, plain
from hvconsole.stream.snapshot import Snapshot
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.view.line import pad
from hvconsole.wire.values import STREAM_LANE, Hello, Note, NoteCode

_TEXT = 200
_TIME = 9
_LANE = 7
_SEVERITY = (("·", Role.MUTED), ("▲", Role.WARN), ("✕", Role.BAD))


def notes(snapshot: Snapshot, width: int, height: int) -> list[Row]:
    """Return the newest notes, newest first, at most `height` rows of `width` cells."""
    rows = _damage(snapshot)
    hello = snapshot.hello
    if hello is not None:
        told = (note for note in reversed(snapshot.notes) if note.code != NoteCode.BLIND)
        rows += [_row(note, hello) for note in islice(told, height)]
    if not rows:
        rows = [[("nothing to report", int(Role.MUTED))]]
    return [pad(row, width) for row in rows[:height]]


def damage(snapshot: Snapshot) -> str:
    """Say what the decoder had to give up; empty if nothing."""
    parts = (
        (snapshot.damaged_frames, "damaged frames"),
        (snapshot.lost_frames, "lost frames"),
        (snapshot.skipped_bytes, "bytes skipped"),
    )
    return " · ".join(f"{units.count(number)} {what}" for number, what in parts if number)


def _damage(snapshot: Snapshot) -> list[Row]:
    text = damage(snapshot)
    return [[("▲ on the way  ", int(Role.WARN)), (text, int(Role.TEXT))]] if text else []


def _row(note: Note, hello: Hello) -> Row:
    symbol, role = _SEVERITY[min(max(note.severity, 0), len(_SEVERITY) - 1)]
    when = units.clock(hello.clock.ns(note.start - hello.start_tick) / 1e9)
    lane = "" if note.lane == STREAM_LANE else f"CPU {note.lane}"
    return [
        (f"{symbol} ", int(role)),
        (f"{clip(when, _TIME):>{_TIME}}  ", int(Role.MUTED)),
        (f"{lane:<{_LANE}}", int(Role.TEXT)),
        (say(note, hello), int(Role.TEXT)),
    ]


def say(note: Note, hello: Hello) -> str:
    """Say in one sentence what a note means."""
    text = plain(note.text, _TEXT)
    lasted = units.duration(hello.clock.ns(max(note.end - note.start, 0)))
    match note.code:
        case NoteCode.BLIND:
            said = f"not sampled for {lasted}"
        case NoteCode.RING_FULL:
            said = "ring full, lengths by histogram from here"
        case NoteCode.RING_FREE:
            said = f"recording one by one again, {units.count(note.value)} by histogram"
        case NoteCode.BACKWARD:
            said = f"counter stepped back by {units.count(note.value)} ticks"
        case NoteCode.MOVED:
            found = f"thread found itself on CPU {note.value}"
            said = found if note.severity else "sampled again"
        case NoteCode.STALLED:
            said = f"the reader took nothing for {units.duration(float(note.value))}"
        case NoteCode.MESSAGE:
            return text or "message without text"
        case _:
            said = f"note {int(note.code)}, value {note.value}"
    return f"{said}: {text}" if text else said
