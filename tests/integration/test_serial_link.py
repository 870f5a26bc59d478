"""Serial lines over real ptys, sockets, and pyserial's own RFC 2217 server."""

import asyncio
import contextlib
import os
import pty
import socket
import threading
import tty
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import serial
import serial.rfc2217

from hvconsole.link.serial import SerialLink
from hvconsole.link.serial_protocol import SerialPort, SerialState
from hvconsole.model.problem import LinkProblem

QUICK = (0.01, 0.05)


class Pty:
    """A pty whose slave is the adapter: `path` is a link to it, as udev makes one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.master = -1
        self.plug()

    def plug(self) -> None:
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(slave))
        os.close(slave)

    def unplug(self) -> None:
        self.path.unlink()
        os.close(self.master)

    async def read(self, size: int) -> bytes:
        return await asyncio.to_thread(read_exactly, self.master, size)


def read_exactly(fd: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += os.read(fd, size - len(data))
    return data


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Pty]:
    board = Pty(tmp_path / "ttyUSB0")
    yield board
    with contextlib.suppress(OSError):
        os.close(board.master)


class Catcher:
    """Takes bytes and states, and lets a test wait for what it expects."""

    def __init__(self) -> None:
        self.data = b""
        self.states: list[SerialState] = []
        self._news = asyncio.Event()

    def sink(self, data: bytes) -> None:
        self.data += data
        self._news.set()

    def on_state(self, state: SerialState, _why: str) -> None:
        self.states.append(state)
        self._news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self._news.clear()
                await self._news.wait()


@pytest.fixture
async def got() -> Catcher:
    return Catcher()


async def test_bytes_go_both_ways_over_a_pty(board: Pty, got: Catcher) -> None:
    log = bytearray()
    link = SerialLink(
        f"serial://{board.path}?baud=115200", got.sink, log=log.extend, on_state=got.on_state
    )
    port: SerialPort = link
    await port.open()
    every_byte = bytes(range(256))
    os.write(board.master, every_byte)
    await got.until(lambda: len(got.data) >= 256)
    assert got.data == bytes(log) == every_byte
    port.write(every_byte)
    assert await board.read(256) == every_byte
    await port.send(b"paced", pace_s=0.001)
    assert await board.read(5) == b"paced"
    await port.send_break(0.001)
    await port.close()
    await port.close()
    assert await port.closed() is None
    assert got.states == [SerialState.OPENING, SerialState.OPEN, SerialState.CLOSED]


async def test_an_adapter_that_comes_back_is_opened_again(board: Pty, got: Catcher) -> None:
    link = SerialLink(str(board.path), got.sink, on_state=got.on_state, retry_s=QUICK)
    await link.open()
    board.unplug()
    await got.until(lambda: link.state is SerialState.WAITING)
    with pytest.raises(LinkProblem, match="is not open"):
        link.write(b"nobody hears this")
    board.plug()
    await got.until(lambda: link.state is SerialState.OPEN)
    os.write(board.master, b"hello again")
    await got.until(lambda: got.data == b"hello again")
    await link.close()


async def test_a_lost_line_ends_the_link_if_told_so(board: Pty, got: Catcher) -> None:
    link = SerialLink(str(board.path), got.sink, reconnect=False)
    await link.open()
    board.unplug()
    async with asyncio.timeout(10):
        reason = await link.closed()
    assert isinstance(reason, LinkProblem)
    assert link.state is SerialState.CLOSED
    await link.close()


async def test_a_second_opener_is_refused(board: Pty, got: Catcher) -> None:
    link = SerialLink(str(board.path), got.sink)
    await link.open()
    with pytest.raises(LinkProblem) as caught:
        await SerialLink(str(board.path), got.sink).open()
    assert "another program has it open" in caught.value.hint
    await link.close()
    again = SerialLink(str(board.path), got.sink)
    await again.open()
    await again.close()


async def test_what_cannot_be_opened_is_explained(tmp_path: Path, got: Catcher) -> None:
    missing = SerialLink(str(tmp_path / "ttyUSB9"), got.sink, on_state=got.on_state)
    with pytest.raises(LinkProblem) as caught:
        await missing.open()
    assert "plug the adapter in" in caught.value.hint
    assert missing.state is SerialState.CLOSED
    (tmp_path / "file").write_text("no line")
    with pytest.raises(LinkProblem, match="cannot be opened"):
        await SerialLink(str(tmp_path / "file"), got.sink).open()
    with pytest.raises(LinkProblem, match="cannot be opened"):
        await SerialLink(f"unix:{tmp_path / 'no.sock'}", got.sink).open()


async def test_a_full_line_does_not_hold_the_close(board: Pty, got: Catcher) -> None:
    link = SerialLink(str(board.path), got.sink)
    await link.open()
    for _ in range(17):
        link.write(b"x" * 16_384)
    with pytest.raises(LinkProblem, match="takes no more"):
        link.write(b"x")
    async with asyncio.timeout(5):
        await link.close()


async def test_an_open_that_was_given_up_frees_the_device(board: Pty, got: Catcher) -> None:
    opening = asyncio.create_task(SerialLink(str(board.path), got.sink).open())
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    link = SerialLink(str(board.path), got.sink)
    async with asyncio.timeout(10):
        while link.state is not SerialState.OPEN:
            with contextlib.suppress(LinkProblem):
                await link.open()
            await asyncio.sleep(0.01)
    await link.close()


class SocketBoard:
    """A listening socket with at most one client: QEMU's serial, or a terminal server."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.writers: list[asyncio.StreamWriter] = []
        self.news = asyncio.Event()

    async def client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        while data := await reader.read(4096):
            self.received += data
            self.news.set()
        writer.close()

    async def until_received(self, data: bytes) -> None:
        async with asyncio.timeout(10):
            while bytes(self.received) != data:
                self.news.clear()
                await self.news.wait()


async def test_a_unix_socket(tmp_path: Path, got: Catcher) -> None:
    board, path = SocketBoard(), tmp_path / "serial.sock"
    server = await asyncio.start_unix_server(board.client, path)
    link = SerialLink(f"unix:{path}", got.sink)
    await link.open()
    link.write(b"\xff\x00help\r")
    await board.until_received(b"\xff\x00help\r")
    board.writers[0].write(b"\xff=> ")
    await got.until(lambda: got.data == b"\xff=> ")
    with pytest.raises(LinkProblem, match="cannot send a break"):
        await link.send_break()
    await link.close()
    server.close()


async def test_a_tcp_line_that_drops_and_comes_back(got: Catcher) -> None:
    board = SocketBoard()
    server = await asyncio.start_server(board.client, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    link = SerialLink(f"tcp://127.0.0.1:{port}", got.sink, on_state=got.on_state, retry_s=QUICK)
    await link.open()
    link.write(b"one")
    await board.until_received(b"one")
    board.writers[0].close()
    await got.until(lambda: got.states.count(SerialState.OPEN) == 2)
    link.write(b"two")
    await board.until_received(b"onetwo")
    await link.close()
    server.close()


class PtyPort(serial.Serial):
    """A port without modem lines and break, which a pty has not: they are remembered instead."""

    cts = dsr = ri = cd = False
    rts = dtr = True
    breaks: list[bool]

    @property
    def break_condition(self) -> bool:
        return self.breaks[-1]

    @break_condition.setter
    def break_condition(self, value: bool) -> None:
        self.breaks.append(value)


class Rfc2217Server:
    """pyserial's server side (`PortManager`) between a TCP port and a pty."""

    def __init__(self, device: str) -> None:
        self.port = PtyPort(device, timeout=0.05)
        self.port.breaks = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"rfc2217://127.0.0.1:{self._listener.getsockname()[1]}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        self._client, _ = self._listener.accept()
        client = self._client
        manager = serial.rfc2217.PortManager(self.port, self)
        client.settimeout(0.02)
        while not self._stop.is_set():
            if data := self.port.read(self.port.in_waiting or 1):
                self.write(b"".join(manager.escape(data)))
            with contextlib.suppress(TimeoutError):
                if not (data := client.recv(1024)):
                    break
                self.port.write(b"".join(manager.filter(data)))
        client.close()

    def write(self, data: bytes) -> None:
        self._client.sendall(data)

    def stop(self) -> None:
        self._stop.set()
        self._listener.close()
        self._thread.join(5)
        self.port.close()


@pytest.fixture
async def rfc2217(board: Pty) -> AsyncIterator[Rfc2217Server]:
    server = Rfc2217Server(str(board.path))
    yield server
    await asyncio.to_thread(server.stop)


async def test_rfc2217_sets_the_port_up_and_carries_every_byte(
    board: Pty, rfc2217: Rfc2217Server, got: Catcher
) -> None:
    link = SerialLink(f"{rfc2217.address}?baud=57600&line=8n1", got.sink)
    await link.open()
    assert rfc2217.port.baudrate == 57_600
    every_byte = bytes(range(256))
    link.write(every_byte)
    assert await board.read(256) == every_byte
    os.write(board.master, every_byte)
    await got.until(lambda: len(got.data) >= 256)
    assert got.data == every_byte
    await link.close()


async def test_rfc2217_break_reaches_the_port(rfc2217: Rfc2217Server, got: Catcher) -> None:
    link = SerialLink(rfc2217.address, got.sink)
    await link.open()
    await link.send_break(0.1)
    async with asyncio.timeout(10):
        while rfc2217.port.breaks != [True, False]:
            await asyncio.sleep(0.01)
    await link.close()


async def test_a_raw_port_is_no_rfc2217_server(
    got: Catcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hvconsole.link.rfc2217._HANDSHAKE_S", 0.2)
    board = SocketBoard()
    server = await asyncio.start_server(board.client, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(LinkProblem, match="does not speak RFC 2217") as caught:
        await SerialLink(f"rfc2217://127.0.0.1:{port}", got.sink).open()
    assert "tcp://" in caught.value.hint
    server.close()


async def test_opening_a_device_does_not_hold_the_loop(board: Pty, got: Catcher) -> None:
    """A blocking open would let no other task run in between."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counter = asyncio.create_task(count())
    link = SerialLink(str(board.path), got.sink)
    await link.open()
    counter.cancel()
    assert turns > 1
    await link.close()
