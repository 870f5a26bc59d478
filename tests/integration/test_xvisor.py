"""Xvisor on the simulated board, as a person has it: by commands, and by a session."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hvconsole.cli import main
from hvconsole.commands.sessions import link_maker, live_session
from hvconsole.hypervisor import actions as do
from hvconsole.link.protocol import Capability
from hvconsole.model.problem import BoardProblem, Problem
from hvconsole.model.run import RunSettings
from hvconsole.record.reader import SessionReader
from hvconsole.sim import keep
from hvconsole.sim.options import SimOptions, parse_faults
from hvconsole.sim.start import simulated_board


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody counts down here, and no real UART has to keep up."""
    monkeypatch.setattr("hvconsole.link.serial_board._LISTEN_S", 0.1)
    monkeypatch.setattr("hvconsole.link.xvisor_console._PAUSE_S", 0.0)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("CONFIG", "STATE", "SESSIONS"):
        monkeypatch.setenv(f"HVCONSOLE_{name}_DIR", str(tmp_path / name.lower()))
    assert main(["sim", "start", "--mode", "xvisor"]) == 0
    yield
    keep.stop()


def test_a_guests_life_from_the_command_line(
    kept: None, capsys: pytest.CaptureFixture[str]
) -> None:
    def typed(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["hv", "sim", *words])
        return status, *capsys.readouterr()

    def states() -> dict[str, str]:
        status, out, _ = typed("list", "--json")
        assert status == 0
        document = json.loads(out)
        assert document["system"] == "xvisor"
        return {one["name"]: one["state"] for one in document["guests"][1:]}

    assert states() == {"guest0": "defined", "guest1": "defined"}
    for words, becomes in (
        (("start", "guest0"), "running"),
        (("pause", "guest0"), "paused"),
        (("resume", "guest0"), "running"),
        (("stop", "guest0", "--yes"), "stopped"),
        (("start", "guest0"), "running"),
        (("restart", "guest0", "--yes"), "running"),
    ):
        status, _, err = typed(*words)
        assert status == 0, err
        assert states()["guest0"] == becomes, words
    assert typed("pin", "guest0", "--hard", "0")[0] == 0
    assert typed("stop", "guest0")[0] == 130  # nobody agreed

    status, out, _ = typed("stats", "--seconds", "0.5", "--json")
    assert status == 0
    document = json.loads(out)
    assert len(document["cpus"]) == 2
    assert document["interrupts"]
    assert {one["name"] for one in document["vcpus"]} >= {"guest0/vcpu0"}
    status, out, _ = typed("console", "guest0")
    assert (status, "Booting Linux" in out) == (0, True)

    assert typed("destroy", "guest1", "--yes")[0] == 0
    assert "guest1" not in states()
    status, _, err = typed("start", "guest1")
    assert status == 2
    assert "there is no guest 'guest1'" in err
    assert typed("create", "guest1", "--on-board")[0] == 0
    status, _, err = typed("create", "nosuch", "--on-board")
    assert status == 1
    assert "device tree has no such guest" in err
    for words in (("sched", "guest0", "weight=5"), ("vcpus", "guest0", "1"), ("disable",)):
        assert typed(*words)[0] == 1, words

    assert main(["doctor", "sim", "--json"]) == 0
    checks = {one["check"]: one for one in json.loads(capsys.readouterr().out)["checks"]}
    assert "xvisor answers" in checks["hypervisor"]["why"]
    assert checks["sampler"]["state"] == "skipped"


async def test_a_fault_in_the_middle_of_a_look_is_survived_and_raised() -> None:
    options = SimOptions(mode="xvisor", faults=parse_faults("guest-trap-inside@3s"))
    async with simulated_board(options) as profile:
        session = live_session(profile, RunSettings(), record_to=None)
        await session.open()
        await session.hypervisor.do(do.Start(guest="guest0"))
        for _ in range(200):
            seen = await session.hypervisor.look()
            assert [one.name for one in seen.guests] == ["Xvisor", "guest0", "guest1"]
            assert all(one.vcpus for one in seen.guests[1:])
            if seen.guests[1].state == "stopped":
                break
        else:
            pytest.fail("the fault did not come")
        assert seen.guests[1].vcpus[0].state == "Halted"
        problem = session.status.problem
        assert problem is not None
        assert "a guest of Xvisor" in problem.title
        assert "exception class" in problem.detail
        await session.hypervisor.do(do.Start(guest="guest0"))
        await session.close()


async def test_into_xvisor_and_out_of_it_each_proven(tmp_path: Path) -> None:
    async with simulated_board(SimOptions()) as profile:
        session = live_session(profile, RunSettings(), record_to=None)
        await session.open()
        assert session.status.terminal is False
        booted = await session.boots.boot("xvisor")
        assert booted.outcome == "proven"
        assert dict(booted.evidence)["hypervisor"] == "xvisor"
        assert session.status.link_detail.startswith("Xvisor on ")
        with pytest.raises(BoardProblem, match="nothing can be measured"):
            await session.start_run()
        assert session.status.run == "idle"

        seen = await session.hypervisor.look()
        assert seen.system == "xvisor"
        link = link_maker(profile)()  # what a command has, beside nobody else
        assert Capability.TERMINAL not in link.capabilities  # not before it is open
        await session.hypervisor.do(do.Start(guest="guest0"))
        await session.hypervisor.bind("guest0/uart0")
        assert session.status.typing_to == "guest0/uart0"
        with pytest.raises(Problem, match="given to the guest console"):
            await session.hypervisor.look()
        await session.hypervisor.unbind()
        assert session.status.typing_to == ""

        back = await session.boots.boot("native")
        assert back.outcome == "proven"
        assert session.status.link_detail.startswith("root@")
        await session.close()


async def test_measured_in_a_guest_through_its_console(tmp_path: Path) -> None:
    out = tmp_path / "guest.hvs"
    async with simulated_board(SimOptions(mode="xvisor")) as profile:
        settings = RunSettings(seconds=1.0, guest="guest0")
        session = live_session(profile, settings, record_to=out)
        await session.open()
        with pytest.raises(BoardProblem, match="does not run"):
            await session.start_run()
        await session.hypervisor.do(do.Start(guest="guest0"))
        await session.start_run()
        end = await session.run_ended()
        assert end.clean, end
        assert session.status.typing_to == ""  # the terminal is Xvisor's again
        assert (await session.hypervisor.look()).guests[1].state == "running"
        await session.close()
    reader = SessionReader(out)
    assert "measured in guest guest0" in reader.manifest.labels
    assert reader.manifest.facts["hypervisor"] == "xvisor"
    assert reader.manifest.facts["guest"]["name"] == "guest0"
    assert reader.manifest.runs[0].settings["guest"] == "guest0"
