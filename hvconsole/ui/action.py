"""What an action is: one thing that a person can do, by key, palette and mouse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding

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
