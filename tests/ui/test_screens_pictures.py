"""Pictures of Boards, Sessions, Board and Log; look at them before accepting new ones."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sessions import make_session, run_values
from shelf import NotedDoors, app, draw, fill
from sides import CHECKS, LOOK, NotedSide, board
from synthetic import BOARD, SyntheticConsole
from textual.pilot import Pilot

from hvconsole.commands.later import LaterCampaigns
from hvconsole.ui.campaigns import CampaignCard, PlanCard, Progress, Said
from hvconsole.ui.doors import Trial

SIZES = pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=["80x24", "160x48"])
THEMES = pytest.mark.parametrize("theme", ["dark", "light", "mono"])
Compare = Callable[..., bool]


class StillCampaigns:
    """Campaigns at one moment (`hvconsole.ui.campaigns.Campaigns`), for pictures."""

    def __init__(self, progress: Progress, folder: Path) -> None:
        self.progress = progress
        self._folder = folder

    def cards(self) -> tuple[list[PlanCard], list[CampaignCard]]:
        plans = [
            PlanCard(Path("paper.toml"), "paper", "native, Jailhouse and Xen", "sim", "shipped"),
            PlanCard(Path("mine.toml"), "mine", problem="mine.toml:3: unknown key 'repetitons'"),
        ]
        begun = CampaignCard(
            self._folder, "night-20300102-100000", "bpi", 16, 3, 4, 1_893_492_000.0
        )
        return plans, [begun]

    async def stop(self) -> None:
        """Nothing runs."""


MANIFEST = """format = 1
board = "{board}"
labels = {labels}
state = "{state}"
created = "2030-01-0{day}T10:0{day}:00.000+00:00"

[[runs]]
run = 0
condition = "{condition}"
offset = 0
"""


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Places and times that are the same everywhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HVCONSOLE_CONFIG_DIR", "config")
    monkeypatch.setenv("HVCONSOLE_SESSIONS_DIR", "recordings")
    monkeypatch.setenv("HVCONSOLE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.delenv("TZ")
    time.tzset()


def recordings() -> None:
    for day, (name, labels, state, condition) in enumerate(
        (
            ("bpi-jailhouse-night", [], "complete", "jailhouse idle"),
            ("sim-20300102-100200", ["simulated", "virtual time"], "complete", ""),
            ("bpi-xen-rtds", [], "interrupted", "xen rtds"),
            ("lost", [], "complete", ""),
        ),
        1,
    ):
        path = make_session(Path("recordings") / f"{name}.hvs")
        words = {"board": name[:3], "labels": json.dumps(labels), "state": state, "day": day}
        (path / "manifest.toml").write_text(MANIFEST.format(condition=condition, **words))
        (path / "actions.jsonl").unlink()
    (Path("recordings") / "lost.hvs" / "manifest.toml").write_text("format = [")
    for path in Path("recordings").iterdir():
        import os

        os.utime(path, (1_893_500_000, 1_893_500_000))


def after(*keys: str) -> Callable[[Pilot], Any]:
    async def run(pilot: Pilot) -> None:
        await draw(pilot)
        for key in keys:
            await pilot.press(key)
            await pilot.app.workers.wait_for_complete()
            await draw(pilot)

    return run


@SIZES
@THEMES
def test_boards(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    Path("config").mkdir()
    Path("config/boards.toml").write_text(
        '[bpi]\nssh = "root@192.0.2.7"\nserial = "/dev/ttyUSB0"\nprofile = "bananapi"\n'
    )
    assert snap_compare(app(theme=theme), terminal_size=size, run_before=after("G"))


@SIZES
def test_adding_a_board(snap_compare: Compare, size: tuple[int, int]) -> None:
    key = "SHA256:abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
    trial = Trial("new key", "192.0.2.7 (192.0.2.7:22), ED25519", key, "Save asks")

    async def add(pilot: Pilot) -> None:
        await after("a")(pilot)
        await fill(pilot, name="bpi", host="192.0.2.7", user="root")
        pilot.app.screen.query_one("#cancel").focus()
        await draw(pilot)

    doors = NotedDoors(trial=lambda _e, _t: trial)
    assert snap_compare(app(doors), terminal_size=size, run_before=add)


@SIZES
@THEMES
def test_sessions(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    recordings()
    assert snap_compare(app(theme=theme), terminal_size=size, run_before=after("f6", "down"))


def test_deleting(snap_compare: Compare) -> None:
    recordings()
    assert snap_compare(app(), terminal_size=(80, 24), run_before=after("f6", "d"))


def test_exporting(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    recordings()
    monkeypatch.setattr(Path, "cwd", lambda: Path("/home/me"))

    async def export(pilot: Pilot) -> None:
        await after("f6", "e", "tab")(pilot)  # no cursor blinks on a button

    assert snap_compare(app(), terminal_size=(80, 24), run_before=export)


@SIZES
@THEMES
def test_board(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    side = NotedSide(replace(LOOK, checks=CHECKS, checked=1_893_500_000.0))
    running = app(board=board(side), theme=theme)
    assert snap_compare(running, terminal_size=size, run_before=after("f7"))


@SIZES
@THEMES
def test_log(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    session = Path("recordings/now.hvs")
    session.mkdir(parents=True)
    lines = (
        ("10:00:02", {"action": "run start", "run": 0, "condition": "xen rtds"}),
        ("10:00:07", {"action": "pause 'dom1'", "t_ns": 4_812_345_678}),
        ("10:00:08", {"action": "done: pause 'dom1'", "t_ns": 5_012_345_678}),
        ("10:00:11", {"action": "failed: destroy 'dom2'", "t_ns": 8_312_345_678}),
        ("10:00:12", {"action": "boot xen-credit"}),
    )
    with (session / "actions.jsonl").open("w") as file:
        for clock, entry in lines:
            file.write(json.dumps({"utc": f"2030-01-01T{clock}+00:00", **entry}) + "\n")
    console = SyntheticConsole(status=replace(BOARD, recording=session)).advance(12.0)
    running = app(board=console, theme=theme)
    running.happenings._clock = lambda: 1_893_492_000.0

    async def watched(pilot: Pilot) -> None:
        await draw(pilot)
        running._watch()  # as its timer does, but not at a time of its own
        await after("f8")(pilot)

    assert snap_compare(running, terminal_size=size, run_before=watched)


@SIZES
@THEMES
def test_compare(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    folder = Path("recordings")
    for number in range(9):
        condition = ("native", "xen-credit", "jailhouse")[number % 3]
        values = run_values(each=(400, 800, 500)[number % 3], seed=number)
        make_session(folder / f"{number:03}.hvs", [values], [condition], labels=("simulated",))
    running = app(theme=theme)
    running.compared = tuple(sorted(folder.iterdir()))
    assert snap_compare(running, terminal_size=size, run_before=after("f9", "right", "down"))


def test_why(snap_compare: Compare) -> None:
    folder = Path("recordings")
    for number in range(4):
        make_session(folder / f"{number}.hvs", [run_values(seed=number)], ["ab"[number % 2]])
    running = app()
    running.compared = tuple(sorted(folder.iterdir()))
    assert snap_compare(running, terminal_size=(80, 24), run_before=after("f9", "down", "enter"))


@SIZES
@THEMES
def test_campaigns(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    folder = Path("recordings/night-20300102-100000.hvc").absolute()
    said = [
        ("note", "2 runs to go", 0),
        ("run", "xen-rtds", 3),
        ("step", "booting xen-rtds", 3),
        ("step", "measuring, 10 s", 3),
        ("kept", "003-b1-xen-rtds.hvs, 31 s", 3),
        ("run", "native", 4),
    ]
    lines = tuple(Said(1_893_492_000.0 + n, *one) for n, one in enumerate(said))
    now = Progress(Path("night.hvc"), "night", "bpi", 16, 3, "running", "native", 400.0, lines)
    running = app(theme=theme, campaigns=StillCampaigns(now, folder))
    assert snap_compare(running, terminal_size=size, run_before=after("f10"))


@SIZES
def test_a_plan(snap_compare: Compare, size: tuple[int, int]) -> None:
    Path("config/plans").mkdir(parents=True)
    shipped = (Path(__file__).parents[2] / "plans" / "paper.toml").read_text()
    Path("config/plans/paper.toml").write_text(shipped)
    running = app(campaigns=LaterCampaigns())
    assert snap_compare(running, terminal_size=size, run_before=after("f10", "G", "enter"))
