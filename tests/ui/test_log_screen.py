"""The Log screen by key: what happened, on which clock, and how it is copied."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from desks import NotedDesk
from hypothesis import given, strategies as st
from sessions import make_session
from shelf import opened, press
from synthetic import BOARD, SyntheticConsole

from hvconsole.commands.hv_words import add_arguments as hv_arguments
from hvconsole.hypervisor import actions as do
from hvconsole.model.problem import BoardProblem
from hvconsole.model.text import width
from hvconsole.ui.happenings import Happenings
from hvconsole.ui.screens.log import LogScreen, _words
from hvconsole.ui.view.equivalent import act_words, hv_words, record_words
from hvconsole.ui.view.log import Entry, log_rows

SIZE = (120, 30)


@pytest.fixture
def session(tmp_path: Path) -> Path:
    path = make_session(tmp_path / "bpi-1.hvs", conditions=["idle"])
    with (path / "actions.jsonl").open("a") as file:
        for line in (
            {"utc": "2030-01-01T00:00:01+00:00", "action": "boot xen-rtds"},
            {"utc": "2030-01-01T00:00:02+00:00", "action": "pause 'dom1'", "t_ns": 1_234_000_000},
        ):
            file.write(json.dumps(line) + "\n")
    return path


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HVCONSOLE_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def board(session: Path | None) -> SyntheticConsole:
    return SyntheticConsole(status=replace(BOARD, recording=session)).advance(3.0)


async def go(driver) -> LogScreen:
    await press(driver, "f8")
    screen = driver.app.screen
    assert isinstance(screen, LogScreen)
    return screen


async def test_recorded_actions_are_on_the_samples_clock(session: Path) -> None:
    async with opened(board=board(session), size=SIZE) as driver:
        await go(driver)
        assert "1.234 s" in driver.line("pause 'dom1'")
        assert "run start" in driver.text
        assert "connected" in driver.text


async def test_link_and_problems_are_kept_while_another_screen_is_shown() -> None:
    console = board(None)
    async with opened(board=console, size=SIZE) as driver:
        console.status = replace(console.status, link="lost", link_detail="cable pulled")
        driver.app._watch()
        driver.app.tell(BoardProblem("the sampler went", detail="status 9"))
        console.status = replace(console.status, link="connected", link_detail="root@192.0.2.7")
        driver.app._watch()
        await go(driver)
        assert "3.000 s" in driver.line("lost: cable pulled")
        assert "the sampler went: status 9" in driver.text


async def test_an_action_is_copied_as_a_command(session: Path, state: Path) -> None:
    async with opened(board=board(session), size=SIZE) as driver:
        await go(driver)
        await press(driver, "k", "enter")
        assert driver.app.clipboard == "hvconsole boot bpi xen-rtds"
        assert (state / "clipboard.txt").read_text() == "hvconsole boot bpi xen-rtds"
        assert "command copied" in driver.text


async def test_a_run_is_copied_with_its_settings(session: Path) -> None:
    async with opened(board=board(session), size=SIZE) as driver:
        screen = await go(driver)
        start = next(k for k, e in screen._entries.items() if e.text.startswith("run start"))
        screen.follows = False
        screen.rows_panel.choose(start)
        await press(driver, "C")
        assert driver.app.clipboard == "hvconsole record bpi --seconds 5 --label idle"


async def test_where_no_command_does_it_that_is_said(session: Path) -> None:
    async with opened(board=board(session), size=SIZE) as driver:
        await go(driver)
        assert "no command does the same" in driver.text
        assert "log.command" not in {one.id for one in driver.app.screen.bound()}
        await press(driver, "c")
        assert "pause 'dom1'" in driver.app.clipboard


async def test_following_ends_when_one_goes_up_and_comes_back_at_the_end(session: Path) -> None:
    async with opened(board=board(session), size=SIZE) as driver:
        screen = await go(driver)
        assert "▸ following" in driver.text
        await press(driver, "up")
        chosen = screen.rows_panel.chosen
        driver.app.did("something new")
        await press(driver, "f1", "escape")
        assert "not following" in driver.text
        assert screen.rows_panel.chosen == chosen
        await press(driver, "G")
        assert "▸ following" in driver.text
        await press(driver, "f")
        assert "not following" in driver.text


async def test_the_filter_holds_for_copying_all(session: Path) -> None:
    async with opened(board=board(session), size=SIZE) as driver:
        await go(driver)
        await press(driver, "slash", "d", "o", "m", "1", "enter", "y")
        lines = driver.app.clipboard.splitlines()
        assert lines[0] == "time\tin_the_run_s\tkind\ttext\tcommand"
        assert len(lines) == 2
        assert "1.234000\taction\tpause 'dom1'" in lines[1]


async def test_a_long_copy_goes_to_the_file_alone(state: Path) -> None:
    async with opened(board=board(None), size=SIZE) as driver:
        driver.app.copy("x" * 100_000, "everything")
        await driver.pilot.pause()
        assert driver.app.clipboard == ""
        assert len((state / "clipboard.txt").read_text()) == 100_000
        assert "everything is in" in driver.text


async def test_what_a_board_said_is_text_and_nothing_else(session: Path) -> None:
    with (session / "actions.jsonl").open("a") as file:
        file.write(json.dumps({"action": "\x1b]0;t\x07[red]x[/]", "why": "\x1b[2J"}) + "\n")
        file.write("\x00\xff not json\n")
    async with opened(board=board(session), size=SIZE) as driver:
        await go(driver)
        assert "[red]x[/]" in driver.text
        assert "\x1b" not in driver.text
        assert "1 lines unreadable" in driver.text


async def test_what_is_done_to_a_guest_is_there_as_a_command() -> None:
    console = board(None)
    console.hypervisor = desk = NotedDesk()
    async with opened(board=console, size=SIZE) as driver:
        await press(driver, "f3", "down", "down", "down", "enter", "enter", "enter")
        assert desk.done == [do.Pause(guest="2")]
        await go(driver)
        await press(driver, "G")
        assert "$ hvconsole hv bpi pause 2" in driver.text


def test_only_changes_are_kept() -> None:
    happenings = Happenings(clock=lambda: 5.0)
    asked = []
    for status in (BOARD, BOARD, replace(BOARD, recorded_bytes=7), replace(BOARD, run="ended")):
        happenings.see(status, lambda: asked.append(1) or 1.5)
    assert [(one.kind, one.text) for one in happenings] == [
        ("link", "connected: root@192.0.2.7"),
        ("run", "ended"),
    ]
    assert len(asked) == 2


ACTIONS = (
    do.Enable(config="/root/bpi.cell"),
    do.Disable(),
    do.Create(config=b"", source="guest one.cfg", name="a", paused=True),
    do.Load(guest="1", images=(("a.bin", 0x1000), ("b.bin", None))),
    do.Pause(guest="2"),
    do.Schedule(guest="2", values={"weight": 512}, vcpu=1),
    do.Schedule(pool="fast", values={"tslice": 5}),
    do.SwitchScheduler(guest="2", scheduler="rtds", cpus=frozenset({1, 0})),
    do.Pin(guest="2", hard=frozenset({1}), soft=frozenset({0, 1})),
    do.SetVcpus(guest="2", count=2),
    do.MakePool(name="fast", scheduler="rtds", cpus=frozenset({1})),
    do.DestroyPool(name="fast"),
    do.AddCpu(pool="fast", cpu=1),
    do.RemoveCpu(pool="fast", cpu=1),
    do.Move(guest="2", pool="fast"),
)


@pytest.mark.parametrize("action", ACTIONS, ids=do.kind)
def test_an_action_as_a_command_is_understood_by_the_command(action: do.Action) -> None:
    import argparse

    parser = argparse.ArgumentParser()
    hv_arguments(parser)
    words = hv_words("bpi", action)
    assert words[:3] == ("hvconsole", "hv", "bpi")
    parser.parse_args([*words[2:]])


def test_every_action_has_words() -> None:
    from typing import get_args

    from hvconsole.ui.view.equivalent import _WORDS

    assert set(_WORDS) == set(get_args(do.Action))


def test_run_settings_as_a_command() -> None:
    settings = {
        "seconds": 2.5, "threshold_ns": 5000, "cpus": [0, 1], "counter": "cntvct", "fenced": True,
        "loads": [{"name": "burn", "cpu": 0}], "label": "a b", "nonsense": [1],
    }  # fmt: skip
    assert record_words("bpi", settings) == (
        *("hvconsole", "record", "bpi", "--seconds", "2.5", "--threshold", "5000"),
        *("--cpu", "0,1", "--counter", "cntvct", "--label", "a b", "--load", "burn@0", "--fence"),
    )


@given(
    what=st.text(max_size=30),
    details=st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3),
)
def test_any_action_has_words_or_none(what: str, details: dict[str, object]) -> None:
    assert isinstance(act_words("bpi", what, details, []), tuple)


@given(st.integers(20, 200), st.text(max_size=60))
def test_log_rows_fill_any_width(across: int, text: str) -> None:
    entries = [Entry("a", 0.0, None, "did", text), Entry("b", 1e9, 1.5, "problem", text, bad=True)]
    head, rows = log_rows(entries, across)
    for row in (head, *(row for _, row in rows)):
        assert sum(width(part) for part, _ in row) == across


def test_details_are_words() -> None:
    details = {"before": {"cpu0": False, "cpu1": True}, "cpus": [0, 1], "why": "", "run": 0}
    assert _words(details) == ["before cpu0 no, cpu1 yes", "cpus 0, 1", "run 0"]


def test_details_may_be_nested_as_deep_as_they_like() -> None:
    value: object = "x"
    for _ in range(5000):
        value = [value]
    assert _words({"deep": value}) == ["deep …"]
