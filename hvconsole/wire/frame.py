"""Frames: finding them in a stream of bytes, and making them.

The decoder never raises on damaged input. It skips to the next frame that checks out, and counts
everything it could not use, because a measurement that lost something must say so.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from hvconsole.wire.values import STREAM_LANE, Kind

MAGIC = b"\x9eHVW"
VERSION = 1
MAX_PAYLOAD = 65_536
SEQUENCE_MASK = 0xFFFF_FFFF

_FIELDS = struct.Struct("<4sBBHII")
_CHECKS = struct.Struct("<II")
HEADER_SIZE = _FIELDS.size + _CHECKS.size


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it travelled; see docs/wire-format.md.

    Attributes:
        kind: Kind of frame; may be one this version does not know.
        lane: CPU number, or `STREAM_LANE`.
        sequence: Place in the run, 0 for the hello.
        payload: The bytes within.
        end: Bytes of the stream up to and with this frame; 0 where it came as lines of text.
    """

    kind: int
    lane: int
    sequence: int
    payload: bytes
    end: int = 0


@dataclass(slots=True)
class Damage:
    """What a decoder could not use, counted.

    Attributes:
        skipped_bytes: Bytes that belonged to no frame.
        damaged_frames: Headers that checked out over payloads that did not, and payloads that
            made no sense.
        lost_frames: Frames missing from the sequence (damaged ones among them).
        unknown_frames: Whole frames of a kind this version does not know.
        other_versions: Headers of another version of the format.
    """

    skipped_bytes: int = 0
    damaged_frames: int = 0
    lost_frames: int = 0
    unknown_frames: int = 0
    other_versions: int = 0


def encode_frame(kind: int, lane: int, sequence: int, payload: bytes) -> bytes:
    """Make the bytes of one frame.

    Raises:
        ValueError: The payload is longer than a frame may be.
    """
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"a payload of {len(payload)} bytes is longer than {MAX_PAYLOAD}")
    fields = _FIELDS.pack(MAGIC, VERSION, kind, lane, sequence & SEQUENCE_MASK, len(payload))
    return fields + _CHECKS.pack(zlib.crc32(fields), zlib.crc32(payload)) + payload


class Order:
    """Follows the sequence of a run's frames.

    Attributes:
        expected: The number the next frame should have; None before the first.
    """

    def __init__(self) -> None:
        self.expected: int | None = None

    def follow(self, frame: Frame, damage: Damage) -> None:
        """Count the frames missing before this one. A hello starts the count again."""
        begins_run = frame.kind == Kind.HELLO and frame.lane == STREAM_LANE and frame.sequence == 0
        if not begins_run and self.expected is not None:
            missing = (frame.sequence - self.expected) & SEQUENCE_MASK
            # A step back is a repetition or a stray, not four thousand million lost frames.
            if missing <= SEQUENCE_MASK // 2:
                damage.lost_frames += missing
        self.expected = (frame.sequence + 1) & SEQUENCE_MASK


class FrameDecoder:
    """Bytes in, frames out, in any portions.

    Holds at most one incomplete frame (64 KiB) between calls.

    Attributes:
        damage: What could not be used so far.
    """

    def __init__(self) -> None:
        self.damage = Damage()
        self._buffer = bytearray()
        self._passed = 0  # bytes of the stream that are no longer in the buffer
        self._order = Order()

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes as they came and return the frames they complete."""
        buffer = self._buffer
        buffer += data
        frames: list[Frame] = []
        at = 0
        while (start := self._find(at)) is not None:
            end = self._frame_end(start)
            if end is None:  # a damaged header: what looked like the magic was none
                at = self._skip(start, start + 1)
            elif end > len(buffer):
                at = start
                break
            else:
                at = self._take(start, end, frames)
        else:
            at = self._keep_tail(at)
        del buffer[:at]
        self._passed += at
        return frames

    def finish(self) -> None:
        """Say that no more bytes will come: what is left over is skipped."""
        self.damage.skipped_bytes += len(self._buffer)
        self._buffer.clear()

    def _find(self, at: int) -> int | None:
        """Return where the next whole header begins; count what is passed over."""
        found = self._buffer.find(MAGIC, at)
        if found < 0 or len(self._buffer) - found < HEADER_SIZE:
            return None
        self._skip(at, found)
        return found

    def _skip(self, start: int, end: int) -> int:
        self.damage.skipped_bytes += end - start
        return end

    def _keep_tail(self, at: int) -> int:
        """Return where the bytes begin that may yet become a frame; count those before."""
        found = self._buffer.find(MAGIC, at)
        if found < 0:
            found = len(self._buffer)
            for tail in range(min(len(MAGIC) - 1, found - at), 0, -1):
                if self._buffer.endswith(MAGIC[:tail]):
                    found -= tail
                    break
        return self._skip(at, found)

    def _frame_end(self, start: int) -> int | None:
        """Return where the frame ends whose header is at `start`; None if it is no header."""
        (check,) = struct.unpack_from("<I", self._buffer, start + _FIELDS.size)
        fields = bytes(self._buffer[start : start + _FIELDS.size])
        if zlib.crc32(fields) != check:
            return None
        _, version, _, _, _, length = _FIELDS.unpack(fields)
        if version != VERSION:
            self.damage.other_versions += 1
            return None
        return start + HEADER_SIZE + length if length <= MAX_PAYLOAD else None

    def _take(self, start: int, end: int, frames: list[Frame]) -> int:
        _, _, kind, lane, sequence, _ = _FIELDS.unpack_from(self._buffer, start)
        (check,) = struct.unpack_from("<I", self._buffer, start + _FIELDS.size + 4)
        payload = bytes(self._buffer[start + HEADER_SIZE : end])
        if zlib.crc32(payload) != check:
            # Bytes are missing from within, perhaps: another frame may begin before `end`.
            self.damage.damaged_frames += 1
            return self._skip(start, start + len(MAGIC))
        frame = Frame(kind, lane, sequence, payload, self._passed + end)
        self._order.follow(frame, self.damage)
        frames.append(frame)
        return end
