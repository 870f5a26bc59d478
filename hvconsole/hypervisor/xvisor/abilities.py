"""What Xvisor can be asked for now, and why not the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hvconsole.hypervisor import actions as do
from hvconsole.model.hypervisor import Guest

ALWAYS_ON = "Xvisor is what the board has booted: it is there until another system is booted"
NO_POOLS = "Xvisor has no pools: each vCPU has CPUs that it may run on; pin the vCPUs instead"
NO_VALUES = (
    "Xvisor's terminal sets no scheduler values: a vCPU's priority and its slice stand in the "
    "guest's device tree"
)
NO_SWITCH = (
    "Xvisor has one scheduler, chosen when it was built, and nothing on its terminal names it"
)
NO_COUNT = "the number of a guest's vCPUs stands in its device tree"

_NEEDS_GUEST = (
    do.Load,
    do.Start,
    do.Stop,
    do.Restart,
    do.Pause,
    do.Resume,
    do.Destroy,
    do.Pin,
)


def abilities(guests: Sequence[Guest]) -> Mapping[str, str]:
    """Return, for each kind of action, why it cannot be done; empty where it can."""
    no_guest = "" if guests else "no guest is made; create one of the nodes under /guests first"
    pools = (do.MakePool, do.DestroyPool, do.AddCpu, do.RemoveCpu, do.Move)
    return (
        dict.fromkeys(map(do.kind, pools), NO_POOLS)
        | dict.fromkeys(map(do.kind, _NEEDS_GUEST), no_guest)
        | {
            do.kind(do.Enable): ALWAYS_ON,
            do.kind(do.Disable): ALWAYS_ON,
            do.kind(do.Schedule): NO_VALUES,
            do.kind(do.SwitchScheduler): NO_SWITCH,
            do.kind(do.SetVcpus): NO_COUNT,
            do.kind(do.Create): "",
        }
    )
