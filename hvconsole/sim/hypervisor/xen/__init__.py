"""Xen as it answers on the simulated board: xl and its siblings over the machine model."""

from hvconsole.sim.hypervisor.xen.simulated import SimulatedXen, tools_without_xen

__all__ = ["SimulatedXen", "tools_without_xen"]
