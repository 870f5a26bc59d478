"""``hvconsole run``: a campaign, unattended, from its plan to its sessions."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hvconsole import __version__
from hvconsole.commands import hv
from hvconsole.commands.common import (
    add_host_key_argument,
    add_json_argument,
    print_json,
    run_async,
)
from hvconsole.commands.run_virtual import VIRTUAL_TIME, run_in_virtual_time
from hvconsole.commands.targets import add_sim_arguments, reach, sim_options
from hvconsole.config.resources import resource_dir
from hvconsole.hypervisor import actions as do
from hvconsole.model.problem import Cancelled, Problem, UsageProblem
from hvconsole.model.text import plain

if TYPE_CHECKING:
    from hvconsole.campaign.conduct import Conductor, Event
    from hvconsole.campaign.log import CampaignLog
    from hvconsole.campaign.plan import Plan

_MARKS = {
    "run": "▶",
    "step": " ",
    "note": "!",
    "kept": "✓",
    "failed": "✗",
    "not available": "–",
}
_SUFFIX = ".hvc"
_PLAN = "plan.toml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the plan, the board, and where the campaign goes."""
    parser.add_argument(
        "plan", metavar="PLAN", help="a TOML file, or the name of a plan that comes with hvconsole"
    )
    parser.add_argument("--board", default="", metavar="BOARD", help="another than the plan's")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help=f"default: PLAN-DATE-TIME{_SUFFIX}, here"
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
    path = find_plan(arguments.plan)
    plan = _changed(_read(path), arguments)
    arguments.board = arguments.board or plan.board
    words = sim_options(arguments)
    if arguments.dry_run:
        return _show(plan, arguments)
    if arguments.board == VIRTUAL_TIME:
        return run_in_virtual_time(plan, _folder(plan, arguments), arguments)
    folder = _folder(plan, arguments)
    conductor = run_async(_conduct(plan, folder, arguments, words))
    return _report(conductor, folder, arguments)


def find_plan(name: str) -> Path:
    """Return a plan's file: a path, or the name of one that hvconsole brings along.

    Raises:
        UsageProblem: There is none.
    """
    path = Path(name)
    if path.is_file():
        return path
    shipped = resource_dir("plans")
    for candidate in (shipped / name, shipped / f"{name}.toml"):
        if candidate.is_file() and candidate.parent == shipped:
            return candidate
    known = ", ".join(sorted(one.name for one in shipped.glob("*.toml")))
    raise UsageProblem(
        f"no plan is named '{plain(name, 100)}'",
        detail=f"no such file, and none of hvconsole's own: {known}",
        hint="docs/campaigns.md says how to write one",
    )


def parse_action(words: Sequence[str], folder: Path) -> do.Action:
    """Understand the words of ``hvconsole hv BOARD``; files are looked for beside the plan.

    Raises:
        UsageProblem: They are no action.
    """
    parser = _Quiet(prog="hv", add_help=False, exit_on_error=False)
    hv.add_arguments(parser)
    try:
        parsed = parser.parse_args(["BOARD", *words])
    except argparse.ArgumentError as error:
        raise UsageProblem(
            "is no action", detail=str(error), hint="see: hvconsole hv --help"
        ) from None
    if parsed.action == "create" and not parsed.on_board:
        parsed.config = _file_of(parsed.config, folder)
    action = hv.action_of(parsed)
    if action is None:
        raise UsageProblem(f"'{words[0]}' changes nothing", hint="leave it out")
    return action


class _Quiet(argparse.ArgumentParser):
    """A parser whose errors are ours to tell."""

    def error(self, message: str) -> Any:
        raise argparse.ArgumentError(None, message)


def _file_of(path: Path, folder: Path) -> Path:
    places = (folder / path, resource_dir("cells") / "xen" / path.name)
    return next((one for one in places if one.is_file()), folder / path)


def _read(path: Path) -> Plan:
    from hvconsole.campaign.plan import read_plan

    return read_plan(path, parse_action)


def _changed(plan: Plan, arguments: argparse.Namespace) -> Plan:
    """Apply what the command line says beyond the plan's file."""
    import msgspec

    replace = msgspec.structs.replace
    if arguments.repetitions is not None:
        if arguments.repetitions < 1:
            raise UsageProblem("--repetitions: 1 at least")
        plan = replace(plan, repetitions=arguments.repetitions)
    if arguments.seconds is not None:
        if not 0 < arguments.seconds <= 86_400:  # noqa: PLR2004  # a day
            raise UsageProblem("--seconds: more than 0, up to a day")
        conditions = tuple(
            replace(one, settings=replace(one.settings, seconds=arguments.seconds))
            for one in plan.conditions
        )
        plan = replace(plan, conditions=conditions)
    return plan


def _folder(plan: Plan, arguments: argparse.Namespace) -> Path:
    """Return the campaign's folder: a new one, or the one to go on with."""
    if arguments.resume is not None:
        folder = Path(arguments.resume) if arguments.resume else _newest(plan)
        kept = folder / _PLAN
        if not kept.is_file():
            raise UsageProblem(f"{folder} is no campaign", hint="name the folder with --resume")
        if kept.read_text(encoding="utf-8") != plan.text:
            raise UsageProblem(
                f"{folder} was begun with another plan",
                detail=f"the plan that it goes by is {kept}",
                hint=f"hvconsole run {kept} --resume {folder}",
            )
        return folder
    name = f"{plan.name}-{datetime.now():%Y%m%d-%H%M%S}{_SUFFIX}"  # noqa: DTZ005  # the user's own clock names the folder
    folder = arguments.out or Path(name)
    try:
        folder.mkdir(parents=True)
        (folder / _PLAN).write_text(plan.text, encoding="utf-8")
    except FileExistsError:
        raise UsageProblem(
            f"{folder} exists already", hint=f"--resume {folder} goes on with it; or --out another"
        ) from None
    except OSError as error:
        raise UsageProblem(
            f"{folder} cannot be made", detail=error.strerror or str(error)
        ) from error
    return folder


def _newest(plan: Plan) -> Path:
    found = sorted(Path().glob(f"{plan.name}-*{_SUFFIX}"), key=lambda one: one.stat().st_mtime)
    if not found:
        raise UsageProblem(
            f"no campaign of '{plan.name}' was begun here",
            hint="name its folder: --resume FOLDER; or leave --resume out",
        )
    return found[-1]


async def _conduct(
    plan: Plan, folder: Path, arguments: argparse.Namespace, words: Any
) -> Conductor:
    from hvconsole.campaign.conduct import Conductor
    from hvconsole.campaign.log import CampaignLog
    from hvconsole.commands.sessions import live_session

    log = CampaignLog(folder)
    _same_board(log, arguments.board)
    async with reach(arguments.board, words) as profile:
        log.begin(profile.name, hashlib.sha256(plan.text.encode()).hexdigest(), __version__)
        conductor = Conductor(
            plan,
            profile.modes,
            folder,
            log,
            make=lambda settings, path: live_session(
                profile,
                settings,
                record_to=path,
                accept_new_host_key=arguments.accept_new_host_key,
            ),
            tell=lambda event: _tell(event, len(conductor.slots)),
        )
        _say("", f"{plan.name} on {profile.name}: {len(conductor.left)} runs to go, in {folder}")
        try:
            await conductor.conduct()
        except Cancelled as problem:
            raise Cancelled(problem.title, hint=_resume_hint(arguments, folder)) from problem
    return conductor


def _same_board(log: CampaignLog, board: str) -> None:
    from hvconsole.campaign.log import BeginLine

    before = next((one.board for one in log.lines if isinstance(one, BeginLine)), board)
    if before != board:
        raise UsageProblem(
            f"this campaign was begun on '{before}', not on '{board}'",
            hint="one campaign compares conditions of one board: begin another",
        )


def _resume_hint(arguments: argparse.Namespace, folder: Path) -> str:
    return f"hvconsole run {arguments.plan} --board {arguments.board} --resume {folder}"


def _tell(event: Event, runs: int) -> None:
    text = event.text
    if event.mark == "run":
        left = f", about {_time(event.left_s)} left" if event.left_s else ""
        text = f"{text}: block {event.slot.block}{left}"
    _say(_MARKS[event.mark], text, f"{event.slot.number:>3}/{runs}")


def _say(mark: str, text: str, where: str = "") -> None:
    sys.stderr.write(f"{datetime.now():%H:%M:%S}  {where:<7} {mark:<1} {plain(text, 300)}\n")  # noqa: DTZ005  # the reader's own clock
    sys.stderr.flush()


def _time(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes >= 60:  # noqa: PLR2004  # minutes an hour
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{seconds:.0f} s"


def _show(plan: Plan, arguments: argparse.Namespace) -> int:
    from hvconsole.campaign.conduct import estimate_s
    from hvconsole.campaign.order import slots_of

    slots = slots_of([one.name for one in plan.conditions], plan.repetitions, plan.seed)
    seconds = estimate_s(plan, slots)
    blocks = [
        [one.condition for one in slots if one.block == block]
        for block in range(1, plan.repetitions + 1)
    ]
    if arguments.json:
        document = {"plan": plan.name, "board": arguments.board, "runs": len(slots)}
        print_json(document | {"blocks": blocks, "estimate_s": seconds})
        return 0
    sys.stdout.write(f"{plan.name} on {arguments.board}: {plan.about or len(slots)}\n\n")
    for number, block in enumerate(blocks, 1):
        sys.stdout.write(f"block {number:>3}  {'  '.join(block)}\n")
    sys.stdout.write("\n")
    for one in plan.conditions:
        how = one.settings
        parts = [
            f"mode {one.condition.mode}" if one.condition.mode else "the mode it is in",
            *(f"load {load}" for load in how.loads),
            *(" ".join(words) for words in one.condition.do),
            f"governor {one.condition.governor}" if one.condition.governor else "",
            f"FIFO {how.fifo}" if how.fifo else "",
            f"{how.seconds:g} s",
        ]
        sys.stdout.write(f"{one.name:<16} {plain('; '.join(filter(None, parts)), 200)}\n")
    sys.stdout.write(f"\n{len(slots)} runs, about {_time(seconds)}, and the boots between them\n")
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
        sys.stdout.write(f"\nnext: hvconsole compare {folder}/*.hvs, or hvconsole report\n")
    return 0
