"""A discrete-event model of the board: who has which CPU when, and what a sampler sees of it.

Pure computation: no clock, no event loop, no I/O. See docs/simulator.md for what it rests on.
"""

from hvconsole.sim.machine.chunk import Cause, SwitchChunk
from hvconsole.sim.machine.machine import Machine
from hvconsole.sim.machine.setup import Setup
from hvconsole.sim.machine.ticks import HZ, MS, SECOND, US

__all__ = ["HZ", "MS", "SECOND", "US", "Cause", "Machine", "Setup", "SwitchChunk"]
