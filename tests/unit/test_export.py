"""Summary and export: exact, with the columns that are promised, and each other's equal."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sessions import make_session, run_values
from values import HZ, START, heartbeat, hello, switches

from hvconsole.analysis.export import export_session
from hvconsole.analysis.plots import plot_sessions
from hvconsole.analysis.render import render_summary
from hvconsole.analysis.summary import summary_rows
from hvconsole.model.problem import RecordProblem, UsageProblem
from hvconsole.model.units import duration
from hvconsole.record.tables import AFTER_HOLE, OFF_CPU
from hvconsole.stream.histogram import buckets_of
from hvconsole.wire.values import End, Histogram, Note, NoteCode


@pytest.fixture
def session(tmp_path: Path) -> Path:
    runs = [run_values((0, 1)), run_values((1,), seed=9)]
    return make_session(tmp_path / "a.hvs", runs, ["idle", "busy"], labels=("simulated",))


def test_columns_are_those_promised(session: Path, tmp_path: Path) -> None:
    (written,) = export_session(session, tmp_path / "a.parquet")
    frame = pl.read_parquet(written.path)
    assert dict(frame.schema) == {
        "run": pl.UInt32,
        "condition": pl.Categorical,
        "cpu": pl.UInt16,
        "t_ns": pl.Int64,
        "gap_ns": pl.Int64,
        "gap_ticks": pl.Int64,
        "cause": pl.Categorical,
        "residual_ns": pl.Int64,
        "flags": pl.UInt32,
    }
    assert frame.height == written.rows == 1200
    assert frame["cause"].null_count() == frame["residual_ns"].null_count() == frame.height
    assert frame["condition"].cast(pl.String).unique().sort().to_list() == ["busy", "idle"]


def test_sums_agree_with_the_summary_exactly(session: Path, tmp_path: Path) -> None:
    export_session(session, tmp_path / "a.parquet")
    frame = pl.read_parquet(tmp_path / "a.parquet")
    for row in summary_rows([session]):
        part = frame.filter((pl.col("run") == row.run) & (pl.col("cpu") == row.cpu))
        assert part.height == row.switches
        assert part["gap_ns"].sum() == row.lost_ns
        assert part["gap_ns"].max() == row.max_ns
        assert row.detected == row.recorded + row.dropped
        assert part["t_ns"].is_sorted()
        assert part["t_ns"].min() >= 0


def test_metadata_carry_manifest_and_accounts(session: Path, tmp_path: Path) -> None:
    export_session(session, tmp_path / "a.parquet")
    metadata = pl.read_parquet_metadata(tmp_path / "a.parquet")
    assert json.loads(metadata["hvconsole.manifest"])["board"] == "local"
    assert json.loads(metadata["hvconsole.simulated"]) is True
    accounts = json.loads(metadata["hvconsole.accounts"])
    assert [a["detected"] for a in accounts] == [400, 400, 400]


def test_formats_hold_the_same(session: Path, tmp_path: Path) -> None:
    for suffix in (".parquet", ".csv", ".arrow"):
        export_session(session, tmp_path / f"a{suffix}")
    numbers = ["run", "cpu", "t_ns", "gap_ns", "gap_ticks", "flags"]
    parquet = pl.read_parquet(tmp_path / "a.parquet").select(numbers).cast(pl.Int64)
    assert pl.read_ipc(tmp_path / "a.arrow").select(numbers).cast(pl.Int64).equals(parquet)
    assert pl.read_csv(tmp_path / "a.csv").select(numbers).cast(pl.Int64).equals(parquet)


def test_all_tables_go_into_a_folder(session: Path, tmp_path: Path) -> None:
    written = export_session(session, tmp_path / "out", table="all")
    assert {w.path.name: w.rows for w in written} == {
        "switches.parquet": 1200,
        "runs.parquet": 3,
        "actions.parquet": 4,
    }
    runs = pl.read_parquet(tmp_path / "out/runs.parquet")
    assert runs["labels"].to_list()[0] == ["simulated"]
    actions = pl.read_parquet(tmp_path / "out/actions.parquet")
    assert actions["action"].to_list() == ["run start", "run end"] * 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.xlsx", "unknown kind"), ("there.csv", "exists already")],
)
def test_wrong_outputs_are_refused(session: Path, tmp_path: Path, name: str, expected: str) -> None:
    (tmp_path / "there.csv").write_text("mine")
    with pytest.raises(UsageProblem, match=expected):
        export_session(session, tmp_path / name)
    assert (tmp_path / "there.csv").read_text() == "mine"


def test_an_output_nobody_may_write_is_one_problem(session: Path, tmp_path: Path) -> None:
    with pytest.raises(RecordProblem, match="cannot be written"):
        export_session(session, tmp_path / "nowhere" / "a.parquet")


def test_force_overwrites(session: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("old")
    export_session(session, tmp_path / "a.csv", force=True)
    assert (tmp_path / "a.csv").read_text().startswith("run,")


def test_quantiles_are_exact(session: Path) -> None:
    values = run_values((1,), seed=9)
    length = np.sort(np.concatenate([v.length for v in values if hasattr(v, "first")]))
    row = summary_rows([session])[2]
    assert row.p50_ns == pytest.approx(np.rint(length[199] * 1e9 / HZ))
    assert row.p99_ns == pytest.approx(np.rint(length[395] * 1e9 / HZ))
    assert row.seconds == pytest.approx(5)
    assert row.rate == pytest.approx(80)
    assert not row.approximate


def holes(tmp_path: Path) -> Path:
    beat = heartbeat(1, START + HZ, detected=14, recorded=9, dropped=5, blind_ticks=1000)
    part = Histogram(
        1, START + 300, START + 900, 5, 500, 100, 100,
        buckets_of(np.array([100], dtype=np.uint64)), np.array([5]),
    )  # fmt: skip
    blind = Note(1, NoteCode.BLIND, 0, START + 2000, START + 3000, 1000, "")
    off = Note(1, NoteCode.MOVED, 2, START + 4000, START + 4000, 1, "")
    back = Note(1, NoteCode.MOVED, 0, START + 5000, START + 5000, 1, "")
    values = [
        hello(),
        switches(1, [(START + 100, 50), (START + 200, 50)], 0),
        part,
        Note(1, NoteCode.RING_FREE, 0, START + 300, START + 900, 5, ""),
        switches(1, [(START + 1000, 50)], 2),
        blind,
        switches(1, [(START + 3100, 50), (START + 3200, 50)], 3),
        off,
        switches(1, [(START + 4100, 50)], 5),
        back,
        switches(1, [(START + 5100, 50)], 6),
        switches(1, [(START + 6000, 50)], 8),  # number 7 never arrived
        beat,
        End(reason="stop"),
    ]
    return make_session(tmp_path / "holes.hvs", [values])


def test_flags_tell_of_holes(tmp_path: Path) -> None:
    export_session(holes(tmp_path), tmp_path / "a.parquet")
    flags = pl.read_parquet(tmp_path / "a.parquet")["flags"].to_list()
    assert flags == [
        0, 0, AFTER_HOLE, AFTER_HOLE, 0, AFTER_HOLE | OFF_CPU, AFTER_HOLE, AFTER_HOLE,
    ]  # fmt: skip


def test_dropped_and_lost_are_counted_apart(tmp_path: Path) -> None:
    (row,) = summary_rows([holes(tmp_path)])
    assert (row.detected, row.recorded, row.dropped, row.lost_on_link) == (14, 9, 5, 1)
    assert row.approximate
    assert row.dropped_ns == pytest.approx(500 * 1e9 / HZ)
    assert row.lost_ns == 8 * round(50 * 1e9 / HZ)
    assert row.coverage == pytest.approx(1 - 1000 / HZ)
    text = render_summary([row])
    assert "≈" in text
    assert "never arrived" in text


def test_a_table_says_simulated(session: Path) -> None:
    text = render_summary(summary_rows([session]))
    assert "simulated" in text.splitlines()[-1]
    assert "idle" in text


def test_hostile_names_do_not_steer_the_terminal(tmp_path: Path) -> None:
    path = make_session(tmp_path / "a.hvs", None, ["\x1b]0;owned\x07[bold]x"])
    assert "\x1b" not in render_summary(summary_rows([path]))
    assert "[bold]x" in render_summary(summary_rows([path]))


def test_a_run_without_switches_has_no_quantiles(tmp_path: Path) -> None:
    path = make_session(tmp_path / "a.hvs", [[hello(), heartbeat(1, START + HZ)]])
    (row,) = summary_rows([path])
    assert row.switches == 0
    assert math.isnan(row.p50_ns)
    assert row.as_dict()["p50_ns"] is None
    assert row.reason == "interrupted"
    (written,) = export_session(path, tmp_path / "a.parquet")
    assert written.rows == 0
    assert "no switches" in plot_sessions([path])


def test_plots_are_drawn(session: Path) -> None:
    text = plot_sessions([session])
    assert "longest switch over time" in text
    assert "switches by length" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("ns", "text"),
    [(0, "0 ns"), (41.6, "41.6 ns"), (999.7, "1.00 µs"), (8250, "8.25 µs"), (30.1e6, "30.1 ms"),
     (4.07e6, "4.07 ms"), (2.5e9, "2.50 s"), (math.nan, "–")],
)  # fmt: skip
def test_durations_have_three_digits(ns: float, text: str) -> None:
    assert duration(ns) == text


def test_causes_are_told_by_rule(tmp_path: Path) -> None:
    path = make_session(tmp_path / "a.hvs", [run_values((0, 1)), run_values((1,), seed=9)])
    before = switches_of(path)
    assert before["cause"].null_count() == before.height
    done_ns = before.filter((pl.col("run") == 0) & (pl.col("cpu") == 0))["t_ns"][100]
    lines = [
        {"action": "pause 'nobody runs'", "t_ns": 5},
        {"action": "run start", "run": 0},
        {"action": "pause 'dom1'\x1b[2J", "t_ns": done_ns},
        {"action": "no moment is known"},
        {"action": "run end", "run": 0},
        {"action": "pause 'too late'", "t_ns": done_ns},
        {"action": "run start", "run": 1},
    ]
    (path / "actions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + "{")
    frame = switches_of(path).with_columns(pl.col("cause").cast(pl.String))
    near = (
        (pl.col("run") == 0)
        & (pl.col("t_ns") + pl.col("gap_ns") >= done_ns)
        & (pl.col("t_ns") - 50_000_000 <= done_ns)
    )
    assert frame.filter(near).height > 0
    assert set(frame.filter(near)["cause"]) == {"with: pause 'dom1'"}
    assert frame.filter(~near)["cause"].null_count() == frame.filter(~near).height
    assert pl.read_parquet_metadata(tmp_path / "all.parquet")["hvconsole.cause_by"] == "rule"
    for suffix in (".csv", ".arrow"):
        export_session(path, tmp_path / f"all{suffix}")
    told = pl.read_csv(tmp_path / "all.csv")["cause"].drop_nulls()
    assert set(told) == {"with: pause 'dom1'"}


def test_an_artefact_and_a_note_are_causes(tmp_path: Path) -> None:
    at = [START + n * HZ // 1000 for n in range(100)]

    def note(code: NoteCode, start: int, end: int) -> Note:
        return Note(lane=0, code=code, severity=1, start=start - 9, end=end + 9, value=0, text="")

    values = [
        hello(0),
        switches(0, [(tick, 500) for tick in at]),
        note(NoteCode.STALLED, at[50], at[50]),
        note(NoteCode.MOVED, at[60], at[61] - 99),
        heartbeat(0, at[-1] + 600, detected=100, recorded=100),
    ]
    frame = switches_of(make_session(tmp_path / "a.hvs", [values]))
    told = dict.fromkeys(range(60, 100), "hotplug hole")  # it left, and did not come back
    assert {n: c for n, c in enumerate(frame["cause"]) if c is not None} == told | {
        50: "our reader stalled"
    }


def switches_of(session: Path) -> pl.DataFrame:
    out = session.parent / "all.parquet"
    export_session(session, out, force=True)
    return pl.read_parquet(out)
