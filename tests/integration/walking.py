"""Walks from the keyboard in a real terminal: `docs/walk.py`'s, with steps of a test's own."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from shutil import which
from types import ModuleType

ROOT = Path(__file__).parents[2]
LEFT = r"left with status 0"

Step = tuple[tuple[str, ...], str]
"""What is pressed, and what must be seen then."""


def walk(steps: Sequence[Step], words: Sequence[str], missing: Callable[[str], None]) -> None:
    """Do steps in the console that `words` start, with folders of its own.

    Raises:
        AssertionError: Something did not come; with the screen that stood there.
    """
    if which("tmux") is None:
        missing("tmux")
    walker = script()
    with tempfile.TemporaryDirectory(prefix="walk-") as home:
        terminal = walker.Terminal(Path(home), (160, 48))
        places = {f"HVCONSOLE_{one}_DIR": f"{home}/{one}" for one in ("STATE", "CONFIG")}
        places |= {"HVCONSOLE_SESSIONS_DIR": f"{home}/sessions", "XDG_RUNTIME_DIR": home}
        terminal.begin([sys.executable, "-m", "hvconsole", *words], places)
        try:
            for keys, seen in steps:
                assert terminal.does(walker.Step("", keys, seen)), (
                    f"{keys}: not seen: {seen}\n{terminal.screen()}"
                )
        finally:
            terminal.end()


def script() -> ModuleType:
    """Return the script that walks through the console (docs/walk.py), as a module."""
    spec = importlib.util.spec_from_file_location("walk", ROOT / "docs" / "walk.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["walk"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
