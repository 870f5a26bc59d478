"""What the frames of a guest say of its CNTPCT."""

from __future__ import annotations

import msgspec
import pytest
from values import hello

from hvconsole.lab.measure.guest_counter import guest_counter
from hvconsole.wire.frame import encode_frame
from hvconsole.wire.payload import encode_value
from hvconsole.wire.values import Hello


def frames(first: Hello) -> bytes:
    kind, lane, payload = encode_value(first)
    return encode_frame(kind, lane, 0, payload)


@pytest.mark.parametrize(
    ("age_s", "read_ns", "is_machines", "is_trapped"),
    [(5.0, 14.0, True, False), (0.2, 14.0, False, False), (5.0, 3000.0, True, True)],
)
def test_it_is_the_machines_or_its_own_and_read_at_once_or_by_a_trap(
    age_s: float, read_ns: float, *, is_machines: bool, is_trapped: bool
) -> None:
    one = hello(0)
    booted_s = 4.9
    told = guest_counter(
        frames(
            msgspec.structs.replace(
                one,
                start_tick=int((age_s + booted_s) * one.frequency_hz),
                mono_ns=int(booted_s * 1e9),
                lanes=(msgspec.structs.replace(one.lanes[0], read_ns=read_ns),),
            )
        )
    )
    assert told is not None
    assert told.ahead_s == pytest.approx(age_s)
    assert (told.is_machines, told.is_trapped) == (is_machines, is_trapped)
    assert told.as_dict()["machines"] == is_machines


def test_frames_that_are_none_say_nothing() -> None:
    assert guest_counter(b"") is None
    assert guest_counter(bytes(400)) is None
