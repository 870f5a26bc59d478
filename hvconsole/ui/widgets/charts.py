"""The charts of the Measure screen as widgets: our pictures in a frame."""

from __future__ import annotations

from hvconsole.model import units
from hvconsole.model.tracing import TraceState
from hvconsole.stream.snapshot import Snapshot
from hvconsole.stream.vcpu_lane import VcpuLane
from hvconsole.ui.chart.bars import Histogram, Rate, draw_histogram, draw_rate
from hvconsole.ui.chart.canvas import Canvas
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.chart.frame import Caption
from hvconsole.ui.chart.timeline import (
    Timeline,
    draw_lanes,
    draw_timeline,
    lane_rows,
    lanes_that_fit,
    span_of,
)
from hvconsole.ui.chart.vcpu_lane import draw_vcpu_lane
from hvconsole.ui.view import causes, curves, measure, vcpus
from hvconsole.ui.view.curves import Picture
from hvconsole.ui.view.line import middle
from hvconsole.ui.view.tracing import say_trace
from hvconsole.ui.widgets.chart_panel import ChartPanel, TimePanel


class TimelinePanel(TimePanel):
    """Switches by time, all CPUs over each other or each in a lane of its own."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name for it
        super().__init__(id=id)
        self.lanes: tuple[int, ...] = ()
        self.vcpus: VcpuLane | None = None
        self.trace: TraceState | None = None
        self._part_s: tuple[float, float] | None = None
        self._message = ""
        self._cursor_s: float | None = None
        self._apart: list[int] = []

    @property
    def set_cursor_s(self) -> float | None:
        """The moment the cursor was set to, wherever the pointer is."""
        return self._cursor_s

    @property
    def cursor_s(self) -> float | None:
        """The moment under the pointer, else the one the cursor was set to."""
        under = self.under_s
        return self._cursor_s if under is None else under

    @cursor_s.setter
    def cursor_s(self, moment: float | None) -> None:
        self._pointer = None
        self._cursor_s = moment
        self.repaint()

    @property
    def part_s(self) -> tuple[float, float] | None:
        """Both ends of the part of time that is brought out."""
        return self._part_s

    @part_s.setter
    def part_s(self, ends: tuple[float, float] | None) -> None:
        if ends != self._part_s:
            self._part_s = ends
            self.repaint()

    def clicked(self, moment_s: float) -> None:
        """Set the cursor."""
        self._cursor_s = moment_s

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
        if self.vcpus is None:
            return self._switches(snapshot, width, height)
        rows = vcpus.rows_for(self.vcpus, snapshot, width, height)
        canvas = Canvas(width, height)
        canvas.put(0, 0, self._switches(snapshot, width, height - len(rows)))
        canvas.put(0, height - len(rows), draw_vcpu_lane(rows, width))
        return canvas

    def caption(self) -> Caption:
        """Name the view, and read out what is under the cursor."""
        if self.snapshot is None or self._message:
            return Caption("switches")
        limits = measure.thresholds(self.snapshot, self.lanes)
        foot: measure.Pieces = ()
        if (moment := self.cursor_s) is not None:
            foot = self._read_out(self.snapshot, moment)
        done = measure.say_marker(self.snapshot, self.cursor_s)
        lanes = self.lanes or (tuple(self._apart) if self._hides(self.snapshot) else ())
        return Caption(
            "switches by CPU" if self._apart else "switches",
            info=(
                *(say_trace(self.trace, self.snapshot) if self.trace is not None else ()),
                *measure.view_info(
                    self.window, self.lengths, tuple(map(self.snapshot.name, lanes)), limits
                ),
            ),
            foot=(*foot, *done),
        )

    def _switches(self, snapshot: Snapshot, width: int, height: int) -> Canvas:
        chosen = self.lanes[0] if self.lanes else None
        self._apart = lanes_that_fit(sorted(snapshot.apart), chosen, height)
        if len(snapshot.apart) < 2:  # noqa: PLR2004  # one lane is the same, with less room
            self._apart = []
            return draw_timeline(self._timeline(snapshot), width, height)
        lanes = [(snapshot.name(cpu), self._timeline(snapshot, cpu)) for cpu in self._apart]
        return draw_lanes(lanes, width, height)

    def _timeline(self, snapshot: Snapshot, cpu: int | None = None) -> Timeline:
        return Timeline(
            columns=snapshot.columns if cpu is None else snapshot.apart[cpu],
            now_s=snapshot.now_s,
            scale=self.lengths,
            colours=self.colours,
            length_label=units.axis_length,
            time_label=units.moment,
            thresholds_ns=measure.thresholds(snapshot, self.lanes if cpu is None else (cpu,)),
            cursor_s=self.cursor_s,
            markers_s=tuple(marker.at_s for marker in snapshot.markers),
            part_s=self.part_s,
        )

    def _read_out(self, snapshot: Snapshot, moment: float) -> measure.Pieces:
        cpu = self._under_lane()
        columns = snapshot.columns if cpu is None else snapshot.apart[cpu]
        reading = measure.reading(columns, moment)
        foot: measure.Pieces = () if cpu is None else ((snapshot.name(cpu), int(Role.STRONG)),)
        if reading is not None:
            foot = (*foot, *measure.say_reading(reading))
            if cause := causes.of_reading(snapshot, reading):
                foot = (*foot, (cause, int(Role.MUTED)))
        if self.vcpus is not None:
            foot = (*foot, *vcpus.say_owners(self.vcpus, snapshot, moment))
        return foot

    def _under_lane(self) -> int | None:
        """Return the CPU whose lane is under the pointer."""
        if self._pointer is None or self.snapshot is None:
            return None
        y = self._pointer[1] - 1
        rows = lane_rows(len(self._apart), self.size.height - 2)
        for cpu, (top, height) in zip(self._apart, rows, strict=True):
            if top <= y < top + height and cpu in self.snapshot.apart:
                return cpu
        return None

    def _hides(self, snapshot: Snapshot) -> bool:
        return bool(self._apart) and len(self._apart) < len(snapshot.apart)


class RatePanel(TimePanel):
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
        """Name the chart, say the mean, and read out what is under the pointer."""
        snapshot, under = self.snapshot, self.under_s
        info = measure.rate_info(snapshot) if snapshot is not None else ""
        foot: measure.Pieces = ()
        if snapshot is not None and under is not None:
            foot = measure.say_rate(snapshot, under)
        return Caption(
            "switches a second", info=((info, int(Role.RATE)),) if info else (), foot=foot
        )


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


class CurvePanel(ChartPanel):
    """How many switches are at most so long, or longer; earlier runs over the present one."""

    picture: Picture = "at most"

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Canvas:
        """Draw the curves."""
        return curves.draw(snapshot, self.picture, width, height)

    def caption(self) -> Caption:
        """Name the picture, and which letter is which run."""
        legend = curves.legend(self.snapshot) if self.snapshot is not None else ()
        return Caption(curves.TITLES[self.picture], foot=legend)
