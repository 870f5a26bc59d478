"""What a measured run is asked to do."""

from __future__ import annotations

from typing import Literal

import msgspec

CounterChoice = Literal["auto", "cntpct", "cntvct", "tsc"]


class LoadRequest(msgspec.Struct, frozen=True):
    """A load to run beside the sampler: its name and the CPU it is pinned to."""

    name: str
    cpu: int

    def __str__(self) -> str:
        return f"{self.name}@{self.cpu}"


class RunSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One measured run as a person asks for it.

    Attributes:
        seconds: Length in seconds; None runs until stopped.
        threshold_ns: A switch is longer than this; None calibrates it (``auto``).
        cpus: CPUs to sample; empty lets the board choose (its last CPU that may be used).
        counter: Which counter to read; ``auto`` takes the best that can be read.
        loads: Loads to run meanwhile.
        fifo: SCHED_FIFO priority of the sampling threads, 0 for the normal scheduler.
        fenced: Order the reads with a barrier (slower, sharper edges).
        window_ms: Sample in windows of this length and write in between; None decides by the
            number of CPUs; 0 never.
        label: The condition this run belongs to, in the person's words.
        guest: The guest that is sampled: beside the board, or alone where the board itself runs no
            programs (Xvisor); empty for none.
        prepared: What a campaign did to the board before: words of hvconsole's commands, without
            the board's name: ``boot xen-rtds``, ``hv create busy.cfg``, ``governor performance``.
    """

    seconds: float | None = None
    threshold_ns: int | None = None
    cpus: tuple[int, ...] = ()
    counter: CounterChoice = "auto"
    loads: tuple[LoadRequest, ...] = ()
    fifo: int = 0
    fenced: bool = False
    window_ms: int | None = None
    label: str = ""
    guest: str = ""
    prepared: tuple[tuple[str, ...], ...] = ()
