"""What the charts of the Measure screen have in common: a snapshot to draw, and a mouse."""

from __future__ import annotations

import math

from textual import events
from textual.message import Message

from hvconsole.stream.snapshot import Snapshot
from hvconsole.ui.chart.axes import layout
from hvconsole.ui.chart.canvas import Canvas
from hvconsole.ui.chart.cells import Row
from hvconsole.ui.chart.raster import ACROSS
from hvconsole.ui.chart.scale import Scale, length_scale
from hvconsole.ui.chart.timeline import span_of
from hvconsole.ui.view.window import Window
from hvconsole.ui.widgets.painted import Panel

_FRAME = 1
_RIGHT = 3


class ChartPanel(Panel):
    """A panel with a chart of the current snapshot."""

    exact = True

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name for it
        super().__init__(id=id)
        self.snapshot: Snapshot | None = None
        self.window = Window()
        self.lengths = self.colours = length_scale(math.nan, math.nan, log=True)

    def show(self, snapshot: Snapshot, window: Window, lengths: Scale, colours: Scale) -> None:
        """Show a snapshot.

        Args:
            snapshot: The values.
            window: The part of time that is seen.
            lengths: The axis of lengths.
            colours: The scale that colours lengths, the same in all charts and tables.
        """
        self.snapshot, self.window = snapshot, window
        self.lengths, self.colours = lengths, colours
        self.repaint()

    def inside(self, width: int, height: int) -> list[Row]:
        """Draw the chart."""
        if self.snapshot is None:
            return Canvas(width, height).rows()
        return self.draw(self.snapshot, width, height).rows()

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Canvas:
        """Draw a snapshot, `width` × `height` cells."""
        raise NotImplementedError


class TimePanel(ChartPanel):
    """A chart by time. The wheel zooms, dragging pans, the pointer reads out.

    Dragging with Ctrl, or with the right button, picks a part of time.
    """

    class Zoomed(Message):
        """The wheel was turned over a moment; positive steps zoom in."""

        def __init__(self, steps: int, at_s: float) -> None:
            super().__init__()
            self.steps = steps
            self.at_s = at_s

    class Panned(Message):
        """The chart was dragged by a share of its span; positive goes to later times."""

        def __init__(self, spans: float) -> None:
            super().__init__()
            self.spans = spans

    class Picked(Message):
        """A part of time was picked, in seconds."""

        def __init__(self, from_s: float, to_s: float) -> None:
            super().__init__()
            self.from_s = from_s
            self.to_s = to_s

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name for it
        super().__init__(id=id)
        self._pointer: tuple[int, int] | None = None
        self._dragged_from: int | None = None
        self._dragged = False
        self._picking_from: float | None = None

    @property
    def columns(self) -> int:
        """How many columns of time the chart can show."""
        return max(layout(self.size.width - 2, self.size.height - 2).width * ACROSS, 1)

    @property
    def under_s(self) -> float | None:
        """The moment under the pointer."""
        return None if self._pointer is None else self._moment(self._pointer[0])

    def clicked(self, moment_s: float) -> None:
        """Do what a click on a moment does."""

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Read out under the pointer; drag the view, or pick, while a button is held."""
        if self._picking_from is not None:
            self._pick(event.x)
            return
        if self._dragged_from is not None and event.button:
            width = layout(self.size.width - 2, self.size.height - 2).width
            moved = event.x - self._dragged_from
            if moved and width:
                self._dragged = True
                self._dragged_from = event.x
                self.post_message(self.Panned(-moved / width))
            return
        self._pointer = event.x, event.y
        self.repaint()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to drag, or to pick."""
        if event.ctrl or event.button == _RIGHT:
            self._picking_from = self._moment(event.x)
        else:
            self._dragged_from, self._dragged = event.x, False
        self.capture_mouse()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """End dragging or picking; a click without either sets the cursor."""
        self.release_mouse()
        if self._picking_from is not None:
            self._pick(event.x)
            self._picking_from = None
        elif not self._dragged and (moment := self._moment(event.x)) is not None:
            self.clicked(moment)
        self._dragged_from = None
        self.repaint()

    def on_leave(self, _event: events.Leave) -> None:
        """Forget the pointer; the cursor stays where it was set."""
        self._pointer = None
        self.repaint()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zoom in on the moment under the pointer."""
        self._zoom(1, event)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out around the moment under the pointer."""
        self._zoom(-1, event)

    def _pick(self, x: int) -> None:
        moment = self._moment(x)
        if self._picking_from is not None and moment is not None and moment != self._picking_from:
            self.post_message(self.Picked(self._picking_from, moment))

    def _zoom(self, steps: int, event: events.MouseEvent) -> None:
        event.stop()
        moment = self._moment(event.x)
        if moment is not None:
            self.post_message(self.Zoomed(steps, moment))

    def _moment(self, x: int) -> float | None:
        """Return the moment at a cell of this widget, None beside the plot."""
        if self.snapshot is None:
            return None
        place = layout(self.size.width - 2, self.size.height - 2)
        inside = x - _FRAME - place.left
        start, end = span_of(self.snapshot.columns)
        if not 0 <= inside < place.width or end <= start:
            return None
        return start + (inside + 0.5) / place.width * (end - start)
