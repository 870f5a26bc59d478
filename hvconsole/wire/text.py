"""Frames as lines of text, for a serial line that other things write to as well.

A line is ``:BASE85.``; what is none is console text (a boot log, kernel messages, a prompt) and is
handed on as it came. See docs/wire-format.md for the bytes within.
"""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass

from hvconsole.wire import varint
from hvconsole.wire.frame import MAX_PAYLOAD, Damage, Frame, Order

MAX_LINE = 512
_START, _STOP = b":", b"."
_HEAD = struct.Struct("<BBH")
_CHECK = struct.Struct("<I")
_PART = 0x80
_WHOLE_STREAM = 0xFF
_LANE_OF = {_WHOLE_STREAM: 0xFFFF}
# Five characters carry four bytes; start, stop and a line end of two are not payload.
_MAX_BODY = (MAX_LINE - 4) // 5 * 4
_PART_PAYLOAD = _MAX_BODY - _HEAD.size - _CHECK.size - 2


@dataclass(slots=True)
class _Assembly:
    """A frame of which some parts have arrived."""

    kind: int
    lane: int
    low_sequence: int
    missing: int
    payload: bytearray


class TextDecoder:
    """Bytes of a serial line in; frames and console text out, in any portions.

    Attributes:
        damage: What looked like a frame and could not be used; `skipped_bytes` stays 0, since all
            other bytes are handed on as console text.
    """

    def __init__(self) -> None:
        self.damage = Damage()
        self._order = Order()
        self._line = bytearray()
        self._plain = False  # the line under way is console text; its beginning has been handed on
        self._after_return = False
        self._assembly: _Assembly | None = None

    def feed(self, data: bytes) -> tuple[list[Frame], bytes]:
        """Take bytes as they came.

        Returns:
            The frames they complete, and the console text among them. Text is not held back for
            the end of its line, so that a prompt shows as soon as it is written.
        """
        frames: list[Frame] = []
        text = bytearray()
        for piece in data.splitlines(keepends=True):
            self._take(piece, frames, text)
        return frames, bytes(text)

    def _take(self, piece: bytes, frames: list[Frame], text: bytearray) -> None:
        complete = piece.endswith((b"\n", b"\r"))
        if self._plain:
            text += piece
            self._plain = not complete
            return
        self._line += piece
        if complete:
            line = bytes(self._line)
            self._line.clear()
            if line == b"\n" and self._after_return:
                self._after_return = False  # the second half of a frame's line end
            elif self._frame(line.rstrip(b"\r\n"), frames):
                self._after_return = line.endswith(b"\r")
            else:
                self._after_return = False
                text += line
        elif not self._line.startswith(_START) or len(self._line) > MAX_LINE:
            text += self._line
            self._line.clear()
            self._plain = True

    def _frame(self, line: bytes, frames: list[Frame]) -> bool:
        """Try a line as a frame; False if it is console text."""
        if not (line.startswith(_START) and line.endswith(_STOP) and len(line) <= MAX_LINE):
            return False
        try:
            body = base64.b85decode(line[1:-1])
        except ValueError:
            self.damage.damaged_frames += 1
            return False
        if len(body) < _HEAD.size + _CHECK.size:
            return False
        (check,) = _CHECK.unpack_from(body, len(body) - _CHECK.size)
        body = body[: -_CHECK.size]
        if zlib.crc32(body) != check:
            self.damage.damaged_frames += 1
            return False
        kind, lane, low = _HEAD.unpack_from(body)
        payload = body[_HEAD.size :]
        lane = _LANE_OF.get(lane, lane)
        if kind & _PART:
            self._part(kind & ~_PART, lane, low, payload, frames)
        else:
            self._assembly = None
            self._emit(kind, lane, low, payload, frames)
        return True

    def _part(self, kind: int, lane: int, low: int, payload: bytes, frames: list[Frame]) -> None:
        try:
            mark, at = varint.decode(payload)
        except varint.VarintError:
            self.damage.damaged_frames += 1
            return
        missing, is_first = mark >> 1, mark & 1
        if is_first:
            self._assembly = _Assembly(kind, lane, low, missing, bytearray(payload[at:]))
        else:
            under_way = self._assembly
            if under_way is None or (
                (under_way.kind, under_way.lane, under_way.low_sequence, under_way.missing)
                != (kind, lane, low, missing + 1)
            ):
                self._assembly = None  # the sequence will tell that this frame was lost
                return
            under_way.missing = missing
            under_way.payload += payload[at:]
        assembly = self._assembly
        if assembly is None or len(assembly.payload) > MAX_PAYLOAD:
            self._assembly = None
        elif missing == 0:
            self._assembly = None
            self._emit(kind, lane, low, bytes(assembly.payload), frames)

    def _emit(self, kind: int, lane: int, low: int, payload: bytes, frames: list[Frame]) -> None:
        expected = self._order.expected or 0
        ahead = (low - expected) & 0xFFFF
        sequence = expected + ahead if ahead < 1 << 15 else expected + ahead - (1 << 16)
        is_hello = kind == 1 and low == 0
        frame = Frame(kind, lane, 0 if is_hello else max(sequence, 0), payload)
        self._order.follow(frame, self.damage)
        frames.append(frame)


def encode_lines(kind: int, lane: int, sequence: int, payload: bytes) -> bytes:
    """Make the line, or the lines, of one frame (the reference for the sampler's own)."""
    low = sequence & 0xFFFF
    small_lane = _WHOLE_STREAM if lane == _LANE_OF[_WHOLE_STREAM] else lane
    if len(payload) <= _PART_PAYLOAD + 2:
        return _line(_HEAD.pack(kind, small_lane, low) + payload)
    pieces = [payload[at : at + _PART_PAYLOAD] for at in range(0, len(payload), _PART_PAYLOAD)]
    lines = []
    for index, piece in enumerate(pieces):
        mark = 2 * (len(pieces) - 1 - index) + (index == 0)
        head = _HEAD.pack(kind | _PART, small_lane, low)
        lines.append(_line(head + varint.encode(mark) + piece))
    return b"".join(lines)


def _line(body: bytes) -> bytes:
    encoded = base64.b85encode(body + _CHECK.pack(zlib.crc32(body)))
    return _START + encoded + _STOP + b"\r\n"
