"""What Xen can be asked for on this board now, and why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from hvconsole.hypervisor import actions as do
from hvconsole.model.hypervisor import Guest, Pool

FIRST_POOL: Final = "Pool-0"
ALWAYS_ON = "Xen is there from the boot on; leaving it means booting another mode"


def abilities(
    guests: Sequence[Guest], pools: Sequence[Pool], cpus: frozenset[int]
) -> Mapping[str, str]:
    """Return, for each kind of action, why it cannot be done; empty where it can."""
    others = [guest for guest in guests if guest.role != "control"]
    no_guest = "" if others else "only dom0 is there; create a domain first"
    taken = frozenset().union(*(pool.cpus for pool in pools))
    first = next((pool.cpus for pool in pools if pool.name == FIRST_POOL), frozenset())
    no_cpu = (
        "" if cpus - taken or len(first) > 1 else "no CPU is free, and Pool-0 must keep its last"
    )
    own = [pool for pool in pools if pool.name != FIRST_POOL]
    no_pool = "" if own else "Pool-0 is the only pool, and cannot be taken away"
    reasons = dict.fromkeys(do.KINDS, "")
    reasons |= {
        do.kind(do.Enable): ALWAYS_ON,
        do.kind(do.Disable): ALWAYS_ON,
        do.kind(do.Load): "a domain's images are named in its configuration",
        do.kind(do.DestroyPool): no_pool,
        do.kind(do.Move): no_guest or no_pool,
        do.kind(do.MakePool): no_cpu,
    }
    for action in (do.Start, do.Stop, do.Restart, do.Pause, do.Resume, do.Destroy):
        reasons[do.kind(action)] = no_guest
    return reasons
