"""Where the lab keeps its things, and how a step tells how far it is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from hvconsole.config.paths import cache_dir

Tell = Callable[[str, float], None]
"""Called with what is being done, and the fraction (0 to 1) of the whole that is done."""

FILES = Path(__file__).resolve().parent / "files"


def lab_dir() -> Path:
    """Folder of images, running boards and the lab's own keys (``HVCONSOLE_LAB_DIR``)."""
    value = os.environ.get("HVCONSOLE_LAB_DIR")
    return Path(value).expanduser().resolve() if value else cache_dir() / "lab"


def run_dir(name: str) -> Path:
    """Folder of one board: its sockets, logs, state and host key."""
    return lab_dir() / "run" / name


def quiet(_step: str, _fraction: float) -> None:
    """Tell nobody."""
