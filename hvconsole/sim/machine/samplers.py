"""The samplers that run on the machine, and those that have just ended."""

from __future__ import annotations

from hvconsole.model.problem import BoardProblem
from hvconsole.sim.machine.changes import vcpu_of
from hvconsole.sim.machine.chunk import SwitchChunk
from hvconsole.sim.machine.sampler import Sampler


class Samplers:
    """Samplers by lane.

    Attributes:
        running: Those that run.
    """

    def __init__(self) -> None:
        self.running: dict[int, Sampler] = {}
        self._ended: dict[int, Sampler] = {}

    @property
    def rate_hz(self) -> float:
        """Switches a second of the one that sees most."""
        return max((sampler.rate_hz for sampler in self.running.values()), default=1.0)

    def stop(self, lane: int, now: int) -> None:
        """End one.

        Raises:
            BoardProblem: There is none.
        """
        sampler = self.running.pop(lane, None)
        if sampler is None:
            raise BoardProblem(f"CPU {vcpu_of(lane)[1]} is not sampled")
        if sampler.unit is not None:
            sampler.unit.tape = None
        sampler.lane.end(now)
        self._ended[lane] = sampler

    def stop_those_of(self, domain: int, now: int) -> None:
        """End all in a domain."""
        for lane, sampler in list(self.running.items()):
            if sampler.unit is not None and sampler.unit.domain == domain:
                self.stop(lane, now)

    def take(self, now: int) -> dict[int, SwitchChunk]:
        """Return, once, the switches of each lane that became certain; also of those that ended."""
        chunks = {lane: sampler.lane.take(now) for lane, sampler in self._ended.items()}
        self._ended = {}
        for lane, sampler in self.running.items():
            chunks[lane] = sampler.lane.take(now)
        return chunks
