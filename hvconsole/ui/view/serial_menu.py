"""What the console does on the Serial screen, and with which keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hvconsole.model.text import width
from hvconsole.ui.chart.cells import Role, Row, selected
from hvconsole.ui.view.keys import Bound, key_name
from hvconsole.ui.view.line import Part, cut, fit, row_width

PREFIX = "ctrl+right_square_bracket"
_GAP = 3
_SHOWN = {"slash": "/"}


@dataclass(frozen=True, slots=True)
class Command:
    """One thing to do.

    Attributes:
        key: Textual's name of the key.
        name: The method ``do_<name>`` of the screen.
        label: One or two words.
        tooltip: One sentence, for help.
        footer: Importance in the footer.
    """

    key: str
    name: str
    label: str
    tooltip: str
    footer: int = 0

    def bound(self) -> Bound:
        """Return the command as footer and help show it."""
        return Bound(
            _SHOWN.get(self.key, self.key),
            f"serial.{self.name}",
            self.label,
            self.tooltip,
            "Console",
            self.footer,
        )


MENU = (
    Command("m", "leave", "measure", "Go back to what is measured", 99),
    Command("b", "break", "BREAK", "Hold the line in the break state", 98),
    Command("x", "control", "control character", "Send the next key with Ctrl", 90),
    Command("slash", "search", "search", "Search, newest first", 96),
    Command("v", "look", "look and copy", "Move about in what was shown, select and copy", 95),
    Command("a", "alarm", "alarm", "Go to the newest line with an alarm", 85),
    Command("p", "pause", "pause", "Let the picture stand still, or go on", 94),
    Command("l", "log", "log", "Show the session's log of the line", 88),
    Command("y", "copy", "copy", "Copy what is seen", 87),
    Command("r", "size", "tell the size", "Type a stty command with the terminal's size", 86),
    Command(
        "g", "guest", "guest's console", "Look at a guest's console, type to it, or leave it", 89
    ),
    Command("e", "line_end", "line end", "Change what Enter sends: CR, LF or both", 80),
    Command("k", "clear", "clear", "Clear the screen and what scrolled out", 82),
    Command("question_mark", "help", "keys", "Show all keys", 97),
    Command("colon", "palette", "commands", "Find and do anything by name", 60),
    Command("q", "quit", "quit", "End the run, tidy up the board and quit", 70),
    Command(PREFIX, "prefix_itself", "send Ctrl+]", "Send Ctrl+] to the board", 50),
)

LOOK = (
    Command("up", "up", "move", "Go a line up", 90),
    Command("down", "down", "move", "Go a line down", 90),
    Command("pageup", "page_up", "page", "Go a page up", 60),
    Command("pagedown", "page_down", "page", "Go a page down", 60),
    Command("home", "oldest", "oldest", "Go to the oldest line", 30),
    Command("end", "newest", "newest", "Go to the newest line", 30),
    Command("slash", "search", "search", "Search, newest first", 95),
    Command("n", "next_hit", "next", "Go to the next hit, upwards", 92),
    Command("N", "previous_hit", "previous", "Go to the previous hit, downwards", 91),
    Command("a", "alarm", "alarm", "Go to the alarm before", 50),
    Command("space", "select", "select", "Begin a selection of lines, or drop it", 94),
    Command("y", "copy", "copy", "Copy the selected lines, or what is seen", 93),
    Command("escape", "follow", "back", "Look at the newest, and type again", 99),
)
_SAME_KEYS = {
    "k": "up", "j": "down", "g": "home", "G": "end", "enter": "y", "q": "escape",
    "ctrl+c": "escape", "ctrl+b": "pageup", "ctrl+f": "pagedown", "v": "space",
    "shift+pageup": "pageup", "shift+pagedown": "pagedown", "A": "a",
}  # fmt: skip

PLAYBACK = (
    Command("space", "play", "play", "Play or stop the recording", 97),
    Command("comma", "seek_back", "seek", "Go back in the recording", 94),
    Command("full_stop", "seek_forward", "seek", "Go forward in the recording", 94),
    Command("left_square_bracket", "slower", "speed", "Play slower", 92),
    Command("right_square_bracket", "faster", "speed", "Play faster", 92),
)
NOT_FOR_RECORDINGS = frozenset(
    {"break", "control", "size", "line_end", "prefix_itself", "clear", "log", "guest"}
)
FOR_GUESTS = frozenset({"guest"})
"""Only where a hypervisor has guests."""
NOT_FOR_GUESTS = frozenset({"break", "prefix_itself", "log"})
"""What only a line can: under Xen, Ctrl+] would end a domain's console."""


def command(commands: Iterable[Command], key: str) -> Command | None:
    """Return the command of a key, if it has one among these."""
    return next((one for one in commands if one.key == key), None)


def look_command(key: str) -> Command | None:
    """Return what a key does while looking about; some things have several keys."""
    return command(LOOK, _SAME_KEYS.get(key, key))


def menu_rows(commands: Iterable[Command], room: int) -> list[Row]:
    """Return the menu: key and label in columns, as many as fit side by side."""
    entries = [(key_name(one.bound().key), one.label) for one in commands]
    widest = max(width(key) + 1 + width(label) for key, label in entries)
    across = max((room - 1) // (widest + _GAP), 1)
    out: list[Row] = []
    down = -(-len(entries) // across)
    blank, strong = selected(int(Role.TEXT)), selected(int(Role.KEY))
    for y in range(down):
        row: Row = [(" ", blank)]
        for key, label in entries[y::down]:
            rest = widest + _GAP - width(key) - 1 - width(label)
            row += [(f"{key} ", strong), (label + " " * rest, blank)]
        row = cut(row, room)
        out.append([*row, (" " * (room - row_width(row)), blank)])
    return out


def said(text: str, room: int, role: Role = Role.BANNER) -> list[Row]:
    """Return one row of the overlay that says something; nothing for an empty text."""
    if not text:
        return []
    return [[(part, int(role)) for part, _ in fit([Part(f" {text} ", role, 100)], [], room)]]
