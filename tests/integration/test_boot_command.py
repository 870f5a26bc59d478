"""``hvconsole boot`` from its words to its exit status, on a scripted board behind a pty."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import tty
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest
from scripted_board import PROFILE, Faults, ScriptedBoard, ScriptedLink

from hvconsole.cli import main
from hvconsole.commands import boot, sessions
from hvconsole.model.board import BoardProfile

BOARD = """
[bpi]
ssh = "root@127.0.0.1:9"

[bpi.modes.native]
about = "Linux alone"
proof = {hypervisor = "none"}
"""

Put = Callable[..., None]


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HVCONSOLE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("HVCONSOLE_CONFIG_DIR", str(tmp_path))
    (tmp_path / "boards.toml").write_text(BOARD)
    return tmp_path


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Put:
    """Have a scripted board wherever the command looks for one."""

    def place(faults: Faults | None = None, **options) -> None:
        boards: list[ScriptedBoard] = []

        @contextlib.asynccontextmanager
        async def reach(_name: str) -> AsyncIterator[BoardProfile]:
            ours, theirs = pty.openpty()
            tty.setraw(theirs)
            boards.append(ScriptedBoard(faults, **options))
            boards[-1].plug_in(ours)
            yield msgspec.structs.replace(PROFILE, serial=os.ttyname(theirs))
            asyncio.get_running_loop().remove_reader(ours)
            await boards[-1].close()
            os.close(ours)
            os.close(theirs)

        def link_maker(*_: object, **__: object) -> Callable[[], ScriptedLink]:
            return lambda: ScriptedLink(boards[-1])

        monkeypatch.setattr(boot, "reach", reach)
        for name in ("link_maker", "network_maker"):  # as it lists, and as it boots
            monkeypatch.setattr(sessions, name, link_maker)

    return place


def test_into_a_mode(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put()
    assert main(["boot", "bpi", "xen-rtds"]) == 0
    told = capsys.readouterr()
    assert "bpi is in mode xen-rtds, proven (hypervisor xen, scheduler rtds)" in told.out
    assert "mode=xen-rtds" in told.out
    for text in ("▸ restart the board", "✓ autoboot is stopped", "│ Starting kernel ..."):
        assert text in told.err


def test_one_document(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put()
    assert main(["boot", "bpi", "xen-rtds", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["outcome"] == "proven"
    assert document["evidence"]["scheduler"] == "rtds"
    assert [step["step"] for step in document["steps"]][-1] == "prove"


def test_without_a_proof(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put(Faults(becomes={"xen-rtds": "xen-credit"}))
    assert main(["boot", "bpi", "xen-rtds", "--no-verify"]) == 0
    assert "unproven" in capsys.readouterr().out


def test_the_wrong_mode(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put(Faults(becomes={"xen-rtds": "xen-credit"}))
    assert main(["boot", "bpi", "xen-rtds", "--json"]) == 1
    told = capsys.readouterr()
    error = json.loads(told.out)["error"]
    assert (error["problem"], error["step"]) == ("WrongMode", "prove")
    assert "seen: credit" in told.err


def test_a_time_out(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put(Faults(dies={"xen-rtds": b"\x1b]0;x\x07last words\r\n"}))
    assert main(["boot", "bpi", "xen-rtds", "--timeout", "1"]) == 1
    told = capsys.readouterr().err
    assert "did not come back within 1 s" in told
    assert "  last words" in told
    assert "\x1b" not in told


def test_from_a_prompt_at_which_linux_cannot_answer(
    put: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    put(state="prompt")
    assert main(["boot", "bpi", "xen-rtds"]) == 0
    assert "going on over the serial console alone" in capsys.readouterr().err


def test_the_list_and_the_mode_it_is_in(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    put()
    assert main(["boot", "bpi"]) == 0
    told = capsys.readouterr().out
    assert "▸ native      Linux alone  (by U-Boot)" in told
    assert "  once        Xen with RTDS, this once  (by Linux)" in told
    assert "now: native (hypervisor none, command line" in told
    assert main(["boot", "bpi", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["now"] == ["native"]
    assert [mode["name"] for mode in document["modes"]][:2] == ["native", "xen-rtds"]


def test_the_list_of_a_board_that_does_not_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boot", "bpi"]) == 0
    told = capsys.readouterr().out
    assert "native  Linux alone  (by restart)" in told
    assert "which one it is in is not known: " in told


def test_a_board_that_cannot_be_reached_at_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boot", "bpi", "native"]) == 1
    assert "refuses the connection" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["boot", "bpi", "nativ"], "did you mean 'native'"),
        (["boot", "nope", "native"], "no board is named 'nope'"),
        (["boot", "local", "native"], "no boot modes are known of local"),
        (["boot", "bpi", "native", "--timeout", "soon"], "soon"),
    ],
)
def test_wrong_words(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert says in capsys.readouterr().err
