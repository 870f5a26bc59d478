"""``hvconsole hv``: the hypervisor of a board, scripted."""

from __future__ import annotations

import argparse
import shlex
import sys
from typing import TYPE_CHECKING

from hvconsole.commands.common import print_json, run_async
from hvconsole.commands.hv_jailhouse import ahead, cells_only, judge, tell_ahead
from hvconsole.commands.hv_looks import LOOKS, look
from hvconsole.commands.hv_words import ALSO, action_of, add_arguments
from hvconsole.commands.targets import reach, sim_options
from hvconsole.hypervisor import actions as do
from hvconsole.model.problem import Cancelled, UsageProblem
from hvconsole.model.text import plain

__all__ = ["add_arguments", "run"]

if TYPE_CHECKING:
    from hvconsole.hypervisor.driver import Driver
    from hvconsole.hypervisor.plan import Plan, Progress
    from hvconsole.link.protocol import Link
    from hvconsole.model.hypervisor import Survey

_MARKS = {"begun": "…", "done": "✓", "failed": "✗", "taken back": "↺", "stays": "!"}


def run(arguments: argparse.Namespace) -> int:
    """Look, or do one action and read back what became of it."""
    said = arguments.action
    arguments.action = next((word for word, also in ALSO.items() if said in also), said)
    wanted = action_of(arguments)  # before connecting: wrong words are told at once
    return run_async(_run(arguments, wanted))


async def _run(arguments: argparse.Namespace, wanted: do.Action | None) -> int:
    from hvconsole.board.facts import gather
    from hvconsole.commands.sessions import link_maker
    from hvconsole.hypervisor.detect import driver_for

    async with reach(arguments.board, sim_options(arguments)) as profile:
        link = link_maker(profile, accept_new_host_key=arguments.accept_new_host_key)()
        await link.open()
        try:
            driver = driver_for(link, await gather(link), sudo=profile.sudo)
            survey = await driver.survey()
            if arguments.action in LOOKS:
                return await look(link, driver, survey, arguments, sudo=profile.sudo)
            if wanted is None:
                return _show(survey, arguments)
            return await _do(wanted, driver, link, survey, arguments, sudo=profile.sudo)
        finally:
            await link.close()


async def _do(
    wanted: do.Action,
    driver: Driver,
    link: Link,
    survey: Survey,
    arguments: argparse.Namespace,
    *,
    sudo: bool,
) -> int:
    from hvconsole.hypervisor.carry_out import carry_out

    cells_only(wanted, survey)
    plan = driver.plan(wanted, survey)
    seen_ahead = await ahead(link, wanted, survey, arguments, sudo=sudo)
    if arguments.dry_run:
        if seen_ahead is not None and not arguments.json:
            tell_ahead(seen_ahead)
        return _tell_plan(plan, as_json=arguments.json)
    if plan.boot_mode:
        raise UsageProblem(
            f"cannot {plan.title} while the board is up",
            detail="\n".join(plan.notes),
            hint=f"hvconsole boot {shlex.quote(arguments.board)} {plan.boot_mode}",
        )
    if seen_ahead is not None:
        judge(seen_ahead, arguments)
    if plan.danger and not arguments.yes:
        raise Cancelled(f"not done: {plan.title}", detail=plan.danger, hint="--yes agrees to it")
    for note in plan.notes:
        sys.stderr.write(f"  {plain(note, 200)}\n")
    seen = await carry_out(plan, driver, link, tell=_tell)
    if arguments.json:
        from hvconsole.commands.hv_text import as_document

        print_json({"done": plan.title, "survey": as_document(seen)})
    else:
        sys.stdout.write(f"done: {plain(plan.title, 200)}\n")
    return 0


def _show(survey: Survey, arguments: argparse.Namespace) -> int:
    from hvconsole.commands.hv_text import as_document, render

    if arguments.json:
        print_json({"board": arguments.board} | as_document(survey))
    else:
        sys.stdout.write(render(survey) + "\n")
    return 0


def _tell_plan(plan: Plan, *, as_json: bool) -> int:
    if as_json:
        print_json(
            {
                "title": plan.title,
                "danger": plan.danger,
                "notes": plan.notes,
                "boot_mode": plan.boot_mode,
                "steps": [
                    {
                        "about": step.about,
                        "argv": step.argv,
                        "expect": step.expect.text if step.expect else "",
                        "undo": step.undo,
                    }
                    for step in plan.steps
                ],
            }
        )
        return 0
    for line in (*plan.notes, *([f"danger: {plan.danger}"] if plan.danger else [])):
        sys.stderr.write(f"# {plain(line, 300)}\n")
    if plan.boot_mode:
        sys.stdout.write(f"# needs another boot: hvconsole boot BOARD {plan.boot_mode}\n")
    for step in plan.steps:
        sys.stdout.write(shlex.join(step.argv) + "\n")
    return 0


def _tell(progress: Progress) -> None:
    if progress.state == "begun":
        return
    line = f"{_MARKS[progress.state]} {progress.step.about}"
    if progress.state in {"taken back", "stays"}:
        line += f": {progress.state}"
    if progress.detail:
        line += f": {progress.detail}"
    sys.stderr.write(plain(line, 200) + "\n")
