"""Boot modes on an emulated board: real U-Boot, Linux and Xen, over SSH and serial.

The board is started in a folder of its own, so that one which a person has running is left alone.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from hvconsole.board.boot_problem import BoardGone, BootStopped, WrongMode
from hvconsole.cli import main
from hvconsole.commands.sessions import live_session
from hvconsole.lab import monitor
from hvconsole.lab.boards import LabBoard, start
from hvconsole.lab.places import VIRT_BOARD
from hvconsole.lab.profiles import lab_profile
from hvconsole.model.board import BoardProfile
from hvconsole.model.boot import BootEvent, BootMode
from hvconsole.model.run import RunSettings
from hvconsole.record.reader import SessionReader
from hvconsole.session.session import Session

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def virt(own_lab: Path) -> LabBoard:
    return start(VIRT_BOARD, hours=1.0, snapshot=True)


def with_modes(**modes: BootMode) -> BoardProfile:
    profile = lab_profile(VIRT_BOARD)
    return msgspec.structs.replace(profile, modes={**profile.modes, **modes})


def session_on(profile: BoardProfile, record_to: Path | None = None) -> Session:
    return live_session(profile, RunSettings(seconds=30), record_to=record_to)


async def until_connected(session: Session, seconds: float = 120) -> None:
    async with asyncio.timeout(seconds):
        while session.status.link != "connected":
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("mode", ["xen-credit", "xen-rtds", "native"])
def test_from_mode_to_mode(virt: LabBoard, mode: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boot", VIRT_BOARD, mode, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["outcome"] == "proven"
    assert f"hvconsole.mode={mode}" in document["evidence"]["command line"]
    assert document["evidence"].get("scheduler", "") == mode.partition("-")[2]
    assert main(["boot", VIRT_BOARD, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["now"] == [mode]


async def test_what_uboot_cannot_boot_and_back_from_its_prompt(virt: LabBoard) -> None:
    bogus = BootMode(uboot=("setenv mode bogus", "run bootcmd"))
    session = session_on(with_modes(bogus=bogus))
    await session.open()
    with pytest.raises(BootStopped, match="is back at its prompt"):
        await session.boots.boot("bogus")
    told: list[BootEvent] = []
    await session.boots.boot("native", tell=told.append)
    assert any("stands at U-Boot's prompt" in event.text for event in told)
    assert session.status.link == "connected"
    await session.close()


async def test_a_panic_and_a_person_who_presses_reset(virt: LabBoard) -> None:
    panics = BootMode(
        uboot=("setenv mode native", "setenv append rdinit=/none root=/dev/none", "run bootcmd")
    )
    session = session_on(with_modes(panics=panics))
    await session.open()
    with pytest.raises(BoardGone) as caught:
        await session.boots.boot("panics")
    assert "Kernel panic" in caught.value.detail

    def tell(event: BootEvent) -> None:
        if event.mark == "ask":
            monitor.command(virt.monitor, "system_reset")

    await session.boots.boot("native", tell=tell)
    assert session.status.link == "connected"
    await session.close()


async def test_over_serial_alone_into_the_wrong_mode(virt: LabBoard) -> None:
    modes = lab_profile(VIRT_BOARD).modes
    wrong = msgspec.structs.replace(modes["native"], proof=modes["xen-null"].proof)
    session = session_on(with_modes(wrong=wrong))
    await session._console.open()
    await session._life.begin()  # as after an `open` that found nobody at home
    told: list[BootEvent] = []
    with pytest.raises(WrongMode) as caught:
        await session.boots.boot("wrong", tell=told.append)
    assert any("a shell waits on the console" in event.text for event in told)
    assert "wanted hypervisor xen, seen: none" in caught.value.detail
    assert "fits mode native" in caught.value.detail
    await until_connected(session)
    await session.close()


async def test_a_run_is_kept_and_the_next_one_carries_the_mode(
    virt: LabBoard, tmp_path: Path, require: Callable[[str], str]
) -> None:
    require("arm-linux-gnueabihf-gcc")
    session = session_on(with_modes(), tmp_path / "a.hvs")
    await session.open()
    await session.start_run()
    await session.boots.boot("xen-credit")
    assert session.status.run == "ended"
    await session.start_run()
    await asyncio.sleep(1)
    await session.stop_run()
    await session.close()
    manifest = SessionReader(tmp_path / "a.hvs").manifest
    assert [(run.condition, run.reason) for run in manifest.runs] == [
        ("", "stop"),
        ("xen-credit", "stop"),
    ]
    actions = [json.loads(line) for line in (tmp_path / "a.hvs/actions.jsonl").open()]
    boots = [action for action in actions if "boot" in action["action"]]
    assert [action["action"] for action in boots] == [
        "boot xen-credit",
        "booted xen-credit, proven",
    ]
    assert boots[0]["t_ns"] > 0, "on the samples' clock"


def test_the_papers_campaign_on_a_board_without_jailhouse(
    virt: LabBoard, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert virt.condition
    out = tmp_path / "paper.hvc"
    words = ["--repetitions", "1", "--seconds", "2", "--out", str(out), "--json"]
    assert main(["run", "paper", "--board", VIRT_BOARD, *words]) == 0
    told = json.loads(capfd.readouterr().out)
    assert "no boot mode 'jailhouse'" in told["not_available"]["jailhouse"]
    by_name = {run["condition"]: run for run in told["runs"]}
    assert set(by_name) == {"native", "xen-credit", "xen-rtds"}
    assert all(run["switches"] > 0 and run["reason"] == "time" for run in told["runs"])
    lines = [json.loads(line) for line in (out / "campaign.jsonl").read_text().splitlines()]
    proofs = {one["condition"]: one["proof"] for one in lines if one.get("outcome") == "kept"}
    assert proofs["native"]["hypervisor"] == "none"
    assert proofs["xen-credit"]["scheduler"] == "credit"
    assert proofs["xen-rtds"]["scheduler"] == "rtds"
    assert main(["report", str(out), "-o", str(tmp_path / "paper.html")]) == 0
    page = (tmp_path / "paper.html").read_text()
    assert "jailhouse: not available: the board has no boot mode" in page
    assert page.count("<strong>emulated</strong>") == page.count("<figcaption>") > 8
