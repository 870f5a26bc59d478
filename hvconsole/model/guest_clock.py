"""How a guest's counter stands to its host's, as far as that has been found out. Plain data."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np

from hvconsole.model import units
from hvconsole.model.ticks import I64, U64

ClockRelation = Literal["same counter", "constant offset", "not constant", "unknown"]


class GuestClock(msgspec.Struct, frozen=True, kw_only=True):
    """One guest run's clock against that of the host's run beside it.

    A guest's tick ``g`` is the host's tick ``g * host_hz / guest_hz + offset_ticks``, within
    ``uncertainty_ticks`` either way.

    Attributes:
        relation: ``same counter`` where both read one counter without an offset (the offset is 0
            and exact); ``constant offset`` where exchanges bound it; ``not constant`` where no
            offset fits all exchanges (the bounds are those of the first and the last of them);
            ``unknown`` without exchanges.
        offset_ticks: Host's ticks; None where it is not known.
        uncertainty_ticks: Host's ticks; 0 where it is exact.
        lowest_ticks, highest_ticks: What the exchanges alone say of the offset.
        exchanges: Answers that these rest on.
        host_counter, guest_counter: ``cntpct``, ``cntvct`` or ``tsc``.
        host_hz, guest_hz: How they run against each other: the same figure twice where the guest's
            counter is the host's, moved.
        host_start_tick: The host run's zero.
        how: In words, for a person.
    """

    relation: ClockRelation = "unknown"
    offset_ticks: int | None = None
    uncertainty_ticks: int | None = None
    lowest_ticks: int | None = None
    highest_ticks: int | None = None
    exchanges: int = 0
    host_counter: str = ""
    guest_counter: str = ""
    host_hz: int = 0
    guest_hz: int = 0
    host_start_tick: int = 0
    how: str = ""

    @property
    def uncertainty_ns(self) -> float | None:
        """Either way; None where the offset is not known."""
        if self.uncertainty_ticks is None or not self.host_hz:
            return None
        return self.uncertainty_ticks * 1e9 / self.host_hz

    @property
    def brief(self) -> str:
        """The relation in a few words, for a label."""
        if self.relation == "same counter":
            return self.relation
        if self.uncertainty_ns is None or self.relation == "not constant":
            return "clock unknown" if self.uncertainty_ns is None else "clock not constant"
        return f"± {units.duration(self.uncertainty_ns)}"

    def since_host_start_ns(self, ticks: U64) -> I64 | None:
        """Return a guest's ticks as ns since the host run's zero; None where that is not known.

        Args:
            ticks: Shape (n,), the guest's.

        Returns:
            Shape (n,); negative before that zero.
        """
        if self.offset_ticks is None or not self.host_hz or not self.guest_hz:
            return None
        if self.host_hz != self.guest_hz:  # rare: doubles are good to a tick for three years
            host = np.rint(ticks.astype(np.float64) * (self.host_hz / self.guest_hz))
            since = host.astype(np.int64) + (self.offset_ticks - self.host_start_tick)
        else:
            since = ticks.astype(np.int64) + (self.offset_ticks - self.host_start_tick)
        whole, rest = np.divmod(since, self.host_hz)
        nanoseconds: I64 = whole * 1_000_000_000 + rest * 1_000_000_000 // self.host_hz
        return nanoseconds
