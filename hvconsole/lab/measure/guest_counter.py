"""What a guest's CNTPCT is: the machine's counter or one of its own, read at once or by a trap.

A guest's Linux counts its own time (CLOCK_MONOTONIC, by CNTVCT) from its start on. If CNTPCT was
ahead of that by far when it was sampled, it had counted before the guest was there: it is the
machine's, which has booted before. If not, it was given an offset. And in virtual time a read
takes some instructions; a hypervisor that traps it has to execute hundreds for each.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hvconsole.wire.stream import StreamDecoder
from hvconsole.wire.values import Hello

# Linux on the host boots for seconds before it starts a guest; a guest's kernel counts its time
# from a quarter of a second after its own start on.
_BEFORE_S = 1.0
_TRAP_NS = 200.0  # a hundred instructions


@dataclass(frozen=True, slots=True)
class GuestCounter:
    """What a guest saw of CNTPCT.

    Attributes:
        read_ns: What a read costs, with the sampler's loop around it.
        ahead_s: What it was ahead of the guest's own clock by, in seconds.
    """

    read_ns: float
    ahead_s: float

    @property
    def is_machines(self) -> bool:
        """Whether it is the machine's, without an offset that hides its age."""
        return self.ahead_s > _BEFORE_S

    @property
    def is_trapped(self) -> bool:
        """Whether the hypervisor answers each read."""
        return self.read_ns > _TRAP_NS

    def as_dict(self) -> dict[str, Any]:
        """Return all of it, for a manifest."""
        return asdict(self) | {"machines": self.is_machines, "trapped": self.is_trapped}


def guest_counter(frames: bytes) -> GuestCounter | None:
    """Return what a guest's frames say of its counter; None where they do not begin as they should.

    Args:
        frames: A run's, as they came.
    """
    for value in StreamDecoder().feed(frames):
        if isinstance(value, Hello):
            since_start = value.mono_ns / 1e9
            ahead = value.start_tick / value.frequency_hz - since_start
            return GuestCounter(value.lanes[0].read_ns, round(ahead, 6))
    return None
