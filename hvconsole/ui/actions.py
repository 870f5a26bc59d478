"""Everything a person can do, in one list: it feeds bindings, footer, help and palette alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding, BindingType

Scope = Literal[
    "app",
    "measure",
    "hypervisor",
    "serial",
    "boards",
    "sessions",
    "board",
    "log",
    "compare",
    "campaigns",
]
Group = Literal[
    "Run",
    "Time",
    "Panels",
    "Recording",
    "Hypervisor",
    "Boards",
    "Sessions",
    "Board",
    "Log",
    "Compare",
    "Campaigns",
    "Screens",
    "Console",
]


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


def _moves(scope: Scope, group: Group) -> tuple[Action, ...]:
    """Return what every list understands: arrows, vim's keys, pages and ends."""
    return (
        Action(f"{scope}.next", "down,j", "select(1)", "select", "Go to the next row", group,
               scope, footer=50),
        Action(f"{scope}.previous", "up,k", "select(-1)", "select", "Go to the previous row",
               group, scope, footer=50),
        Action(f"{scope}.page_down", "pagedown,ctrl+d", "page(1)", "page", "Go a page down",
               group, scope),
        Action(f"{scope}.page_up", "pageup,ctrl+u", "page(-1)", "page", "Go a page up", group,
               scope),
        Action(f"{scope}.first", "home,g", "first", "first", "Go to the first row", group, scope),
        Action(f"{scope}.last", "end,G", "last", "last", "Go to the last row", group, scope),
        Action(f"{scope}.back", "escape", "back", "back",
               "Close the problem, end the filter, or go to Measure", group, scope),
    )  # fmt: skip


_BOARDS = (
    Action("boards.open", "enter,o", "open", "connect", "Connect to the selected board", "Boards",
           "boards", footer=98),
    Action("boards.add", "a,n", "add", "add", "Add a board; the way to it is tried as you type",
           "Boards", "boards", footer=97),
    Action("boards.edit", "e", "edit", "edit", "Change the selected board", "Boards", "boards",
           footer=96),
    Action("boards.remove", "d,delete", "remove", "remove", "Take the board out of boards.toml",
           "Boards", "boards", footer=95),
    Action("boards.copy", "c", "copy", "copy", "Copy the command that connects, or the problem",
           "Boards", "boards", footer=20),
    *_moves("boards", "Boards"),
)  # fmt: skip

_SESSIONS = (
    Action("sessions.open", "enter,o", "open", "replay", "Play the selected recording", "Sessions",
           "sessions", footer=98),
    Action("sessions.filter", "slash", "filter", "filter", "Show what holds the words you type",
           "Sessions", "sessions", footer=97),
    Action("sessions.mark", "space", "mark", "mark", "Mark the recording, to compare it",
           "Sessions", "sessions", footer=72),
    Action("sessions.compare", "x", "compare", "compare",
           "Compare the marked recordings, or the selected one", "Sessions", "sessions", footer=71),
    Action("sessions.export", "e", "export", "export", "Write it as Parquet, CSV or Arrow",
           "Sessions", "sessions", footer=96),
    Action("sessions.delete", "d,delete", "delete", "delete", "Delete the selected recording",
           "Sessions", "sessions", footer=95),
    Action("sessions.refresh", "r", "refresh", "look again", "Look for recordings again",
           "Sessions", "sessions", footer=30),
    Action("sessions.sort", "s", "sort", "sort", "Order by date, name, length or size",
           "Sessions", "sessions", footer=40),
    Action("sessions.copy", "c", "copy", "copy", "Copy the command that plays it, or the problem",
           "Sessions", "sessions", footer=20),
    *_moves("sessions", "Sessions"),
)  # fmt: skip

_BOARD = (
    Action("board.doctor", "d", "doctor", "doctor", "Check the board, as before a measurement",
           "Board", "board", footer=98),
    Action("board.load_module", "i", "load_module", "load module",
           "Load the counter module: CNTPCT becomes readable", "Board", "board", footer=96),
    Action("board.unload_module", "u", "unload_module", "unload",
           "Unload the counter module again", "Board", "board", footer=95),
    Action("board.look", "r", "look", "look again", "Ask the board again what it is", "Board",
           "board", footer=40),
    Action("board.panel", "tab", "app.focus_next", "panel", "Go to the next panel", "Board",
           "board", footer=30),
    Action("board.panel_back", "shift+tab", "app.focus_previous", "panel",
           "Go to the previous panel", "Board", "board"),
    Action("board.copy", "c", "copy", "copy", "Copy the panel in focus as text, or the problem",
           "Board", "board", footer=20),
    Action("board.boot_into", "enter", "boot_into", "boot into it",
           "Boot into the selected mode", "Board", "board", footer=97),
    *_moves("board", "Board"),
)  # fmt: skip

_LOG = (
    Action("log.command", "enter,C", "copy_command", "as command",
           "Copy the selected action as a command", "Log", "log", footer=98),
    Action("log.copy", "c", "copy", "copy", "Copy the selected line, or the problem", "Log",
           "log", footer=97),
    Action("log.copy_all", "y", "copy_all", "copy all", "Copy all lines that are shown", "Log",
           "log", footer=60),
    Action("log.filter", "slash", "filter", "filter", "Show what holds the words you type", "Log",
           "log", footer=96),
    Action("log.follow", "f", "follow", "follow", "Follow the newest, or stay", "Log", "log",
           footer=80),
    *_moves("log", "Log"),
)  # fmt: skip

_CAMPAIGNS = (
    *_moves("campaigns", "Campaigns"),
    Action("campaigns.open", "enter,o", "open", "open",
           "Look at the plan and begin it, or go on with the campaign", "Campaigns", "campaigns",
           footer=95),
    Action("campaigns.new", "n,a", "new", "new plan", "Write a new plan", "Campaigns", "campaigns",
           footer=90),
    Action("campaigns.compare", "x", "compare", "compare", "Compare the runs that were kept",
           "Campaigns", "campaigns", footer=85),
    Action("campaigns.stop", "s", "stop", "stop", "End the campaign that runs, to go on later",
           "Campaigns", "campaigns", footer=96),
    Action("campaigns.refresh", "r", "refresh", "look again", "Look for plans and campaigns again",
           "Campaigns", "campaigns"),
    Action("campaigns.copy", "c", "copy", "copy", "Copy the command that runs it, or the problem",
           "Campaigns", "campaigns", footer=60),
    Action("campaigns.panel", "tab", "app.focus_next", "panel", "Go to the next panel", "Campaigns",
           "campaigns"),
    Action("campaigns.panel_back", "shift+tab", "app.focus_previous", "panel",
           "Go to the previous panel", "Campaigns", "campaigns"),
)  # fmt: skip
_COMPARE = (
    *_moves("compare", "Compare"),
    Action("compare.why", "enter,w", "why", "why", "Say what the verdict rests on", "Compare",
           "compare", footer=95),
    Action("compare.figure", "right,l", "figure(1)", "figure", "Take the next figure", "Compare",
           "compare", footer=90),
    Action("compare.figure_back", "left,h", "figure(-1)", "figure", "Take the figure before",
           "Compare", "compare", footer=90),
    Action("compare.picture", "v", "picture", "picture",
           "Take another picture: longer than, lengths, runs", "Compare", "compare", footer=85),
    Action("compare.reference", "r", "reference", "reference",
           "Show the others relative to the selected condition", "Compare", "compare", footer=80),
    Action("compare.hide", "space", "hide", "hide", "Leave it out of the picture, or show it",
           "Compare", "compare", footer=75),
    Action("compare.scale", "y", "scale", "log/lin", "Logarithmic or linear", "Compare",
           "compare", footer=40),
    Action("compare.open", "o", "open", "open", "Compare a campaign, or the recordings of a folder",
           "Compare", "compare", footer=92),
    Action("compare.export", "e", "export", "export",
           "Write the runs as CSV or Parquet, or the report as a page", "Compare", "compare",
           footer=70),
    Action("compare.again", "u", "again", "read again", "Read the recordings again", "Compare",
           "compare"),
    Action("compare.copy", "c", "copy", "copy", "Copy the command that compares, or the problem",
           "Compare", "compare", footer=65),
    Action("compare.copy_table", "C", "copy_table", "copy table", "Copy the table that is shown",
           "Compare", "compare"),
    Action("compare.panel", "tab", "app.focus_next", "panel", "Go to the next panel", "Compare",
           "compare"),
    Action("compare.panel_back", "shift+tab", "app.focus_previous", "panel",
           "Go to the previous panel", "Compare", "compare"),
)  # fmt: skip

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
    Action("part.pick", "a", "part", "range",
           "Pick out a range of time: its beginning, its end, none", "Time", footer=48),
    Action("part.zoom", "Z", "zoom_part", "zoom to it", "Zoom to the range that is picked out",
           "Time"),
    Action("part.inspect", "i", "inspect", "table",
           "Figures and longest switches of the range, or of the view", "Time", footer=34),
    Action("panel.next", "tab", "app.focus_next", "panel", "Go to the next panel", "Panels",
           footer=30),
    Action("panel.previous", "shift+tab", "app.focus_previous", "panel", "Go to the previous panel",
           "Panels"),
    Action("panel.maximise", "m,enter", "maximise", "maximise",
           "Maximise the panel in focus, or restore it", "Panels", footer=75),
    Action("lengths.picture", "v", "picture", "picture",
           "Another picture of lengths: histogram, CDF, longer than", "Panels", footer=33),
    Action("lanes.apart", "w", "apart", "CPU lanes",
           "Each CPU in a lane of its own, or all over each other", "Panels", footer=32),
    Action("runs.table", "u", "runs", "runs", "The table of runs, or the figures", "Panels",
           footer=31),
    Action("back", "escape", "back", "back",
           "Close problem, maximised panel, range or cursor", "Panels"),
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
    Action("hypervisor.ask", "i", "ask", "ask", "Ask the hypervisor: facts, log, debug keys",
           "Hypervisor", "hypervisor", footer=60),
    Action("hypervisor.next", "down,j", "select(1)", "select", "Go to the next row", "Hypervisor",
           "hypervisor", footer=50),
    Action("hypervisor.previous", "up,k", "select(-1)", "select", "Go to the previous row",
           "Hypervisor", "hypervisor"),
    Action("hypervisor.copy", "c", "copy", "copy", "Copy the problem that is shown", "Hypervisor",
           "hypervisor"),
    Action("hypervisor.back", "escape", "back", "back", "Close the problem, or go to Measure",
           "Hypervisor", "hypervisor"),
    *_BOARDS,
    *_SESSIONS,
    *_BOARD,
    *_LOG,
    *_COMPARE,
    *_CAMPAIGNS,
    Action("go.measure", "f2", "go('measure')", "measure", "Go to what is measured", "Screens",
           "app", footer=45),
    Action("go.hypervisor", "f3", "go('hypervisor')", "hypervisor",
           "Go to guests, pools and schedulers", "Screens", "app", footer=46),
    Action("go.serial", "f4", "go('serial')", "serial", "Go to the board's serial console",
           "Screens", "app", footer=43),
    Action("go.boards", "f5", "go('boards')", "boards", "Go to the list of boards", "Screens",
           "app", footer=41),
    Action("go.sessions", "f6", "go('sessions')", "sessions", "Go to the recorded sessions",
           "Screens", "app", footer=42),
    Action("go.board", "f7", "go('board')", "board", "Go to what is known of the board",
           "Screens", "app", footer=38),
    Action("go.compare", "f9", "go('compare')", "compare",
           "Go to conditions side by side", "Screens", "app", footer=36),
    Action("go.campaigns", "f10", "go('campaigns')", "campaigns",
           "Go to plans and campaigns", "Screens", "app", footer=35),
    Action("go.log", "f8", "go('log')", "log", "Go to what happened", "Screens", "app",
           footer=37),
    Action("serial.prefix", "ctrl+right_square_bracket", "prefix", "command",
           "Open the console's menu", "Console", "serial",
           footer=99),
    Action("board.boot", "b", "boot", "boot", "Boot the board into another mode", "Console", "app",
           footer=44),
    Action("console.theme", "t", "next_theme", "theme", "Take the next theme", "Console", "app",
           footer=25),
    Action("console.mouse", "M", "mouse", "mouse",
           "Leave the mouse to the terminal, to select text; or take it back", "Console", "app"),
    Action("console.picture", "ctrl+s", "picture", "picture", "Save a picture of the screen (SVG)",
           "Console", "app"),
    Action("console.picture_png", "ctrl+g", "picture_png", "PNG",
           "Save a picture of the screen (PNG)", "Console", "app"),
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
