"""Runs in guests, compared and reported: conditions of their own beside the board's."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from sessions import encode, run_values

from hvconsole.analysis.compare import compare
from hvconsole.analysis.compare_text import render_comparison
from hvconsole.analysis.report.page import write_report
from hvconsole.analysis.runs import figures_in_order, measured_runs
from hvconsole.analysis.runs_table import write_runs
from hvconsole.model.run import RunSettings
from hvconsole.record.capture import SessionWriter
from hvconsole.record.guest import file_of
from hvconsole.record.manifest import GuestEntry, new_manifest

HOSTILE = "b[usy]\x1b[2J<i>"


def session(folder: Path, runs: int = 2, guest: str = "busy") -> Path:
    """Return a session of runs; in the guest each but the first was sampled as well."""
    writer = SessionWriter.create(folder / "a.hvs", new_manifest("b", labels=("emulated",)))
    entry = GuestEntry(guest=guest, key="3", system="xen", file=file_of(writer.manifest))
    beside = None
    for number in range(runs):
        writer.begin_run(RunSettings(), "xen-credit")
        writer.frames(encode(run_values(cpus=(0, 1), each=400, seed=number)))
        if number:
            beside = beside or writer.guest(entry)
            beside.begin_run(RunSettings(), "xen-credit")
            beside.frames(encode(run_values(cpus=(0,), each=100, seed=number)))
            beside.end_run("time")
        writer.end_run("time")
    writer.close()
    return folder / "a.hvs"


def test_a_guests_runs_are_a_condition_of_their_own(tmp_path: Path) -> None:
    figures = figures_in_order(measured_runs([session(tmp_path)]))
    assert [(one.condition, one.guest, one.run, one.switches) for one in figures] == [
        ("xen-credit (emulated)", "", 0, 800),
        ("xen-credit (emulated)", "", 1, 800),
        ("xen-credit · guest busy (emulated)", "busy", 1, 100),
    ]
    host, _, guest = figures
    assert guest.labels == host.labels == ("emulated",)
    assert guest.cpus == (0,)
    assert guest.artefacts == {}
    assert guest.lost_percent > 0


def test_they_are_compared_and_the_order_is_the_boards(tmp_path: Path) -> None:
    found = compare(figures_in_order(measured_runs([session(tmp_path, runs=4)])))
    assert [one.name for one in found.conditions] == [
        "xen-credit (emulated)",
        "xen-credit · guest busy (emulated)",
    ]
    assert [len(one.runs) for one in found.conditions] == [4, 3]
    text = render_comparison(found)
    assert "guest busy" in text
    assert "runs in guests are conditions of their own" in text
    assert "stand together" not in text


def test_the_table_of_runs_says_whose_they_are(tmp_path: Path) -> None:
    write_runs(figures_in_order(measured_runs([session(tmp_path)])), tmp_path / "runs.csv")
    assert pl.read_csv(tmp_path / "runs.csv")["guest"].fill_null("").to_list() == ["", "", "busy"]


def test_the_report_has_them_and_the_command_that_records_both(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    write_report([session(tmp_path, guest=HOSTILE)], out)
    page = out.read_text()
    assert "<i>" not in page.replace("<i></i>", "")
    assert "\x1b" not in page
    assert "· guest b[usy]" in page
    commands = page[page.index("<pre>") :]
    assert commands.count("hvconsole record b ") == 2, "one a run of the board"
    assert commands.count("--guest") == 1
