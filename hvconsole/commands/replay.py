"""``hvconsole replay``: a recorded session in the same screens."""

from __future__ import annotations

import argparse
from pathlib import Path

from hvconsole.commands.connect import require_terminal, show
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

    session = ReplaySession(arguments.session)
    require_terminal(f"hvconsole summary {arguments.session}")
    session.playback.set_speed(arguments.speed)
    settings = load_settings().settings
    from hvconsole.commands.doors import CommandDoors

    theme = arguments.theme or settings.theme
    return show(
        session,
        settings,
        CommandDoors(),
        theme=theme,
        read_only=True,
        recorded=arguments.session,
    )
