"""What must be seen on a Xen board after a step: predicates over surveys, with words."""

from __future__ import annotations

from collections.abc import Mapping

from hvconsole.hypervisor.plan import Expectation
from hvconsole.model.hypervisor import GuestState, Survey
from hvconsole.model.text import plain

# A guest takes its time to shut down; a domain's memory is given back page by page.
_SHUTDOWN_S = 60.0
_GONE_S = 15.0


def state(key: str, *states: GuestState) -> Expectation:
    """A domain is in one of these states."""

    def holds(seen: Survey) -> bool:
        guest = seen.guest(key)
        return guest is not None and guest.state in states

    return Expectation(text=f"domain {key} is {' or '.join(states)}", holds=holds)


def gone(key: str) -> Expectation:
    """A domain is no more."""
    return Expectation(
        text=f"domain {key} is gone", holds=lambda seen: seen.guest(key) is None, within_s=_GONE_S
    )


def ended(key: str) -> Expectation:
    """A domain has shut down, and may be gone."""

    def holds(seen: Survey) -> bool:
        guest = seen.guest(key)
        return guest is None or guest.state in {"stopped", "shutting down"}

    return Expectation(text=f"domain {key} has shut down", holds=holds, within_s=_SHUTDOWN_S)


def named(name: str, *, state: GuestState, not_key: str = "") -> Expectation:
    """A domain of that name is there, in that state (and is another one than before)."""

    def holds(seen: Survey) -> bool:
        return any(
            guest.name == name and guest.state == state and guest.key != not_key
            for guest in seen.guests
        )

    return Expectation(
        text=f"a domain '{plain(name, 64)}' is {state}", holds=holds, within_s=_SHUTDOWN_S
    )


def values(key: str, vcpu: int | None, wanted: Mapping[str, int]) -> Expectation:
    """A domain, or one of its vCPUs, has these scheduler values."""

    def holds(seen: Survey) -> bool:
        guest = seen.guest(key)
        if guest is None:
            return False
        if vcpu is None and not guest.vcpus:
            held = [guest.values]
        else:
            held = [one.values for one in guest.vcpus if vcpu in {None, one.index}]
        return bool(held) and all(_has(one, wanted) for one in held)

    return Expectation(text=f"domain {key} has {_told(wanted)}", holds=holds)


def pool_values(name: str, wanted: Mapping[str, int]) -> Expectation:
    """A pool has these values."""

    def holds(seen: Survey) -> bool:
        pool = seen.pool(name)
        return pool is not None and _has(pool.values, wanted)

    return Expectation(text=f"{_pool(name)} has {_told(wanted)}", holds=holds)


def pool(name: str, scheduler: str, cpus: frozenset[int]) -> Expectation:
    """A pool is there, with that scheduler and these CPUs."""

    def holds(seen: Survey) -> bool:
        one = seen.pool(name)
        return one is not None and one.scheduler == scheduler and one.cpus == cpus

    return Expectation(text=f"{_pool(name)} runs {scheduler} on CPU {_list(cpus)}", holds=holds)


def no_pool(name: str) -> Expectation:
    """A pool is no more."""
    return Expectation(text=f"{_pool(name)} is gone", holds=lambda seen: seen.pool(name) is None)


def cpu_in(name: str, cpu: int) -> Expectation:
    """A CPU belongs to a pool."""

    def holds(seen: Survey) -> bool:
        one = seen.pool(name)
        return one is not None and cpu in one.cpus

    return Expectation(text=f"CPU {cpu} is in {_pool(name)}", holds=holds)


def cpu_free(cpu: int) -> Expectation:
    """A CPU belongs to no pool."""
    return Expectation(
        text=f"CPU {cpu} is free",
        holds=lambda seen: not any(cpu in one.cpus for one in seen.pools),
    )


def in_pool(key: str, name: str) -> Expectation:
    """A domain is in a pool."""

    def holds(seen: Survey) -> bool:
        guest = seen.guest(key)
        return guest is not None and guest.pool == name

    return Expectation(text=f"domain {key} is in {_pool(name)}", holds=holds)


def pinned(
    key: str, vcpu: int | None, hard: frozenset[int] | None, soft: frozenset[int] | None
) -> Expectation:
    """A domain's vCPUs have these masks; None is not looked at."""

    def holds(seen: Survey) -> bool:
        guest = seen.guest(key)
        vcpus = [one for one in guest.vcpus if vcpu in {None, one.index}] if guest else []
        return bool(vcpus) and all(
            _same(one.hard, hard, seen.cpus) and _same(one.soft, soft, seen.cpus) for one in vcpus
        )

    masks = [f"{word} {_list(mask)}" for word, mask in (("hard", hard), ("soft", soft)) if mask]
    return Expectation(text=f"domain {key} is pinned: {', '.join(masks)}", holds=holds)


def online(key: str, count: int) -> Expectation:
    """A domain uses that many vCPUs."""

    def holds(seen: Survey) -> bool:
        guest = seen.guest(key)
        return guest is not None and sum(one.online for one in guest.vcpus) == count

    return Expectation(text=f"domain {key} uses {count} vCPUs", holds=holds, within_s=10.0)


def _same(seen: frozenset[int] | None, wanted: frozenset[int] | None, cpus: frozenset[int]) -> bool:
    return wanted is None or (cpus if seen is None else seen) == wanted


def _has(held: Mapping[str, int], wanted: Mapping[str, int]) -> bool:
    return all(held.get(name) == value for name, value in wanted.items())


def _pool(name: str) -> str:
    return f"pool '{plain(name, 64)}'"


def _told(wanted: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {value}" for name, value in wanted.items())


def _list(cpus: frozenset[int]) -> str:
    return ",".join(map(str, sorted(cpus))) or "none"
