"""What the rules of causes have in common, live under the cursor and in an export afterwards."""

from __future__ import annotations

from typing import Final

from hvconsole.wire.values import NoteCode

AFTER_S: Final = 0.05
"""An action's time is good to some milliseconds, and what it starts takes some more."""
NOTED: Final[dict[int, str]] = {
    NoteCode.MOVED: "moved to another CPU",
    NoteCode.STALLED: "our reader stalled",
}
