"""Plans by name, and their words: those of ``hvconsole hv BOARD``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hvconsole.commands import hv_words
from hvconsole.config.resources import resource_dir
from hvconsole.hypervisor import actions as do
from hvconsole.model.problem import UsageProblem
from hvconsole.model.text import plain

if TYPE_CHECKING:
    from hvconsole.campaign.plan import Plan


def shipped_plans() -> list[Path]:
    """Return the plans that come along."""
    return sorted(resource_dir("plans").glob("*.toml"))


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
    known = ", ".join(one.name for one in shipped_plans())
    raise UsageProblem(
        f"no plan is named '{plain(name, 100)}'",
        detail=f"no such file, and none of hvconsole's own: {known}",
        hint="docs/campaigns.md says how to write one",
    )


def read(path: Path) -> Plan:
    """Read a plan.

    Raises:
        UsageProblem: It makes no sense; with file and place.
    """
    from hvconsole.campaign.plan import read_plan

    return read_plan(path, parse_action)


def parse_action(words: Sequence[str], folder: Path) -> do.Action:
    """Understand the words of ``hvconsole hv BOARD``; files are looked for beside the plan.

    Raises:
        UsageProblem: They are no action.
    """
    parser = _Quiet(prog="hv", add_help=False, exit_on_error=False)
    hv_words.add_arguments(parser)
    try:
        parsed = parser.parse_args(["BOARD", *words])
    except argparse.ArgumentError as error:
        raise UsageProblem(
            "is no action", detail=str(error), hint="see: hvconsole hv --help"
        ) from None
    if parsed.action == "create" and not parsed.on_board:
        parsed.config = _file_of(parsed.config, folder)
    action = hv_words.action_of(parsed)
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
