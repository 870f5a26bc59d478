"""What a screen can do with a recorded session: play, seek, change the speed."""

from __future__ import annotations

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult

from hvconsole.model.problem import Problem
from hvconsole.ui.screens.base import ConsoleScreen
from hvconsole.ui.source import Playback
from hvconsole.ui.view.playback import other_speed
from hvconsole.ui.widgets.bars import SeekBar

_SEEK_SHARE = 0.02
_LEAST_SEEK_S = 1.0


class PlaybackScreen(ConsoleScreen):
    """A screen that has a seek bar and its keys when the console is a recording."""

    def seek_bar(self) -> ComposeResult:
        """Yield the seek bar of a recording; nothing for a board."""
        if self.source.playback is not None:
            yield SeekBar(self.source.playback, id="seek")

    def show_position(self) -> None:
        """Bring the seek bar up to date."""
        if self.source.playback is not None:
            for bar in self.query(SeekBar):
                bar.repaint()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys of a recording out where there is none."""
        if action in {"play", "seek", "speed"}:
            return self.source.playback is not None
        return super().check_action(action, parameters)

    def action_play(self) -> None:
        """Play or stop the recording."""
        self._control(lambda playback: playback.toggle())

    def action_seek(self, steps: int) -> None:
        """Go back or forward in the recording."""

        def seek(playback: Playback) -> None:
            step = max(playback.duration_s * _SEEK_SHARE, _LEAST_SEEK_S)
            playback.seek(playback.position_s + steps * step)

        self._control(seek)

    def action_speed(self, steps: int) -> None:
        """Play slower or faster."""
        self._control(lambda playback: playback.set_speed(other_speed(playback.speed, steps)))

    @on(SeekBar.Sought)
    def _sought(self, event: SeekBar.Sought) -> None:
        self._control(lambda playback: playback.seek(event.position_s))

    def _control(self, change: Callable[[Playback], None]) -> None:
        playback = self.source.playback
        if playback is None:
            return
        try:
            change(playback)
        except Problem as problem:
            self.tell(problem)
        self.acted()
