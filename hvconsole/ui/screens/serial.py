"""The Serial screen: the board's console as a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from hvconsole.model.problem import LinkProblem, Problem
from hvconsole.ui.actions import BY_ID, bindings
from hvconsole.ui.chart.cells import Role
from hvconsole.ui.screens.base import ConsoleScreen
from hvconsole.ui.source import SerialLine, Status
from hvconsole.ui.view.keys import Bound
from hvconsole.ui.view.line import Part, fit
from hvconsole.ui.view.serial import Terminal, refusal
from hvconsole.ui.widgets.bars import Banner
from hvconsole.ui.widgets.terminal import PREFIX, TerminalPanel

_PASTE_BYTES = 16
_PASTE_PAUSE_S = 0.005


class SerialScreen(ConsoleScreen):
    """Keys go to the board, all but one; that one makes the next key the console's."""

    CSS_PATH: ClassVar = ["base.tcss", "serial.tcss"]
    AUTO_FOCUS = "#terminal"
    BINDINGS: ClassVar[list[BindingType]] = bindings("serial")[:1]

    def __init__(self) -> None:
        super().__init__()
        self._terminal = Terminal()
        self._unsubscribe: Callable[[], None] | None = None
        self._paste = b""
        self._refused = ""

    @property
    def line(self) -> SerialLine | None:
        """The board's serial line; recordings and boards without one have none."""
        return self.source.serial_console

    def body(self) -> ComposeResult:
        """Yield what is asked or refused, and the terminal."""
        yield Banner(id="asked")
        yield TerminalPanel(self._terminal, id="terminal")

    def on_mount(self) -> None:
        """Show what the line said before, and what it says from now on."""
        super().on_mount()
        if (line := self.line) is not None:
            self._terminal.feed(line.scrollback)
            self._terminal.skipped = 0
            self._unsubscribe = line.subscribe(self._terminal.feed)

    def on_unmount(self) -> None:
        """Listen no longer."""
        if self._unsubscribe is not None:
            self._unsubscribe()

    def frame(self, status: Status) -> None:
        """Take what came, and show how the line is."""
        panel = self.query_one(TerminalPanel)
        line = self.line
        self._terminal.settle()
        if line is None:
            panel.title, panel.state = "serial", "this board has no serial line"
        else:
            reason = refusal(status, line.name)
            panel.title, panel.state = f"serial · {line.name}", self._state(status, line, reason)
            if not reason:
                self._refused = ""
        panel.repaint()
        self.query_one("#asked", Banner).show(self._asked())

    def bound(self) -> list[Bound]:
        """Return what keys are for the console now."""
        prefixed = self.query_one(TerminalPanel).prefixed
        ids = ("serial.leave", "serial.break") if prefixed else ("serial.prefix",)
        actions = [BY_ID[name] for name in ids]
        return [Bound(a.keys, a.id, a.label, a.tooltip, a.group, a.footer) for a in actions]

    def action_prefix(self) -> None:
        """Take the next key for the console."""
        self.query_one(TerminalPanel).prefixed = True
        self.tick()

    async def action_leave_terminal(self) -> None:
        """Go back to what is measured."""
        self.query_one(TerminalPanel).prefixed = False
        await self.run_action("app.go('measure')")

    def action_send_break(self) -> None:
        """Hold the line in the break state."""
        self.query_one(TerminalPanel).prefixed = False
        if self._may_type() and self.line is not None:
            self.attempt(self.line.port.send_break(), "break")

    @on(TerminalPanel.Commanded)
    async def _commanded(self, event: TerminalPanel.Commanded) -> None:
        panel = self.query_one(TerminalPanel)
        if not panel.prefixed:
            self.action_prefix()
            return
        panel.prefixed = False
        if event.key == "m":
            await self.action_leave_terminal()
        elif event.key == "b":
            self.action_send_break()
        elif event.key == PREFIX:
            self._write(b"\x1d")
        self.tick()

    @on(TerminalPanel.Typed)
    def _typed(self, event: TerminalPanel.Typed) -> None:
        if self._paste:
            paste, self._paste = self._paste, b""
            if event.data == b"\r":
                self.attempt(self._send_paced(paste), "paste")
        elif event.pasted:
            self._paste = event.data if self._may_type() else b""
        else:
            self._write(event.data)
        self.tick()

    async def _send_paced(self, data: bytes) -> None:
        """Send in pieces that a UART's FIFO takes."""
        for at in range(0, len(data), _PASTE_BYTES):
            if not self._may_type() or self.line is None:
                return
            self.line.write(data[at : at + _PASTE_BYTES])
            await asyncio.sleep(_PASTE_PAUSE_S)

    def _write(self, data: bytes) -> None:
        if self._may_type() and self.line is not None:
            try:
                self.line.write(data)
            except Problem as problem:
                self.tell(problem)

    def _may_type(self) -> bool:
        if self.line is None:
            self.tell(
                LinkProblem("this board has no serial line", hint="add serial = to its table")
            )
            return False
        self._refused = refusal(self.source.status, self.line.name)
        return not self._refused

    def _state(self, status: Status, line: SerialLine, reason: str) -> str:
        parts = ["busy" if reason and line.is_open else line.state]
        parts.append("log on" if status.recording else "log off")
        if self._terminal.back:
            parts.append(f"{self._terminal.back} lines back")
        if self._terminal.skipped:
            parts.append(f"{self._terminal.skipped >> 10} KiB not shown")
        return " · ".join(parts)

    def _asked(self) -> list[list[tuple[str, int]]]:
        if self._paste:
            lines = self._paste.count(b"\r")
            text = f" paste {len(self._paste)} bytes, {lines} lines?  Enter sends, any key drops "
        else:
            text = f" {self._refused} " if self._refused else ""
        width = self.size.width
        return [fit([Part(text, Role.BANNER, 100)], [], width)] if text else []
