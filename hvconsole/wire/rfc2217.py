"""The client's half of RFC 2217 (serial ports over Telnet), without any I/O.

Bytes from the server go into `feed`, which returns the line's own bytes; what must be answered
collects until `take` hands it out. Only what a console needs is here: the line's settings, break,
flow control, and the Telnet options that make the channel clean.

Sources: RFC 854 (Telnet), RFC 1143 (option negotiation), RFC 2217 (the COM-PORT option).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from enum import Enum, IntEnum

SE, SB, WILL, WONT, DO, DONT, IAC = 240, 250, 251, 252, 253, 254, 255
BINARY, ECHO, SUPPRESS_GO_AHEAD, COM_PORT = 0, 1, 3, 44

_IAC = bytes([IAC])
_OURS = frozenset({BINARY, SUPPRESS_GO_AHEAD, COM_PORT})  # what we offer to do
_THEIRS = frozenset({BINARY, SUPPRESS_GO_AHEAD, ECHO, COM_PORT})  # what the server may do
_ANSWER = 100  # the server's codes are ours plus this
_MAX_SUBNEGOTIATION = 256


class Command(IntEnum):
    """Codes of the COM-PORT option as the client sends them."""

    SIGNATURE = 0
    SET_BAUDRATE = 1
    SET_DATASIZE = 2
    SET_PARITY = 3
    SET_STOPSIZE = 4
    SET_CONTROL = 5
    NOTIFY_LINESTATE = 6
    NOTIFY_MODEMSTATE = 7
    FLOW_SUSPEND = 8
    FLOW_RESUME = 9


class Control(IntEnum):
    """Values of SET_CONTROL."""

    FLOW_NONE = 1
    FLOW_XONXOFF = 2
    FLOW_RTSCTS = 3
    BREAK_ON = 5
    BREAK_OFF = 6


class Agreement(Enum):
    """How far the two sides have come about the COM-PORT option."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class _State(Enum):
    DATA = 0
    IAC = 1
    OPTION = 2
    SUB = 3
    SUB_IAC = 4


_PARITIES = {"N": 1, "O": 2, "E": 3}
_FLOWS = {"none": Control.FLOW_NONE, "xonxoff": Control.FLOW_XONXOFF, "rtscts": Control.FLOW_RTSCTS}


class Rfc2217Client:
    """One connection. Never raises on what the server sends; memory is bounded.

    Args:
        baud: Bits a second.
        data_bits: 5 to 8.
        parity: ``N``, ``O`` or ``E``.
        stop_bits: 1 or 2.
        flow: ``none``, ``rtscts`` or ``xonxoff``.

    Attributes:
        agreement: Whether the server speaks RFC 2217 at all.
        settings: What the server says the line is set to, by command.
        suspended: The server asked us to send nothing for now.
    """

    def __init__(
        self,
        *,
        baud: int = 115_200,
        data_bits: int = 8,
        parity: str = "N",
        stop_bits: int = 1,
        flow: str = "none",
    ) -> None:
        self._wanted = [
            (Command.SET_BAUDRATE, struct.pack(">I", baud)),
            (Command.SET_DATASIZE, bytes([data_bits])),
            (Command.SET_PARITY, bytes([_PARITIES[parity]])),
            (Command.SET_STOPSIZE, bytes([stop_bits])),
            (Command.SET_CONTROL, bytes([_FLOWS[flow]])),
        ]
        self.agreement = Agreement.ASKED
        self.settings: dict[Command, int] = {}
        self.suspended = False
        self._out = bytearray()
        self._state = _State.DATA
        self._verb = 0
        self._sub = bytearray()
        # Options count as on once asked for, so that the answer to our question is not answered.
        self._ours = {BINARY, SUPPRESS_GO_AHEAD, COM_PORT}
        self._theirs = {BINARY, SUPPRESS_GO_AHEAD}
        self._send_options(WILL, sorted(self._ours))
        self._send_options(DO, sorted(self._theirs))

    @property
    def settled(self) -> bool:
        """Whether the server has confirmed every setting of the line."""
        return all(command in self.settings for command, _ in self._wanted)

    def mismatches(self) -> list[tuple[Command, int, int]]:
        """Return the settings the server made otherwise: command, wanted, made."""
        out: list[tuple[Command, int, int]] = []
        for command, value in self._wanted:
            wanted = int.from_bytes(value, "big")
            made = self.settings.get(command, wanted)
            # Zero means "as it was" for every setting, so it is no contradiction.
            if made not in {wanted, 0} and command is not Command.SET_CONTROL:
                out.append((command, wanted, made))
        return out

    def take(self) -> bytes:
        """Return what must be sent to the server now, once."""
        out = bytes(self._out)
        self._out.clear()
        return out

    @staticmethod
    def encode(data: bytes) -> bytes:
        """Return the line's bytes as they travel: a 255 is doubled."""
        return data.replace(_IAC, _IAC * 2)

    def set_break(self, *, on: bool) -> None:
        """Queue the beginning or the end of a break."""
        self._send_command(
            Command.SET_CONTROL, bytes([Control.BREAK_ON if on else Control.BREAK_OFF])
        )

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the server in any portions and return those of the line."""
        if self._state is _State.DATA and IAC not in data:
            return data
        out = bytearray()
        for byte in data:
            self._step(byte, out)
        return bytes(out)

    def _step(self, byte: int, out: bytearray) -> None:
        match self._state:
            case _State.DATA if byte == IAC:
                self._state = _State.IAC
            case _State.DATA:
                out.append(byte)
            case _State.IAC:
                self._after_iac(byte, out)
            case _State.OPTION:
                self._state = _State.DATA
                self._negotiate(self._verb, byte)
            case _State.SUB if byte == IAC:
                self._state = _State.SUB_IAC
            case _State.SUB:
                self._collect(byte)
            case _State.SUB_IAC if byte == IAC:
                self._state = _State.SUB
                self._collect(byte)
            case _State.SUB_IAC:
                # Anything but SE here is a broken server; the subnegotiation ends all the same.
                self._state = _State.DATA
                self._subnegotiation(bytes(self._sub))

    def _after_iac(self, byte: int, out: bytearray) -> None:
        self._state = _State.DATA
        if byte == IAC:
            out.append(byte)
        elif byte == SB:
            self._sub.clear()
            self._state = _State.SUB
        elif byte in {WILL, WONT, DO, DONT}:
            self._verb = byte
            self._state = _State.OPTION

    def _collect(self, byte: int) -> None:
        if len(self._sub) < _MAX_SUBNEGOTIATION:
            self._sub.append(byte)

    def _negotiate(self, verb: int, option: int) -> None:
        if verb in {DO, DONT}:
            self._agree(self._ours, _OURS, option, on=verb == DO, verbs=(WILL, WONT))
        else:
            self._agree(self._theirs, _THEIRS, option, on=verb == WILL, verbs=(DO, DONT))
        if option != COM_PORT or verb in {WILL, WONT}:
            return
        if verb == DONT:
            self.agreement = Agreement.REFUSED
        elif self.agreement is not Agreement.ACCEPTED:
            self.agreement = Agreement.ACCEPTED
            for command, value in self._wanted:
                self._send_command(command, value)

    def _agree(
        self,
        active: set[int],
        possible: frozenset[int],
        option: int,
        *,
        on: bool,
        verbs: tuple[int, int],
    ) -> None:
        """Answer only what changes something, so that two polite sides never loop (RFC 1143)."""
        if on == (option in active):
            return
        yes, no = verbs
        if not on:
            active.discard(option)
            self._send_options(no, [option])
        elif option in possible:
            active.add(option)
            self._send_options(yes, [option])
        else:
            self._send_options(no, [option])

    def _subnegotiation(self, body: bytes) -> None:
        if len(body) < len(b"\x2c\x65") or body[0] != COM_PORT:
            return
        code, value = body[1] - _ANSWER, body[2:]
        if code == Command.FLOW_SUSPEND:
            self.suspended = True
        elif code == Command.FLOW_RESUME:
            self.suspended = False
        elif code in Command._value2member_map_ and value:
            self.settings[Command(code)] = int.from_bytes(value[:4], "big")

    def _send_options(self, verb: int, options: Iterable[int]) -> None:
        for option in options:
            self._out += bytes([IAC, verb, option])

    def _send_command(self, command: Command, value: bytes) -> None:
        body = bytes([COM_PORT, command]) + value
        self._out += bytes([IAC, SB]) + self.encode(body) + bytes([IAC, SE])
