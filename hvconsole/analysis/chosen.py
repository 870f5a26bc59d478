"""Which recordings are meant: sessions by name, and campaigns, of which the kept runs count."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from hvconsole.model.problem import RecordProblem
from hvconsole.model.text import plain

CAMPAIGN: Final = ".hvc"
_LOG: Final = "campaign.jsonl"


def sessions_in(paths: Iterable[Path]) -> list[Path]:
    """Return the sessions, a campaign's folder replaced by the sessions it kept, in their order.

    What a campaign began and did not keep (an interrupted run, a failed try) lies in its folder as
    well; it is no repetition of the condition and is left out.

    Raises:
        RecordProblem: A campaign's log cannot be read, or nothing was kept yet.
    """
    return [session for path in paths for session in _sessions(path)]


def missing_in(paths: Iterable[Path]) -> list[str]:
    """Return what campaigns could not have on their boards, with the reasons: sentences."""
    said = {
        f"{_word(entry, 'condition', 44)}: not available: {_word(entry, 'why', 200)}"
        for path in paths
        if _is_campaign(path)
        for entry in _runs(path)
        if entry.get("outcome") == "not available"
    }
    return sorted(said)


def _word(entry: dict[str, Any], key: str, longest: int) -> str:
    return plain(str(entry.get(key, "")), longest)


def _is_campaign(path: Path) -> bool:
    return path.suffix == CAMPAIGN or (path / _LOG).is_file()


def _sessions(path: Path) -> list[Path]:
    if not _is_campaign(path):
        return [path]
    kept = [path / name for name in _kept(path)]
    if not kept:
        raise RecordProblem(
            f"{path} has no run that was kept yet",
            hint=f"go on with it: hvconsole run --resume {path}",
        )
    return kept


def _kept(folder: Path) -> Iterator[str]:
    for entry in _runs(folder):
        name = entry.get("session")
        # The log is a file like any other: it names folders within its own, nothing else.
        is_kept = entry.get("outcome") == "kept" and isinstance(name, str)
        if is_kept and name and Path(name).name == name and name != "..":
            yield name


def _runs(folder: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = (folder / _LOG).read_text("utf-8", "replace").splitlines()
    except OSError as error:
        raise RecordProblem(
            f"{folder} is no campaign", detail=f"{_LOG}: {error.strerror}",
            hint=f"a campaign is a folder NAME{CAMPAIGN} with {_LOG} in it",
        ) from error  # fmt: skip
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue  # cut off while it was written: it counts as not written
        if isinstance(entry, dict):
            yield entry
