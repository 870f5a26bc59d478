"""A campaign begun, ended and gone on with in the console, on the simulated board."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hvconsole.campaign.log import CampaignLog
from hvconsole.commands.later import LaterCampaigns
from hvconsole.config.paths import plans_dir, sessions_dir
from hvconsole.model.status import Status
from hvconsole.ui.app import HvconsoleApp
from hvconsole.ui.campaigns import Progress
from hvconsole.ui.doors import NoConsole
from hvconsole.ui.screens.campaigns import CampaignsScreen

PLAN = """\
name = "short"
board = "sim"
repetitions = 2
warm_up_s = 0
retries = 0

[measure]
seconds = 0.5
cpus = [1]

[[conditions]]
name = "plain"

[[conditions]]
name = "fifo"
measure = {fifo = 50}
"""


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE", "CONFIG", "SESSIONS"):
        monkeypatch.setenv(f"HVCONSOLE_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.chdir(tmp_path)
    plans_dir().mkdir(parents=True)
    (plans_dir() / "short.toml").write_text(PLAN)


async def until(seen: object, what, seconds: float = 60) -> Progress:
    async with asyncio.timeout(seconds):
        while True:
            progress = seen.progress
            if progress is not None and what(progress):
                return progress
            await asyncio.sleep(0.05)


async def test_it_is_begun_ended_gone_on_with_and_left_in_order() -> None:
    campaigns = LaterCampaigns()
    app = HvconsoleApp(NoConsole(Status(board="", link="none")), campaigns=campaigns)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("f10")
        await app.workers.wait_for_complete()
        await pilot.pause(0.3)
        screen = app.screen
        assert isinstance(screen, CampaignsScreen)
        screen.rows_panel.choose(str(plans_dir() / "short.toml"))
        for key in ("enter", "f5", "tab", "enter"):
            await pilot.press(key)
            await pilot.pause(0.3)
        begun = await until(campaigns, lambda seen: seen.settled >= 1)
        assert begun.runs == 4
        await pilot.press("s")
        await pilot.pause(0.3)
        await pilot.press("tab")
        await pilot.pause(0.3)
        await pilot.press("enter")
        stopped = await until(campaigns, lambda seen: not seen.runs_now)
        assert stopped.state == "stopped"
        folder = stopped.folder
        assert folder.parent == sessions_dir()
        kept = len(CampaignLog(folder).settled)
        assert 1 <= kept < 4
        await pilot.press("r")
        await app.workers.wait_for_complete()
        await pilot.pause(0.3)
        screen.rows_panel.choose(str(folder))
        for key in ("enter", "tab", "enter"):
            await pilot.press(key)
            await pilot.pause(0.3)
        done = await until(campaigns, lambda seen: seen.state == "done")
        assert done.settled == 4
        assert [line.outcome for line in CampaignLog(folder).runs].count("kept") == 4
    assert not list((folder.parent.parent / "state" / "journal").glob("*"))
