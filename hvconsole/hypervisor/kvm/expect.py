"""What must be seen of virtual machines after a step: predicates over surveys, with words."""

from __future__ import annotations

from collections.abc import Mapping

from hvconsole.hypervisor.plan import Expectation
from hvconsole.model.hypervisor import GuestState, Survey
from hvconsole.model.text import plain

_STATE_S = 10.0
_SHUTDOWN_S = 60.0


def state(key: str, *states: GuestState) -> Expectation:
    """A guest is in one of these states."""

    def holds(seen: Survey) -> bool:
        guest = seen.guest(key)
        return guest is not None and guest.state in states

    return Expectation(
        text=f"'{plain(key, 64)}' is {' or '.join(states)}", holds=holds, within_s=_STATE_S
    )


def off(key: str, *, slowly: bool = False) -> Expectation:
    """A domain is shut off; one that was not defined is gone then."""

    def holds(seen: Survey) -> bool:
        guest = seen.guest(key)
        return guest is None or guest.state == "defined"

    return Expectation(
        text=f"'{plain(key, 64)}' is shut off",
        holds=holds,
        within_s=_SHUTDOWN_S if slowly else _STATE_S,
    )


def gone(key: str) -> Expectation:
    """A guest is no more."""
    return Expectation(
        text=f"'{plain(key, 64)}' is gone",
        holds=lambda seen: seen.guest(key) is None,
        within_s=_STATE_S,
    )


def values(key: str, vcpu: int | None, wanted: Mapping[str, int]) -> Expectation:
    """A guest, or one of its vCPUs, has these values."""

    def holds(seen: Survey) -> bool:
        guest = seen.guest(key)
        if guest is None:
            return False
        own = [one.values for one in guest.vcpus if vcpu in {None, one.index}] or [{}]
        held = [{**guest.values, **one} for one in own]
        return all(one.get(name) == value for one in held for name, value in wanted.items())

    told = ", ".join(f"{name} {value}" for name, value in wanted.items())
    return Expectation(text=f"'{plain(key, 64)}' has {told}", holds=holds, within_s=_STATE_S)


def pinned(key: str, vcpu: int, cpus: frozenset[int]) -> Expectation:
    """A vCPU may run on these CPUs and no others."""

    def holds(seen: Survey) -> bool:
        guest = seen.guest(key)
        own = [one for one in guest.vcpus if one.index == vcpu] if guest is not None else []
        return bool(own) and all(
            (seen.cpus if one.hard is None else one.hard) == cpus for one in own
        )

    listed = ",".join(map(str, sorted(cpus)))
    return Expectation(
        text=f"vCPU {vcpu} of '{plain(key, 64)}' may run on CPU {listed}",
        holds=holds,
        within_s=_STATE_S,
    )


def count(key: str, vcpus: int) -> Expectation:
    """A guest uses that many vCPUs."""

    def holds(seen: Survey) -> bool:
        guest = seen.guest(key)
        return guest is not None and sum(one.online for one in guest.vcpus) == vcpus

    return Expectation(
        text=f"'{plain(key, 64)}' uses {vcpus} vCPUs", holds=holds, within_s=_STATE_S
    )
