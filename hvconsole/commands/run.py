"""``hvconsole run``: a campaign, unattended, from its plan to its sessions."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hvconsole.commands.common import (
    add_host_key_argument,
    add_json_argument,
    print_json,
    run_async,
)
from hvconsole.commands.plans import find_plan, read
from hvconsole.commands.run_virtual import VIRTUAL_TIME, run_in_virtual_time
from hvconsole.commands.targets import add_sim_arguments, gone_on_with, reach, sim_options
from hvconsole.model.problem import Cancelled, Problem
from hvconsole.model.text import plain
from hvconsole.model.units import approximate

if TYPE_CHECKING:
    from hvconsole.campaign.conduct import Conductor, Event
    from hvconsole.campaign.plan import Plan

_MARKS = {
    "run": "▶",
    "step": " ",
    "note": "!",
    "kept": "✓",
    "failed": "✗",
    "not available": "–",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the plan, the board, and where the campaign goes."""
    parser.add_argument(
        "plan", metavar="PLAN", help="a TOML file, or the name of a plan that comes with hvconsole"
    )
    parser.add_argument("--board", default="", metavar="BOARD", help="another than the plan's")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="default: PLAN-DATE-TIME.hvc, here"
    )
    parser.add_argument(
        "--resume",
        nargs="?",
        const="",
        metavar="FOLDER",
        help="go on with a campaign that was interrupted (default: the newest of this plan, here)",
    )
    parser.add_argument(
        "--repetitions", type=int, metavar="N", help="another number than the plan's"
    )
    parser.add_argument("--seconds", type=float, metavar="N", help="another length of the runs")
    parser.add_argument("--dry-run", action="store_true", help="show the blocks and an estimate")
    add_host_key_argument(parser)
    add_sim_arguments(parser)
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Go through the plan, or show what that would be."""
    from hvconsole.campaign.preview import changed

    plan = changed(
        read(find_plan(arguments.plan)),
        repetitions=arguments.repetitions,
        seconds=arguments.seconds,
    )
    arguments.board = arguments.board or plan.board
    words = sim_options(arguments)
    if arguments.dry_run:
        return _show(plan, arguments)
    if arguments.board == VIRTUAL_TIME:
        return run_in_virtual_time(plan, _folder(plan, arguments), arguments)
    folder = _folder(plan, arguments)
    conductor = run_async(_conduct(plan, folder, arguments, words))
    return _report(conductor, folder, arguments)


def _folder(plan: Plan, arguments: argparse.Namespace) -> Path:
    """Return the campaign's folder: a new one, or the one to go on with."""
    from hvconsole.campaign.place import begun_folder, new_folder, newest_folder

    if arguments.resume is None:
        return new_folder(plan, arguments.out)
    return begun_folder(plan, Path(arguments.resume) if arguments.resume else newest_folder(plan))


async def _conduct(
    plan: Plan, folder: Path, arguments: argparse.Namespace, words: Any
) -> Conductor:
    from hvconsole.campaign.log import CampaignLog
    from hvconsole.campaign.place import on_the_same_board
    from hvconsole.commands.conducting import conductor_of

    log = CampaignLog(folder)
    on_the_same_board(log, arguments.board)
    words = gone_on_with(arguments.board, words, log.times_begun)
    async with reach(arguments.board, words) as profile:
        conductor = conductor_of(
            plan,
            profile,
            folder,
            log,
            accept_new_host_key=arguments.accept_new_host_key,
            tell=lambda event: _tell(event, len(conductor.slots)),
        )
        _say("", f"{plan.name} on {profile.name}: {len(conductor.left)} runs to go, in {folder}")
        try:
            await conductor.conduct()
        except Cancelled as problem:
            raise Cancelled(problem.title, hint=_resume_hint(arguments, folder)) from problem
    return conductor


def _resume_hint(arguments: argparse.Namespace, folder: Path) -> str:
    return f"hvconsole run {arguments.plan} --board {arguments.board} --resume {folder}"


def _tell(event: Event, runs: int) -> None:
    text = event.text
    if event.mark == "run":
        left = f", about {approximate(event.left_s)} left" if event.left_s else ""
        text = f"{text}: block {event.slot.block}{left}"
    _say(_MARKS[event.mark], text, f"{event.slot.number:>3}/{runs}")


def _say(mark: str, text: str, where: str = "") -> None:
    sys.stderr.write(f"{datetime.now():%H:%M:%S}  {where:<7} {mark:<1} {plain(text, 300)}\n")  # noqa: DTZ005  # the reader's own clock
    sys.stderr.flush()


def _show(plan: Plan, arguments: argparse.Namespace) -> int:
    from hvconsole.campaign.preview import preview

    seen = preview(plan)
    if arguments.json:
        document = {"plan": plan.name, "board": arguments.board, "runs": seen.runs}
        print_json(document | {"blocks": seen.blocks, "estimate_s": seen.seconds})
        return 0
    sys.stdout.write(f"{plan.name} on {arguments.board}: {plan.about or seen.runs}\n\n")
    for number, block in enumerate(seen.blocks, 1):
        sys.stdout.write(f"block {number:>3}  {'  '.join(block)}\n")
    sys.stdout.write("\n")
    for name, how in seen.conditions:
        sys.stdout.write(f"{name:<16} {plain(how, 200)}\n")
    about = approximate(seen.seconds)
    sys.stdout.write(f"\n{seen.runs} runs, about {about}, and the boots between them\n")
    return 0


def _report(conductor: Conductor, folder: Path, arguments: argparse.Namespace) -> int:
    from hvconsole.analysis.render import render_summary
    from hvconsole.analysis.summary import summary_rows
    from hvconsole.campaign.conduct import kept_sessions
    from hvconsole.campaign.log import CampaignLog

    log = CampaignLog(folder)
    sessions = kept_sessions(folder, log)
    failed = [one for one in log.runs if one.outcome == "failed" and one.number not in log.settled]
    missing = {one.condition: one.why for one in log.runs if one.outcome == "not available"}
    rows = summary_rows(sessions) if sessions else []
    if arguments.json:
        document = {
            "campaign": str(folder),
            "sessions": [str(one) for one in sessions],
            "runs": [row.as_dict() for row in rows],
            "not_available": missing,
            "failed": sorted({one.number for one in failed}),
        }
        print_json(document)
    else:
        if rows:
            sys.stdout.write(render_summary(rows) + "\n")
        for name, why in missing.items():
            sys.stdout.write(f"{name}: not available: {plain(why, 200)}\n")
    if conductor.left:
        numbers = ", ".join(str(slot.number) for slot in conductor.left)
        raise Problem(
            f"{len(conductor.left)} of {len(conductor.slots)} runs could not be made: {numbers}",
            detail="\n".join(dict.fromkeys(f"{one.condition}: {one.why}" for one in failed)),
            hint=_resume_hint(arguments, folder),
        )
    if not arguments.json:
        sys.stdout.write(
            f"\nnext: hvconsole compare {folder}, or hvconsole report {folder} -o FILE.html\n"
        )
    return 0
