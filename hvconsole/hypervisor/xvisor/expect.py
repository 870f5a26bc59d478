"""What must be seen of Xvisor's guests after a step: predicates over surveys, with words.

Guests are found by name: after a destroy and a create they have other numbers, and so have vCPUs.
"""

from __future__ import annotations

from collections.abc import Callable

from hvconsole.hypervisor.plan import Expectation
from hvconsole.model.hypervisor import Guest, GuestState, Survey
from hvconsole.model.text import plain

_STATE_S = 3.0


def by_name(seen: Survey, name: str) -> Guest | None:
    """Return a guest by its name alone: a name may look like another one's number."""
    return next((one for one in seen.guests if one.role == "guest" and one.name == name), None)


def _of(name: str, text: str, holds: Callable[[Guest], bool]) -> Expectation:
    def seen(survey: Survey) -> bool:
        guest = by_name(survey, name)
        return guest is not None and holds(guest)

    return Expectation(text=f"'{plain(name, 64)}' {text}", holds=seen, within_s=_STATE_S)


def state(name: str, *states: GuestState) -> Expectation:
    """A guest is in one of these states."""
    return _of(name, f"is {' or '.join(states)}", lambda guest: guest.state in states)


def made(name: str) -> Expectation:
    """A guest is there."""
    return _of(name, "is there", lambda _: True)


def gone(name: str) -> Expectation:
    """A guest is no more."""
    return Expectation(
        text=f"'{plain(name, 64)}' is gone",
        holds=lambda seen: by_name(seen, name) is None,
        within_s=_STATE_S,
    )


def begun(name: str) -> Expectation:
    """A guest has begun, and none of its vCPUs was halted: one that waits is called Paused."""
    return _of(
        name,
        "runs, and no vCPU of it is Halted",
        lambda guest: guest.state in {"running", "paused"},
    )


def reset(name: str) -> Expectation:
    """All vCPUs of a guest are in Reset."""
    return _of(
        name,
        "is in Reset",
        lambda guest: bool(guest.vcpus) and all(one.state == "Reset" for one in guest.vcpus),
    )


def halted(name: str) -> Expectation:
    """No vCPU of a guest runs any more, and none will without a reset."""
    return _of(
        name,
        "is Halted",
        lambda guest: (
            guest.state == "stopped"
            and not any(one.state in {"Ready", "Running"} for one in guest.vcpus)
        ),
    )


def vcpu_state(name: str, index: int, *states: str) -> Expectation:
    """A vCPU is in one of Xvisor's states."""
    return _of(
        name,
        f"has its vCPU {index} {' or '.join(states)}",
        lambda guest: any(one.index == index and one.state in states for one in guest.vcpus),
    )


def pinned(name: str, index: int, cpus: frozenset[int]) -> Expectation:
    """A vCPU may run on these CPUs and no others."""
    listed = ",".join(map(str, sorted(cpus)))

    def holds(seen: Survey) -> bool:
        guest = by_name(seen, name)
        vcpus = guest.vcpus if guest is not None else ()
        return any(
            one.index == index and (seen.cpus if one.hard is None else one.hard) == cpus
            for one in vcpus
        )

    return Expectation(
        text=f"'{plain(name, 64)}' has its vCPU {index} on CPU {listed} alone",
        holds=holds,
        within_s=_STATE_S,
    )
