"""A framed picture that somebody else draws for the room there is."""

from __future__ import annotations

from collections.abc import Callable

from hvconsole.ui.chart.cells import Row
from hvconsole.ui.chart.frame import Caption
from hvconsole.ui.view.line import middle
from hvconsole.ui.widgets.painted import Panel

Draw = Callable[[int, int], list[Row]]


class PicturePanel(Panel):
    """Shows what `draw` returns for a width and a height, or a sentence in its middle."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name for it
        super().__init__(id=id)
        self._draw: Draw | None = None
        self._caption = Caption("")
        self._key: object = None
        self._message = ""

    def show(self, draw: Draw, caption: Caption, key: object) -> None:
        """Show a picture; it is drawn anew only where `key` says that it is another one."""
        if (key, caption, "") == (self._key, self._caption, self._message):
            return
        self._draw, self._caption, self._key, self._message = draw, caption, key, ""
        self.repaint()

    def say(self, message: str, caption: Caption) -> None:
        """Show a sentence instead."""
        if (message, caption) != (self._message, self._caption):
            self._message, self._caption, self._key = message, caption, None
            self.repaint()

    def caption(self) -> Caption:
        """Return what stands in the frame."""
        return self._caption

    def inside(self, width: int, height: int) -> list[Row]:
        """Return the picture, or the sentence."""
        if self._message or self._draw is None:
            return middle(self._message, width, height) if self._message else []
        return self._draw(width, height)
