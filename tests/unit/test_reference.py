"""The reference of the commands says what the parsers say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hvconsole.cli import COMMANDS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_is_of_now() -> None:
    done = subprocess.run(
        [sys.executable, DOCS / "reference.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_command_is_in_it() -> None:
    page, manual = (DOCS / "commands.md").read_text(), (DOCS / "hvconsole.1").read_text()
    for name in COMMANDS:
        assert f"\n## {name}\n" in page
        assert f".SS hvconsole {name}" in manual
