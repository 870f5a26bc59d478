"""Booting a board as rows: the modes, what is agreed to, how far it is. Pure."""

from __future__ import annotations

import shlex

from hvconsole.model.boot import BootEvent, BootMark, BootMode, BootProgress
from hvconsole.model.text import plain, wrap
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.view.line import pad
from hvconsole.ui.view.problem import problem_rows

_LONGEST = 400
_LEAST_LOG = 4

# A sign and a word each, so that nobody has to tell them apart by colour.
_MARKS: dict[BootMark, tuple[str, Role]] = {
    "begun": ("▸", Role.TEXT),
    "done": ("✓", Role.GOOD),
    "note": ("!", Role.WARN),
    "ask": ("→", Role.ALERT),
    "failed": ("✕", Role.BAD),
}
_OUTCOMES: dict[str, tuple[str, Role]] = {
    "running": ("booting into", Role.WARN),
    "proven": ("✓ proven:", Role.GOOD),
    "unproven": ("! up, not proven:", Role.WARN),
    "failed": ("✕ failed:", Role.BAD),
}


def about(name: str, mode: BootMode) -> str:
    """Return what a mode is, in one line."""
    if mode.about:
        return plain(mode.about, _LONGEST)
    proof = mode.proof
    words = [
        f"under {proof.hypervisor}" if proof.hypervisor not in {"", "none"} else "",
        f"scheduler {proof.scheduler}" if proof.scheduler else "",
    ]
    return plain(", ".join(filter(None, words)), _LONGEST) or f"mode {plain(name, 40)}"


def agree_rows(name: str, mode: BootMode, *, running: bool, width: int) -> list[Row]:
    """Return what booting into a mode means: what ends, what is typed, what proves it."""
    rows = _paragraph(about(name, mode), width, Role.TEXT)
    if running:
        rows += _paragraph(
            "The run ends; what was measured is kept. Another one begins in the new mode.",
            width,
            Role.WARN,
        )
    rows += _paragraph(
        "The board restarts: everything that runs on it ends, and what the console changed on it "
        "is undone before.",
        width,
        Role.WARN,
    )
    rows.append([])
    rows += [_typed("linux $ ", shlex.join(words), width) for words in mode.linux]
    rows += [_typed("u-boot => ", line, width) for line in mode.uboot]
    if not mode.linux and not mode.uboot:
        rows += _paragraph("nothing is typed: it boots as it does by itself", width, Role.MUTED)
    return [pad(row, width) for row in rows]


def progress_rows(progress: BootProgress, width: int, height: int) -> list[Row]:
    """Return the steps so far, the result, and as much of the console's log as there is room for.

    Args:
        progress: The boot.
        width: Cells across; each row fills them.
        height: Rows there are.
    """
    top = list(map(_event, _told(progress)))
    if progress.problem is not None:
        top += [[], *problem_rows(progress.problem, width, max(height // 2, 9))]
    room = max(height - len(top) - 2, min(_LEAST_LOG, len(progress.lines)))
    log: list[Row] = [
        [("│ ", int(Role.FRAME)), (plain(line, _LONGEST), int(Role.MUTED))]
        for line in progress.lines[-room:]
    ]
    below = [*top, [], *log] if log else top
    # What came of it stays in sight; of the rest the newest does.
    shown = [_result(progress), *below[max(len(below) - height + 1, 0) :]]
    return [pad(row, width) for row in shown[:height]]


def _told(progress: BootProgress) -> list[BootEvent]:
    """Leave out that a step began once it is done, and the failure that is told below."""
    events = progress.events
    done = {event.step for event in events if event.mark in {"done", "failed"}}
    return [
        event
        for event in events
        if not (event.mark == "begun" and event.step in done)
        and not (event.mark == "failed" and progress.problem is not None)
    ]


def _result(progress: BootProgress) -> Row:
    word, role = _OUTCOMES[progress.outcome]
    known = ", ".join(f"{k} {v}" for k, v in progress.evidence if k != "command line")
    row: Row = [
        (f"{word} ", int(role)),
        (plain(progress.mode, 40), int(Role.STRONG)),
        (f"  {progress.seconds:.0f} s", int(Role.MUTED)),
    ]
    return [*row, (f"  {plain(known, 80)}", int(Role.TEXT))] if known else row


def _event(event: BootEvent) -> Row:
    sign, role = _MARKS[event.mark]
    text_role = role if event.mark in {"ask", "note", "failed"} else Role.TEXT
    return [
        (f"{event.at_s:6.1f} s ", int(Role.MUTED)),
        (f"{sign} ", int(role)),
        (plain(event.text, _LONGEST), int(text_role)),
    ]


def _typed(prompt: str, line: str, width: int) -> Row:
    text = plain(line, max(width - len(prompt), 8))
    return [(prompt, int(Role.MUTED)), (text, int(Role.STRONG))]


def _paragraph(text: str, width: int, role: Role) -> list[Row]:
    return [[(line, int(role))] for line in wrap(plain(text, _LONGEST), max(width, 1))]
