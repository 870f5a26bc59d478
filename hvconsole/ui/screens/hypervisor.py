"""The Hypervisor screen: guests, vCPUs, pools and CPUs, and what can be done with them."""

from __future__ import annotations

import contextlib
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from hvconsole.config.resources import guest_configurations
from hvconsole.hypervisor.actions import Action
from hvconsole.hypervisor.inquiry import Inquiry, console_inquiries, inquiries
from hvconsole.hypervisor.plan import Plan
from hvconsole.hypervisor.state import DeskState
from hvconsole.model.hypervisor import Guest
from hvconsole.model.inspection import CellFile
from hvconsole.model.problem import BoardProblem, Problem
from hvconsole.model.text import plain
from hvconsole.stream.snapshot import Snapshot, View
from hvconsole.ui.actions import bindings
from hvconsole.ui.chart.cells import Role
from hvconsole.ui.screens.base import ConsoleScreen
from hvconsole.ui.screens.boot import ask_and_boot
from hvconsole.ui.screens.doing import FormScreen, MenuScreen
from hvconsole.ui.screens.said import AskScreen, SaidScreen
from hvconsole.ui.source import Desk, Status
from hvconsole.ui.view import guests as view, measure
from hvconsole.ui.view.equivalent import hv_words, record_words
from hvconsole.ui.view.form import Form, refused
from hvconsole.ui.view.forms import forms
from hvconsole.ui.view.window import Window
from hvconsole.ui.widgets.charts import TimelinePanel
from hvconsole.ui.widgets.choose import ItemPanel
from hvconsole.ui.widgets.steps import StepsPanel

_SPAN_S = 20.0
_ALL = 1 << 20
_LEAST_ROWS = 8
_BARS = 2
_READ_ONLY = "nothing is changed on this board: connect without --read-only"


class HypervisorScreen(ConsoleScreen):
    """One design over every system: what runs, where, by which scheduler; and actions on it."""

    CSS_PATH: ClassVar = ["base.tcss", "hypervisor.tcss"]
    AUTO_FOCUS = "#guests"
    BINDINGS: ClassVar[list[BindingType]] = bindings("hypervisor")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-tall")]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self._item: view.Item | None = None
        self._state = DeskState()
        self._snapshot: Snapshot | None = None
        self._files: list[CellFile] = []
        self._listed = False

    @property
    def seen(self) -> Snapshot | None:
        """The snapshot that is shown."""
        return self._snapshot

    def body(self) -> ComposeResult:
        """Yield guests, pools, steps, and the timeline on which actions show."""
        with Horizontal(id="upper"):
            yield ItemPanel("guests", id="guests")
            yield ItemPanel("pools and CPUs", id="pools")
        with Horizontal(id="lower"):
            yield TimelinePanel(id="timeline")
            yield StepsPanel(id="steps")

    def frame(self, status: Status) -> None:
        """Show the newest state of the hypervisor, and of the stream."""
        desk = self.source.hypervisor
        self._state = desk.state if desk is not None else DeskState()
        self._list_files(desk)
        self._show_guests(status)
        self.query_one(StepsPanel).show(self._state, self._item)
        self._show_timeline()

    def _list_files(self, desk: Desk | None) -> None:
        """Look once for configurations on the board; a board that is lost is looked at anew."""
        if desk is None or self._state.survey is None:
            self._files, self._listed = [], False
        elif not self._listed:
            self._listed = True
            self.run_worker(self._keep_files(desk), group="files", exit_on_error=False)

    async def _keep_files(self, desk: Desk) -> None:
        with contextlib.suppress(Problem):
            self._files = await desk.configurations()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what needs something to act on."""
        if action == "act":
            return self._state.survey is not None and not self._state.doing
        if action == "ask":
            survey = self._state.survey
            return survey is not None and bool(inquiries(survey.system))
        if action == "console":
            return self._guest() is not None
        if action == "sample":
            guest = self._guest()
            return guest is not None and guest.role == "guest" and self.source.guests is not None
        return super().check_action(action, parameters)

    def action_select(self, steps: int) -> None:
        """Go to another row."""
        survey = self._state.survey
        if survey is None:
            return
        there = view.items(survey)
        if there:
            at = there.index(self._item) if self._item in there else -1
            self._choose(there[min(max(at + steps, 0), len(there) - 1)])

    def action_page(self, pages: int) -> None:
        """Go a page down or up."""
        self.action_select(pages * max(self.query_one("#guests").size.height - 3, 1))

    def action_first(self) -> None:
        """Go to the first row."""
        self.action_select(-_ALL)

    def action_last(self) -> None:
        """Go to the last row."""
        self.action_select(_ALL)

    def action_act(self) -> None:
        """Ask what shall be done."""
        survey = self._state.survey
        if survey is not None and not self._state.doing:
            here = guest_configurations(survey.system)
            offered = forms(survey, self._item, here, self._files)
            if self.host.read_only or self.source.status.read_only:
                offered = [refused(form, _READ_ONLY) for form in offered]
            self.app.push_screen(MenuScreen(offered), self._asked)

    def action_ask(self) -> None:
        """Ask which question, then ask it, and show the answer."""
        survey = self._state.survey
        offered = (*inquiries(survey.system), *console_inquiries(survey)) if survey else ()
        if offered:
            self.app.push_screen(AskScreen(offered), self._wants)

    def action_console(self) -> None:
        """Show the selected guest's console on the Serial screen, and type to it."""
        guest = self._guest()
        if guest is not None:
            self.attempt(self._join(guest), "hypervisor")

    def action_sample(self) -> None:
        """Sample in the selected guest as well, or no more."""
        guest = self._guest()
        if guest is not None:
            self.attempt(self._sample(guest), "sample")

    async def _sample(self, guest: Guest) -> None:
        guests = self.source.guests
        if guests is None:
            return
        name = plain(guest.name, 40)
        if guest.name not in guests.wanted:
            self.notify(f"a sampler for guest {name}", markup=False)
        on = await guests.toggle(guest.name)
        running = self.source.status.run == "running"
        said = f"sampling in guest {name}" if on else f"no more samples in guest {name}"
        self.notify(said if running or not on else f"{said} from the next run on", markup=False)
        self.host.did(said, record_words(self.source.status.board, {"guest": guest.name}))
        self.acted()

    async def _join(self, guest: Guest) -> None:
        desk, guests = self.source.hypervisor, self.source.guests
        if desk is None:
            return
        if guests is not None and guest.name in guests.wanted:
            raise BoardProblem(
                f"guest {plain(guest.name, 40)} is sampled through its console",
                hint="end sampling in it first",
            )
        await desk.join(guest.key)
        words = ("hvconsole", "hv", self.source.status.board, "console", guest.name)
        self.host.did(f"type to {plain(guest.name, 40)}", words)
        await self.run_action("app.go('serial')")

    def _guest(self) -> Guest | None:
        """Return the guest that is selected, or whose vCPU is."""
        survey, item = self._state.survey, self._item
        if survey is None or item is None or item.kind not in {"guest", "vcpu"}:
            return None
        return survey.guest(item.key)

    def action_back(self) -> None:
        """Put a problem away, or go back to measuring."""
        if not self.put_problem_away():
            self.app.switch_mode("measure")

    def action_copy(self) -> None:
        """Copy the problem that is shown, else guests and pools."""
        survey = self._state.survey
        if not self.copy_problem() and survey is not None:
            self.host.copy(view.survey_text(survey), "guests and pools")

    @on(ItemPanel.Picked)
    def _picked(self, event: ItemPanel.Picked) -> None:
        self._choose(event.item)
        if event.act:
            self.action_act()

    def _asked(self, form: Form | None) -> None:
        if form is not None:
            desk = self.source.hypervisor
            judge = desk.inspect if desk is not None else None
            self.app.push_screen(FormScreen(form, self._plan, judge), self._agreed)

    def _wants(self, inquiry: Inquiry | None) -> None:
        if inquiry is not None:
            self.attempt(self._ask(inquiry), "hypervisor")

    async def _ask(self, inquiry: Inquiry) -> None:
        desk = self.source.hypervisor
        if desk is not None:
            self.app.push_screen(SaidScreen(inquiry.name, await desk.ask(inquiry)))

    def _agreed(self, action: Action | None) -> None:
        if action is None:
            return
        try:
            mode = self._plan(action).boot_mode
        except Problem as problem:
            self.tell(problem)
            return
        boots = self.source.boots
        if mode and boots is not None:
            ask_and_boot(self.app, boots, mode)
        else:
            self.attempt(self._do(action), "hypervisor")

    def _plan(self, action: Action) -> Plan:
        desk = self.source.hypervisor
        if desk is None:
            raise Problem("a recording cannot be changed")
        return desk.plan(action)

    async def _do(self, action: Action) -> None:
        desk = self.source.hypervisor
        if desk is not None:
            self.host.did(desk.plan(action).title, hv_words(self.source.status.board, action))
            await desk.do(action)

    def _choose(self, item: view.Item) -> None:
        self._item = item
        self.call_next(self.tick)

    def _show_guests(self, status: Status) -> None:
        survey = self._state.survey
        guests, pools = self.query_one("#guests", ItemPanel), self.query_one("#pools", ItemPanel)
        if survey is None:
            guests.show([], None, title="hypervisor", empty=self._why_empty(status))
            pools.display = False
            return
        there = view.items(survey)
        if self._item not in there:
            self._item = there[0] if there else None
        pools.display = bool(survey.pools)
        info = ((view.cost(self._state), int(Role.MUTED)),)
        title = view.system_title(survey)
        width = max(guests.size.width - 2, 0)
        rows = view.guest_rows(survey, self._item, width, self._state.exits, self._state.load)
        keys = self.keys_of("hypervisor.act")
        empty = f"no guests; {keys[0]} shows what can be done" if keys else "no guests"
        guests.show(rows, self._item, title=title, info=info, empty=empty)
        rows = view.pool_rows(survey, self._item, max(pools.size.width - 2, 0))
        pools.show(rows, self._item)
        self._share_out(max(guests.wanted_height, pools.wanted_height))

    def _share_out(self, wanted: int) -> None:
        """Leave to the timeline what the lists do not need, where there is much room."""
        upper, high = self.query_one("#upper"), self.size.height
        if self.has_class("-wide") and self.has_class("-tall"):
            upper.styles.height = min(max(wanted, _LEAST_ROWS), high // 2 - _BARS)
        else:
            upper.styles.height = None

    def _why_empty(self, status: Status) -> str:
        problem = self._state.problem
        if self.source.playback is not None:
            return "a recording has no hypervisor to look at"
        if problem is not None:
            return problem.title
        return "looking" if status.link == "connected" else "not connected"

    def _show_timeline(self) -> None:
        """Show the newest seconds: what an action does to the measurement is seen beside it."""
        timeline = self.query_one(TimelinePanel)
        snapshot = self.source.snapshot(View(span_s=_SPAN_S, columns=timeline.columns))
        self._snapshot = snapshot
        scale = measure.lengths(snapshot, log=True)
        timeline.say("" if snapshot.hello is not None else "nothing is measured at present")
        timeline.show(snapshot, Window(span_s=_SPAN_S), scale, scale)
