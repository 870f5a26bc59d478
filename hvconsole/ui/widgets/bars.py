"""One-line parts of the screen: header, banner, seek bar, key hints."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message

from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.source import Playback
from hvconsole.ui.view.keys import Bound, hints
from hvconsole.ui.view.line import Part, fit, row_width
from hvconsole.ui.view.playback import position_at, seek_bar
from hvconsole.ui.widgets.painted import Painted


class Lines(Painted):
    """Rows that somebody else worked out for the width of this widget."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name for it
        super().__init__(id=id)
        self._shown: list[Row] = []

    def show(self, rows: list[Row]) -> None:
        """Show these rows."""
        if rows != self._shown:
            self._shown = rows
            self.repaint()

    def show_all(self, rows: list[Row]) -> None:
        """Show these rows, and be as high as they are."""
        self.styles.height = len(rows)
        self.show(rows)

    def rows(self, width: int, height: int) -> list[Row]:  # noqa: ARG002  # worked out before
        """Return the rows shown."""
        return self._shown


class Header(Lines):
    """Which board this is, and what is happening to it."""

    on_bar = True


class Banner(Lines):
    """What must not be overlooked; takes room only when there is something."""

    def show(self, rows: list[Row]) -> None:
        """Show these rows, or nothing."""
        self.styles.height = len(rows)
        self.display = bool(rows)
        super().show(rows)


class SeekBar(Painted):
    """Where a recorded session stands; a click goes elsewhere."""

    on_bar = True

    class Sought(Message):
        """Somebody clicked at a moment."""

        def __init__(self, position_s: float) -> None:
            super().__init__()
            self.position_s = position_s

    def __init__(self, playback: Playback, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name for it
        super().__init__(id=id)
        self._playback = playback

    def rows(self, width: int, height: int) -> list[Row]:  # noqa: ARG002  # always one row
        """Return the bar."""
        return [seek_bar(self._playback, width)]

    def on_click(self, event: events.Click) -> None:
        """Go to the moment under the mouse."""
        moment = position_at(self._playback, event.x, self.size.width)
        if moment is not None:
            self.post_message(self.Sought(moment))


class KeyBar(Painted):
    """The keys that matter now, as many as fit; each can be clicked."""

    on_bar = True

    class Chosen(Message):
        """Somebody clicked on a hint."""

        def __init__(self, action_id: str) -> None:
            super().__init__()
            self.action_id = action_id

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name for it
        super().__init__(id=id)
        self._hints: list[tuple[str, str, str, int]] = []
        self._places: list[tuple[int, int, str]] = []

    def show(self, bound: Sequence[Bound]) -> None:
        """Show hints for these keys."""
        new = hints(bound)
        if new != self._hints:
            self._hints = new
            self.repaint()

    def rows(self, width: int, height: int) -> list[Row]:  # noqa: ARG002  # always one row
        """Return the hints, and remember where each of them stands."""
        parts = [
            (action, Part(f"{keys} {label}", Role.TEXT, footer))
            for action, keys, label, footer in self._hints
        ]
        line = fit([part for _, part in parts], [], max(width - 2, 0), gap="   ")
        self._places, row = [], [(" ", int(Role.TEXT))]
        for text, role in line:
            found = next((action for action, part in parts if part.text == text), None)
            if found is None:
                row.append((text, role))
                continue
            keys, _, label = text.partition(" ")
            first = row_width(row)
            self._places.append((first, first + len(text), found))
            row += [(keys, int(Role.KEY)), (f" {label}", int(Role.TEXT))]
        return [row]

    def on_click(self, event: events.Click) -> None:
        """Do what the hint under the mouse says."""
        for first, last, action in self._places:
            if first <= event.x < last:
                self.post_message(self.Chosen(action))
