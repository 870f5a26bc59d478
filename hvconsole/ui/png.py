"""A picture of the screen as PNG, where a program that draws SVG is at hand."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path

from hvconsole.model.problem import Problem

_SIZE = re.compile(r'viewBox="0 0 (?P<width>\d+(?:\.\d+)?) (?P<height>\d+(?:\.\d+)?)"')
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_LONGEST_S = 60.0
_SVG, _PNG = "screen.svg", "screen.png"


async def png_of(svg: str) -> bytes:
    """Draw an SVG document.

    Raises:
        Problem: No program here can, or it failed.
    """
    with tempfile.TemporaryDirectory(prefix="hvconsole-") as name:
        folder = Path(name)
        (folder / _SVG).write_text(svg, encoding="utf-8")
        await _run(_words(svg, folder), folder)
        try:
            return (folder / _PNG).read_bytes()
        except OSError as error:
            raise _failed("it wrote nothing") from error


def _words(svg: str, folder: Path) -> list[str]:
    """Return the command that draws the file; a drawing program is preferred to a browser."""
    if (rsvg := shutil.which("rsvg-convert")) is not None:
        return [rsvg, "--output", _PNG, _SVG]
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        raise Problem(
            "no program here makes a PNG of the picture",
            detail=f"looked for rsvg-convert, {', '.join(_BROWSERS)}",
            hint="on Debian: apt install librsvg2-bin; or take the SVG",
        )
    found = _SIZE.search(svg)
    size = [round(float(found[part])) for part in ("width", "height")] if found else [1600, 1000]
    words = [browser, "--headless", "--disable-gpu", "--hide-scrollbars"]
    words += ["--no-sandbox"] if os.geteuid() == 0 else []  # it refuses root otherwise
    words += [f"--user-data-dir={folder / 'profile'}", f"--window-size={size[0]},{size[1]}"]
    return [*words, f"--screenshot={folder / _PNG}", (folder / _SVG).as_uri()]


async def _run(words: list[str], folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *words,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_LONGEST_S):
            status = await process.wait()
    except TimeoutError as error:
        raise _failed(f"it took longer than {_LONGEST_S:.0f} s") from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if status != 0:
        raise _failed(f"{Path(words[0]).name} ended with status {status}")


def _failed(why: str) -> Problem:
    return Problem("the picture could not be drawn as PNG", detail=why, hint="take the SVG")
