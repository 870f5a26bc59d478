"""Opening serial lines of every kind without ever blocking the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from hvconsole.link.rfc2217 import open_rfc2217
from hvconsole.link.serial_line import DeviceLine, Line, StreamLine
from hvconsole.link.serial_url import (
    DeviceAddress,
    Rfc2217Address,
    SerialAddress,
    TcpAddress,
    UnixAddress,
)
from hvconsole.model.problem import LinkProblem


async def open_line(address: SerialAddress, sink: Callable[[bytes], None]) -> Line:
    """Open a line; never blocks the event loop.

    Raises:
        LinkProblem: It cannot be opened; with the reason and the fix.
    """
    try:
        match address:
            case DeviceAddress():
                return await _open_device(address, sink)
            case UnixAddress(path):
                return await _open_unix(path, str(address), sink)
            case TcpAddress(host, port):
                return await _open_tcp(host, port, str(address), sink)
            case Rfc2217Address():
                return await open_rfc2217(address, sink)
    except OSError as error:
        raise LinkProblem(
            f"{address} cannot be opened",
            detail=error.strerror or str(error),
            hint="is the other end running, and is this its address?",
        ) from error


async def _open_tcp(host: str, port: int, name: str, sink: Callable[[bytes], None]) -> StreamLine:
    loop = asyncio.get_running_loop()
    _, line = await loop.create_connection(lambda: StreamLine(name, sink), host, port)
    return line


async def _open_unix(path: str, name: str, sink: Callable[[bytes], None]) -> StreamLine:
    loop = asyncio.get_running_loop()
    _, line = await loop.create_unix_connection(lambda: StreamLine(name, sink), path)
    return line


async def _open_device(address: DeviceAddress, sink: Callable[[bytes], None]) -> DeviceLine:
    import serial_asyncio  # noqa: PLC0415  # only a real port needs pyserial

    loop = asyncio.get_running_loop()
    opening = loop.run_in_executor(None, _open_port, address)
    try:
        port = await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_late)
        raise
    line = DeviceLine(str(address), sink, port)
    # The transport announces itself on the loop's next turn only; the line is open now.
    line.connection_made(serial_asyncio.SerialTransport(loop, line, port))
    return line


def _close_late(opening: asyncio.Future[Any]) -> None:
    """Nobody waits for this port any more: close it, so that it is not held until exit."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def _open_port(address: DeviceAddress) -> Any:
    """Open with pyserial; exclusive, or a second opener would steal half of the bytes."""
    import serial  # noqa: PLC0415  # only a real port needs pyserial

    settings = address.settings
    try:
        return serial.Serial(
            address.path,
            baudrate=settings.baud,
            bytesize=settings.data_bits,
            parity=settings.parity,
            stopbits=settings.stop_bits,
            rtscts=settings.flow == "rtscts",
            xonxoff=settings.flow == "xonxoff",
            timeout=0,
            exclusive=True,
        )
    except (OSError, ValueError) as error:
        raise _explain_open(address.path, error) from error


def _explain_open(path: str, error: Exception) -> LinkProblem:
    text = str(error)
    hints = {
        "No such file": "plug the adapter in; `ls /dev/serial/by-id` shows which are there",
        "Permission denied": "join the group that owns it: sudo usermod -aG dialout $USER, "
        "then log in again",
        "exclusively lock": "another program has it open; `fuser -v` with its path names it",
        "Inappropriate ioctl": "this is no serial device",
    }
    hint = next((hint for sign, hint in hints.items() if sign in text), "")
    return LinkProblem(f"{path} cannot be opened", detail=text, hint=hint)
