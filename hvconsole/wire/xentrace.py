"""What Xen's ``xentrace`` writes: bytes in, records as numpy columns out.

The format is `xen/include/public/trace.h` and `tools/xentrace/xentrace.c` of Xen 4.17. The two
records that tell who runs have the same words in sources from before scheduling units (to 4.12,
where the second word is a vCPU) and after tracing was reworked (4.19, `TRACE_TIME`; a unit, named
by its first vCPU); those were read, not run. A record of theirs with other words than these is
none that we know, nor is one of no class of the scheduler's: both are skipped, and counted. Little
endian on Arm.

A record is a word (event in bits 0 to 27, count of extra words in 28 to 30, bit 31: a clock
follows), the clock as two words, and the extra words. Records come in windows, each of one CPU; a
window's first record names the CPU and how many bytes follow. On Arm the clock is CNTPCT, in ticks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

LOST: Final = 0x1F001
WRAP: Final = 0x1F002
CPU_CHANGE: Final = 0x1F003
SWITCH: Final = 0x2800A
"""Another vCPU gets the CPU: domain and vCPU before, domain and vCPU now."""
CONTINUES: Final = 0x28011
"""Xen asked its scheduler and the same unit goes on: domain and unit are the first two words."""

EXTRA_WORDS: Final = 7
MAX_CPUS: Final = 256
"""CPUs beyond this are no CPUs: the bytes are not a trace at that point."""

_WORD = 4
_CYCLES = 1 << 31
_EVENT = (1 << 28) - 1
_WINDOW_HEADER = CPU_CHANGE | 2 << 28
_WINDOW_MARK = _WINDOW_HEADER.to_bytes(_WORD, "little")
_WINDOW = Struct("<III")
# Xen's buffers are at most 65535 pages a CPU (t_info's tbuf_size is 16 bits wide).
_MAX_WINDOW = 65535 * 4096
# Classes that Xen has; anything else is not a record.
_CLASSES = 0x0FFFF000
# General; and of the scheduler: at least, its schedulers' own (TRC_SCHED_CLASS), verbose.
_KNOWN = frozenset({0x1F000, 0x21000, 0x22000, 0x28000})
_LEAST_WORDS = {SWITCH: 4, CONTINUES: 2, LOST: 4}


@dataclass(frozen=True, slots=True)
class Records:
    """Records in the order in which they were written: by window, each of one CPU.

    Attributes:
        tick: CNTPCT when each was made, uint64, shape (n,); for records without a clock that of
            the record before on the same CPU, 0 if there is none.
        cpu: Physical CPU, int32, shape (n,).
        event: Number of the event, uint32, shape (n,).
        extra: Extra words, uint32, shape (n, 7), filled up with 0.
    """

    tick: NDArray[np.uint64]
    cpu: NDArray[np.int32]
    event: NDArray[np.uint32]
    extra: NDArray[np.uint32]

    @property
    def size(self) -> int:
        """How many records there are."""
        return int(self.event.size)


@dataclass(slots=True)
class Losses:
    """What is missing from a trace.

    Attributes:
        records: Records that Xen had no room for, as it says.
        reports: How often it said so.
        skipped_bytes: Bytes that were no records, skipped up to the next window.
        unknown: Records of another version or of no scheduler: not of a class that is known here,
            or with fewer words than theirs have.
    """

    records: int = 0
    reports: int = 0
    skipped_bytes: int = 0
    unknown: int = 0


class Decoder:
    """Decodes a trace piece by piece.

    Bytes that make no sense are skipped up to the next window's first record, and counted; no
    input raises, and what is held back never exceeds one record (40 bytes).
    """

    def __init__(self) -> None:
        self.losses = Losses()
        self._held = b""
        self._cpu: int | None = None
        self._left = 0
        self._tick: dict[int, int] = {}

    def feed(self, data: bytes) -> Records:
        """Take the next bytes; return the records that are complete now."""
        buffer = self._held + data
        rows: list[tuple[int, int, int, tuple[int, ...]]] = []
        at = 0
        while (step := self._step(buffer, at, rows)) is not None:
            at = step
        self._held = buffer[at:]
        return _columns(rows)

    def close(self) -> Losses:
        """Note that no more bytes come; a torn last record counts as skipped."""
        self.losses.skipped_bytes += len(self._held)
        self._held = b""
        return self.losses

    def _step(
        self, buffer: bytes, at: int, rows: list[tuple[int, int, int, tuple[int, ...]]]
    ) -> int | None:
        """Take one record; return where the next begins, or None if bytes are missing."""
        if self._left == 0 or self._cpu is None:
            return self._window(buffer, at)
        if len(buffer) - at < _WORD:
            return None
        header = int.from_bytes(buffer[at : at + _WORD], "little")
        event, count = header & _EVENT, header >> 28 & 7
        size = _WORD * (1 + (2 if header & _CYCLES else 0) + count)
        if not event & _CLASSES or event == CPU_CHANGE or size > self._left:
            self._left = 0
            self._cpu = None
            return at  # not what stands here: search the next window from this very word on
        if len(buffer) - at < size:
            return None
        words = np.frombuffer(buffer, "<u4", size // _WORD, at).tolist()
        self._left -= size
        cpu = self._cpu
        if header & _CYCLES:
            self._tick[cpu] = words[1] | words[2] << 32
        extra = tuple(words[len(words) - count :]) if count else ()
        if event & _CLASSES not in _KNOWN or count < _LEAST_WORDS.get(event, 0):
            self.losses.unknown += 1
            return at + size
        if event == LOST:
            self.losses.reports += 1
            self.losses.records += extra[0]
        if event != WRAP:
            rows.append((self._tick.get(cpu, 0), cpu, event, extra))
        return at + size

    def _window(self, buffer: bytes, at: int) -> int | None:
        """Find the next window's first record, skipping what is none."""
        found = buffer.find(_WINDOW_MARK, at)
        if found < 0:
            keep = max(at, len(buffer) - (_WORD - 1))
            self.losses.skipped_bytes += keep - at
            return None if keep == at else keep
        self.losses.skipped_bytes += found - at
        if len(buffer) - found < _WINDOW.size:
            return None if found == at else found
        _, cpu, size = _WINDOW.unpack_from(buffer, found)
        if cpu >= MAX_CPUS or size > _MAX_WINDOW or size % _WORD:
            self.losses.skipped_bytes += _WORD
            return found + _WORD
        self._cpu, self._left = cpu, size
        return found + _WINDOW.size


def decode(data: bytes) -> tuple[Records, Losses]:
    """Decode a whole trace."""
    decoder = Decoder()
    records = decoder.feed(data)
    return records, decoder.close()


def concatenated(parts: Iterator[Records]) -> Records:
    """Join records of several pieces, in order."""
    held = [_columns([]), *parts]
    return Records(
        np.concatenate([part.tick for part in held]),
        np.concatenate([part.cpu for part in held]),
        np.concatenate([part.event for part in held]),
        np.concatenate([part.extra for part in held]),
    )


def _columns(rows: list[tuple[int, int, int, tuple[int, ...]]]) -> Records:
    extra = np.zeros((len(rows), EXTRA_WORDS), np.uint32)
    for row, (_, _, _, words) in enumerate(rows):
        extra[row, : len(words)] = words
    return Records(
        np.array([row[0] for row in rows], np.uint64),
        np.array([row[1] for row in rows], np.int32),
        np.array([row[2] for row in rows], np.uint32),
        extra,
    )
