"""The actions of a session, read as they are written: actions.jsonl, line by line.

The file may belong to a recording that goes on, may be cut off, and may hold anything: lines that
make no sense are passed over and counted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from hvconsole.record.capture import ACTIONS

_LONGEST = 1 << 20
_MOST = 20_000


@dataclass(frozen=True, slots=True)
class Act:
    """One action.

    Attributes:
        wall_s: When, seconds since the epoch; 0 where the line does not say.
        at_s: When on the samples' clock, seconds since the run's start; None outside a run.
        what: The action, in the words of whoever did it.
        details: All else the line says.
    """

    wall_s: float
    at_s: float | None
    what: str
    details: Mapping[str, Any] = field(default_factory=dict)


class ActionTail:
    """Follows the actions of one session.

    Args:
        session: The session's folder.

    Attributes:
        acts: What was read so far, oldest first.
        unreadable: Lines that made no sense.
    """

    def __init__(self, session: Path) -> None:
        self.session = session
        self.acts: list[Act] = []
        self.unreadable = 0
        self._offset = 0
        self._rest = b""

    def read(self) -> bool:
        """Read what was added since; tell whether there was anything. Cheap where there is not."""
        path = self.session / ACTIONS
        try:
            if path.stat().st_size <= self._offset:
                return False
            with path.open("rb") as file:
                file.seek(self._offset)
                data = file.read(_LONGEST)
        except OSError:
            return False
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST:  # no line of ours is that long
            self._rest = b""
            self.unreadable += 1
        before = len(self.acts)
        for line in lines:
            self._take(line)
        return len(self.acts) != before

    def _take(self, line: bytes) -> None:
        if not line.strip():
            return
        act = parse_act(line)
        if act is None or len(self.acts) >= _MOST:
            self.unreadable += 1
        else:
            self.acts.append(act)


def parse_act(line: bytes) -> Act | None:
    """Return the action of a line; None where it makes no sense. Takes anything."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("action"), str):
        return None
    what = entry.pop("action")
    t_ns = entry.pop("t_ns", None)
    entry.pop("host_ns", None)
    at_s = t_ns / 1e9 if isinstance(t_ns, int | float) and not isinstance(t_ns, bool) else None
    return Act(_wall(entry.pop("utc", None)), at_s, what, entry)


def _wall(text: object) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0
