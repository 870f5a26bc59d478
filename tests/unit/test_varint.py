"""Varints: the array decoder agrees with the plain one on everything."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from hvconsole.wire import varint

values = st.one_of(
    st.integers(0, 2**64 - 1),
    st.integers(0, 300),
    st.builds(lambda bits, off: max((1 << bits) + off, 0), st.integers(0, 63), st.integers(-1, 1)),
)


@given(st.lists(values, max_size=200))
def test_array_decoder_inverts_the_encoder(numbers: list[int]) -> None:
    decoded = varint.decode_array(varint.encode_all(numbers))
    assert decoded.dtype == np.uint64
    assert decoded.tolist() == numbers


@given(st.lists(values, max_size=200))
def test_the_array_encoder_is_the_plain_one(numbers: list[int]) -> None:
    encoded = varint.encode_array(np.array(numbers, dtype=np.uint64))
    assert encoded == varint.encode_all(numbers)


@given(values, st.binary(max_size=5))
def test_single_decoder_stops_at_the_end_of_its_value(number: int, after: bytes) -> None:
    encoded = varint.encode(number)
    assert varint.decode(encoded + after) == (number, len(encoded))


@given(st.binary(max_size=64))
def test_arbitrary_bytes_decode_alike_or_fail_alike(data: bytes) -> None:
    expected: list[int] | None = []
    at = 0
    try:
        while at < len(data):
            number, at = varint.decode(data, at)
            expected.append(number)
    except varint.VarintError:
        expected = None
    if expected is None:
        with pytest.raises(varint.VarintError):
            varint.decode_array(data)
    else:
        assert varint.decode_array(data).tolist() == expected


@pytest.mark.parametrize("data", [b"\x80", b"\xff" * 10, b"\xff" * 9 + b"\x02", b"\x01\x80"])
def test_bad_varints_are_refused(data: bytes) -> None:
    with pytest.raises(varint.VarintError):
        varint.decode_array(data)
