"""What may have taken the CPU, switch by switch: by rules that can be checked by hand, no evidence.

The rules are those of the console's read-out under the cursor, and the artefacts' (`labels`). Where
none applies nothing is said. An artefact outweighs what was done to the board at that time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from hvconsole.analysis.labels import I64, NAMES, Flags, overlaps
from hvconsole.model.text import plain
from hvconsole.model.ticks import TickClock
from hvconsole.record.reader import SessionReader
from hvconsole.stream.cause_rules import AFTER_S, NOTED
from hvconsole.wire.values import STREAM_LANE, Note

_TEXT: Final = 120


@dataclass(frozen=True, slots=True)
class Act:
    """A control action on the samples' clock: ns since the run's start, and its words."""

    at_ns: int
    what: str


@dataclass(frozen=True, slots=True)
class Noted:
    """A note of the sampler: its lane (`STREAM_LANE` for all), ns since the run's start, a word."""

    lane: int
    start_ns: int
    end_ns: int
    word: str


def acts_of(reader: SessionReader) -> dict[int, list[Act]]:
    """Return a session's actions by run, those that were done while it was measured.

    Lines that make no sense are left out, as are actions whose moment is not known.
    """
    found: dict[int, list[Act]] = {}
    run: int | None = None
    for entry in reader.action_entries():
        what, at_ns = str(entry.get("action", "")), entry.get("t_ns")
        if what == "run start":
            number = entry.get("run")
            run = number if isinstance(number, int) else None
        elif what == "run end":
            run = None
        elif run is not None and isinstance(at_ns, int) and abs(at_ns) < 1 << 62:
            found.setdefault(run, []).append(Act(at_ns, plain(what, _TEXT)))
    return {number: sorted(acts, key=lambda act: act.at_ns) for number, acts in found.items()}


def noted_of(notes: Iterable[Note], clock: TickClock) -> list[Noted]:
    """Return the notes that tell of a cause."""
    return [
        Noted(
            note.lane,
            round(clock.ns(note.start - clock.start_tick)),
            round(clock.ns(note.end - clock.start_tick)),
            NOTED[note.code],
        )
        for note in notes
        if note.code in NOTED
    ]


def causes(
    start: I64, length: I64, flags: Flags, *, cpu: int, acts: list[Act], noted: list[Noted]
) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Say what may have caused each switch of a lane.

    Args:
        start: Shape (n,), ns since the run's start.
        length: Shape (n,), ns.
        flags: Shape (n,), with the artefacts' bits.
        cpu: The lane.
        acts: What was done during the run, by time.
        noted: The run's notes.

    Returns:
        Shape (n,): which of the words, -1 where nothing is known; and the words.
    """
    end = start + length
    which = np.full(start.size, -1, dtype=np.int64)
    words: dict[str, int] = {}

    def say(word: str, where: npt.NDArray[np.bool_]) -> None:
        if where.any():
            which[where] = words.setdefault(word, len(words))

    for one in noted:
        if one.lane in {cpu, STREAM_LANE}:
            say(one.word, overlaps(np.array([[one.start_ns, one.end_ns]]), start, end))
    if acts:
        last = np.searchsorted([act.at_ns for act in acts], end, side="right") - 1
        near = np.array([act.at_ns for act in acts])[np.maximum(last, 0)] >= start - AFTER_S * 1e9
        for at in np.unique(last[(last >= 0) & near]).tolist():
            say(f"with: {acts[at].what}", (last == at) & near)
    for bit, word in NAMES.items():
        say(word, (flags & np.uint32(bit)) != 0)
    return which, list(words)
