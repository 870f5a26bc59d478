"""The doctor, on this machine and over SSH: every check is told, none stops the others."""

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from servers import Sshd, free_port

from hvconsole.board import deploy, doctor
from hvconsole.board.doctor import checks
from hvconsole.board.doctor_checks import CHECKS
from hvconsole.board.doctor_serial import serial_trouble
from hvconsole.board.doctor_visit import Visit
from hvconsole.board.facts import BoardFacts, CpuClock, ThermalZone
from hvconsole.board.journal import Journal, pending
from hvconsole.board.places import Place
from hvconsole.link.local import LocalLink
from hvconsole.link.ssh import SshLink
from hvconsole.model.board import BoardProfile
from hvconsole.model.check import Check

LOCAL = BoardProfile(name="local", kind="local")
NAMES = [name for name, _ in CHECKS]


def by_name(done: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in done}


@pytest.mark.compiler
async def test_this_machine(tmp_path: Path, require: Callable) -> None:
    require("gcc")
    link, told = LocalLink(), list[Check]()
    done = await checks(link, LOCAL, tell=told.append, state=tmp_path / "j", cache=tmp_path / "c")
    await link.close()
    assert done == told
    assert [check.name for check in done] == NAMES
    found = by_name(done)
    assert found["link"].state == "ok"
    assert found["host key"].state == "skipped"
    assert found["sampler"].state == "ok"
    assert found["counter"].state in {"ok", "warning"}
    assert found["serial console"].state == "skipped"
    assert all(check.fix for check in done if check.state in {"failed", "warning"})
    assert not any("the check itself failed" in check.why for check in done)


@pytest.mark.sshd
@pytest.mark.compiler
async def test_a_board_over_ssh_is_left_as_it_was(
    sshd: Sshd, tmp_path: Path, require: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    require("gcc")
    mark = tmp_path.name  # names the folder on the board
    monkeypatch.setattr(deploy.secrets, "token_hex", lambda _: mark)
    profile = BoardProfile(name="bpi", ssh=sshd.address)
    link = SshLink(sshd.address, files=sshd.files())
    done = await checks(link, profile, state=tmp_path / "j", cache=tmp_path / "c")
    found = by_name(done)
    assert [found[name].state for name in ("link", "host key", "room", "sampler")] == ["ok"] * 4
    await link.close()
    assert list((tmp_path / "j").iterdir()) == []
    assert not list(Path("/tmp").glob(f"hvconsole.{mark}"))
    assert pending("bpi", tmp_path / "j") == []


@pytest.mark.sshd
async def test_an_unknown_host_key_fails_that_check(sshd: Sshd, tmp_path: Path) -> None:
    link = SshLink(sshd.address, files=sshd.files(""))
    done = await checks(link, BoardProfile(name="bpi", ssh=sshd.address), state=tmp_path)
    found = by_name(done)
    assert found["link"].state == "failed"
    assert found["host key"].state == "failed"
    assert "SHA256:" in found["host key"].why
    assert found["sampler"].state == "skipped"
    assert [check.name for check in done] == NAMES


async def test_a_board_that_is_off_is_told_once(tmp_path: Path) -> None:
    from hvconsole.model.board import SshAddress

    address = SshAddress(host="127.0.0.1", port=free_port(), user="root")
    done = await checks(SshLink(address), BoardProfile(name="bpi", ssh=address), state=tmp_path)
    found = by_name(done)
    assert found["link"].state == "failed"
    assert "refuses the connection" in found["link"].why
    assert {check.state for check in done if check.name not in {"link", "leftovers"}} == {"skipped"}


async def test_a_check_that_crashes_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(_visit: Visit) -> tuple[str, str, str]:
        raise ZeroDivisionError("oops")

    kept = [each for each in CHECKS if each[0] in {"link", "CPUs"}]
    monkeypatch.setattr(doctor, "CHECKS", [("broken", crash), *kept])
    link = LocalLink()
    done = await checks(link, LOCAL, state=tmp_path)
    await link.close()
    assert [check.name for check in done] == ["broken", "link", "CPUs"]
    assert done[0].state == "failed"
    assert "ZeroDivisionError: oops" in done[0].why
    assert done[1].state == "ok"


async def looked(name: str, facts: BoardFacts, profile: BoardProfile = LOCAL) -> Check:
    """Run one check on facts of our own."""
    visit = Visit(LocalLink(), profile, Journal("x", folder=Path("/nowhere")), known=facts)
    state, why, fix = await dict(CHECKS)[name](visit)
    assert bool(fix) or state not in {"warning", "failed"}
    return Check(name, state, why, fix)


GOOD = BoardFacts(
    machine="armv7l",
    cpus_online=(0, 1),
    cpus_allowed=(0, 1),
    uid=1000,
    user="pi",
    capabilities=0,
    clocksource="arch_sys_counter",
    thermal=(ThermalZone("cpu", 45_000),),
    clocks=(CpuClock(0, "userspace", 912000, 912000, 912000),),
    rt_runtime_us=-1,
    rt_period_us=1_000_000,
    rt_priority=99,
    locked_kib=-1,
    places=(Place("/tmp", writable=True, free_kib=1 << 20),),
)


@pytest.mark.parametrize(
    ("name", "changes", "state", "words"),
    [
        ("CPUs", {}, "ok", "online 0,1"),
        ("CPUs", {"cpus_allowed": (0,)}, "warning", "windows"),
        ("CPUs", {"cpus_online": (0, 1, 2)}, "warning", "kept from us"),
        ("hypervisor", {}, "ok", "native"),
        ("hypervisor", {"hypervisor": "xen", "control_domain": True}, "ok", "control domain"),
        ("hypervisor", {"hypervisor": "virtual machine"}, "warning", "its host"),
        ("real time", {}, "ok", "allowed"),
        ("real time", {"rt_priority": 0}, "warning", "'pi'"),
        ("real time", {"rt_priority": 0, "capabilities": 1 << 23}, "ok", "allowed"),
        ("real time", {"rt_priority": 0, "capabilities": None, "uid": 0}, "ok", "allowed"),
        ("memory lock", {}, "ok", "without a limit"),
        ("memory lock", {"locked_kib": 64}, "warning", "64 KiB"),
        ("memory lock", {"locked_kib": 1 << 17}, "ok", "131072 KiB"),
        ("frequency", {}, "ok", "912 MHz"),
        ("frequency", {"clocks": ()}, "ok", "not scaled"),
        ("frequency", {"clocks": (CpuClock(0, "ondemand", 1, 1, 2),)}, "warning", "ondemand"),
        ("temperature", {}, "ok", "45 °C"),
        ("temperature", {"thermal": (ThermalZone("cpu", 71_000),)}, "warning", "71 °C"),
        ("temperature", {"thermal": ()}, "skipped", "no sensor"),
        ("temperature", {"thermal": None}, "skipped", "Jailhouse"),
        ("throttling", {}, "ok", "not throttled"),
        ("throttling", {"rt_runtime_us": 950_000}, "warning", "5 %"),
        ("clocksource", {}, "ok", "arch_sys_counter"),
        ("clocksource", {"clocksource": "timer"}, "warning", "timer"),
        ("root", {}, "skipped", "'pi'"),
        ("root", {"uid": 0}, "ok", "root"),
        ("room", {}, "skipped", "cache"),
    ],
)
async def test_what_is_made_of_facts(
    name: str, changes: dict[str, object], state: str, words: str
) -> None:
    check = await looked(name, msgspec.structs.replace(GOOD, **changes))
    assert check.state == state
    assert words in check.why


async def test_under_jailhouse_no_frequency_is_to_be_changed() -> None:
    scaled = (CpuClock(0, "ondemand", 1, 1, 2),)
    facts = msgspec.structs.replace(GOOD, clocks=scaled)
    assert "performance" in (await looked("frequency", facts)).fix
    facts = msgspec.structs.replace(facts, hypervisor="jailhouse")
    assert "disable Jailhouse" in (await looked("frequency", facts)).fix


async def test_serial_consoles(tmp_path: Path) -> None:
    master, slave = os.openpty()
    assert await serial_trouble(os.ttyname(slave)) is None
    os.close(slave)
    os.close(master)
    assert "No such file" in (await serial_trouble("/dev/no-such-adapter") or ("",))[0]
    (tmp_path / "file").write_text("")
    assert "no device" in (await serial_trouble(f"{tmp_path}/file") or ("",))[0]
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert await serial_trouble(f"tcp://127.0.0.1:{port}") is None
    trouble = await serial_trouble(f"rfc2217://127.0.0.1:{free_port()}")
    assert trouble is not None
    assert trouble[1]


async def test_leftovers_are_told(tmp_path: Path) -> None:
    import msgspec.json

    from hvconsole.board.journal_file import Change, Owner

    records = [Owner("local", 1, 0, "another boot"), Change(1, "unload the module", ("true",))]
    lines = b"".join(msgspec.json.encode(each) + b"\n" for each in records)
    (tmp_path / "local.1.x.jsonl").write_bytes(lines)
    link = LocalLink()
    done = await checks(link, LOCAL, state=tmp_path, cache=tmp_path / "c")
    await link.close()
    found = by_name(done)["leftovers"]
    assert found.state == "warning"
    assert "unload the module" in found.why


async def test_a_visit_that_is_cancelled_cleans_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = tmp_path / "trace"
    changed = asyncio.Event()

    async def change_and_wait(visit: Visit) -> tuple[str, str, str]:
        await visit.journal.record(["touch", str(trace)], "leave a trace")
        changed.set()
        await asyncio.sleep(60)
        raise AssertionError

    monkeypatch.setattr(doctor, "CHECKS", [CHECKS[0], ("slow", change_and_wait)])
    link = LocalLink()
    task = asyncio.create_task(checks(link, LOCAL, state=tmp_path / "j"))
    async with asyncio.timeout(60):
        await changed.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert trace.exists()
    assert list((tmp_path / "j").iterdir()) == []
    await link.close()
