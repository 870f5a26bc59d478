"""The wire format: everything survives the way, and damage is counted, never raised."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from values import any_value, heartbeat, hello, same, switch_batches, switches

from hvconsole.wire.frame import HEADER_SIZE, MAX_PAYLOAD, FrameDecoder, encode_frame
from hvconsole.wire.payload import encode_switches, encode_value
from hvconsole.wire.stream import StreamDecoder, StreamEncoder, values_of
from hvconsole.wire.text import MAX_LINE, TextDecoder, encode_lines
from hvconsole.wire.values import Kind, Switches, Value

cuts = st.lists(st.integers(1, 200), max_size=30)


def portions(data: bytes, sizes: list[int]) -> list[bytes]:
    out, at = [], 0
    for size in sizes:
        out.append(data[at : at + size])
        at += size
    return [*out, data[at:]]


@given(st.lists(any_value(), max_size=12), cuts)
def test_values_survive_the_wire_in_any_portions(values: list[Value], sizes: list[int]) -> None:
    encoder, decoder = StreamEncoder(), StreamDecoder()
    data = b"".join(encoder.encode(value) for value in values)
    got = [value for portion in portions(data, sizes) for value in decoder.feed(portion)]
    assert len(got) == len(values)
    assert all(same(a, b) for a, b in zip(got, values, strict=True))
    damage = decoder.damage
    assert (damage.skipped_bytes, damage.damaged_frames, damage.lost_frames) == (0, 0, 0)


@given(st.lists(any_value(), min_size=3, max_size=8), st.binary(max_size=80), st.data())
def test_rubbish_between_frames_costs_nothing_else(
    values: list[Value], rubbish: bytes, data: st.DataObject
) -> None:
    encoder, decoder = StreamEncoder(), StreamDecoder()
    frames = [encoder.encode(value) for value in values]
    place = data.draw(st.integers(0, len(frames)))
    stream = b"".join(frames[:place]) + rubbish + b"".join(frames[place:])
    got = decoder.feed(stream)
    decoder.finish()
    assert len(got) == len(values)
    assert decoder.damage.skipped_bytes == len(rubbish)


@given(st.lists(any_value(), min_size=4, max_size=8), st.data())
def test_a_flipped_bit_costs_one_frame_and_is_counted(
    values: list[Value], data: st.DataObject
) -> None:
    encoder, decoder = StreamEncoder(), StreamDecoder()
    frames = [encoder.encode(value) for value in values]
    hit = data.draw(st.integers(1, len(frames) - 2))
    at = data.draw(st.integers(0, len(frames[hit]) - 1))
    damaged = bytearray(frames[hit])
    damaged[at] ^= 1 << data.draw(st.integers(0, 7))
    frames[hit] = bytes(damaged)
    got = decoder.feed(b"".join(frames))
    decoder.finish()
    assert len(got) == len(values) - 1
    assert decoder.damage.skipped_bytes == len(frames[hit])


@given(st.binary(max_size=3000), cuts)
@settings(max_examples=300)
def test_the_decoder_never_raises_and_accounts_for_every_byte(
    data: bytes, sizes: list[int]
) -> None:
    decoder = FrameDecoder()
    frames = [frame for portion in portions(data, sizes) for frame in decoder.feed(portion)]
    decoder.finish()
    used = sum(HEADER_SIZE + len(frame.payload) for frame in frames)
    assert used + decoder.damage.skipped_bytes == len(data)


@given(st.integers(0, 255), st.binary(max_size=400))
def test_any_payload_under_any_kind_is_a_value_or_counted(kind: int, payload: bytes) -> None:
    decoder = StreamDecoder()
    got = decoder.feed(encode_frame(kind, 0, 0, payload))
    damage = decoder.damage
    assert len(got) + damage.damaged_frames + damage.unknown_frames == 1


def test_missing_frames_are_counted_by_sequence() -> None:
    encoder, decoder = StreamEncoder(), StreamDecoder()
    frames = [encoder.encode(hello())] + [encoder.encode(heartbeat(1, t)) for t in range(9)]
    decoder.feed(b"".join(frames[:3] + frames[7:]))
    assert decoder.damage.lost_frames == 4


def test_a_new_hello_starts_the_sequence_again() -> None:
    encoder, decoder = StreamEncoder(), StreamDecoder()
    data = encoder.encode(hello()) + encoder.encode(heartbeat(1, 5)) + encoder.encode(hello())
    assert len(decoder.feed(data)) == 3
    assert decoder.damage.lost_frames == 0


def test_a_damaged_length_does_not_hold_the_stream_up() -> None:
    encoder, decoder = StreamEncoder(), StreamDecoder()
    first, second, third = (encoder.encode(heartbeat(1, t)) for t in range(3))
    broken = bytearray(second)
    broken[12:16] = MAX_PAYLOAD.to_bytes(4, "little")
    assert len(decoder.feed(first + broken + third)) == 2


def test_another_version_is_counted_as_such() -> None:
    frame = bytearray(encode_frame(Kind.NOTE, 0, 0, b""))
    frame[4] = 9
    import struct
    import zlib

    frame[16:20] = struct.pack("<I", zlib.crc32(bytes(frame[:16])))
    decoder = FrameDecoder()
    assert decoder.feed(bytes(frame)) == []
    assert decoder.damage.other_versions == 1


def test_too_long_a_payload_is_not_made() -> None:
    with pytest.raises(ValueError, match="longer"):
        encode_frame(1, 0, 0, bytes(MAX_PAYLOAD + 1))


@pytest.mark.parametrize(
    ("rate_hz", "length"), [(250, 200), (250, 900), (100, 200), (1000, 300), (5000, 120)]
)
def test_a_switch_costs_at_most_five_bytes_at_24_mhz(rate_hz: int, length: int) -> None:
    rng = np.random.default_rng(1)
    count = 500
    period = 24_000_000 // rate_hz
    start = np.arange(1, count + 1) * period + rng.integers(0, 40, count)
    lengths = length + rng.integers(0, 100, count)
    payload = encode_switches(0, int(start[0]), start.astype(np.uint64), lengths.astype(np.uint64))
    assert len(payload) / count <= 5


@given(switch_batches())
def test_switches_keep_their_order(batch: Switches) -> None:
    payload = encode_switches(batch.first, 0, batch.start, batch.length)
    (value,) = values_of([_frame(payload)], FrameDecoder().damage)
    assert isinstance(value, Switches)
    ends = value.start + value.length
    assert np.all(ends[:-1] <= value.start[1:])


def _frame(payload: bytes):
    (frame,) = FrameDecoder().feed(encode_frame(Kind.SWITCHES, 0, 0, payload))
    return frame


console_text = st.lists(
    st.sampled_from(
        [
            b"[    1.234567] usb 1-1: new device\r\n",
            b"# ",
            b"login: ",
            b"(XEN) *** Dumping\n",
            b"a:b.c\n",
        ]
    ),
    max_size=5,
)


@given(st.lists(any_value(), min_size=1, max_size=8), console_text, cuts)
def test_lines_survive_among_console_text(
    values: list[Value], texts: list[bytes], sizes: list[int]
) -> None:
    data, console = b"", b""
    for index, value in enumerate(values):
        kind, lane, payload = encode_value(value)
        lines = encode_lines(kind, lane, index, payload)
        assert all(len(line) <= MAX_LINE for line in lines.splitlines())
        data += lines
        if index < len(texts):
            text = texts[index] if texts[index].endswith(b"\n") else texts[index] + b"\n"
            data += text
            console += text
    decoder = TextDecoder()
    got, text = [], b""
    for portion in portions(data, sizes):
        frames, some = decoder.feed(portion)
        got += values_of(frames, decoder.damage)
        text += some
    assert text == console
    assert len(got) == len(values)
    assert all(same(a, b) for a, b in zip(got, values, strict=True))


@given(st.lists(any_value(), min_size=2, max_size=6), st.data())
def test_a_broken_line_costs_its_frame_only(values: list[Value], data: st.DataObject) -> None:
    pieces = [encode_lines(*_parts(value, i)) for i, value in enumerate(values)]
    hit = data.draw(st.integers(0, len(pieces) - 1))
    at = data.draw(st.integers(0, len(pieces[hit]) - 3))
    pieces[hit] = pieces[hit][:at] + b"[ 12.3] irq 9: nobody cared\r\n" + pieces[hit][at:]
    decoder = TextDecoder()
    frames, text = decoder.feed(b"".join(pieces))
    assert len(values) - 1 <= len(frames) <= len(values)
    assert b"nobody cared" in text


def _parts(value: Value, sequence: int) -> tuple[int, int, int, bytes]:
    kind, lane, payload = encode_value(value)
    return kind, lane, sequence, payload


@given(st.binary(max_size=2000), cuts)
def test_the_line_decoder_never_raises(data: bytes, sizes: list[int]) -> None:
    decoder = TextDecoder()
    for portion in portions(data, sizes):
        decoder.feed(portion)


def test_sequences_wrap_at_sixteen_bits_on_a_line() -> None:
    decoder = TextDecoder()
    value = heartbeat(1, 7)
    for sequence in (0xFFFE, 0xFFFF, 0x1_0000, 0x1_0002):
        decoder.feed(encode_lines(*_parts(value, sequence)))
    assert decoder.damage.lost_frames == 1


def test_prompts_show_before_their_line_ends() -> None:
    _, text = TextDecoder().feed(b"=> ")
    assert text == b"=> "


def test_hundred_thousand_switches_decode_exactly() -> None:
    rng = np.random.default_rng(2)
    length = rng.integers(30, 1 << 30, 30_000).astype(np.uint64)
    start = np.cumsum(rng.integers(0, 1 << 20, 30_000).astype(np.uint64) + length) - length
    batches = [
        switches(1, list(zip(start[i : i + 5000], length[i : i + 5000], strict=True)), i)
        for i in range(0, 30_000, 5000)
    ]
    encoder, decoder = StreamEncoder(), StreamDecoder()
    got = [v for b in batches for v in decoder.feed(encoder.encode(b))]
    assert np.array_equal(np.concatenate([g.start for g in got]), start)
    assert np.array_equal(np.concatenate([g.length for g in got]), length)


def test_frames_that_follow_on_become_one_batch() -> None:
    """The sampler's frames continue each other; those of another lane or after a hole do not."""
    frames, base = [], 1000
    for sequence, (lane, first, hole) in enumerate(
        [(1, 0, 0), (1, 3, 0), (1, 6, 0), (2, 0, 50), (1, 9, 70), (1, 15, 0)]
    ):
        base += hole
        start = np.array([base + 10, base + 40, base + 90], dtype=np.uint64)
        payload = encode_switches(first, base, start, np.array([5, 6, 7], dtype=np.uint64))
        base = int(start[-1]) + 7
        frames.append((encode_frame(Kind.SWITCHES, lane, sequence, payload), lane, first, start))
    got = StreamDecoder().feed(b"".join(data for data, *_ in frames))
    assert [(v.lane, v.first, len(v.start)) for v in got] == [
        (1, 0, 9),
        (2, 0, 3),
        (1, 9, 3),
        (1, 15, 3),
    ]
    assert np.concatenate([v.start for v in got]).tolist() == [
        tick for *_, start in frames for tick in start.tolist()
    ]
    assert np.concatenate([v.length for v in got]).tolist() == [5, 6, 7] * 6


def test_one_bad_frame_among_many_costs_itself_only() -> None:
    good = encode_switches(0, 0, np.array([10], dtype=np.uint64), np.array([5], dtype=np.uint64))
    payloads = [good, good + b"\x01", good + b"\x80", b"", good]
    data = b"".join(encode_frame(Kind.SWITCHES, 1, n, p) for n, p in enumerate(payloads))
    decoder = StreamDecoder()
    assert len(decoder.feed(data)) == 2
    assert decoder.damage.damaged_frames == 3
