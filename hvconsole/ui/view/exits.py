"""Why a guest leaves for the hypervisor, in words. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hvconsole.hypervisor.rates import TOTAL
from hvconsole.hypervisor.state import DeskState
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.view.guests import Item
from hvconsole.ui.view.line import pad

_HEAD = re.compile(r"(v?cpu)(\d{1,4}) ", re.ASCII)
_WORDS = {"cpu": "CPU", "vcpu": "vCPU"}


def exit_rows(state: DeskState, item: Item | None, width: int) -> list[Row]:
    """Return the selected guest's exits a second by cause, a row for each of its (v)CPUs."""
    survey = state.survey
    if survey is None or item is None or item.kind != "guest":
        return []
    rates = state.exits.get(item.key, {})
    rows: list[Row] = []
    for word, number in _heads(rates):
        head = f"{word}{number} "
        causes = {
            name.removeprefix(head): rate
            for name, rate in rates.items()
            if name.startswith(head) and name != head + TOTAL and rate > 0
        }
        most = sorted(causes, key=lambda name: -causes[name])
        told = ", ".join(f"{name} {causes[name]:,.0f}" for name in most)
        if told:
            about = f"exits/s on {_WORDS[word]} {number}: "
            rows.append(pad([(about, int(Role.MUTED)), (told, int(Role.RATE))], width))
    guest = survey.guest(item.key)
    if rates and survey.own_exits and guest is not None and guest.role == "control":
        off = "taken off" if survey.looked_from is not None else "taken off the sum alone"
        ours = f"our own: {survey.own_exits} hypercalls a look, {off}"
        rows.append(pad([(ours, int(Role.MUTED))], width))
    return rows


def _heads(rates: Mapping[str, float]) -> list[tuple[str, int]]:
    """Return what the counters are of: ``cpu`` or ``vcpu``, and its number."""
    found = {(match[1], int(match[2])) for name in rates if (match := _HEAD.match(name))}
    return sorted(found)
