"""What a campaign would be, before it is begun: blocks, conditions, time."""

from __future__ import annotations

import msgspec

from hvconsole.campaign.conduct import estimate_s
from hvconsole.campaign.order import slots_of
from hvconsole.campaign.plan import Plan, Prepared
from hvconsole.model.campaign import Preview
from hvconsole.model.problem import UsageProblem

_DAY_S = 86_400.0


def preview(plan: Plan) -> Preview:
    """Return what going through a plan would be."""
    slots = slots_of([one.name for one in plan.conditions], plan.repetitions, plan.seed)
    blocks = range(1, plan.repetitions + 1)
    return Preview(
        tuple(tuple(s.condition for s in slots if s.block == block) for block in blocks),
        tuple((one.name, _in_words(one)) for one in plan.conditions),
        len(slots),
        estimate_s(plan, slots),
    )


def changed(plan: Plan, *, repetitions: int | None = None, seconds: float | None = None) -> Plan:
    """Return a plan with another number of repetitions, and with runs of another length.

    Raises:
        UsageProblem: One of the figures makes no sense.
    """
    replace = msgspec.structs.replace
    if repetitions is not None:
        if repetitions < 1:
            raise UsageProblem("--repetitions: 1 at least")
        plan = replace(plan, repetitions=repetitions)
    if seconds is not None:
        if not 0 < seconds <= _DAY_S:
            raise UsageProblem("--seconds: more than 0, up to a day")
        conditions = tuple(
            replace(one, settings=replace(one.settings, seconds=seconds)) for one in plan.conditions
        )
        plan = replace(plan, conditions=conditions)
    return plan


def _in_words(one: Prepared) -> str:
    how, condition = one.settings, one.condition
    parts = [
        f"mode {condition.mode}" if condition.mode else "the mode it is in",
        *(f"load {load}" for load in how.loads),
        *(" ".join(words) for words in condition.do),
        f"governor {condition.governor}" if condition.governor else "",
        f"FIFO {how.fifo}" if how.fifo else "",
        f"{how.seconds:g} s",
    ]
    return "; ".join(filter(None, parts))
