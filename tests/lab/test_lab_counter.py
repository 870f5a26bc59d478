"""The counter module in measured runs, on an emulated ARM board over real SSH.

The board is started in a folder of its own, so that one which a person has running is left alone.
"""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from hvconsole.analysis.export import export_session
from hvconsole.analysis.labels import Artefact
from hvconsole.board.journal import pending
from hvconsole.commands.sessions import link_maker
from hvconsole.lab.boards import board, start, stop
from hvconsole.lab.places import VIRT_BOARD, lab_dir
from hvconsole.lab.profiles import lab_profile
from hvconsole.link.protocol import Link
from hvconsole.model.run import CounterChoice, LoadRequest, RunSettings
from hvconsole.record.reader import SessionReader
from hvconsole.record.tables import AFTER_HOLE, AFTER_HOTPLUG
from hvconsole.session.session import Session
from hvconsole.session.workbench import BoardBench
from hvconsole.wire.values import Note

pytestmark = pytest.mark.lab

LEFT_BEHIND = (
    "ls -d /sys/module/hvcounter /tmp/hvconsole.* /var/tmp/hvconsole.* /run/hvconsole.* "
    "2>/dev/null; ps -eo comm= | grep -E '^(hvsampler|cpuburn-a8)$'; true"
)
BURN = (LoadRequest("cpuburn-a8", 1),)


@pytest.fixture(scope="module", autouse=True)
def virt(
    tmp_path_factory: pytest.TempPathFactory,
    missing: Callable[[str], None],
    require: Callable[[str], str],
) -> Iterator[None]:
    require("arm-linux-gnueabihf-gcc")
    require("make")
    if board(VIRT_BOARD).condition == "not built":
        missing("the lab is not built: hvconsole lab build")
    built, own = lab_dir(), tmp_path_factory.mktemp("lab")
    for name in ("products", "keys"):
        (own / name).symlink_to(built / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HVCONSOLE_LAB_DIR", str(own))
        patch.setenv("HVCONSOLE_STATE_DIR", str(own / "state"))
        start(VIRT_BOARD, hours=1.0)
        yield
        stop(VIRT_BOARD)


def session_on(
    counter: CounterChoice,
    seconds: float,
    record_to: Path | None,
    loads: tuple[LoadRequest, ...] = (),
    *,
    read_only: bool = False,
) -> Session:
    profile = lab_profile(VIRT_BOARD)
    bench = BoardBench(profile, record_to, read_only=read_only)
    settings = RunSettings(seconds=seconds, counter=counter, loads=loads)
    return Session(profile, link_maker(profile), bench, settings, read_only=read_only)


async def plain_link() -> Link:
    link = link_maker(lab_profile(VIRT_BOARD))()
    await link.open()
    return link


async def on_board(script: str) -> list[str]:
    """Run a script on the board, beside any session; return its lines."""
    link = await plain_link()
    done = await link.run(["sh", "-c", script], timeout=60)
    await link.close()
    assert done.status == 0, done.error_text
    return done.text.splitlines()


async def measure(session: Session) -> None:
    await session.open()
    await session.start_run()
    assert (await session.run_ended()).reason == "time"


async def test_loaded_used_and_unloaded(tmp_path: Path) -> None:
    session = session_on("cntpct", 4, tmp_path / "a.hvs", BURN)
    await session.open()
    assert await on_board(LEFT_BEHIND) == []
    await session.start_run()
    during = await on_board(LEFT_BEHIND)
    assert "/sys/module/hvcounter" in during
    assert {"hvsampler", "cpuburn-a8"} <= set(during)
    assert (await session.run_ended()).reason == "time"
    await session.close()
    assert await on_board(LEFT_BEHIND) == []

    reader = SessionReader(tmp_path / "a.hvs")
    told = reader.manifest.facts["counter"]
    assert told["cntpct"]["before"] == {"cpu0": False, "cpu1": False}
    assert told["cntpct"]["after"] == {"cpu0": True, "cpu1": True}
    assert told["module"]["loaded_by_us"]
    assert {cpu["applied"] for cpu in told["module"]["cpus"].values()} == {1}
    assert told["module"]["sha256"] == reader.manifest.probes["hvcounter"]
    assert next(iter(reader.values())).counter == "cntpct"
    export_session(tmp_path / "a.hvs", tmp_path / "a.parquet")
    assert pl.read_parquet(tmp_path / "a.parquet").height > 0


async def test_read_only_falls_back_and_says_so(tmp_path: Path) -> None:
    session = session_on("auto", 1, tmp_path / "a.hvs", read_only=True)
    await measure(session)
    assert "CNTVCT fallback" in session.status.labels
    assert not [line for line in await on_board(LEFT_BEHIND) if "module" in line]
    await session.close()
    actions = (tmp_path / "a.hvs" / "actions.jsonl").read_text().splitlines()
    (told,) = [line for line in map(json.loads, actions) if line["action"] == "counter"]
    assert "changes the board" in told["note"]


async def test_a_module_that_was_there_stays(tmp_path: Path) -> None:
    first, second = session_on("cntpct", 1, None), session_on("auto", 1, tmp_path / "b.hvs")
    await measure(first)
    await measure(second)
    await second.close()
    assert "/sys/module/hvcounter" in await on_board(LEFT_BEHIND)
    told = SessionReader(tmp_path / "b.hvs").manifest.facts["counter"]
    assert not told["module"]["loaded_by_us"]
    await first.close()
    assert await on_board(LEFT_BEHIND) == []


KILLED = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from test_lab_counter import BURN, session_on

async def main():
    session = session_on("cntpct", 300, None, BURN)
    await session.open()
    await session.start_run()
    print("runs", flush=True)
    await asyncio.sleep(300)

asyncio.run(main())
"""


async def test_after_kill_9_the_next_console_tidies_up() -> None:
    words = [sys.executable, "-c", KILLED, str(Path(__file__).parent)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as console:
        assert console.stdout is not None
        assert await asyncio.to_thread(console.stdout.readline) == b"runs\n"
        console.send_signal(signal.SIGKILL)
    async with asyncio.timeout(20):
        while {"hvsampler", "cpuburn-a8"} & set(await on_board(LEFT_BEHIND)):
            await asyncio.sleep(0.5)
    assert "/sys/module/hvcounter" in await on_board(LEFT_BEHIND)
    assert any("counter module" in change.text for change in pending(VIRT_BOARD))
    session = session_on("auto", 1, None)
    await session.open()
    assert await on_board(LEFT_BEHIND) == []
    await session.close()


async def test_hotplug_while_sampling(tmp_path: Path) -> None:
    session = session_on("cntpct", 12, tmp_path / "a.hvs")
    await session.open()
    await session.start_run()
    online = "/sys/devices/system/cpu/cpu1/online"
    (applied,) = await on_board(
        f"sleep 1; echo 0 > {online}; sleep 2; echo 1 > {online}; "
        "cat /sys/kernel/hvcounter/cpu1/applied"
    )
    assert applied == "2", "the module opened it once more"
    assert (await session.run_ended()).reason == "time"
    await session.close()

    hello, *values = SessionReader(tmp_path / "a.hvs").values()
    (hole,) = [note for note in values if isinstance(note, Note) and note.text == "hotplug hole"]
    seconds = (hole.end - hole.start) / hello.frequency_hz
    assert 1.9 < seconds < 10
    export_session(tmp_path / "a.hvs", tmp_path / "a.parquet")
    flags = pl.read_parquet(tmp_path / "a.parquet")["flags"].to_list()
    assert [value & 0xFF for value in flags if value & 0xFF] == [AFTER_HOLE | AFTER_HOTPLUG]
    assert any(value & Artefact.HOTPLUG for value in flags), "what the hole disturbed is labelled"
