"""Whether a hypervisor answers a guest's reads of its counter, one by one."""

from __future__ import annotations

from hvconsole.wire.values import Hello

# A read that traps leaves the guest, so it costs hundreds of times an instruction; caches and an
# emulator's moods cost less.
_TIMES, _MORE_NS = 4.0, 400.0


def read_ns(hello: Hello) -> float:
    """Return what a read costs by half of all reads of the calibration, in ns; its best CPU's."""
    return min(lane.p50_ticks for lane in hello.lanes) * 1e9 / hello.frequency_hz


def trapped(host: Hello, guest: Hello) -> bool:
    """Return whether a guest's reads cost so much more than its host's that they must trap."""
    return read_ns(guest) > _TIMES * read_ns(host) + _MORE_NS
