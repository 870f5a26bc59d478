"""One thing that was looked at before something is done, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What was looked at: ``counter``.
        state: How it stands.
        why: What was seen.
        fix: What to do about it; empty where nothing has to be done.
    """

    name: str
    state: State
    why: str
    fix: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the check for machine-readable output."""
        return {"check": self.name, "state": self.state, "why": self.why, "fix": self.fix}
