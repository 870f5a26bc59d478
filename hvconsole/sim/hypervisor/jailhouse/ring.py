"""The hypervisor's console: its serial line, and the page that `jailhouse console` reads."""

from __future__ import annotations

from typing import Final

from hvconsole.sim.hypervisor.host import Host

BYTES: Final = 2048


class Ring:
    """What the hypervisor wrote; the newest 2048 bytes of it are kept.

    Args:
        host: The board.

    Attributes:
        written: Bytes written in all.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._text = ""
        self.written = 0

    def say(self, *lines: str) -> None:
        """Write lines."""
        for line in lines:
            self._host.console(f"{line}\r\n")
            self._text = f"{self._text}{line}\n"
            self.written += len(line) + 1
        self._text = self._text[-BYTES:]

    def read(self, after: int = 0) -> tuple[str, int]:
        """Return what was written after so many bytes, and how many bytes of that are lost."""
        fresh = self.written - after
        missed = max(fresh - len(self._text), 0)
        return (self._text[-fresh:] if fresh else ""), missed
