"""Widgets that paint rows of cells themselves, and only those rows that changed."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.filter import ANSIToTruecolor
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.chart.frame import Caption, framed
from hvconsole.ui.host import host_of


class Painted(Widget):
    """A widget whose content is rows of cells.

    Subclasses say in `rows` what is to be seen, and call `repaint` when that may have changed.
    The roles become colours only here. A widget has neither border nor padding, so its outer size
    is its size, which Textual would work out anew at each question.
    """

    ALLOW_SELECT = False
    on_bar: ClassVar[bool] = False
    exact: ClassVar[bool] = False  # rows fill the width with narrow characters: no need to measure

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  # Textual's name for it
        super().__init__(id=id, classes=classes)
        self._rows: list[Row] = []
        self._strips: list[Strip] = []
        self._styles: tuple[Style, ...] = ()
        self._painted: tuple[int, int] = (0, 0)

    def rows(self, width: int, height: int) -> list[Row]:
        """Return what is to be seen, at most `height` rows of `width` cells."""
        raise NotImplementedError

    def repaint(self) -> None:
        """Paint anew; only rows that differ are sent to the terminal."""
        if not self.is_mounted or not self.display or not self.outer_size:
            self._painted = (0, 0)  # not seen now: paint anew when it is
            return
        changed = self._paint()
        if changed is None:
            self.refresh()
        elif changed:
            width = self._painted[0]
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    @property
    def is_dirty(self) -> bool:
        """Whether it is seen and waits to be painted."""
        return self._repaint_required and self.display

    @property
    def moves(self) -> bool:
        """Whether the screen has to be laid out anew before it is painted."""
        return self._layout_required

    def taken(self) -> Painted:
        """Return the widget, for somebody who will have it painted: it no longer waits."""
        self._repaint_required = False
        return self

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return rows as they are painted.

        Textual would draw border, padding and opacity around each, and turn the sixteen colours
        into others: half of a frame's cost, for nothing that these widgets have.
        """
        if any(not isinstance(one, ANSIToTruecolor) for one in self.get_line_filters()):
            return super().render_lines(crop)
        self._be_painted()
        whole = crop.x == 0 and crop.width == self._painted[0]
        strips = [self._row(y) for y in crop.line_range]
        return strips if whole else [strip.crop(crop.x, crop.right) for strip in strips]

    def render_line(self, y: int) -> Strip:
        """Return a row for Textual's compositor."""
        self._be_painted()
        return self._row(y)

    def _be_painted(self) -> None:
        """Paint where size or theme have changed since."""
        if self._painted != tuple(self.outer_size) or self._styles is not self._palette():
            self._paint()

    def _row(self, y: int) -> Strip:
        if y < len(self._strips):
            return self._strips[y]
        width = self._painted[0]
        return Strip([Segment(" " * width, self._styles[Role.TEXT])], width)

    def _palette(self) -> tuple[Style, ...]:
        palette = host_of(self).palette
        return palette.bar if self.on_bar else palette.body

    def _paint(self) -> list[int] | None:
        """Bring the strips up to date; return the rows that changed, None for all."""
        width, height = self.outer_size
        styles = self._palette()
        rows = self.rows(width, height)[:height]
        same = self._painted == (width, height) and self._styles is styles
        before = self._rows if same else []
        kept = self._strips
        self._strips = [
            kept[y] if y < len(before) and row == before[y] else self._strip(row, width, styles)
            for y, row in enumerate(rows)
        ]
        self._rows, self._styles, self._painted = rows, styles, (width, height)
        if not same or len(rows) != len(before):
            return None
        return [y for y, strip in enumerate(self._strips) if strip is not kept[y]]

    def _strip(self, row: Row, width: int, styles: tuple[Style, ...]) -> Strip:
        segments = [Segment(text, styles[role]) for text, role in row]
        if self.exact:
            return Strip(segments, width)
        strip = Strip(segments)
        return strip.adjust_cell_length(width, styles[Role.TEXT])


class Panel(Painted, can_focus=True):
    """A framed part of the screen; its frame shows whether it has the focus."""

    def caption(self) -> Caption:
        """Return what stands in the frame."""
        raise NotImplementedError

    def inside(self, width: int, height: int) -> list[Row]:
        """Return what stands inside the frame: rows exactly `width` cells wide."""
        raise NotImplementedError

    def rows(self, width: int, height: int) -> list[Row]:
        """Return frame and content."""
        room = max(height - 2, 0), max(width - 2, 0)
        inside = self.inside(room[1], room[0])[: room[0]]
        blank: Row = [(" " * room[1], int(Role.TEXT))]
        inside += [blank] * (room[0] - len(inside))
        edge = Role.FOCUS if self.has_focus else Role.FRAME
        return framed(inside, self.caption(), width, edge=edge)

    def on_focus(self, _event: events.Focus) -> None:
        """Show the focus."""
        self.repaint()

    def on_blur(self, _event: events.Blur) -> None:
        """Show that the focus is gone."""
        self.repaint()
