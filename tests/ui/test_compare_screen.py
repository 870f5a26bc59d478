"""The Compare screen by key: conditions over each other, the same figures as the command's."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sessions import make_session, run_values
from shelf import draw, opened, press, settled
from textual.widgets import Button, Input

from hvconsole.analysis.compare import compare
from hvconsole.analysis.runs import figures_in_order, measured_runs
from hvconsole.ui.screens import comparing
from hvconsole.ui.screens.compare import CompareScreen
from hvconsole.ui.screens.file import FileScreen
from hvconsole.ui.screens.reasons import ReasonsScreen
from hvconsole.ui.screens.sessions import SessionsScreen


def record(folder: Path) -> Path:
    """Record two conditions three times each, the kept ones of a campaign that failed once."""
    lines = []
    for number in range(6):
        condition, each = (("native", 400), ("xen", 800))[number % 2]
        path = folder / f"{number:03}.hvs"
        make_session(path, [run_values(each=each, seed=number)], [condition])
        lines.append({"kind": "run", "number": number, "outcome": "kept", "session": path.name})
    make_session(folder / "half.hvs", [run_values(each=100)], ["half"])
    lines.append({"kind": "run", "number": 6, "outcome": "failed", "session": "half.hvs"})
    (folder / "campaign.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    return folder


@pytest.fixture(autouse=True)
def campaign(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = record(tmp_path / "night.hvc")
    monkeypatch.setenv("HVCONSOLE_SESSIONS_DIR", str(folder))
    monkeypatch.setenv("HVCONSOLE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return folder


async def compared(driver) -> CompareScreen:
    """Open the campaign by its path."""
    await press(driver, "f9", "o")
    assert isinstance(driver.app.screen, FileScreen)
    await press(driver, "enter")
    await settled(driver)
    screen = driver.app.screen
    assert isinstance(screen, CompareScreen)
    return screen


async def test_before_anything_is_chosen_it_says_how() -> None:
    async with opened() as driver:
        await press(driver, "f9")
        assert "mark recordings in Sessions" in driver.text
        await press(driver, "v", "r", "enter", "space")  # nothing that could be done
        assert isinstance(driver.app.screen, CompareScreen)


async def test_a_campaign_is_compared_by_the_same_figures_as_the_command(campaign: Path) -> None:
    kept = [campaign / f"{number:03}.hvs" for number in range(6)]
    wanted = compare(figures_in_order(measured_runs(kept)))
    async with opened(size=(160, 40)) as driver:
        screen = await compared(driver)
        assert screen.what is not None
        assert screen.what.comparison.as_dict() == wanted.as_dict()
        assert "half" not in driver.text  # a try that failed is no condition
        assert "underpowered: 4 runs each at least" in driver.line("xen")
        assert "×2" in driver.line("xen")
        assert "relative to native" in driver.text


async def test_marked_recordings_are_compared() -> None:
    async with opened(size=(120, 40)) as driver:
        await press(driver, "f6")
        await settled(driver)
        screen = driver.app.screen
        assert isinstance(screen, SessionsScreen)
        names = ("000", "001", "half")
        for name in names:
            screen.rows_panel.choose(next(k for k in screen.rows_panel.keys if name in k))
            await press(driver, "space")
        assert "3 marked" in driver.text
        assert "✓" in driver.line("half")
        screen.rows_panel.choose(next(k for k in screen.rows_panel.keys if "half" in k))
        await press(driver, "space")  # the mark goes again
        assert "2 marked" in driver.text
        await press(driver, "x")
        await settled(driver)
        shown = driver.app.screen
        assert isinstance(shown, CompareScreen)
        assert [path.stem for path in driver.app.compared] == ["000", "001"]
        assert shown.rows_panel.keys == ["native", "xen"]
        await press(driver, "escape", "f9")  # it keeps its state
        assert shown.rows_panel.keys == ["native", "xen"]


async def test_figures_pictures_and_scales_follow_the_keys() -> None:
    async with opened(size=(120, 40)) as driver:
        screen = await compared(driver)
        seen = {driver.text}
        for key in ("right", "v", "v", "y", "space"):
            await press(driver, key)
            assert driver.text not in seen, key
            seen.add(driver.text)
        assert "time lost" in driver.text
        assert screen.hidden == {"native"}
        await press(driver, "left", "left")
        assert screen.figure.key == "max_ns"


async def test_another_reference_turns_the_ratio_round() -> None:
    async with opened(size=(160, 40)) as driver:
        screen = await compared(driver)
        await press(driver, "G", "r")
        await settled(driver)
        assert screen.what is not None
        assert screen.what.comparison.reference == "xen"
        assert "relative to xen" in driver.text
        assert "×0.5" in driver.line("native")


async def test_a_comparison_that_comes_late_does_not_replace_a_newer_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, late = threading.Event(), threading.Event()

    def slowly(runs: Any, reference: str, paths: Any) -> Any:
        if reference == "native":
            begun.set()
            late.wait(30)
        return comparing.compared(runs, reference, paths)

    async with opened() as driver:
        screen = await compared(driver)
        monkeypatch.setattr("hvconsole.ui.screens.compare.compared", slowly)
        await press(driver, "g", "r", "G", "r")
        async with asyncio.timeout(30):
            while screen.what is None or screen.what.comparison.reference != "xen":
                await driver.pilot.pause(0.05)
        assert begun.is_set()
        late.set()
        await settled(driver)
        await driver.pilot.pause(0.3)
        assert screen.what.comparison.reference == "xen"


async def test_the_reason_of_a_verdict_is_a_key_away() -> None:
    async with opened(size=(100, 40)) as driver:
        await compared(driver)
        await press(driver, "enter")
        assert "what the runs show" in driver.text
        assert "native, the reference" in driver.text
        await press(driver, "escape")
        await press(driver, "down", "enter")
        assert isinstance(driver.app.screen, ReasonsScreen)
        assert "with 3 and 3 runs no outcome could have decided" in driver.text
        assert "9 of 9 couples" in driver.text
        await press(driver, "c")
        assert "underpowered" in (Path("state") / "clipboard.txt").read_text()
        await press(driver, "escape")
        assert isinstance(driver.app.screen, CompareScreen)


async def test_it_is_exported_as_runs_and_as_a_page(tmp_path: Path) -> None:
    async with opened(size=(100, 40)) as driver:
        await compared(driver)
        for name in ("runs.parquet", "page.html"):
            await press(driver, "e")
            driver.app.screen.query_one(Input).value = str(tmp_path / name)
            await press(driver, "enter")
            await settled(driver)
        assert pl.read_parquet(tmp_path / "runs.parquet").height == 6
        assert "<svg" in (tmp_path / "page.html").read_text()
        await press(driver, "e")
        field, button = (
            driver.app.screen.query_one(Input),
            driver.app.screen.query_one("#do", Button),
        )
        for bad, why in (("page.html", "exists already"), ("x.pdf", "end the name in")):
            field.value = str(tmp_path / bad)
            await draw(driver.pilot)
            assert why in driver.text
            assert button.disabled
        await press(driver, "escape")


async def test_command_and_table_are_copied(campaign: Path) -> None:
    from hvconsole.commands import compare as command

    async with opened(size=(100, 40)) as driver:
        screen = await compared(driver)
        await press(driver, "G", "r")
        await settled(driver)
        await press(driver, "c")
        words = (Path("state") / "clipboard.txt").read_text().split()
        assert words[:4] == ["hvconsole", "compare", "--reference", "xen"]
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        assert parser.parse_args(words[2:]).sessions == [campaign]
        await press(driver, "C")
        table = (Path("state") / "clipboard.txt").read_text().splitlines()
        assert len(table) == 1 + len(screen.rows_panel.keys)
        assert table[1].split("\t")[1] == "xen"


async def test_what_cannot_be_read_is_told_and_the_screen_goes_on(campaign: Path) -> None:
    async with opened(size=(100, 40)) as driver:
        screen = await compared(driver)
        shutil.rmtree(campaign / "003.hvs")
        await press(driver, "u")
        await settled(driver)
        assert "003.hvs" in driver.text
        assert screen.what is not None  # what was read before stays
        await press(driver, "escape", "o")
        driver.app.screen.query_one(Input).value = "/nowhere"
        await draw(driver.pilot)
        assert "no such folder" in driver.text
