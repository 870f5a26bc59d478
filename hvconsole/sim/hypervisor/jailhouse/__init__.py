"""Jailhouse as it answers on the simulated board: its command, its sysfs tree, its console."""

from hvconsole.sim.hypervisor.jailhouse.card import card_files
from hvconsole.sim.hypervisor.jailhouse.simulated import SimulatedJailhouse

__all__ = ["SimulatedJailhouse", "card_files"]
