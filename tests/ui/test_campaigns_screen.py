"""Campaigns by key: plans checked while they are written, saved, and what was begun."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sessions import make_session, run_values
from shelf import draw, opened, press, settled
from synthetic import BOARD, SyntheticConsole
from textual.widgets import Input, TextArea

from hvconsole.commands.later import LaterCampaigns
from hvconsole.commands.plans import find_plan, read
from hvconsole.ui.screens.asking import ConfirmScreen
from hvconsole.ui.screens.campaigns import CampaignsScreen
from hvconsole.ui.screens.compare import CompareScreen
from hvconsole.ui.screens.condition import ConditionScreen, condition_toml
from hvconsole.ui.screens.plan import PlanScreen
from hvconsole.ui.widgets.bars import Lines

PLAN = """\
name = "mine"
board = "sim"
repetitions = 2
warm_up_s = 0

[[conditions]]
name = "native"
mode = "native"

[[conditions]]
name = "rtds"
mode = "xen-rtds"
"""


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HVCONSOLE_SESSIONS_DIR", str(tmp_path / "sessions"))
    monkeypatch.setenv("HVCONSOLE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "sessions" / "mine-20300102-100000.hvc"
    folder.mkdir(parents=True)
    (folder / "plan.toml").write_text(PLAN)
    lines: list[object] = [{"kind": "begin", "board": "sim", "plan": "", "at": "", "version": "1"}]
    for number, condition in ((1, "rtds"), (2, "native")):
        name = f"{number:03}.hvs"
        make_session(folder / name, [run_values(seed=number)], [condition])
        lines.append({"kind": "run", "number": number, "block": 1, "condition": condition,
                      "attempt": 1, "outcome": "kept", "session": name})  # fmt: skip
    (folder / "campaign.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


async def go(driver) -> CampaignsScreen:
    await press(driver, "f10")
    await settled(driver)
    screen = driver.app.screen
    assert isinstance(screen, CampaignsScreen)
    return screen


async def judged(driver, wanted: str = "") -> None:
    """Wait until what was typed is judged, to words that hold `wanted`, wherever a line ends."""
    squeezed = wanted.replace(" ", "")
    for _ in range(100):
        screen = driver.app.screen
        told = seen(driver).replace(" ", "")
        if isinstance(screen, PlanScreen) and told and squeezed in told:
            break
        await driver.pilot.pause(0.1)
    assert squeezed in seen(driver).replace(" ", "")
    await draw(driver.pilot)


def seen(driver) -> str:
    """Return what stands on the right: the preview, or what is wrong; unwrapped."""
    rows = driver.app.screen.query_one("#plan-lines", Lines).rows(0, 0)
    return " ".join(" ".join("".join(text for text, _ in row) for row in rows).split())


def console(**options):
    return opened(size=(120, 40), campaigns=LaterCampaigns(), **options)


async def test_plans_and_campaigns_are_listed() -> None:
    async with console() as driver:
        await go(driver)
        assert "2 of 4 runs" in driver.line("mine-20300102")
        assert "begun" in driver.line("mine-20300102")
        assert "native, Jailhouse" in driver.line("paper-n10")
        assert "virtual-time" in driver.line("lab-virtual-time")


async def test_a_console_that_runs_none_has_no_such_screen() -> None:
    async with opened(size=(120, 40)) as driver:
        await press(driver, "f10")
        assert driver.app.current_mode == "boards"


async def test_a_shipped_plan_shows_its_blocks_and_is_saved_as_a_copy(tmp_path: Path) -> None:
    async with console() as driver:
        screen = await go(driver)
        shipped = find_plan("paper")
        screen.rows_panel.choose(str(shipped))
        await press(driver, "enter")
        await judged(driver, "16 runs")
        assert "mode xen-rtds" in driver.text
        before = shipped.read_text()
        await press(driver, "f2")
        copy = tmp_path / "config" / "plans" / "paper.toml"
        assert copy.read_text() == before
        await press(driver, "escape")
        await settled(driver)
        assert "own plan" in driver.text


async def test_mistakes_are_told_where_they_are() -> None:
    async with console() as driver:
        await go(driver)
        await press(driver, "n")
        area = driver.app.screen.query_one(TextArea)
        area.text = PLAN.replace("repetitions", "repetitons")
        await judged(driver, "mine.toml:3: unknown key 'repetitons'")
        assert "did you mean 'repetitions'?" in seen(driver)
        assert driver.app.screen.query_one("#do").disabled
        await press(driver, "f5")  # is not begun
        assert isinstance(driver.app.screen, PlanScreen)
        area.text = PLAN + 'do = [["creat", "busy.cfg"]]\n'
        await judged(driver, "creat busy.cfg: is no action")
        area.text = PLAN
        await judged(driver, "4 runs")
        assert not driver.app.screen.query_one("#do").disabled


async def test_a_condition_is_added_from_a_form(tmp_path: Path) -> None:
    async with console() as driver:
        await go(driver)
        await press(driver, "n", "f4")
        form = driver.app.screen
        assert isinstance(form, ConditionScreen)
        for key, text in {
            "name": "credit", "mode": "xen-credit", "seconds": "3", "fifo": "50",
            "do": "create busy.cfg ; sched busy weight=512", "loads": "cpuburn-a8@0",
        }.items():  # fmt: skip
            form.query_one(f"#c-{key}", Input).value = text
        await press(driver, "enter")
        assert isinstance(driver.app.screen, PlanScreen)
        await press(driver, "f2")
        saved = tmp_path / "config" / "plans" / "mine.toml"
        (one,) = read(saved).conditions
        assert one.condition.do == (("create", "busy.cfg"), ("sched", "busy", "weight=512"))
        assert one.settings.seconds == 3
        assert one.settings.fifo == 50
        assert [str(load) for load in one.settings.loads] == ["cpuburn-a8@0"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"name": ""}, "give the condition a name"),
        ({"name": "a", "seconds": "long"}, "is no number"),
        ({"name": "a", "do": 'create "x'}, "do: "),
    ],
)
def test_fields_that_make_no_sense(fields: dict[str, str], why: str) -> None:
    with pytest.raises(Exception, match=why):
        condition_toml(fields)


async def test_what_was_kept_is_compared() -> None:
    async with console() as driver:
        screen = await go(driver)
        screen.rows_panel.choose(next(k for k in screen.rows_panel.keys if "mine-2030" in k))
        await press(driver, "x")
        await settled(driver)
        shown = driver.app.screen
        assert isinstance(shown, CompareScreen)
        assert sorted(shown.rows_panel.keys) == ["native", "rtds"]


async def test_going_on_is_asked_and_not_done_by_default(places: Path) -> None:
    async with console() as driver:
        screen = await go(driver)
        screen.rows_panel.choose(str(places))
        await press(driver, "enter")
        assert isinstance(driver.app.screen, ConfirmScreen)
        assert "2 of 4 runs are kept; 2 are still to be made" in driver.text
        await press(driver, "enter")
        assert driver.app.campaigns.progress is None


async def test_the_command_is_copied(places: Path) -> None:
    async with console() as driver:
        screen = await go(driver)
        screen.rows_panel.choose(str(places))
        await press(driver, "c")
        words = (Path("state") / "clipboard.txt").read_text().split()
        plan = f"{places}/plan.toml"
        assert words == ["hvconsole", "run", plan, "--board", "sim", "--resume", str(places)]


async def test_virtual_time_says_where_it_runs() -> None:
    async with console() as driver:
        screen = await go(driver)
        screen.rows_panel.choose(str(find_plan("lab-virtual-time")))
        await press(driver, "enter")
        await judged(driver)
        await press(driver, "f5")
        await settled(driver)
        await judged(driver, "run it beside the console: hvconsole run")
        assert isinstance(driver.app.screen, PlanScreen)
        assert not driver.app.screen.query_one("#save").disabled
        assert driver.app.campaigns.progress is None


async def test_beginning_is_asked_and_not_done_by_default(tmp_path: Path) -> None:
    async with console() as driver:
        screen = await go(driver)
        screen.rows_panel.choose(str(find_plan("paper-n10")))
        await press(driver, "enter")
        await judged(driver, "40 runs")
        await press(driver, "ctrl+g")  # saves a picture elsewhere, and begins nothing
        assert isinstance(driver.app.screen, PlanScreen)
        await press(driver, "f5")
        assert isinstance(driver.app.screen, ConfirmScreen)
        assert "begin paper-n10 on sim?" in driver.text
        assert "40 runs" in driver.text
        assert "xen-rtds" in driver.line("Conditions:")
        await press(driver, "enter")
        assert isinstance(driver.app.screen, PlanScreen)
        assert driver.app.campaigns.progress is None


async def test_a_plan_for_the_board_of_this_console_is_refused_and_stays_open() -> None:
    source = SyntheticConsole(status=replace(BOARD, board="sim"))
    async with console(board=source) as driver:
        screen = await go(driver)
        screen.rows_panel.choose(str(find_plan("paper")))
        await press(driver, "enter")
        await judged(driver, "16 runs")
        await press(driver, "f5")
        await judged(driver, "this console measures on sim itself")
        assert isinstance(driver.app.screen, PlanScreen)


async def test_what_was_typed_is_thrown_away_only_if_wanted() -> None:
    async with console() as driver:
        await go(driver)
        await press(driver, "n")
        area = driver.app.screen.query_one(TextArea)
        area.text = PLAN
        await judged(driver, "4 runs")
        await press(driver, "escape")
        assert isinstance(driver.app.screen, ConfirmScreen)
        assert "throw away the changes to mine.toml?" in driver.text
        await press(driver, "enter")
        assert isinstance(driver.app.screen, PlanScreen)
        assert area.text == PLAN
        await press(driver, "f2", "escape")  # saved: nothing is lost
        assert isinstance(driver.app.screen, CampaignsScreen)
        await press(driver, "n")
        driver.app.screen.query_one(TextArea).text = "x"
        await judged(driver)
        await press(driver, "escape", "tab", "enter")
        assert isinstance(driver.app.screen, CampaignsScreen)


NO_FILES = {
    **{text: text for text in ("/", "/dev/null/x.toml")},
    "empty": "",
    "nul": "a\0b",
    "surrogate": "\ud800",
    "long": "x" * 5000,
}


@pytest.mark.parametrize("typed", NO_FILES.values(), ids=NO_FILES)
async def test_a_plan_that_cannot_be_saved_says_why(typed: str) -> None:
    async with console() as driver:
        await go(driver)
        await press(driver, "n")
        screen = driver.app.screen
        screen.query_one(TextArea).text = PLAN
        await judged(driver, "4 runs")
        screen.query_one("#file", Input).value = typed
        await press(driver, "f2")
        assert driver.app.screen is screen
        said = seen(driver)
        assert "no file is named" in said or "cannot be written" in said
