"""The commands that make a run again: the board prepared as it was, the same settings."""

from __future__ import annotations

import argparse
import shlex

import msgspec
import pytest

from hvconsole.analysis.report.provenance import record_commands
from hvconsole.commands import record
from hvconsole.model.run import LoadRequest, RunSettings
from hvconsole.record.manifest import Manifest, RunEntry
from hvconsole.sim.options import SimOptions, parse_faults

XEN = (("boot", "xen-credit"), ("governor", "performance"), ("hv", "create", "busy.cfg"))


def lines(made: dict[str, str], *prepared: tuple[str, ...], board: str = "bpi") -> list[str]:
    settings = RunSettings(
        seconds=5, cpus=(1,), loads=(LoadRequest("burn", 0),), fifo=50, prepared=prepared
    )
    entry = RunEntry(run=0, condition="a b", settings=msgspec.to_builtins(settings))
    return record_commands(Manifest(board=board, made=made), entry, "it.hvs")


def test_a_board_is_booted_and_prepared_first() -> None:
    found = lines({}, *XEN)
    assert found[:3] == [
        "hvconsole boot bpi xen-credit",
        "# on bpi: governor performance",
        "hvconsole hv bpi create busy.cfg --yes",
    ]
    assert shlex.split(found[3])[:3] == ["hvconsole", "record", "bpi"]
    assert len(found) == 4


def test_a_simulated_board_is_made_in_the_mode() -> None:
    made = SimOptions(seed=3, speed=2.5).words
    (line,) = lines(made, ("boot", "xen-rtds"), board="sim")
    parser = argparse.ArgumentParser()
    record.add_arguments(parser)
    asked = parser.parse_args(shlex.split(line)[2:])
    assert (asked.seed, asked.speed, asked.mode, asked.fault) == (3, 2.5, "xen-rtds", "")
    assert (asked.seconds, asked.cpu, asked.fifo, asked.label) == (5, (1,), 50, "a b")


def test_what_needs_several_commands_keeps_a_simulated_board() -> None:
    found = lines(SimOptions().words, *XEN, board="sim")
    assert found[0] == "hvconsole sim start --seed 0 --speed 1 --mode xen-credit"
    assert found[-1] == "hvconsole sim stop"
    assert not any("boot" in line for line in found)


@pytest.mark.parametrize("words", ["corrupt=0.1%", "link-drop@10s,slow-link=20000", "heat@0.5"])
def test_faults_are_written_as_they_are_read(words: str) -> None:
    faults = parse_faults(words)
    assert parse_faults(SimOptions(faults=faults).words["fault"]) == faults


def test_words_of_a_plan_stay_words() -> None:
    found = lines({}, ("hv", "create", "a b; rm -rf x"), board="x y")
    assert shlex.split(found[0]) == ["hvconsole", "hv", "x y", "create", "a b; rm -rf x", "--yes"]
