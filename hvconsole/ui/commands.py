"""The command palette: every action, and every theme, by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.types import IgnoreReturnCallbackType

from hvconsole.ui.actions import BY_ID
from hvconsole.ui.screens.base import ConsoleScreen
from hvconsole.ui.view.keys import key_name

_Command = tuple[str, str, IgnoreReturnCallbackType]


class ActionCommands(Provider):
    """Finds what the registry of actions has, as far as it can be done now."""

    async def discover(self) -> Hits:
        """List everything while nothing is typed."""
        for name, about, call in self._commands():
            yield DiscoveryHit(name, call, help=about)

    async def search(self, query: str) -> Hits:
        """List what matches."""
        matcher = self.matcher(query)
        for name, about, call in self._commands():
            if (score := matcher.match(name)) > 0:
                yield Hit(score, matcher.highlight(name), call, help=about)

    def _commands(self) -> Iterator[_Command]:
        screen = self.screen
        if not isinstance(screen, ConsoleScreen):
            return
        keys: dict[str, list[str]] = {}
        for one in screen.bound():
            keys.setdefault(one.id, []).append(key_name(one.key))
        for action in BY_ID.values():
            if action.id not in keys or action.call == "command_palette":
                continue
            call = action.call if action.scope != "app" else f"app.{action.call}"
            yield (
                action.tooltip if not action.id.startswith("lane.") else _lane_name(action.id),
                f"{action.group.lower()} · {' '.join(keys[action.id])}",
                partial(screen.run_action, call),
            )


class ThemeCommands(Provider):
    """Finds the themes; only when something is typed, else they would bury the actions."""

    async def search(self, query: str) -> Hits:
        """List the themes that match."""
        matcher = self.matcher(query)
        names = getattr(self.app, "theme_names", ())
        for name in names:
            text = f"Theme: {name}"
            if (score := matcher.match(text)) > 0:
                yield Hit(score, matcher.highlight(text), partial(self._take, name))

    def _take(self, name: str) -> None:
        self.app.theme = name


def _lane_name(action_id: str) -> str:
    row = action_id.removeprefix("lane.")
    return BY_ID[action_id].tooltip if not row.isdigit() else f"Look at row {row} of the table"
