"""Addresses of serial lines: each form, and wrong ones told apart."""

import pytest
from hypothesis import given, strategies as st

from hvconsole.link.serial_url import (
    DeviceAddress,
    LineSettings,
    Rfc2217Address,
    TcpAddress,
    UnixAddress,
    parse_serial,
)
from hvconsole.model.problem import UsageProblem


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("/dev/ttyUSB0", DeviceAddress("/dev/ttyUSB0")),
        ("/dev/serial/by-id/a:b#c?d", DeviceAddress("/dev/serial/by-id/a:b#c?d")),
        ("serial:///dev/ttyUSB0", DeviceAddress("/dev/ttyUSB0")),
        (
            "serial:///dev/ttyS1?baud=9600&line=7e2&flow=rtscts",
            DeviceAddress("/dev/ttyS1", LineSettings(9600, 7, "E", 2, "rtscts")),
        ),
        ("serial:///dev/tty%20A", DeviceAddress("/dev/tty A")),
        ("unix:/run/board.sock", UnixAddress("/run/board.sock")),
        ("unix:///run/board.sock", UnixAddress("/run/board.sock")),
        ("tcp://192.0.2.7:4000", TcpAddress("192.0.2.7", 4000)),
        ("tcp://[2001:db8::7]:4000", TcpAddress("2001:db8::7", 4000)),
        ("rfc2217://ser.example:4001/", Rfc2217Address("ser.example", 4001)),
        (
            "rfc2217://h:1?baud=921600",
            Rfc2217Address("h", 1, LineSettings(921_600)),
        ),
    ],
)
def test_each_form_is_understood(text: str, address: object) -> None:
    assert parse_serial(text) == address


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "neither with '/'"),
        ("ttyUSB0", "neither with '/'"),
        ("http://h:1", "neither with '/'"),
        ("serial://dev/ttyUSB0", "three slashes"),
        ("serial:dev/ttyUSB0", "from '/'"),
        ("serial:///dev/x?baud=fast", "whole number"),
        ("serial:///dev/x?baud=0", "runs at 0"),
        ("serial:///dev/x?baud=99999999999", "whole number"),
        ("serial:///dev/x?baud=²", "whole number"),
        ("serial:///dev/x?bauds=1", "did you mean 'baud'"),
        ("serial:///dev/x?line=9n1", "8n1"),
        ("serial:///dev/x?flow=maybe", "rtscts"),
        ("serial:///dev/x?baud", "?baud=115200"),
        ("unix:/x?baud=1", "raw bytes have no settings"),
        ("tcp://h", "host and a port"),
        ("tcp://h:0", "host and a port"),
        ("tcp://h:70000", "ort"),
        ("tcp://h:1/path", "no path"),
        ("tcp://user:secret@h:1", "no user"),
        ("/dev/tty\x1b[2J", "cannot be printed"),
    ],
)
def test_what_is_wrong_is_told(text: str, why: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        parse_serial(text)
    assert why in caught.value.detail
    assert "/dev/ttyUSB0" in caught.value.hint


@given(st.text() | st.from_regex(r"(serial|unix|tcp|rfc2217)://?/?[^\n]{0,30}", fullmatch=True))
def test_any_text_is_an_address_or_a_problem(text: str) -> None:
    try:
        address = parse_serial(text)
    except UsageProblem:
        return
    if "?" not in text and "%" not in text:
        assert parse_serial(str(address)) == address
