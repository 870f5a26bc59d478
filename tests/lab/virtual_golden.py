"""Figures in virtual time held against kept ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hvconsole.record.manifest import read_manifest

GOLDEN = Path(__file__).parent / "golden"


def hold_against_golden(runs: dict[str, Any], session: Path, name: str) -> None:
    """Same versions, same bits. Other versions of kernel, Xen or compiler cost about the same.

    Args:
        runs: Each condition's figures, as ``lab measure --json`` tells them.
        session: Where they are recorded.
        name: The file of kept ones.
    """
    golden = json.loads((GOLDEN / name).read_text())
    manifest = read_manifest(session)
    told = manifest.facts | {
        "sampler": manifest.probes["hvsampler"],
        "compiler": manifest.built_by["hvsampler"],
    }
    is_same = all(told.get(what) == version for what, version in golden["versions"].items())
    assert set(runs) == set(golden["runs"])
    for condition, wanted in golden["runs"].items():
        if is_same:
            assert {key: runs[condition][key] for key in wanted} == wanted, condition
        else:
            assert runs[condition]["lost_ns"] == pytest.approx(wanted["lost_ns"], rel=0.1), (
                condition
            )
