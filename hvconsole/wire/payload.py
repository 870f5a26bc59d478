"""Payloads: what the bytes within a frame mean, both ways."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np

from hvconsole.model.learned import learned
from hvconsole.model.ticks import U64
from hvconsole.wire import varint
from hvconsole.wire.frame import Frame
from hvconsole.wire.values import (
    STREAM_LANE,
    End,
    Heartbeat,
    HeartbeatFlag,
    Hello,
    Histogram,
    Kind,
    Note,
    NoteCode,
    Switches,
    Value,
)

# The wire can count more than a screen or a file should hold of one frame.
MAX_SWITCHES: Final = 32_768
MAX_BUCKET: Final = 60 * 32
MAX_LANES: Final = 4_096
_TEXT_LIMIT: Final = 512
_LAST_TICK: Final = float(1 << 63)
_KNOWN_FLAGS: Final = sum(HeartbeatFlag)

_HISTOGRAM = struct.Struct("<6Q")
_HEARTBEAT = struct.Struct("<QQqIIQQQQQQQQ")
_NOTE = struct.Struct("<HHIQQq")


class PayloadError(ValueError):
    """A payload that checks out as bytes and yet makes no sense."""


def decode_payload(frame: Frame) -> Value | None:
    """Turn a frame into a value; None for a kind this version does not know.

    Raises:
        PayloadError: The payload makes no sense.
    """
    decode = _DECODERS.get(frame.kind)
    if decode is None:
        return None
    try:
        return decode(frame)
    except (varint.VarintError, struct.error, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise PayloadError(f"frame {frame.sequence} of kind {frame.kind}: {error}") from error


def _hello(frame: Frame) -> Hello:
    hello = msgspec.json.decode(frame.payload, type=learned(Hello))
    if hello.wire != 1:
        raise PayloadError(f"wire format {hello.wire}, and this version reads 1")
    if hello.frequency_hz <= 0 or not 0 < len(hello.lanes) <= MAX_LANES:
        raise PayloadError("a hello without a frequency or lanes")
    if not 0 <= hello.start_tick < 1 << 64:
        raise PayloadError("a start tick that is no counter value")
    return hello


def _end(frame: Frame) -> End:
    return msgspec.json.decode(frame.payload, type=learned(End))


def _switches(frame: Frame) -> Switches:
    (batch,) = decode_switches([frame])
    return batch


def decode_switches(frames: Sequence[Frame]) -> list[Switches]:
    """Decode switches frames together, and join those that follow on from each other.

    Returns:
        The switches of all frames in order; one batch for each stretch of frames of one lane in
        which each begins where the one before it ended.

    Raises:
        PayloadError: A payload makes no sense; none is decoded then.
    """
    heads = [_switches_head(frame) for frame in frames]
    bodies = [memoryview(f.payload)[head.body_at :] for f, head in zip(frames, heads, strict=True)]
    numbers, sizes = varint.decode_parts(bodies)
    for head, size in zip(heads, sizes, strict=True):
        if size != 2 * head.size:
            raise PayloadError(f"{size} numbers for {head.size} switches")
    steps, length = numbers[0::2], numbers[1::2].copy()
    at = 0
    for head in heads:
        length[at : at + head.size] += np.uint64(head.bias)
        at += head.size
    steps += length
    if heads[0].base + float(steps.sum(dtype=np.float64)) >= _LAST_TICK:
        raise PayloadError("switches later than any counter can count")
    # Ends are the running sum of distances and lengths; a start is its end less its length.
    ends = np.cumsum(steps, dtype=np.uint64)
    return _batches(frames, heads, ends, length)


def _batches(
    frames: Sequence[Frame], heads: Sequence[_SwitchesHead], ends: U64, length: U64
) -> list[Switches]:
    """Cut ends and lengths into batches; ends still lack each batch's base."""
    batches: list[Switches] = []
    begin, at, origin = 0, 0, 0  # first switch of the batch, of the frame; base less running sum

    def close(to: int) -> None:
        part = slice(begin, to)
        start = ends[part] - length[part]
        start += np.uint64(origin % (1 << 64))
        batches.append(Switches(lane, first, start, length[part]))

    lane, first = frames[0].lane, heads[0].first
    for frame, head in zip(frames, heads, strict=True):
        before = int(ends[at - 1]) if at else 0
        if at == 0:
            origin = head.base
        elif frame.lane != lane or before + origin != head.base or first + at - begin != head.first:
            close(at)
            begin, lane, first = at, frame.lane, head.first
            origin = head.base - before
        at += head.size
    close(at)
    return batches


class _SwitchesHead(NamedTuple):
    first: int
    base: int
    bias: int
    size: int
    body_at: int


def _switches_head(frame: Frame) -> _SwitchesHead:
    try:
        first, at = varint.decode(frame.payload)
        base, at = varint.decode(frame.payload, at)
        bias, at = varint.decode(frame.payload, at)
        count, at = varint.decode(frame.payload, at)
    except varint.VarintError as error:
        raise PayloadError(f"frame {frame.sequence}: {error}") from error
    if not 0 < count <= MAX_SWITCHES or base >= _LAST_TICK or bias >= _LAST_TICK:
        raise PayloadError(f"{count} switches in one frame")
    return _SwitchesHead(first, base, bias, count, at)


def _histogram(frame: Frame) -> Histogram:
    start, end, count, total, shortest, longest = _HISTOGRAM.unpack_from(frame.payload)
    pairs = varint.decode_array(memoryview(frame.payload)[_HISTOGRAM.size :])
    if pairs.size % 2 or pairs.size > 2 * MAX_BUCKET:
        raise PayloadError("a histogram with a bucket too many")
    if pairs.size and int(pairs.max()) >= 1 << 53:
        raise PayloadError("a histogram with impossible counts")
    bucket = np.cumsum(pairs[0::2], dtype=np.int64)
    counts = pairs[1::2].astype(np.int64)
    if bucket.size and (bucket[-1] >= MAX_BUCKET or bucket[0] < 0 or np.any(np.diff(bucket) <= 0)):
        raise PayloadError("a histogram with buckets out of order")
    if int(counts.sum()) != count:
        raise PayloadError(f"a histogram of {count} switches whose buckets hold {counts.sum()}")
    return Histogram(frame.lane, start, end, count, total, shortest, longest, bucket, counts)


def _heartbeat(frame: Frame) -> Heartbeat:
    tick, mono, real, bracket, flags, *counts = _HEARTBEAT.unpack(frame.payload)
    known = HeartbeatFlag(flags & _KNOWN_FLAGS)
    return Heartbeat(frame.lane, tick, mono, real, bracket, known, *counts)


def _note(frame: Frame) -> Note:
    code, severity, _, start, end, value = _NOTE.unpack_from(frame.payload)
    text = frame.payload[_NOTE.size : _NOTE.size + _TEXT_LIMIT].decode("utf-8", "replace")
    known = NoteCode(code) if code in NoteCode._value2member_map_ else code
    return Note(frame.lane, known, severity, start, end, value, text)


_DECODERS: dict[int, Callable[[Frame], Value]] = {
    Kind.HELLO: _hello,
    Kind.SWITCHES: _switches,
    Kind.HISTOGRAM: _histogram,
    Kind.HEARTBEAT: _heartbeat,
    Kind.NOTE: _note,
    Kind.END: _end,
}


def encode_switches(first: int, base: int, start: U64, length: U64) -> bytes:
    """Make the payload of a switches frame.

    Args:
        first: Index of the first switch among all of its lane.
        base: Tick from which the first distance counts; at most `start[0]`.
        start: Shape (n,), n ≥ 1, ascending; no switch begins before the one before it ended.
        length: Shape (n,).
    """
    bias = int(length.min())
    ends = np.concatenate([[np.uint64(base)], (start + length)[:-1]])
    pairs = np.stack([start - ends, length - np.uint64(bias)], axis=1).ravel()
    return varint.encode_all([first, base, bias, len(start)]) + varint.encode_array(pairs)


def encode_value(value: Value) -> tuple[Kind, int, bytes]:
    """Make kind, lane and payload of a value's frame (switches count from their own start)."""
    match value:
        case Hello():
            return Kind.HELLO, STREAM_LANE, msgspec.json.encode(value)
        case End():
            return Kind.END, STREAM_LANE, msgspec.json.encode(value)
        case Switches():
            base = int(value.start[0])
            payload = encode_switches(value.first, base, value.start, value.length)
            return Kind.SWITCHES, value.lane, payload
        case Histogram():
            return Kind.HISTOGRAM, value.lane, _encode_histogram(value)
        case Heartbeat():
            return Kind.HEARTBEAT, value.lane, _encode_heartbeat(value)
        case Note():
            return Kind.NOTE, value.lane, _encode_note(value)


def _encode_histogram(h: Histogram) -> bytes:
    pairs = np.stack([np.diff(h.bucket, prepend=0), h.counts], axis=1).ravel()
    head = _HISTOGRAM.pack(h.start, h.end, h.count, h.total, h.shortest, h.longest)
    return head + varint.encode_array(pairs.astype(np.uint64))


def _encode_heartbeat(beat: Heartbeat) -> bytes:
    return _HEARTBEAT.pack(
        beat.tick,
        beat.mono_ns,
        beat.real_ns,
        beat.bracket_ticks,
        int(beat.flags),
        beat.loops,
        beat.detected,
        beat.recorded,
        beat.dropped,
        beat.lost_ticks,
        beat.backward,
        beat.blind_ticks,
        beat.watched_until,
    )


def _encode_note(note: Note) -> bytes:
    head = _NOTE.pack(int(note.code), note.severity, 0, note.start, note.end, note.value)
    return head + note.text.encode()[:_TEXT_LIMIT]
