"""A plan as rows: what will be typed on the board, what it means, why it cannot be. Pure."""

from __future__ import annotations

import shlex

from hvconsole.hypervisor.plan import Plan
from hvconsole.model.inspection import Inspection
from hvconsole.model.problem import Problem
from hvconsole.model.text import clip, plain, wrap
from hvconsole.ui.chart.cells import Role, Row

_LONGEST = 600


def plan_rows(plan: Plan, width: int) -> list[Row]:
    """Return what a plan will do: danger first, then notes, then its commands."""
    rows: list[Row] = []
    if plan.danger:
        rows += _paragraph("danger: " + plan.danger, width, Role.BAD)
    for note in plan.notes:
        rows += _paragraph("· " + note, width, Role.MUTED)
    if plan.boot_mode:
        rows += _paragraph(f"needs another boot: {plan.boot_mode}", width, Role.WARN)
    elif not plan.steps:
        rows += _paragraph("nothing has to be done", width, Role.GOOD)
    for step in plan.steps:
        rows.append([("$ ", int(Role.MUTED)), (_command(step.argv, width - 2), int(Role.STRONG))])
    return rows


def inspection_rows(seen: Inspection, width: int) -> list[Row]:
    """Return what would go wrong, what may, and the memory map."""
    rows: list[Row] = []
    for text in seen.errors:
        rows += _paragraph("✗ " + text, width, Role.BAD)
    for text in seen.warnings:
        rows += _paragraph("! " + text, width, Role.WARN)
    if seen.unknown:
        rows += _paragraph("? " + seen.unknown, width, Role.WARN)
    elif not seen.errors:
        rows += _paragraph("✓ nothing unsafe found beside what runs", width, Role.GOOD)
    if seen.rows:
        rows.append([("", 0)])
        rows += [[(clip(line, max(width, 8)), int(Role.MUTED))] for line in seen.rows]
    return rows


def refused_rows(problem: Problem, width: int) -> list[Row]:
    """Return why an action cannot be done, in a few rows."""
    rows = _paragraph(problem.title, width, Role.WARN)
    for text in (problem.detail, problem.hint):
        if text:
            rows += _paragraph(text, width, Role.MUTED)
    return rows


def commands(plan: Plan) -> str:
    """Return the plan's commands as lines of shell, for the clipboard."""
    return "".join(shlex.join(step.argv) + "\n" for step in plan.steps)


def _command(argv: tuple[str, ...], width: int) -> str:
    return plain(shlex.join(argv), max(width, 8))


def _paragraph(text: str, width: int, role: Role) -> list[Row]:
    return [[(line, int(role))] for line in wrap(plain(text, _LONGEST), max(width, 1))]
