"""The figures of runs as a file, for other tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from hvconsole.analysis.labels import NAMES
from hvconsole.analysis.runs import RunFigures
from hvconsole.model.problem import RecordProblem, UsageProblem


def write_runs(figures: Sequence[RunFigures], out: Path) -> None:
    """Write one row a run, as ``.csv`` or ``.parquet``; artefacts stand in columns of their own.

    Raises:
        UsageProblem: The name ends in something else.
        RecordProblem: The file cannot be written.
    """
    if out.suffix not in {".csv", ".parquet"}:
        raise UsageProblem(
            f"{out}: unknown kind of file '{out.suffix}'", hint="end the name in .csv or .parquet"
        )
    table = pl.DataFrame([_flat(one) for one in figures], infer_schema_length=None)
    try:
        if out.suffix == ".csv":
            table.write_csv(out)
        else:
            table.write_parquet(out)
    except OSError as error:
        raise RecordProblem(f"{out} cannot be written", detail=str(error)) from error


def _flat(figures: RunFigures) -> dict[str, Any]:
    row = asdict(figures)
    row["labels"] = ", ".join(figures.labels)
    row["cpus"] = ",".join(map(str, figures.cpus))
    del row["artefacts"]
    for bit, name in NAMES.items():
        number, lost = figures.artefacts.get(name, (0, 0))
        key = (bit.name or "").lower()
        row |= {f"{key}_switches": number, f"{key}_ns": lost}
    return row
