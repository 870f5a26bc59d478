"""Who listens to a line: handed on in the order in which they came."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from hvconsole.link.serial_protocol import ByteSink


class Listeners:
    """Takes what a line says, and hands it to everybody who asked for it."""

    def __init__(self) -> None:
        self._callbacks: list[ByteSink] = []

    def add(self, callback: ByteSink) -> Callable[[], None]:
        """Hand on what arrives from now on, in any portions; return what ends that.

        Args:
            callback: Must not raise. May end its own listening, or another's.

        Returns:
            What ends it; safe to call twice.
        """
        self._callbacks.append(callback)

        def stop() -> None:
            with contextlib.suppress(ValueError):
                self._callbacks.remove(callback)

        return stop

    def tell(self, data: bytes) -> None:
        """Hand bytes to everybody."""
        for callback in tuple(self._callbacks):
            callback(data)
