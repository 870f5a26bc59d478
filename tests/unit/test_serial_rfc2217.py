"""RFC 2217 without a network: negotiation, escaping, damage."""

from hypothesis import given, strategies as st

from hvconsole.wire.rfc2217 import (
    BINARY,
    COM_PORT,
    DO,
    DONT,
    ECHO,
    IAC,
    SB,
    SE,
    WILL,
    WONT,
    Agreement,
    Command,
    Rfc2217Client,
)

NAWS = 31
cuts = st.lists(st.integers(1, 20), max_size=20)


def accepted() -> Rfc2217Client:
    client = Rfc2217Client(baud=9600, data_bits=7, parity="E", stop_bits=2, flow="rtscts")
    client.take()
    assert client.feed(bytes([IAC, DO, COM_PORT])) == b""
    return client


def reply(command: int, value: bytes) -> bytes:
    body = bytes([COM_PORT, 100 + command]) + value
    return bytes([IAC, SB]) + body.replace(b"\xff", b"\xff\xff") + bytes([IAC, SE])


def feed_in_portions(client: Rfc2217Client, data: bytes, sizes: list[int]) -> bytes:
    out = b""
    for size in sizes:
        out += client.feed(data[:size])
        data = data[size:]
    return out + client.feed(data)


def test_settings_are_sent_once_the_server_agrees() -> None:
    client = Rfc2217Client(baud=115_200)
    assert bytes([IAC, WILL, COM_PORT]) in client.take()
    assert client.take() == b""
    client.feed(bytes([IAC, DO, COM_PORT]))
    assert bytes([IAC, SB, COM_PORT, Command.SET_BAUDRATE, 0, 1, 0xC2, 0, IAC, SE]) in client.take()
    assert client.agreement is Agreement.ACCEPTED
    assert not client.settled


def test_a_value_with_a_255_in_it_is_escaped() -> None:
    client = Rfc2217Client(baud=0xFF)
    client.take()
    client.feed(bytes([IAC, DO, COM_PORT]))
    assert bytes([Command.SET_BAUDRATE, 0, 0, 0, 0xFF, 0xFF, IAC, SE]) in client.take()


def test_confirmations_are_compared_with_what_was_asked() -> None:
    client = accepted()
    client.feed(reply(Command.SET_BAUDRATE, (9600).to_bytes(4, "big")))
    client.feed(reply(Command.SET_DATASIZE, b"\x08"))
    client.feed(reply(Command.SET_PARITY, b"\x03") + reply(Command.SET_STOPSIZE, b"\x02"))
    assert not client.settled
    client.feed(reply(Command.SET_CONTROL, b"\x03"))
    assert client.settled
    assert client.mismatches() == [(Command.SET_DATASIZE, 7, 8)]


def test_a_refusal_is_seen() -> None:
    client = Rfc2217Client()
    client.feed(bytes([IAC, DONT, COM_PORT]))
    assert client.agreement is Agreement.REFUSED


def test_options_nobody_asked_for_are_refused_once_and_known_ones_do_not_loop() -> None:
    client = Rfc2217Client()
    client.take()
    client.feed(bytes([IAC, DO, NAWS, IAC, WILL, NAWS, IAC, WILL, ECHO, IAC, WILL, ECHO]))
    assert client.take() == bytes([IAC, WONT, NAWS, IAC, DONT, NAWS, IAC, DO, ECHO])
    client.feed(bytes([IAC, DO, BINARY, IAC, WILL, BINARY]))
    assert client.take() == b""
    client.feed(bytes([IAC, DONT, BINARY, IAC, DONT, BINARY]))
    assert client.take() == bytes([IAC, WONT, BINARY])


def test_flow_control_by_the_server() -> None:
    client = accepted()
    client.feed(reply(Command.FLOW_SUSPEND, b""))
    assert client.suspended
    client.feed(reply(Command.FLOW_RESUME, b""))
    assert not client.suspended


def test_break_is_begun_and_ended() -> None:
    client = accepted()
    client.take()
    client.set_break(on=True)
    client.set_break(on=False)
    assert client.take() == bytes([IAC, SB, 44, 5, 5, IAC, SE, IAC, SB, 44, 5, 6, IAC, SE])


@given(st.binary(max_size=300), cuts)
def test_every_byte_survives_in_any_portions(data: bytes, sizes: list[int]) -> None:
    client = accepted()
    note = reply(Command.NOTIFY_MODEMSTATE, b"\xff")
    sent = client.encode(data[: len(data) // 2]) + note + client.encode(data[len(data) // 2 :])
    assert feed_in_portions(client, sent, sizes) == data
    assert client.settings[Command.NOTIFY_MODEMSTATE] == 0xFF


@given(
    st.binary(max_size=200)
    | st.lists(st.sampled_from([0, 1, 3, 31, 44, 101, 105, 240, 250, 251, 252, 253, 254, 255])).map(
        bytes
    ),
    cuts,
)
def test_rubbish_never_raises_and_means_the_same_in_any_portions(
    data: bytes, sizes: list[int]
) -> None:
    whole, parts = Rfc2217Client(), Rfc2217Client()
    assert whole.feed(data) == feed_in_portions(parts, data, sizes)
    assert whole.take() == parts.take()
    assert whole.settings == parts.settings


def test_an_endless_subnegotiation_takes_no_memory() -> None:
    client = accepted()
    client.feed(bytes([IAC, SB, COM_PORT]))
    for _ in range(100):
        client.feed(b"x" * 10_000)
    assert len(client._sub) <= 256
    assert client.feed(bytes([IAC, SE]) + b"after") == b"after"
