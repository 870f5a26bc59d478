"""The very first frame, on a real terminal: a name to look at before the charts are loaded."""

from __future__ import annotations

import os
import sys

from on_pty import shown_until

SCRIPT = """
import sys
from hvconsole.cli import main
sys.exit(main(["connect", "local", "--no-record", "--no-start"]))
"""


def test_the_board_is_named_first_and_the_charts_follow() -> None:
    environment = os.environ | {"TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    shown = shown_until([sys.executable, "-c", SCRIPT], b" switches ", environment)
    assert 0 < shown.find(b"opening local") < shown.find(b" switches ")
