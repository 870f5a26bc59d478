"""Which recordings are meant: a campaign's folder stands for the sessions that it kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from hvconsole.analysis.chosen import _kept, sessions_in
from hvconsole.model.problem import RecordProblem


def campaign(folder: Path, *lines: dict[str, object] | str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    (folder / "campaign.jsonl").write_text(text)
    return folder


def run(session: str, outcome: str = "kept") -> dict[str, object]:
    return {"kind": "run", "number": 1, "outcome": outcome, "session": session}


def test_a_campaign_stands_for_what_it_kept_in_its_order(tmp_path: Path) -> None:
    folder = campaign(
        tmp_path / "a.hvc",
        {"kind": "begin", "board": "sim"},
        run("002.hvs"),
        run("001.hvs"),
        run("003.hvs", "failed"),
        run("", "not available"),
        '{"kind":"run","outcome":"kept","sess',
    )
    one = tmp_path / "one.hvs"
    assert sessions_in([one, folder]) == [one, folder / "002.hvs", folder / "001.hvs"]


@pytest.mark.parametrize("name", ["../up.hvs", "/etc", "a/b.hvs", "..", "", 7, None])
def test_a_log_names_nothing_outside_of_its_folder(tmp_path: Path, name: object) -> None:
    folder = campaign(tmp_path / "a.hvc", {**run("x"), "session": name})
    with pytest.raises(RecordProblem, match="no run that was kept"):
        sessions_in([folder])


def test_a_folder_without_a_log_is_no_campaign(tmp_path: Path) -> None:
    (tmp_path / "a.hvc").mkdir()
    with pytest.raises(RecordProblem, match="is no campaign"):
        sessions_in([tmp_path / "a.hvc"])


@given(st.text())
def test_whatever_stands_in_the_log_is_no_crash(text: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "campaign.jsonl").write_text(text, "utf-8", "surrogatepass")
        assert all(isinstance(name, str) for name in _kept(Path(folder)))
