"""``hvconsole connect``: the console on a board."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hvconsole.commands.common import (
    add_board_argument,
    add_host_key_argument,
    add_run_arguments,
    has_terminal,
    run_settings,
)
from hvconsole.commands.targets import (
    add_over_argument,
    add_sim_arguments,
    labels_of,
    reach,
    sim_options,
)
from hvconsole.config.paths import sessions_dir
from hvconsole.config.settings import Settings, load_settings
from hvconsole.model.problem import UsageProblem
from hvconsole.model.status import Status

if TYPE_CHECKING:
    from hvconsole.ui.doors import Doors
    from hvconsole.ui.source import Console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the board and how the console behaves."""
    add_board_argument(parser)
    parser.add_argument(
        "--read-only", action="store_true", help="measure, but change nothing on the board"
    )
    parser.add_argument(
        "--record",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="keep everything as a session (on unless the settings say otherwise)",
    )
    parser.add_argument(
        "--start",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="begin to measure at once (on, unless --read-only)",
    )
    parser.add_argument(
        "--theme", metavar="NAME", help="colours; the palette in the console lists them"
    )
    add_host_key_argument(parser)
    add_run_arguments(parser)
    add_over_argument(parser)
    add_sim_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Open the console; return when it is left."""
    words = sim_options(arguments)
    labels = labels_of(arguments.board)
    settings = load_settings().settings
    require_terminal(f"hvconsole record {arguments.board}")
    recorded = settings.record if arguments.record is None else arguments.record
    from hvconsole.commands.doors import CommandDoors

    doors = CommandDoors(
        run_settings(arguments, None),
        new_path=new_session_path if recorded else None,
        read_only=arguments.read_only,
        accept_new_host_key=arguments.accept_new_host_key,
        start=not arguments.read_only if arguments.start is None else arguments.start,
    )
    first = Status(board=arguments.board, labels=labels, read_only=arguments.read_only)
    console = doors.console(first, lambda: reach(arguments.board, words, over=arguments.over))
    theme = arguments.theme or settings.theme
    return show(console, settings, doors, theme=theme, read_only=arguments.read_only)


def first_run(theme: str = "") -> int:
    """Open the console on the list of boards; return when it is left."""
    settings = load_settings().settings
    from hvconsole.commands.doors import CommandDoors
    from hvconsole.ui.doors import NoConsole

    doors = CommandDoors(new_path=new_session_path if settings.record else None)
    return show(
        NoConsole(Status(board="", link="none")), settings, doors, theme=theme or settings.theme
    )


def show(
    console: Console,
    settings: Settings,
    doors: Doors,
    *,
    theme: str = "",
    read_only: bool = False,
    recorded: Path | None = None,
) -> int:
    """Run the console's screens until it is left; return the exit status.

    Args:
        console: What is shown first.
        settings: The user's.
        doors: What else it can be opened on.
        theme: Name of a theme; empty takes the default.
        read_only: Say that nothing is changed.
        recorded: Folder of the recording, where the console is one.
    """
    from hvconsole.commands.later import LaterCampaigns
    from hvconsole.config.keys import checked_keys, load_keys
    from hvconsole.config.paths import settings_file
    from hvconsole.ui.actions import BY_ID
    from hvconsole.ui.app import HvconsoleApp
    from hvconsole.ui.keymap import clashes

    own = load_keys(BY_ID)
    older = checked_keys(settings.keys, BY_ID, source=str(settings_file()))
    keys = {**older.keys, **own.keys}
    app = HvconsoleApp(
        console,
        theme=theme or None,
        read_only=read_only,
        frames_per_second=settings.frames_per_second,
        keys=keys,
        doors=doors,
        recorded=recorded,
        campaigns=None if read_only else LaterCampaigns(),
        told=(*older.problems, *own.problems, *clashes(keys)),
    )
    app.run()
    status = app.source.status
    if status.recording is not None and status.recorded_bytes:
        sys.stdout.write(
            f"recorded in {status.recording}\nnext: hvconsole summary --plot {status.recording}\n"
        )
    return app.return_code or 0


def new_session_path(board: str) -> Path:
    """Return where the console's next recording goes."""
    return sessions_dir() / f"{board}-{datetime.now():%Y%m%d-%H%M%S}.hvs"  # noqa: DTZ005  # the user's own clock names the folder


def require_terminal(instead: str) -> None:
    """Refuse to paint into a pipe.

    Raises:
        UsageProblem: Standard input or output is no terminal.
    """
    if not has_terminal():
        raise UsageProblem("the console needs a terminal", hint=f"without one: {instead}")
