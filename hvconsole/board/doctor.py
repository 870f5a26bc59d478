"""Preflight: is the board fit to be measured, and if not, what is to be done?

Each check looks at one thing, changes nothing that it does not undo, and is told as it is done.
A check that fails does not stop the others; nor does one that crashes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hvconsole.board.doctor_checks import CHECKS, UNDER_XVISOR
from hvconsole.board.doctor_visit import CannotCheckError, Look, Visit
from hvconsole.board.journal import Journal
from hvconsole.link.protocol import Link
from hvconsole.model.board import BoardProfile
from hvconsole.model.check import Check
from hvconsole.model.problem import Problem


async def checks(
    link: Link,
    profile: BoardProfile,
    *,
    tell: Callable[[Check], None] = lambda _: None,
    state: Path | None = None,
    cache: Path | None = None,
) -> list[Check]:
    """Look at everything; what was put on the board is taken away again.

    Args:
        link: The way to the board, not yet open. It is left open, for the caller to close.
        profile: The board.
        tell: Called with each check as it is done.
        state: Folder of undo journals; None takes the user's.
        cache: Folder of builds; None takes the user's.
    """
    done: list[Check] = []

    def add(check: Check) -> None:
        done.append(check)
        tell(check)

    journal = Journal(profile.name, folder=state)
    visit = Visit(link, profile, journal, state, cache)
    try:
        for name, look in CHECKS:
            add(await _look(name, look, visit))
    finally:
        try:
            left = await journal.undo_all(link) if visit.opened else []
        finally:
            journal.close()
    for each in left:
        problem = each.problem(link.name)
        add(Check("cleaning up", "failed", f"{problem.title}: {problem.detail}", problem.hint))
    return done


async def _look(name: str, look: Look, visit: Visit) -> Check:
    if visit.has_no_linux and name not in UNDER_XVISOR:
        return Check(name, "skipped", "Xvisor runs there, and no Linux beside its guests")
    try:
        state, why, fix = await look(visit)
    except CannotCheckError as error:
        return Check(name, "skipped", str(error))
    except Problem as problem:
        why = f"{problem.title}\n{problem.detail}".strip()
        return Check(name, "failed", why, problem.hint)
    except Exception as error:  # noqa: BLE001  # one broken check must not hide the others
        return Check(
            name,
            "failed",
            f"the check itself failed: {type(error).__name__}: {error}",
            "please report this, with the board's 'hvconsole doctor --json'",
        )
    return Check(name, state, why, fix)
