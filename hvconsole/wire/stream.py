"""From bytes to values in one step: what a hub, a reader and a replay all use."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from hvconsole.wire.frame import Damage, Frame, FrameDecoder, encode_frame
from hvconsole.wire.payload import PayloadError, decode_payload, decode_switches, encode_value
from hvconsole.wire.values import Hello, Kind, Value
from hvconsole.wire.varint import VarintError


class StreamDecoder:
    """Bytes of a binary stream in, values out, in any portions. Never raises on damage."""

    def __init__(self) -> None:
        self._frames = FrameDecoder()

    @property
    def damage(self) -> Damage:
        """What could not be used so far."""
        return self._frames.damage

    def feed(self, data: bytes) -> list[Value]:
        """Take bytes as they came and return the values they complete."""
        return values_of(self._frames.feed(data), self.damage)

    def finish(self) -> None:
        """Say that no more bytes will come."""
        self._frames.finish()


def values_of(frames: Iterable[Frame], damage: Damage) -> list[Value]:
    """Decode the payloads of frames; count in `damage` those that mean nothing."""
    values: list[Value] = []
    for is_switches, group in groupby(frames, lambda frame: frame.kind == Kind.SWITCHES):
        together = list(group)
        if is_switches:
            try:
                values += decode_switches(together)
            except (PayloadError, VarintError):
                pass  # one of them is bad: find out which
            else:
                continue
        for frame in together:
            _decode_one(frame, values, damage)
    return values


def _decode_one(frame: Frame, values: list[Value], damage: Damage) -> None:
    try:
        value = decode_payload(frame)
    except PayloadError:
        damage.damaged_frames += 1
        return
    if value is None:
        damage.unknown_frames += 1
    else:
        values.append(value)


class StreamEncoder:
    """Values in, bytes out, numbering the frames; a hello starts at 0 again."""

    def __init__(self) -> None:
        self._sequence = 0

    def encode(self, value: Value) -> bytes:
        """Make the bytes of one value's frame."""
        if isinstance(value, Hello):
            self._sequence = 0
        kind, lane, payload = encode_value(value)
        data = encode_frame(kind, lane, self._sequence, payload)
        self._sequence += 1
        return data
