"""The charts of the Measure screen as widgets: our pictures in a frame, with a mouse."""

from __future__ import annotations

import math

from textual import events
from textual.message import Message

from hvconsole.model import units
from hvconsole.stream.snapshot import Snapshot
from hvconsole.stream.vcpu_lane import VcpuLane
from hvconsole.ui.chart.axes import layout
from hvconsole.ui.chart.bars import Histogram, Rate, draw_histogram, draw_rate
from hvconsole.ui.chart.canvas import Canvas
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.chart.frame import Caption
from hvconsole.ui.chart.raster import ACROSS
from hvconsole.ui.chart.scale import Scale, length_scale
from hvconsole.ui.chart.timeline import Timeline, draw_timeline, span_of
from hvconsole.ui.chart.vcpu_lane import draw_vcpu_lane
from hvconsole.ui.view import measure, vcpus
from hvconsole.ui.view.line import middle
from hvconsole.ui.view.window import Window
from hvconsole.ui.widgets.painted import Panel

_FRAME = 1


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


class TimelinePanel(ChartPanel):
    """Switches by time. The wheel zooms, dragging pans, the pointer reads out."""

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

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name for it
        super().__init__(id=id)
        self.lanes: tuple[int, ...] = ()
        self.vcpus: VcpuLane | None = None
        self._message = ""
        self._cursor_s: float | None = None
        self._pointer: int | None = None
        self._dragged_from: int | None = None
        self._dragged = False

    @property
    def columns(self) -> int:
        """How many columns of time the chart can show."""
        return max(layout(self.size.width - 2, self.size.height - 2).width * ACROSS, 1)

    @property
    def set_cursor_s(self) -> float | None:
        """The moment the cursor was set to, wherever the pointer is."""
        return self._cursor_s

    @property
    def cursor_s(self) -> float | None:
        """The moment under the pointer, else the one the cursor was set to."""
        under = None if self._pointer is None else self._moment(self._pointer)
        return self._cursor_s if under is None else under

    @cursor_s.setter
    def cursor_s(self, moment: float | None) -> None:
        self._pointer = None
        self._cursor_s = moment
        self.repaint()

    def say(self, message: str) -> None:
        """Show a sentence in the middle, while there is nothing else to see."""
        if message != self._message:
            self._message = message
            self.repaint()

    def inside(self, width: int, height: int) -> list[Row]:
        """Draw the chart, or say why there is none."""
        if not self._message:
            return super().inside(width, height)
        return middle(self._message, width, height)

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Canvas:
        """Draw the timeline."""
        what = Timeline(
            columns=snapshot.columns,
            now_s=snapshot.now_s,
            scale=self.lengths,
            colours=self.colours,
            length_label=units.axis_length,
            time_label=units.moment,
            thresholds_ns=measure.thresholds(snapshot, self.lanes),
            cursor_s=self.cursor_s,
            markers_s=tuple(marker.at_s for marker in snapshot.markers),
        )
        if self.vcpus is None:
            return draw_timeline(what, width, height)
        rows = vcpus.rows_for(self.vcpus, snapshot, width, height)
        canvas = Canvas(width, height)
        canvas.put(0, 0, draw_timeline(what, width, height - len(rows)))
        canvas.put(0, height - len(rows), draw_vcpu_lane(rows, width))
        return canvas

    def caption(self) -> Caption:
        """Name the view, and read out what is under the cursor."""
        if self.snapshot is None or self._message:
            return Caption("switches")
        limits = measure.thresholds(self.snapshot, self.lanes)
        foot: measure.Pieces = ()
        if (moment := self.cursor_s) is not None:
            reading = measure.reading(self.snapshot.columns, moment)
            foot = measure.say_reading(reading) if reading is not None else ()
            if self.vcpus is not None:
                foot = (*foot, *vcpus.say_owners(self.vcpus, self.snapshot, moment))
        done = measure.say_marker(self.snapshot, self.cursor_s)
        return Caption(
            "switches",
            info=measure.view_info(self.window, self.lengths, self.lanes, limits),
            foot=(*foot, *done),
        )

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Read out under the pointer; drag the view while the button is held."""
        if self._dragged_from is not None and event.button:
            width = layout(self.size.width - 2, self.size.height - 2).width
            moved = event.x - self._dragged_from
            if moved and width:
                self._dragged = True
                self._dragged_from = event.x
                self.post_message(self.Panned(-moved / width))
            return
        self._pointer = event.x
        self.repaint()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to drag."""
        self._dragged_from, self._dragged = event.x, False
        self.capture_mouse()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """End dragging; a click without it sets the cursor."""
        self.release_mouse()
        if not self._dragged and (moment := self._moment(event.x)) is not None:
            self._cursor_s = moment
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


class RatePanel(ChartPanel):
    """Switches a second, by time."""

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Canvas:
        """Draw the rate."""
        what = Rate(
            edges_s=snapshot.rate_edges_s,
            rate=snapshot.rate,
            span_s=span_of(snapshot.columns),
            count_label=units.axis_count,
            time_label=units.moment,
        )
        return draw_rate(what, width, height)

    def caption(self) -> Caption:
        """Name the chart and say the latest figure."""
        info = measure.rate_info(self.snapshot) if self.snapshot is not None else ""
        return Caption("switches a second", info=((info, int(Role.RATE)),) if info else ())


class HistogramPanel(ChartPanel):
    """Lengths, and how often each came."""

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Canvas:
        """Draw the histogram."""
        what = Histogram(
            distribution=snapshot.distribution,
            colours=self.colours,
            length_label=units.axis_length,
            count_label=units.axis_count,
            marks=measure.marks(snapshot.totals),
        )
        return draw_histogram(what, width, height)

    def caption(self) -> Caption:
        """Name the chart and say how many there are."""
        if self.snapshot is None:
            return Caption("lengths")
        number = self.snapshot.totals.received + self.snapshot.totals.dropped
        return Caption("lengths", info=((f"{units.grouped(number, 13)} in all", int(Role.MUTED)),))
