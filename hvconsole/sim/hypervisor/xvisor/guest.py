"""Guests as Xvisor keeps them, their serial ports, and what runs in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from hvconsole.sim.hypervisor.xvisor.vcpu import Vcpu

FIFO: Final = 1024
"""Bytes of a guest's output that are kept while nobody is bound to its port; the newest."""


_FALL_S: Final = 0.03


class GuestSystem(Protocol):
    """What runs in a guest: its side of the serial port, and its life with its first vCPU."""

    def start(self) -> None:
        """Begin from the reset vector."""

    def stop(self) -> None:
        """Be gone at once: reset, halted, trapped or destroyed."""

    def hold(self, *, held: bool) -> None:
        """Stand still from now on, or go on."""

    def feed(self, data: bytes) -> None:
        """Take what was typed on its serial port."""


class Nothing:
    """What runs in a guest without an image: it traps as soon as it is kicked.

    Args:
        trap: Lets it trap.
    """

    def __init__(self, trap: Callable[[], None] = lambda: None) -> None:
        self._trap = trap

    def start(self) -> None:
        """Run into the void, a moment after the terminal said that it was kicked."""
        asyncio.get_running_loop().call_later(_FALL_S, self._trap)

    def stop(self) -> None:
        """Nothing is there."""

    def hold(self, *, held: bool) -> None:
        """Nothing is there."""

    def feed(self, data: bytes) -> None:
        """Nobody reads."""


class SerialPort:
    """A guest's virtual serial port.

    Args:
        name: ``guest0/uart0``.

    Attributes:
        receiver: Takes the guest's output; None while nobody is bound.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.receiver: Callable[[bytes], None] | None = None
        self._kept = bytearray()

    def receive(self, data: bytes) -> None:
        """Take what the guest writes."""
        if self.receiver is not None:
            self.receiver(data)
        else:
            self._kept += data
            del self._kept[:-FIFO]

    def drain(self) -> bytes:
        """Hand over what was kept."""
        kept, self._kept = bytes(self._kept), bytearray()
        return kept


@dataclass(slots=True, eq=False)
class Guest:
    """One guest.

    Attributes:
        number: Its id, the lowest that was free.
        name: Its node's under /guests.
        vcpus: In order.
        ports: Its serial ports; the first is its console.
        image: Which image is loaded, empty for none.
        runs: Which image `system` was made from.
        system: What runs in it.
    """

    number: int
    name: str
    vcpus: list[Vcpu] = field(default_factory=list)
    ports: list[SerialPort] = field(default_factory=list)
    image: str = ""
    runs: str | None = None
    system: GuestSystem = field(default_factory=Nothing)
