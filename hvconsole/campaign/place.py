"""Where a campaign lies on the disk: its folder, begun or gone on with."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from hvconsole.campaign.log import BeginLine, CampaignLog
from hvconsole.campaign.plan import Plan
from hvconsole.model.problem import UsageProblem

SUFFIX: Final = ".hvc"
PLAN: Final = "plan.toml"


def new_folder(plan: Plan, folder: Path | None = None, *, beside: Path | None = None) -> Path:
    """Make a campaign's folder, with its plan in it.

    Args:
        plan: The plan.
        folder: Where; by default a name of its own, with date and time.
        beside: The folder that such a name is made in; by default the current one.

    Raises:
        UsageProblem: It exists already, or cannot be made.
    """
    now = datetime.now()  # noqa: DTZ005  # the user's own clock names the folder
    folder = folder or (beside or Path()) / f"{plan.name}-{now:%Y%m%d-%H%M%S}{SUFFIX}"
    try:
        folder.mkdir(parents=True)
        (folder / PLAN).write_text(plan.text, encoding="utf-8")
    except FileExistsError:
        raise UsageProblem(
            f"{folder} exists already", hint=f"--resume {folder} goes on with it; or --out another"
        ) from None
    except OSError as error:
        raise UsageProblem(
            f"{folder} cannot be made", detail=error.strerror or str(error)
        ) from error
    return folder


def begun_folder(plan: Plan, folder: Path) -> Path:
    """Return a campaign's folder, to go on with it.

    Raises:
        UsageProblem: It is no campaign, or was begun with another plan.
    """
    kept = folder / PLAN
    if not kept.is_file():
        raise UsageProblem(f"{folder} is no campaign", hint="name the folder with --resume")
    if kept.read_text(encoding="utf-8") != plan.text:
        raise UsageProblem(
            f"{folder} was begun with another plan",
            detail=f"the plan that it goes by is {kept}",
            hint=f"hvconsole run {kept} --resume {folder}",
        )
    return folder


def newest_folder(plan: Plan) -> Path:
    """Return the newest campaign of a plan in the current folder.

    Raises:
        UsageProblem: There is none.
    """
    found = sorted(Path().glob(f"{plan.name}-*{SUFFIX}"), key=lambda one: one.stat().st_mtime)
    if not found:
        raise UsageProblem(
            f"no campaign of '{plan.name}' was begun here",
            hint="name its folder: --resume FOLDER; or leave --resume out",
        )
    return found[-1]


def begun_on(log: CampaignLog) -> str:
    """Return the board that a campaign was begun on; empty where it was not begun."""
    return next((one.board for one in log.lines if isinstance(one, BeginLine)), "")


def on_the_same_board(log: CampaignLog, board: str) -> None:
    """Refuse to go on with a campaign on another board.

    Raises:
        UsageProblem: It was begun on another one.
    """
    before = begun_on(log) or board
    if before != board:
        raise UsageProblem(
            f"this campaign was begun on '{before}', not on '{board}'",
            hint="one campaign compares conditions of one board: begin another",
        )
