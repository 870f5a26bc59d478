"""Where the lab keeps its things, what its boards are called, how a step tells how far it is."""

from __future__ import annotations

import os
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

from hvconsole.config.named import named
from hvconsole.config.paths import cache_dir
from hvconsole.model.problem import UsageProblem

Tell = Callable[[str, float], None]
"""Called with what is being done, and the fraction (0 to 1) of the whole that is done."""

FILES = Path(__file__).resolve().parent / "files"
VIRT_BOARD, BANANA_BOARD, ARM64_BOARD = "lab-virt", "lab-bpi", "lab-arm64"
BOARDS = (VIRT_BOARD, BANANA_BOARD, ARM64_BOARD)


def lab_dir() -> Path:
    """Folder of images, running boards and the lab's own keys (``HVCONSOLE_LAB_DIR``)."""
    value = os.environ.get("HVCONSOLE_LAB_DIR")
    return named(value).resolve() if value else cache_dir() / "lab"


def run_dir(name: str) -> Path:
    """Folder of one board: its sockets, logs, state and host key."""
    return lab_dir() / "run" / check_name(name)


def snapshots_dir() -> Path:
    """Folder of disks with a booted board's memory in them."""
    return lab_dir() / "snapshots"


def check_name(name: str) -> str:
    """Return a lab board's name.

    Raises:
        UsageProblem: There is none of that name.
    """
    if name in BOARDS:
        return name
    near = get_close_matches(name, BOARDS, n=1)
    raise UsageProblem(
        f"the lab has no board '{name}'",
        hint=f"did you mean '{near[0]}'?" if near else f"choose from: {', '.join(BOARDS)}",
    )


def quiet(_step: str, _fraction: float) -> None:
    """Tell nobody."""
