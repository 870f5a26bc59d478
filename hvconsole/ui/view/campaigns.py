"""Plans, campaigns and their progress as rows of cells. Pure."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from hvconsole.model import units
from hvconsole.model.text import plain, wrap
from hvconsole.ui.campaigns import CampaignCard, PlanCard, Progress, Said
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.view.line import ALWAYS, Part, pad
from hvconsole.ui.view.listing import Column, listing

if TYPE_CHECKING:
    from hvconsole.model.campaign import Preview

_NAME: Final = 44
_TEXT: Final = 90
_COLUMNS: Final = (
    Column("plan or campaign", least=30),
    Column("board", keep=70),
    Column("state", keep=90),
    Column("what", keep=60, least=10),
)
_MARKS: Final = {
    "run": ("▶", Role.KEY),
    "step": (" ", Role.MUTED),
    "note": ("!", Role.WARN),
    "kept": ("✓", Role.GOOD),
    "failed": ("✗", Role.BAD),
    "not available": ("–", Role.WARN),
    "problem": ("✗", Role.BAD),
}
_STATES: Final = {
    "running": Role.KEY,
    "ending": Role.WARN,
    "done": Role.GOOD,
    "stopped": Role.WARN,
    "failed": Role.BAD,
}


def card_rows(
    plans: Sequence[PlanCard],
    begun: Sequence[CampaignCard],
    progress: Progress | None,
    width: int,
) -> tuple[Row, list[tuple[str, Row]]]:
    """Return the head, and a row for each campaign (newest first) and plan, by its path."""
    lines = [_begun_line(one, progress) for one in begun] + [_plan_line(one) for one in plans]
    head, rows = listing(_COLUMNS, lines, width)
    keys = [*(str(one.path) for one in begun), *(str(one.path) for one in plans)]
    return head, list(zip(keys, rows, strict=True))


def progress_rows(progress: Progress, width: int, height: int) -> list[Row]:
    """Return how far the campaign is, and the newest of what it did."""
    top = [_bar(progress, width), _where(progress, width)]
    room = max(height - len(top), 0)
    return [*top, *[_said(line, width) for line in progress.said[-room:]]] if room else top[:height]


def preview_rows(found: Preview, board: str, width: int) -> list[Row]:
    """Return what a plan would be: time, conditions, blocks."""
    about = units.approximate(found.seconds)
    rows = [
        pad(
            [
                (f"{found.runs} runs", int(Role.STRONG)),
                (f" on {plain(board, 20)}, about {about}, and the boots", int(Role.TEXT)),
            ],
            width,
        ),
        pad([], width),
    ]
    for name, how in found.conditions:
        rows.append(pad([(plain(name, _NAME), int(Role.KEY))], width))
        rows += [
            pad([("  ", int(Role.TEXT)), (piece, int(Role.MUTED))], width)
            for piece in wrap(plain(how, 300), max(width - 2, 1))
        ]
    rows.append(pad([], width))
    for number, block in enumerate(found.blocks, 1):
        pieces = wrap(" ".join(plain(name, _NAME) for name in block), max(width - 5, 1))
        rows += [
            pad([(f"{number:>3}  " if not at else "     ", int(Role.LABEL)), (piece, 0)], width)
            for at, piece in enumerate(pieces)
        ]
    return rows


def begin_said(found: Preview) -> list[tuple[str, Role]]:
    """Say what is about to begin."""
    names = ", ".join(plain(name, _NAME) for name, _ in found.conditions)
    return [
        (
            f"{found.runs} runs, about {units.approximate(found.seconds)}, and the boots",
            Role.STRONG,
        ),
        (f"Conditions: {names}", Role.TEXT),
        (
            "The board is booted and changed as the plan says; after each run that is undone.",
            Role.TEXT,
        ),
    ]


def problem_rows(title: str, detail: str, hint: str, width: int) -> list[Row]:
    """Return what is wrong with a plan, and the fix."""
    told = [(title, Role.BAD), (detail, Role.TEXT), (hint, Role.MUTED)]
    return [
        pad([(piece, int(role))], width)
        for text, role in told
        if text
        for piece in wrap(plain(text, 600), max(width, 1))
    ]


def _begun_line(one: CampaignCard, progress: Progress | None) -> list[Part]:
    now = progress is not None and progress.folder == one.path and progress.runs_now
    if now:
        state = Part("running", Role.KEY, ALWAYS)
    elif one.runs and not one.left:
        state = Part("complete", Role.GOOD, ALWAYS)
    else:
        state = Part("begun", Role.WARN, ALWAYS)
    number = f"{one.kept} of {one.runs} runs" if one.runs else f"{one.kept} runs"
    missing = f", {one.given_up} not available" if one.given_up else ""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.changed)) if one.changed else ""
    return [
        Part(plain(one.name, _NAME), Role.STRONG, ALWAYS),
        Part(plain(one.board, 20)),
        state,
        Part(f"{number}{missing}  {when}", Role.MUTED),
    ]


def _plan_line(one: PlanCard) -> list[Part]:
    what = Part(plain(one.problem, _TEXT), Role.BAD) if one.problem else None
    return [
        Part(plain(one.name, _NAME), Role.STRONG, ALWAYS),
        Part(plain(one.board, 20)),
        Part("plan" if one.origin == "shipped" else "own plan", Role.MUTED, ALWAYS),
        what or Part(plain(one.about, _TEXT), Role.MUTED),
    ]


def _bar(progress: Progress, width: int) -> Row:
    room = max(width - 16, 4)
    share = progress.settled / progress.runs if progress.runs else 0.0
    full = round(share * room)
    role = int(_STATES[progress.state])
    return pad(
        [
            ("━" * full, role),
            ("─" * (room - full), int(Role.AXIS)),
            (f" {progress.settled} of {progress.runs}", int(Role.STRONG)),
        ],
        width,
    )


def _where(progress: Progress, width: int) -> Row:
    row: Row = [(progress.state, int(_STATES[progress.state]))]
    if progress.current:
        row += [
            ("  measuring ", int(Role.MUTED)),
            (plain(progress.current, _NAME), int(Role.STRONG)),
        ]
    if progress.left_s and progress.runs_now:
        row.append((f"  about {units.approximate(progress.left_s)} left", int(Role.TEXT)))
    row.append((f"  {plain(str(progress.folder), 200)}", int(Role.MUTED)))
    return pad(row, width)


def _said(line: Said, width: int) -> Row:
    mark, role = _MARKS.get(line.mark, (" ", Role.MUTED))
    clock = time.strftime("%H:%M:%S", time.localtime(line.clock))
    number = f"{line.number:>3}" if line.number else "   "
    return pad(
        [
            (f"{clock}  {number} ", int(Role.MUTED)),
            (f"{mark} ", int(role)),
            (plain(line.text, 300), int(Role.TEXT if line.mark == "run" else Role.MUTED)),
        ],
        width,
    )
