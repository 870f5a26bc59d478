"""Short ways to a simulated machine, for its tests."""

from __future__ import annotations

import numpy as np

from hvconsole.sim.machine import HZ, SECOND, Cause, Machine, Setup, SwitchChunk
from hvconsole.sim.machine.changes import Change, StartSampling
from hvconsole.sim.machine.profile import DEBIAN


def xen(scheduler: str, cpus: int = 1, **more: object) -> Setup:
    """Xen as in the lab: Debian without network or disk in dom0."""
    return Setup(hypervisor="xen", scheduler=scheduler, cpus=cpus, guest=DEBIAN, **more)


NATIVE = Setup(guest=DEBIAN)


def started(setup: Setup, *changes: Change, seed: int = 1, cpu: int = 0) -> Machine:
    machine = Machine(setup, seed=seed)
    machine.apply(StartSampling(cpu))
    for change in changes:
        machine.apply(change)
    return machine


def watch(machine: Machine, seconds: float, cpu: int = 0) -> SwitchChunk:
    return machine.advance(machine.now + round(seconds * SECOND))[cpu]


def us(chunk: SwitchChunk) -> np.ndarray:
    """Lengths in microseconds."""
    return chunk.length.astype(np.float64) * 1e6 / HZ


def lost_share(chunk: SwitchChunk, seconds: float) -> float:
    return float(us(chunk).sum()) / (seconds * 1e6)


def of(chunk: SwitchChunk, cause: Cause) -> np.ndarray:
    """Lengths in microseconds of the switches with one cause."""
    return us(chunk)[chunk.cause == cause]
