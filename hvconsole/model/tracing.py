"""What is known of a trace of Xen's scheduler beside a run, for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TraceState:
    """A trace as it is now.

    Attributes:
        wanted: Runs are traced, this one or the next.
        starting: It is being begun now.
        tracing: Xen's scheduler is being traced.
        received: Bytes that came of this trace.
        rate: Bytes a second of late, over the link.
        records: Records that were decoded.
        lost: Records for which Xen had no room, as it says.
        skipped: Bytes that were no records.
        unknown: Records of events that we do not know: of another version of Xen.
        not_shown: Bytes that came faster than the console decodes; a recording has them, the lane
            has a hole.
        forgotten: Intervals too old for the live lane; a recording has them.
    """

    wanted: bool = False
    starting: bool = False
    tracing: bool = False
    received: int = 0
    rate: float = 0.0
    records: int = 0
    lost: int = 0
    skipped: int = 0
    unknown: int = 0
    not_shown: int = 0
    forgotten: int = 0
