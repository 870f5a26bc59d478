"""Campaigns for the console's screens: what ``hvconsole run`` does, in the background."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from hvconsole.campaign.conduct import Event
from hvconsole.campaign.log import CampaignLog
from hvconsole.campaign.order import slots_of
from hvconsole.campaign.place import (
    PLAN,
    SUFFIX,
    begun_folder,
    begun_on,
    new_folder,
    on_the_same_board,
)
from hvconsole.campaign.plan import Plan, PlanFile, plan_of
from hvconsole.campaign.preview import preview
from hvconsole.commands.plans import parse_action, shipped_plans
from hvconsole.commands.run_virtual import VIRTUAL_TIME
from hvconsole.commands.targets import SIM, gone_on_with, profile_of, reach
from hvconsole.config.paths import plans_dir, sessions_dir
from hvconsole.config.toml import convert, parse_toml, read_text
from hvconsole.model.campaign import Preview
from hvconsole.model.problem import Problem, UsageProblem
from hvconsole.model.text import plain
from hvconsole.ui.campaigns import CampaignCard, Origin, PlanCard, Progress, Said, State

_COMMON_MODES = (
    "native",
    "jailhouse",
    "xen-credit",
    "xen-credit2",
    "xen-rtds",
    "xen-null",
    "xvisor",
)


class CommandCampaigns:
    """Plans and campaigns of this machine (the `Campaigns` of `hvconsole.ui.campaigns`).

    Args:
        accept_new_host_key: Trust host keys that are not known yet.
    """

    def __init__(self, *, accept_new_host_key: bool = False) -> None:
        self._accept = accept_new_host_key
        self._task: asyncio.Task[None] | None = None
        self.progress: Progress | None = None

    def cards(self) -> tuple[list[PlanCard], list[CampaignCard]]:
        """Return the plans, and the campaigns that were begun."""
        plans = [_plan_card(path, own=False) for path in shipped_plans()]
        plans += [
            _plan_card(path, own=True)
            for folder in (plans_dir(), Path.cwd())
            for path in _files(folder, ".toml")
            if "[[conditions]]" in _glance(path)
        ]
        folders = {
            one: None for root in (Path.cwd(), sessions_dir()) for one in _files(root, SUFFIX)
        }
        begun = [_campaign_card(folder) for folder in folders]
        return plans, sorted(begun, key=lambda card: -card.changed)

    def text_of(self, path: Path) -> str:
        """Return a plan as it is written, a campaign's as it was begun."""
        return read_text(path / PLAN if path.is_dir() else path)

    def check(self, text: str, path: Path) -> tuple[Preview, str]:
        """Return what a plan would be, and the board it is for."""
        plan = plan_of(text, path, parse_action)
        return preview(plan), plan.board

    def modes(self, board: str) -> tuple[str, ...]:
        """Return the boot modes of a board, as far as that is known without reaching it."""
        if board == SIM:
            return _COMMON_MODES
        with contextlib.suppress(Problem):
            return tuple(profile_of(board).modes)
        return ()

    def save(self, text: str, path: Path) -> None:
        """Write a plan; what is there already is replaced in one step."""
        plan_of(text, path, parse_action)
        if not path.name:
            raise UsageProblem("no file is named", hint="one that ends in .toml")
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(text, encoding="utf-8")
            draft.replace(path)
        except (OSError, ValueError) as error:  # no file has such a name
            why = getattr(error, "strerror", "") or str(error)
            raise UsageProblem(
                f"{plain(str(path), 80)} cannot be written", detail=plain(why, 200)
            ) from error

    def may_begin(self, path: Path, board: str) -> None:
        """Say whether a campaign on a board could begin here and now."""
        if self.progress is not None and self.progress.runs_now:
            raise UsageProblem(
                f"the campaign {self.progress.name} is running here", hint="stop it first"
            )
        if board == VIRTUAL_TIME:
            raise UsageProblem(
                "campaigns in virtual time emulate boards of their own, one run after the other",
                hint=f"run it beside the console: hvconsole run {path}",
            )

    def begin(self, text: str, path: Path, board: str, folder: Path | None = None) -> None:
        """Begin a campaign, or go on with the one in `folder`; it runs in the background."""
        plan = plan_of(text, path, parse_action)
        board = board or plan.board
        self.may_begin(path, board)
        if folder is None:
            folder = new_folder(plan, beside=sessions_dir())
        else:
            begun_folder(plan, folder)
            on_the_same_board(CampaignLog(folder), board)
        runs = preview(plan).runs
        self.progress = Progress(folder, plan.name, board, runs)
        self._task = asyncio.create_task(self._run(plan, folder, board), name="campaign")

    async def stop(self) -> None:
        """End the campaign in order."""
        task = self._task
        if task is None or task.done():
            return
        self._hear("note", "ending: what was changed on the board is undone", state="ending")
        task.cancel()
        await asyncio.wait([task])

    async def _run(self, plan: Plan, folder: Path, board: str) -> None:
        try:
            await self._conduct(plan, folder, board)
        except asyncio.CancelledError:
            self._hear("note", "stopped; it can be gone on with", state="stopped", current="")
            raise
        except Problem as problem:
            self._hear("problem", problem.title, state="failed", current="", problem=problem)

    async def _conduct(self, plan: Plan, folder: Path, board: str) -> None:
        from hvconsole.commands.conducting import conductor_of

        log = CampaignLog(folder)
        words = gone_on_with(board, None, log.times_begun)
        async with reach(board, words) as profile:
            conductor = conductor_of(
                plan,
                profile,
                folder,
                log,
                accept_new_host_key=self._accept,
                tell=lambda event: self._told(event, log),
            )
            self._hear("note", f"{len(conductor.left)} runs to go", settled=len(log.settled))
            await conductor.conduct()
        left = len(conductor.left)
        text = f"{left} runs could not be made" if left else "all runs are made"
        state: State = "failed" if left else "done"
        self._hear("note", text, state=state, current="", left_s=None, settled=len(log.settled))

    def _told(self, event: Event, log: CampaignLog) -> None:
        changes: dict[str, object] = {"settled": len(log.settled)}
        if event.mark == "run":
            changes |= {"current": event.slot.condition, "left_s": event.left_s}
        self._hear(event.mark, event.text, event.slot.number, **changes)

    def _hear(self, mark: str, text: str, number: int = 0, **changes: object) -> None:
        if self.progress is not None:
            line = Said(time.time(), mark, plain(text, 400), number)
            self.progress = self.progress.heard(line, **changes)


def _plan_card(path: Path, *, own: bool) -> PlanCard:
    origin: Origin = "own" if own else "shipped"
    try:
        plan = plan_of(read_text(path), path, parse_action)
    except UsageProblem as problem:
        return PlanCard(path, path.stem, origin=origin, problem=problem.title)
    return PlanCard(path, plan.name, plan.about, plan.board, origin)


def _campaign_card(folder: Path) -> CampaignCard:
    log = CampaignLog(folder)
    outcomes = [one.outcome for one in log.settled.values()]
    card = CampaignCard(
        folder,
        folder.name.removesuffix(SUFFIX),
        board=begun_on(log),
        kept=outcomes.count("kept"),
        given_up=outcomes.count("not available"),
        changed=_changed(folder),
    )
    try:
        text = read_text(source := folder / PLAN)
        file = convert(parse_toml(text, source), PlanFile, source=source, text=text)
    except UsageProblem:
        return card
    slots = slots_of([one.name for one in file.conditions], max(file.repetitions, 0), file.seed)
    return replace(card, runs=len(slots))


def _files(folder: Path, suffix: str) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from sorted(one for one in folder.iterdir() if one.suffix == suffix)


def _glance(path: Path) -> str:
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(1 << 20).decode("utf-8", "replace")
    return ""


def _changed(folder: Path) -> float:
    with contextlib.suppress(OSError):
        return max(
            one.stat().st_mtime for one in (folder, folder / "campaign.jsonl") if one.exists()
        )
    return 0.0
