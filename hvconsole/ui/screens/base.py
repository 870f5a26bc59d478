"""What every screen of the console has: header, banner, key hints, problems, a frame clock."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.screen import Screen
from textual.timer import Timer
from textual.worker import Worker, WorkerState

from hvconsole.model.problem import Problem
from hvconsole.ui.actions import BY_ID
from hvconsole.ui.host import Host, host_of
from hvconsole.ui.source import Console, Status
from hvconsole.ui.view import banner
from hvconsole.ui.view.header import header
from hvconsole.ui.view.keys import Bound, key_name
from hvconsole.ui.view.problem import unforeseen
from hvconsole.ui.widgets.bars import Banner, Header, KeyBar
from hvconsole.ui.widgets.painted import Painted
from hvconsole.ui.widgets.problem import ProblemPanel

if TYPE_CHECKING:
    from hvconsole.stream.snapshot import Snapshot


_HINTS_A_SECOND = 4
_BELOW_HZ = 2  # frames a second under a dialog


class ConsoleScreen(Screen[None], inherit_bindings=False):
    """A screen that looks at the console. Subclasses fill `body` and `frame`.

    One timer a screen pulls the status and whatever `frame` wants; it rests while another screen
    is looked at. Nothing is ever pushed at the widgets.
    """

    def __init__(self) -> None:
        super().__init__()
        self._clock: Timer | None = None
        self._told: Problem | None = None
        self._put_away: Problem | None = None
        self._hinted: list[Bound] = []
        self._keys_in = self._ticks = 0

    @property
    def host(self) -> Host:
        """The app, as far as a screen needs it."""
        return host_of(self)

    @property
    def source(self) -> Console:
        """The board or the recording."""
        return self.host.source

    @property
    def seen(self) -> Snapshot | None:
        """The snapshot that is shown, for the header."""
        return None

    def compose(self) -> ComposeResult:
        """Put the body between header and key hints."""
        yield Header(id="header")
        yield Banner(id="link-banner")
        yield Banner(id="banner")
        yield from self.body()
        yield KeyBar(id="keys")
        yield ProblemPanel(id="problem")

    def body(self) -> ComposeResult:
        """Yield what is between header and key hints."""
        raise NotImplementedError

    def frame(self, status: Status) -> None:
        """Bring the body up to date; called at every frame."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Start the frame clock."""
        self._clock = self.set_interval(1 / self.host.frames_per_second, self.tick)
        self.call_after_refresh(self.tick)

    def on_resize(self, _event: events.Resize) -> None:
        """Fill the new size at once."""
        self.query_one(ProblemPanel).fit()
        self.call_after_refresh(self.tick)

    def on_screen_suspend(self) -> None:
        """Rest while another screen is looked at; go on, but slowly, under a dialog."""
        if self._clock is not None and not self.is_current:
            self._clock.pause()

    def on_screen_resume(self) -> None:
        """Go on."""
        if self._clock is not None:
            self._clock.resume()
            self.call_after_refresh(self.tick)

    def tick(self) -> None:
        """Draw one frame."""
        if not self.is_current or not self.size:
            return
        self._ticks += 1
        if not self.is_active and self._ticks % max(self.host.frames_per_second // _BELOW_HZ, 1):
            return
        self._show_keys_at_times()
        self._draw()

    def _draw(self) -> None:
        """Bring all but the keys' hints up to date, and paint it."""
        try:
            status = self.source.status
            if self.host.read_only:
                status = replace(status, read_only=True)
            self.frame(status)
            self._show_status(status)
        except Problem as problem:
            self.tell(problem)
        self._paint_now()

    def _paint_now(self) -> None:
        """Send what is to be painted to the terminal.

        Textual would get there by itself, by the queues of each widget and of the screen, and then
        a timer of 60 Hz: up to 20 ms after a key.
        """
        dirty = [one for one in self.walk_children(Painted) if one.is_dirty]
        if any(one.moves for one in dirty):
            return  # others move with it: Textual lays the screen out first
        for widget in dirty:
            self._dirty_widgets.add(widget.taken())
        self._on_timer_update()

    def bound(self) -> list[Bound]:
        """Return what the keys do now, in the order of the registry."""
        return list(self._bound())

    def keys_of(self, action_id: str) -> list[str]:
        """Return the names of the keys that do something now."""
        return [key_name(one.key) for one in self._hinted if one.id == action_id]

    def tell(self, problem: Problem) -> None:
        """Show a problem until it is put away."""
        self._told = problem
        self.host.noted(problem)
        self.query_one(ProblemPanel).show(problem)

    def put_problem_away(self) -> bool:
        """Close the problem that is shown; tell whether there was one."""
        panel = self.query_one(ProblemPanel)
        if panel.problem is None:
            return False
        self._put_away, self._told = panel.problem, None
        panel.show(None)
        return True

    def copy_problem(self) -> bool:
        """Copy the problem that is shown; tell whether there was one."""
        problem = self.query_one(ProblemPanel).problem
        if problem is not None:
            self.host.copy("\n".join(problem.lines()), "problem")
        return problem is not None

    async def leave(self) -> None:
        """Go back to what is measured, where there is anything."""
        if self.source.status.link != "none":
            await self.host.action_go("measure")

    def attempt(self, work: Awaitable[None], group: str) -> None:
        """Do work that may raise a problem; the problem is shown and the screen goes on."""
        self.run_worker(self._attempt(work), group=group, exit_on_error=False)

    async def _attempt(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Problem as problem:
            self.tell(problem)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show what should not have happened; whatever runs goes on running."""
        error = event.worker.error
        if event.state is WorkerState.ERROR and error is not None:
            self.tell(unforeseen(error))

    @on(ProblemPanel.Dismissed)
    def _dismissed(self) -> None:
        self.put_problem_away()

    @on(KeyBar.Chosen)
    async def _chosen(self, event: KeyBar.Chosen) -> None:
        action = BY_ID[event.action_id]
        await self.run_action(action.call if action.scope != "app" else f"app.{action.call}")

    def _show_status(self, status: Status) -> None:
        width = self.size.width
        self.query_one(Header).show(header(status, self.seen, width))
        gone = status.link in {"lost", "booting", "reconnecting"}
        self.query_one("#link-banner", Banner).show([banner.link(status, width)] if gone else [])
        self._show_problem_of(status)

    def _show_problem_of(self, status: Status) -> None:
        """Follow the status: show its problem once, and take it away when it is over."""
        panel = self.query_one(ProblemPanel)
        problem = status.problem
        if problem is not None and problem not in (panel.problem, self._put_away):
            panel.show(problem)
        elif problem is None and panel.problem is not None and panel.problem is not self._told:
            panel.show(None)

    def acted(self) -> None:
        """Draw what a person has just changed; the keys' hints follow, for they take as long."""
        self._ticks = 0
        if self.is_current and self.size:
            self._draw()
            self._show_keys()

    def _show_keys_at_times(self) -> None:
        """Look for other hints some times a second: to find out costs as much as a chart."""
        self._keys_in -= 1
        if self._keys_in < 0:
            self._keys_in = self.host.frames_per_second // _HINTS_A_SECOND
            self._show_keys()

    def _show_keys(self) -> None:
        bound = self.bound()
        if bound != self._hinted:
            self._hinted = bound
            self.query_one(KeyBar).show(bound)

    def _bound(self) -> Iterator[Bound]:
        by_id: dict[str, list[str]] = {}
        for key, active in self.active_bindings.items():
            by_id.setdefault(active.binding.id or "", []).append(key)
        for action in BY_ID.values():
            for key in by_id.get(action.id, ()):
                yield Bound(
                    key, action.id, action.label, action.tooltip, action.group, action.footer
                )
