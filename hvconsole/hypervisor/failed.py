"""A step that failed, as it is told: what was tried, why not, what helps; and the words for it."""

from __future__ import annotations

from collections.abc import Sequence

from hvconsole.hypervisor.plan import Step
from hvconsole.link.protocol import Completed
from hvconsole.model.problem import BoardProblem

LAST_LINES = 6
"""So many lines of what a command said are enough."""


def lines_of(done: Completed) -> list[str]:
    """Return the lines that a command wrote, to both of its outputs; not safe to show."""
    return [line for line in f"{done.text}\n{done.error_text}".splitlines() if line.strip()]


def failed_step(step: Step, cause: str, fix: str, lines: Sequence[str]) -> BoardProblem:
    """Return the problem of a step; what was expected after it stands in the detail.

    Args:
        step: What was tried.
        cause: Why it failed.
        fix: What helps; empty where nothing is known.
        lines: What was said, safe to show.
    """
    wanted = [f"expected: {step.expect.text}"] if step.expect is not None else []
    return BoardProblem(
        f"could not {step.about}: {cause}", detail="\n".join([*lines, *wanted]), hint=fix
    )
