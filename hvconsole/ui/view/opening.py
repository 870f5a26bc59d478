"""What the first frame says."""

from __future__ import annotations

from hvconsole.model.text import plain
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.source import Status
from hvconsole.ui.view.line import Part, fit


def opening(status: Status, width: int) -> list[Row]:
    """Return the body of the first frame: which board is opened."""
    words = f" opening {plain(status.board, 40)} …"
    return [fit([Part(words, Role.MUTED)], [], width)]
