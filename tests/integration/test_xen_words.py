"""What Xen is asked for beyond its state, by the commands a person types and by the session."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hvconsole.cli import main
from hvconsole.commands.sessions import link_maker, live_session
from hvconsole.config.resources import resource_dir
from hvconsole.hypervisor.actions import Create
from hvconsole.hypervisor.inquiry import inquiries
from hvconsole.hypervisor.xen.top import LoadStream
from hvconsole.model.run import RunSettings
from hvconsole.sim import keep
from hvconsole.sim.options import SimOptions
from hvconsole.sim.start import simulated_board

BUSY = resource_dir("cells") / "xen" / "busy.cfg"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("CONFIG", "STATE", "SESSIONS"):
        monkeypatch.setenv(f"HVCONSOLE_{name}_DIR", str(tmp_path / name.lower()))
    assert main(["sim", "start", "--mode", "xen-credit"]) == 0
    yield
    keep.stop()


def test_from_the_command_line(kept: None, capsys: pytest.CaptureFixture[str]) -> None:
    def typed(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["hv", "sim", *words])
        return status, *capsys.readouterr()

    assert typed("create", str(BUSY))[0] == 0
    status, out, _ = typed("top", "--seconds", "4", "--json")
    assert status == 0
    guests = {one["name"]: one for one in json.loads(out)["pages"][-1]["guests"]}
    assert guests["busy"]["cpu_percent"] > 80
    assert guests["Domain-0"]["cpu_percent"] < 20

    assert typed("info", "xen_scheduler")[1] == "credit\n"
    assert "xen_version" not in typed("info", "no-such")[1]
    status, out, _ = typed("dmesg", "--lines", "3")
    assert (status, len(out.splitlines())) == (0, 3)
    assert "d1v0" in typed("debug-keys", "r")[1], "the answer of this key, and not the whole log"
    assert "Command line" not in typed("debug-keys", "r")[1]
    status, _, err = typed("debug-keys", "R")
    assert status == 2
    assert "restarts the board" in err
    assert typed("preflight")[0] == 2
    assert typed("top", "--every", "0")[0] == 2


async def test_the_load_ends_with_its_channel() -> None:
    async with simulated_board(SimOptions(mode="xen-credit")) as profile:
        link = link_maker(profile)()
        await link.open()
        stream, came = LoadStream(link), asyncio.Event()
        await stream.start(1, 100, lambda _load: came.set())
        await asyncio.wait_for(came.wait(), 30)
        assert [row.name for row in stream.load.rows] == ["Domain-0"]
        stream.stop()
        assert stream.load.pages > 0
        for _ in range(100):
            listed = await link.run(["pgrep", "-c", "xentop"])
            if listed.text.strip() in {"", "0"}:
                break
            await asyncio.sleep(0.1)
        else:
            pytest.fail(f"xentop runs on: {listed.text}")
        await link.close()


async def test_the_session_shows_it_while_somebody_watches() -> None:
    async with simulated_board(SimOptions(mode="xen-credit")) as profile:
        session = live_session(profile, RunSettings(), record_to=None)
        await session.open()
        desk = session.hypervisor
        await desk.look()
        await desk.do(Create(config=BUSY.read_bytes(), source=str(BUSY)))
        async with asyncio.timeout(40):
            while "1" not in desk.state.load or desk.state.load["1"] < 80:
                await asyncio.sleep(0.2)
        said = await desk.ask(next(one for one in inquiries("xen") if one.name == "info"))
        assert any(line.startswith("xen_version") for line in said)
        await session.close()
