"""``hvconsole record``: one measured run without a screen."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hvconsole.commands.common import (
    add_board_argument,
    add_host_key_argument,
    add_json_argument,
    add_run_arguments,
    positive_seconds,
    print_json,
    run_async,
    run_settings,
)
from hvconsole.commands.targets import (
    SimWords,
    add_over_argument,
    add_sim_arguments,
    reach,
    sim_options,
)
from hvconsole.model.problem import Problem, UsageProblem

if TYPE_CHECKING:
    from hvconsole.session.run import RunEnd
    from hvconsole.session.session import Session

DEFAULT_SECONDS = 10.0
_LOOK_S = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the board, the run's options, and where the session goes."""
    add_board_argument(parser)
    parser.add_argument(
        "--seconds",
        type=positive_seconds,
        default=DEFAULT_SECONDS,
        metavar="N",
        help=f"length of the run (default {DEFAULT_SECONDS:g})",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="SESSION",
        help="folder to write (default: BOARD-DATE-TIME.hvs, here)",
    )
    add_host_key_argument(parser)
    add_run_arguments(parser)
    add_over_argument(parser)
    add_sim_arguments(parser)
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure, record, and print the run's figures."""
    words = sim_options(arguments)
    name = arguments.board
    out = arguments.out or Path(f"{name}-{datetime.now():%Y%m%d-%H%M%S}.hvs")  # noqa: DTZ005  # the user's own clock names the folder
    if out.exists():
        raise UsageProblem(
            f"{out} exists already", hint="choose another name with --out, or remove it"
        )
    run_async(_reach_and_measure(arguments, words, out))
    return _report(out, as_json=arguments.json)


async def _reach_and_measure(arguments: argparse.Namespace, words: SimWords, out: Path) -> None:
    async with reach(arguments.board, words, over=arguments.over) as profile:
        from hvconsole.commands.sessions import live_session

        session = live_session(
            profile,
            run_settings(arguments, arguments.seconds),
            record_to=out,
            accept_new_host_key=arguments.accept_new_host_key,
        )
        await _measure(session, arguments.seconds)


async def _measure(session: Session, seconds: float) -> None:
    """Run once, from the connection to the last byte on disk; progress goes to stderr."""
    from hvconsole.commands.progress import follow

    try:
        await session.open()
        await session.start_run()
        shown = asyncio.create_task(follow(session, seconds))
        try:
            end = await _end_or_trouble(session)
        finally:
            shown.cancel()
        problem = session.status.problem
    finally:
        await session.close()
    if problem is not None:
        raise problem
    if not end.clean:
        raise Problem(
            f"the run ended early: {end.reason}",
            detail=end.detail,
            hint="what was recorded until then is kept and can be exported",
        )


async def _end_or_trouble(session: Session) -> RunEnd:
    """Wait for the run's end; a recording that fails ends it, since nobody looks at the rest."""
    ended = asyncio.create_task(session.run_ended())
    while not ended.done() and session.status.problem is None:
        await asyncio.wait({ended}, timeout=_LOOK_S)
    if not ended.done():
        await session.stop_run()
    return await ended


def _report(out: Path, *, as_json: bool) -> int:
    from hvconsole.analysis.render import render_summary
    from hvconsole.analysis.summary import summary_rows

    rows = summary_rows([out])
    if as_json:
        print_json({"session": str(out), "runs": [row.as_dict() for row in rows]})
        return 0
    sys.stdout.write(render_summary(rows) + "\n")
    sys.stdout.write(f"recorded in {out}; next: hvconsole export {out} -o {out.stem}.parquet\n")
    return 0
