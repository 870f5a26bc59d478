"""Sessions as Parquet, CSV and Arrow files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import polars as pl
from polars import selectors as cs

from hvconsole import __version__
from hvconsole.analysis.labelled import labelled_switches
from hvconsole.analysis.summary import RunSummary, summarise
from hvconsole.model.problem import RecordProblem, UsageProblem
from hvconsole.record.reader import SessionReader
from hvconsole.record.tables import actions_table, switches_table

SUFFIXES = (".parquet", ".csv", ".arrow")
TABLES = ("switches", "runs", "actions")


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written, and its rows."""

    path: Path
    rows: int


def export_session(
    session: Path, out: Path, *, table: str = "switches", force: bool = False
) -> list[Written]:
    """Write one table of a session, or all of them into a folder.

    The manifest and the accounts (detected, recorded, dropped, received) travel in the metadata
    of Parquet files.

    Args:
        session: The session's folder.
        out: The file; for ``all`` a folder, which gets one Parquet file a table.
        table: ``switches``, ``runs``, ``actions`` or ``all``.
        force: Overwrite what is there.

    Raises:
        UsageProblem: The suffix is unknown, or the output exists.
        RecordProblem: The session cannot be read, or the output not be written.
    """
    reader = SessionReader(session)
    if table == "all":
        out.mkdir(parents=True, exist_ok=True)
        outputs = {name: out / f"{name}.parquet" for name in TABLES}
    else:
        outputs = {table: out}
    for path in outputs.values():
        _check_output(path, force=force)
    rows = summarise(reader)
    metadata = _metadata(reader, rows)
    tables: dict[str, Callable[[], pl.LazyFrame]] = {
        "switches": lambda: _switches(reader),
        "runs": lambda: runs_table(rows),
        "actions": lambda: actions_table(reader),
    }
    return [_write(tables[name](), path, metadata) for name, path in outputs.items()]


def _switches(reader: SessionReader) -> pl.LazyFrame:
    """Return the board's switches; where guests were sampled, theirs too, and a column says whose.

    Artefacts are told for the board's own: what is known of a guest's CPUs does not suffice.
    """
    own = labelled_switches(reader)
    guests = reader.guests()
    if not guests:
        return own
    parts = [own.with_columns(pl.lit(None, dtype=pl.String).alias("guest"))]
    for guest in guests:
        name = guest.guest.guest if guest.guest is not None else ""
        parts.append(switches_table(guest).with_columns(pl.lit(name).alias("guest")))
    return pl.concat(parts)


def runs_table(rows: list[RunSummary]) -> pl.LazyFrame:
    """Return the summary as a table: one row a run and CPU."""
    schema = {
        name: {"str": pl.String, "int": pl.Int64, "float": pl.Float64, "bool": pl.Boolean}.get(
            str(kind), pl.List(pl.String)
        )
        for name, kind in RunSummary.__annotations__.items()
    }
    return pl.DataFrame([row.as_dict() for row in rows], schema=schema).lazy()


def _metadata(reader: SessionReader, rows: list[RunSummary]) -> dict[str, str]:
    accounts = ("run", "cpu", "detected", "recorded", "dropped", "switches", "lost_on_link")
    entries = [
        {name: getattr(row, name) for name in accounts}
        | ({"guest": row.guest} if row.guest else {})
        for row in rows
    ]
    return {
        "hvconsole.version": __version__,
        "hvconsole.manifest": msgspec.json.encode(reader.manifest).decode(),
        "hvconsole.labels": json.dumps(reader.manifest.labels),
        "hvconsole.simulated": json.dumps(reader.manifest.simulated),
        "hvconsole.cause_by": "rule",
        "hvconsole.accounts": json.dumps(entries),
        "hvconsole.damage": msgspec.json.encode(reader.damage).decode(),
        "hvconsole.state": reader.state,
    }


def _check_output(path: Path, *, force: bool) -> None:
    if path.suffix not in SUFFIXES:
        raise UsageProblem(
            f"{path}: unknown kind of file '{path.suffix}'",
            hint=f"end the name in {', '.join(SUFFIXES)}",
        )
    if path.exists() and not force:
        raise UsageProblem(f"{path} exists already", hint="choose another name, or add --force")


def _write(table: pl.LazyFrame, path: Path, metadata: dict[str, str]) -> Written:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if path.suffix == ".parquet":
            table.sink_parquet(temporary, compression="zstd", metadata=metadata)
            rows = pl.scan_parquet(temporary).select(pl.len()).collect().item()
        elif path.suffix == ".arrow":
            table.sink_ipc(temporary, compression="zstd")
            rows = pl.scan_ipc(temporary).select(pl.len()).collect().item()
        else:
            table.with_columns(cs.list().list.join("; ")).sink_csv(temporary)  # CSV has no lists
            rows = pl.scan_csv(temporary).select(pl.len()).collect().item()
        temporary.replace(path)
    except OSError as error:
        raise RecordProblem(
            f"{path} cannot be written",
            detail=str(error),
            hint="is there room, and may you write there?",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return Written(path, int(rows))
