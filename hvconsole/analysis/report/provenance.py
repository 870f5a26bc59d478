"""Where a report's figures come from, down to hashes, and the commands that make them again."""

from __future__ import annotations

import hashlib
import math
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hvconsole.analysis.report.markup import table, text
from hvconsole.model.problem import RecordProblem
from hvconsole.record.capture import FRAMES
from hvconsole.record.manifest import FILE, Manifest, RunEntry

_PORTION = 1 << 20
_MOST_FACTS = 120


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256.

    Raises:
        RecordProblem: It cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while portion := file.read(_PORTION):
                digest.update(portion)
    except OSError as error:
        raise RecordProblem(
            f"{path} cannot be read", detail=error.strerror or str(error)
        ) from error
    return digest.hexdigest()


def provenance(path: Path, manifest: Manifest) -> str:
    """Return what is known of a session, folded up under its name."""
    rows = [(key, value) for key, value in _rows(path, manifest) if value]
    return (
        f"<details><summary>{text(path.name)}</summary>\n"
        f"{table(('', ''), rows, numbers_from=2)}</details>\n"
    )


def _rows(path: Path, manifest: Manifest) -> Iterator[tuple[str, str]]:
    frames = path / FRAMES
    yield "board", f"{manifest.board} ({manifest.kind})" if manifest.kind else manifest.board
    yield "these figures are", ", ".join(manifest.labels) or "measured"
    yield "recording", f"{manifest.state}, begun {manifest.created}"
    yield "recorded by", f"hvconsole {manifest.hvconsole}"
    yield "SHA-256 of frames.bin", sha256_of(frames)
    yield "size of frames.bin", f"{frames.stat().st_size:,} bytes"
    if (path / FILE).is_file():
        yield "SHA-256 of manifest.toml", sha256_of(path / FILE)
    for name, value in sorted(manifest.host.items()):
        yield f"console's {name}", value
    for name, value in sorted(manifest.probes.items()):
        yield f"SHA-256 of {name}", value
    for name, value in sorted(manifest.built_by.items()):
        yield f"{name} built by", value
    facts = list(_flat(manifest.facts))
    yield from facts[:_MOST_FACTS]
    if len(facts) > _MOST_FACTS:
        yield "and more", f"{len(facts) - _MOST_FACTS} facts more stand in manifest.toml"


def _flat(facts: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in facts.items():
        name = f"{before}{key}"
        if isinstance(value, dict):
            yield from _flat(value, f"{name}.")
        elif isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
            for i, one in enumerate(value):
                yield from _flat(one, f"{name}.{i}.")
        elif isinstance(value, list):
            yield name, ", ".join(map(str, value))
        else:
            yield name, str(value)


def record_commands(manifest: Manifest, entry: RunEntry, session: str) -> list[str]:
    """Return the commands that make a run again: the board prepared likewise, the same settings.

    A simulated board is made anew with the seed and in the mode that it had. What needs several
    commands needs one that is kept between them.
    """
    prepared = [list(map(str, words)) for words in entry.settings.get("prepared") or ()]
    made = dict(manifest.made)
    if not made:
        return [*_prepare(manifest.board, prepared), shlex.join(_record(manifest, entry, session))]
    made["mode"] = next((w[1] for w in prepared if w[0] == "boot"), made.get("mode", ""))
    options = [word for key, value in made.items() if value for word in (f"--{key}", value)]
    rest = [words for words in prepared if words[0] != "boot"]
    if not rest:
        return [shlex.join([*_record(manifest, entry, session), *options])]
    return [
        shlex.join(["hvconsole", "sim", "start", *options]),
        *_prepare(manifest.board, rest),
        shlex.join(_record(manifest, entry, session)),
        "hvconsole sim stop",
    ]


def _prepare(board: str, prepared: Sequence[Sequence[str]]) -> list[str]:
    """Say what was done before; there is no command of ours that sets a governor alone."""
    lines = []
    for command, *words in prepared:
        if command == "boot":
            lines.append(shlex.join(["hvconsole", "boot", board, *words]))
        elif command == "hv":
            lines.append(shlex.join(["hvconsole", "hv", board, *words, "--yes"]))
        else:
            lines.append(f"# on {board}: {shlex.join([command, *words])}")
    return lines


def _record(manifest: Manifest, entry: RunEntry, session: str) -> list[str]:
    words = ["hvconsole", "record", manifest.board]
    settings = entry.settings
    seconds = settings.get("seconds")
    if isinstance(seconds, int | float) and math.isfinite(seconds):
        words += ["--seconds", f"{seconds:g}"]
    words += _options(settings)
    for guest in manifest.guests:
        if any(run.beside == entry.run for run in guest.runs):
            words += ["--guest", guest.guest]
    if entry.condition:
        words += ["--label", entry.condition]
    return [*words, "--out", session]


def _options(settings: dict[str, Any]) -> Iterator[str]:
    if settings.get("threshold_ns"):
        yield from ("--threshold", str(settings["threshold_ns"]))
    if settings.get("cpus"):
        yield from ("--cpu", ",".join(map(str, settings["cpus"])))
    if settings.get("counter", "auto") != "auto":
        yield from ("--counter", str(settings["counter"]))
    for load in settings.get("loads") or ():
        if isinstance(load, dict):
            yield from ("--load", f"{load.get('name')}@{load.get('cpu')}")
    if settings.get("fifo"):
        yield from ("--fifo", str(settings["fifo"]))
    if settings.get("fenced"):
        yield "--fence"
    if settings.get("guest"):
        yield from ("--guest", str(settings["guest"]))
    if settings.get("window_ms") is not None:
        yield from ("--window-ms", str(settings["window_ms"]))


def report_command(paths: Sequence[Path], reference: str | None, out: Path) -> str:
    """Return the words that make the report again from the same recordings."""
    words = ["hvconsole", "report", *map(str, paths)]
    if reference is not None:
        words += ["--reference", reference]
    return shlex.join([*words, "--out", str(out)])
