"""Pictures of the screen as PNG, by whatever draws SVG here; without that, a way out."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import pytest
from driving import console

from hvconsole.model.problem import Problem
from hvconsole.ui import png

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40">'
    '<rect width="120" height="40" fill="#f00"/></svg>'
)


def drawing() -> str | None:
    return next(filter(None, map(shutil.which, ("rsvg-convert", *png._BROWSERS))), None)


async def test_a_picture_is_drawn() -> None:
    if drawing() is None:
        pytest.skip("nothing here draws SVG")
    data = await png.png_of(SVG)
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height) == (120, 40)


async def test_without_a_program_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(Problem, match="no program here") as caught:
        await png.png_of(SVG)
    assert "librsvg2-bin" in caught.value.hint


async def test_a_program_that_fails_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "rsvg-convert"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Problem, match="could not be drawn") as caught:
        await png.png_of(SVG)
    assert "status 3" in caught.value.detail


async def test_the_key_tells_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    async with console() as driver:
        await driver.press("ctrl+g")
        await driver.app.workers.wait_for_complete()
        await driver.settle()
        assert "no program here makes a PNG" in driver.text


async def test_the_key_saves_one_where_there_is_no_folder_for_downloads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if drawing() is None:
        pytest.skip("nothing here draws SVG")
    monkeypatch.setenv("XDG_DOWNLOAD_DIR", str(tmp_path / "none"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    async with console() as driver:
        await driver.press("ctrl+g")
        await driver.app.workers.wait_for_complete()
        await driver.settle()
        assert "picture" in driver.text
    (picture,) = (tmp_path / "here").iterdir()
    assert picture.suffix == ".png"
    assert picture.read_bytes().startswith(b"\x89PNG")


async def test_a_folder_that_cannot_be_written_to_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DOWNLOAD_DIR", str(tmp_path / "none"))
    monkeypatch.chdir("/proc")  # nobody may, not even root
    async with console() as driver:
        await driver.press("ctrl+s")
        await driver.settle()
        assert "the picture could not be saved" in driver.text
