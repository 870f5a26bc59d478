"""A board under Xvisor as a board: what it is, how it is proven and restarted, what is undone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from xvisor_board import XvisorLine

from hvconsole.board.boot_ear import BootEar
from hvconsole.board.boot_proof import failures, modes_fitting, read_boot_id, read_evidence
from hvconsole.board.boot_restart import Patience, Restarter, Way
from hvconsole.board.doctor import checks
from hvconsole.board.facts import gather
from hvconsole.board.facts_xvisor import BOOT
from hvconsole.board.journal import Journal, pending, undo_pending
from hvconsole.board.journal_file import Change, Owner
from hvconsole.link.xvisor import XvisorLink
from hvconsole.model.board import BoardProfile
from hvconsole.model.boot import BootMode, BootProof

HURRIED = Patience(shutdown=1.0, short=1.0, answer=0.2)


@pytest.fixture
def line() -> XvisorLine:
    return XvisorLine(made={"guest0": 1})


@pytest.fixture
async def link(line: XvisorLine) -> AsyncIterator[XvisorLink]:
    link = XvisorLink(line)
    await link.open()
    yield link
    await link.close()


async def test_it_says_what_it_is(link: XvisorLink) -> None:
    facts = await gather(link)
    assert (facts.hypervisor, facts.machine) == ("xvisor", "armv7l")
    assert facts.cpus_online == (0, 1)
    assert facts.system.startswith("Xvisor v0.3.2")
    assert await read_boot_id(link) == ""


async def test_a_mode_is_proven_by_what_answers(link: XvisorLink) -> None:
    evidence = await read_evidence(link)
    assert dict(evidence.as_pairs())["hypervisor"] == "xvisor"
    assert "Xvisor v0.3.2" in dict(evidence.as_pairs())["version"]
    assert failures(BootProof(hypervisor="xvisor"), evidence) == []
    for other in ("none", "xen", "jailhouse", "kvm"):
        [told] = failures(BootProof(hypervisor=other), evidence)
        assert "visor" in told
    modes = {
        "native": BootMode(proof=BootProof(hypervisor="none")),
        "xvisor": BootMode(proof=BootProof(hypervisor="xvisor")),
    }
    assert modes_fitting(modes, evidence) == ["xvisor"]


async def test_it_is_restarted_by_its_own_word_over_the_link(
    line: XvisorLine, link: XvisorLink
) -> None:
    ear = BootEar(b"=> ")
    line.subscribe(ear.feed)
    restarter = Restarter(link, ear, None, sudo=True, note=lambda _: None, patience=HURRIED)
    assert await restarter.restart() is Way.LINUX
    assert line.terminal.lines[-1] == "reset"
    assert ear.system == "Xvisor"


async def test_it_is_restarted_over_the_console_alone(line: XvisorLine) -> None:
    class Port:
        async def send(self, data: bytes, *, pace_s: float = 0.0) -> None:  # noqa: ARG002  # a port's
            line.write(data)
            await asyncio.sleep(0)

    ear = BootEar(b"=> ")
    line.subscribe(ear.feed)
    restarter = Restarter(None, ear, Port(), sudo=False, note=lambda _: None, patience=HURRIED)  # type: ignore[arg-type]  # a part of one
    assert await restarter.restart() is Way.XVISOR
    assert line.terminal.lines == ["reset"]


async def test_what_linux_left_undone_is_not_typed_to_xvisor(
    line: XvisorLine, link: XvisorLink, tmp_path: Path
) -> None:
    changes = (
        Change(1, "remove a folder", ("rm", "-rf", "/tmp/hvconsole.1")),
        Change(2, "unload the module", ("rmmod", "hvcounter"), "boot-of-linux"),
    )
    records = [Owner("bpi", 1, 0, "another boot"), *changes]
    (tmp_path / "bpi.1.0.jsonl").write_bytes(
        b"".join(msgspec.json.encode(each) + b"\n" for each in records)
    )
    typed = line.typed
    assert await undo_pending(link, "bpi", boot=BOOT, folder=tmp_path) == ([], [])
    assert line.typed == typed
    assert len(pending("bpi", tmp_path)) == 2

    journal = Journal("bpi", boot="boot-of-linux", folder=tmp_path / "own")
    await journal.record(("rmmod", "hvcounter"), "unload the module")
    [left] = await Journal.undo_all(journal, link)
    assert "its Linux can" in left.reason
    assert line.typed == typed
    journal.close()


async def test_what_was_changed_under_xvisor_is_undone_there(
    line: XvisorLine, link: XvisorLink, tmp_path: Path
) -> None:
    await link.run(("guest", "kick", "guest0"))
    await link.run(("guest", "pause", "guest0"))
    journal = Journal("bpi", boot=BOOT, folder=tmp_path)
    undo = ("when", "guest0", "Paused", "guest", "resume", "guest0")
    await journal.record(undo, "let guest0 run", until_reboot=True)
    assert await journal.undo_all(link) == []
    assert line.terminal.guests[0].vcpus[0].state == "Running"
    journal.close()


async def test_the_doctor_looks_at_what_there_is(line: XvisorLine, tmp_path: Path) -> None:
    profile = BoardProfile(name="bpi", kind="serial", serial=None)
    line.terminal.guests[0].vcpus[0].state = "Halted"
    link = XvisorLink(line)
    done = {one.name: one for one in await checks(link, profile, state=tmp_path)}
    await link.close()
    assert (done["link"].state, done["system"].state) == ("ok", "ok")
    assert done["hypervisor"].state == "warning"
    assert "guest0/vcpu0" in done["hypervisor"].fix
    assert {done[name].state for name in ("sampler", "room", "root", "frequency")} == {"skipped"}
    assert not any(one.state == "failed" for one in done.values())
