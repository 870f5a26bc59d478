"""What is booted: the hypervisor, the Linux on it, and what the board is like."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from hvconsole.sim.machine.changes import SchedulerName
from hvconsole.sim.machine.profile import BANANA_PI, Costs, Guest
from hvconsole.sim.machine.thermal import ThermalProfile


@dataclass(frozen=True, slots=True)
class Setup:
    """What is booted.

    Attributes:
        hypervisor: Nothing below Linux (Jailhouse can be enabled later), Xen, or Xvisor.
        scheduler: Of Xen's Pool-0.
        cpus: How many the board has.
        dom0_vcpus: How many of them dom0 sees; None for all.
        guest: The Linux we log in to.
        costs: What things cost.
        thermal: How the board heats.
    """

    hypervisor: Literal["none", "xen", "xvisor"] = "none"
    scheduler: SchedulerName = "credit"
    cpus: int = 2
    dom0_vcpus: int | None = None
    guest: Guest = BANANA_PI
    costs: Costs = field(default_factory=Costs)
    thermal: ThermalProfile = field(default_factory=ThermalProfile)
