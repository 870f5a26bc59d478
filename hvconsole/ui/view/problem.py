"""A problem as rows of the screen."""

from __future__ import annotations

from hvconsole.model.problem import Problem
from hvconsole.model.text import plain, wrap
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.view.line import pad

_TITLE = 400
_LINE = 1000
_MOST_LINES = 12


def problem_rows(problem: Problem, width: int) -> list[Row]:
    """Return title, detail and way out, wrapped to rows exactly `width` cells wide."""
    rows = [(text, Role.STRONG) for text in wrap(plain(problem.title, _TITLE), width)]
    detail = [
        part
        for line in problem.detail.splitlines()[:_MOST_LINES]
        for part in wrap(plain(line, _LINE), width)
    ]
    if len(detail) > _MOST_LINES:
        detail = [*detail[: _MOST_LINES - 1], "…"]
    rows += [(text, Role.TEXT) for text in detail]
    hint = [
        part
        for line in problem.hint.splitlines()[:_MOST_LINES]
        for part in wrap(plain(line, _LINE), width - 2)
    ]
    if hint:
        rows.append(("", Role.TEXT))
        rows += [(("→ " if not index else "  ") + t, Role.KEY) for index, t in enumerate(hint)]
    return [pad([(text, int(role))], width) for text, role in rows]


def unforeseen(error: BaseException) -> Problem:
    """Return an error that nobody turned into a problem as one: a fault of hvconsole's own."""
    problem = Problem(
        "something went wrong inside hvconsole",
        detail=f"{type(error).__name__}: {error}",
        hint="what was recorded so far is kept; please report this",
    )
    problem.__cause__ = error
    return problem
