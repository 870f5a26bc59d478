"""The Serial screen: the board's console as a terminal, and whose keys are whose."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.binding import BindingType

from hvconsole.ui.actions import ACTIONS, BY_ID, bindings
from hvconsole.ui.chart.cells import Row
from hvconsole.ui.screens.serial_base import Mode
from hvconsole.ui.screens.serial_do import SerialDoing
from hvconsole.ui.view import serial_menu as menu
from hvconsole.ui.view.keys import Bound
from hvconsole.ui.view.serial_keys import control_byte, key_bytes, lines_in, paste_bytes
from hvconsole.ui.view.serial_look import MOST_QUERY
from hvconsole.ui.widgets.bars import KeyBar

_PASTE_UNASKED = 200
_SCREENS = {one.keys: f"app.{one.call}" for one in ACTIONS if one.id.startswith("go.")}


class SerialScreen(SerialDoing):
    """Keys go to the board, all but one; that one makes the next key the console's."""

    CSS_PATH: ClassVar = ["base.tcss", "serial.tcss"]
    AUTO_FOCUS = "#terminal"
    BINDINGS: ClassVar[list[BindingType]] = bindings("serial")[:1]

    def bound(self) -> list[Bound]:
        """Return what keys are for the console now."""
        if not self.is_active:
            return super().bound()  # the palette is open, or another screen: all can be done
        if self.mode is Mode.MENU:
            return [one.bound() for one in self.offered()]
        if self.mode is Mode.LOOKING:
            return [one.bound() for one in menu.LOOK]
        if self.replays or (self.line is None and self.mode is Mode.TYPING):
            playback = menu.PLAYBACK if self.replays else ()
            return [one.bound() for one in (*playback, *self.offered())]
        if self.mode is Mode.TYPING:
            prefix = BY_ID["serial.prefix"]
            back = ("shift+pageup", "serial.back", "scroll back", "Go back in what was shown")
            return [
                Bound(prefix.keys, prefix.id, prefix.label, prefix.tooltip, prefix.group, 99),
                Bound(*back, "Console", 50),
            ]
        return []

    def overlay(self, room: int) -> list[Row]:
        """Return the menu while it is asked for, else what there is to say."""
        if self.mode is Mode.MENU:
            return menu.menu_rows(self.offered(), room)
        return super().overlay(room)

    def action_prefix(self) -> None:
        """Take the next key for the console."""
        self.mode = Mode.MENU
        self.tick()

    def key(self, event: events.Key) -> None:
        """Give a key to whoever it belongs to now."""
        match self.mode:
            case Mode.TYPING:
                self._type(event)
            case Mode.MENU:
                self._choose(event.key)
            case Mode.CONTROL:
                self._send_control(event.key)
            case Mode.LOOKING:
                self._look_about(event.key)
            case Mode.QUERY:
                self._ask_for(event)
            case Mode.ASKED:
                self._take_answer(event.key)

    def paste(self, text: str) -> None:
        """Send a pasted text; ask before it goes over more than a line, or is long."""
        if self.mode is Mode.QUERY:
            self.wanted = (self.wanted + text.splitlines()[0])[:MOST_QUERY] if text else self.wanted
            self.paint()
            return
        if self.replays or not text or self.mode is not Mode.TYPING:
            return
        self.look.follow()
        bracketed = self.terminal.screen.bracketed_paste
        data = paste_bytes(text, line_end=self.line_end, bracketed=bracketed)
        if (lines := lines_in(text)) or len(data) > _PASTE_UNASKED:
            self.ask(data, f"paste {len(data):,} bytes, {lines:,} line ends?")
        elif self.may_type():
            self.attempt(self.send_paced(data), "paste")
        self.tick()

    def _type(self, event: events.Key) -> None:
        if event.key == menu.PREFIX:
            self.action_prefix()
        elif event.key in {"shift+pageup", "shift+pagedown"}:
            page = max(self.terminal.size[1] - 1, 1)
            self.look.scroll(page if event.key == "shift+pageup" else -page)
            self.paint()
        elif self.replays:
            self._control_replay(event.key)
        elif self.line is None:
            self._lead_away(event.key)
        else:
            self._send(event)

    def _send(self, event: events.Key) -> None:
        self.remark = ""
        if event.key == "ctrl+c":
            self.sends_paste = False
        application = self.terminal.screen.application_keys
        data = key_bytes(
            event.key, event.character, line_end=self.line_end, application=application
        )
        if data is None:
            return
        self.write(data)
        if not self.look.follows and not self.look.paused:
            self.look.follow()
        if not self.may_type():
            self.paint()

    def _choose(self, key: str) -> None:
        self.mode = Mode.TYPING
        if key in _SCREENS:
            self.call_later(self.run_action, _SCREENS[key])
        elif (one := menu.command(self.offered(), key)) is not None:
            self.call_later(self.do, one.name)
        self.tick()

    def _send_control(self, key: str) -> None:
        self.mode = Mode.TYPING
        data = control_byte(key.removeprefix("ctrl+"))
        if data is not None:
            self.write(data)
        else:
            self.remark = "that key has no control character"
        self.tick()

    def _look_about(self, key: str) -> None:
        if key == menu.PREFIX:
            self.action_prefix()
        elif key == "question_mark":
            self.do_help()
        elif (one := menu.look_command(key)) is not None:
            self.call_later(self.do, one.name)

    def _control_replay(self, key: str) -> None:
        """Do what a key says: of a recording there is nobody to type for."""
        if key == "escape":
            self.call_later(self.do, "leave")
        elif (one := menu.command((*menu.PLAYBACK, *self.offered()), key)) is not None:
            self.call_later(self.do, one.name)
        elif menu.look_command(key) is not None:
            self.look.begin()
            self.call_later(self._look_about, key)
        elif key in _SCREENS:
            self.call_later(self.run_action, _SCREENS[key])

    def _lead_away(self, key: str) -> None:
        """Do what a key says where no line takes it: nobody is to be caught here."""
        if key == "escape":
            if not self.put_problem_away():
                self.call_later(self.do, "leave")
        elif key in _SCREENS:
            self.call_later(self.run_action, _SCREENS[key])
        elif (one := menu.command(self.offered(), key)) is not None:
            self.call_later(self.do, one.name)
        else:
            self.may_type()

    def _ask_for(self, event: events.Key) -> None:
        if event.key == "enter":
            self.look.query = self.wanted
            self.find(-1)
        elif event.key in {"escape", "ctrl+c"}:
            self.mode = Mode.TYPING if self.look.at is None else Mode.LOOKING
        elif event.key == "backspace":
            self.wanted = self.wanted[:-1]
        elif event.key == "ctrl+u":
            self.wanted = ""
        elif event.is_printable and event.character is not None:
            self.wanted = (self.wanted + event.character)[:MOST_QUERY]
        self.tick()

    def _take_answer(self, key: str) -> None:
        data, _ = self.asked
        self.asked, self.mode = (b"", ""), Mode.TYPING
        if key == "enter":
            self.attempt(self.send_paced(data), "paste")
        self.tick()

    @on(KeyBar.Chosen)
    def _clicked(self, event: KeyBar.Chosen) -> None:
        """Do what was clicked on in the footer; those commands are this screen's own."""
        event.prevent_default()
        name = event.action_id.removeprefix("serial.")
        if name == "prefix":
            self.action_prefix()
        elif name == "back":
            self.look.scroll(self.terminal.size[1] - 1)
            self.paint()
        else:
            if self.mode is Mode.MENU:
                self.mode = Mode.TYPING
            self.call_later(self.do, name)
