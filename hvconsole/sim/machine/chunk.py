"""What the machine gives out: switches of one sampled CPU, and why each happened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from hvconsole.model.ticks import I64, U64

CAUSES = npt.NDArray[np.uint8]


class Cause(IntEnum):
    """Why the CPU was taken away. Where several causes fall into one switch, the longest counts."""

    TICK = 1  # the guest kernel's own timer tick
    DEVICE = 2  # a device's interrupt
    HOUSEKEEPING = 3  # kernel work that rides on a tick: timers, RCU, statistics
    TASK = 4  # another task of the same guest had its turn
    RT_THROTTLE = 5  # the kernel's real-time throttle, under SCHED_FIFO
    HYPERVISOR = 6  # a timer or a scheduling pass of the hypervisor; the same guest went on
    PREEMPTED = 7  # another vCPU ran
    NO_BUDGET = 8  # cap or budget used up: the CPU stood idle
    MACHINE_STOP = 9  # all CPUs were stopped (hotplug, a hypervisor taking over)


@dataclass(frozen=True, slots=True)
class SwitchChunk:
    """The switches of one lane that became certain since the last chunk.

    Attributes:
        cpu: The CPU number as the guest that samples knows it.
        start: Shape (n,), tick of the last read before the switch, ascending.
        length: Shape (n,), ticks; no switch overlaps or touches the next.
        cause: Shape (n,), values of `Cause`.
        until: Every switch that ends before this tick is in this chunk or an earlier one.
        blind: (start, end) of each stretch in which nobody sampled, as far as it is over.
        blind_since: Since when nobody samples, None while somebody does.
        pace: (tick, slowdown) of each change of frequency since the last chunk, the first one of
            all at the beginning.
    """

    cpu: int
    start: U64
    length: U64
    cause: CAUSES
    until: int
    blind: tuple[tuple[int, int], ...] = ()
    blind_since: int | None = None
    pace: tuple[tuple[int, float], ...] = ()


def shifted(chunk: SwitchChunk, ticks: int) -> SwitchChunk:
    """Return a chunk as a counter tells it that is so many ticks behind the machine's."""
    if not ticks:
        return chunk
    since = chunk.blind_since
    return replace(
        chunk,
        start=chunk.start - np.uint64(ticks),
        until=chunk.until - ticks,
        blind=tuple((begin - ticks, end - ticks) for begin, end in chunk.blind),
        blind_since=None if since is None else since - ticks,
        pace=tuple((tick - ticks, slowdown) for tick, slowdown in chunk.pace),
    )


@dataclass(frozen=True, slots=True)
class Disturbances:
    """What wants the CPU, before the lane has put it in order.

    Attributes:
        start: Shape (n,), ticks.
        length: Shape (n,), ticks, at least 1.
        cause: Shape (n,), values of `Cause`.
        line: Shape (n,), which interrupt line it is: one that is pending already is not raised
            twice. Negative for what cannot be pending.
    """

    start: I64
    length: I64
    cause: CAUSES
    line: npt.NDArray[np.int16]

    @classmethod
    def of(
        cls, start: I64, length: I64, causes: Cause | CAUSES, line: int | npt.NDArray[np.int16]
    ) -> Disturbances:
        """Build from arrays; one cause or one line may stand for all."""
        cause = causes
        if not isinstance(cause, np.ndarray):
            cause = np.full(start.size, cause, dtype=np.uint8)
        if not isinstance(line, np.ndarray):
            line = np.full(start.size, line, dtype=np.int16)
        return cls(start, length, cause, line)

    def take(self, index: npt.NDArray[np.int64] | npt.NDArray[np.bool_] | slice) -> Disturbances:
        """Return some of them."""
        return Disturbances(
            self.start[index], self.length[index], self.cause[index], self.line[index]
        )

    @classmethod
    def joined(cls, parts: list[Disturbances]) -> Disturbances:
        """Put several together, unordered."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            empty = np.empty(0, dtype=np.int64)
            return cls.of(empty, empty, Cause.TICK, -1)
        return cls(
            np.concatenate([part.start for part in parts]),
            np.concatenate([part.length for part in parts]),
            np.concatenate([part.cause for part in parts]),
            np.concatenate([part.line for part in parts]),
        )
