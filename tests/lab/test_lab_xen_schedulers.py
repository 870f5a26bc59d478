"""What a scheduler's values do, on real Xen in virtual time: to the last bit, on any machine.

Linux samples its CPU; on the same CPU a guest computes for ever. How much Linux loses, and for how
long at a time, follows from the values that were set.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hvconsole.cli import main
from hvconsole.lab.boards import board
from hvconsole.lab.measure.conditions import TUNED
from hvconsole.lab.places import VIRT_BOARD

pytestmark = pytest.mark.lab
MS = 1e6


@pytest.fixture(scope="module")
def runs(
    tmp_path_factory: pytest.TempPathFactory, missing: Callable[[str], None]
) -> dict[str, Any]:
    """Return the runs with values that were set, and what they are held against."""
    if board(VIRT_BOARD).condition == "not built":
        missing("the lab is not built: hvconsole lab build")
    out = tmp_path_factory.mktemp("tuned") / "tuned.hvs"
    told = out.with_suffix(".json")
    words = ["lab", "measure", "xen-credit-busy", "xen-rtds-busy", *TUNED, "--out", str(out)]
    with pytest.MonkeyPatch.context() as patch, told.open("w") as stdout:
        patch.setattr("sys.stdout", stdout)
        assert main([*words, "--json"]) == 0
    return {run["condition"]: run for run in json.loads(Path(told).read_text())["runs"]}


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


def test_a_shorter_slice_makes_shorter_gaps_and_not_a_larger_share(runs: dict[str, Any]) -> None:
    usual, short = runs["xen-credit-busy"], runs["xen-credit-busy-slice"]
    assert short["p99_ns"] == pytest.approx(5 * MS, rel=0.03)
    assert short["max_ns"] < 11 * MS  # two slices in a row at most
    assert usual["max_ns"] > 29 * MS
    assert short["lost_percent"] == pytest.approx(usual["lost_percent"], abs=1)


def test_a_budget_and_a_period_are_the_gaps_and_their_share(runs: dict[str, Any]) -> None:
    usual, larger = runs["xen-rtds-busy"], runs["xen-rtds-busy-budget"]
    assert usual["p99_ns"] == pytest.approx(4 * MS, rel=0.03)  # 4 ms of each 10, by default
    assert larger["p99_ns"] == pytest.approx(8 * MS, rel=0.03)  # 8 ms of each 20
    assert larger["lost_percent"] == pytest.approx(40, abs=1.5)
