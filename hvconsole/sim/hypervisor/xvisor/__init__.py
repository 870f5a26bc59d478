"""Xvisor, simulated: a terminal that answers as Xvisor v0.3.2 does on a real board."""

from hvconsole.sim.hypervisor.xvisor.guest import Guest, GuestSystem, Nothing
from hvconsole.sim.hypervisor.xvisor.simulated import SimulatedXvisor

__all__ = ["Guest", "GuestSystem", "Nothing", "SimulatedXvisor"]
