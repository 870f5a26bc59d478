"""An app that takes keys in the order in which they were pressed, however fast they come.

Textual hands a key to what has the focus at that moment; a key that is bound there climbs from
widget to widget up to the app, which acts on it. Keys that follow at once (typed ahead, pasted
without brackets, sent by a script, kept back by a slow line) would be handed out meanwhile: text
typed after Tab would stand in the field before, and Ctrl+K would cut it away. So a key waits here
until the one before it was dealt with. What follows a key through all queues is a callback behind
it in each of them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque

from textual import events
from textual.app import App, ScreenStackError
from textual.message_pump import MessagePump
from textual.screen import Screen

from hvconsole.ui.held import ANSWERS, HeldKeys

_LOOK_S = 0.25
_LOST_S = 5.0  # a widget that is taken away may keep what was still in its queue


class KeyedApp(App[None], inherit_bindings=False):
    """Takes keys one after the other, and for an answer only one that was pressed for it."""

    def __init__(self, *, ansi_color: bool | None = None) -> None:
        self._held = HeldKeys()
        self._typed: deque[tuple[events.Event, bool]] = deque()
        self._following: asyncio.Task[None] | None = None
        super().__init__(ansi_color=ansi_color)

    async def on_event(self, event: events.Event) -> None:
        """Keep what is typed until it is its turn."""
        if isinstance(event, events.MouseDown):
            self._held.clicked()
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)  # a key comes by once more where nobody took it
            return
        pressed = not isinstance(event, events.Key) or self._held.pressed(event.key)
        self._typed.append((event, pressed))
        if self._following is None:
            await self._hand_out()

    async def _hand_out(self) -> None:
        """Hand out the next key, and follow it."""
        self._following = None
        while self._typed:
            event, pressed = self._typed.popleft()
            if isinstance(event, events.Key) and not pressed and self._answers(event):
                continue
            screen, target = self._screen_now(), self.focused
            await super().on_event(event)
            self._following = asyncio.create_task(self._follow(event, target or screen, screen))
            return

    def _answers(self, key: events.Key) -> bool:
        """Whether a key would answer a question."""
        # In a field for text, only Enter answers.
        writes = getattr(self.focused, "cursor_position", None) is not None
        answers = {"enter"} if writes else ANSWERS
        return key.key in answers and getattr(self._screen_now(), "asks", False)

    def _screen_now(self) -> Screen[object] | None:
        """Return the screen that is looked at; None while there is none yet."""
        with contextlib.suppress(ScreenStackError):
            return self.screen
        return None

    async def _follow(
        self, event: events.Event, target: MessagePump | None, screen: Screen[object] | None
    ) -> None:
        """Wait until a key was dealt with, and let the next one in."""
        try:
            await self._climbed(target, event)
            if not event._stop_propagation and not self._repeated(event, screen):  # noqa: SLF001  # nothing else tells
                # What it brought about is on its way: a button's message, a screen, its focus.
                await self._climbed(target)
                for _ in range(2):
                    await self._climbed(self._screen_now())
        finally:
            if not self.call_later(self._hand_out):
                self._following = None

    def _repeated(self, event: events.Event, screen: Screen[object] | None) -> bool:
        """Whether the next key is the same one in the same place: held down, it may come fast."""
        following = self._typed[0][0] if self._typed else None
        return (
            isinstance(event, events.Key)
            and isinstance(following, events.Key)
            and following.key == event.key
            and self._screen_now() is screen
        )

    async def _climbed(self, node: MessagePump | None, event: events.Event | None = None) -> None:
        """Wait for the queues of a widget and of all that hold it, as far as an event climbs."""
        while node is not None:
            await _passed(node)
            if event is not None and event._stop_propagation:  # noqa: SLF001  # nothing else tells
                return
            node = node._parent  # noqa: SLF001  # as messages climb


async def _passed(node: MessagePump) -> None:
    """Wait until a widget has dealt with all that is in its queue now, or is gone."""
    passed = asyncio.Event()
    if not node.call_later(passed.set):
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LOST_S):
            while not passed.is_set() and not node._closed:  # noqa: SLF001  # nothing else tells
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(passed.wait(), _LOOK_S)
