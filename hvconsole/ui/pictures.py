"""An app that saves pictures of its screen, and puts texts where they can be pasted from."""

from __future__ import annotations

import io
import time
from pathlib import Path

from platformdirs import user_downloads_path
from textual import events, on
from textual.screen import ModalScreen

from hvconsole.model.problem import Problem
from hvconsole.ui.clipboard import MOST_BY_TERMINAL, copied, keep_copy
from hvconsole.ui.keyed import KeyedApp

_PICTURE = "picture"
_PICTURES = frozenset({"console.picture", "console.picture_png"})


class PictureApp(KeyedApp, inherit_bindings=False):
    """Saves its screen as SVG and PNG, and copies by OSC 52 and into a file."""

    @property
    def pictured(self) -> str:
        """What the screen is a picture of: part of a file's name."""
        raise NotImplementedError

    def tell(self, problem: Problem) -> None:
        """Show a problem."""
        raise NotImplementedError

    def copy(self, text: str, what: str) -> None:
        """Put a text on the clipboard (OSC 52) and into a file, and say so."""
        path, short = keep_copy(text), len(text) <= MOST_BY_TERMINAL
        if short:
            super().copy_to_clipboard(text)
        self.notify(copied(what, path, by_terminal=short), markup=False)

    def copy_to_clipboard(self, text: str) -> None:
        """Put a text on the clipboard, and into a file for terminals that do not do that."""
        keep_copy(text)
        super().copy_to_clipboard(text)

    def action_picture(self) -> None:
        """Save a picture of the screen."""
        name, svg = self._picture()
        self._save(f"{name}.svg", svg.encode(), "image/svg+xml")

    def action_picture_png(self) -> None:
        """Save a picture of the screen as PNG, where a program here can draw it."""
        self.run_worker(self._save_png(*self._picture()), group="picture", exit_on_error=False)

    async def on_key(self, event: events.Key) -> None:
        """Save pictures of dialogs, too: keys that nobody took there come by here."""
        if not isinstance(self.screen, ModalScreen):
            return
        bindings = self._bindings.copy()
        bindings.apply_keymap(self._keymap)
        for binding in bindings.key_to_bindings.get(event.key, ()):
            if binding.id in _PICTURES:
                event.stop()
                await self.run_action(binding.action)

    async def _save_png(self, name: str, svg: str) -> None:
        from hvconsole.ui.png import png_of  # noqa: PLC0415  # when it is wanted

        try:
            data = await png_of(svg)
        except Problem as problem:
            self.tell(problem)
            return
        self._save(f"{name}.png", data, "image/png")

    def _save(self, name: str, data: bytes, mime_type: str) -> None:
        """Save a picture on this machine, or where the browser is."""
        if self._driver is not None and self._driver.is_web:
            self.deliver_binary(
                io.BytesIO(data), save_filename=name, mime_type=mime_type, name=_PICTURE
            )
            return
        # Textual's own way to a file opens it for text, and knows of one folder alone.
        path = _folder() / name
        try:
            with path.open("xb") as file:
                file.write(data)
        except OSError as error:
            self.tell(
                Problem(
                    "the picture could not be saved",
                    detail=f"{path}: {error.strerror or error}",
                    hint="begin the console in a folder that you may write to",
                )
            )
            return
        self.notify(str(path), title="picture", markup=False)

    def _picture(self) -> tuple[str, str]:
        """Return a name for a picture of the screen as it is now, and the picture as SVG."""
        name = f"hvconsole-{self.pictured}-{time.strftime('%Y%m%d-%H%M%S')}"
        return name, self.export_screenshot(title=f"hvconsole {self.pictured}")

    @on(events.DeliveryComplete)
    def _saved(self, event: events.DeliveryComplete) -> None:
        if event.name == _PICTURE:
            self.notify("saved by the browser", title="picture", markup=False)

    @on(events.DeliveryFailed)
    def _not_saved(self, event: events.DeliveryFailed) -> None:
        if event.name == _PICTURE:
            self.tell(Problem("the picture could not be saved", detail=str(event.exception)))


def _folder() -> Path:
    """Return where pictures are saved: a server has no folder for downloads."""
    downloads = user_downloads_path()
    return downloads if downloads.is_dir() else Path.cwd()
