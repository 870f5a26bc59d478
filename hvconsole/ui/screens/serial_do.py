"""What can be done on the Serial screen: a method for each command of its menus."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hvconsole.hypervisor.inquiry import Inquiry, guest_console_choices
from hvconsole.model.problem import Problem
from hvconsole.model.text import plain
from hvconsole.ui.screens.help import HelpScreen
from hvconsole.ui.screens.said import AskScreen
from hvconsole.ui.screens.serial_base import Mode, SerialBase
from hvconsole.ui.view import serial_menu as menu
from hvconsole.ui.view.serial import Terminal
from hvconsole.ui.view.serial_keys import LINE_ENDS
from hvconsole.ui.view.serial_look import Look

if TYPE_CHECKING:
    from pathlib import Path

_LOG_BYTES = 1 << 20
_LOG_LINES = 20_000


class SerialDoing(SerialBase):
    """The commands; `hvconsole.ui.view.serial_menu` lists them."""

    async def do(self, name: str) -> None:
        """Do a command by its name."""
        self.remark = ""
        done = getattr(self, f"do_{name}")()
        if done is not None:
            await done
        self.paint()

    async def do_leave(self) -> None:
        """Go back to what is measured."""
        await self.run_action("app.go('measure')")

    def do_break(self) -> None:
        """Hold the line in the break state."""
        line = self.source.serial_console
        if self.may_type() and line is not None and line is self.line:
            self.attempt(line.port.send_break(), "break")
            self.remark = "BREAK sent"

    def do_control(self) -> None:
        """Take the next key as a control character."""
        if self.may_type():
            self.mode = Mode.CONTROL

    def do_prefix_itself(self) -> None:
        """Send what the prefix is."""
        self.write(b"\x1d")

    def do_search(self) -> None:
        """Ask what to search for."""
        self.wanted, self.mode = "", Mode.QUERY

    def do_look(self) -> None:
        """Move about in what was shown."""
        self.look.begin()
        self.mode = Mode.LOOKING

    def do_pause(self) -> None:
        """Let the picture stand still, or go on."""
        self.look.pause()
        self.mode = Mode.TYPING

    def do_alarm(self) -> None:
        """Go to the newest alarm, or the one before."""
        self.mode = Mode.LOOKING
        if not self.look.alarm(-1):
            self.remark = "no alarm before this"

    def do_copy(self) -> None:
        """Copy what is selected, or what is seen."""
        text = self.look.text()
        lines = text.count("\n")
        self.host.copy(text, f"{lines} line{'s' * (lines != 1)}")
        self.look.mark = None

    def do_size(self) -> None:
        """Offer to tell the board how large the terminal is."""
        columns, rows = self.terminal.size
        command = f"stty rows {rows} cols {columns}"
        self.ask(command.encode() + LINE_ENDS[self.line_end], f"type `{command}`?")

    def do_guest(self) -> None:
        """Leave the guest's console that is typed to, or ask which to look at or type to."""
        status = self.source.status
        if (
            status.terminal
            and status.typing_to
            and status.run in {"preparing", "running", "ending"}
        ):
            self.remark = f"a run measures through {status.typing_to}; end it first"
        elif status.typing_to:
            self.attempt(self._leave_guest(), "guest's console")
        else:
            self.attempt(self._ask_guest(), "guest's console")

    async def _leave_guest(self) -> None:
        desk = self.source.hypervisor
        console = self.source.status.typing_to
        if desk is not None:
            await desk.unbind()
            self.paint()  # what is shown changes with it
            whose = "session's" if self.source.status.terminal else "board's"
            self.remark = f"left {plain(console, 60)}: keys are the {whose} again"
            self.paint()

    async def _ask_guest(self) -> None:
        desk = self.source.hypervisor
        if desk is None:
            return
        survey = await desk.look()
        offered = guest_console_choices(survey)
        if not offered:
            raise Problem("no guest has a console", hint="create one on the Hypervisor screen (F3)")
        self.app.push_screen(AskScreen(offered, title="guests' consoles"), self._guest_chosen)

    def _guest_chosen(self, inquiry: Inquiry | None) -> None:
        if inquiry is not None:
            self.attempt(self._do_guest(inquiry), "guest's console")

    async def _do_guest(self, inquiry: Inquiry) -> None:
        """Type to the console, or have its text shown: it is printed on this very line."""
        desk = self.source.hypervisor
        if desk is None:
            return
        if inquiry.binds:
            await desk.bind(inquiry.binds)
            self.remark = f"keys go to {inquiry.binds}; Ctrl+] g leaves it"
        elif inquiry.joins:
            await desk.join(inquiry.joins)
            self.paint()  # the terminal is the guest's from here on
        else:
            await desk.ask(inquiry)
            self.remark = f"{inquiry.name}: its text stands above, and is shown once"
        self.look.follow()
        self.paint()

    def do_line_end(self) -> None:
        """Take the next line end."""
        kinds = list(LINE_ENDS)
        self.line_end = kinds[(kinds.index(self.line_end) + 1) % len(kinds)]
        self.remark = f"Enter sends {self.line_end}"

    def do_clear(self) -> None:
        """Forget what was shown."""
        self.terminal.clear()
        self.live.follow()

    def do_help(self) -> None:
        """Show all keys."""
        commands: tuple[menu.Command, ...] = (*self.offered(), *menu.LOOK[:-1])
        if self.mode is Mode.LOOKING:
            commands = menu.LOOK
        if self.replays:
            commands = (*menu.PLAYBACK, *self.offered(), *menu.LOOK)
        self.app.push_screen(HelpScreen([one.bound() for one in commands]))

    async def do_palette(self) -> None:
        """Find and do anything by name."""
        await self.run_action("app.command_palette")

    async def do_quit(self) -> None:
        """Leave the console."""
        await self.run_action("app.leave")

    def do_log(self) -> None:
        """Show what the session's log holds; it goes further back than the terminal."""
        recording = self.source.status.recording
        self.attempt(self._show_log(recording), "log")

    def do_up(self) -> None:
        """Go a line up."""
        self.look.move(-1)

    def do_down(self) -> None:
        """Go a line down."""
        self.look.move(1)

    def do_page_up(self) -> None:
        """Go a page up."""
        self.look.move(1 - self.terminal.size[1])

    def do_page_down(self) -> None:
        """Go a page down."""
        self.look.move(self.terminal.size[1] - 1)

    def do_oldest(self) -> None:
        """Go to the oldest line."""
        self.look.show(self.look.oldest)

    def do_newest(self) -> None:
        """Go to the newest line."""
        self.look.show(self.look.end - 1)

    def do_next_hit(self) -> None:
        """Go to the next hit, upwards."""
        self.find(-1)

    def do_previous_hit(self) -> None:
        """Go to the hit before, downwards."""
        self.find(1)

    def do_select(self) -> None:
        """Begin a selection, or drop it."""
        self.look.select()

    def do_follow(self) -> None:
        """Look at the newest; leave the log if that is what is looked at."""
        self.look.follow()
        self.look.query = ""
        self.look = self.live
        self.mode = Mode.TYPING

    def do_play(self) -> None:
        """Play or stop the recording."""
        self.action_play()

    def do_seek_back(self) -> None:
        """Go back in the recording."""
        self.action_seek(-1)

    def do_seek_forward(self) -> None:
        """Go forward in the recording."""
        self.action_seek(1)

    def do_slower(self) -> None:
        """Play slower."""
        self.action_speed(-1)

    def do_faster(self) -> None:
        """Play faster."""
        self.action_speed(1)

    def find(self, step: int) -> None:
        """Go to a hit and say which of how many it is."""
        self.mode = Mode.LOOKING
        if not self.look.find(self.look.query, step):
            self.remark = f"'{self.look.query}' is not there" if self.look.query else ""
            return
        hits = self.look.hits()
        if self.look.at in hits:
            self.remark = f"line {len(hits) - hits.index(self.look.at)} of {len(hits)} with it"

    def offered(self) -> tuple[menu.Command, ...]:
        """Return what the menu offers now."""
        if not self.replays:
            desk = self.source.hypervisor
            guests = self.source.status.terminal or (desk is not None and desk.system)
            hidden = frozenset() if guests else menu.FOR_GUESTS
            hidden |= menu.NOT_FOR_GUESTS if self.joined is not None else frozenset()
            if self.line is None:  # there is nothing to type into, but there may be guests
                hidden |= menu.NOT_FOR_RECORDINGS - menu.FOR_GUESTS
            return tuple(one for one in menu.MENU if one.name not in hidden)
        return tuple(one for one in menu.MENU if one.name not in menu.NOT_FOR_RECORDINGS)

    async def _show_log(self, recording: Path | None) -> None:
        """Read the log off the event loop; what is said meanwhile is shown as before."""
        line = self.line
        before = line.scrollback if line is not None else b""
        columns, rows = self.terminal.size
        terminal = await asyncio.to_thread(_read_log, recording, before, columns, rows)
        if not terminal.left and not any(one.text for one in terminal.lines):
            raise Problem("nothing is logged yet", hint="the log begins with the first run")
        self.look = Look(terminal)
        self.do_look()
        self.paint()


def _read_log(recording: Path | None, before: bytes, columns: int, rows: int) -> Terminal:
    """Return a terminal that shows the newest of a log.

    Raises:
        RecordProblem: The log cannot be read.
    """
    from hvconsole.record.serial_log import tail  # noqa: PLC0415  # when it is wanted

    data = tail(recording, _LOG_BYTES) if recording is not None else b""
    terminal = Terminal(columns, rows, kept=_LOG_LINES)
    terminal.feed_history(data or before)
    terminal.settle_all()
    return terminal
