"""The walk of a newcomer's first minutes, in a real terminal: what the docs promise is there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import which

WALK = Path(__file__).parents[2] / "docs" / "walk.py"


def test_a_newcomer_comes_from_the_list_of_boards_to_a_recording(
    tmp_path: Path, missing: Callable[[str], None]
) -> None:
    if which("tmux") is None:
        missing("tmux")
    done = subprocess.run(
        [sys.executable, WALK, tmp_path], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    screens = {path.stem[3:]: path.read_text() for path in tmp_path.glob("*.txt")}
    assert len(screens) == len(list(tmp_path.glob("*.ansi"))) == done.stdout.count(" seen")
    for name, screen in screens.items():
        assert "Traceback" not in screen, name
        if name not in {"boards", "left"}:
            assert " simulated " in screen.partition("\n")[0], f"{name}: said on every screen"
    assert "▼ done: " in screens["markers"], "what was done stands in the chart"
    assert "ms" in screens["markers"].partition("figures")[2], "the guest took the CPU for long"
