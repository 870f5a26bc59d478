"""A terminal that may go away: the console leaves then, and leaves the board as it was found.

A terminal's window is closed, a tmux session killed, the connection of a remote login lost. Textual
waits for such a terminal for ever: its writing thread dies, what is painted piles up until the
event loop stands still, and its reading thread spins. So the terminal's end is looked for here.
"""

from __future__ import annotations

import select
import threading
from queue import Full

from textual.drivers.linux_driver import LinuxDriver

from hvconsole.ui.lean import lean
from hvconsole.ui.plainer import has_few_characters, plainer

MOUSE_SAID = {
    True: "the mouse is the terminal's: it selects text; the same key takes it back",
    False: "the mouse is the console's again",
}
_LOOK_S = 0.5
_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


class ConsoleDriver(LinuxDriver):
    """Textual's driver for terminals, with an end and with fewer bytes."""

    _few: bool | None = None

    def start_application_mode(self) -> None:
        """Begin, and watch the terminal from now on."""
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual leaves it out
        self._over = threading.Event()
        threading.Thread(target=self._watch, daemon=True, name="terminal").start()

    def let_mouse(self, *, go: bool) -> None:
        """Leave the mouse to the terminal, which selects text with it then; or take it back."""
        if go:
            self._disable_mouse_support()
        else:
            self._enable_mouse_support()
        self.flush()

    def write(self, data: str) -> None:
        """Write to the terminal, with as few bytes as paint the same."""
        if self._few is None:
            self._few = has_few_characters()
        self.put(lean(plainer(data) if self._few else data))

    def put(self, data: str) -> None:
        """Write these bytes to the terminal; to one that is gone, nothing."""
        writer = self._writer_thread
        while writer is not None and writer.is_alive():
            try:
                # Textual's own write would wait for ever for a thread that died meanwhile.
                writer._queue.put(data, timeout=_LOOK_S)  # noqa: SLF001  # it has no other way in
            except Full:
                continue
            return

    def close(self) -> None:
        """End the writing thread, if it still lives."""
        self._over.set()
        if self._writer_thread is not None and self._writer_thread.is_alive():
            super().close()

    def _watch(self) -> None:
        """Wait for the terminal's end, in a thread of its own, and leave then."""
        look = select.poll()
        look.register(self.fileno, 0)  # an end is always reported
        while not self._over.wait(_LOOK_S):
            if any(what & _GONE for _, what in look.poll(0)):
                self.exit_event.set()  # the reading thread would spin
                self._loop.call_soon_threadsafe(self._tell)
                return

    def _tell(self) -> None:
        """Let the app leave as it does when it is asked to."""
        leave = getattr(self._app, "gone", self._app.exit)
        leave()
