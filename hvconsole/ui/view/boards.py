"""The list of boards as rows of cells, and what came of trying one. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from hvconsole.model.problem import Problem
from hvconsole.model.text import plain, wrap
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.doors import BoardCard, Trial
from hvconsole.ui.view.line import ALWAYS, Part, pad
from hvconsole.ui.view.listing import Column, listing

_NAME = 32
_TEXT = 60
_LONGEST = 400

# A sign and a word each, so that nobody has to tell them apart by colour.
_READY = {
    "ready": ("●", "ready", Role.GOOD),
    "unknown": ("○", "not tried", Role.MUTED),
    "missing": ("◌", "not running", Role.WARN),
}
_ANSWERS = {
    "trying": ("◌ trying", Role.WARN),
    "answers": ("✓ answers", Role.GOOD),
    "new key": ("✓ answers, with a host key that is not known yet", Role.WARN),
    "refused": ("✕ not reached", Role.BAD),
}
_COLUMNS = (
    Column(""),
    Column("board"),
    Column("", keep=70),
    Column("reached by", keep=80),
    Column("serial", keep=40),
    Column("what it is", keep=60),
)


def board_rows(
    cards: Sequence[BoardCard], current: str, width: int
) -> tuple[Row, list[tuple[str, Row]]]:
    """Return the head, and a row for each board by name.

    Args:
        cards: The boards.
        current: Name of the board that is connected, or empty.
        width: Cells across.
    """
    lines = [_line(card, connected=card.name == current) for card in cards]
    head, rows = listing(_COLUMNS, lines, width)
    return head, [(card.name, row) for card, row in zip(cards, rows, strict=True)]


def _line(card: BoardCard, *, connected: bool) -> list[Part]:
    sign, word, role = ("⇄", "open", Role.GOOD) if connected else _READY[card.ready]
    labels = f" [{', '.join(card.labels)}]" if card.labels else ""
    return [
        Part(sign, role),
        Part(plain(card.name, _NAME), Role.STRONG, ALWAYS),
        Part(word, role),
        Part(plain(card.way, _TEXT), Role.TEXT),
        Part(plain(card.serial, _TEXT), Role.MUTED),
        Part(plain(card.about + labels, _TEXT), Role.MUTED),
    ]


def about_rows(card: BoardCard | None, path: str, key: str, width: int, height: int) -> list[Row]:
    """Return what stands below the list: what the selected board needs, and where boards stand.

    Args:
        card: The selected board.
        path: Where boards.toml lies.
        key: The key that adds a board.
        width: Cells across.
        height: Rows there are.
    """
    lines: list[tuple[str, Role]] = []
    if card is not None and card.ready == "missing":
        lines.append((f"{card.name} has to be started first: {card.hint}", Role.WARN))
    elif card is not None:
        opens = f"Enter connects to {card.name} and begins to measure."
        lines.append((opens, Role.TEXT))
    if card is not None and not card.own:
        lines.append((f"{card.name} always exists and cannot be changed.", Role.MUTED))
    lines.append((f"Your own boards stand in {path}; {key} adds one.", Role.MUTED))
    rows = [
        pad([(piece, int(role))], width)
        for text, role in lines
        for piece in wrap(plain(text, _LONGEST), max(width, 1))
    ]
    return rows[:height]


def trial_rows(trial: Trial | None, width: int) -> list[Row]:
    """Return what came of trying to reach a board, wrapped to rows of `width` cells."""
    if trial is None:
        return []
    word, role = _ANSWERS[trial.answer]
    texts = [(word, role), (trial.text, Role.TEXT)]
    if trial.fingerprint:
        texts.append((f"key {trial.fingerprint}", Role.STRONG))
    texts += [(f"→ {line}", Role.KEY) for line in trial.hint.splitlines()]
    return [
        pad([(piece, int(role))], width)
        for text, role in texts
        for line in text.splitlines()
        for piece in wrap(plain(line, _LONGEST), max(width, 1))
    ]


def wrong_rows(problem: Problem, width: int) -> list[Row]:
    """Return what is wrong with the words in a form, wrapped to rows of `width` cells."""
    texts = [(f"· {problem.title}", Role.WARN)]
    if problem.hint:
        texts.append((f"  {problem.hint.splitlines()[0]}", Role.MUTED))
    return [
        pad([(piece, int(role))], width)
        for text, role in texts
        for piece in wrap(plain(text, _LONGEST), max(width, 1))
    ]
