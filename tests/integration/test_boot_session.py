"""A session whose board is booted into a mode: its console is a real pty, the board scripted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from scripted_board import PROFILE, Faults, ScriptedBoard, ScriptedLink

from hvconsole.board.boot_problem import BoardGone, WrongMode
from hvconsole.model.problem import BoardProblem, LinkProblem, Problem, UsageProblem
from hvconsole.model.run import RunSettings
from hvconsole.session.session import Session
from hvconsole.session.workbench import BoardBench


class Stage:
    """A board, its pty, and sessions with it."""

    def __init__(self, ours: int, theirs: str, folder: Path) -> None:
        self.ours = ours
        self.folder = folder
        self.profile = msgspec.structs.replace(PROFILE, serial=theirs)
        self.board = ScriptedBoard()
        self.bench: BoardBench | None = None

    def plug(self, board: ScriptedBoard) -> None:
        """Put a board behind the pty."""
        self.board = board
        board.plug_in(self.ours)

    def session(self, **options: Any) -> Session:
        self.bench = BoardBench(self.profile, self.folder / "a.hvs")
        make = lambda: ScriptedLink(self.board)  # noqa: E731
        return Session(self.profile, make, self.bench, RunSettings(), **options)


@pytest.fixture
async def stage(
    line: tuple[int, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    monkeypatch.setenv("HVCONSOLE_STATE_DIR", str(tmp_path / "state"))
    one = Stage(*line, tmp_path)
    one.plug(one.board)
    yield one
    asyncio.get_running_loop().remove_reader(one.ours)
    await one.board.close()


async def watched(session: Session, work: Any) -> list[tuple[str, str]]:
    """Do work; return what the status said of the link meanwhile, without repetitions."""
    seen: list[tuple[str, str]] = []
    task = asyncio.ensure_future(work)
    while not task.done():
        now = (session.status.link, session.status.link_detail)
        if not seen or seen[-1] != now:
            seen.append(now)
        await asyncio.sleep(0.002)
    await task
    return seen


async def until(condition: Callable[[], object], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_there_and_back_without_the_link_ever_being_lost(stage: Stage) -> None:
    session = stage.session()
    await session.open()
    for mode in ("xen-rtds", "native"):
        seen = await watched(session, session.boots.boot(mode))
        states = [link for link, _ in seen]
        assert set(states) <= {"connected", "booting"}
        assert ("booting", f"into {mode}") in seen
        assert session.status.link == "connected"
        assert session.status.problem is None, "a restart that was asked for is no alarm"
        assert session.boots.progress.outcome == "proven"
        assert any("Starting kernel" in line for line in session.boots.progress.lines)
    await session.close()


async def test_facts_are_gathered_again(stage: Stage) -> None:
    session = stage.session()
    await session.open()
    assert "under xen" not in session.status.identity
    await session.boots.boot("xen-rtds")
    assert "under xen" in session.status.identity
    await session.close()


async def test_what_was_changed_is_undone_before(stage: Stage) -> None:
    session = stage.session()
    await session.open()
    await stage.bench._journal.record(["undo-it"], "undo it")
    await session.boots.boot("xen-rtds")
    restart = stage.board.said.index("systemctl reboot")
    assert "undo-it" in stage.board.said[:restart]
    assert not list((stage.folder / "state/journal").glob("*.jsonl"))
    await session.close()


async def test_it_is_recorded_and_names_the_condition(stage: Stage) -> None:
    session = stage.session()
    await session.open()
    session._kept.begin_run(RunSettings(), "before")
    session._kept.end_run("stop")
    await session.boots.boot("xen-rtds")
    session._kept.begin_run(RunSettings(), session._handover.mode)
    await session.close()
    lines = (stage.folder / "a.hvs/actions.jsonl").read_text().splitlines()
    actions = [json.loads(line) for line in lines]
    told = [action["action"] for action in actions]
    assert told[2:4] == ["boot xen-rtds", "booted xen-rtds, proven"]
    assert actions[4]["condition"] == "xen-rtds"
    assert b"Starting kernel" in (stage.folder / "a.hvs/serial.log").read_bytes()


async def test_the_wrong_mode_is_told_and_the_session_goes_on(stage: Stage) -> None:
    stage.board.faults.becomes = {"xen-rtds": "xen-credit"}
    session = stage.session()
    await session.open()
    with pytest.raises(WrongMode):
        await session.boots.boot("xen-rtds")
    assert session.boots.progress.outcome == "failed"
    assert isinstance(session.boots.progress.problem, WrongMode)
    assert session.status.link == "reconnecting"
    await until(lambda: session.status.link == "connected")
    assert "under xen" in session.status.identity
    await session.close()


async def test_a_board_that_stays_away_is_looked_for_until_it_is_back(stage: Stage) -> None:
    stage.board.faults.dies = {"xen-rtds": b"Kernel panic - not syncing: no init\r\n"}
    session = stage.session()
    await session.open()
    with pytest.raises(BoardGone):
        await session.boots.boot("xen-rtds", timeout_s=1)
    assert "panicked" in session.status.problem.title, "the alarm stands"
    stage.board.press_reset()
    await until(lambda: session.status.link == "connected")
    await session.close()


async def test_over_the_console_alone(stage: Stage) -> None:
    stage.plug(ScriptedBoard(state="prompt"))
    session = stage.session()
    with pytest.raises(LinkProblem):
        await session.open()
    await session.boots.boot("xen-rtds")
    assert session.status.link == "connected"
    await session.close()


async def test_one_boot_at_a_time(stage: Stage) -> None:
    session = stage.session()
    await session.open()
    first = asyncio.create_task(session.boots.boot("xen-rtds"))
    await until(lambda: session.boots.is_booting)
    with pytest.raises(BoardProblem, match="being booted already"):
        await session.boots.boot("native")
    await session.start_run()
    assert session.status.run == "idle", "a run is not begun meanwhile"
    await first
    await session.close()


async def test_read_only_means_it(stage: Stage) -> None:
    session = stage.session(read_only=True)
    await session.open()
    with pytest.raises(BoardProblem, match="changes the board"):
        await session.boots.boot("xen-rtds")
    assert session.status.link == "connected"
    assert stage.board.boots == 1
    await session.close()


async def test_wrong_words_change_nothing(stage: Stage) -> None:
    session = stage.session()
    await session.open()
    with pytest.raises(UsageProblem):
        await session.boots.boot("xen-rtdz")
    assert session.status.link == "connected"
    assert session.boots.progress is None
    await session.close()


async def test_leaving_during_a_boot_leaves_nothing_running(stage: Stage) -> None:
    stage.board.faults.ssh = True
    stage.board.faults.dies = {"xen-rtds": b""}
    session = stage.session()
    await session.open()
    booting = asyncio.create_task(session.boots.boot("xen-rtds"))
    await until(lambda: session.boots.is_booting)
    await session.close()
    assert booting.cancelled()
    assert session.boots.progress.outcome == "failed"
    mine = asyncio.current_task()
    left = [task for task in asyncio.all_tasks() if task is not mine]
    assert [task for task in left if task is not stage.board._task] == []


async def test_a_boot_that_is_given_up_leaves_the_session_looking_for_the_board(
    stage: Stage,
) -> None:
    session = stage.session()
    await session.open()
    booting = asyncio.create_task(session.boots.boot("xen-rtds"))
    await until(lambda: session.boots.is_booting and stage.board.said)
    booting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await booting
    assert session.status.link == "reconnecting"
    await until(lambda: stage.board.state in {"prompt", "linux"})
    stage.board.press_reset()
    await until(lambda: session.status.link == "connected")
    await session.close()


async def test_an_undo_that_fails_is_told_and_does_not_hold_the_boot_up(stage: Stage) -> None:
    stage.plug(ScriptedBoard(Faults(refuses={"undo-it"})))
    session = stage.session()
    await session.open()
    await stage.bench._journal.record(["undo-it"], "undo it", until_reboot=True)
    told: list[str] = []
    await session.boots.boot("xen-rtds", tell=lambda event: told.append(event.text))
    assert any("could not undo it" in text for text in told)
    assert session.status.link == "connected"
    assert session.status.problem is None, "the restart has undone it"
    await session.close()


async def test_subscribers_hear_everything_and_can_stop(stage: Stage) -> None:
    session = stage.session()
    await session.open()
    console = session.serial_console
    heard: list[bytes] = []
    unsubscribe = console.subscribe(heard.append)
    console.write(b"x")
    await until(lambda: b"".join(heard) == b"x")
    unsubscribe()
    unsubscribe()
    console.write(b"y")
    await until(lambda: console.scrollback.endswith(b"xy"))
    assert b"".join(heard) == b"x"
    await session.close()
    with pytest.raises(Problem):
        console.write(b"z")
