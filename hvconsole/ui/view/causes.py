"""What may have taken the CPU, as far as the samples and what was done say. Pure.

Only rules that can be checked by hand: a thing done to the board just before, a note of the
sampler, the kernel's own brake on real-time threads. Where none applies nothing is said.
"""

from __future__ import annotations

from typing import Final

from hvconsole.model.text import clip, plain
from hvconsole.stream.cause_rules import AFTER_S, NOTED
from hvconsole.stream.snapshot import Gap, Marker, Snapshot
from hvconsole.ui.view.measure import Reading
from hvconsole.wire.values import STREAM_LANE, Hello, Note

_TEXT: Final = 40
# Linux takes 5 % of each second from SCHED_FIFO threads (RT throttling, the fair server).
_THROTTLE_NS: Final = (30e6, 70e6)


def of_gap(snapshot: Snapshot, gap: Gap) -> str:
    """Say what may have caused a switch; empty where nothing is known."""
    return _said(snapshot, gap.at_s, gap.at_s + gap.length_ns / 1e9, gap.length_ns, gap.cpu)


def of_reading(snapshot: Snapshot, reading: Reading) -> str:
    """Say what may have caused the longest switch of a column; empty where nothing is known."""
    if not reading.count:
        return ""
    end_s = reading.end_s + reading.longest_ns / 1e9
    return _said(snapshot, reading.start_s, end_s, reading.longest_ns, None)


def _said(
    snapshot: Snapshot, start_s: float, end_s: float, length_ns: float, cpu: int | None
) -> str:
    hello = snapshot.hello
    if hello is None:
        return ""
    for marker in reversed(snapshot.markers):
        if marker.at_s <= end_s and marker.at_s >= start_s - AFTER_S:
            return f"with: {_narrow(marker)}"
    for note in snapshot.notes:
        word = NOTED.get(note.code)
        if word and note.lane in {cpu, STREAM_LANE} and _meets(note, hello, start_s, end_s):
            return word
    if hello.fifo and _THROTTLE_NS[0] <= length_ns <= _THROTTLE_NS[1]:
        return "as long as RT throttling"
    return ""


def _meets(note: Note, hello: Hello, start_s: float, end_s: float) -> bool:
    first = hello.clock.ns(note.start - hello.start_tick) / 1e9
    last = hello.clock.ns(note.end - hello.start_tick) / 1e9
    return first <= end_s and last >= start_s


def _narrow(marker: Marker) -> str:
    return clip(plain(marker.text, _TEXT), _TEXT).encode("ascii", "replace").decode()
