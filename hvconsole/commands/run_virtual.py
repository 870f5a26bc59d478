"""Campaigns in virtual time: the lab's fixed measurements, held against their repetitions."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hvconsole.commands import lab, lab_measure
from hvconsole.model.problem import Problem, UsageProblem

if TYPE_CHECKING:
    from hvconsole.campaign.plan import Plan

VIRTUAL_TIME = "virtual-time"
"""The name by which a plan asks for it in place of a board."""

_SESSION = "virtual-time.hvs"


def run_in_virtual_time(plan: Plan, folder: Path, arguments: argparse.Namespace) -> int:
    """Measure a plan's conditions, each as often as it says; all repetitions must be equal.

    Raises:
        UsageProblem: A condition is none of the lab's, or asks for what a board would do.
        Problem: The lab is not built, or a repetition differs.
    """
    for one in plan.conditions:
        asked = one.condition
        if asked.mode or asked.do or asked.governor or asked.measure:
            raise UsageProblem(
                f"condition '{one.name}' says how a board is prepared",
                hint="in virtual time a condition has a name and nothing else; "
                "'hvconsole lab measure --help' lists them",
            )
    if (folder / _SESSION).exists():
        sys.stdout.write(f"nothing is left to do: {folder / _SESSION}\n")
        return 0
    words = argparse.Namespace(
        condition=[one.name for one in plan.conditions],
        all=False,
        repeat=plan.repetitions,
        out=folder / _SESSION,
        markdown=False,
        json=arguments.json,
    )
    try:
        return lab_measure.run(words, lab.ShownProgress)
    except Problem:
        shutil.rmtree(folder / _SESSION, ignore_errors=True)  # half a session would look whole
        raise
