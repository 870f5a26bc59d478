"""Xvisor's command ``vserial``: the guests' consoles on the terminal."""

from __future__ import annotations

import re
from typing import Final

from hvconsole.sim.hypervisor.xvisor.call import Call, atoi
from hvconsole.sim.hypervisor.xvisor.core import FAILED
from hvconsole.sim.hypervisor.xvisor.guest import SerialPort
from hvconsole.sim.hypervisor.xvisor.texts import listed

_ESCAPE: Final = "\x1b"
_LEAVE: Final = "xq"
_LONGEST_SEQUENCE: Final = 51
_ENDS: Final = re.compile(r"[\r\n]")
_WIDTH: Final = 40


async def vserial(call: Call) -> int:
    """List virtual serial ports, print what they hold, or be bound to one."""
    verb, *rest = call.arguments or [""]
    if verb == "help" and not rest:
        return call.usage(0)
    if verb == "list" and not rest:
        rows = [f" {port.name:<{_WIDTH - 1}}" for port in call.core.ports()]
        call.out(listed(f" {'Name':<{_WIDTH - 1}}", rows, dashes=_WIDTH))
        return 0
    if verb not in {"bind", "dump"} or not rest:
        return call.usage()
    port = call.core.port(rest[0])
    if port is None:
        call.out("Failed to find virtual serial port\n")
        return FAILED
    if verb == "bind":
        return await _bind(call, port)
    most = atoi(rest[1]) if len(rest) > 1 else -1
    kept = port.drain()
    call.out(f"[{port.name}] ")
    call.out(tagged(port.name, kept[:most] if most > 0 else kept))
    call.out("\n")
    return 0


def tagged(name: str, data: bytes) -> str:
    """Return a guest's output with the port's name behind each CR and each LF."""
    text = data.decode("latin-1")
    return _ENDS.sub(lambda end: f"{end[0]}[{name}] ", text)


async def _bind(call: Call, port: SerialPort) -> int:
    """Pass everything on in both directions until ESC x q is typed."""
    call.out(f"[{port.name}] ")
    call.out(tagged(port.name, port.drain()))
    port.receiver = lambda data: call.out(tagged(port.name, data))
    try:
        await _pass_on(call, port)
    finally:
        port.receiver = None
    call.out("\n")
    return 0


async def _pass_on(call: Call, port: SerialPort) -> None:
    sequence: str | None = None
    while True:
        key = await call.key()
        if sequence is None:
            plain = ""
            while key and key != _ESCAPE:  # all that has come, at once
                plain += key
                key = call.pressed()
            if plain:
                _send(call, port, plain)
            sequence = "" if key else None
            continue
        sequence += key
        if sequence == _LEAVE:
            return
        # x alone and the beginning of a CSI sequence are still waited with.
        unfinished = sequence == "x" or re.fullmatch(r"\[[0-9;]*", sequence)
        if not unfinished or len(sequence) >= _LONGEST_SEQUENCE:
            _send(call, port, _ESCAPE + sequence)
            sequence = None


def _send(call: Call, port: SerialPort, text: str) -> None:
    """Type something on a guest's serial port. Its first port is its console."""
    for guest in call.core.guests.values():
        if guest.ports[0] is port:
            guest.system.feed(text.encode("latin-1"))
