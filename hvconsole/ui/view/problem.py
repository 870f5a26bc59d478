"""A problem as rows of the screen."""

from __future__ import annotations

from hvconsole.model.problem import Problem
from hvconsole.model.text import plain, wrap
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.view.line import pad

_LONGEST = 1000
_TITLE_ROWS = 3
_HINT_ROWS = 4
_LEAST_ROWS = 9


def problem_rows(problem: Problem, width: int, most: int = 16) -> list[Row]:
    """Return title, detail and way out, wrapped to rows exactly `width` cells wide.

    Args:
        problem: What to tell; its texts may come from a board.
        width: Cells across.
        most: Rows there is room for; the detail is cut first.
    """
    title = _lines(problem.title, width, _TITLE_ROWS)
    hint = _lines(problem.hint, width - 2, _HINT_ROWS)
    taken = len(title) + (len(hint) + 1 if hint else 0)
    detail = _lines(problem.detail, width, max(most, _LEAST_ROWS) - taken)
    rows = [(text, Role.STRONG) for text in title] + [(text, Role.TEXT) for text in detail]
    if hint:
        rows.append(("", Role.TEXT))
        rows += [(("→ " if not index else "  ") + t, Role.KEY) for index, t in enumerate(hint)]
    return [pad([(text, int(role))], width) for text, role in rows]


def _lines(text: str, width: int, most: int) -> list[str]:
    """Wrap a text, line by line, and mark that there was more of it."""
    lines = [
        piece
        for line in text.splitlines()[: most + 1]
        for piece in wrap(plain(line, _LONGEST), max(width, 1))
    ]
    return lines if len(lines) <= most else [*lines[: max(most - 1, 0)], "…"]


def unforeseen(error: BaseException) -> Problem:
    """Return an error that nobody turned into a problem as one: a fault of hvconsole's own."""
    problem = Problem(
        "something went wrong inside hvconsole",
        detail=f"{type(error).__name__}: {error}",
        hint="what was recorded so far is kept; please report this",
    )
    problem.__cause__ = error
    return problem
