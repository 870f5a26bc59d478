"""Which recordings are meant: sessions by name, and campaigns, of which the kept runs count."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from hvconsole.model.problem import RecordProblem

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


def _sessions(path: Path) -> list[Path]:
    if path.suffix != CAMPAIGN and not (path / _LOG).is_file():
        return [path]
    kept = [path / name for name in _kept(path)]
    if not kept:
        raise RecordProblem(
            f"{path} has no run that was kept yet",
            hint=f"go on with it: hvconsole run --resume {path}",
        )
    return kept


def _kept(folder: Path) -> Iterator[str]:
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
        if isinstance(entry, dict) and entry.get("outcome") == "kept":
            name = entry.get("session")
            # The log is a file like any other: it names folders within its own, nothing else.
            if isinstance(name, str) and name and Path(name).name == name and name != "..":
                yield name
