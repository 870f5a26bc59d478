"""``hvconsole record``: one measured run without a screen."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
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
    from hvconsole.model.board import BoardProfile
    from hvconsole.session.run import RunEnd
    from hvconsole.session.session import Session
    from hvconsole.session.xentrace import RunTrace

DEFAULT_SECONDS = 10.0
_LOOK_S = 0.5
# A trace begins before its run is prepared: the sampler may have to be built on the board first.
_PREPARING_S = 600.0


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
    parser.add_argument(
        "--xentrace",
        action="store_true",
        help="keep Xen's scheduler records beside the samples: which vCPU ran when",
    )
    parser.add_argument(
        "--guest",
        action="append",
        default=[],
        metavar="NAME",
        help="sample in this guest as well, through its console; repeatable",
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
        session.guests.want(arguments.guest)
        trace = None
        if arguments.xentrace:
            accept = arguments.accept_new_host_key
            trace = _trace(profile, accept_new_host_key=accept)
        await _measure(session, arguments.seconds, trace, out)


def _trace(profile: BoardProfile, *, accept_new_host_key: bool) -> RunTrace:
    from hvconsole.commands.sessions import network_maker
    from hvconsole.session.xentrace import RunTrace

    if profile.kind == "serial":
        raise UsageProblem(
            f"--xentrace needs a connection of its own, and '{profile.name}' has one serial line",
            hint='give the board an address, ssh = "root@ADDRESS", or record without --xentrace',
        )
    link = network_maker(profile, accept_new_host_key=accept_new_host_key)()
    return RunTrace(link, profile.name)


async def _measure(session: Session, seconds: float, trace: RunTrace | None, out: Path) -> None:
    """Run once, from the connection to the last byte on disk; progress goes to stderr."""
    try:
        await session.open()
        if trace is None:
            end = await _run_once(session, seconds)
            problem = session.status.problem
        else:
            await trace.start(seconds + _PREPARING_S)
            sys.stderr.write(f"Xen's scheduler is traced: {trace.cost}\n")

            def begun() -> None:
                trace.keep_in(out)
                session.note_action("xentrace")  # figures of traced runs are not those of others

            try:
                end = await _run_once(session, seconds, begun)
            finally:
                traced = await trace.stop()
            problem = session.status.problem or traced.problem
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


async def _run_once(
    session: Session, seconds: float, begun: Callable[[], None] = lambda: None
) -> RunEnd:
    from hvconsole.commands.progress import follow

    await session.start_run()
    begun()
    shown = asyncio.create_task(follow(session, seconds))
    try:
        return await _end_or_trouble(session)
    finally:
        shown.cancel()


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
