"""How often guests leave for the hypervisor and how much CPU they get, from two looks. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from hvconsole.model.hypervisor import Guest, Survey

TOTAL = "total"
_OURS = ("hypercall", TOTAL)


def exit_rates(before: Survey, after: Survey, seconds: float) -> dict[str, dict[str, float]]:
    """Return each guest's exits a second, by counter, without those that looking cost.

    From a counter's reading in one look to its reading in the next lies exactly one look's worth of
    readings, whatever their order; so `Survey.own_exits` is what to take off the guest that we look
    from.

    Args:
        before: The look before.
        after: The newest.
        seconds: Time between the two.

    Returns:
        By key of the guest. A guest is left out whose CPUs changed meanwhile: its counters are
        sums over them.
    """
    if seconds <= 0:
        return {}
    rates = {}
    for guest in after.guests:
        old = before.guest(guest.key)
        if old is None or old.cpus != guest.cpus or old.name != guest.name:
            continue
        grown = _grown(old.counters, guest, after.wraps)
        own = after.own_exits if guest.role == "control" else 0
        ours = _ours(before.looked_from, after.looked_from)
        rates[guest.key] = {
            name: max(by - (own if name in ours else 0), 0) / seconds for name, by in grown.items()
        }
    return rates


def _ours(before: int | None, after: int | None) -> frozenset[str]:
    """Return the counters that looking moves: the guest's sums, and those of the CPU it ran on."""
    names = set(_OURS)
    if before is not None and before == after:
        names |= {f"cpu{after} {name}" for name in _OURS}
    return frozenset(names)


def cpu_shares(before: Survey, after: Survey, seconds: float) -> dict[str, float]:
    """Return how much CPU each guest got between two looks, in percent of one CPU, by its key.

    Args:
        before: The look before.
        after: The newest.
        seconds: Time between the two.

    Returns:
        A guest is left out that has no CPU times, or began anew meanwhile.
    """
    if seconds <= 0:
        return {}
    shares = {}
    for guest in after.guests:
        old = before.guest(guest.key)
        if old is None or old.name != guest.name or old.time_s is None or guest.time_s is None:
            continue
        if (grown := guest.time_s - old.time_s) >= 0:
            shares[guest.key] = 100 * grown / seconds
    return shares


def _grown(old: Mapping[str, int], guest: Guest, wraps: int) -> dict[str, int]:
    """Return how much counters grew; one that went back without wrapping began anew."""
    grown = {}
    for name, value in guest.counters.items():
        if name in old:
            by = value - old[name]
            grown[name] = by % wraps if wraps else by if by >= 0 else value
    return grown
