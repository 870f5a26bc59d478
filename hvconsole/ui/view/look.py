"""How a person looks at a run: which time, which lane, which axis, paused or not. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hvconsole.stream.snapshot import Snapshot, View
from hvconsole.ui.view.curves import Picture
from hvconsole.ui.view.window import Window


@dataclass(frozen=True, slots=True)
class Part:
    """A part of time that is picked out.

    Attributes:
        from_s: Where picking began, seconds since the run's start.
        to_s: Its other end; None is wherever the cursor is.
    """

    from_s: float
    to_s: float | None = None

    def ends(self, cursor_s: float | None) -> tuple[float, float]:
        """Return both ends in order, given where the cursor is."""
        other = self.to_s if self.to_s is not None else cursor_s
        other = self.from_s if other is None else other
        return min(self.from_s, other), max(self.from_s, other)


@dataclass(frozen=True, slots=True)
class Look:
    """One way to look at a run; every change returns another.

    Attributes:
        window: The part of time.
        lane: CPU number, None for all.
        logarithmic: Whether the axis of lengths is.
        held: What is shown while paused, None while it is not.
        followed: Whether the newest was followed before the pause.
        apart: Each CPU has a lane of its own in the timeline.
        part: The part of time that is picked out.
        curves: Curves are shown where there is room for one picture of lengths only.
        picture: Which curves.
        runs: The table is that of the runs.
    """

    window: Window = field(default_factory=Window)
    lane: int | None = None
    logarithmic: bool = True
    held: Snapshot | None = None
    followed: bool = True
    apart: bool = False
    part: Part | None = None
    curves: bool = False
    picture: Picture = "at most"
    runs: bool = False

    @property
    def paused(self) -> bool:
        """Whether the view stands still while collecting goes on."""
        return self.held is not None

    @property
    def lanes(self) -> tuple[int, ...]:
        """The lanes to ask for; empty for all."""
        return () if self.lane is None else (self.lane,)

    def view(self, columns: int) -> View:
        """Return what to ask the stream for."""
        window = self.window
        return View(window.start_s, window.span_s, columns, self.lanes, apart=self.apart)

    def pause(self, snapshot: Snapshot) -> Look:
        """Hold what is shown."""
        window = self.window.held(snapshot.now_s)
        return replace(self, window=window, held=snapshot, followed=self.window.follows)

    def resume(self) -> Look:
        """Let the view go on; the newest is followed if it was before, wherever one went since."""
        if not self.paused:
            return self
        window = self.window.following() if self.followed else self.window
        return replace(self, window=window, held=None)

    def follow(self) -> Look:
        """Follow the newest, which ends a pause."""
        return replace(self, window=self.window.following(), held=None)

    def reset(self, now_s: float) -> Look:
        """Go back to how it began; a pause goes on."""
        window = Window().held(now_s) if self.paused else Window()
        return Look(window=window, held=self.held)

    def anew(self) -> Look:
        """Look at another run: what one went to in the last one means nothing there."""
        return replace(self, window=self.window.following(), held=None, part=None)

    def of(self, fresh: Snapshot) -> Snapshot:
        """Return what to show of a snapshot: while paused, its time but the figures as held."""
        held = self.held
        if held is None:
            return fresh
        totals = held.totals if self.lane is None else held.lanes.get(self.lane, held.totals)
        return replace(
            fresh,
            version=held.version,
            now_s=held.now_s,
            totals=totals,
            lanes=held.lanes,
            notes=held.notes,
        )
