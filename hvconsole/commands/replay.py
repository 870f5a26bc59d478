"""``hvconsole replay``: a recorded session in the same screens."""

from __future__ import annotations

import argparse
from pathlib import Path

from hvconsole.commands.connect import require_terminal
from hvconsole.config.settings import load_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the session and how the console behaves."""
    parser.add_argument("session", metavar="SESSION", type=Path, help="a recorded session")
    parser.add_argument(
        "--speed", type=float, default=1.0, metavar="X", help="how fast; 1 as it was"
    )
    parser.add_argument(
        "--theme", metavar="NAME", help="colours; the palette in the console lists them"
    )


def run(arguments: argparse.Namespace) -> int:
    """Open the console on the recording; return when it is left."""
    from hvconsole.session.replay import ReplaySession
    from hvconsole.ui.app import HvconsoleApp

    session = ReplaySession(arguments.session)
    require_terminal(f"hvconsole summary {arguments.session}")
    session.playback.set_speed(arguments.speed)
    settings = load_settings().settings
    app = HvconsoleApp(
        session,
        theme=arguments.theme or settings.theme or None,
        read_only=True,
        frames_per_second=settings.frames_per_second,
        keys=settings.keys,
    )
    app.run()
    return app.return_code or 0
