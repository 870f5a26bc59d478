"""What KVM costs, in virtual time: to the last bit, on any machine.

Linux on the 64-bit board samples its only CPU: alone with KVM off and on, beside a guest that
computes for ever; and Linux in a guest samples the CPU that it is given.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from virtual_golden import hold_against_golden

from hvconsole.cli import main
from hvconsole.lab.arch import ARM64
from hvconsole.lab.boards import board
from hvconsole.lab.measure.conditions import CONDITIONS
from hvconsole.lab.places import ARM64_BOARD
from hvconsole.record.manifest import Manifest, read_manifest

pytestmark = pytest.mark.lab
MS = 1e6
# One that computes for ever costs its emulator a minute: not each of them is needed here.
EVERY = [
    *(name for name, one in CONDITIONS.items() if one.arch is ARM64),
    *("kvm-nvhe-busy-quota", "kvm-nvhe-busy-nice"),
]
Runs = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kvm-time") / "all.hvs"


@pytest.fixture(scope="module")
def runs(session: Path, missing: Callable[[str], None]) -> Runs:
    """Return the runs of all conditions of the 64-bit board."""
    if board(ARM64_BOARD).condition == "not built":
        missing("the lab is not built: hvconsole lab build")
    return measured(session, *EVERY)


@pytest.fixture(scope="module")
def manifest(session: Path, runs: Runs) -> Manifest:
    assert runs
    return read_manifest(session)


def measured(out: Path, *names: str) -> Runs:
    told = out.with_suffix(".json")
    with pytest.MonkeyPatch.context() as patch, told.open("w") as stdout:
        patch.setattr("sys.stdout", stdout)
        assert main(["lab", "measure", *names, "--out", str(out), "--json"]) == 0
    return {run["condition"]: run for run in json.loads(told.read_text())["runs"]}


def test_nothing_is_dropped_and_all_is_labelled(runs: Runs, session: Path) -> None:
    assert list(runs) == EVERY
    for run in runs.values():
        assert run["dropped"] == 0
        assert run["recorded"] == run["detected"]
        assert set(run["labels"]) == {"emulated", "virtual time"}
    hold_against_golden(runs, session, "virtual-time-kvm.json")


def test_a_guest_and_its_host_repeat_to_the_last_bit(runs: Runs, tmp_path: Path) -> None:
    """The kept figures say it of the others, on the versions that they are of."""
    again = measured(tmp_path / "again.hvs", "kvm-nvhe-guest")
    assert again["kvm-nvhe-guest"]["frames"] == runs["kvm-nvhe-guest"]["frames"]


@pytest.mark.parametrize("mode", ["kvm-nvhe", "kvm-vhe"])
def test_kvm_costs_its_host_nothing_and_its_guest_a_second_tick(runs: Runs, mode: str) -> None:
    """Linux ticks at 250 Hz: the host's own ticks come to the guest's."""
    alone, guest = runs[mode], runs[f"{mode}-guest"]
    assert alone["lost_ns"] == pytest.approx(runs["arm64-native"]["lost_ns"], rel=0.1)
    assert alone["switches"] == pytest.approx(250, rel=0.05)
    assert guest["switches"] == pytest.approx(500, rel=0.05)
    assert 2 * alone["lost_ns"] < guest["lost_ns"] < 5 * alone["lost_ns"]


def test_a_guest_reads_the_machines_counter_without_a_trap(manifest: Manifest) -> None:
    told = manifest.facts["guest_counter"]
    assert set(told) == {"kvm-nvhe-guest", "kvm-vhe-guest"}
    for one in told.values():
        assert one["machines"]
        assert not one["trapped"]


def test_the_host_shares_with_a_busy_guest_as_linux_shares(runs: Runs) -> None:
    busy = runs["kvm-nvhe-busy"]
    assert busy["lost_percent"] == pytest.approx(50, abs=1.5)
    assert busy["p50_ns"] == pytest.approx(4 * MS, rel=0.05)  # a tick


def test_each_means_helps_the_host_as_it_should(runs: Runs) -> None:
    quota, nice = (runs[f"kvm-nvhe-busy-{name}"] for name in ("quota", "nice"))
    assert quota["lost_percent"] == pytest.approx(20, abs=2.5)  # 20 ms of each 100
    assert nice["lost_percent"] < 3
