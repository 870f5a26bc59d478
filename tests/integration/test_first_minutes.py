"""The walk of a newcomer's first minutes, in a real terminal: what the docs promise is there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

WALK = Path(__file__).parents[2] / "docs" / "walk.py"


def test_a_newcomer_comes_from_the_list_of_boards_to_a_recording(
    tmp_path: Path, missing: Callable[[str], None]
) -> None:
    if shutil.which("tmux") is None:
        missing("tmux")
    kept = Path(os.environ.get("HVCONSOLE_PICTURES", tmp_path)) / "first-minutes"
    shutil.rmtree(kept, ignore_errors=True)
    done = subprocess.run(
        [sys.executable, WALK, kept], capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    screens = {path.stem[3:]: path.read_text() for path in kept.glob("*.txt")}
    assert len(screens) == len(list(kept.glob("*.ansi"))) == done.stdout.count(" seen")
    for name, screen in screens.items():
        assert "Traceback" not in screen, name
        if name not in {"boards", "left"}:
            assert " simulated " in screen.partition("\n")[0], f"{name}: said on every screen"
    assert " CPU " in screens["range-table"].partition("longest at")[2]
    assert "rows in" in screens["exported"], "a recording is written as Parquet"
    assert "relative to" in screens["compare"]
    assert "▼ done: " in screens["markers"], "what was done stands in the chart"
    assert "ms" in screens["markers"].partition("figures")[2], "the guest took the CPU for long"
