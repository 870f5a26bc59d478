"""What KVM can be asked for on this board now, and why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hvconsole.hypervisor import actions as do
from hvconsole.model.hypervisor import Guest

ALWAYS_ON = "KVM is part of the board's Linux: it is there from the boot on"
NO_POOLS = "KVM has no pools: Linux schedules vCPUs on all CPUs; pin the vCPUs instead"
NO_SWITCH = (
    "vCPUs are threads of Linux, which has one scheduler; "
    "set cpu_shares, vcpu_quota, nice or fifo instead"
)
IMAGES_IN_XML = "a domain's images are named in its XML"
NO_VIRSH = "virsh is not on the board"

_NEEDS_GUEST = (
    do.Start,
    do.Stop,
    do.Restart,
    do.Pause,
    do.Resume,
    do.Destroy,
    do.Schedule,
    do.Pin,
    do.SetVcpus,
)


def abilities(guests: Sequence[Guest], *, has_virsh: bool) -> Mapping[str, str]:
    """Return, for each kind of action, why it cannot be done; empty where it can."""
    others = any(guest.role != "control" for guest in guests)
    no_virsh = "" if has_virsh else NO_VIRSH
    no_guest = "" if others else no_virsh or "no domain is defined; create one first"
    pools = (do.MakePool, do.DestroyPool, do.AddCpu, do.RemoveCpu, do.Move)
    return (
        dict.fromkeys(map(do.kind, pools), NO_POOLS)
        | dict.fromkeys(map(do.kind, _NEEDS_GUEST), no_guest)
        | {
            do.kind(do.Enable): ALWAYS_ON,
            do.kind(do.Disable): ALWAYS_ON,
            do.kind(do.Load): IMAGES_IN_XML,
            do.kind(do.SwitchScheduler): NO_SWITCH,
            do.kind(do.Create): no_virsh,
        }
    )
