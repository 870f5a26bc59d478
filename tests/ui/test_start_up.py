"""Starting: what is imported, which theme is taken, what is told."""

import subprocess
import sys
from pathlib import Path

import pytest
from driving import console
from synthetic import SyntheticConsole

from hvconsole.model.problem import UsageProblem
from hvconsole.ui.app import HvconsoleApp


def test_nothing_heavy_is_imported_for_the_screen() -> None:
    code = (
        "import sys, hvconsole.ui.app; "
        "print([n for n in ('polars', 'asyncssh', 'plotext', 'scipy') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_charts_and_views_know_no_textual() -> None:
    code = (
        "import sys, pkgutil, importlib, hvconsole.ui.chart as c, hvconsole.ui.view as v\n"
        "for p in (c, v):\n"
        "    for m in pkgutil.iter_modules(p.__path__):\n"
        "        importlib.import_module(f'{p.__name__}.{m.name}')\n"
        "print([n for n in sys.modules if n.split('.')[0] in ('textual', 'rich', 'asyncio')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_dark_is_the_default() -> None:
    async with console() as driver:
        assert driver.app.theme == "dark"


async def test_no_color_outweighs_the_theme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with console(theme="light") as driver:
        assert driver.app.theme == "mono"
        await driver.press("t")
        assert driver.app.theme == "mono"
        assert "NO_COLOR is set" in driver.text


def test_no_color_sends_no_colour_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = HvconsoleApp(SyntheticConsole())
    filters = [type(one).__name__ for one in app.get_line_filters()]
    assert filters == ["NoColor"]


def test_an_unknown_theme_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageProblem) as caught:
        HvconsoleApp(SyntheticConsole(), theme="drak")
    assert caught.value.title == "no theme is named 'drak'"
    assert caught.value.hint == "did you mean 'dark'?"
    with pytest.raises(UsageProblem) as caught:
        HvconsoleApp(SyntheticConsole(), theme="???")
    assert "high-contrast" in caught.value.hint


async def test_a_broken_theme_is_told_and_never_fatal(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "themes"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text('title = "Mine [bold]"\nrmap = []\n')
    async with console(theme="mine", size=(120, 40)) as driver:
        assert driver.app.theme == "dark"
        assert "a theme was left out" in driver.text
        assert "rmap" in driver.text


async def test_own_keys_may_be_none() -> None:
    async with console(keys={}) as driver:
        await driver.press("p")
        assert driver.screen.look.paused
