"""The two lines on top: which board this is, and what is happening to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hvconsole.model import units
from hvconsole.model.status import ASKED_ENDS
from hvconsole.model.text import clip, plain
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.source import LinkState, RunState, Status
from hvconsole.ui.view.line import ALWAYS, Part, fit

if TYPE_CHECKING:
    from hvconsole.stream.snapshot import Snapshot

_NAME = 24
_KIND = 40
_IDENTITY = 60
_LABEL = 24
_SESSION = 32

# A symbol and a word each, so that nobody has to tell them apart by colour.
LINKS: dict[LinkState, tuple[str, str, Role]] = {
    "connecting": ("◌", "connecting", Role.WARN),
    "connected": ("⇄", "connected", Role.GOOD),
    "booting": ("◌", "booting", Role.WARN),
    "reconnecting": ("↻", "reconnecting", Role.WARN),
    "lost": ("✕", "link lost", Role.BAD),
    "replay": ("▸", "replay", Role.GOOD),
    "none": ("○", "no board", Role.MUTED),
}
_RUNS: dict[RunState, tuple[str, str, Role]] = {
    "idle": ("■", "no run", Role.MUTED),
    "preparing": ("◌", "preparing", Role.WARN),
    "running": ("▶", "running", Role.GOOD),
    "ending": ("◌", "ending", Role.WARN),
    "ended": ("■", "ended", Role.MUTED),
}


def header(status: Status, snapshot: Snapshot | None, width: int) -> list[Row]:
    """Return the header, two rows exactly `width` cells wide."""
    inside = width - 2 if width > 1 else width
    first = fit(_who(status), [_link(status)], inside)
    chosen = status.link != "none"
    right = [*_serial(status), _run(status, snapshot), _recording(status)] if chosen else []
    second = fit(_what(status, snapshot), right, inside)
    margin = (" ", int(Role.TEXT))
    return [[margin, *row, margin] if width > 1 else row for row in (first, second)]


def board_title(status: Status) -> str:
    """Return the board's name as it may be shown anywhere."""
    return plain(status.board, _NAME) or "?"


def _who(status: Status) -> list[Part]:
    parts = [Part("hvconsole", Role.BRAND, 20 if status.board else ALWAYS)]
    if status.board:
        parts.append(Part(board_title(status), Role.STRONG, ALWAYS))
    if kind := plain(status.kind, _KIND):
        parts.append(Part(kind, Role.TEXT, 40))
    labels = [*status.labels, *(["read-only"] if status.read_only else [])]
    shown = (plain(label, _LABEL) for label in labels)
    return parts + [Part(f" {label} ", Role.CHIP, 90) for label in shown if label]


def _what(status: Status, snapshot: Snapshot | None) -> list[Part]:
    parts: list[Part] = []
    hello = snapshot.hello if snapshot is not None else None
    if hello is not None:
        counter = hello.counter.upper()
        parts.append(Part(f"{counter} {units.frequency(hello.frequency_hz)}", Role.TEXT, 80))
    identity = [plain(line, _IDENTITY) for line in status.identity]
    if hello is not None and not any(hello.kernel and hello.kernel in line for line in identity):
        identity.append(plain(f"{hello.kernel} {hello.machine}", _IDENTITY))
    parts += [
        Part(line, Role.MUTED, max(70 - 5 * index, 1))
        for index, line in enumerate(filter(None, identity))
    ]
    return parts


def _link(status: Status) -> Part:
    symbol, word, role = LINKS[status.link]
    return Part(f"{symbol} {word}", role, ALWAYS)


def _run(status: Status, snapshot: Snapshot | None) -> Part:
    symbol, word, role = _RUNS[status.run]
    if status.run == "running" and snapshot is not None and snapshot.hello is not None:
        word = units.clock(snapshot.now_s)
    if status.run == "ended":
        reason = status.run_detail.partition(":")[0]
        if reason and reason not in ASKED_ENDS:
            word, role = f"ended: {plain(reason, _LABEL)}", Role.WARN
    return Part(f"{symbol} {word}", role, 95)


def _serial(status: Status) -> list[Part]:
    if not status.serial:
        return []
    if status.serial == "open":
        return [Part("⌁ serial", Role.GOOD, 60)]
    return [Part("⌁ no serial", Role.WARN, 60)]


def _recording(status: Status) -> Part:
    if status.recording is None:
        return Part("○ not recording", Role.MUTED, 85)
    name = clip(plain(status.recording.name, 200).removesuffix(".hvs"), _SESSION)
    said = f"{name} {units.size(status.recorded_bytes)}"
    if status.run in {"running", "ending"}:
        return Part(f"● REC {said}", Role.REC, 99)
    return Part(f"○ kept {said}", Role.MUTED, 85)
