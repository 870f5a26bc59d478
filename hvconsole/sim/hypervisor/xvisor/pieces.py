"""Xvisor's output on its way to the line: in pieces, milliseconds apart, as was recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from hvconsole.sim.machine.noise import key_of, mix

_LONGEST: Final = 250
_PAUSE_S: Final = 0.002


class Pieces:
    """Cuts output into pieces.

    Args:
        write: Takes a piece.
        seed: Of the pieces' lengths.
    """

    def __init__(self, write: Callable[[bytes], None], seed: int) -> None:
        self._write = write
        self._key = key_of(seed, "pieces of Xvisor's output")
        self._count = 0
        self._waiting = bytearray()
        self._news = asyncio.Event()
        self._inside: Callable[[], str] | None = None

    @property
    def backlog(self) -> int:
        """How many bytes wait."""
        return len(self._waiting)

    def say(self, text: str) -> None:
        """Print: each line's end becomes CR LF."""
        self._waiting += _bytes(text)
        self._news.set()

    def interject(self, text: str) -> None:
        """Print before all that waits: somebody who does not wait for the terminal's thread."""
        self._waiting[:0] = _bytes(text)
        self._news.set()

    def inside(self, text: Callable[[], str]) -> None:
        """Interject once there is output of several pieces, behind its first."""
        self._inside = text

    def flush(self) -> None:
        """Write all that waits at once."""
        waiting, self._waiting = bytes(self._waiting), bytearray()
        self._write(waiting)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            while not self._waiting:
                self._news.clear()
                await self._news.wait()
            several = len(self._waiting) > _LONGEST
            size = 1 + mix(self._key ^ self._count) % _LONGEST
            self._count += 1
            piece = bytes(self._waiting[:size])
            del self._waiting[:size]
            self._write(piece)
            if several and self._inside is not None:
                text, self._inside = self._inside(), None
                self.interject(text)
            await asyncio.sleep(_PAUSE_S)


def _bytes(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode("latin-1", "replace")
