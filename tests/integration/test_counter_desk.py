"""What a session does about its counter, with a board's answers played by scripts."""

from pathlib import Path

import msgspec
import pytest

from hvconsole.board.facts import BoardFacts
from hvconsole.board.journal import Journal
from hvconsole.board.module_headers import fetch_headers, found_headers
from hvconsole.board.module_ways import find_way
from hvconsole.link.local import LocalLink
from hvconsole.model.problem import BoardProblem
from hvconsole.model.run import CounterChoice, RunSettings
from hvconsole.session.counter import CounterDesk

# A kernel that nobody has headers of.
ARM = BoardFacts(machine="armv7l", kernel="0.0.1-none", cpus_online=(0, 1), cpus_allowed=(0, 1))


@pytest.fixture
def link(local: LocalLink) -> LocalLink:
    return local


def sampler(folder: Path, *, cntpct: bool) -> str:
    """A sampler that answers --probe as one on an ARM board would."""
    path = folder / "hvsampler"
    answer = '{"machine":"armv7l","nominal_hz":24000000,"cpu":%s,"cntvct":true,"cntpct":%s}'
    said = answer % ("'$3'", "true" if cntpct else "false")
    path.write_text(f"#!/bin/sh\necho '{said}'\n")
    path.chmod(0o755)
    return str(path)


def run_with(counter: CounterChoice) -> RunSettings:
    return RunSettings(counter=counter, cpus=(1,))


@pytest.fixture
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a cross compiler nor modinfo: nothing of this machine counts."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("nothing_here")
@pytest.mark.parametrize(
    ("uid", "why"),
    [(0, "changes the board"), (1000, "needs root"), (0, "no counter module")],
)
async def test_what_cannot_be_loaded_is_refused_or_told(
    link: LocalLink, journal: Journal, tmp_path: Path, uid: int, why: str
) -> None:
    facts = msgspec.structs.replace(ARM, uid=uid)
    read_only = why == "changes the board"
    desk = CounterDesk(link, facts, journal, sudo=False, read_only=read_only)
    closed = sampler(tmp_path, cntpct=False)
    with pytest.raises(BoardProblem, match=why) as caught:
        await desk.ready(run_with("cntpct"), closed)
    assert "--counter cntvct" in caught.value.hint
    await desk.ready(run_with("auto"), closed)
    assert why in desk.note
    assert desk.note.startswith("CNTVCT is read instead")
    assert desk.told()["cntpct"]["before"] == {"cpu0": False, "cpu1": False}
    assert journal.standing == ()


async def test_what_is_open_is_used_as_it_is(
    link: LocalLink, journal: Journal, tmp_path: Path
) -> None:
    desk = CounterDesk(link, ARM, journal, sudo=False, read_only=True)
    await desk.ready(run_with("cntpct"), sampler(tmp_path, cntpct=True))
    assert desk.note == ""
    assert desk.told() == {"cntpct": {"before": {"cpu0": True, "cpu1": True}}}


@pytest.mark.parametrize("counter", ["cntvct", "tsc"])
async def test_another_counter_asks_for_nothing(
    link: LocalLink, journal: Journal, counter: CounterChoice
) -> None:
    desk = CounterDesk(link, ARM, journal, sudo=False, read_only=False)
    await desk.ready(run_with(counter), "/nonexistent")
    assert desk.told() == {}


async def test_a_pc_is_left_alone(link: LocalLink, journal: Journal) -> None:
    desk = CounterDesk(link, BoardFacts(machine="x86_64"), journal, sudo=False, read_only=False)
    await desk.ready(run_with("auto"), "/nonexistent")
    assert desk.told() == {}
    assert await find_way(link, BoardFacts(machine="x86_64")) is None


@pytest.mark.parametrize("release", ["../../etc", "6.1.0; reboot", "", "-6.1", "6.1.0-1-x/../.."])
async def test_a_release_is_a_name_and_no_path(release: str) -> None:
    assert found_headers(release) is None
    with pytest.raises(BoardProblem, match="cannot be had here"):
        await fetch_headers(release, "armv7l")
