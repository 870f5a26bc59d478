"""What is checked before anything is sent: names, ranges, and Xen's known traps."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from hvconsole.hypervisor.xen.schedulers import RTDS_SLOW_BOARD_US, SHORTEST_RATELIMIT
from hvconsole.hypervisor.xen.survey import missing_scheduler
from hvconsole.model.hypervisor import Guest, Parameter, Pool, Scheduler, Survey
from hvconsole.model.problem import BoardProblem, UsageProblem
from hvconsole.model.text import plain

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,62}")
_CRASHING = re.compile(r"4\.(?:[0-9]|1[0-7])(?:\.|$)")


def guest(survey: Survey, name: str) -> Guest:
    """Return a domain by number or name.

    Raises:
        UsageProblem: There is none, or several have that name.
    """
    found = survey.guest(name)
    if found is None:
        there = ", ".join(plain(one.name, 64) for one in survey.guests)
        raise UsageProblem(f"there is no domain '{plain(name, 64)}'", hint=f"there are: {there}")
    if found.key != name and sum(one.name == name for one in survey.guests) > 1:
        raise UsageProblem(
            f"several domains are named '{plain(name, 64)}'",
            hint="say its number instead of its name",
        )
    return found


def movable(survey: Survey, name: str, what: str) -> Guest:
    """Return a domain that is not dom0.

    Raises:
        UsageProblem: There is none.
        BoardProblem: It is dom0; with what happens otherwise.
    """
    found = guest(survey, name)
    if found.role == "control":
        raise BoardProblem(
            f"dom0 cannot be {what}",
            detail="it is the domain that we are logged in to, and it stays in Pool-0",
            hint="choose another domain",
        )
    return found


def pool(survey: Survey, name: str) -> Pool:
    """Return a pool by its name.

    Raises:
        UsageProblem: There is none.
    """
    found = survey.pool(name)
    if found is None:
        there = ", ".join(plain(one.name, 64) for one in survey.pools)
        raise UsageProblem(f"there is no pool '{plain(name, 64)}'", hint=f"there are: {there}")
    return found


def scheduler(survey: Survey, name: str) -> Scheduler:
    """Return a scheduler that this build has.

    Raises:
        BoardProblem: It has not; with the reason.
        UsageProblem: Xen has none of that name.
    """
    reason = missing_scheduler(name, survey.schedulers)
    found = survey.scheduler(name)
    if found is None:
        raise UsageProblem(reason, hint="choose one of them")
    if reason:
        raise BoardProblem(f"{name} cannot be had here", detail=reason)
    return found


def new_name(name: str, taken: Sequence[str], what: str) -> str:
    """Return a name for something new.

    Raises:
        UsageProblem: It is taken, or holds what xl's configuration language would read as its own.
    """
    if not _NAME.fullmatch(name):
        raise UsageProblem(
            f"'{plain(name, 64)}' cannot name a {what}",
            hint="use letters, digits and _ . + -, beginning with a letter or digit",
        )
    if name in taken:
        raise UsageProblem(f"a {what} is named '{name}' already", hint="choose another name")
    return name


def checked(values: Mapping[str, int], parameters: Sequence[Parameter], of: str) -> dict[str, int]:
    """Return values that a scheduler takes.

    Raises:
        UsageProblem: A name that it does not have, or a value out of range; with the range.
    """
    known = {one.name: one for one in parameters}
    if not known:
        raise UsageProblem(f"{of} has nothing to set")
    if not values:
        raise UsageProblem("nothing is to be set", hint=f"{of} takes: {', '.join(known)}")
    for name, value in values.items():
        one = known.get(name)
        if one is None:
            raise UsageProblem(
                f"{of} has no '{plain(name, 64)}'", hint=f"it takes: {', '.join(known)}"
            )
        if not one.low <= value <= one.high:
            raise UsageProblem(f"{name} cannot be {value}", hint=f"{of} takes {one.range}")
    if 0 < values.get("ratelimit", 0) < SHORTEST_RATELIMIT:
        raise UsageProblem(
            f"ratelimit cannot be {values['ratelimit']}",
            hint=f"0 switches it off; otherwise at least {SHORTEST_RATELIMIT} µs",
        )
    return dict(values)


def reservation(values: Mapping[str, int]) -> str:
    """Check an rtds reservation as a whole; return the danger of it, or nothing.

    Raises:
        UsageProblem: The budget is larger than the period.
    """
    period, budget = values["period"], values["budget"]
    if budget > period:
        raise UsageProblem(
            f"a budget of {budget} µs does not fit into a period of {period} µs",
            hint="the budget is CPU time in each period: at most the period",
        )
    if period < RTDS_SLOW_BOARD_US:
        return (
            f"a period of {period} µs means {1_000_000 // period} times a second the scheduler's "
            "work; on a slow board that starves everything, dom0 and this connection included"
        )
    return ""


def emptying_crashes(survey: Survey, one: Pool) -> str:
    """Return what happens when this pool is destroyed or loses its last CPU, if that is bad."""
    if one.scheduler != "rtds" or not _crashes(survey):
        return ""
    return (
        f"Xen {survey.version or '(version unknown)'} crashes when an rtds pool ends (null pointer "
        "in move_repl_timer): the board restarts, and every domain is lost. "
        "Leave the pool as it is until the next boot"
    )


def pool_stays(survey: Survey, scheduler: str) -> str:
    """Return why a pool with that scheduler will stay until the next boot; empty if it need not."""
    if scheduler != "rtds" or not _crashes(survey):
        return ""
    return (
        f"the pool and its CPU stay until the next boot: Xen {survey.version} crashes when an "
        "rtds pool ends"
    )


def _crashes(survey: Survey) -> bool:
    return not survey.version or _CRASHING.match(survey.version) is not None
