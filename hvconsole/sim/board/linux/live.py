"""Files of text that are made when they are read."""

from __future__ import annotations

from collections.abc import Callable

from hvconsole.sim.board.nodes import Live


def text(read: Callable[[], str], write: Callable[[str], None] | None = None) -> Live:
    """Return a file that shows a text, and does something with a text that is written.

    Args:
        read: Makes the text, its line end included.
        write: Takes what was written, without blanks around it; may raise `OSError`.
    """
    if write is None:
        return Live(lambda: read().encode())
    return Live(
        lambda: read().encode(),
        lambda data: write(data.decode("utf-8", "replace").strip()),
        0o644,
    )


def fixed(content: str) -> Live:
    """Return a file that always shows the same."""
    return text(lambda: content)
