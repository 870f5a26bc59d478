"""Addresses of serial lines, as a person writes them.

/dev/ttyUSB0                           a device, at 115200 8N1
serial:///dev/ttyUSB0?baud=921600      the same with settings
unix:/run/board.sock                   a socket on this machine, raw bytes
tcp://192.0.2.7:4000                   a terminal server, raw bytes
rfc2217://192.0.2.7:4001?baud=115200   a terminal server that sets up the port, too
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from hvconsole.model.problem import UsageProblem

Flow = Literal["none", "rtscts", "xonxoff"]
_FLOWS: dict[str, Flow] = {"none": "none", "rtscts": "rtscts", "xonxoff": "xonxoff"}
_MAX_BAUD = 12_000_000
_EXAMPLES = "/dev/ttyUSB0, serial:///dev/ttyUSB0?baud=115200, tcp://HOST:PORT, rfc2217://HOST:PORT"


@dataclass(frozen=True, slots=True)
class LineSettings:
    """How the bits go over the wire.

    Attributes:
        baud: Bits a second.
        data_bits: 5 to 8.
        parity: ``N``, ``E`` or ``O``.
        stop_bits: 1 or 2.
        flow: Who may say stop.
    """

    baud: int = 115_200
    data_bits: int = 8
    parity: str = "N"
    stop_bits: int = 1
    flow: Flow = "none"


@dataclass(frozen=True, slots=True)
class DeviceAddress:
    """A serial device of this machine, or a pty."""

    path: str
    settings: LineSettings = field(default_factory=LineSettings)

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """A unix socket with the raw bytes of a line."""

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A TCP port with the raw bytes of a line."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"tcp://{_host(self.host)}:{self.port}"


@dataclass(frozen=True, slots=True)
class Rfc2217Address:
    """A TCP port with a line whose settings the client makes."""

    host: str
    port: int
    settings: LineSettings = field(default_factory=LineSettings)

    def __str__(self) -> str:
        return f"rfc2217://{_host(self.host)}:{self.port}"


SerialAddress = DeviceAddress | UnixAddress | TcpAddress | Rfc2217Address


def parse_serial(text: str) -> SerialAddress:
    """Take the address of a serial line apart.

    Raises:
        UsageProblem: It is none; the message says what is wrong and shows the forms there are.
    """
    if "\0" in text or not text.isprintable():
        raise _wrong(text, "it holds a character that cannot be printed")
    if text.startswith("/"):
        return DeviceAddress(text)
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError as error:
        raise _wrong(text, str(error)) from error
    if url.username or url.password or url.fragment:
        raise _wrong(text, "a serial line has no user, password or fragment")
    if url.scheme in {"serial", "unix"}:
        return _local(text, url)
    if url.scheme not in {"tcp", "rfc2217"}:
        raise _wrong(text, "it begins neither with '/' nor with a known scheme")
    if not host or not port or url.path not in {"", "/"}:
        raise _wrong(text, "it needs a host and a port between 1 and 65535, and no path")
    if url.scheme == "tcp":
        _no_options(text, url)
        return TcpAddress(host, port)
    return Rfc2217Address(host, port, _settings(text, url))


def _local(text: str, url: SplitResult) -> SerialAddress:
    if url.netloc:
        raise _wrong(text, f"three slashes before a path: {url.scheme}:///{url.netloc}…")
    path = unquote(url.path)
    if not path.startswith("/") or "\0" in path:
        raise _wrong(text, "the path must be whole, from '/'")
    if url.scheme == "serial":
        return DeviceAddress(path, _settings(text, url))
    _no_options(text, url)
    return UnixAddress(path)


def _settings(text: str, url: SplitResult) -> LineSettings:
    try:
        pairs = parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query))
    except ValueError as error:
        raise _wrong(text, "settings are written ?baud=115200&line=8n1&flow=none") from error
    values = {"baud": "115200", "line": "8n1", "flow": "none"}
    for key, value in pairs:
        if key not in values:
            near = get_close_matches(key, values, n=1)
            guess = f"; did you mean '{near[0]}'?" if near else ""
            raise _wrong(text, f"there is no setting '{key}'{guess} (baud, line, flow)")
        values[key] = value
    return _line_settings(text, values["baud"], values["line"], values["flow"])


def _line_settings(text: str, baud: str, line: str, flow: str) -> LineSettings:
    if not (baud.isascii() and baud.isdigit() and len(baud) < len("100000000")):
        raise _wrong(text, f"baud is a whole number, not {baud!r}")
    if not 0 < int(baud) <= _MAX_BAUD:
        raise _wrong(text, f"no serial line runs at {int(baud)} baud")
    known = len(line) == len("8n1") and line[0] in "5678" and line[1] in "neoNEO"
    if not known or line[2] not in "12":
        raise _wrong(text, f"line is data bits, parity and stop bits, such as 8n1, not {line!r}")
    if flow not in _FLOWS:
        raise _wrong(text, f"flow is none, rtscts or xonxoff, not {flow!r}")
    return LineSettings(int(baud), int(line[0]), line[1].upper(), int(line[2]), _FLOWS[flow])


def _no_options(text: str, url: SplitResult) -> None:
    if url.query:
        raise _wrong(text, "raw bytes have no settings; only serial: and rfc2217: take them")


def _wrong(text: str, why: str) -> UsageProblem:
    return UsageProblem(
        f"{text!r} is no address of a serial line", detail=why, hint=f"write it like {_EXAMPLES}"
    )


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
