"""``hvconsole connect``: the console on a board."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hvconsole.commands.common import (
    add_board_argument,
    add_host_key_argument,
    add_run_arguments,
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
from hvconsole.config.settings import load_settings
from hvconsole.model.problem import UsageProblem
from hvconsole.model.status import Status

if TYPE_CHECKING:
    from hvconsole.session.session import Session


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
    from hvconsole.commands.deferred import DeferredConsole
    from hvconsole.ui.app import HvconsoleApp

    @contextlib.asynccontextmanager
    async def console() -> AsyncIterator[Session]:
        from hvconsole.commands.sessions import live_session

        async with reach(arguments.board, words, over=arguments.over) as profile:
            yield live_session(
                profile,
                run_settings(arguments, None),
                record_to=new_session_path(profile.name) if recorded else None,
                accept_new_host_key=arguments.accept_new_host_key,
                read_only=arguments.read_only,
                start=not arguments.read_only if arguments.start is None else arguments.start,
            )

    first = Status(board=arguments.board, labels=labels, read_only=arguments.read_only)
    session = DeferredConsole(first, console, needs=("hvconsole.commands.sessions",))
    app = HvconsoleApp(
        session,
        theme=arguments.theme or settings.theme or None,
        read_only=arguments.read_only,
        frames_per_second=settings.frames_per_second,
        keys=settings.keys,
    )
    app.run()
    recording = session.status.recording
    if recording is not None and session.status.recorded_bytes:
        sys.stdout.write(f"recorded in {recording}\nnext: hvconsole summary --plot {recording}\n")
    return app.return_code or 0


def new_session_path(board: str) -> Path:
    """Return where the console's next recording goes."""
    return sessions_dir() / f"{board}-{datetime.now():%Y%m%d-%H%M%S}.hvs"  # noqa: DTZ005  # the user's own clock names the folder


def require_terminal(instead: str) -> None:
    """Refuse to paint into a pipe.

    Raises:
        UsageProblem: Standard input or output is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageProblem("the console needs a terminal", hint=f"without one: {instead}")
