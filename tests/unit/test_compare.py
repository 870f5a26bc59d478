"""Comparisons: verdicts only where the runs can carry them, and every kind of figure told apart."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sessions import make_session, run_values
from values import HZ, START, heartbeat, hello

from hvconsole.analysis.compare import compare
from hvconsole.analysis.compare_plots import plot_comparison
from hvconsole.analysis.compare_text import render_comparison
from hvconsole.analysis.runs import (
    RunFigures,
    condition_name,
    figures_in_order,
    measured_runs,
)
from hvconsole.analysis.runs_table import write_runs
from hvconsole.analysis.summary import summary_rows
from hvconsole.commands import compare as command
from hvconsole.model.problem import RecordProblem, UsageProblem
from hvconsole.wire.values import End


def figures(condition: str, order: int, scale: float, **changed: object) -> RunFigures:
    labels = changed.pop("labels", ())
    fields = {
        "session": f"{condition}-{order}.hvs",
        "run": 0,
        "board": "bpi",
        "condition": condition_name(condition, labels),
        "labels": labels,
        "started": f"2026-01-01T00:{order:02}:00",
        "cpus": (1,),
        "watched_s": 10.0,
        "switches": 1000,
        "dropped": 0,
        "lost_on_link": 0,
        "rate": 100 * scale,
        "lost_percent": 0.2 * scale,
        "p50_ns": 8000 * scale,
        "p99_ns": 20_000 * scale,
        "p999_ns": 90_000 * scale,
        "max_ns": 100_000 * scale,
        "approximate": False,
        "coverage": 1.0,
        "artefacts": {},
        "artefact_ns": 0,
        "reason": "time",
        "order": order,
    } | changed
    return RunFigures(**fields)


def interleaved(n: int, *conditions: tuple[str, float], spread: float = 0.03) -> list[RunFigures]:
    rng = np.random.default_rng(11)
    slots = [(name, middle) for _ in range(n) for name, middle in conditions]
    return [
        figures(name, order, middle * math.exp(rng.normal(0, spread)))
        for order, (name, middle) in enumerate(slots, 1)
    ]


PAPER = (("native", 1.0), ("credit", 3.0), ("rtds", 2.0), ("jailhouse", 1.05))


def test_four_conditions_of_four_runs_are_underpowered_however_far_apart() -> None:
    comparison = compare(interleaved(4, *PAPER))
    assert {pair.verdict for pair in comparison.pairs} == {"underpowered"}
    assert {pair.needed for pair in comparison.pairs} == {5}
    assert "underpowered: 5 runs each at least" in render_comparison(comparison)


def test_ten_runs_tell_large_effects() -> None:
    comparison = compare(interleaved(10, *PAPER))
    assert comparison.reference == "native"
    pair = comparison.against_reference("credit", "rate")
    assert pair is not None
    assert pair.verdict == "higher"
    assert pair.ratio.low < 3 < pair.ratio.high
    assert pair.shift.low < 200 < pair.shift.high
    assert pair.delta == 1
    rate = [p for p in comparison.pairs if p.figure == "rate"]
    assert len(rate) == 6
    assert all(p.adjusted >= p.p for p in rate)


def test_unequal_numbers_of_runs_are_judged_together() -> None:
    runs = interleaved(5, ("native", 1.0), ("credit", 3.0), ("rtds", 2.0))
    without_last = [run for run in runs if (run.condition, run.order) != ("rtds", 15)]
    pair = compare(without_last).against_reference("rtds", "rate")
    assert pair.verdict == "higher"  # three pairs of 2/126, the smallest p of four against five
    shorter = [run for run in without_last if run.order not in {12, 13}]
    assert compare(shorter).against_reference("rtds", "rate").verdict == "underpowered"


def test_single_runs_do_not_use_up_the_level_of_others() -> None:
    runs = [*interleaved(4, ("native", 1.0), ("credit", 3.0)), figures("once", 9, 9.0)]
    comparison = compare(runs)
    assert comparison.against_reference("credit", "rate").verdict == "higher"
    once = comparison.against_reference("once", "rate")
    assert (once.verdict, once.needed) == ("underpowered", 5)


def test_no_difference_says_what_would_have_shown() -> None:
    comparison = compare(interleaved(6, ("native", 1.0), ("other", 1.0), spread=0.2))
    (pair,) = (p for p in comparison.pairs if p.figure == "rate")
    assert pair.verdict == "no difference shown"
    assert pair.detectable > 1.2
    assert pair.runs_for_ratio > 20
    assert "×1.1 needs" in render_comparison(comparison)


def test_virtual_time_has_no_intervals_and_no_test() -> None:
    labels = ("emulated", "virtual time")
    runs = [figures(n, i, s, labels=labels) for i, (n, s) in enumerate(PAPER, 1)]
    comparison = compare(runs)
    assert {pair.verdict for pair in comparison.pairs} == {"deterministic"}
    assert not any(pair.ratio.has_interval for pair in comparison.pairs)
    assert not any(e.has_interval for c in comparison.conditions for e in c.estimates.values())
    assert comparison.against_reference("credit (emulated, virtual time)", "rate").ratio.value == (
        pytest.approx(3)
    )
    assert any("deterministic" in note for note in comparison.notes)


def test_deterministic_conditions_do_not_use_up_the_level_of_others() -> None:
    runs = interleaved(4, ("native", 1.0), ("credit", 3.0))
    runs.append(figures("native", 9, 1.0, labels=("virtual time",)))
    tested = [p for p in compare(runs).pairs if p.verdict != "deterministic"]
    assert {p.verdict for p in tested} == {"higher"}  # one pair: four runs can carry it


def test_simulated_runs_are_never_one_condition_with_real_ones() -> None:
    runs = [figures("native", 1, 1.0), figures("native", 2, 1.0, labels=("simulated",))]
    comparison = compare(runs)
    assert [c.name for c in comparison.conditions] == ["native", "native (simulated)"]
    assert any("different kinds" in note for note in comparison.notes)


def test_nothing_seen_is_bounded_by_the_rule_of_three() -> None:
    nothing = {"rate": 0.0, "lost_percent": 0.0, "switches": 0}
    nothing |= dict.fromkeys(("p50_ns", "p99_ns", "p999_ns", "max_ns"), float("nan"))
    runs = [figures("cell", i, 1.0, **nothing) for i in range(1, 6)]
    runs += interleaved(5, ("native", 1.0))
    comparison = compare(runs)
    cell = next(c for c in comparison.conditions if c.name == "cell")
    assert cell.none_bound == pytest.approx(3 / 50)
    pair = comparison.against_reference("cell", "rate")
    assert pair.verdict == "lower"
    assert not pair.ratio.has_interval
    assert comparison.against_reference("cell", "p50_ns").verdict == "no figure"
    assert "upper bound 0.06 a second" in render_comparison(comparison)


def test_drift_and_order_are_told() -> None:
    runs = [figures("native", i, 1.02**i) for i in range(1, 7)]
    runs += [figures("credit", i, 1.02**i) for i in range(7, 13)]
    comparison = compare(runs)
    assert comparison.drift["rate"].shown
    assert any("drift:" in note for note in comparison.notes)
    assert any("stand together" in note for note in comparison.notes)
    mixed = compare(interleaved(6, ("native", 1.0), ("credit", 2.0)))
    assert not any("stand together" in note for note in mixed.notes)


def test_the_reference_is_named_or_explained() -> None:
    runs = [*interleaved(2, ("a", 1.0)), figures("b", 9, 1.0, labels=("simulated",))]
    assert compare(runs).reference == "a"
    assert compare(runs, "b").reference == "b (simulated)"
    with pytest.raises(UsageProblem, match="no condition is called 'c'") as caught:
        compare(runs, "c")
    assert "'b (simulated)'" in caught.value.hint
    with pytest.raises(RecordProblem):
        compare([])


def test_hostile_names_steer_nothing() -> None:
    runs = interleaved(5, ("\x1b]0;owned\x07evil\u202e", 1.0), ("native", 1.0))
    text = render_comparison(compare(runs)) + plot_comparison(compare(runs))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "evil" in text


@pytest.fixture
def sessions(tmp_path: Path) -> list[Path]:
    return [
        make_session(
            tmp_path / f"{name}-{i}.hvs",
            [run_values((0, 1), each=each, seed=i)],
            [name],
            labels=("simulated",),
        )
        for i in range(5)
        for name, each in (("native", 200), ("credit", 400))
    ]


def test_figures_of_a_run_are_those_of_its_lanes_together(sessions: list[Path]) -> None:
    figures = figures_in_order(measured_runs(sessions))
    rows = summary_rows(sessions)
    assert [f.order for f in figures] == list(range(1, 11))
    for one in figures:
        lanes = [row for row in rows if row.session == one.session]
        assert len(lanes) == 2
        assert one.switches == sum(row.switches for row in lanes)
        assert one.rate == pytest.approx(sum(row.rate for row in lanes) / 2)
        assert one.lost_percent == pytest.approx(sum(row.lost_percent for row in lanes) / 2)
        assert one.max_ns == max(row.max_ns for row in lanes)
        assert one.coverage == 1


def test_an_empty_run_compares_without_failing(tmp_path: Path) -> None:
    values = [hello(), heartbeat(1, START + HZ), End(reason="time")]
    path = make_session(tmp_path / "a.hvs", [values, values], ["native", "credit"])
    comparison = compare(figures_in_order(measured_runs([path])))
    text = render_comparison(comparison)
    assert "upper bound 3 a second" in text
    json.dumps(comparison.as_dict(), allow_nan=False)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_runs_are_written_as_a_table(
    sessions: list[Path], tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / f"runs{suffix}"
    assert _compare([*map(str, sessions), "--runs", str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    table = pl.read_csv(out) if suffix == ".csv" else pl.read_parquet(out)
    assert table.height == 10
    assert set(table["condition"]) == {"native (simulated)", "credit (simulated)"}
    assert {"rt_throttle_switches", "hotplug_ns", "p999_ns", "order"} <= set(table.columns)
    values = {v["session"]: v["rate"] for c in document["conditions"] for v in c["values"]}
    assert dict(zip(table["session"], table["rate"], strict=True)) == pytest.approx(values)


def test_the_command_prints_tables_and_plots(
    sessions: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _compare([*map(str, sessions), "--reference", "credit", "--plot"]) == 0
    text = capsys.readouterr().out
    assert "relative to credit (simulated)" in text
    assert "earlier ones to the left" in text
    assert "\x1b" not in text


def test_a_recording_is_no_repetition_of_itself(sessions: list[Path]) -> None:
    with pytest.raises(UsageProblem, match="named twice"):
        measured_runs([sessions[0], sessions[1], sessions[0].parent / "." / sessions[0].name])


def test_without_its_manifest_a_run_is_of_unknown_origin(sessions: list[Path]) -> None:
    (sessions[0] / "manifest.toml").unlink()
    (run,) = measured_runs(sessions[:1])
    assert run.figures.labels == ("of unknown origin",)
    assert run.figures.condition.endswith("(of unknown origin)")


def test_other_kinds_of_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="unknown kind of file"):
        write_runs([figures("a", 1, 1.0)], tmp_path / "runs.txt")


def _compare(words: list[str]) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(words))
