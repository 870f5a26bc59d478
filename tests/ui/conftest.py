"""What the tests of the console share: a calm environment and ways to look at the screen."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def calm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No colours or themes from outside, no clock that moves the pictures."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("COLORTERM", raising=False)
    monkeypatch.setenv("HVCONSOLE_CONFIG_DIR", str(tmp_path / "config"))
    # Tests press keys faster than people; what a key does that is held has a test of its own.
    monkeypatch.setattr("hvconsole.ui.held.HELD_S", 0.0)
