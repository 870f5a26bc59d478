"""What a scheduler's values do, on real Xen in virtual time: the same on any machine.

Linux samples its CPU; on the same CPU a guest computes for ever. How much Linux loses, and for how
long at a time, follows from the values that were set, and from what is done to the guest meanwhile.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hvconsole.cli import main
from hvconsole.lab.boards import board
from hvconsole.lab.measure.conditions import MOVED, TUNED
from hvconsole.lab.places import VIRT_BOARD
from hvconsole.record.reader import SessionReader
from hvconsole.record.tables import switches_table

pytestmark = pytest.mark.lab
MS = 1e6
# Half a slice of credit. What Xen's tools and QEMU's turns between two CPUs take is far below.
TURN_MS = 15.0


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory, missing: Callable[[str], None]) -> Path:
    """Return the session with each value that was set, and what it is held against."""
    if board(VIRT_BOARD).condition == "not built":
        missing("the lab is not built: hvconsole lab build")
    out = tmp_path_factory.mktemp("tuned") / "tuned.hvs"
    told = out.with_suffix(".json")
    words = [
        "lab",
        "measure",
        "xen-credit-busy",
        "xen-rtds-busy",
        *TUNED,
        *MOVED,
        "--out",
        str(out),
    ]
    with pytest.MonkeyPatch.context() as patch, told.open("w") as stdout:
        patch.setattr("sys.stdout", stdout)
        assert main([*words, "--json"]) == 0
    return out


@pytest.fixture(scope="module")
def runs(session: Path) -> dict[str, Any]:
    """Return what was told of each run, by the name of its condition."""
    told = json.loads(session.with_suffix(".json").read_text())
    return {run["condition"]: run for run in told["runs"]}


@pytest.fixture(scope="module")
def turns(session: Path) -> dict[str, list[float]]:
    """Return how long the busy guest ran each time it did, in ms, by condition."""
    long = switches_table(SessionReader(session)).filter(pl.col("gap_ns") > MS).collect()
    return {
        str(name): (rows["gap_ns"] / MS).to_list() for (name,), rows in long.group_by("condition")
    }


def test_nothing_is_dropped_and_all_is_labelled(runs: dict[str, Any]) -> None:
    assert set(runs) == {"xen-credit-busy", "xen-rtds-busy", *TUNED, *MOVED}
    for run in runs.values():
        assert run["dropped"] == 0
        assert run["recorded"] == run["detected"]
        assert set(run["labels"]) == {"emulated", "virtual time"}


def test_equal_weights_halve_the_cpu_and_twice_the_weight_takes_two_thirds(
    runs: dict[str, Any],
) -> None:
    assert runs["xen-credit-busy"]["lost_percent"] == pytest.approx(50, abs=3)
    assert runs["xen-credit-busy-weight"]["lost_percent"] == pytest.approx(100 / 3, abs=3)


def test_a_cap_is_what_the_other_loses(runs: dict[str, Any]) -> None:
    assert runs["xen-credit-busy-cap"]["lost_percent"] == pytest.approx(20, abs=3)


def test_a_shorter_slice_makes_shorter_gaps_and_not_a_larger_share(
    runs: dict[str, Any], turns: dict[str, list[float]]
) -> None:
    """How many slices a turn takes follows from where the accounting falls, which differs between
    builds of the image; that it takes whole ones, and at most two, does not."""
    usual, short = turns["xen-credit-busy"], turns["xen-credit-busy-slice"]
    assert len(usual) > 8
    assert len(short) > 60
    for turn in usual:
        assert turn == pytest.approx(30 * max(1, round(turn / 30)), rel=0.02)
    for turn in short:
        assert turn == pytest.approx(5, rel=0.03) or turn == pytest.approx(10, rel=0.03)
    shares = [runs[name]["lost_percent"] for name in ("xen-credit-busy", "xen-credit-busy-slice")]
    assert shares[1] == pytest.approx(shares[0], abs=3)


def test_a_budget_and_a_period_are_the_gaps_and_their_share(runs: dict[str, Any]) -> None:
    usual, larger = runs["xen-rtds-busy"], runs["xen-rtds-busy-budget"]
    assert usual["p99_ns"] == pytest.approx(4 * MS, rel=0.03)  # 4 ms of each 10, by default
    assert larger["p99_ns"] == pytest.approx(8 * MS, rel=0.03)  # 8 ms of each 20
    assert larger["lost_percent"] == pytest.approx(40, abs=3)


def _turns_of(session: Path, condition: str) -> list[tuple[float, float]]:
    """Return when the busy guest ran for a slice of the sampled CPU, and until when, in s."""
    rows = switches_table(SessionReader(session)).filter(
        (pl.col("condition") == condition) & (pl.col("gap_ns") > TURN_MS * MS)
    )
    spans = (pl.col("t_ns") / 1e9, (pl.col("t_ns") + pl.col("gap_ns")) / 1e9)
    begin, end = rows.select(*(one.alias(str(n)) for n, one in enumerate(spans))).collect()
    return list(zip(begin, end, strict=True))


def _state_after(session: Path, action: str) -> str:
    """Return what the board listed of the busy guest when that had been done."""
    log = (session / "serial.log").read_text(errors="replace")
    return log.partition(f"during: {action}")[2].partition("during: ")[0].partition("measure: ")[0]


def _share(turns: list[tuple[float, float]]) -> float:
    """Return the part of the time that the turns take, from the first one's begin to the last's."""
    return sum(end - begin for begin, end in turns[:-1]) / (turns[-1][0] - turns[0][0])


def test_a_pause_ends_the_gaps_and_a_destroyed_guest_takes_none(session: Path) -> None:
    """Where a slice begins differs between builds of the image: seen are pauses between slices."""
    turns = _turns_of(session, "xen-credit-busy-pause")
    between = [(b - a, number) for number, ((_, a), (b, _)) in enumerate(pairwise(turns), 1)]
    quiet, number = max(between)
    before, after = turns[:number], turns[number:]
    assert quiet > 0.5, "paused for 0.7 s"
    assert sorted(length for length, _ in between)[-2] < 0.25, "and not but then"
    assert _share(before) == pytest.approx(0.5, abs=0.15)
    assert _share(after) == pytest.approx(0.5, abs=0.15)
    assert turns[-1][1] < 2.9 - 0.2, "destroyed: nobody takes the CPU any more"
    assert re.search(r"^busy .* --p--- ", _state_after(session, "pause,busy"), re.MULTILINE)
    assert re.search(r"^busy .* [r-]----- ", _state_after(session, "unpause,busy"), re.MULTILINE)
    assert "Domain-0" in _state_after(session, "destroy,busy")
    assert not re.search(r"^busy +\d", _state_after(session, "destroy,busy"), re.MULTILINE)


@pytest.mark.parametrize(
    ("how", "action", "listed"),
    [
        ("pin", "vcpu-pin,busy,0,1", r"^busy +\d+ +0 +1 +\S+ +\S+ +1 / "),
        ("migrate", "cpupool-migrate,busy,other", r"^busy .* other *\r?$"),
    ],
)
def test_a_guest_that_is_moved_to_another_cpu_takes_none_of_the_sampled_one(
    session: Path, runs: dict[str, Any], how: str, action: str, listed: str
) -> None:
    """QEMU lets two CPUs take turns, so short gaps are left: half a tick, never half a slice."""
    name = f"xen-credit-busy-{how}"
    turns = _turns_of(session, name)
    assert _share(turns) == pytest.approx(0.5, abs=0.15)
    assert len(turns) > 6
    assert turns[-1][1] < 1.5, "moved after 1.2 s, and it runs for 2"
    assert re.search(listed, _state_after(session, action), re.MULTILINE)
    assert runs[name]["seconds"] == pytest.approx(2, abs=0.1)
