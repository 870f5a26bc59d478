"""What a scheduler's values do, on real Xen in virtual time: the same on any machine.

Linux samples its CPU; on the same CPU a guest computes for ever. How much Linux loses, and for how
long at a time, follows from the values that were set.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hvconsole.cli import main
from hvconsole.lab.boards import board
from hvconsole.lab.measure.conditions import TUNED
from hvconsole.lab.places import VIRT_BOARD
from hvconsole.record.reader import SessionReader
from hvconsole.record.tables import switches_table

pytestmark = pytest.mark.lab
MS = 1e6


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory, missing: Callable[[str], None]) -> Path:
    """Return the session with each value that was set, and what it is held against."""
    if board(VIRT_BOARD).condition == "not built":
        missing("the lab is not built: hvconsole lab build")
    out = tmp_path_factory.mktemp("tuned") / "tuned.hvs"
    told = out.with_suffix(".json")
    words = ["lab", "measure", "xen-credit-busy", "xen-rtds-busy", *TUNED, "--out", str(out)]
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
    assert set(runs) == {"xen-credit-busy", "xen-rtds-busy", *TUNED}
    for run in runs.values():
        assert run["dropped"] == 0
        assert run["recorded"] == run["detected"]
        assert set(run["labels"]) == {"emulated", "virtual time"}


def test_equal_weights_halve_the_cpu_and_twice_the_weight_takes_two_thirds(
    runs: dict[str, Any],
) -> None:
    assert runs["xen-credit-busy"]["lost_percent"] == pytest.approx(50, abs=2)
    assert runs["xen-credit-busy-weight"]["lost_percent"] == pytest.approx(100 / 3, abs=1)


def test_a_cap_is_what_the_other_loses(runs: dict[str, Any]) -> None:
    assert runs["xen-credit-busy-cap"]["lost_percent"] == pytest.approx(20, abs=1)


def test_a_shorter_slice_makes_shorter_gaps_and_not_a_larger_share(
    runs: dict[str, Any], turns: dict[str, list[float]]
) -> None:
    """How many slices a turn takes follows from where the accounting falls, which differs between
    builds of the image; that it takes whole ones, and at most two, does not."""
    usual, short = turns["xen-credit-busy"], turns["xen-credit-busy-slice"]
    assert len(usual) > 20
    assert len(short) > 60
    for turn in usual:
        assert turn == pytest.approx(30 * max(1, round(turn / 30)), rel=0.02)
    for turn in short:
        assert turn == pytest.approx(5, rel=0.03) or turn == pytest.approx(10, rel=0.03)
    shares = [runs[name]["lost_percent"] for name in ("xen-credit-busy", "xen-credit-busy-slice")]
    assert shares[1] == pytest.approx(shares[0], abs=1)


def test_a_budget_and_a_period_are_the_gaps_and_their_share(runs: dict[str, Any]) -> None:
    usual, larger = runs["xen-rtds-busy"], runs["xen-rtds-busy-budget"]
    assert usual["p99_ns"] == pytest.approx(4 * MS, rel=0.03)  # 4 ms of each 10, by default
    assert larger["p99_ns"] == pytest.approx(8 * MS, rel=0.03)  # 8 ms of each 20
    assert larger["lost_percent"] == pytest.approx(40, abs=1.5)
