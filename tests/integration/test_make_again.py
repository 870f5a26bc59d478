"""A report's own commands make its runs again: on the simulated board, to the very same figures."""

from __future__ import annotations

import html
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from hvconsole.analysis.runs import measured_runs


def hvconsole(*words: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "hvconsole", *words],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE", "CONFIG", "SESSIONS"):
        monkeypatch.setenv(f"HVCONSOLE_{name}_DIR", str(tmp_path / name.lower()))


def test_the_commands_of_a_report_give_the_same_figures(tmp_path: Path) -> None:
    words = ["--seed", "11", "--mode", "xen-credit", "--speed", "4", "--seconds", "2"]
    hvconsole("record", "sim", *words, "--label", "credit", "--out", "one.hvs", folder=tmp_path)
    hvconsole("report", "one.hvs", "-o", "page.html", folder=tmp_path)
    page = (tmp_path / "page.html").read_text()
    found = re.search(r"<pre>(.*?)</pre>", page, re.DOTALL)
    assert found is not None
    again, report = (shlex.split(line) for line in html.unescape(found[1]).splitlines())
    assert again[:3] == ["hvconsole", "record", "sim"]
    assert report[:2] == ["hvconsole", "report"]
    again[again.index("one.hvs")] = "two.hvs"
    hvconsole(*again[1:], folder=tmp_path)
    one, two = (measured_runs([tmp_path / name])[0] for name in ("one.hvs", "two.hvs"))
    assert one.figures.switches > 0
    assert one.figures.condition == two.figures.condition == "credit (simulated)"
    for figure in ("switches", "rate", "lost_percent", "p50_ns", "p99_ns", "p999_ns", "max_ns"):
        assert getattr(one.figures, figure) == getattr(two.figures, figure), figure
    assert (one.counts == two.counts).all()
