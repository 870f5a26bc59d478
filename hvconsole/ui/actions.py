"""Everything a person can do, in one list: it feeds bindings, footer, help and palette alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding, BindingType

Scope = Literal["app", "measure", "hypervisor", "serial"]
Group = Literal["Run", "Time", "Panels", "Recording", "Hypervisor", "Screens", "Console"]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do.

    Attributes:
        id: Name under which its keys can be changed (``set_keymap``, settings ``keys``).
        keys: Keys that do it, comma separated, the one to show first.
        call: Textual's action: the method ``action_<call>`` of the app or the screen.
        label: One or two words, for the footer.
        tooltip: One sentence, for help and palette.
        group: Under which head help lists it.
        scope: Whose method it is.
        footer: Importance in the footer; 0 keeps it out.
    """

    id: str
    keys: str
    call: str
    label: str
    tooltip: str
    group: Group
    scope: Scope = "measure"
    footer: int = 0

    @property
    def binding(self) -> Binding:
        """The action as Textual binds it."""
        return Binding(
            self.keys,
            self.call,
            self.label,
            tooltip=self.tooltip,
            id=self.id,
            show=self.footer > 0,
        )


_PICK = "Look at the CPU in that row"

ACTIONS = (
    Action("run.toggle", "s", "toggle_run", "run", "Start a run, or end the running one", "Run",
           footer=98),
    Action("play.toggle", "space", "play", "play", "Play or stop the recording", "Recording",
           footer=97),
    Action("play.back", "comma", "seek(-1)", "seek", "Go back in the recording", "Recording",
           footer=94),
    Action("play.forward", "full_stop", "seek(1)", "seek", "Go forward in the recording",
           "Recording", footer=94),
    Action("play.slower", "left_square_bracket", "speed(-1)", "speed", "Play slower", "Recording",
           footer=92),
    Action("play.faster", "right_square_bracket", "speed(1)", "speed", "Play faster", "Recording",
           footer=92),
    Action("view.pause", "p", "pause", "pause", "Pause the view; collecting goes on", "Run",
           footer=96),
    Action("figures.copy", "c", "copy", "copy", "Copy the figures, or the problem shown",
           "Run", footer=20),
    Action("time.zoom_in", "plus,equals_sign", "zoom(1)", "zoom", "Zoom in on time", "Time",
           footer=90),
    Action("time.zoom_out", "minus,underscore", "zoom(-1)", "zoom", "Zoom out", "Time", footer=90),
    Action("time.left", "left,h", "pan(-0.25)", "pan", "Go to earlier times", "Time", footer=80),
    Action("time.right", "right,l", "pan(0.25)", "pan", "Go to later times", "Time", footer=80),
    Action("time.page_left", "pageup", "pan(-1.0)", "page", "Go a whole view earlier", "Time"),
    Action("time.page_right", "pagedown", "pan(1.0)", "page", "Go a whole view later", "Time"),
    Action("time.start", "home", "begin", "beginning", "Go to the run's beginning", "Time"),
    Action("time.follow", "f,end", "follow", "follow", "Follow the newest", "Time", footer=85),
    Action("time.reset", "r", "reset", "reset", "Reset zoom, scale, cursor and lane", "Time"),
    Action("length.scale", "y", "scale", "log/lin", "Logarithmic or linear lengths", "Time",
           footer=70),
    Action("cursor.left", "shift+left,H", "cursor(-1)", "cursor", "Cursor to the left", "Time"),
    Action("cursor.right", "shift+right,L", "cursor(1)", "cursor", "Cursor to the right", "Time"),
    Action("cursor.longest", "x", "longest", "longest", "Cursor to the longest switch in view",
           "Time", footer=40),
    Action("panel.next", "tab", "app.focus_next", "panel", "Go to the next panel", "Panels",
           footer=30),
    Action("panel.previous", "shift+tab", "app.focus_previous", "panel", "Go to the previous panel",
           "Panels"),
    Action("panel.maximise", "m,enter", "maximise", "maximise",
           "Maximise the panel in focus, or restore it", "Panels", footer=75),
    Action("back", "escape", "back", "back",
           "Close problem, maximised panel or cursor", "Panels"),
    Action("lane.next", "down,j", "next_lane(1)", "lane", "Go to the next row of the table",
           "Panels", footer=50),
    Action("lane.previous", "up,k", "next_lane(-1)", "lane", "Go to the previous row", "Panels"),
    Action("lane.all", "0", "pick_lane(0)", "all lanes", "Look at all CPUs", "Panels"),
    *(
        Action(f"lane.{n}", str(n), f"pick_lane({n})", "lane", _PICK, "Panels")
        for n in range(1, 10)
    ),
    Action("hypervisor.act", "enter,a", "act", "actions", "Ask what can be done with it",
           "Hypervisor", "hypervisor", footer=98),
    Action("hypervisor.next", "down,j", "select(1)", "select", "Go to the next row", "Hypervisor",
           "hypervisor", footer=50),
    Action("hypervisor.previous", "up,k", "select(-1)", "select", "Go to the previous row",
           "Hypervisor", "hypervisor"),
    Action("hypervisor.copy", "c", "copy", "copy", "Copy the problem that is shown", "Hypervisor",
           "hypervisor"),
    Action("hypervisor.back", "escape", "back", "back", "Close the problem, or go to Measure",
           "Hypervisor", "hypervisor"),
    Action("go.measure", "f2", "go('measure')", "measure", "Go to what is measured", "Screens",
           "app", footer=45),
    Action("go.hypervisor", "f3", "go('hypervisor')", "hypervisor",
           "Go to guests, pools and schedulers", "Screens", "app", footer=46),
    Action("go.serial", "f4", "go('serial')", "serial", "Go to the board's serial console",
           "Screens", "app", footer=43),
    Action("serial.prefix", "ctrl+right_square_bracket", "prefix", "command",
           "The next key is for the console: m leaves, b sends BREAK", "Console", "serial",
           footer=99),
    Action("serial.leave", "m", "leave_terminal", "measure", "Go back to what is measured",
           "Console", "serial", footer=98),
    Action("serial.break", "b", "send_break", "BREAK", "Hold the line in the break state",
           "Console", "serial", footer=97),
    Action("board.boot", "b", "boot", "boot", "Boot the board into another mode", "Console", "app",
           footer=44),
    Action("console.theme", "t", "next_theme", "theme", "Take the next theme", "Console", "app",
           footer=25),
    Action("console.picture", "ctrl+s", "picture", "picture", "Save a picture of the screen (SVG)",
           "Console", "app"),
    Action("console.palette", "ctrl+p,colon", "command_palette", "commands",
           "Find and do anything by name", "Console", "app", footer=60),
    Action("console.help", "question_mark,f1", "help", "help", "Show all keys", "Console", "app",
           footer=99),
    Action("console.quit", "q,ctrl+c,ctrl+q", "leave", "quit",
           "End the run, tidy up the board and quit", "Console", "app",
           footer=99),
)  # fmt: skip

BY_ID = {action.id: action for action in ACTIONS}
PLAYBACK_IDS = frozenset(action.id for action in ACTIONS if action.group == "Recording")


def bindings(scope: Scope) -> list[BindingType]:
    """Return the bindings of the app or of a screen."""
    return [action.binding for action in ACTIONS if action.scope == scope]
