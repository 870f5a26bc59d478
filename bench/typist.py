"""Somebody who presses a key and waits until the screen shows it."""

from __future__ import annotations

import os
import random
import threading
import time
from pathlib import Path

_KEY = b"y"
_SHOWN = (b"linear", b" log ")  # what the key changes to, in turn
_PAUSE_S = (0.1, 0.25)
_PATIENCE_S = 2.0


class Typist:
    """Presses a key that changes all charts, at no particular moment of a frame.

    The key goes in as a terminal sends it, and counts as shown when the changed word was read at
    the terminal: everything between the two is in the figure.

    Attributes:
        took_s: Seconds from each key to its paint; `_PATIENCE_S` for one that was never shown.
        own_s: The same, less the time in which the program was ready while others had its CPU.
    """

    def __init__(self) -> None:
        self.took_s: list[float] = []
        self.own_s: list[float] = []
        self._wanted = b""
        self._tail = b""
        self._seen_at = 0.0
        self._seen = threading.Event()

    def begin(self, terminal: int, program: int) -> None:
        """Begin to type, until the terminal is gone."""
        threading.Thread(target=self._type, args=(terminal, program), daemon=True).start()

    def see(self, painted: bytes) -> None:
        """Look for what the key changes."""
        now, self._tail = time.perf_counter(), (self._tail + painted)[-len(painted) - 8 :]
        if self._wanted and self._wanted in self._tail:
            self._seen_at, self._wanted = now, b""
            self._seen.set()

    def _type(self, terminal: int, program: int) -> None:
        number = 0
        try:
            while True:
                time.sleep(random.uniform(*_PAUSE_S))
                self._seen.clear()
                self._tail, self._wanted = b"", _SHOWN[number % 2]
                waited, pressed = _waited_s(program), time.perf_counter()
                os.write(terminal, _KEY)
                took = self._seen_at - pressed if self._seen.wait(_PATIENCE_S) else _PATIENCE_S
                self.own_s.append(took - (_waited_s(program) - waited))
                self.took_s.append(took)
                number += 1
        except OSError:
            return  # the program has ended


def _waited_s(program: int) -> float:
    """Return how long a program's first thread was ready while others had its CPU, in seconds.

    The second figure of schedstat (Linux, Documentation/scheduler/sched-stats.rst).
    """
    return int(Path(f"/proc/{program}/schedstat").read_text().split()[1]) / 1e9
