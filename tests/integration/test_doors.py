"""Reaching for boards from the form: a real sshd, real sockets; nothing is kept unasked."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from servers import Sshd, free_port
from sessions import make_session

from hvconsole.commands.doors import CommandDoors
from hvconsole.config.boards import BoardEntry, add_board
from hvconsole.model.problem import Problem


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HVCONSOLE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("HVCONSOLE_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


def entry(sshd: Sshd) -> BoardEntry:
    return BoardEntry(ssh=f"{sshd.user}@127.0.0.1:{sshd.port}", identity=str(sshd.identity))


@pytest.mark.sshd
async def test_a_new_key_is_shown_and_kept_only_once_it_is_trusted(sshd: Sshd) -> None:
    doors, board = CommandDoors(), entry(sshd)
    first = await doors.try_out(board)
    assert first.answer == "new key"
    assert first.fingerprint.startswith("SHA256:")
    assert (await doors.try_out(board)).answer == "new key"
    wrong = await doors.try_out(board, trust="SHA256:" + "a" * 43)
    assert wrong.answer == "new key"
    trusted = await doors.try_out(board, trust=first.fingerprint)
    assert trusted.answer == "answers"
    assert "Linux" in trusted.text
    assert (await doors.try_out(board)).answer == "answers"


@pytest.mark.sshd
async def test_who_is_not_let_in_is_told_why(sshd: Sshd, tmp_path: Path) -> None:
    doors = CommandDoors()
    board = entry(sshd)
    fingerprint = (await doors.try_out(board)).fingerprint
    stranger = tmp_path / "stranger"
    from servers import make_key

    make_key(stranger)
    trial = await doors.try_out(
        BoardEntry(ssh=board.ssh, identity=str(stranger)), trust=fingerprint
    )
    assert trial.answer == "refused"
    assert trial.hint


async def test_where_nobody_listens_is_said() -> None:
    trial = await CommandDoors().try_out(BoardEntry(ssh=f"root@127.0.0.1:{free_port()}"))
    assert trial.answer == "refused"
    assert "refuses the connection" in trial.text


async def test_serial_lines_are_looked_for_and_not_opened(tmp_path: Path) -> None:
    doors = CommandDoors()
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        there = await doors.try_out(BoardEntry(serial=f"tcp://127.0.0.1:{port}"))
    gone = await doors.try_out(BoardEntry(serial=f"tcp://127.0.0.1:{port}"))
    missing = await doors.try_out(BoardEntry(serial=str(tmp_path / "ttyX")))
    (tmp_path / "plain").write_text("")
    plain = await doors.try_out(BoardEntry(serial=str(tmp_path / "plain")))
    device = await doors.try_out(BoardEntry(serial="/dev/null"))
    socket = await doors.try_out(BoardEntry(serial=f"unix:{tmp_path / 'none.sock'}"))
    wrong = await doors.try_out(BoardEntry(serial="tcp://nowhere"))
    answers = [one.answer for one in (there, gone, missing, plain, device, socket, wrong)]
    assert answers == ["answers", "refused", "refused", "refused", "answers", "refused", "refused"]
    assert "is it plugged in?" in missing.hint
    assert "is no device" in plain.text


async def test_the_worst_way_counts_and_both_are_told() -> None:
    board = BoardEntry(ssh=f"root@127.0.0.1:{free_port()}", serial="/dev/null")
    trial = await CommandDoors().try_out(board)
    assert trial.answer == "refused"
    assert "refuses the connection" in trial.text
    assert "/dev/null is there" in trial.text


def test_boards_that_always_exist_come_first_and_a_broken_file_is_told(tmp_path: Path) -> None:
    add_board("bpi", BoardEntry(ssh="root@192.0.2.7", serial="/dev/ttyUSB0", profile="bananapi"))
    cards, problem = CommandDoors().boards()
    assert [card.name for card in cards][:2] == ["sim", "local"]
    mine = next(card for card in cards if card.name == "bpi")
    assert (mine.own, mine.way, mine.serial) == (True, "root@192.0.2.7", "/dev/ttyUSB0")
    assert problem is None
    (tmp_path / "config" / "boards.toml").write_text("[bpi\n")
    cards, problem = CommandDoors().boards()
    assert [card.name for card in cards][:2] == ["sim", "local"]
    assert problem is not None


async def test_a_board_is_opened_and_its_own_desk_stands_behind_it() -> None:
    console = CommandDoors(start=False).board("local")
    assert console.status.board == "local"
    await console.open()
    assert console.status.link == "connected"
    side = console.board_side
    assert side is not None
    await side.look()
    assert side.state.facts is not None
    await console.close()


async def test_what_does_not_exist_is_told_before_anything_is_left(tmp_path: Path) -> None:
    doors = CommandDoors()
    with pytest.raises(Problem, match="no board is named"):
        doors.board("nonesuch")
    with pytest.raises(Problem):
        doors.session(tmp_path / "none.hvs")
    console = doors.session(make_session(tmp_path / "a.hvs"))
    assert console.playback is not None
    assert replace(console.status, link="replay").board == "local"
    await console.close()
