"""xentrace's bytes as records: real traces, losses, and whatever else a board may send."""

from __future__ import annotations

from pathlib import Path
from struct import pack

import numpy as np
import pytest
from hypothesis import given, strategies as st

from hvconsole.wire.xentrace import (
    CPU_CHANGE,
    LOST,
    MAX_CPUS,
    SWITCH,
    WRAP,
    Decoder,
    Records,
    concatenated,
    decode,
)

DATA = Path(__file__).parent / "data" / "xentrace"


def record(event: int, *words: int, tick: int | None = None) -> bytes:
    clock = b"" if tick is None else pack("<Q", tick)
    header = event | len(words) << 28 | (0 if tick is None else 1 << 31)
    return pack("<I", header) + clock + pack(f"<{len(words)}I", *words)


def window(cpu: int, *records: bytes) -> bytes:
    body = b"".join(records)
    return record(CPU_CHANGE, cpu, len(body)) + body


def same(left: Records, right: Records) -> bool:
    return all(
        np.array_equal(getattr(left, name), getattr(right, name))
        for name in ("tick", "cpu", "event", "extra")
    )


@pytest.mark.parametrize(
    ("name", "cpus", "count"), [("credit-one-cpu", {0}, 3289), ("credit-two-cpus", {0, 1}, None)]
)
def test_a_real_trace_decodes_whole(name: str, cpus: set[int], count: int | None) -> None:
    data = (DATA / f"{name}.bin").read_bytes()
    records, losses = decode(data)
    assert set(records.cpu.tolist()) == cpus
    assert count is None or records.size == count
    assert (losses.records, losses.skipped_bytes) == (0, 0)
    for cpu in cpus:
        ticks = records.tick[records.cpu == cpu]
        assert (ticks[1:] >= ticks[:-1]).all()


def test_clock_cpu_and_words_are_read() -> None:
    tick = 0x1_2345_6789
    data = window(1, record(SWITCH, 0, 1, 2, 0, tick=tick), record(0x28004, 2, 0))
    records, _ = decode(data)
    assert records.tick.tolist() == [tick, tick]
    assert records.cpu.tolist() == [1, 1]
    assert records.event.tolist() == [SWITCH, 0x28004]
    assert records.extra[0].tolist() == [0, 1, 2, 0, 0, 0, 0]


def test_padding_of_a_buffers_end_is_no_record() -> None:
    records, losses = decode(window(0, record(WRAP), record(SWITCH, 0, 0, 1, 0, tick=9)))
    assert records.event.tolist() == [SWITCH]
    assert losses.skipped_bytes == 0


def test_lost_records_are_counted() -> None:
    data = window(0, record(LOST, 17, 0, 5, 0, tick=8), record(LOST, 3, 0, 9, 0, tick=12))
    records, losses = decode(data)
    assert (losses.records, losses.reports, records.size) == (20, 2, 2)


def test_garbage_is_skipped_up_to_the_next_window_and_counted() -> None:
    good = window(0, record(SWITCH, 0, 0, 1, 0, tick=9))
    records, losses = decode(b"\0" * 33 + good + b"no record" + good)
    assert records.tick.tolist() == [9, 9]
    assert losses.skipped_bytes == 33 + len(b"no record")


def test_a_window_that_was_cut_off_ends_where_the_next_begins() -> None:
    whole = window(0, record(SWITCH, 0, 0, 1, 0, tick=9), record(SWITCH, 1, 0, 0, 0, tick=10))
    after = window(1, record(SWITCH, 0, 0, 1, 0, tick=11))
    records, losses = decode(whole[:-28] + after)
    assert records.tick.tolist() == [9, 11]
    assert records.cpu.tolist() == [0, 1]
    assert losses.skipped_bytes == 0


@pytest.mark.parametrize("header", [(MAX_CPUS, 8), (0, 6), (0, 0xFFFF_FFFC)])
def test_a_window_that_cannot_be_is_none(header: tuple[int, int]) -> None:
    good = window(0, record(SWITCH, 0, 0, 1, 0, tick=9))
    records, losses = decode(record(CPU_CHANGE, *header) + good)
    assert records.tick.tolist() == [9]
    assert losses.skipped_bytes == 12


def test_a_torn_end_is_counted() -> None:
    data = window(0, record(SWITCH, 0, 0, 1, 0, tick=9))
    records, losses = decode(data[:-1])
    assert (records.size, losses.skipped_bytes) == (0, 27)


@given(st.lists(st.integers(1, 400), max_size=60))
def test_pieces_of_any_size_give_the_same(sizes: list[int]) -> None:
    data = (DATA / "credit-one-cpu.bin").read_bytes()[:6_000]
    decoder, parts, at = Decoder(), [], 0
    for size in [*sizes, len(data)]:
        parts.append(decoder.feed(data[at : at + size]))
        at += size
    losses = decoder.close()
    whole, expected = decode(data)
    assert same(concatenated(iter(parts)), whole)
    assert losses == expected


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.sampled_from([LOST, SWITCH, WRAP, CPU_CHANGE]).map(
                lambda event: record(event, 0, 8, tick=1)
            ),
            st.binary(max_size=60).map(lambda body: record(CPU_CHANGE, 0, len(body)) + body),
        ),
        max_size=8,
    )
)
def test_hostile_bytes_never_raise_and_little_is_held_back(pieces: list[bytes]) -> None:
    decoder = Decoder()
    for piece in pieces:
        records = decoder.feed(piece)
        assert records.extra.shape == (records.size, 7)
        assert len(decoder._held) < 40  # a record at most
    total = sum(map(len, pieces))
    assert decoder.close().skipped_bytes <= total
