"""Lines that say what must not be overlooked: the view is paused, the link is gone."""

from __future__ import annotations

from hvconsole.model import units
from hvconsole.model.text import plain
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.source import Status
from hvconsole.ui.view.header import LINKS
from hvconsole.ui.view.line import ALWAYS, Part, fit

_DETAIL = 120


def paused(at_s: float, since: int, key: str, width: int) -> Row:
    """Say that the view is paused and that the collection is not.

    Args:
        at_s: The moment that is shown.
        since: Switches that came since.
        key: The key that resumes.
        width: Cells across.
    """
    news = f"{units.grouped(since, 9)} new" if since > 0 else "nothing new yet"
    return _line(
        [
            Part("❚❚ VIEW PAUSED", Role.BANNER, ALWAYS),
            Part(f"at {units.clock(at_s)}", Role.BANNER, 60),
            Part(f"collecting goes on, {news}", Role.BANNER, 80),
        ],
        [Part(f"{key} resumes", Role.BANNER, 90)],
        width,
        Role.BANNER,
    )


def link(status: Status, width: int) -> Row:
    """Say that the link is gone or coming back, and that the data is the last that came."""
    symbol, word, _ = LINKS[status.link]
    parts = [Part(f"{symbol} {word.upper()}", Role.ALERT, ALWAYS)]
    if detail := plain(status.link_detail, _DETAIL):
        parts.append(Part(detail, Role.ALERT, 80))
    return _line(
        parts, [Part("what is shown is the last that came", Role.ALERT, 60)], width, Role.ALERT
    )


def _line(left: list[Part], right: list[Part], width: int, role: int) -> Row:
    filled = [(text, role) for text, _ in fit(left, right, max(width - 2, 0))]
    return [(" ", role), *filled, (" " * min(width - 1, 1), role)]
